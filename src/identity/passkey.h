/* Passkeys (WebAuthn level 2, W3C Recommendation of 8 April 2021): public keys instead of
 * passwords, made by a person's device for one host and one account. Registration and assertion are
 * verified here with libfido2; ES256, EdDSA and RS256; user verification is required, so a session
 * begun with a passkey is strong. Recovery codes are the way back in. Thread-safe. */
#ifndef WEFT_IDENTITY_PASSKEY_H
#define WEFT_IDENTITY_PASSKEY_H

#include "identity/identity.h"

/* Where the browser is: "https://weft.example:8443" and "weft.example". */
struct identity_place {
    str origin, rp;
};

struct identity_passkey {
    str id;   /* of the credential, base64url */
    str name; /* the person's */
    int64_t added, last;
    bool synced; /* its device keeps copies of it elsewhere */
    bool copied; /* its counter went backwards: it is no longer taken */
};
#define IDENTITY_PASSKEYS_MAX 20u

/* A challenge to sign in with, or, with the token of a session, to add a passkey or to step up:
 * base64url, good once and for five minutes. */
MUST err identity_passkey_challenge(struct op *op, struct identity *id, str token, str *ret);

/* What navigator.credentials.create() needs beside the challenge. */
struct identity_passkey_new {
    str handle; /* user.id, base64url: random, the same for all of the account's */
    struct identity_passkey *there;
    size_t n_there;
};
MUST err identity_passkey_begin(struct op *op, struct identity *id, str token,
                                struct identity_passkey_new *ret);
/* What it gave: binary members as they are, not encoded. */
struct identity_passkey_made {
    str client_data, attestation, name;
};
/* ERR_INVALID: not made here, for us, now and by a verified person; ERR_CONFLICT: known already;
 * ERR_TOO_LARGE: as many as there may be. Audited. */
MUST err identity_passkey_add(struct op *op, struct identity *id, str token,
                              const struct identity_place *place,
                              const struct identity_passkey_made *made);
MUST err identity_passkey_list(struct op *op, struct identity *id, str token,
                               struct identity_passkey **ret, size_t *ret_n);
/* Of one's own; ERR_NOT_FOUND. Audited. */
MUST err identity_passkey_rename(struct op *op, struct identity *id, str token, str passkey,
                                 str name);
MUST err identity_passkey_remove(struct op *op, struct identity *id, str token, str passkey);

/* What navigator.credentials.get() gave. */
struct identity_assertion {
    str credential; /* base64url */
    str client_data, authenticator_data, signature, handle;
    str peer, device;
};
/* One answer (ERR_UNAUTHENTICATED) for every reason to refuse. Audited; sets op->actor. */
MUST err identity_passkey_sign_in(struct op *op, struct identity *id,
                                  const struct identity_place *place,
                                  const struct identity_assertion *a, struct identity_session *ret);
/* The person of the session shows again who it is. */
MUST err identity_passkey_step_up(struct op *op, struct identity *id, str token,
                                  const struct identity_place *place,
                                  const struct identity_assertion *a);

/* ---- recovery (recovery.c) ---- */
#define IDENTITY_RECOVERY_CODES 10u
/* New codes; earlier ones are void. Shown once, only hashes are kept. Audited. */
MUST err identity_recovery_new(struct op *op, struct identity *id, str token,
                               str ret[IDENTITY_RECOVERY_CODES]);
/* Signs in with a code alone (t->user, code, peer, device): the session is not strong. One answer
 * for every refusal, in the same time; braked as passwords are; a code works once. */
MUST err identity_recover(struct op *op, struct identity *id, const struct identity_try *t,
                          struct identity_session *ret);

/* How an account can show who it is. */
struct identity_security {
    bool password, totp;
    unsigned recovery_left;
};
MUST err identity_security(struct op *op, struct identity *id, str token,
                           struct identity_security *ret);
/* One's own: a new password; a second step, once its code has been shown. Other sessions end; this
 * one begins anew. */
MUST err identity_password_change(struct op *op, struct identity *id, str token, str password,
                                  struct identity_session *ret);
MUST err identity_totp_change(struct op *op, struct identity *id, str token, str secret, str code,
                              struct identity_session *ret);

#endif
