/* The identity room: accounts (staff, patients, helpers, devices), passwords, bearer tokens.
 * Accounts and token hashes are kept in the store's sealed named values; the person behind an
 * account is a FHIR resource (Practitioner, Patient, RelatedPerson, Device). Passwords: argon2id
 * (libsodium, 2 passes over 64 MiB, at most two at a time, so that sign-ins cannot eat the memory);
 * tokens: 256 random bits, only their hash is kept. Thread-safe. */
#ifndef WEFT_IDENTITY_H
#define WEFT_IDENTITY_H

#include "policy/scope.h"
#include "record/record.h"

struct identity;
MUST err identity_new(struct op *op, struct store *store, struct record *rec,
                      struct identity **ret);
void identity_free(struct identity *id);

struct identity_account {
    str user; /* [a-z0-9.@-]{1,64}, unique */
    enum role role;
    str reference; /* resource behind it; a helper's RelatedPerson must be named */
    str patient;   /* id of the Patient a patient, helper or device is bound to */
    str name;      /* shown on screens */
    str language;  /* BCP-47, for the screens */
    bool disabled;
    bool pending;  /* not vetted yet: may not be used */
    int64_t until; /* ms; its role ends then; 0: no end */
    str by;        /* read back: who made it */
    str by_person; /* and the person behind that account */
    str totp;      /* second step (RFC 6238): base32 secret to put; read back as "set" or empty */
    str client;    /* told by identity_actor(): the app (identity/oauth.h) whose token it is */
};
/* Creates or replaces; a new password, second step, role, reference or patient, and disabling, end
 * every session and token of the account. password empty: what it had, if anything; a new one for
 * an account that is there voids its passkeys, recovery codes and second step. Whoever set it, or
 * another role or person behind it, does not vet the account. ERR_INVALID for
 * weak passwords (NIST SP 800-63B, ASVS 2.1: at least 12 characters, not a known common one, not
 * the user's name). Needs MANAGE. */
MUST err identity_account_put(struct op *op, struct identity *id, const struct identity_account *a,
                              str password);
MUST err identity_account_get(struct op *op, struct identity *id, str user,
                              struct identity_account *ret);
MUST err identity_account_list(struct op *op, struct identity *id, struct identity_account **ret,
                               size_t *ret_n);

/* How the account is opened, for who manages it; nothing secret. Needs MANAGE. */
struct identity_account_ways {
    bool password, totp;
    unsigned passkeys;
    int64_t trained; /* until when; 0: something is missing; INT64_MAX: nothing is asked */
};
MUST err identity_account_ways(struct op *op, struct identity *id, str user,
                               struct identity_account_ways *ret);
/* Ends every session and token of somebody's account. Needs MANAGE; audited. */
MUST err identity_account_sign_out(struct op *op, struct identity *id, str user);

/* Something is guessed where nobody has a name yet (a code of a device): ERR_BUSY while the peer
 * has to wait; the try counts until it is given back as a right one. */
MUST err identity_guess(struct op *op, struct identity *id, str peer);
void identity_guess_right(struct identity *id, str peer);

/* Password sign-in. One answer for unknown user, wrong password and disabled account
 * (ERR_UNAUTHENTICATED), in the same time; throttled per account and per peer (ERR_BUSY), which
 * never locks the owner out from another address (45 CFR 164.308(a)(5)(ii)(C)). Sets op->actor.
 * Audited. A session ends after the role's idle limit (rule SEC-02) or 12 hours. */
struct identity_session {
    str token;       /* shown once */
    int64_t expires; /* ms */
    int64_t rest_ms; /* ends after so long without use; 0: no such limit */
    bool renew;      /* the password that was shown would not be taken today: ask for a new one */
    struct identity_account account;
};
struct identity_try {
    str user, password, peer;
    str code;   /* six digits, or a recovery code, for an account with a second step */
    str device; /* what the person will know it by in their list of sessions: "Firefox, Linux" */
};
/* With a second step: after the right password, a missing code is ERR_UNAUTHENTICATED with the
 * expression "code"; a wrong one counts as a failed try; a code works once. Sessions signed in with
 * a second step are strong (op->actor->strong). */
/* ERR_UNAVAILABLE, at once and uncounted, while as many as allowed are under way. */
MUST err identity_sign_in(struct op *op, struct identity *id, const struct identity_try *t,
                          struct identity_session *ret);
/* How many may be under way at once (at least 1): each holds its thread for the hash. */
void identity_sign_ins_max(struct identity *id, unsigned max);
/* No session rests longer than this (ms), whatever its role allows. */
void identity_rest_max(struct identity *id, int64_t ms);
/* A new secret for identity_account.totp. */
str identity_totp_secret(struct arena *a);
/* What the account's authenticator shows now. Only for the demonstration, whose secrets are no
 * secrets. */
MUST err identity_totp_show(struct op *op, struct identity *id, str user, str *ret_code);
MUST err identity_sign_out(struct op *op, struct identity *id, str token);
/* A token for scripts (weft token) or devices. ttl in seconds; scope: what of the role it may do
 * (policy/scope.h), about a->patient where it says patient/; empty: all of it. Needs MANAGE. */
MUST err identity_token_issue(struct op *op, struct identity *id, const struct identity_account *a,
                              str scope, int64_t ttl_s, struct identity_session *ret);
/* Bearer token → actor (in op->arena) and sets op->actor. ERR_UNAUTHENTICATED for unknown, forged,
 * expired and signed-out tokens and disabled accounts. Cached; a sign-out or disabled account takes
 * effect at once. Slides the expiry of interactive sessions (idle limit by role). */
MUST err identity_actor(struct op *op, struct identity *id, str token,
                        struct identity_account *ret_account);
/* The same without sliding: a request that no person made just now. */
MUST err identity_actor_at_rest(struct op *op, struct identity *id, str token,
                                struct identity_account *ret_account);
/* How long the session may rest, and what is left of that; rest_ms 0: no such limit. */
struct identity_rest {
    int64_t rest_ms, left_ms;
    bool interactive;
    bool fresh; /* showed who it is within IDENTITY_FRESH_MS */
};
MUST err identity_rest(struct op *op, struct identity *id, str token, struct identity_rest *ret);
#define IDENTITY_FRESH_MS (INT64_C(5) * 60 * 1000)
/* What a page shows, in a header, to prove that it belongs to the session of the cookie: made from
 * the token, tells nothing of it. */
str identity_proof(struct arena *a, str token);
bool identity_proof_holds(str token, str proof);

/* ---- a person's own sessions (session.c) ---- */
/* Sensitive acts ask for a session that is fresh: the same person shows again who it is, by
 * password and second step. As sign-in in answers, brake and trail. */
MUST err identity_step_up(struct op *op, struct identity *id, str token,
                          const struct identity_try *t);
struct identity_session_row {
    str id; /* as in the trail */
    str device;
    int64_t began, last; /* ms */
    bool current;
};
/* Of the account behind the token, newest first; at most 100. */
MUST err identity_sessions(struct op *op, struct identity *id, str token,
                           struct identity_session_row **ret, size_t *ret_n);
/* Ends one of them; ERR_NOT_FOUND for what is not one's own. */
MUST err identity_session_end(struct op *op, struct identity *id, str token, str session);
/* Ends all sessions and tokens of the account, this one too. */
MUST err identity_sign_out_everywhere(struct op *op, struct identity *id, str token);

/* ---- a role lent to a colleague until a time (delegate.c) ---- */
struct identity_lent {
    str from, to, reason;
    enum role role;
    int64_t until; /* ms */
};
/* One's own role to l->to until l->until (at most 31 days); a time in the past takes it back.
 * Audited. */
MUST err identity_lend(struct op *op, struct identity *id, str token,
                       const struct identity_lent *l);
/* What is lent by or to the account behind the token, in force now. */
MUST err identity_lent_list(struct op *op, struct identity *id, str token,
                            struct identity_lent **ret, size_t *ret_n);
/* A session of one's own in the lender's role. ERR_FORBIDDEN. Audited; sets op->actor. */
MUST err identity_act_for(struct op *op, struct identity *id, str token, str from, str device,
                          struct identity_session *ret);

/* Does the session still live? Does not slide its expiry: an open screen is no activity. */
bool identity_alive(struct op *op, struct identity *id, str token);
/* A device by its MQTT user name, after the broker has authenticated it. */
MUST err identity_actor_device(struct op *op, struct identity *id, str device_user);
/* ---- client certificates of devices and partners (certificate.c) ---- */
/* fingerprint: SHA-256, 64 hex digits. Names it to the account, or (user empty) to none.
 * ERR_INVALID for accounts of people, ERR_CONFLICT: it is another open account's. Needs MANAGE;
 * audited. */
MUST err identity_certificate_set(struct op *op, struct identity *id, str fingerprint, str user);
/* The account that the certificate is named to. ERR_UNAUTHENTICATED: none, or it may not be used.
 */
MUST err identity_actor_certificate(struct op *op, struct identity *id, str fingerprint,
                                    struct identity_account *ret_account);
/* Somebody known from the trail, to act later on their word: the account as it stands now (role and
 * binding), or what is told of it when it has none (a script's token). ERR_FORBIDDEN when the
 * account is disabled or has another role by now. Does not set op->actor. */
MUST err identity_actor_as(struct op *op, struct identity *id, const struct identity_account *as,
                           const struct actor **ret);
/* House-keeping, once a minute: keeps when sessions were last used over a restart, forgets expired
 * ones. */
MUST err identity_tick(struct op *op, struct identity *id);
/* The system actor (followers, import, demo): const. */
const struct actor *identity_system(void);

#endif
