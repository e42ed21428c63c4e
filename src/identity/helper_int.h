/* Inside of helpers: what inviting and joining share. */
#ifndef WEFT_IDENTITY_HELPER_INT_H
#define WEFT_IDENTITY_HELPER_INT_H

#include "identity/helper.h"
#include "identity/identity_int.h"

/* The id of the patient who asks; ERR_FORBIDDEN for anybody else. */
MUST err patient_of(struct op *op, struct identity *id, str *ret);

/* ---- helper.c, for proxy.c ---- */
struct age_row { /* of spec/identity/proxy-ages.csv; the citation is one row's alone */
    const char *place, *citation;
    unsigned from, to, what;
};
const struct age_row *age_row(size_t i); /* NULL past the last */
struct spoken {                          /* one Consent */
    str patient, related;
    unsigned what;
    int64_t from, until;
    const char *role;     /* v3-RoleCode of the actor: PRN marks a parent or guardian */
    const char *citation; /* of the row of ages; NULL: the patient's own word */
};
MUST err share_check(struct op *op, const struct identity_share *s);
MUST err share_person(struct op *op, struct identity *id, str patient,
                      const struct identity_share *s, bool proxy, str *ret_id);
MUST err share_consent(struct op *op, struct identity *id, const struct spoken *s, str *ret_id);
MUST err share_invite(struct op *op, struct identity *id, str patient,
                      const struct identity_share *s, struct identity_invited *ret);
/* Of a Consent's provision: a category counts as shared when all of its types are. */
unsigned share_what(const struct json *provision);
/* proxy_ages.c: the start of the birthday, in the house's zone, on which somebody is so old; 29
 * February counts as 1 March. 0: no such day. */
int64_t birthday(const struct identity *id, str birth, unsigned age);

/* join.c: ERR_CONFLICT when the name is taken, by a person or by a script's token. */
MUST err join_free_name(struct op *op, struct identity *id, str user, str peer);

/* Given name only: enough to know whose record it is. */
str patient_given_name(struct op *op, struct identity *id, str patient);
/* Spends an invitation for an account that is there, and adds its share. */
MUST err join_spend(struct op *op, struct identity *id, str secret, str user, str *ret_patient,
                    str *ret_reference);
/* Does a Consent of the patient share something with the RelatedPerson now? helper.c */
bool share_given(struct op *op, struct identity *id, str patient, str reference);
/* All shares of a helper's account; those that ended have no name. */
MUST err shares_of(struct op *op, struct identity *id, const struct identity_account *own,
                   struct identity_helped **ret, size_t *ret_n);
/* shares.c: into the account's list, in tx. */
MUST err share_add(struct op *op, struct identity *id, str user, str patient, str reference,
                   struct store_tx *tx);

#endif
