/* $everything: a whole record in one answer. What the compartment holds is read in one sweep and
 * served as stored; references are found in the text of the stored bodies, which our own writer
 * made, so no document is parsed (but for start and end, which need its dates).
 * Invariant: a page shows the first page's moment and nothing that policy does not show; what a
 * hidden document points at is not fetched on its behalf. */
#include "record/everything_int.h"

#define SCRATCH_EVERY 64u
#define PAGE_BYTES (32u << 20)
#define MORE_MAX 10000u

/* The scratch op starts anew now and then; what it failed of becomes the caller's. */
static err failed(struct gather *g, err e)
{
    if (e == OK || g->op->fault.code != OK)
        return e;
    return fail(g->op, e, "%.*s",
                STR_ARG(g->inner.fault.n ? g->inner.fault.issues[0].message
                                         : STR("The record cannot be read.")));
}

static bool listed(const struct gather *g, fhir_type type)
{
    for (size_t i = 0; i < g->q->n_types; i++)
        if (g->q->types[i] == type)
            return true;
    return g->q->n_types == 0;
}

static err show(struct gather *g, const struct store_doc *d, struct place at)
{
    struct record_doc doc;
    size_t bytes = d->body.n + 200;
    if (g->docs.n >= g->q->count || (g->docs.n && g->bytes + bytes > PAGE_BYTES)) {
        g->full = true;
        return OK;
    }
    struct store_doc kept = *d;
    kept.body = arena_str(g->op->arena, d->body);
    kept.client_id = arena_str(g->op->arena, d->client_id);
    doc_fill(g->op, g->rec, &kept, &doc);
    VEC_PUSH(g->op->arena, &g->docs, doc);
    g->bytes += bytes;
    g->last = at;
    return op_check(g->op);
}

static err add_reference(struct gather *g, str text)
{
    static char seen;
    struct store_doc d;
    if (map_get(&g->refs, text))
        return OK;
    text = arena_str(g->op->arena, text);
    struct fhir_ref ref = fhir_ref_parse(text);
    if (!map_put(&g->refs, text, &seen) || ref.kind != REF_LOCAL ||
        (!g->visit.n && fhir_in_patient_compartment(ref.type)))
        return op_check(g->op);
    err e = id_resolve(g->op, g->rec, ref.type, ref.id, &d);
    if (e == ERR_NOT_FOUND)
        return OK;
    TRY(e);
    if (g->more.n >= MORE_MAX)
        return fail(g->op, ERR_TOO_COSTLY, "The record points at more than %u other resources.",
                    MORE_MAX);
    VEC_PUSH(g->op->arena, &g->more, ((struct store_member){d.rid, d.type}));
    return op_check(g->op);
}

/* Stored bodies are compact JSON of our own writing: inside a string the quotes would be escaped.
 */
static err references(struct gather *g, str body)
{
    const str mark = STR("\"reference\":\"");
    const char *p = body.p, *end = body.p + body.n;
    while ((p = memmem(p, (size_t)(end - p), mark.p, mark.n))) {
        p += mark.n;
        const char *quote = memchr(p, '"', (size_t)(end - p));
        if (!quote)
            return OK;
        if (*p >= 'A' && *p <= 'Z')
            TRY(add_reference(g, str_make(p, (size_t)(quote - p))));
        p = quote;
    }
    return OK;
}

bool gather_names(str body, str name)
{
    const char *p = body.p, *end = body.p + body.n;
    while (name.n && (p = memmem(p, (size_t)(end - p), name.p, name.n))) {
        p += name.n;
        if (p < end && (*p == '"' || *p == '/'))
            return true;
    }
    return false;
}

/* Does one of its dates fall into the span? The common parameter "date" is R4's clinical date;
 * without one, any date parameter of the type says it; what has no date is always in. */
static err in_span(struct gather *g, const struct store_doc *d, bool *ret)
{
    struct json *tree;
    struct fhir_key *keys;
    size_t n;
    bool any = false, in = false;
    const struct fhir_param *date = fhir_param_find(d->type, STR("date"));
    TRY(tree_of(&g->inner, g->rec, d, &tree));
    TRY(fhir_keys(&g->inner, tree, &keys, &n));
    for (size_t i = 0; i < n && !in; i++) {
        if (keys[i].kind != KEY_DATE || (date && keys[i].param != date->number))
            continue;
        any = true;
        in = keys[i].lo < g->q->end && keys[i].hi > g->q->start;
    }
    *ret = in || !any || d->rid == g->subject;
    return OK;
}

/* What has been restricted since the first page is not shown by a later one. */
static err still_shown(struct gather *g, const struct store_doc *d, bool *ret)
{
    struct store_doc now;
    *ret = access_may_see(&g->inner, g->rec, NULL, d);
    if (!*ret || g->t == store_reader_t(g->r))
        return op_check(&g->inner);
    TRY(store_get(&g->inner, g->rec->store, d->rid, &now));
    *ret = now.vid == d->vid || access_may_see(&g->inner, g->rec, NULL, &now);
    return op_check(&g->inner);
}

/* Reads the member as it was; *ret_ok: it is part of the answer, filters of type and time apart. */
static err open_one(struct gather *g, struct store_member m, struct store_doc *d, bool *ret_ok)
{
    bool there;
    *ret_ok = false;
    if (g->opened++ % SCRATCH_EVERY == 0) {
        TRY(search_late(g->op, 0));
        arena_reset(g->scratch);
        op_init(&g->inner, g->scratch, g->op->actor, g->op->now);
    }
    TRY(store_reader_get(&g->inner, g->r, m.rid, g->t, d, &there));
    if (!there || d->deleted || d->type != m.type)
        return OK;
    if (!g->want_refs && (!listed(g, d->type) || d->time < g->q->since))
        return OK;
    TRY(store_reader_body(&g->inner, g->r, d));
    return still_shown(g, d, ret_ok);
}

static err member(struct gather *g, struct store_member m, bool shown)
{
    struct store_doc d;
    bool ok;
    TRY(failed(g, open_one(g, m, &d, &ok)));
    if (!ok || (g->visit.n && d.rid != g->subject && !gather_names(d.body, g->visit)))
        return OK;
    if (g->spanned)
        TRY(failed(g, in_span(g, &d, &ok)));
    if (!ok)
        return OK;
    VEC_PUSH(g->op->arena, &g->taken, d.rid);
    if (g->want_refs)
        TRY(references(g, d.body));
    if (!shown || !listed(g, d.type) || d.time < g->q->since)
        return OK;
    return show(g, &d, (struct place){d.rid != g->subject, m.type, m.rid});
}

static bool before(struct place at, struct place from)
{
    if (at.phase != from.phase)
        return at.phase < from.phase;
    return at.type != from.type ? at.type < from.type : at.rid <= from.rid;
}

static err members(struct gather *g)
{
    struct place from = g->from;
    for (size_t i = 0; i < g->members.n && !g->full; i++) {
        struct store_member m = g->members.at[i];
        bool first = m.rid == g->subject;
        struct place at = {first ? 0 : 1, m.type, m.rid};
        if (!from.rid || (!first && !before(at, from)))
            TRY(member(g, m, true));
    }
    return OK;
}

static int by_number(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return (a > b) - (a < b);
}

/* What the members point at. Those before the page's first are looked through again. */
static err pointed_at(struct gather *g)
{
    struct place from = g->from;
    for (size_t i = 0; from.rid && i < g->members.n; i++) {
        struct store_member m = g->members.at[i];
        struct place at = {m.rid == g->subject ? 0 : 1, m.type, m.rid};
        if (m.rid == g->subject || before(at, from))
            TRY(member(g, m, false));
    }
    if (g->taken.n)
        qsort(g->taken.at, g->taken.n, sizeof *g->taken.at, by_number);
    gather_sort(&g->more);
    for (size_t i = 0; i < g->more.n && !g->full; i++) {
        struct store_member m = g->more.at[i];
        struct place at = {2, m.type, m.rid};
        struct store_doc d;
        bool ok;
        if ((from.phase == 2 && before(at, from)) || !listed(g, m.type) ||
            bsearch(&m.rid, g->taken.at, g->taken.n, sizeof m.rid, by_number))
            continue;
        TRY(failed(g, open_one(g, m, &d, &ok)));
        if (ok && d.time >= g->q->since)
            TRY(show(g, &d, at));
    }
    return OK;
}

/* Is there need to know what the members point at? */
static bool wants_refs(const struct gather *g)
{
    for (size_t i = 0; i < g->q->n_types; i++)
        if (g->visit.n || !fhir_in_patient_compartment(g->q->types[i]))
            return true;
    return g->q->n_types == 0;
}

static err run(struct gather *g)
{
    TRY(failed(g, gather_members(g)));
    TRY(members(g));
    g->n_match = g->docs.n;
    if (!g->full && g->want_refs)
        TRY(pointed_at(g));
    return op_check(g->op);
}

static err told(struct gather *g)
{
    uint64_t patients[64] = {g->patient};
    size_t n = g->patient != 0;
    struct audit a = {.action = ACTION_READ,
                      .type = g->q->type,
                      .rid = g->subject,
                      .patients = patients,
                      .code = STR("everything")};
    for (size_t i = 0; i < g->docs.n && n < 64; i++) {
        uint64_t p = g->docs.at[i].patient;
        bool known = p == 0;
        for (size_t j = 0; j < n && !known; j++)
            known = patients[j] == p;
        if (!known)
            patients[n++] = p;
    }
    a.n_patients = n;
    return audit_append(g->op, g->rec, &a);
}

static err gathered(struct gather *g, struct record_page *ret)
{
    struct fhir_query q = {.type = g->q->type, .self = g->q->self, .page = g->q->page};
    TRY(place_take(g, &q));
    if (!g->t)
        g->t = store_reader_t(g->r);
    if (g->t > store_reader_t(g->r))
        return fail(g->op, ERR_INVALID, "_page does not belong to this record.");
    TRY(run(g));
    TRY(told(g));
    *ret = (struct record_page){.docs = g->docs.at, .n = g->docs.n, .n_match = g->n_match};
    if (g->full)
        ret->next = page_give(g->op, g->rec, &q, place_text(g));
    ret->has_total = !g->full && str_empty(g->q->page);
    ret->total = g->docs.n;
    return op_check(g->op);
}

err record_everything(struct op *op, struct record *rec, const struct record_everything *q,
                      struct record_page *ret)
{
    struct store_doc d;
    struct gather g = {.op = op, .rec = rec, .q = q};
    err e = id_get(op, rec, q->type, q->id, &d);
    if (e == ERR_NOT_FOUND)
        return read_missing(op, rec, q->type, q->id);
    TRY(e);
    TRY(access_doc(op, rec, ACTION_READ, &d));
    if (d.deleted)
        return fail(op, ERR_GONE, "The resource was deleted; its versions are in its history.");
    g.subject = d.rid;
    g.subject_type = d.type;
    g.patient = d.comp;
    g.spanned = q->start != INT64_MIN || q->end != INT64_MAX;
    if (q->type != rec->t_patient)
        g.visit = arena_printf(op->arena, "\"reference\":\"Encounter/%.*s", STR_ARG(q->id));
    g.want_refs = wants_refs(&g);
    map_init(&g.refs, op->arena);
    g.scratch = arena_new(0);
    if (!g.scratch)
        return fail(op, ERR_UNAVAILABLE, "No memory left to read the record.");
    op_init(&g.inner, g.scratch, op->actor, op->now);
    e = store_reader_open(op, rec->store, &g.r);
    if (e == OK) {
        e = gathered(&g, ret);
        store_reader_close(g.r);
    }
    arena_free(g.scratch);
    return e;
}
