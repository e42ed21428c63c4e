/* _include and _revinclude: what the matches point at, and what points at them. Read from the keys,
 * not from the documents. Invariant: nothing twice, at most RECORD_INCLUDES_MAX, each asked of
 * policy on its own. */
#include "record/record_int.h"

#define LEVELS 2

struct includer {
    struct op *op;
    struct record *rec;
    struct record_page *page;
};

static bool have(const struct record_page *page, uint64_t rid)
{
    for (size_t i = 0; i < page->n; i++)
        if (page->docs[i].rid == rid)
            return true;
    return false;
}

static err add(struct includer *in, uint64_t rid, fhir_type type)
{
    struct record_page *page = in->page;
    struct store_doc d;
    struct plan all = {0};
    bool ok;
    if (page->n - page->n_match >= RECORD_INCLUDES_MAX || have(page, rid))
        return OK;
    TRY(search_fetch(in->op, in->rec, NULL, &all, rid, 0, &d, &ok));
    if (ok && (!type || d.type == type))
        doc_fill(in->op, in->rec, &d, &page->docs[page->n++]);
    return OK;
}

static bool number_of(const struct fhir_param *p, uint16_t number)
{
    for (size_t i = 0; p->alias && i < p->n_parts; i++)
        if (p->parts[i] == number)
            return true;
    return !p->alias && p->number == number;
}

static err forward(struct includer *in, const struct fhir_include *inc, uint64_t rid)
{
    str *keys;
    size_t n;
    TRY(store_keys(in->op, in->rec->store, rid, &keys, &n));
    for (size_t i = 0; i < n; i++) {
        str k = keys[i];
        uint16_t number;
        uint8_t tag;
        uint64_t target = 0;
        if (!take_u16(&k, &number) || (inc->param && !number_of(inc->param, number)) ||
            !take_u8(&k, &tag) || tag != TAG_REF || k.n != 6)
            continue;
        const struct fhir_param *p = fhir_param_get(number);
        if (!p || p->type != PARAM_REFERENCE)
            continue;
        for (uint8_t b; take_u8(&k, &b);)
            target = target << 8 | b;
        TRY(add(in, target, inc->target));
    }
    return OK;
}

static err backward(struct includer *in, const struct fhir_include *inc, const uint64_t *rids,
                    size_t n)
{
    struct clause_list l = {0};
    struct plan plan = {.q = {.type = inc->source,
                              .limit = RECORD_INCLUDES_MAX,
                              .keys_of = keys_of_stored,
                              .ctx = in->rec}};
    struct range_set s = {.op = in->op, .rec = in->rec};
    struct store_found found;
    if (!inc->param)
        return OK;
    for (size_t part = 0; part < (inc->param->alias ? inc->param->n_parts : 1u); part++)
        for (size_t i = 0; i < n; i++) {
            struct kb k =
                kb_param(inc->param->alias ? inc->param->parts[part] : inc->param->number);
            kb_u8(&k, TAG_REF);
            kb_low(&k, rids[i], 6);
            range_add(&s, IN_OR, range_prefix(in->op->arena, &k, STR_NONE, 0));
        }
    if (s.or.n == 0)
        return OK;
    clause_push(in->op, &l, (struct store_clause){.ranges = s.or.at, .n_ranges = s.or.n});
    TRY(access_search(in->op, in->rec, ACTION_SEARCH, inc->source, &l, &plan));
    plan.q.clauses = l.v.at;
    plan.q.n_clauses = l.v.n;
    if (plan.empty)
        return OK;
    TRY(store_search(in->op, in->rec->store, &plan.q, &found));
    for (size_t i = 0; i < found.n; i++)
        TRY(add(in, found.rids[i], 0));
    return OK;
}

/* One include over the documents [from, to) of the page. */
static err one(struct includer *in, const struct fhir_include *inc, size_t from, size_t to)
{
    uint64_t *rids = ARENA_ARRAY(in->op->arena, uint64_t, to - from);
    size_t n = 0;
    TRY(op_check(in->op));
    for (size_t i = from; i < to; i++)
        if (inc->reverse || !inc->source || in->page->docs[i].type == inc->source)
            rids[n++] = in->page->docs[i].rid;
    if (inc->reverse)
        return backward(in, inc, rids, n);
    for (size_t i = 0; i < n; i++)
        TRY(forward(in, inc, rids[i]));
    return OK;
}

err search_include(struct op *op, struct record *rec, const struct fhir_query *q,
                   struct record_page *page)
{
    struct includer in = {op, rec, page};
    size_t from = 0;
    for (int level = 0; level < LEVELS; level++) {
        size_t to = page->n;
        for (size_t i = 0; i < q->n_includes; i++)
            if (level == 0 || q->includes[i].iterate)
                TRY(one(&in, &q->includes[i], from, to));
        from = to;
    }
    return op_check(op);
}
