/* $meta, $meta-add, $meta-delete: profiles, tags and security labels of one resource, or of all
 * that the actor may see. The keys know how many different ones there are, not what they are (they
 * are blind), so one visible holder of each is read. Invariant: a label that only hidden resources
 * have is not told; a change is an ordinary new version, with its line in the trail. */
#include "record/operations.h"
#include "record/record_int.h"
#include "store/reader.h"

#define DISTINCT_MAX 1000u
#define HOLDERS_MAX 50u

static const char *const lists[] = {"profile", "security", "tag"};
static const char *const params[] = {"_profile", "_security", "_tag"};
#define LISTS (sizeof lists / sizeof *lists)

static bool same(const struct json *a, const struct json *b)
{
    if (json_is(a, JSON_STRING) || json_is(b, JSON_STRING))
        return str_eq(json_str(a), json_str(b));
    return str_eq(json_get_str(a, STR("system")), json_get_str(b, STR("system"))) &&
           str_eq(json_get_str(a, STR("code")), json_get_str(b, STR("code")));
}

static bool holds(const struct json *list, const struct json *item)
{
    const struct json *one;
    for (size_t i = 0; (one = json_at(list, i)); i++)
        if (same(one, item))
            return true;
    return false;
}

/* Adds what list has to into's list of that name; true when there was something new. */
static bool add(struct arena *a, struct json *into, const char *name, const struct json *list)
{
    const struct json *one, *there = json_get(into, str_of(name));
    struct json *all = there ? json_dup(a, there) : json_new(a, JSON_ARRAY);
    bool any = false;
    for (size_t i = 0; (one = json_at(list, i)); i++)
        if (!holds(all, one)) {
            json_push(a, all, json_dup(a, one));
            any = true;
        }
    if (any)
        json_set(a, into, str_of(name), all);
    return any;
}

static bool take(struct arena *a, struct json *from, const char *name, const struct json *list)
{
    const struct json *one, *there = json_get(from, str_of(name));
    struct json *left = json_new(a, JSON_ARRAY);
    for (size_t i = 0; (one = json_at(there, i)); i++)
        if (!holds(list, one))
            json_push(a, left, json_dup(a, one));
    if (!there || left->n == there->n)
        return false;
    if (left->n)
        json_set(a, from, str_of(name), left);
    else
        json_unset(from, str_of(name));
    return true;
}

err record_meta(struct op *op, const struct record_doc *doc, struct json **ret)
{
    struct json *tree;
    TRY(record_parse(op, doc, &tree));
    struct json *meta = JSON_GET(tree, "meta");
    *ret = meta ? meta : json_new(op->arena, JSON_OBJECT);
    return op_check(op);
}

struct survey {
    struct op *op, inner;
    struct arena *scratch;
    struct record *rec;
    struct store_reader *r;
    struct json *meta;
    VEC(uint64_t) patients; /* whose resources were read: for the trail */
};

static void read_of(struct survey *s, uint64_t patient)
{
    bool known = patient == 0;
    for (size_t i = 0; i < s->patients.n && !known; i++)
        known = s->patients.at[i] == patient;
    if (!known)
        VEC_PUSH(s->op->arena, &s->patients, patient);
}

/* The first visible holder of a key says what it stands for. */
static err survey_key(struct survey *s, fhir_type type, size_t kind, str key)
{
    uint64_t *rids;
    size_t n;
    arena_reset(s->scratch);
    op_init(&s->inner, s->scratch, s->op->actor, s->op->now);
    TRY(store_reader_holders(&s->inner, s->r, type, key, HOLDERS_MAX, &rids, &n));
    for (size_t i = 0; i < n; i++) {
        struct store_doc d;
        struct json *tree;
        bool there;
        TRY(store_reader_get(&s->inner, s->r, rids[i], 0, &d, &there));
        if (!there || d.deleted)
            continue;
        TRY(store_reader_body(&s->inner, s->r, &d));
        if (!access_may_see(&s->inner, s->rec, NULL, &d))
            continue;
        TRY(tree_of(&s->inner, s->rec, &d, &tree));
        read_of(s, d.comp);
        (void)add(s->op->arena, s->meta, lists[kind],
                  json_get(JSON_GET(tree, "meta"), str_of(lists[kind])));
        return OK;
    }
    return OK;
}

static err survey_type(struct survey *s, fhir_type type)
{
    for (size_t kind = 0; kind < LISTS; kind++) {
        const struct fhir_param *p = fhir_param_find(type, str_of(params[kind]));
        str key = STR_NONE;
        if (!p)
            continue;
        struct kb k = kb_param(p->number);
        for (size_t n = 0;; n++) {
            TRY(search_late(s->op, n));
            TRY(store_reader_key(s->op, s->r, type, str_make(k.p, k.n), key, &key));
            if (!key.n)
                break;
            if (n >= DISTINCT_MAX)
                return fail(s->op, ERR_TOO_COSTLY,
                            "Resources of type %.*s have more than %u different ones of %s.",
                            STR_ARG(fhir_type_name(type)), DISTINCT_MAX, lists[kind]);
            err e = survey_key(s, type, kind, key);
            if (e != OK)
                return fail(s->op, e, "A resource cannot be read.");
        }
    }
    return OK;
}

err record_meta_all(struct op *op, struct record *rec, fhir_type type, struct json **ret)
{
    struct survey s = {
        .op = op, .rec = rec, .scratch = arena_new(0), .meta = json_new(op->arena, JSON_OBJECT)};
    if (!s.scratch)
        return fail(op, ERR_UNAVAILABLE, "No memory left for this.");
    err e = store_reader_open(op, rec->store, &s.r);
    for (fhir_type t = type ? type : 1; e == OK && t <= (type ? type : FHIR_TYPE_COUNT); t++)
        e = survey_type(&s, t);
    if (s.r)
        store_reader_close(s.r);
    arena_free(s.scratch);
    TRY(e);
    struct audit a = {.action = ACTION_READ, .type = type, .code = STR("meta")};
    struct record_page page = {.n = s.patients.n};
    page.docs = ARENA_ARRAY(op->arena, struct record_doc, page.n + 1);
    TRY(op_check(op));
    for (size_t i = 0; i < page.n; i++)
        page.docs[i].patient = s.patients.at[i];
    TRY(page_told(op, rec, &a, 0, &page));
    *ret = s.meta;
    return op_check(op);
}

static err change_once(struct op *op, struct record *rec, const struct record_meta_edit *edit,
                       struct record_doc *ret)
{
    struct json *tree, *meta;
    struct record_result r;
    bool any = false;
    TRY(record_read(op, rec, edit->type, edit->id, ret));
    TRY(version_check(op, edit->if_match, ret->vid));
    TRY(record_parse(op, ret, &tree));
    meta = json_dup(op->arena, JSON_GET(tree, "meta"));
    for (size_t i = 0; i < LISTS; i++) {
        const struct json *list = json_get(edit->meta, str_of(lists[i]));
        any |= edit->take_away ? take(op->arena, meta, lists[i], list)
                               : add(op->arena, meta, lists[i], list);
    }
    if (!any)
        return op_check(op);
    json_set(op->arena, tree, STR("meta"), meta);
    TRY(fhir_validate(op, tree));
    TRY(record_put(op, rec, edit->type, edit->id, tree, arena_printf(op->arena, "%u", ret->vid),
                   &r));
    *ret = r.doc;
    return OK;
}

err record_meta_change(struct op *op, struct record *rec, const struct record_meta_edit *edit,
                       struct record_doc *ret)
{
    for (int i = 0;; i++) {
        err e = change_once(op, rec, edit, ret);
        if (e == OK || edit->if_match.n || !commit_may_retry(op, &e, i))
            return e;
    }
}
