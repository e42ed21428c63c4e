/* Commits of this process that followers of the change feed need not read again, by their t. In
 * memory alone, and only of the last: what is not known here is read as what others wrote. A
 * follower may be faster than who committed: it waits for those that are under way, a moment. */
#include "outreach/outreach_int.h"

#include "base/time.h"

#define CAUGHT_UP 64u
#define MOMENT_MS 3
#define SETTLE_MS 100

static void note(struct own_commits *c, uint64_t t)
{
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

/* Its place among those under way. */
static unsigned begin(struct outreach *o)
{
    uint64_t since = record_now_t(o->rec) + 1;
    for (unsigned i = 0; i < OWN_WAYS; i++) {
        uint64_t none = 0;
        if (atomic_compare_exchange_strong(&o->own_way.since[i], &none, since))
            return i;
    }
    return OWN_WAYS; /* nobody waits for it: it is read, as what others wrote */
}

err own_commit(struct record_tx *tx, struct outreach *o, bool counted, bool heard)
{
    unsigned place = begin(o);
    err e = record_commit(tx);
    if (e == OK && counted)
        note(&o->ledger_done, record_tx_t(tx));
    if (e == OK && heard)
        note(&o->silent_none, record_tx_t(tx));
    if (place < OWN_WAYS)
        atomic_store(&o->own_way.since[place], 0);
    return e;
}

/* One that began after t was published is not it. */
static bool under_way(const struct outreach *o, uint64_t t)
{
    bool any = false;
    for (unsigned i = 0; i < OWN_WAYS; i++) {
        uint64_t since = atomic_load(&o->own_way.since[i]);
        any |= since && since <= t;
    }
    return any;
}

void own_settle(const struct outreach *o, uint64_t t, const _Atomic bool *stop)
{
    for (int64_t until = time_mono() + SETTLE_MS; under_way(o, t) && time_mono() < until;) {
        if (atomic_load(stop))
            return;
        time_rest(stop, 1);
    }
}
