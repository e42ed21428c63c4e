/* Search: plans of one type or several, pages filled from the store in its order, forwards and
 * back. Orders that the store does not keep are sort.c's, included resources include.c's.
 * Invariant: what a page shows is what the first page's moment showed, and never more than the
 * actor may see. */
#include "base/time.h"
#include "record/custom.h"
#include "record/record_int.h"

/* Where a page goes on: "f0.…": forwards in the first part, "b2.…": backwards in the third. What
 * follows is the store's own position. */
struct place {
    bool back;
    uint64_t part;
    str at;
};

static bool place_read(str text, size_t n, struct place *ret)
{
    str part;
    if (str_empty(text)) {
        *ret = (struct place){0};
        return true;
    }
    ret->back = text.p[0] == 'b';
    text = str_sub(text, 1, text.n);
    if (!str_take_until(&text, '.', &part) || !str_to_u64(part, n, &ret->part) || ret->part >= n)
        return false;
    ret->at = text;
    return text.n > 0;
}

static str place_write(struct op *op, const struct place *p)
{
    return arena_printf(op->arena, "%c%llu.%.*s", p->back ? 'b' : 'f', (unsigned long long)p->part,
                        STR_ARG(p->at));
}

/* One page being filled. edge: where its first hit stands, to go back from. */
struct filler {
    struct op *op;
    struct record *rec;
    struct search_part *parts;
    size_t n;
    struct record_page *page;
    struct place at, edge, on; /* on: where the next page goes on, on.at empty: nowhere */
    size_t looked, want;
};

static err ask(struct filler *f, struct search_part *p, size_t limit, struct store_found *ret)
{
    p->plan.q.after = f->at.at;
    p->plan.q.sort = f->n == 1 ? sort_in_store(p->q) : (struct store_sort){.order = ORDER_RID};
    p->plan.q.sort.backwards = f->at.back;
    p->plan.q.limit = limit;
    TRY(store_search(f->op, f->rec->store, &p->plan.q, ret));
    p->lead = ret->lead;
    p->led = ret->led;
    p->steps += ret->steps;
    f->page->t = ret->t;
    return OK;
}

/* Onto the page what of it may be seen and holds. */
static err show(struct filler *f, struct search_part *p, const struct store_found *found)
{
    struct search_got *got = ARENA_ARRAY(f->op->arena, struct search_got, found->n + 1);
    TRY(op_check(f->op));
    TRY(search_fetch_all(f->op, f->rec, &(struct search_wanted){p->q, &p->plan, found->t}, found,
                         got));
    for (size_t i = 0; i < found->n; i++) {
        if (got[i].ok)
            doc_fill(f->op, f->rec, &got[i].doc, &f->page->docs[f->page->n++]);
        p->kept += got[i].ok;
    }
    p->read += found->n;
    return OK;
}

#define AHEAD 32u

/* Is there anything from here on that would be shown? Where hits must be asked, they are: that a
 * page follows tells nothing of what is hidden. */
static err more_to_show(struct filler *f, struct search_part *p, bool *ret)
{
    struct store_found found = {.more = true};
    struct place here = f->at;
    *ret = false;
    while (!*ret && found.more && f->looked < RECORD_CANDIDATES_MAX) {
        TRY(ask(f, p, p->plan.verify ? AHEAD : 1, &found));
        *ret = found.n && !p->plan.verify;
        for (size_t i = 0; i < found.n && !*ret; i++) {
            struct store_doc d;
            TRY(search_late(f->op, i));
            TRY(search_fetch(f->op, f->rec, p->q, &p->plan, found.rids[i], found.t, &d, ret));
        }
        f->at.at = found.next;
        f->looked += found.n;
    }
    *ret |= found.more; /* the rest of a page that would cost too much is another's */
    f->at = here;
    return OK;
}

/* Asks for exactly what the page still lacks, so that a page ends where the store's answer ends. */
static err fill_part(struct filler *f, struct search_part *p)
{
    struct store_found found = {0};
    do {
        TRY(ask(f, p, f->want - f->page->n, &found));
        if (found.n && str_empty(f->edge.at))
            f->edge = (struct place){!f->at.back, f->at.part, found.back};
        TRY(show(f, p, &found));
        if (p->plan.q.total && !f->page->has_total) {
            f->page->has_total = true;
            f->page->total = found.total;
        }
        p->plan.q.total = false;
        f->at.at = found.next;
        f->looked += found.n;
    } while (f->page->n < f->want && found.more && f->looked < RECORD_CANDIDATES_MAX);
    bool on = found.more;
    if (on && p->plan.verify)
        TRY(more_to_show(f, p, &on));
    if (on)
        f->on = f->at;
    return op_check(f->op);
}

/* To the part after this one (before it, going back); false past the last. */
static bool step(struct filler *f)
{
    if (f->at.back ? f->at.part == 0 : f->at.part + 1 >= f->n)
        return false;
    f->at.part += f->at.back ? (uint64_t)-1 : 1;
    f->at.at = store_position(f->op, f->page->t, f->at.back);
    return true;
}

/* The page is full at a part's end: is there anything in those that follow? */
static err look_on(struct filler *f)
{
    while (step(f)) {
        struct search_part *p = &f->parts[f->at.part];
        bool on;
        if (p->plan.empty)
            continue;
        TRY(search_late(f->op, 0));
        TRY(more_to_show(f, p, &on));
        if (on) {
            f->on = f->at;
            return OK;
        }
    }
    return OK;
}

static void turn_round(struct record_page *page)
{
    for (size_t i = 0; i + 1 < page->n - i; i++) {
        struct record_doc d = page->docs[i];
        page->docs[i] = page->docs[page->n - 1 - i];
        page->docs[page->n - 1 - i] = d;
    }
}

static err fill(struct filler *f)
{
    const struct fhir_query *q = f->parts[0].q;
    struct record_page *page = f->page;
    if (!place_read(q->page, f->n, &f->at))
        return fail(f->op, ERR_INVALID,
                    "_page is not a position that this server gave; start at page one.");
    bool first = str_empty(q->page), back = f->at.back;
    page->t = store_now_t(f->rec->store);
    if (first && f->parts[0].plan.t) {
        struct store_sort sort =
            f->n == 1 ? sort_in_store(q) : (struct store_sort){.order = ORDER_RID};
        page->t = f->parts[0].plan.t;
        f->at.at = store_position_at(f->op, page->t, &sort, NULL);
    }
    f->want = q->count;
    do {
        struct search_part *p = &f->parts[f->at.part];
        if (!p->plan.empty)
            TRY(fill_part(f, p));
    } while (str_empty(f->on.at) && page->n < f->want && step(f));
    if (str_empty(f->on.at))
        TRY(look_on(f));
    bool more = !str_empty(f->on.at), edge = !str_empty(f->edge.at);
    str on = more ? place_write(f->op, &f->on) : STR_NONE;
    str other = edge && !first ? place_write(f->op, &f->edge) : STR_NONE;
    page->next = back ? other : on;
    page->prev = back ? on : other;
    if (back)
        turn_round(page);
    if (!more && first && !page->has_total) {
        page->has_total = true;
        page->total = page->n;
    }
    return op_check(f->op);
}

/* How many match, when hits must be looked at to know; an estimate takes them as they come. */
static err count_part(struct op *op, struct record *rec, struct search_part *p, uint64_t *sum)
{
    struct plan again = p->plan;
    struct store_found found;
    uint64_t n;
    if (again.empty)
        return OK;
    if (again.careful || (again.verify && p->q->total != TOTAL_ESTIMATE)) {
        TRY(search_count(op, rec, p, p->plan.t, &n));
        *sum += n;
        return OK;
    }
    again.q.limit = 0;
    again.q.total = true;
    again.q.after = again.t ? store_position(op, again.t, false) : STR_NONE;
    TRY(store_search(op, rec->store, &again.q, &found));
    p->lead = found.lead;
    p->led = found.led;
    p->steps += found.steps;
    *sum += found.total;
    return OK;
}

static err run(struct op *op, struct record *rec, struct search_part *parts, size_t n,
               struct record_page *ret)
{
    const struct fhir_query *q = parts[0].q;
    bool asked = q->total == TOTAL_ACCURATE || q->total == TOTAL_ESTIMATE;
    bool count = q->summary == SUMMARY_COUNT || q->count == 0;
    bool memory = q->n_sort && (n > 1 || sort_in_memory(q));
    bool apart = n > 1 || parts[0].plan.verify;
    if (count || (asked && apart && !memory)) {
        ret->has_total = true;
        for (size_t i = 0; i < n; i++)
            TRY(count_part(op, rec, &parts[i], &ret->total));
    }
    if (count)
        return OK;
    if (memory)
        return search_sorted(op, rec, parts, n, ret);
    parts[0].plan.q.total = asked && !apart;
    struct filler f = {.op = op, .rec = rec, .parts = parts, .n = n, .page = ret};
    return fill(&f);
}

/* Does it look at more than the resources it finds? */
static bool looks_further(const struct fhir_query *q)
{
    bool further = q->compartment == q->type && q->compartment;
    for (size_t i = 0; i < q->n; i++) {
        enum fhir_modifier m = q->clauses[i].modifier;
        further |= q->clauses[i].chain || m == MOD_LIST || m == MOD_ABOVE || m == MOD_BELOW;
    }
    return further;
}

/* The moment that all of it is looked at: of a later page that of the first one; of a first page
 * now, or 0 when what is found decides alone. */
static uint64_t moment(struct record *rec, const struct fhir_query *const *qs, size_t n)
{
    bool further = false, sorted = qs[0]->n_sort && (n > 1 || sort_in_memory(qs[0]));
    struct place at;
    uint64_t t = 0;
    for (size_t i = 0; i < n; i++)
        further |= looks_further(qs[i]);
    if (!further)
        return 0;
    if (str_empty(qs[0]->page))
        return store_now_t(rec->store);
    if (sorted)
        return sort_page_t(qs[0]->page);
    if (place_read(qs[0]->page, n, &at))
        t = store_position_t(at.at);
    return t;
}

static err search(struct op *op, struct record *rec, const struct fhir_query *const *qs, size_t n,
                  struct record_page *ret)
{
    struct search_part *parts = ARENA_ARRAY(op->arena, struct search_part, n);
    size_t room = qs[0]->count + (qs[0]->n_includes ? RECORD_INCLUDES_MAX : 0);
    struct record_page page = {.docs = arena_alloc(op->arena, (room + 1) * sizeof *page.docs)};
    int64_t start = time_mono_ns();
    TRY(op_check(op));
    uint64_t t = moment(rec, qs, n);
    for (size_t i = 0; i < n; i++) {
        parts[i].q = qs[i];
        TRY(plan_make(op, rec, qs[i], t, &parts[i].plan));
    }
    TRY(run(op, rec, parts, n, &page));
    page.n_match = page.n;
    if (qs[0]->n_includes)
        TRY(search_include(op, rec, qs[0], &page));
    TRY(search_told(op, rec, parts, n, &page));
    if (qs[0]->explain)
        TRY(search_explain(op, rec, parts, n, &page, start));
    *ret = page;
    return OK;
}

err record_search_types(struct op *op, struct record *rec, const struct fhir_query *const *qs,
                        size_t n, struct record_page *ret)
{
    const struct fhir_query **asked = ARENA_ARRAY(op->arena, const struct fhir_query *, n ? n : 1);
    struct record_page page = {0};
    TRY(op_check(op));
    if (n == 0) /* of no type that may be seen */
        return fail(op, ERR_INVALID, "Name the types to search with _type.");
    struct fhir_query whole = *qs[0];
    whole.type = n == 1 ? qs[0]->type : 0;
    str at;
    TRY(page_take(op, rec, &whole, &at));
    if (qs[0]->explain)
        TRY(access_plain(op, rec, ACTION_MANAGE, POLICY_TYPE_SYSTEM));
    for (size_t i = 0; i < n; i++) {
        struct fhir_query *q = ARENA_NEW(op->arena, struct fhir_query);
        TRY(op_check(op));
        *q = *qs[i];
        q->page = at;
        asked[i] = q;
        if (n > 1 && q->type == rec->t_audit)
            return fail(op, ERR_INVALID,
                        "AuditEvent is served from the trail; search it by itself.");
    }
    TRY(whole.type == rec->t_audit ? audit_event_search(op, rec, asked[0], &page)
                                   : search(op, rec, asked, n, &page));
    page.next = page_give(op, rec, &whole, page.next);
    page.prev = page_give(op, rec, &whole, page.prev);
    TRY(op_check(op));
    *ret = page;
    return OK;
}

err record_search(struct op *op, struct record *rec, const struct fhir_query *q,
                  struct record_page *ret)
{
    return record_search_types(op, rec, &q, 1, ret);
}

bool record_may_search(struct op *op, struct record *rec, fhir_type type)
{
    struct access_request q = {
        .type = type, .action = ACTION_SEARCH, .consented = consent_hopes(op, rec, type)};
    struct access_verdict v;
    policy_access(op->actor, &q, &v);
    return v.allowed;
}

bool record_may_ask(struct op *op, struct record *rec, const struct fhir_query *q)
{
    bool may = record_may_search(op, rec, q->type);
    for (size_t i = 0; may && i < q->n; i++) {
        const struct fhir_clause *c = &q->clauses[i];
        if (c->modifier == MOD_LIST)
            may = record_may_search(op, rec, fhir_type_parse(STR("List")));
        for (size_t k = 0; may && k < c->n_chain; k++)
            may = record_may_ask(op, rec, &c->chain[k]);
    }
    return may;
}

err record_ask_system(struct op *op, struct record *rec, enum action action)
{
    return access_plain(op, rec, action, POLICY_TYPE_SYSTEM);
}

err record_find(struct op *op, struct record *rec, fhir_type type, str query,
                struct record_page *ret)
{
    const struct fhir_query *q;
    TRY(record_query_read(op, rec, type, query, false, &q));
    return record_search(op, rec, q, ret);
}
