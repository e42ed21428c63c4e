/* Which devices recalls concern: found when a document came and when a device is new, told once in
 * a technical case that more devices join, and asked again before a kit is shipped. Invariant: a
 * recall is told in the transaction that remembers how many devices it was told of. */
#include "desk/desk.h"
#include "fleet/command_int.h"
#include "fleet/recall_int.h"
#include "record/find_each.h"

#define LEASE_MS 60000
#define JOBS_MAX 4u
#define TOLD_MAX 20u /* devices named in a case */
#define DEVICES_MAX 100000u
#define PRODUCTS_MAX 2000u
#define HITS_MAX 2000u
#define ROOM_BYTES ((size_t)16 << 20)

struct hit {
    struct recall_kept k;
    str devices[TOLD_MAX]; /* those with a patient first */
    size_t n, patients;
};
struct product { /* devices that are alike */
    str key;
    struct hit **hits; /* recalls of the product */
    size_t n;
    struct product *next;
};
struct search {
    struct op *op; /* whose memory stays */
    struct fleet *f;
    struct arena *room; /* of one candidate at a time; NULL: none yet */
    const struct unit *unit;
    struct product *products, *fill;
    size_t n_products;
    struct hit *hits[HITS_MAX];
    size_t n_hits;
};

/* Most of a maker's recalls are of other products: they are read in memory of their own. */
static err fits_in_room(struct search *s, str id, bool *ret)
{
    struct op part = *s->op;
    struct recall_kept k;
    bool di;
    str text;
    if (!s->room && !(s->room = arena_new(ROOM_BYTES)))
        return fail(s->op, ERR_UNAVAILABLE, "out of memory");
    arena_reset(s->room);
    part.arena = s->room;
    *ret = false;
    err e = record_kv_get(&part, s->f->rec, recall_key(&part, id), &text);
    if (e == OK && text.n)
        e = recall_of(&part, text, &k);
    if (e != OK)
        return fail(s->op, e, "A recall that was kept cannot be read.");
    *ret = text.n && !k.closed && recall_product(&part, &k.r, s->unit, &di);
    return OK;
}

static err candidate(void *ctx, struct op *op, str id)
{
    struct search *s = ctx;
    struct hit *h = NULL;
    bool di;
    (void)op;
    for (size_t i = 0; i < s->fill->n; i++)
        if (str_eq(s->fill->hits[i]->k.r.id, id))
            return OK;
    for (size_t i = 0; i < s->n_hits && !h; i++)
        if (str_eq(s->hits[i]->k.r.id, id))
            h = s->hits[i];
    if (!h) {
        bool fits;
        TRY(fits_in_room(s, id, &fits));
        if (!fits)
            return OK;
        if (s->n_hits == HITS_MAX)
            return fail(s->op, ERR_TOO_LARGE, "More than 2000 recalls concern devices here.");
        h = ARENA_NEW(s->op->arena, struct hit);
        TRY(op_check(s->op));
        TRY(recall_load(s->op, s->f, id, &h->k));
        s->hits[s->n_hits++] = h;
    } else if (!recall_product(s->op, &h->k.r, s->unit, &di)) {
        return OK;
    }
    s->fill->hits =
        arena_grow(s->op->arena, s->fill->hits, s->fill->n * sizeof h, (s->fill->n + 1) * sizeof h);
    TRY(op_check(s->op));
    s->fill->hits[s->fill->n++] = h;
    return OK;
}

/* The recalls of the product that the device is, found once for all that are alike; op: of the
 * device, whose memory ends. */
static err product_of(struct search *s, struct op *op, struct product **ret)
{
    const struct unit *u = s->unit;
    str key = arena_printf(op->arena, "%.*s\n%.*s\n%.*s\n%.*s", STR_ARG(u->maker),
                           STR_ARG(u->model), STR_ARG(u->name), STR_ARG(u->di));
    for (*ret = s->products; *ret; *ret = (*ret)->next)
        if (str_eq((*ret)->key, key))
            return OK;
    if (s->n_products++ == PRODUCTS_MAX)
        return fail(s->op, ERR_TOO_LARGE, "There are more than 2000 kinds of devices.");
    struct arena *a = s->op->arena;
    str firm = firm_key(s->op, u->maker);
    s->fill = *ret = ARENA_NEW(a, struct product);
    TRY(op_check(s->op));
    *s->fill = (struct product){.key = arena_str(a, key), .next = s->products};
    s->products = s->fill;
    if (firm.n)
        TRY(index_each(s->op, s->f, arena_cat(a, STR("firm:"), firm), candidate, s));
    if (u->di.n)
        TRY(index_each(s->op, s->f, arena_cat(a, STR("di:"), u->di), candidate, s));
    return op_check(s->op);
}

/* Of a device whose life here ended nothing is asked. */
static bool is_here(enum fleet_life life)
{
    return life != LIFE_WIPED;
}

static err look_at(struct search *s, struct op *op, const struct fleet_device *d)
{
    struct product *p;
    struct unit *u = ARENA_NEW(op->arena, struct unit);
    TRY(op_check(op));
    if (!is_here(d->life))
        return OK;
    unit_of(d->tree, u);
    s->unit = u;
    TRY(product_of(s, op, &p));
    for (size_t i = 0; i < p->n; i++) {
        struct hit *h = p->hits[i];
        if (recall_match(op, &h->k.r, u) == RECALL_NO)
            continue;
        size_t at = d->patient.n ? h->patients : h->n;
        if (at < TOLD_MAX) { /* before those without a patient */
            size_t last = h->n < TOLD_MAX ? h->n : TOLD_MAX - 1;
            h->devices[last] = h->devices[at];
            h->devices[at] = arena_cat(s->op->arena, STR("Device/"), d->doc.id);
        }
        h->n++;
        h->patients += d->patient.n > 0;
    }
    return op_check(s->op);
}

static err look_each(void *ctx, struct op *op, const struct record_doc *doc,
                     const struct json *tree)
{
    struct search *s = ctx;
    struct fleet_device d;
    (void)tree;
    TRY(device_of(op, doc, &d));
    return look_at(s, op, &d);
}

/* ---- told ---- */

static enum desk_priority priority_of(const struct recall *r)
{
    return str_eq_nocase(r->class, STR("class i"))     ? DESK_P2
           : str_eq_nocase(r->class, STR("class iii")) ? DESK_P4
                                                       : DESK_P3;
}

static err tell(struct op *op, struct fleet *f, struct hit *h, struct record_tx *tx)
{
    struct json *o = h->k.tree;
    int64_t told = 0;
    str id;
    bool is_new;
    (void)json_i64(JSON_GET(o, "told"), &told);
    if ((int64_t)h->n <= told)
        return OK;
    struct said parts[4] = {desk_say_same(op, str_utf8_cut(h->k.r.firm, 120)),
                            desk_say_same(op, h->k.r.id), desk_say_number(op, 0, (double)h->n),
                            desk_say_number(op, 0, (double)h->patients)};
    struct desk_case c = {
        .programme = arena_cat(op->arena, STR("device-recall/"), h->k.r.id),
        .priority = priority_of(&h->k.r),
        .technical = true,
        .why = desk_say(op, SAY_FLEET_RECALL, parts, 4),
        .evidence = h->devices,
        .n_evidence = h->n < TOLD_MAX ? h->n : TOLD_MAX,
        .rule = STR("DEV-12"),
    };
    TRY(desk_open(tx, op, f->rec, &c, &id, &is_new));
    json_set_str(op->arena, o, STR("case"), id);
    json_set(op->arena, o, STR("told"), json_new_i64(op->arena, (int64_t)h->n));
    record_tx_expect_kv(tx, recall_key(op, h->k.r.id), h->k.raw);
    record_tx_kv(tx, recall_key(op, h->k.r.id), kept_text(op, o, 1u << 20));
    return index_add(op, tx, STR(RECALL_HITS), h->k.r.id);
}

static bool any_hit(const struct search *s)
{
    for (size_t i = 0; i < s->n_hits; i++)
        if (s->hits[i]->n)
            return true;
    return false;
}

/* A new device that a recall concerns: all are counted again, so none is counted twice. */
static err look_with(struct op *op, struct fleet *f, const struct record_job *job, struct search *s)
{
    struct fleet_device d;
    struct record_each walk = {.type = "Device",
                               .query = STR("_total=none"),
                               .max = DEVICES_MAX,
                               .fn = look_each,
                               .ctx = s};
    bool all = str_eq(job->body, STR("all"));
    if (!all) {
        TRY(device_read(op, f, job->body, &d));
        TRY(look_at(s, op, &d));
        all = any_hit(s);
        *s = (struct search){.op = op, .f = f, .room = s->room};
    }
    if (all)
        TRY(record_find_each(op, f->rec, &walk));
    struct record_tx *tx = record_begin(op, f->rec);
    for (size_t i = 0; i < s->n_hits; i++)
        if (s->hits[i]->n)
            TRY(tell(op, f, s->hits[i], tx));
    record_tx_outbox_done(tx, job->job);
    return record_commit(tx);
}

static err look(struct op *op, struct fleet *f, const struct record_job *job)
{
    struct search *s = ARENA_NEW(op->arena, struct search);
    TRY(op_check(op));
    *s = (struct search){.op = op, .f = f};
    err e = look_with(op, f, job, s);
    arena_free(s->room);
    return e;
}

err recall_tick(struct op *op, struct fleet *f, size_t *ret_n)
{
    struct record_job *jobs;
    TRY(record_outbox_take(op, f->rec, STR(RECALL_QUEUE), LEASE_MS, JOBS_MAX, &jobs, ret_n));
    for (size_t i = 0; i < *ret_n; i++) {
        err e = look(op, f, &jobs[i]);
        TRY(command_after(op, f, &jobs[i], e));
    }
    return OK;
}

/* ---- held ---- */

static bool ends(str done)
{
    for (size_t i = 0; i < RECALL_DONE_N; i++)
        if (str_eq(done, str_of(RECALL_DONES[i].code)))
            return RECALL_DONES[i].ends;
    return false;
}

static err holds(struct op *op, struct search *s, const struct fleet_device *d, str *ret_id)
{
    TRY(look_at(s, op, d));
    for (size_t i = 0; i < s->n_hits && !ret_id->n; i++) {
        struct json *o = NULL;
        str text, id = s->hits[i]->k.r.id;
        if (!s->hits[i]->n)
            continue;
        TRY(record_kv_get(op, s->f->rec, recall_done_key(op, id, d->doc.id), &text));
        if (text.n)
            TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &o));
        if (!ends(json_get_str(o, STR("done"))))
            *ret_id = id;
    }
    return OK;
}

err recall_holds(struct op *op, struct fleet *f, const struct fleet_device *d, str *ret_id)
{
    struct search *s = ARENA_NEW(op->arena, struct search);
    TRY(op_check(op));
    *s = (struct search){.op = op, .f = f};
    *ret_id = STR_NONE;
    err e = holds(op, s, d, ret_id);
    arena_free(s->room);
    return e;
}
