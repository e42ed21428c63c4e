/* Restrictions: what a tenant takes away from a role, on top of the role table (minimum necessary, 45 CFR
 * 164.502(b), 164.514(d)(2)). They never give anything. Pure and thread-safe. */
#ifndef WEFT_POLICY_RESTRICT_H
#define WEFT_POLICY_RESTRICT_H

#include "policy/policy.h"

#define RESTRICTIONS_MAX 256u
#define RESTRICTION_DAYS_MAX 3650

struct restriction {
    str id, why;       /* why: the sentence, told with a refusal */
    enum role role;
    uint64_t types[3]; /* bit n: the type of that number */
    int visit_days;    /* does not bind where the patient has a visit within so many days; 0: always binds */
};
struct restrictions {
    size_t n;
    struct restriction all[RESTRICTIONS_MAX];
};

/* Does any bind this role and type? Then patients have to be asked about one by one. */
bool restrict_touches(const struct restrictions *r, enum role role, int type);
/* The largest visit_days of those that bind, 0 when one binds whatever the visits are. Only for what
 * restrict_touches(). */
int restrict_days(const struct restrictions *r, enum role role, int type);
/* The first that refuses; NULL when none does. visit_age: days to the patient's nearest visit, before or
 * after now; negative when there is none or nobody knows. */
const struct restriction *restrict_refuses(const struct restrictions *r, enum role role, int type,
                                           int visit_age);

#endif
