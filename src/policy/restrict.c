/* Which of a tenant's restrictions name a role and type. It knows no patient and no clock.
 * Invariant: the order of restrictions does not matter, and more of them never allow more: whoever
 * asks has to heed each. */
#include "policy/restrict.h"

const struct restriction *restrict_next(const struct restrictions *r, enum role role, int type,
                                        size_t *at)
{
    while (r && type > 0 && type <= POLICY_TYPE_COUNT && *at < r->n) {
        const struct restriction *one = &r->all[(*at)++];
        if (one->role == role && (one->types[type / 64] >> (type % 64) & 1))
            return one;
    }
    return NULL;
}
