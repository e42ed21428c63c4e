/* The follower: first everybody, from the saved copy or the record, then the change feed. Whatever
 * in a patient's record decides how they are reached makes their row anew. Invariant: t moves on
 * only when every row up to it is in the table. */
#include "base/log.h"
#include "base/time.h"
#include "campaign/people_int.h"
#include "record/cohort.h"

#include <unistd.h>

#define FOLLOW_BYTES ((size_t)1 << 30)
#define STEP 256u
#define SAVE_MS (60 * 60 * 1000LL)
#define WAIT_MS 10000
#define LATELY_MS (35 * 86400000LL) /* of contacts, at a start; a week is asked for */

const struct actor *people_system(void)
{
    static const struct actor self = {.role = ROLE_SYSTEM, .purpose = PURPOSE_HOPERAT};
    return &self;
}

static bool matters(fhir_type type)
{
    static const char *const TYPES[] = {"Patient", "Consent", "RelatedPerson", "Communication"};
    bool found = false;
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES && !found; i++)
        found = str_eq(fhir_type_name(type), str_of(TYPES[i]));
    return found;
}

static bool listed(const struct record_change *c, size_t n, uint64_t patient)
{
    bool found = false;
    for (size_t i = 0; i < n && !found; i++)
        found = c[i].patient == patient && matters(c[i].type);
    return found;
}

/* Changes after t, each patient among them once. */
static err step(struct op *op, struct people *p, size_t *ret_n)
{
    struct record_change *c;
    uint64_t t = atomic_load(&p->t);
    TRY(record_feed(op, p->rec, t, STEP, &c, ret_n));
    for (size_t i = 0; i < *ret_n && !atomic_load(&p->loop.stop); i++) {
        if (c[i].patient && matters(c[i].type) && !listed(c, i, c[i].patient))
            TRY(people_reread(op, p, c[i].patient, true));
        t = c[i].t;
    }
    if (!atomic_load(&p->loop.stop))
        atomic_store(&p->t, t);
    return OK;
}

/* One after the other, each in memory that is taken back. */
static err read_all(struct op *op, struct people *p, const struct record_cohort *all, bool contacts)
{
    struct arena *a = arena_new(0);
    err e = a ? OK : fail(op, ERR_UNAVAILABLE, "No memory left to read people.");
    for (size_t i = 0; e == OK && i < all->n && !atomic_load(&p->loop.stop); i++) {
        struct op sub;
        arena_reset(a);
        op_init(&sub, a, people_system(), op->now);
        e = people_reread(&sub, p, all->patients[i], contacts);
        if (e != OK)
            (void)!fail(op, e, "%.*s",
                        STR_ARG(sub.fault.n ? sub.fault.issues[0].message : STR_NONE));
        if (!contacts)
            atomic_store(&p->at, i + 1);
    }
    arena_free(a);
    return e;
}

/* Everybody; then, of those who heard from us lately, the contacts. */
static err first_reading(struct op *op, struct people *p)
{
    struct record_cohort all, lately;
    uint64_t t = record_now_t(p->rec);
    TRY(record_cohort(op, p->rec, fhir_type_parse(STR("Patient")), STR_NONE, &all));
    atomic_store(&p->of, all.n);
    TRY(read_all(op, p, &all, false));
    str since = time_format(op->arena, op->now - LATELY_MS);
    TRY(record_cohort(op, p->rec, fhir_type_parse(STR("Communication")),
                      arena_printf(op->arena, "_lastUpdated=ge%.*s", STR_ARG(since)), &lately));
    TRY(read_all(op, p, &lately, true));
    if (!atomic_load(&p->loop.stop))
        atomic_store(&p->t, t);
    return OK;
}

static err begin(struct op *op, struct people *p)
{
    if (people_saved_load(op, p) != OK) {
        op_clear(op);
        people_forget_all(p);
        TRY(first_reading(op, p));
    }
    return OK;
}

static err save(struct op *op, struct people *p)
{
    return atomic_load(&p->ready) ? people_saved_store(op, p) : OK;
}

static err follow(struct op *op, void *ctx, size_t *ret_n)
{
    struct people *p = ctx;
    err e = atomic_load(&p->ready) ? step(op, p, ret_n) : begin(op, p);
    if (e == OK && !atomic_load(&p->loop.stop))
        atomic_store(&p->ready, true);
    return e;
}

static err save_sometimes(struct op *op, void *ctx, size_t *ret_n)
{
    struct people *p = ctx;
    *ret_n = 0;
    if (op->now < p->save_after)
        return OK;
    p->save_after = op->now + SAVE_MS;
    return save(op, p);
}

static void wait_for_more(void *ctx)
{
    struct people *p = ctx;
    record_feed_wait(p->rec, atomic_load(&p->t), 300);
}

err people_start(struct op *op, struct people *p)
{
    struct loop_plan plan = {.steps = {{"campaign.people.failed", follow},
                                       {"campaign.people.not-saved", save_sometimes}},
                             .wait = wait_for_more,
                             .actor = people_system(),
                             .bytes = FOLLOW_BYTES,
                             .rest_ms = 2000,
                             .ctx = p};
    if (!p->rec)
        return OK;
    p->save_after = op->now + SAVE_MS;
    return loop_start(op, &p->loop, &plan);
}

/* What it knows is kept for the next start; without that the next one reads everybody. */
void people_stop(struct people *p)
{
    struct op op;
    int64_t said = 0;
    if (!p->loop.running)
        return;
    loop_stop(&p->loop);
    struct arena *a = arena_new(FOLLOW_BYTES);
    if (!a)
        return;
    op_init(&op, a, people_system(), time_now());
    err e = save(&op, p);
    if (e != OK)
        log_failed("campaign.people.not-saved", &op, e, &said);
    arena_free(a);
}

bool people_ready(const struct people *p, unsigned *ret_percent)
{
    uint64_t of = atomic_load(&p->of);
    *ret_percent = of ? (unsigned)(100 * atomic_load(&p->at) / of) : 0;
    if (atomic_load(&p->ready))
        *ret_percent = 100;
    return atomic_load(&p->ready);
}

/* Transactions without changes move t on, too: what counts is whether a change is to come. */
static err behind(struct op *op, struct people *p, uint64_t t, bool *ret)
{
    struct record_change *c;
    size_t n;
    uint64_t at = atomic_load(&p->t);
    bool ready = !p->rec || atomic_load(&p->ready);
    *ret = p->rec && (!ready || at < t);
    if (!*ret || !ready)
        return OK;
    TRY(record_feed(op, p->rec, at, 1, &c, &n));
    *ret = n && c[0].t <= t;
    return OK;
}

err people_wait(struct op *op, struct people *p, uint64_t t)
{
    int64_t until = time_mono() + WAIT_MS;
    bool more;
    TRY(behind(op, p, t, &more));
    while (more) {
        if (time_mono() > until)
            return fail(op, ERR_UNAVAILABLE,
                        "The table of people is being made; try again in a moment.");
        usleep(2000);
        TRY(behind(op, p, t, &more));
    }
    return OK;
}
