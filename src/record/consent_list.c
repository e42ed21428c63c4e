/* Which Consents a patient has, by number, for who asks again: access asks at every read, a message
 * when it is queued and when it leaves. Invariants: a list is as new as the last commit that was
 * told or seen: while one that writes a Consent of the patient is under way nothing is known; who
 * reads over a database that another process may write asks it. */
#include <pthread.h>
#include <stdatomic.h>

#include "record/consent_int.h"

#define SLOT_BITS 15u
#define SLOTS (1u << SLOT_BITS)
#define LOCKS 64u
#define LISTED 6u /* of one patient; who has more is searched for */

struct listed {
    uint64_t patient;
    unsigned written; /* counter of when it was made */
    unsigned n;
    uint64_t rids[LISTED];
};

struct consent_lists {
    pthread_mutex_t locks[LOCKS];
    atomic_uint written[SLOTS];   /* counts commits of Consents, by patient */
    atomic_uint under_way[SLOTS]; /* those that are not over */
    struct listed at[SLOTS];
};

static size_t slot_of(uint64_t patient)
{
    return patient * UINT64_C(0x9E3779B97F4A7C15) >> (64 - SLOT_BITS);
}

err consent_lists_new(struct op *op, struct record *rec)
{
    struct consent_lists *c = calloc(1, sizeof *c);
    if (!c)
        return fail(op, ERR_UNAVAILABLE, "No memory left to open the record.");
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_init(&c->locks[i], NULL);
    rec->consent_lists = c;
    return OK;
}

void consent_lists_free(struct consent_lists *c)
{
    for (size_t i = 0; c && i < LOCKS; i++)
        pthread_mutex_destroy(&c->locks[i]);
    free(c);
}

void consent_list_stale(struct record *rec, uint64_t patient)
{
    atomic_fetch_add(&rec->consent_lists->written[slot_of(patient)], 1);
}

void consent_list_enter(struct record *rec, uint64_t patient)
{
    atomic_fetch_add(&rec->consent_lists->under_way[slot_of(patient)], 1);
}

void consent_list_leave(struct record *rec, uint64_t patient)
{
    consent_list_stale(rec, patient);
    atomic_fetch_sub(&rec->consent_lists->under_way[slot_of(patient)], 1);
}

static bool known(struct op *op, struct consent_lists *c, uint64_t patient, unsigned written,
                  struct store_found *ret)
{
    size_t at = slot_of(patient);
    const struct listed *l = &c->at[at];
    pthread_mutex_lock(&c->locks[at % LOCKS]);
    bool is = l->patient == patient && l->written == written;
    struct listed copy = is ? *l : (struct listed){0};
    pthread_mutex_unlock(&c->locks[at % LOCKS]);
    *ret = (struct store_found){.rids = ARENA_ARRAY(op->arena, uint64_t, LISTED), .n = copy.n};
    if (!is || !ret->rids)
        return false;
    memcpy(ret->rids, copy.rids, sizeof copy.rids);
    return true;
}

static void learn(struct consent_lists *c, uint64_t patient, unsigned written,
                  const struct store_found *found)
{
    size_t at = slot_of(patient);
    struct listed l = {.patient = patient, .written = written, .n = (unsigned)found->n};
    if (found->more || found->n > LISTED)
        return;
    for (size_t i = 0; i < found->n; i++)
        l.rids[i] = found->rids[i];
    pthread_mutex_lock(&c->locks[at % LOCKS]);
    c->at[at] = l;
    pthread_mutex_unlock(&c->locks[at % LOCKS]);
}

err consent_list(struct op *op, struct record *rec, uint64_t patient, size_t max,
                 struct store_found *ret)
{
    struct store_query q = {.type = rec->t_consent, .comp = patient, .limit = max};
    struct consent_lists *c = rec->consent_lists;
    /* in this order: a commit that is over when the first is read is counted in the second */
    bool quiet = patient && max >= LISTED && !record_far(rec) &&
                 atomic_load(&c->under_way[slot_of(patient)]) == 0;
    unsigned written = atomic_load(&c->written[slot_of(patient)]);
    if (quiet && known(op, c, patient, written, ret))
        return OK;
    TRY(store_search(op, rec->store, &q, ret));
    if (quiet)
        learn(c, patient, written, ret);
    return OK;
}
