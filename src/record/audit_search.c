/* Search of the trail as AuditEvent: by patient, agent, entity, action, outcome, date and a few
 * more, newest first. The keys of the trail narrow by one parameter, the rest is checked line by
 * line. Invariant: a page position is a line's number, and the trail only grows, so pages never
 * shift. */
#include "record/record_int.h"

#define SCAN_MAX 100000u
#define ROUND 200u

struct asked {
    struct op *op;
    struct record *rec;
    const struct fhir_query *q;
    uint64_t patient; /* a bound actor's */
    int64_t from;     /* nothing older can match */
    uint64_t before;  /* lines from here on are too new */
    struct store_range range;
    bool ranged;
    uint64_t *const
        *numbers; /* [clause][value]: what a reference names, looked up once; 0 nothing */
};

static bool code_is(const struct fhir_clause *c, const char *code)
{
    return str_eq(str_of(c->param->code), str_of(code));
}

static bool date_fits(const struct fhir_value *v, int64_t t)
{
    switch (v->prefix) {
    case PREFIX_EQ:
    case PREFIX_AP:
        return t >= v->lo && t < v->hi;
    case PREFIX_NE:
        return t < v->lo || t >= v->hi;
    case PREFIX_GT:
    case PREFIX_SA:
        return t >= v->hi;
    case PREFIX_GE:
        return t >= v->lo;
    case PREFIX_LT:
    case PREFIX_EB:
        return t < v->lo;
    case PREFIX_LE:
        return t < v->hi;
    }
    return false;
}

/* The number that "Type/id" names; 0 when nothing. */
static uint64_t number_of(const struct asked *a, const struct fhir_value *v, fhir_type fallback)
{
    struct store_doc d;
    fhir_type type = v->ref.type ? v->ref.type : fallback;
    return type && id_resolve(a->op, a->rec, type, v->ref.id, &d) == OK ? d.rid : 0;
}

static bool has_patient(const struct audit_line *l, uint64_t rid)
{
    for (size_t i = 0; i < l->n_patients; i++)
        if (l->patients[i] == rid && rid)
            return true;
    return false;
}

static bool is_reference(const struct fhir_clause *c)
{
    return code_is(c, "patient") || code_is(c, "entity");
}

/* The trail may be long; names are turned into numbers before it is walked. */
static err resolve(struct asked *a)
{
    uint64_t **all = ARENA_ARRAY(a->op->arena, uint64_t *, a->q->n ? a->q->n : 1);
    for (size_t i = 0; all && i < a->q->n; i++) {
        const struct fhir_clause *c = &a->q->clauses[i];
        if (!is_reference(c))
            continue;
        all[i] = ARENA_ARRAY(a->op->arena, uint64_t, c->n);
        for (size_t j = 0; all[i] && j < c->n; j++)
            all[i][j] = number_of(a, &c->values[j], code_is(c, "patient") ? a->rec->t_patient : 0);
    }
    a->numbers = all;
    return op_check(a->op);
}

static bool names_line(const struct fhir_clause *c, uint64_t rid, const struct audit_line *l)
{
    return rid && (has_patient(l, rid) || (code_is(c, "entity") && rid == l->rid));
}

static bool value_fits(const struct fhir_clause *c, const struct fhir_value *v, int64_t time,
                       const struct audit_line *l)
{
    if (code_is(c, "date") || code_is(c, "_lastUpdated"))
        return date_fits(v, time);
    if (code_is(c, "agent"))
        return str_eq(l->reference, v->ref.text);
    if (code_is(c, "altid"))
        return str_eq(l->user, v->code);
    if (code_is(c, "action"))
        return str_eq(audit_action_code(l->action), v->code);
    if (code_is(c, "subtype"))
        return str_eq(audit_subtype_code(l), v->code);
    if (code_is(c, "type"))
        return str_eq(STR("rest"), v->code);
    return str_eq(l->outcome == OK ? STR("0") : STR("4"), v->code); /* outcome */
}

static bool fits(const struct asked *a, int64_t time, const struct audit_line *l)
{
    for (size_t i = 0; i < a->q->n; i++) {
        const struct fhir_clause *c = &a->q->clauses[i];
        bool any = false;
        for (size_t j = 0; j < c->n && !any; j++)
            any = is_reference(c) ? names_line(c, a->numbers[i][j], l)
                                  : value_fits(c, &c->values[j], time, l);
        if (any == (c->modifier == MOD_NOT))
            return false;
    }
    return !a->patient || has_patient(l, a->patient);
}

static void range_of(struct asked *a, enum audit_param param, uint64_t number)
{
    struct kb k = audit_key(a->rec, param, number);
    a->range = range_prefix(a->op->arena, &k, STR_NONE, 0);
    a->ranged = true;
}

/* The narrowest key that a single-valued clause gives: entity, patient, failure, agent, action. */
static void choose_range(struct asked *a)
{
    int best = 0;
    if (a->patient) {
        range_of(a, AUDIT_PATIENT, a->patient);
        best = 4;
    }
    for (size_t i = 0; i < a->q->n; i++) {
        const struct fhir_clause *c = &a->q->clauses[i];
        if (c->n != 1 || c->modifier == MOD_NOT)
            continue;
        const struct fhir_value *v = &c->values[0];
        uint64_t rid = is_reference(c) ? a->numbers[i][0] : 0;
        bool person = v->ref.type == a->rec->t_patient || code_is(c, "patient");
        if (rid && best < (person ? 4 : 5)) {
            best = person ? 4 : 5;
            range_of(a, person ? AUDIT_PATIENT : AUDIT_ENTITY, rid);
        } else if (code_is(c, "agent") && best < 3) {
            best = 3;
            range_of(a, AUDIT_AGENT, audit_user(a->rec, v->ref.text));
        } else if (code_is(c, "outcome") && str_eq(v->code, STR("4")) && best < 2) {
            best = 2;
            range_of(a, AUDIT_FAILED, 1);
        }
    }
}

static err newest(const struct asked *a, uint64_t *ret)
{
    struct store_trail_entry *e;
    size_t n;
    TRY(store_trail_find(a->op, a->rec->store, NULL, UINT64_MAX, 1, &e, &n));
    *ret = n ? e[0].seq : 0;
    return OK;
}

/* The first line at or after t, by halving: times never go back along the trail. */
static err first_at(const struct asked *a, int64_t t, uint64_t last, uint64_t *ret)
{
    uint64_t lo = 1, hi = last + 1;
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        struct store_trail_entry e;
        TRY(store_trail_read(a->op, a->rec->store, mid, &e));
        if (e.time < t)
            lo = mid + 1;
        else
            hi = mid;
    }
    *ret = lo;
    return OK;
}

static err span_of(struct asked *a)
{
    int64_t until = INT64_MAX;
    a->from = INT64_MIN;
    for (size_t i = 0; i < a->q->n; i++) {
        const struct fhir_clause *c = &a->q->clauses[i];
        if ((!code_is(c, "date") && !code_is(c, "_lastUpdated")) || c->n != 1)
            continue;
        const struct fhir_value *v = &c->values[0];
        bool at = v->prefix == PREFIX_EQ || v->prefix == PREFIX_AP;
        if ((at || v->prefix == PREFIX_GE || v->prefix == PREFIX_GT || v->prefix == PREFIX_SA) &&
            v->lo > a->from)
            a->from = v->lo;
        if ((at || v->prefix == PREFIX_LE || v->prefix == PREFIX_LT || v->prefix == PREFIX_EB) &&
            v->hi < until)
            until = v->hi;
    }
    uint64_t last, first;
    TRY(newest(a, &last));
    a->before = last + 1;
    if (until != INT64_MAX) {
        TRY(first_at(a, until, last, &first));
        a->before = first;
    }
    return OK;
}

static err supported(struct op *op, const struct fhir_query *q)
{
    static const char *const codes[] = {"date",  "_lastUpdated", "patient", "entity", "agent",
                                        "altid", "action",       "subtype", "type",   "outcome"};
    for (size_t i = 0; i < q->n; i++) {
        bool known = false;
        for (size_t j = 0; j < sizeof codes / sizeof *codes && !known; j++)
            known = code_is(&q->clauses[i], codes[j]);
        if (!known || q->clauses[i].chain ||
            (q->clauses[i].modifier != MOD_NONE && q->clauses[i].modifier != MOD_NOT &&
             q->clauses[i].modifier != MOD_TYPE))
            return fail(op, ERR_INVALID,
                        "AuditEvent cannot be searched by %s so; use date, patient, entity, agent, "
                        "altid, action, subtype, type or outcome.",
                        q->clauses[i].param->code);
    }
    for (size_t i = 0; i < q->n_sort; i++)
        if (!q->sort[i].descending ||
            (!str_eq(str_of(q->sort[i].param->code), STR("date")) &&
             !str_eq(str_of(q->sort[i].param->code), STR("_lastUpdated"))))
            return fail(op, ERR_INVALID,
                        "AuditEvents come newest first; only _sort=-date is possible.");
    return OK;
}

/* One line: shown on the page, counted, or passed over. *ret_done when the page is full. */
static err consider(struct asked *a, const struct store_trail_entry *e, struct record_page *page,
                    bool counting, bool *ret_done)
{
    struct audit_line line;
    if (!audit_decode(e->entry, &line))
        return fail(a->op, ERR_FAULT, "A line of the trail cannot be read; run weft audit verify.");
    if (!audit_narrow(a->op, &line) || !fits(a, e->time, &line))
        return OK;
    page->total++;
    if (counting)
        return OK;
    if (page->n == a->q->count) {
        *ret_done = true;
        return OK;
    }
    return audit_event_doc(a->op, a->rec, e->seq, e->time, &line, &page->docs[page->n++]);
}

static str position(const struct asked *a, const char *way, uint64_t before)
{
    return arena_printf(a->op->arena, "%s%llu.%llu", way, (unsigned long long)before,
                        (unsigned long long)a->before);
}

static err scan(struct asked *a, uint64_t before, bool counting, struct record_page *page)
{
    size_t looked = 0;
    bool done = false;
    while (!done && before > 1) {
        struct store_trail_entry *e;
        size_t n;
        TRY(search_late(a->op, 0));
        TRY(store_trail_find(a->op, a->rec->store, a->ranged ? &a->range : NULL, before, ROUND, &e,
                             &n));
        for (size_t i = 0; i < n && !done; i++) {
            if (e[i].time < a->from) {
                done = true;
                before = 0;
                break;
            }
            TRY(consider(a, &e[i], page, counting, &done));
            if (!done)
                before = e[i].seq;
        }
        looked += n;
        if (n < ROUND && !done)
            before = 0;
        if (looked >= SCAN_MAX && before > 1) {
            if (counting)
                return fail(a->op, ERR_TOO_COSTLY,
                            "Too many lines of the trail to count; narrow the search.");
            done = true;
        }
    }
    if (!counting && before > 1 && done)
        page->next = position(a, "", before);
    return op_check(a->op);
}

/* The page before the one that starts below `from`: the last `count` lines that fit on the way from
 * the newest down to there. */
static err scan_back(struct asked *a, uint64_t from, struct record_page *page)
{
    size_t n = 0, found = 0, looked = 0, count = a->q->count;
    struct store_trail_entry *e, *ring = ARENA_ARRAY(a->op->arena, struct store_trail_entry, count);
    struct record_page fits = {0};
    uint64_t before = a->before;
    bool unused = false;
    TRY(op_check(a->op));
    do {
        TRY(search_late(a->op, 0));
        TRY(store_trail_find(a->op, a->rec->store, a->ranged ? &a->range : NULL, before, ROUND, &e,
                             &n));
        for (size_t i = 0; i < n && e[i].seq >= from; i++) {
            TRY(consider(a, &e[i], &fits, true, &unused));
            if (fits.total > found)
                ring[found++ % count] = e[i];
        }
        before = n ? e[n - 1].seq : 0;
        looked += n;
        if (looked >= SCAN_MAX)
            return fail(a->op, ERR_TOO_COSTLY,
                        "Too many lines of the trail lie between; start at page one.");
    } while (n == ROUND && before > from);
    uint64_t first = 0;
    for (size_t i = found > count ? found - count : 0; i < found; i++) {
        const struct store_trail_entry *at = &ring[i % count];
        struct audit_line line;
        if (!audit_decode(at->entry, &line) || !audit_narrow(a->op, &line))
            continue;
        first = first ? first : at->seq;
        TRY(audit_event_doc(a->op, a->rec, at->seq, at->time, &line, &page->docs[page->n++]));
    }
    page->next = position(a, "", from);
    if (found > count)
        page->prev = position(a, "b", first + 1);
    return op_check(a->op);
}

/* Where a page starts and what was the newest line for the first one: "17.90", "b17.90" going back.
 */
static bool take_position(struct asked *a, uint64_t *ret_before, bool *ret_back)
{
    str text = a->q->page, before;
    uint64_t newest;
    if (str_empty(text))
        return true;
    *ret_back = text.p[0] == 'b';
    text = str_sub(text, *ret_back, text.n);
    if (!str_take_until(&text, '.', &before) || !str_to_u64(before, INT64_MAX, ret_before) ||
        !str_to_u64(text, INT64_MAX, &newest) || newest > a->before || *ret_before > newest)
        return false;
    a->before = newest;
    return true;
}

err audit_event_search(struct op *op, struct record *rec, const struct fhir_query *q,
                       struct record_page *ret)
{
    struct asked a = {.op = op, .rec = rec, .q = q};
    struct plan plan;
    struct record_page page = {.docs = ARENA_ARRAY(op->arena, struct record_doc, q->count + 1u)},
                       all = {0};
    TRY(audit_look(op, rec, &plan));
    TRY(supported(op, q));
    a.patient = plan.q.comp;
    TRY(resolve(&a));
    choose_range(&a);
    TRY(span_of(&a));
    uint64_t before = a.before;
    bool back = false, shows = !plan.empty && q->count && q->summary != SUMMARY_COUNT;
    if (!take_position(&a, &before, &back))
        return fail(op, ERR_INVALID,
                    "_page is not a position that this server gave; start at page one.");
    if (shows)
        TRY(back ? scan_back(&a, before, &page) : scan(&a, before, false, &page));
    if (shows && !back && !str_empty(q->page))
        page.prev = position(&a, "b", before);
    if (q->total == TOTAL_ACCURATE || q->count == 0 || q->summary == SUMMARY_COUNT) {
        if (!plan.empty)
            TRY(scan(&a, a.before, true, &all));
        page.has_total = true;
    }
    page.total = all.total;
    page.n_match = page.n;
    struct audit line = {.action = ACTION_SEARCH,
                         .type = rec->t_audit,
                         .patients = &a.patient,
                         .n_patients = a.patient != 0};
    TRY(audit_append(op, rec, &line));
    *ret = page;
    return OK;
}
