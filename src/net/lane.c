/* The way back of answered requests to the server's threads. Waking a thread costs far more than
 * handing over a request, and a group of audit entries becomes durable at once; so only the first
 * request of a group wakes its thread, and there it fetches the rest.
 * Invariant: a lane with a request in `ready` has somebody who will empty it: either a resumed
 * request that has not come back yet, answered or dropped (awake), or the pusher itself. */
#include "net/net_int.h"

void lane_enter(struct request *r)
{
    uint64_t self = (uint64_t)(uintptr_t)pthread_self();
    r->lane = &r->server->lanes[(self * UINT64_C(0x9e3779b97f4a7c15)) >> 60];
}

/* Resumes all that wait; false when there were none. */
static bool resume_all(struct lane *lane)
{
    struct request *r = atomic_exchange(&lane->ready, NULL);
    bool any = r != NULL;
    for (struct request *next; r; r = next) {
        struct net_http *s = r->server;
        next = r->next_ready;
        MHD_resume_connection(r->conn);
        atomic_fetch_sub(&s->suspended, 1);
    }
    return any;
}

void lane_push(struct request *r)
{
    struct lane *lane = r->lane;
    struct request *head = atomic_load(&lane->ready);
    do
        r->next_ready = head;
    while (!atomic_compare_exchange_weak(&lane->ready, &head, r));
    while (!atomic_exchange(&lane->awake, true)) {
        if (resume_all(lane))
            return;
        /* Somebody else took ours; leave the lane asleep, unless more came meanwhile. */
        atomic_store(&lane->awake, false);
        if (!atomic_load(&lane->ready))
            return;
    }
}

void lane_fetch(struct lane *lane)
{
    atomic_store(&lane->awake, false);
    (void)resume_all(lane);
}
