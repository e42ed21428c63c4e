/* Commits of this process that followers of the change feed need not read again, by their t. In
 * memory alone, and only of the last: what is not known here is read as what others wrote. */
#include "outreach/outreach_int.h"

#include "base/time.h"

#define CAUGHT_UP 64u
#define MOMENT_MS 3

void own_note(struct own_commits *c, const struct record_tx *committed)
{
    uint64_t t = record_tx_t(committed);
    atomic_store(&c->t[t % OWN_COMMITS], t);
}

bool own_known(const struct own_commits *c, uint64_t t)
{
    return t && atomic_load(&c->t[t % OWN_COMMITS]) == t; /* 0 is no commit */
}

void own_rest(const struct outreach *o, uint64_t seen, const _Atomic bool *stop)
{
    uint64_t now = record_now_t(o->rec);
    if (now > seen && now - seen < CAUGHT_UP)
        time_rest(stop, MOMENT_MS);
}
