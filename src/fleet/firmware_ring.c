/* The way of a release through its rings: whom to ask now, when the next ring opens, what is held
 * back while it is halted. Invariants: a device is asked once, in the transaction that says so,
 * whatever is killed in between; while a release is halted nothing of it reaches a device that has
 * not taken it yet. */
#include "fleet/firmware_int.h"
#include "fleet/health_int.h"
#include "record/find_each.h"

#include <stdlib.h>

#define LEASE_MS 60000
#define JOBS_MAX 8u
#define ASK_MAX 50u
#define LOOKED_MAX 2000u /* in one turn */
#define FIRMWARE_WALK_BYTES ((size_t)32 << 20)
#define LOOK_MS (INT64_C(15) * 60 * 1000)

/* ---- the devices of a model, in their order ---- */

struct kit {
    uint64_t place;
    str id;
    bool older; /* than what is released */
};
struct kits {
    struct arena *arena;
    const struct firmware *r;
    struct kit *all;
    size_t n, cap;
};

/* The order of a release's devices as it was read, and how far it was gone through. The loop's own:
 * forgotten when a turn failed, when the ring changes and after LOOK_MS, so what changed meanwhile
 * is seen then; whether a device may be asked is looked at when it is. */
struct firmware_walk {
    struct kits kits; /* kits.arena NULL: free */
    char release[65];
    size_t ring, at;
    int64_t read;
};

static void walk_end(struct firmware_walk *w)
{
    arena_free(w->kits.arena);
    *w = (struct firmware_walk){.ring = 0};
}

void firmware_forget(struct fleet *f)
{
    for (size_t i = 0; f->walks && i < FIRMWARE_WALKS; i++)
        walk_end(&f->walks[i]);
    free(f->walks);
    f->walks = NULL;
}

static err add_kit(void *ctx, struct op *op, const struct record_doc *doc, const struct json *tree)
{
    struct kits *k = ctx;
    str model = fhir_ref_parse(json_str(json_path(tree, "definition.reference"))).id;
    if (!str_eq(model, k->r->model))
        return OK;
    if (k->n == k->cap) {
        size_t cap = k->cap ? k->cap * 2 : 64;
        struct kit *more = ARENA_ARRAY(k->arena, struct kit, cap);
        if (!more)
            return fail(op, ERR_UNAVAILABLE, "No memory for the devices of a release.");
        if (k->n)
            memcpy(more, k->all, k->n * sizeof *more);
        k->all = more;
        k->cap = cap;
    }
    str has = device_firmware(tree);
    k->all[k->n++] = (struct kit){.place = ring_place(doc->id),
                                  .id = arena_str(k->arena, doc->id),
                                  .older = !has.n || health_older(has, k->r->version)};
    return OK;
}

static int by_place(const void *a, const void *b)
{
    const struct kit *x = a, *y = b;
    return x->place != y->place ? (x->place > y->place) - (x->place < y->place)
                                : str_cmp(x->id, y->id);
}

static err kits_of(struct op *op, struct fleet *f, const struct firmware *r, struct kits *k)
{
    k->r = r;
    struct record_each walk = {.type = "Device",
                               .query = STR("_tag=" FLEET_LIFE "%7Cactive"),
                               .max = FIRMWARE_DEVICES_MAX,
                               .fn = add_kit,
                               .ctx = k};
    TRY(record_find_each(op, f->rec, &walk));
    if (k->n)
        qsort(k->all, k->n, sizeof *k->all, by_place);
    return op_check(op);
}

/* The release's place among those that are remembered; the one that is oldest gives way. */
static err walk_of(struct op *op, struct fleet *f, const struct firmware *r, size_t ring,
                   struct firmware_walk **ret)
{
    struct firmware_walk *w = NULL;
    if (!f->walks && !(f->walks = calloc(FIRMWARE_WALKS, sizeof *f->walks)))
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    for (size_t i = 0; i < FIRMWARE_WALKS; i++) {
        struct firmware_walk *one = &f->walks[i];
        bool mine = one->kits.arena && str_eq(str_of(one->release), r->doc.id);
        if (mine || !w || (w->kits.arena && (!one->kits.arena || one->read < w->read)))
            w = one;
        if (mine)
            break;
    }
    *ret = w;
    if (w->kits.arena && str_eq(str_of(w->release), r->doc.id) && w->ring == ring &&
        op->now >= w->read && op->now - w->read < LOOK_MS)
        return OK;
    walk_end(w);
    w->kits.arena = arena_new(FIRMWARE_WALK_BYTES);
    if (!w->kits.arena)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    snprintf(w->release, sizeof w->release, "%.*s", STR_ARG(r->doc.id));
    w->ring = ring;
    w->read = op->now;
    return kits_of(op, f, r, &w->kits);
}

/* ---- asking ---- */

/* May it be asked now? Not one whose command a person asked for, nor one that is no more what it
 * was registered as. */
static err ready(struct op *op, struct fleet *f, struct record_tx *tx, const struct firmware *r,
                 struct fleet_device *d, bool *ret)
{
    bool implant;
    *ret = false;
    if (d->life != LIFE_ACTIVE || !d->user.n || !str_eq(d->model, r->model))
        return OK;
    err e = command_model_of(op, f, d, &implant);
    if (e == OK)
        e = command_not_twice(op, f, tx, command_key(op, d->doc.id, KIND_UPDATE));
    if (e == ERR_CONFLICT || e == ERR_UNPROCESSABLE) {
        op_clear(op);
        return OK;
    }
    *ret = e == OK;
    return e;
}

static err ask_one(struct op *op, struct fleet *f, struct record_tx *tx, const struct firmware *r,
                   str device, size_t ring, bool *ret)
{
    struct fleet_device d;
    struct command_new n = {.d = &d,
                            .kind = KIND_UPDATE,
                            .by = &r->by,
                            .part_of = r->doc.id,
                            .args = firmware_args(op, r)};
    str id;
    bool again;
    TRY(device_read(op, f, device, &d));
    TRY(ready(op, f, tx, r, &d, ret));
    if (!*ret)
        return OK;
    TRY(command_make(op, f, tx, &n, &id));
    record_tx_kv(tx, command_key(op, device, KIND_UPDATE), id);
    return firmware_asked(op, tx, r->doc.id, device, id, ring, &again);
}

static size_t asked_so_far(const struct tally *t)
{
    int64_t n = 0;
    for (size_t i = 0; i <= t->ring; i++)
        n += t->rings[i].asked;
    return (size_t)n;
}

/* *ret_more: there may be others. One that cannot be asked now gives its place to the next in their
 * order, so that no ring is passed for want of somebody to learn from while there is one. */
static err ask(struct op *op, struct fleet *f, const struct firmware *r, struct tally *t,
               struct record_tx *tx, bool *ret_more)
{
    struct firmware_walk *w = NULL;
    size_t asked = 0, looked = 0, so_far = asked_so_far(t);
    TRY(walk_of(op, f, r, t->ring, &w));
    const struct kits *k = &w->kits;
    size_t n = ring_size(k->n, FIRMWARE_RING[t->ring].percent);
    for (; w->at < k->n && so_far + asked < n && asked < ASK_MAX && looked < LOOKED_MAX; w->at++) {
        bool before = true, now = false;
        if (k->all[w->at].older) {
            looked++;
            TRY(firmware_asked_before(op, f, r->doc.id, k->all[w->at].id, &before));
        }
        if (!before)
            TRY(ask_one(op, f, tx, r, k->all[w->at].id, t->ring, &now));
        asked += now;
    }
    t->rings[t->ring].asked += (int64_t)asked;
    t->full = w->at == k->n || so_far + asked >= n;
    *ret_more = !t->full;
    return op_check(op);
}

/* ---- a turn ---- */

/* The ring is over: the next opens, or that was all. */
static err go_on(struct op *op, struct fleet *f, struct firmware *r, struct tally *t,
                 struct record_tx *tx)
{
    t->rings[t->ring].passed = op->now;
    if (t->ring + 1 == FIRMWARE_RINGS) {
        firmware_note(op, r, fleet_system()->user, STR("done"), STR_NONE);
        return firmware_move(op, f, tx, r, FIRMWARE_DONE, STR_NONE);
    }
    t->ring++;
    t->rings[t->ring].opened = op->now;
    t->full = false;
    return OK;
}

static int64_t next_look(struct op *op, const struct tally *t)
{
    int64_t over = t->rings[t->ring].opened + FIRMWARE_RING[t->ring].soak * INT64_C(3600000);
    return over > op->now && over < op->now + LOOK_MS ? over : op->now + LOOK_MS;
}

/* What is with devices that have not taken it, from one state to the other; a page. */
static err shift(struct op *op, struct fleet *f, const struct firmware *r, struct record_tx *tx,
                 const char *status, enum command_state to, size_t *ret_n)
{
    struct record_page page;
    TRY(record_find(op, f->rec, fhir_type_parse(STR("Task")),
                    arena_printf(op->arena,
                                 "code=" RECORD_TASK_CODE "%%7C" COMMAND_CODE
                                 "&part-of=Task/%.*s&status=%s&_count=%d",
                                 STR_ARG(r->doc.id), status, FIRMWARE_PAGE),
                    &page));
    for (size_t i = 0; i < page.n; i++) {
        struct command c;
        TRY(command_of(op, &page.docs[i], &c));
        TRY(command_move(op, f, tx, &c, to, STR_NONE));
    }
    *ret_n = page.n;
    return OK;
}

static err run(struct op *op, struct fleet *f, struct firmware *r, struct record_tx *tx,
               bool *ret_more)
{
    struct tally t;
    size_t n;
    TRY(shift(op, f, r, tx, "on-hold", COMMAND_QUEUED, &n));
    *ret_more = n > 0;
    if (n)
        return OK;
    TRY(tally_now(op, tx, r->doc.id, &t));
    if (!t.rings[0].opened)
        t.rings[0].opened = op->now;
    TRY(ask(op, f, r, &t, tx, ret_more));
    if (!*ret_more && ring_over(&FIRMWARE_RING[t.ring], &t, t.ring, op->now)) {
        TRY(go_on(op, f, r, &t, tx));
        *ret_more = r->state == FIRMWARE_RUNNING;
    }
    tally_keep(op, tx, r->doc.id, &t);
    return OK;
}

static err turn(struct op *op, struct fleet *f, const struct record_job *job)
{
    struct firmware r;
    struct tally t;
    bool more = false, once = str_starts(job->body, STR(FIRMWARE_KICK));
    size_t n = 0;
    str id = once ? str_sub(job->body, sizeof FIRMWARE_KICK - 1, job->body.n) : job->body;
    TRY(firmware_read(op, f, id, &r));
    struct record_tx *tx = record_begin(op, f->rec);
    if (r.state == FIRMWARE_RUNNING)
        TRY(run(op, f, &r, tx, &more));
    else if (r.state == FIRMWARE_HALTED || r.state == FIRMWARE_RESUMING)
        TRY(shift(op, f, &r, tx, "ready", COMMAND_HELD, &n));
    else if (r.state == FIRMWARE_WITHDRAWN)
        TRY(shift(op, f, &r, tx, "requested,ready,on-hold", COMMAND_WITHDRAWN, &n));
    more |= n > 0;
    TRY(tally_load(op, f, id, &t));
    if (more)
        record_tx_outbox_later(tx, job->job, op->now, job->body);
    else if (once || r.state > FIRMWARE_RESUMING)
        record_tx_outbox_done(tx, job->job);
    else
        record_tx_outbox_later(tx, job->job, next_look(op, &t), job->body);
    return record_commit(tx);
}

err firmware_tick(struct op *op, void *ctx, size_t *ret_n)
{
    struct fleet *f = ctx;
    struct record_job *jobs;
    TRY(record_outbox_take(op, f->rec, STR(FIRMWARE_QUEUE), LEASE_MS, JOBS_MAX, &jobs, ret_n));
    for (size_t i = 0; i < *ret_n; i++) {
        err e = turn(op, f, &jobs[i]);
        if (e != OK) /* what was gone through was not asked */
            firmware_forget(f);
        TRY(command_after(op, f, &jobs[i], e));
    }
    return OK;
}

err firmware_may_go(struct op *op, struct fleet *f, const struct command *c, bool *ret)
{
    struct firmware r;
    *ret = true;
    if (!c->part_of.n)
        return OK;
    TRY(firmware_read(op, f, c->part_of, &r));
    *ret = r.state == FIRMWARE_RUNNING || r.state == FIRMWARE_DONE;
    return OK;
}
