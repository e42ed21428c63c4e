/* Patients' helpers: a person of their own (RelatedPerson) with an account of their own, invited by
 * the patient, who says what is shared and until when (Consent); a child's parent or guardian by
 * age and place. Nobody needs another's password. What a Consent shows is the record's to enforce.
 * Sources: 45 CFR 164.510(b), 164.502(g); spec/identity/sharing.csv, proxy-ages.csv. Thread-safe.
 */
#ifndef WEFT_IDENTITY_HELPER_H
#define WEFT_IDENTITY_HELPER_H

#include "identity/identity.h"

/* The categories a patient can share, in order; NULL past the last. */
const char *identity_share_name(size_t i);
bool identity_share_preset(size_t i);
/* Resource types of a category, with spaces between. */
const char *identity_share_types(size_t i);

struct identity_share {
    str name, email; /* of the helper */
    unsigned what;   /* bits of categories */
    int64_t until;   /* ms, at most two years from now; a proxy: not used */
    str place;       /* a proxy: jurisdiction of proxy-ages.csv; empty: the strictest */
};
struct identity_invited {
    str secret; /* shown once: who brings it may join, within seven days */
    str related, consent;
    int64_t expires;
};
/* By the patient (op->actor). Audited. */
MUST err identity_helper_invite(struct op *op, struct identity *id, const struct identity_share *s,
                                struct identity_invited *ret);
/* By who may manage: the parent or guardian of a child, until another who may manage confirms;
 * seven days. ERR_UNPROCESSABLE: no birth date, or of age. Audited. */
struct identity_proposal {
    str proposal; /* opaque; no secret */
    int64_t expires;
};
MUST err identity_proxy_propose(struct op *op, struct identity *id, str patient,
                                const struct identity_share *s, struct identity_proposal *ret);
/* One Consent for each row of ages that is still to come, and the invitation. Once. ERR_FORBIDDEN
 * for who proposed it, ERR_CONFLICT when it is about another patient, ERR_NOT_FOUND. Audited. */
MUST err identity_proxy_confirm(struct op *op, struct identity *id, str proposal, str patient,
                                struct identity_invited *ret);

/* The house's IANA zone, whose midnight a birthday is; before identity_follow(), outlives id. */
void identity_zone(struct identity *id, str zone);
/* The follower that moves a guardian's Consents with the child's day of birth: its thread, and one
 * step of it (op->actor the system; *ret_n: changes taken, 0 at the end). */
MUST err identity_follow(struct op *op, struct identity *id);
void identity_follow_stop(struct identity *id);
MUST err identity_proxy_step(struct op *op, struct identity *id, size_t *ret_n);

struct identity_helper_row {
    str consent, related, name;
    unsigned what;
    int64_t from, until;
    bool active; /* false: stopped */
    bool joined; /* has an account */
    bool proxy;
};
/* The patient's own (op->actor), newest first. */
MUST err identity_helpers(struct op *op, struct identity *id, struct identity_helper_row **ret,
                          size_t *ret_n);
/* By the patient: takes a share back at once (active false), or gives it again as it was; a proxy's
 * are not the child's to stop. ERR_NOT_FOUND for what is not theirs. Audited. */
MUST err identity_helper_set(struct op *op, struct identity *id, str consent, bool active);

/* What an invitation is to, for who brings its secret. ERR_NOT_FOUND: unknown, used, over. */
struct identity_invitation {
    str patient_name, name, email;
    unsigned what;
    int64_t until;
};
MUST err identity_invitation(struct op *op, struct identity *id, str secret,
                             struct identity_invitation *ret);
/* An account of the helper's own, and its first session: with a password, or without one when a
 * passkey follows. ERR_CONFLICT: the user name is taken. Audited; sets op->actor. */
MUST err identity_join(struct op *op, struct identity *id, str secret, const struct identity_try *t,
                       struct identity_session *ret);

/* ---- one account, several patients (shares.c) ---- */
struct identity_helped {
    str reference; /* the RelatedPerson that is the helper there */
    str patient, name;
    bool current;
};
/* Of the helper behind the token. ERR_FORBIDDEN for other accounts. */
MUST err identity_helping(struct op *op, struct identity *id, str token,
                          struct identity_helped **ret, size_t *ret_n);
/* Another session in place of this one, in that share. ERR_NOT_FOUND: not theirs. */
MUST err identity_help_choose(struct op *op, struct identity *id, str token, str reference,
                              struct identity_session *ret);
/* An invitation taken up by an account that helps somebody already; a session in its share. */
MUST err identity_join_more(struct op *op, struct identity *id, str token, str secret,
                            struct identity_session *ret);

#endif
