/* Passing over what is not marked: in the order of the results a walk goes from one place that the
 * asked leads are marked at to the next. Invariant: nothing that fits is passed over; what is met
 * is judged as ever. */
#include "store/marks_int.h"
#include "store/search_int.h"

#define LEADS_MAX 8u
#define STEPS_A_MARK 4u /* a descent for the mark, one to its place */

/* Is everything between lo and hi behind the same first bytes? */
static bool one_lead(const struct store_range *r, uint16_t param)
{
    char end[2 + STORE_LEAD_BYTES];
    if (r->lo.n < sizeof end || key_param(r->lo) != param)
        return false;
    memcpy(end, r->lo.p, sizeof end);
    size_t at = sizeof end;
    while (at > 2 && (unsigned char)end[at - 1] == 0xff)
        at--;
    if (at == 2)
        return false;
    end[at - 1]++;
    return str_cmp(r->hi, str_make(end, at)) <= 0;
}

static bool has_leads(const struct store_query *q, const struct store_clause *c)
{
    bool leads = c->kind == CLAUSE_RANGES && !c->negate && c->n_ranges && c->n_ranges <= LEADS_MAX;
    for (size_t i = 0; leads && i < c->n_ranges; i++)
        leads = one_lead(&c->ranges[i], q->marks.lead);
    return leads;
}

/* For walks along d->order, or the log; upwards unless d->falls. */
static err open_marks(struct drive *d, const struct store_clause *c, enum mark_kind kind)
{
    struct search *s = d->s;
    struct arena *a = s->op->arena;
    struct store_range *keys = ARENA_ARRAY(a, struct store_range, c->n_ranges);
    char *rooms = arena_alloc(a, c->n_ranges * (MARK_BYTES + 1));
    if (!keys || !rooms || arena_failed(a))
        return out_of_memory(s->op);
    for (size_t i = 0; i < c->n_ranges; i++) { /* the key itself: from it to what is next */
        char *room = rooms + i * (MARK_BYTES + 1);
        mark_key(room, kind, c->ranges[i].lo);
        room[MARK_BYTES] = 0;
        keys[i].lo = str_make(room, MARK_BYTES);
        keys[i].hi = str_make(room, MARK_BYTES + 1);
    }
    TRY(rids_open(s->op, s->v, s->q->type, keys, c->n_ranges, d->falls, &d->marks));
    d->marked = d->marks.wide ? NULL : c;
    buf_init(&d->room, a, 256);
    return OK;
}

static const struct store_clause *lead_of(const struct store_query *q)
{
    const struct store_clause *found = NULL;
    for (size_t i = 0; q->marks.lead && !found && i < q->n_clauses; i++)
        found = has_leads(q, &q->clauses[i]) ? &q->clauses[i] : NULL;
    return found;
}

err marks_open(struct drive *d)
{
    const struct store_query *q = d->s->q;
    bool by_key = q->sort.order == ORDER_KEY && q->sort.single && q->sort.param == q->marks.order;
    const struct store_clause *lead = by_key || q->sort.order == ORDER_TIME ? lead_of(q) : NULL;
    d->order = q->sort.param;
    d->falls = sort_falls(&q->sort);
    return lead ? open_marks(d, lead, by_key ? MARK_ORDER : MARK_LOG) : OK;
}

/* The next marked place from here on, in the order of the walk; false past the last. */
static err next_place(struct drive *d, uint64_t here, bool *ret)
{
    search_spend(d->s, STEPS_A_MARK);
    TRY(search_tick(d->s));
    TRY(rids_seek(d->s->op, &d->marks, here));
    d->place = d->marks.rid;
    *ret = d->marks.valid;
    return OK;
}

/* Keys of one place lie together; a walk downwards comes from behind all of them. */
static err go_to_place(struct drive *d, struct walk *w)
{
    static const char behind[] = "\xff\xff\xff\xff\xff\xff\xff\xff";
    const struct store_query *q = d->s->q;
    char key[2 + RID_BYTES + sizeof behind - 1] = {(char)(d->order >> 8), (char)d->order};
    bool falls = d->falls;
    rid_write(key + 2, d->place);
    memcpy(key + 2 + RID_BYTES, behind, sizeof behind - 1);
    buf_clear(&d->room);
    ekey_write(&d->room, q->type, str_make(key, falls ? sizeof key : 2 + RID_BYTES));
    if (!buf_ok(&d->room))
        return out_of_memory(d->s->op);
    return walk_seek(d->s->op, w, buf_str(&d->room), 0, falls);
}

err marks_pass_keys(struct drive *d, struct walk *w)
{
    char room[2 * KEY_MAX + 3];
    bool there = true;
    while (d->marked && w->valid) {
        uint64_t here = mark_place(ekey_key_in(room, w->ekey));
        if (d->placed && d->place == here)
            return OK;
        TRY(next_place(d, here, &there));
        d->placed = there;
        w->valid = there;
        if (there && d->place != here)
            TRY(go_to_place(d, w));
    }
    return OK;
}

err marks_pass_log(struct drive *d, struct store_cursor *c)
{
    bool there = true, falls = d->falls;
    char key[8];
    while (d->marked && c->valid) {
        uint64_t here = u64_read(c->key.p) >> MARK_LOG_BITS;
        if (d->placed && d->place == here)
            return OK;
        TRY(next_place(d, here, &there));
        d->placed = there;
        if (!there || d->place == here) {
            c->valid = there;
            continue;
        }
        u64_write(key, (d->place + falls) << MARK_LOG_BITS);
        TRY(d->s->v->s->ops->cursor_seek(d->s->op, c, str_make(key, 8), falls));
    }
    return OK;
}

typedef VEC(uint64_t) numbers;

/* What of a range fits all narrow clauses, after no more than *io_left keys. */
static err collect_range(struct drive *d, struct drive *m, const struct store_range *range,
                         numbers *out, size_t *io_left)
{
    struct search *s = d->s;
    struct arena *a = s->op->arena;
    struct walk w;
    char room[2 * KEY_MAX + 3];
    char end[2] = {(char)((m->order + 1u) >> 8), (char)(m->order + 1u)};
    bool fits = true, along = key_param(range->lo) == m->order &&
                              str_cmp(range->hi, str_make(end, sizeof end)) <= 0;
    if (str_cmp(range->lo, range->hi) >= 0)
        return OK;
    TRY(walk_open(s->op, s->v, ekey_make(a, s->q->type, range->lo),
                  ekey_make(a, s->q->type, range->hi), &w));
    err e = walk_seek(s->op, &w, w.lo, 0, false);
    for (m->placed = false; e == OK && *io_left;) {
        e = along ? marks_pass_keys(m, &w) : OK;
        if (e != OK || !w.valid)
            break;
        fits = mask_fits(range, ekey_key_in(room, w.ekey));
        e = fits ? drive_probe(d, 0, w.rid, &fits) : OK;
        if (e == OK && fits)
            VEC_PUSH(a, out, w.rid);
        if (e == OK)
            e = arena_failed(a) ? out_of_memory(s->op) : search_tick(s);
        if (e == OK)
            e = walk_next(s->op, &w);
        --*io_left;
    }
    walk_close(&w);
    return e;
}

static int by_rid(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

err marks_collect(struct drive *d, const struct store_clause *c, struct rids *ret)
{
    const struct store_query *q = d->s->q;
    const struct store_clause *lead = lead_of(q);
    struct drive m = {.s = d->s, .order = q->marks.order};
    numbers found = {.n = 0};
    size_t left = SORT_MAX, n = 0;
    if (!lead || c->kind != CLAUSE_RANGES || c->negate || !c->n_ranges ||
        key_param(c->ranges[0].lo) != m.order)
        return OK;
    TRY(open_marks(&m, lead, MARK_ORDER));
    for (size_t i = 0; i < c->n_ranges && left; i++)
        TRY(collect_range(d, &m, &c->ranges[i], &found, &left));
    if (!left || !m.marked)
        return OK;
    if (found.n)
        qsort(found.at, found.n, sizeof *found.at, by_rid);
    for (size_t i = 0; i < found.n; i++) {
        if (n == 0 || found.at[n - 1] != found.at[i])
            found.at[n++] = found.at[i];
    }
    rids_of_list(found.at, n, sort_falls(&q->sort) && q->sort.order == ORDER_RID, ret);
    return OK;
}
