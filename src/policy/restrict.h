/* Restrictions: what a tenant takes away from a role, on top of the role table (minimum necessary,
 * 45 CFR 164.502(b), 164.514(d)(2)). They never give anything. Pure and thread-safe. */
#ifndef WEFT_POLICY_RESTRICT_H
#define WEFT_POLICY_RESTRICT_H

#include "policy/policy.h"

#define RESTRICTIONS_MAX 256u
#define RESTRICTION_DAYS_MAX 3650

struct restriction {
    str id, why; /* why: the sentence, told with a refusal */
    enum role role;
    uint64_t types[3]; /* bit n: the type of that number */
    int visit_days;    /* does not bind where the patient has a visit within so many days; 0: always
                          binds */
};
struct restrictions {
    size_t n;
    struct restriction all[RESTRICTIONS_MAX];
};

/* The next that names this role and type, from *at on (0 first); NULL when there is none. r may be
 * NULL. */
const struct restriction *restrict_next(const struct restrictions *r, enum role role, int type,
                                        size_t *at);

#endif
