/* A tenant's restrictions (policy/restrict.h) of what a role sees: by type, and unless the patient
 * has a visit near today. Invariant: a visit that could not be looked up is none; what was found
 * out holds for a second, so that a page of one patient asks once. */
#include "record/release_int.h"
#include "record/restrict_int.h"

#include <pthread.h>

#define SLOTS 1024u
#define HOLDS_MS 1000

struct known {
    uint64_t patient, user; /* hash of the account that asks: its own visits do not count */
    int days;
    int64_t until; /* ms */
    bool near;
};
struct visits {
    pthread_mutex_t lock;
    struct known at[SLOTS];
};

err restrict_open(struct op *op, struct record *rec)
{
    struct visits *v = calloc(1, sizeof *v);
    if (!v)
        return fail(op, ERR_UNAVAILABLE, "No memory left to open the record.");
    pthread_mutex_init(&v->lock, NULL);
    rec->visits = v;
    return OK;
}

void restrict_close(struct record *rec)
{
    if (rec->visits)
        pthread_mutex_destroy(&rec->visits->lock);
    free(rec->visits);
}

static struct known *slot(struct visits *v, const struct known *k)
{
    return &v->at[((k->patient ^ k->user ^ (uint64_t)k->days << 40) *
                   UINT64_C(0x9e3779b97f4a7c15)) >>
                  54];
}

static bool visit_near(struct op *op, struct record *rec, uint64_t patient, int days)
{
    struct visits *v = rec->visits;
    struct known k = {.patient = patient,
                      .user = str_hash(op->actor->user),
                      .days = days,
                      .until = op->now + HOLDS_MS};
    pthread_mutex_lock(&v->lock);
    struct known was = *slot(v, &k);
    pthread_mutex_unlock(&v->lock);
    if (was.patient == patient && was.user == k.user && was.days == days && op->now < was.until)
        return was.near;
    struct fault before = op->fault;
    struct record_near q = {
        .patient = patient, .when = op->now, .days = days, .except = op->actor->user};
    if (record_visit_near(op, rec, &q, &k.near) != OK) {
        op->fault = before;
        return false;
    }
    pthread_mutex_lock(&v->lock);
    *slot(v, &k) = k;
    pthread_mutex_unlock(&v->lock);
    return k.near;
}

const struct restriction *restrict_binds(struct op *op, struct record *rec, fhir_type type,
                                         uint64_t patient)
{
    const struct restrictions *all = atomic_load(&rec->restrictions);
    const struct restriction *one;
    size_t at = 0;
    while (op->actor && (one = restrict_next(all, op->actor->role, type, &at)))
        if (!one->visit_days || !patient || !visit_near(op, rec, patient, one->visit_days))
            return one;
    return NULL;
}

const struct restriction *restrict_type(const struct op *op, struct record *rec, fhir_type type,
                                        bool *ret_some)
{
    const struct restrictions *all = atomic_load(&rec->restrictions);
    const struct restriction *one;
    size_t at = 0;
    *ret_some = false;
    while (op->actor && (one = restrict_next(all, op->actor->role, type, &at))) {
        if (!one->visit_days)
            return one;
        *ret_some = true;
    }
    return NULL;
}

bool record_narrows(struct op *op, struct record *rec, fhir_type type)
{
    bool some;
    return restrict_type(op, rec, type, &some) || some || release_binds(op, rec, type);
}
