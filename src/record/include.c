/* _include and _revinclude: what the matches point at, and what points at them, as it was at the
 * moment of the page. Read from the keys, not from the documents. Invariant: nothing twice, at most
 * RECORD_INCLUDES_MAX, each asked of policy on its own; what is left out for want of room is told.
 */
#include "fhir/custom.h"
#include "record/clause_int.h"

#define LEVELS 16 /* of :iterate; each level is a round over what the one before brought */
#define SEEN_BITS 13u
#define SEEN (1u << SEEN_BITS)

struct includer {
    struct op *op;
    struct record *rec;
    struct record_page *page;
    uint64_t *seen; /* open addressing; 0 free */
    size_t n_seen;
};

/* True when it was not there yet. */
static bool note(struct includer *in, uint64_t rid)
{
    uint64_t at = rid * UINT64_C(0x9E3779B97F4A7C15) >> (64 - SEEN_BITS);
    while (in->seen[at] && in->seen[at] != rid)
        at = (at + 1) & (SEEN - 1);
    if (in->seen[at] == rid)
        return false;
    if (in->n_seen > SEEN / 2) {
        in->page->cut = true;
        return false;
    }
    in->seen[at] = rid;
    in->n_seen++;
    return true;
}

static err add(struct includer *in, uint64_t rid, fhir_type type)
{
    struct record_page *page = in->page;
    struct store_doc d;
    struct plan all = {0};
    bool ok;
    if (type) { /* not yet noted: another include may want it */
        struct store_doc peek;
        struct fault before = in->op->fault;
        if (store_peek(in->op, in->rec->store, rid, &peek) != OK || peek.type != type) {
            in->op->fault = before;
            return op_check(in->op);
        }
    }
    if (page->cut || !note(in, rid))
        return OK;
    TRY(search_late(in->op, in->n_seen));
    TRY(search_fetch(in->op, in->rec, NULL, &all, rid, page->t, &d, &ok));
    if (!ok)
        return OK;
    if (page->n - page->n_match >= RECORD_INCLUDES_MAX)
        page->cut = true;
    else
        doc_fill(in->op, in->rec, &d, &page->docs[page->n++]);
    return OK;
}

static bool made(const struct fhir_custom *c)
{
    return atomic_load(c->percent) >= 100;
}

/* Does the number stand for a reference that the reader is shown, of R4 or posted and ready? */
static bool refers(struct includer *in, fhir_type type, uint16_t number)
{
    const struct fhir_param *p = fhir_param_get(number);
    const struct fhir_custom *c = p ? NULL : custom_by_number(in->rec, number);
    p = c && made(c) ? &c->param : p;
    return p && p->type == PARAM_REFERENCE && !redact_hides(in->op, in->rec, type, p, false);
}

static bool number_of(const struct fhir_param *p, uint16_t number)
{
    for (size_t i = 0; p->alias && i < p->n_parts; i++)
        if (p->parts[i] == number)
            return true;
    return !p->alias && p->number == number;
}

/* The keys of what is shown, which may be a version from before. */
static err keys_shown(struct includer *in, const struct record_doc *doc, str **ret, size_t *ret_n)
{
    struct store_doc now;
    TRY(store_peek(in->op, in->rec->store, doc->rid, &now));
    if (now.vid == doc->vid)
        return store_keys(in->op, in->rec->store, doc->rid, ret, ret_n);
    TRY(store_get_version(in->op, in->rec->store, doc->rid, doc->vid, &now));
    return keys_of_stored(in->op, in->rec, &now, ret, ret_n);
}

static err forward(struct includer *in, const struct fhir_include *inc,
                   const struct record_doc *doc)
{
    str *keys;
    size_t n;
    TRY(keys_shown(in, doc, &keys, &n));
    for (size_t i = 0; i < n; i++) {
        str k = keys[i];
        uint16_t number;
        uint8_t tag;
        uint64_t target = 0;
        if (!take_u16(&k, &number) || (inc->param && !number_of(inc->param, number)) ||
            !take_u8(&k, &tag) || tag != TAG_REF || k.n != 6)
            continue;
        if (!refers(in, doc->type, number))
            continue;
        for (uint8_t b; take_u8(&k, &b);)
            target = target << 8 | b;
        TRY(add(in, target, inc->target));
    }
    return OK;
}

static void add_targets(struct range_set *s, const struct fhir_param *p, const uint64_t *rids,
                        size_t n)
{
    if (redact_hides(s->op, s->rec, p->base, p, true))
        return;
    for (size_t part = 0; part < (p->alias ? p->n_parts : 1u); part++)
        clause_targets(s, p->alias ? p->parts[part] : p->number, rids, n);
}

/* By every reference of the type. */
static void add_all(struct range_set *s, fhir_type source, const uint64_t *rids, size_t n)
{
    const struct fhir_customs *more = custom_now(s->rec);
    const struct fhir_param *p;
    for (size_t i = 0; (p = fhir_param_at(source, i)); i++)
        if (p->type == PARAM_REFERENCE && !p->alias)
            add_targets(s, p, rids, n);
    for (size_t i = 0; i < more->n; i++) {
        p = &more->rows[i].param;
        if (p->base == source && p->type == PARAM_REFERENCE && made(&more->rows[i]))
            add_targets(s, p, rids, n);
    }
}

/* What of one type points at any of rids, by one parameter or (NULL) by any. */
static err backward(struct includer *in, fhir_type source, const struct fhir_param *param,
                    const uint64_t *rids, size_t n)
{
    struct clause_list l = {0};
    struct plan plan = {.q = {.type = source,
                              .limit = RECORD_INCLUDES_MAX + 1,
                              .after = store_position(in->op, in->page->t, false),
                              .keys_of = keys_of_stored,
                              .ctx = in->rec}};
    struct range_set s = {.op = in->op, .rec = in->rec};
    struct store_found found;
    if (param)
        add_targets(&s, param, rids, n);
    else
        add_all(&s, source, rids, n);
    if (s.or.n == 0)
        return OK;
    clause_push(in->op, &l, (struct store_clause){.ranges = s.or.at, .n_ranges = s.or.n});
    TRY(access_search(in->op, in->rec, ACTION_SEARCH, source, &l, &plan));
    plan.q.clauses = l.v.at;
    plan.q.n_clauses = l.v.n;
    if (plan.empty)
        return OK;
    TRY(store_search(in->op, in->rec->store, &plan.q, &found));
    for (size_t i = 0; i < found.n; i++)
        TRY(add(in, found.rids[i], 0));
    return OK;
}

/* "*" backwards: every type that the actor may search at all. */
static err backward_all(struct includer *in, const uint64_t *rids, size_t n)
{
    for (fhir_type t = 1; t <= FHIR_TYPE_COUNT && !in->page->cut; t++)
        if (t != in->rec->t_audit && record_may_search(in->op, in->rec, t))
            TRY(backward(in, t, NULL, rids, n));
    return OK;
}

/* One include over the documents [from, to) of the page. */
static err one(struct includer *in, const struct fhir_include *inc, size_t from, size_t to)
{
    uint64_t *rids = ARENA_ARRAY(in->op->arena, uint64_t, to - from + 1);
    size_t n = 0;
    TRY(op_check(in->op));
    for (size_t i = from; i < to; i++) {
        const struct record_doc *d = &in->page->docs[i];
        bool fits = inc->reverse ? !inc->target || d->type == inc->target
                                 : !inc->source || d->type == inc->source;
        if (!fits)
            continue;
        if (inc->reverse)
            rids[n++] = d->rid;
        else
            TRY(forward(in, inc, d));
    }
    if (n == 0)
        return OK;
    return inc->source ? backward(in, inc->source, inc->param, rids, n) : backward_all(in, rids, n);
}

err search_include(struct op *op, struct record *rec, const struct fhir_query *q,
                   struct record_page *page)
{
    struct includer in = {.op = op, .rec = rec, .page = page};
    in.seen = arena_calloc(op->arena, SEEN, sizeof *in.seen);
    TRY(op_check(op));
    for (size_t i = 0; i < page->n; i++)
        (void)note(&in, page->docs[i].rid);
    size_t from = 0;
    for (int level = 0; level < LEVELS && from < page->n && !page->cut; level++) {
        size_t to = page->n;
        for (size_t i = 0; i < q->n_includes && !page->cut; i++)
            if (level == 0 || q->includes[i].iterate)
                TRY(one(&in, &q->includes[i], from, to));
        from = to;
    }
    for (size_t i = 0; i < q->n_includes; i++) /* a chain longer than LEVELS is cut, too */
        page->cut |= from < page->n && q->includes[i].iterate;
    return op_check(op);
}
