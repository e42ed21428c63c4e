/* Histories, newest first: of one resource from its versions, of types from the log, backwards.
 * Invariant: a version is shown only to who may see it as it was and the resource as it is now; of
 * a deleted version the one before it is asked about; one line in the trail tells of each page. */
#include "record/versions.h"

#include "record/record_int.h"

#define WINDOW_MIN 64u
#define WINDOW_MAX 4096u
#define FEED 4096u

struct walk {
    struct op *op;
    struct record *rec;
    const struct record_versions *q;
    struct record_page *page;
    size_t looked;
    bool cut;      /* enough was looked at */
    uint64_t t, k; /* the last one looked at: position of the next page */
};

static bool asked_type(const struct record_versions *q, fhir_type type)
{
    for (size_t i = 0; i < q->n_types; i++)
        if (q->types[i] == type)
            return true;
    return false;
}

/* What of a resource's content decides who may see this version. */
static err content_of(struct walk *w, const struct store_doc *d, struct store_doc *ret)
{
    *ret = *d;
    if (d->deleted && d->vid > 1)
        TRY(store_get_version(w->op, w->rec->store, d->rid, d->vid - 1, ret));
    return OK;
}

static err may_see(struct walk *w, const struct store_doc *d, bool *ret)
{
    struct store_doc now, then;
    *ret = false;
    TRY(content_of(w, d, &then));
    if (!access_may_see(w->op, w->rec, NULL, &then))
        return op_check(w->op);
    TRY(store_get(w->op, w->rec->store, d->rid, &now));
    if (now.vid != then.vid) {
        TRY(content_of(w, &now, &then));
        if (!access_may_see(w->op, w->rec, NULL, &then))
            return op_check(w->op);
    }
    *ret = true;
    return OK;
}

/* Was it current at some point of the time asked for? */
static err was_current(struct walk *w, const struct store_doc *d, bool *ret)
{
    const struct record_versions *q = w->q;
    struct store_doc after;
    *ret = true;
    if (!q->at_lo && !q->at_hi)
        return OK;
    if (d->time >= q->at_lo || d->time >= q->at_hi) {
        *ret = d->time < q->at_hi;
        return OK;
    }
    struct fault before = w->op->fault;
    err e = store_get_version(w->op, w->rec->store, d->rid, d->vid + 1, &after);
    if (e == ERR_NOT_FOUND)
        w->op->fault = before;
    else
        TRY(e);
    *ret = !d->deleted && (e != OK || after.time > q->at_lo);
    return OK;
}

static err offer(struct walk *w, const struct store_doc *d)
{
    bool shown;
    TRY(was_current(w, d, &shown));
    if (shown)
        TRY(may_see(w, d, &shown));
    if (shown)
        doc_fill(w->op, w->rec, d, &w->page->docs[w->page->n++]);
    return op_check(w->op);
}

/* Newest first within the window; from (t, k) downwards. */
static err backwards(struct walk *w, const struct store_change *c, size_t n, uint64_t t, uint64_t k)
{
    uint64_t patient = access_bound(w->op) ? w->op->actor->patient : 0;
    size_t start = n; /* of the transaction at hand */
    for (size_t i = n; i-- > 0 && !w->cut;) {
        while (start > i || (start > 0 && c[start - 1].t == c[i].t))
            start--;
        uint64_t at = i - start;
        if (c[i].t > t || (c[i].t == t && at >= k))
            continue;
        if (w->page->n == w->q->count || (!access_bound(w->op) && w->looked >= RECORD_LOG_MAX)) {
            w->cut = true;
            break;
        }
        TRY(search_late(w->op, w->looked++));
        w->t = c[i].t;
        w->k = at;
        struct store_doc d;
        if (c[i].time < w->q->since || !asked_type(w->q, c[i].type) ||
            (patient && c[i].comp != patient))
            continue;
        struct fault before = w->op->fault;
        err e = store_get_version(w->op, w->rec->store, c[i].rid, c[i].vid, &d);
        if (e == ERR_NOT_FOUND) { /* it went for good since the log was read */
            w->op->fault = before;
            continue;
        }
        TRY(e);
        TRY(offer(w, &d));
    }
    return OK;
}

struct changes {
    VEC(struct store_change) v;
};

/* All changes with from < t <= to, in a scratch arena. */
static err window(struct walk *w, struct op *op, uint64_t from, uint64_t to, struct changes *ret)
{
    size_t n = FEED;
    while (n > 0 && from < to) {
        struct store_change *c;
        err e = store_feed(op, w->rec->store, from, FEED, &c, &n);
        if (e != OK)
            return fail(w->op, e, "The log cannot be read.");
        for (size_t i = 0; i < n && c[i].t <= to; i++)
            VEC_PUSH(op->arena, &ret->v, c[i]);
        if (n)
            from = c[n - 1].t;
    }
    return op_check(op);
}

/* The number of the last change before time; times never go back along the log. */
static err last_before(struct walk *w, int64_t time, uint64_t *ret)
{
    uint64_t lo = 0, hi = store_now_t(w->rec->store);
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        struct store_change *c;
        size_t n;
        TRY(store_feed(w->op, w->rec->store, mid, 1, &c, &n));
        if (n && c[0].time < time)
            lo = c[0].t;
        else
            hi = mid;
    }
    *ret = lo;
    return OK;
}

static err along_log(struct walk *w, uint64_t t, uint64_t k)
{
    uint64_t first = 0, width = WINDOW_MIN, top = t;
    struct arena *scratch = arena_new(0);
    err e = scratch ? OK : fail(w->op, ERR_UNAVAILABLE, "No memory for this history.");
    if (e == OK && w->q->since != INT64_MIN)
        e = last_before(w, w->q->since, &first);
    while (e == OK && top > first && !w->cut) {
        uint64_t from = top - first > width ? top - width : first;
        struct changes c = {0};
        struct op inner;
        op_init(&inner, scratch, NULL, w->op->now);
        e = window(w, &inner, from, top, &c);
        if (e == OK)
            e = backwards(w, c.v.at, c.v.n, t, k);
        top = from;
        width = width < WINDOW_MAX ? width * 2 : width;
        arena_reset(scratch);
    }
    arena_free(scratch);
    return e;
}

static err of_types(struct walk *w, str at)
{
    uint64_t t, k = UINT64_MAX;
    str text;
    if (str_empty(at)) {
        t = store_now_t(w->rec->store);
        if (w->q->at_hi)
            TRY(last_before(w, w->q->at_hi, &t));
    } else if (!str_take_until(&at, '.', &text) || !str_to_u64(text, UINT64_MAX, &t) ||
               !str_to_u64(at, UINT64_MAX, &k)) {
        return fail(w->op, ERR_INVALID, "_page comes from the next link; use it unchanged.");
    }
    TRY(along_log(w, t, k));
    if (w->cut)
        w->page->next = arena_printf(w->op->arena, "%llu.%llu", (unsigned long long)w->t,
                                     (unsigned long long)w->k);
    return OK;
}

static err of_one(struct walk *w, str at)
{
    const struct record_versions *q = w->q;
    struct store_doc now, *old;
    uint64_t before = 0;
    size_t n;
    err e = id_get(w->op, w->rec, q->types[0], q->id, &now);
    if (e == ERR_NOT_FOUND)
        return read_missing(w->op, w->rec, q->types[0], q->id);
    TRY(e);
    struct store_doc then;
    TRY(content_of(w, &now, &then));
    TRY(access_doc(w->op, w->rec, ACTION_HISTORY, &then));
    if (!str_empty(at) && !str_to_u64(at, UINT32_MAX, &before))
        return fail(w->op, ERR_INVALID, "_page comes from the next link; use it unchanged.");
    w->page->docs[q->count].rid = now.rid; /* for the trail, should nothing be shown */
    do {
        TRY(store_history(w->op, w->rec->store, now.rid, (uint32_t)before, 100, &old, &n));
        for (size_t i = 0; i < n && !w->cut; i++) {
            if (old[i].time < q->since)
                return OK;
            w->cut = w->page->n == q->count;
            if (w->cut)
                break;
            before = old[i].vid;
            TRY(search_late(w->op, w->looked++));
            TRY(offer(w, &old[i]));
        }
    } while (n == 100 && !w->cut);
    if (w->cut)
        w->page->next = arena_printf(w->op->arena, "%llu", (unsigned long long)before);
    return OK;
}

/* The trail never changes: each AuditEvent has its one version. */
static err of_trail(struct op *op, struct record *rec, const struct record_versions *q, str at,
                    struct record_page *ret)
{
    const struct fhir_query *read;
    struct fhir_query asked;
    str since = STR_NONE;
    if (q->at_lo || q->at_hi)
        return fail(op, ERR_INVALID, "AuditEvents are asked for with _since, or searched by date.");
    if (!str_empty(q->id)) {
        ret->docs = ARENA_NEW(op->arena, struct record_doc);
        TRY(op_check(op));
        ret->n = 1;
        return audit_event_read(op, rec, q->id, ret->docs);
    }
    if (q->since != INT64_MIN)
        since = arena_printf(op->arena, "date=ge%.*s", STR_ARG(time_format(op->arena, q->since)));
    TRY(fhir_query_read(op, rec->t_audit, since, false, &read));
    asked = *read;
    asked.count = q->count;
    asked.page = at;
    TRY(audit_event_search(op, rec, &asked, ret));
    ret->has_total = false;
    return OK;
}

/* Could any version of the type be for the actor? Each is asked about on its own, later. */
bool record_may_history(struct op *op, struct record *rec, fhir_type type)
{
    struct access_request r = {.type = type,
                               .action = ACTION_HISTORY,
                               .patient = scopes_patient(op->actor),
                               .is_own = true,
                               .consented = consent_hopes(op, rec, type),
                               .listed = true,
                               .scopes_held = UINT32_MAX};
    struct access_verdict v;
    policy_access(op->actor, &r, &v);
    return v.allowed;
}

static err told(struct walk *w, const struct record_page *page)
{
    const struct record_versions *q = w->q;
    struct audit a = {.action = ACTION_HISTORY, .type = q->n_types == 1 ? q->types[0] : 0};
    if (!str_empty(q->id))
        a.rid = page->docs[q->count].rid;
    return page_told(w->op, w->rec, &a, 0, page);
}

err record_versions(struct op *op, struct record *rec, const struct record_versions *q,
                    struct record_page *ret)
{
    struct record_page page = {.docs = ARENA_ARRAY(op->arena, struct record_doc, q->count + 1u)};
    struct fhir_query bond = {
        .type = q->n_types == 1 ? q->types[0] : 0, .self = q->self, .page = q->page};
    struct walk w = {.op = op, .rec = rec, .q = q, .page = &page};
    str at;
    TRY(op_check(op));
    for (size_t i = 0; i < q->n_types && str_empty(q->id); i++)
        if (!record_may_history(op, rec, q->types[i]))
            TRY(access_plain(op, rec, ACTION_HISTORY, q->types[i]));
    TRY(page_take(op, rec, &bond, &at));
    if (q->n_types > 1 && asked_type(q, rec->t_audit))
        return fail(op, ERR_INVALID, "AuditEvent is served from the trail; ask for it by itself.");
    if (asked_type(q, rec->t_audit)) {
        TRY(of_trail(op, rec, q, at, &page));
    } else {
        TRY(str_empty(q->id) ? of_types(&w, at) : of_one(&w, at));
        TRY(told(&w, &page));
    }
    page.n_match = page.n;
    page.next = page_give(op, rec, &bond, page.next);
    page.prev = page_give(op, rec, &bond, page.prev);
    TRY(op_check(op));
    *ret = page;
    return OK;
}
