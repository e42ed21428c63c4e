/* Whether a tenant's restriction refuses. It knows no patient and no clock. Invariant: more restrictions
 * never allow more; an unknown visit counts as none. */
#include "policy/restrict.h"

static bool binds(const struct restriction *r, enum role role, int type)
{
    return r->role == role && type > 0 && type < 192 && (r->types[type / 64] >> (type % 64) & 1);
}

bool restrict_touches(const struct restrictions *r, enum role role, int type)
{
    for (size_t i = 0; r && i < r->n; i++)
        if (binds(&r->all[i], role, type))
            return true;
    return false;
}

int restrict_days(const struct restrictions *r, enum role role, int type)
{
    int days = 0;
    for (size_t i = 0; r && i < r->n; i++) {
        if (!binds(&r->all[i], role, type))
            continue;
        if (r->all[i].visit_days == 0)
            return 0;
        if (r->all[i].visit_days > days)
            days = r->all[i].visit_days;
    }
    return days;
}

const struct restriction *restrict_refuses(const struct restrictions *r, enum role role, int type,
                                           int visit_age)
{
    for (size_t i = 0; r && i < r->n; i++) {
        const struct restriction *one = &r->all[i];
        bool near = visit_age >= 0 && visit_age <= one->visit_days && one->visit_days > 0;
        if (binds(one, role, type) && !near)
            return one;
    }
    return NULL;
}
