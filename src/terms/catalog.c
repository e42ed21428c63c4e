/* Where a canonical leads: the record's, then a loaded release's, then R4's own. Among versions of
 * one source the highest counts, and of equal ones the newest. What only names a system
 * (not-present) counts last. A resource of the record is read in the asker's name before it takes
 * part, so that nobody learns from a value set that may not be seen. */
#include "terms/build_int.h"
#include "terms/doors_int.h"

bool archive_blob(const struct terms *t, uint32_t i, struct blob *ret)
{
    uint32_t n;
    const char *all = blob_rows(&t->archive, SEC_BLOBS, 1, &n);
    const struct archive_entry *e = &t->entries[i];
    return e->at <= n && e->n <= n - e->at && blob_view(str_make(all + e->at, e->n), ret);
}

static int entry_cmp(const struct terms *t, uint32_t i, uint32_t kind, str url)
{
    const struct archive_entry *e = &t->entries[i];
    if (e->kind != kind)
        return e->kind < kind ? -1 : 1;
    return str_cmp(blob_text(&t->archive, e->url), url);
}

static bool shipped(const struct terms *t, uint32_t kind, str url, str version, struct blob *ret)
{
    uint32_t lo = 0, hi = t->n_entries;
    bool any = false;
    str best = STR_NONE;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (entry_cmp(t, mid, kind, url) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < t->n_entries && entry_cmp(t, lo, kind, url) == 0; lo++) {
        str v = blob_text(&t->archive, t->entries[lo].version);
        bool fits = version.n ? str_eq(v, version) : !any || version_cmp(v, best) >= 0;
        if (fits && archive_blob(t, lo, ret)) {
            any = true;
            best = v;
        }
    }
    return any;
}

/* Better than what was found so far? */
static bool prefer(const struct kept *k, const struct kept *best)
{
    if (!best || k->origin != best->origin)
        return !best || k->origin > best->origin;
    int c = version_cmp(k->version, best->version);
    return c ? c > 0 : k->updated > best->updated;
}

/* The version wanted, or for SNOMED CT any date of the edition wanted. */
static bool version_fits(str has, str wanted)
{
    return !wanted.n || str_eq(has, wanted) ||
           (str_starts(wanted, STR("http://snomed.info/sct/")) && str_starts(has, wanted) &&
            str_starts(str_sub(has, wanted.n, SIZE_MAX), STR("/version/")));
}

static struct kept *kept_best(struct terms *t, uint32_t kind, str url, str version)
{
    struct kept *best = NULL;
    for (size_t i = kept_find(&t->list, kind, url); i < t->list.n; i++) {
        struct kept *k = t->list.at[i];
        if (k->kind != kind || !str_eq(k->url, url))
            break;
        bool stub = k->b.head && kind == BLOB_SYSTEM &&
                    blob_content(&k->b) == CONTENT_NOT_PRESENT && !version.n;
        if (!stub && version_fits(k->version, version) && prefer(k, best))
            best = k;
    }
    if (best)
        atomic_fetch_add(&best->refs, 1);
    return best;
}

static fhir_type type_of(uint32_t kind)
{
    static const char *const names[] = {"", "CodeSystem", "ValueSet", "ConceptMap"};
    return fhir_type_parse(str_of(names[kind <= BLOB_MAP ? kind : 0]));
}

/* A resource that is not held is compiled for this one question. */
static err compiled(struct ask *q, fhir_type type, const struct record_doc *doc, struct blob *ret)
{
    struct json *r;
    str block;
    TRY(record_parse(q->op, doc, &r));
    TRY(terms_compile(q->op, r, COMPILED_MAX, &block));
    if (!blob_view(block, ret))
        return fail(q->op, ERR_FAULT, "The %.*s could not be made ready.",
                    STR_ARG(fhir_type_name(type)));
    return OK;
}

static err use_kept(struct ask *q, struct kept *k, struct found *ret)
{
    struct record_doc doc;
    struct found f = {.b = k->b, .origin = k->origin, .rid = k->rid};
    if (!arena_on_reset(q->op->arena, kept_release, k)) {
        kept_release(k);
        return fail(q->op, ERR_UNAVAILABLE, "No memory for this question.");
    }
    if (k->origin == ORIGIN_RECORD && (!q->trusted || !f.b.head)) {
        fhir_type type = type_of(k->kind);
        TRY(q->trusted ? record_get(q->op, q->t->rec, k->rid, &doc)
                       : record_read(q->op, q->t->rec, type, k->id, &doc));
        if (!f.b.head)
            TRY(compiled(q, type, &doc, &f.b));
    }
    *ret = f;
    return OK;
}

err catalog_find(struct ask *q, uint32_t kind, str url, str version, struct found *ret)
{
    struct found f = {.origin = ORIGIN_SHIPPED};
    pthread_rwlock_rdlock(&q->t->lock);
    struct kept *k = kept_best(q->t, kind, url, version);
    pthread_rwlock_unlock(&q->t->lock);
    if (k)
        return use_kept(q, k, ret);
    if (!shipped(q->t, kind, url, version, &f.b))
        f.b.head = NULL;
    *ret = f;
    return OK;
}

err catalog_instance(struct ask *q, fhir_type type, str id, struct found *ret)
{
    struct record_doc doc;
    struct found f = {.origin = ORIGIN_GIVEN};
    if (!q->t->rec)
        return fail(q->op, ERR_NOT_FOUND, "There is no record here.");
    TRY(record_read(q->op, q->t->rec, type, id, &doc));
    TRY(compiled(q, type, &doc, &f.b));
    *ret = f;
    return OK;
}

/* All kept ones that are wanted, each with a reference that goes with the operation. */
static err hold_wanted(struct ask *q, uint32_t kind, const struct visitor *v, struct kept ***ret,
                       size_t *ret_n)
{
    struct terms *t = q->t;
    VEC(struct kept *) held = {0};
    pthread_rwlock_rdlock(&t->lock);
    for (size_t i = kept_find(&t->list, kind, STR_NONE); i < t->list.n; i++) {
        struct kept *k = t->list.at[i];
        if (k->kind != kind)
            break;
        size_t before = held.n;
        if (v->wanted(v->ctx, k->extra, k->more))
            VEC_PUSH(q->op->arena, &held, k);
        if (held.n > before)
            atomic_fetch_add(&k->refs, 1);
    }
    pthread_rwlock_unlock(&t->lock);
    *ret = held.at;
    *ret_n = held.n;
    return OK;
}

err catalog_each(struct ask *q, uint32_t kind, const struct visitor *v)
{
    struct kept **held;
    size_t n;
    err e = OK;
    TRY(hold_wanted(q, kind, v, &held, &n));
    for (size_t i = 0; i < n; i++) {
        struct found f;
        struct fault before = q->op->fault;
        err one = use_kept(q, held[i], &f);
        if (one == OK && e == OK)
            e = v->fn(v->ctx, &f.b);
        else if (one != OK)
            q->op->fault = before; /* what may not be seen, or cannot be used, takes no part */
    }
    for (uint32_t i = 0; e == OK && !v->kept_only && i < q->t->n_entries; i++) {
        struct blob b;
        if (q->t->entries[i].kind == kind && archive_blob(q->t, i, &b) &&
            v->wanted(v->ctx, blob_fact(&b, FACT_EXTRA), blob_fact(&b, FACT_MORE)))
            e = v->fn(v->ctx, &b);
    }
    return e == OK ? op_check(q->op) : e;
}

struct all_codes {
    str url;
    struct blob b;
};

static bool says_all(const void *ctx, str extra, str more)
{
    const struct all_codes *a = ctx;
    (void)more;
    return !a->b.head && str_eq(str_sub(extra, 0, str_find_char(extra, '|', 0)), a->url);
}

static err take_first(void *ctx, const struct blob *b)
{
    struct all_codes *a = ctx;
    if (!a->b.head)
        a->b = *b;
    return OK;
}

err catalog_all_codes(struct ask *q, str url, struct found *ret)
{
    struct all_codes a = {.url = url};
    TRY(catalog_each(q, BLOB_SYSTEM, &(struct visitor){says_all, take_first, &a, false}));
    *ret = (struct found){.b = a.b};
    return OK;
}

err ask_begin(struct ask *q, struct op *op, struct terms *t, bool trusted)
{
    *q = (struct ask){.op = op, .t = t, .trusted = trusted};
    map_init(&q->sets, op->arena);
    map_init(&q->systems, op->arena);
    return terms_sync(op, t);
}
