/* Which of a patient's own results wait until somebody told them. Invariants: a wish is as new as
 * the commit before it was asked for; while wishes cannot be read, results wait; staff, and results
 * from before the wish, are never touched. */
#include "record/consent_int.h"
#include "record/entry_int.h"
#include "record/release_int.h"

#include "base/time.h"

#include <pthread.h>
#include <stdatomic.h>

#define SLOT_BITS 12u
#define SLOTS (1u << SLOT_BITS)
#define CODES_MAX 16u

struct slot {
    uint64_t patient;
    unsigned written; /* counter of when it was read */
    bool any;         /* a wish other than now */
    struct record_release wish;
};
struct releases {
    pthread_mutex_t lock;
    struct slot at[SLOTS];
    atomic_uint written[SLOTS];
};

static size_t slot_of(uint64_t patient)
{
    return patient * UINT64_C(0x9E3779B97F4A7C15) >> (64 - SLOT_BITS);
}

err releases_new(struct op *op, struct record *rec)
{
    rec->releases = calloc(1, sizeof *rec->releases);
    if (!rec->releases)
        return fail(op, ERR_UNAVAILABLE, "No memory left to open the record.");
    pthread_mutex_init(&rec->releases->lock, NULL);
    for (size_t i = 0; i < SLOTS; i++)
        atomic_store(&rec->releases->written[i], 1);
    return OK;
}

void releases_free(struct record *rec)
{
    if (rec->releases)
        pthread_mutex_destroy(&rec->releases->lock);
    free(rec->releases);
}

void release_stale(struct record *rec, fhir_type type, uint64_t patient)
{
    if (type == rec->t_form)
        atomic_fetch_add(&rec->releases->written[slot_of(patient)], 1);
}

bool release_form(const struct json *resource)
{
    return str_eq(json_get_str(resource, STR("questionnaire")), STR(RECORD_RELEASE_FORM));
}

/* A result that is no more needs no holding back; one that cannot be asked for now is no such. */
static err read_withheld(struct op *op, struct record *rec, const struct json *item,
                         struct record_release *w)
{
    struct fhir_ref ref =
        fhir_ref_parse(json_str(json_path(item, "answer.0.valueReference.reference")));
    struct time_span until;
    struct store_doc d;
    if (!str_eq(json_get_str(item, STR("linkId")), STR(RELEASE_WITHHELD_ITEM)) ||
        w->n_withheld >= RECORD_WITHHELD_MAX || ref.kind != REF_LOCAL ||
        !time_parse(json_str(json_path(item, "answer.0.item.1.answer.0.valueDateTime")), &until) ||
        until.lo <= op->now)
        return OK;
    err e = id_resolve(op, rec, ref.type, ref.id, &d);
    if (e == ERR_NOT_FOUND || e == ERR_GONE)
        return OK;
    TRY(e);
    w->withheld[w->n_withheld].rid = d.rid;
    w->withheld[w->n_withheld++].until = until.lo;
    return OK;
}

static void read_item(const struct json *item, struct record_release *w)
{
    enum release_how how;
    struct time_span at;
    for (size_t i = 0; i < release_count(); i++) {
        if (!str_eq(json_get_str(item, STR("linkId")), release_category(i)))
            continue;
        if (release_how_parse(json_str(json_path(item, "answer.0.valueCoding.code")), &how) &&
            time_parse(json_str(json_path(item, "answer.0.item.0.answer.0.valueDateTime")), &at))
            w->wish[i] = (struct release_wish){how, at.lo};
    }
}

err release_load(struct op *op, struct record *rec, uint64_t patient, struct release_kept *ret)
{
    static const struct actor self = {.role = ROLE_SYSTEM, .purpose = PURPOSE_HOPERAT};
    struct matches m = {0};
    struct store_doc p;
    struct op inner;
    op_init(&inner, op->arena, &self, op->now);
    *ret = (struct release_kept){0};
    TRY(peek_named(&inner, rec, patient, &p));
    str query = arena_printf(op->arena, "patient=Patient/%.*s&questionnaire=" RECORD_RELEASE_FORM,
                             STR_ARG(doc_id(&inner, rec, patient, p.client_id)));
    TRY(match_some(&inner, rec, rec->t_form, query, 1, &m));
    ret->none = m.guard;
    if (m.n == 0)
        return OK;
    TRY(store_get(&inner, rec->store, m.docs[0].rid, &ret->doc));
    TRY(tree_of(&inner, rec, &ret->doc, &ret->tree));
    const struct json *items = JSON_GET(ret->tree, "item"), *one;
    for (size_t i = 0; (one = json_at(items, i)); i++) {
        read_item(one, &ret->w);
        TRY(read_withheld(&inner, rec, one, &ret->w));
    }
    return OK;
}

/* The wishes of a patient, out of memory when nothing was written since; false: there are none. */
bool release_wishes(struct op *op, struct record *rec, uint64_t patient, struct record_release *ret)
{
    struct releases *r = rec->releases;
    size_t i = slot_of(patient);
    unsigned written = atomic_load(&r->written[i]);
    struct release_kept kept;
    pthread_mutex_lock(&r->lock);
    struct slot s = r->at[i];
    pthread_mutex_unlock(&r->lock);
    if (s.patient != patient || s.written != written) {
        s = (struct slot){.patient = patient, .written = written};
        struct fault before = op->fault;
        if (release_load(op, rec, patient, &kept) != OK) {
            op->fault = before;
            *ret = (struct record_release){0};
            for (size_t k = 0; k < release_count(); k++) /* not known: held for this once */
                ret->wish[k] = (struct release_wish){RELEASE_WRITTEN, INT64_MIN};
            return true;
        }
        s.wish = kept.w;
        for (size_t k = 0; k < release_count(); k++)
            s.any |= s.wish.wish[k].how != RELEASE_NOW;
        s.any |= s.wish.n_withheld > 0;
        pthread_mutex_lock(&r->lock);
        r->at[i] = s;
        pthread_mutex_unlock(&r->lock);
    }
    *ret = s.wish;
    return s.any;
}

struct json *release_told(const struct json *tree)
{
    const struct json *tags = json_path(tree, "meta.tag");
    struct json *one;
    for (size_t i = 0; (one = json_at(tags, i)); i++)
        if (str_eq(json_get_str(one, STR("system")), STR(RECORD_RELEASE_TAG)))
            return one;
    return NULL;
}

err release_keep(struct op *op, struct record *rec, struct staged *s)
{
    struct record_release w;
    struct arena *a = op->arena;
    struct store_doc d;
    struct json *old, *meta, *tags;
    if (s->action != ACTION_UPDATE || !s->resource || !s->old_comp ||
        !release_type(fhir_type_name(s->type)) || !release_wishes(op, rec, s->old_comp, &w) ||
        release_told(s->resource))
        return OK;
    TRY(store_get(op, rec->store, s->rid, &d));
    if (d.deleted)
        return OK;
    TRY(tree_of(op, rec, &d, &old));
    if (!release_told(old))
        return OK;
    s->resource = json_dup(a, s->resource); /* a retry begins with what was sent */
    TRY(op_check(op));
    if (!JSON_GET(s->resource, "meta"))
        json_set(a, s->resource, STR("meta"), json_new(a, JSON_OBJECT));
    meta = JSON_GET(s->resource, "meta");
    if (!JSON_GET(meta, "tag"))
        json_set(a, meta, STR("tag"), json_new(a, JSON_ARRAY));
    tags = JSON_GET(meta, "tag");
    json_push(a, tags, release_told(old));
    return op_check(op);
}

static size_t codes_of(const struct json *tree, str *codes)
{
    const struct json *all = JSON_GET(tree, "category"), *one, *coding;
    size_t n = 0;
    for (size_t i = 0; (one = json_at(all, i)); i++)
        for (size_t k = 0; n < CODES_MAX && (coding = json_at(JSON_GET(one, "coding"), k)); k++)
            codes[n++] = json_get_str(coding, STR("code"));
    return n;
}

bool release_withheld(const struct op *op, const struct record_release *w, uint64_t rid)
{
    for (size_t i = 0; i < w->n_withheld; i++)
        if (w->withheld[i].rid == rid && op->now < w->withheld[i].until)
            return true;
    return false;
}

/* When its first version came: a newer one does not begin the wait anew. */
static int64_t first_time(struct op *op, struct record *rec, const struct store_doc *d)
{
    struct store_doc first;
    struct fault before = op->fault;
    if (d->vid == 1)
        return d->time;
    err e = store_get_version(op, rec->store, d->rid, 1, &first);
    op->fault = before;
    return e == OK ? first.time : d->time;
}

bool release_wished(struct op *op, struct record *rec, const struct record_release *w,
                    const struct store_doc *d, struct release_wish *ret)
{
    struct json *tree;
    str codes[CODES_MAX];
    struct fault before = op->fault;
    *ret = (struct release_wish){RELEASE_WRITTEN, INT64_MIN};
    if (tree_of(op, rec, d, &tree) != OK) {
        op->fault = before;
        return true;
    }
    size_t n = codes_of(tree, codes);
    size_t of = release_of(fhir_type_name(d->type), codes, n,
                           label_is_restricted(label_of_body(op, d->body)));
    if (of == RELEASE_NONE)
        return false;
    struct release_result r = {.category = of,
                               .when = d->time,
                               .first = first_time(op, rec, d),
                               .told = release_told(tree) != NULL};
    *ret = w->wish[of];
    return release_waits(ret, &r, op->now);
}

bool release_held(struct op *op, struct record *rec, const struct record_release *w,
                  const struct store_doc *d)
{
    struct release_wish wish;
    return release_withheld(op, w, d->rid) || release_wished(op, rec, w, d, &wish);
}

static bool for_a_patient(const struct op *op)
{
    return op->actor && op->actor->patient &&
           (op->actor->role == ROLE_PATIENT || op->actor->role == ROLE_HELPER);
}

bool release_hides(struct op *op, struct record *rec, const struct store_doc *d)
{
    struct record_release w;
    return for_a_patient(op) && d->comp == op->actor->patient &&
           release_type(fhir_type_name(d->type)) && release_wishes(op, rec, d->comp, &w) &&
           release_held(op, rec, &w, d);
}

bool release_by_exception(struct op *op, struct record *rec, const struct store_doc *d)
{
    struct record_release w;
    return release_wishes(op, rec, d->comp, &w) && release_withheld(op, &w, d->rid);
}

bool release_binds(struct op *op, struct record *rec, fhir_type type)
{
    struct record_release w;
    return for_a_patient(op) && release_type(fhir_type_name(type)) &&
           release_wishes(op, rec, op->actor->patient, &w);
}
