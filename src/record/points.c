/* What names a resource that its patient shares with nobody tells that it is there: so the items
 * that name it are absent (rows `unshared` of spec/rules/redact.csv, and extensions), and where no
 * row lets an item go, or nothing is left of what the resource is made of, there is no resource.
 * Nothing is marked: the mark would tell. A bill itself is hidden by its own Consents alone.
 * Invariant: what cannot be told for sure hides. */
#include "record/clause_int.h"
#include "record/operations.h"
#include "record/points_int.h"

struct look {
    struct op *op; /* NULL: whatever it is, whoever asks */
    struct record *rec;
    uint64_t patient;
};

static bool is_named(str body, fhir_type t)
{
    str name = fhir_type_name(t);
    const char *p = body.p, *end = body.p + body.n;
    while (p < end && (p = memmem(p, (size_t)(end - p), name.p, name.n))) {
        p += name.n;
        if (p < end && (*p == '/' || *p == '"' || *p == '?'))
            return true;
    }
    return false;
}

static bool some_role_shares(fhir_type t)
{
    int shared;
    for (size_t i = 0; (shared = policy_shared_type(i)); i++)
        if (shared == t)
            return true;
    return false;
}

static bool shares(const struct actor *actor, fhir_type t)
{
    return t && policy_by_share(actor, ACTION_READ, t);
}

bool points_asks(const struct actor *actor)
{
    int t;
    for (size_t i = 0; (t = policy_shared_type(i)); i++)
        if (shares(actor, (fhir_type)t))
            return true;
    return false;
}

/* A Reference without a literal one says its type beside an identifier or a name. */
static fhir_type type_beside(const struct json *v)
{
    static const char *const may[] = {"id",      "type",     "_type",    "identifier",
                                      "display", "_display", "extension"};
    bool more = false;
    for (uint32_t i = 0; i < v->n; i++) {
        bool known = false;
        for (size_t k = 0; k < sizeof may / sizeof *may; k++)
            known |= str_eq(v->u.members[i].name, str_of(may[k]));
        if (!known)
            return 0;
        more |= str_eq(v->u.members[i].name, STR("identifier")) ||
                str_eq(v->u.members[i].name, STR("display"));
    }
    return more ? fhir_type_parse(json_get_str(v, STR("type"))) : 0;
}

static bool itself_hidden(const struct look *l, const struct fhir_ref *ref, fhir_type t)
{
    struct store_doc d;
    struct op *op = l->op;
    struct fault before = op->fault;
    err e = ERR_NOT_FOUND;
    if ((ref->kind == REF_LOCAL || ref->kind == REF_ABSOLUTE) && ref->type == t && ref->id.n)
        e = id_get(op, l->rec, t, ref->id, &d);
    op->fault = before;
    if (e == OK)
        return !access_may_see_itself(op, l->rec, &d);
    /* elsewhere, or not there: as any of the type would be */
    return e != ERR_NOT_FOUND || !l->patient || consent_hides_type(op, l->rec, l->patient, t, true);
}

static bool names_one(const struct look *l, const struct json *v)
{
    str text = json_get_str(v, STR("reference"));
    struct fhir_ref ref = fhir_ref_parse(text);
    fhir_type t = ref.type ? ref.type
                  : text.n ? fhir_type_parse(json_get_str(v, STR("type")))
                           : type_beside(v);
    str carried = json_get_str(v, STR("resourceType"));
    fhir_type inside = carried.n ? fhir_type_parse(carried) : 0;
    if (!l->op)
        return some_role_shares(t) || some_role_shares(inside);
    if (shares(l->op->actor, inside)) /* carried inside, whole: no row takes amounts out of it */
        return true;
    return shares(l->op->actor, t) && itself_hidden(l, &ref, t);
}

/* As deep as a document may be. */
static bool names(const struct look *l, const struct json *v)
{
    bool is = json_is(v, JSON_OBJECT) && names_one(l, v);
    for (uint32_t i = 0; json_is(v, JSON_ARRAY) && i < v->n && !is; i++)
        is = names(l, &v->u.items[i]);
    for (uint32_t i = 0; json_is(v, JSON_OBJECT) && i < v->n && !is; i++)
        is = names(l, &v->u.members[i].value);
    return is;
}

bool points_any(const struct json *resource)
{
    struct look l = {.op = NULL};
    for (uint32_t i = 0; i < resource->n; i++) /* what it is itself is no matter */
        if (names(&l, &resource->u.members[i].value))
            return true;
    return false;
}

/* Type/id, "type":"Type" and a resource inside all show in the text of a stored body. */
bool points_may(const struct actor *actor, str body)
{
    int t;
    for (size_t i = 0; (t = policy_shared_type(i)); i++)
        if (shares(actor, (fhir_type)t) && is_named(body, (fhir_type)t))
            return true;
    return false;
}

bool record_names_shared(struct op *op, struct record *rec, uint64_t rid, uint32_t vid)
{
    struct store_doc d;
    struct fault before = op->fault;
    int t;
    err e = store_get_version(op, rec->store, rid, vid, &d);
    if (e == OK && d.deleted && vid > 1)
        e = store_get_version(op, rec->store, rid, vid - 1, &d);
    op->fault = before;
    for (size_t i = 0; e == OK && (t = policy_shared_type(i)); i++)
        if (is_named(d.body, (fhir_type)t))
            return true;
    return e != OK;
}

static const struct redact_row *row_of(const struct actor *actor, fhir_type type, str member)
{
    const struct redact_set *set = redact_find(actor, (int)type);
    for (size_t i = 0; set && i < set->n; i++) {
        const struct redact_row *row = redact_row(set->at[i]);
        if (row->unshared && redact_names(row, member))
            return row;
    }
    return NULL;
}

/* Of one member of the first level. *io_whole: the resource goes with it. */
static void take(const struct look *l, const struct store_doc *d, const struct json_member *m,
                 redact_items *io, bool *io_whole)
{
    const struct redact_row *row = row_of(l->op->actor, d->type, m->name);
    bool list = json_is(&m->value, JSON_ARRAY), bill = shares(l->op->actor, d->type);
    bool part = row || bill || str_eq(m->name, STR("extension"));
    size_t n = list ? m->value.n : 1, gone = 0;
    for (size_t i = 0; i < n; i++) {
        struct redact_item it = {m->name, list ? i : SIZE_MAX};
        if (!names(l, list ? &m->value.u.items[i] : &m->value))
            continue;
        gone++;
        VEC_PUSH(l->op->arena, io, it);
    }
    *io_whole |= gone && (!part || (gone == n && row && row->whole));
}

static err look(struct op *op, struct record *rec, const struct store_doc *d,
                const struct json *tree, redact_items *ret, bool *ret_whole)
{
    struct look l = {op, rec, d->comp};
    *ret_whole = false;
    for (uint32_t i = 0; i < tree->n && !*ret_whole; i++)
        take(&l, d, &tree->u.members[i], ret, ret_whole);
    return op_check(op);
}

bool points_hide(struct op *op, struct record *rec, const struct store_doc *d)
{
    struct fault before = op->fault;
    redact_items items = {.n = 0};
    struct json *tree;
    bool whole = true;
    if (!op->actor || shares(op->actor, d->type) || !points_may(op->actor, d->body))
        return false;
    if (tree_of(op, rec, d, &tree) != OK || look(op, rec, d, tree, &items, &whole) != OK)
        whole = true;
    op->fault = before;
    return whole;
}

err points_items(struct op *op, struct record *rec, const struct store_doc *d,
                 const struct json *tree, redact_items *ret)
{
    bool whole;
    if (!op->actor || !points_may(op->actor, d->body))
        return OK;
    return look(op, rec, d, tree, ret, &whole);
}

struct store_clause points_clause(struct op *op, struct record *rec)
{
    struct range_set s = {.op = op, .rec = rec};
    struct kb k = kb_param(PARAM_POINTS);
    range_add(&s, IN_OR, range_prefix(op->arena, &k, STR_NONE, 0));
    return (struct store_clause){.ranges = s.or.at, .n_ranges = s.or.n};
}

struct reading {
    const struct actor *actor;
    fhir_type type;
    bool extensions;
};

/* A narrative may say what an item says. */
static bool may_go(void *ctx, str element)
{
    const struct reading *r = ctx;
    return str_eq(element, STR("text")) || (r->extensions && str_eq(element, STR("extension"))) ||
           row_of(r->actor, r->type, element);
}

bool points_reads(const struct op *op, fhir_type type, const struct fhir_param *p, bool as_order)
{
    struct reading r = {op->actor, type, !as_order || (p && p->type == PARAM_REFERENCE)};
    return p && points_asks(op->actor) && fhir_param_reads(p, may_go, &r);
}

err points_there(struct op *op, struct record *rec, fhir_type type, uint64_t patient, bool *ret)
{
    struct store_clause c = points_clause(op, rec);
    struct store_query q = {
        .type = type, .comp = patient, .clauses = &c, .n_clauses = 1, .limit = 1};
    struct store_found found = {0};
    TRY(op_check(op));
    TRY(store_search(op, rec->store, &q, &found));
    *ret = found.n > 0;
    return OK;
}
