/* Bulk export. First the numbers of what belongs to it, from the plain heads of the versions in one
 * sweep of the store; later, when a file is fetched, the documents themselves as they were at t.
 * Bodies are opened in the sweep only for filters, or when the actor may not see everything.
 * Invariant: a document leaves only after policy was asked for whoever fetches it. */
#include "record/jobs.h"
#include "record/record_int.h"
#include "store/reader.h"

#define SCRATCH_EVERY 64u

struct sweep {
    struct op *op, inner;
    struct arena *scratch;
    struct record *rec;
    const struct record_export *x;
    struct store_reader *r;
    bool *types;       /* by fhir_type; NULL = all */
    uint64_t *members; /* sorted */
    size_t n_members, opened;
    VEC(struct record_export_found) found, later; /* later: what filters that are searches decide */
};

static int by_number(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return (a > b) - (a < b);
}

static err begin(struct op *op, struct record *rec, struct sweep *s)
{
    struct arena *scratch = arena_new(0);
    *s = (struct sweep){.op = op, .rec = rec, .scratch = scratch};
    if (!scratch)
        return fail(op, ERR_UNAVAILABLE, "No memory left to export.");
    op_init(&s->inner, scratch, op->actor, op->now);
    err e = store_reader_open(op, rec->store, &s->r);
    if (e != OK)
        arena_free(scratch);
    return e;
}

static err end(struct sweep *s, err e)
{
    if (e != OK && s->op->fault.code == OK)
        e = fail(s->op, e, "%.*s",
                 STR_ARG(s->inner.fault.n ? s->inner.fault.issues[0].message
                                          : STR("The store cannot be read.")));
    store_reader_close(s->r);
    arena_free(s->scratch);
    return e;
}

static void fresh(struct sweep *s)
{
    if (s->opened++ % SCRATCH_EVERY)
        return;
    arena_reset(s->scratch);
    op_init(&s->inner, s->scratch, s->op->actor, s->op->now);
}

/* Patients that the Group named at t. */
static err members_of(struct sweep *s)
{
    struct store_doc d;
    struct json *tree;
    struct fhir_ref_node *refs;
    VEC(uint64_t) out = {.n = 0};
    size_t n;
    bool there;
    fhir_type type = fhir_type_parse(STR("Group"));
    if (str_empty(s->x->group))
        return OK;
    err e = id_resolve(s->op, s->rec, type, s->x->group, &d);
    if (e == ERR_NOT_FOUND)
        return fail_not_found(s->op);
    TRY(e);
    TRY(store_reader_get(s->op, s->r, d.rid, s->x->t, &d, &there));
    if (!there || d.deleted)
        return fail_not_found(s->op);
    TRY(store_reader_body(s->op, s->r, &d));
    TRY(access_doc(s->op, s->rec, ACTION_READ, &d));
    TRY(tree_of(s->op, s->rec, &d, &tree));
    TRY(fhir_refs(s->op, tree, &refs, &n));
    for (size_t i = 0; i < n; i++)
        if (refs[i].ref.kind == REF_LOCAL && refs[i].ref.type == s->rec->t_patient &&
            id_resolve(s->op, s->rec, refs[i].ref.type, refs[i].ref.id, &d) == OK)
            VEC_PUSH(s->op->arena, &out, d.rid);
    if (out.n)
        qsort(out.at, out.n, sizeof *out.at, by_number);
    s->members = out.at;
    s->n_members = out.n;
    return op_check(s->op);
}

static err types_of(struct sweep *s)
{
    if (!s->x->n_types)
        return OK;
    s->types = ARENA_ARRAY(s->op->arena, bool, (size_t)FHIR_TYPE_COUNT + 1);
    for (size_t i = 0; s->types && i < s->x->n_types; i++)
        s->types[s->x->types[i]] = true;
    return op_check(s->op);
}

/* By the head alone. */
static bool belongs(const struct sweep *s, const struct store_doc *d)
{
    const struct record_export *x = s->x;
    if (d->time < x->since || (s->types && !s->types[d->type]))
        return false;
    if (d->deleted && x->since == INT64_MIN)
        return false;
    if (!x->patients)
        return true;
    if (!d->comp || !fhir_in_patient_compartment(d->type))
        return false;
    return str_empty(x->group) ||
           (s->n_members && bsearch(&d->comp, s->members, s->n_members, sizeof d->comp, by_number));
}

/* By the body, where that is needed. *ret_later: a filter that is a search may hold. */
static err matches(struct sweep *s, struct store_doc *d, bool *ret, bool *ret_later)
{
    *ret_later = false;
    bool filtered = false,
         every = s->op->actor && s->op->actor->role == ROLE_SYSTEM && !s->op->actor->scopes;
    for (size_t i = 0; i < s->x->n_filters; i++)
        filtered |= s->x->filters[i]->type == d->type;
    *ret = true;
    if (d->deleted || (every && !filtered))
        return OK;
    fresh(s);
    TRY(store_reader_body(&s->inner, s->r, d));
    *ret = every || access_may_see(&s->inner, s->rec, NULL, d);
    if (!*ret || !filtered)
        return op_check(&s->inner);
    struct json *tree;
    TRY(tree_shown(&s->inner, s->rec, d, &tree));
    *ret = false;
    for (size_t i = 0; i < s->x->n_filters && !*ret; i++) {
        const struct fhir_query *q = s->x->filters[i];
        if (q->type != d->type)
            continue;
        if (export_searches(q))
            *ret_later = true;
        else
            TRY(fhir_query_match(&s->inner, q, tree, ret));
    }
    *ret_later = *ret_later && !*ret;
    return OK;
}

/* What the filters that are searches let pass joins what was found. */
static err search_later(struct sweep *s)
{
    uint64_t *rids = ARENA_ARRAY(s->op->arena, uint64_t, s->later.n + 1);
    bool *holds = ARENA_ARRAY(s->op->arena, bool, s->later.n + 1);
    size_t *of = ARENA_ARRAY(s->op->arena, size_t, s->later.n + 1);
    bool *one = ARENA_ARRAY(s->op->arena, bool, s->later.n + 1);
    TRY(op_check(s->op));
    for (size_t i = 0; s->later.n && i < s->x->n_filters; i++) {
        struct export_filter f = {s->x->filters[i], s->x->t};
        size_t n = 0;
        if (!export_searches(f.q))
            continue;
        for (size_t k = 0; k < s->later.n; k++) {
            if (s->later.at[k].type != f.q->type || holds[k])
                continue;
            one[n] = false;
            of[n] = k;
            rids[n++] = s->later.at[k].rid;
        }
        TRY(export_filter(s->op, s->rec, &f, rids, n, one));
        for (size_t k = 0; k < n; k++)
            holds[of[k]] |= one[k];
    }
    for (size_t k = 0; k < s->later.n; k++)
        if (holds[k])
            VEC_PUSH(s->op->arena, &s->found, s->later.at[k]);
    return op_check(s->op);
}

static err sweep(struct sweep *s, uint64_t from, size_t max, uint64_t *ret_next)
{
    for (size_t i = 0; i < max; i++) {
        struct store_doc d;
        bool there, ok, later;
        if (i % 4096 == 0) { /* heads allocate nothing, errors might */
            s->opened = 0;
            fresh(s);
        }
        TRY(store_reader_next(&s->inner, s->r, from, s->x->t, &d, &there));
        if (!there) {
            *ret_next = 0;
            return OK;
        }
        from = d.rid + 1;
        if (!belongs(s, &d))
            continue;
        struct record_export_found f = {d.rid, store_reader_size(s->r), d.type, d.deleted};
        TRY(matches(s, &d, &ok, &later));
        if (ok)
            VEC_PUSH(s->op->arena, &s->found, f);
        if (later)
            VEC_PUSH(s->op->arena, &s->later, f);
        TRY(op_check(s->op));
    }
    *ret_next = from;
    return OK;
}

err record_export_slice(struct op *op, struct record *rec, const struct record_export *x,
                        uint64_t from, size_t max, struct record_export_found **ret, size_t *ret_n,
                        uint64_t *ret_next)
{
    struct sweep s;
    TRY(begin(op, rec, &s));
    s.x = x;
    err e = types_of(&s);
    if (e == OK)
        e = members_of(&s);
    if (e == OK)
        e = sweep(&s, from, max, ret_next);
    if (e == OK)
        e = search_later(&s);
    TRY(end(&s, e));
    *ret = s.found.at;
    *ret_n = s.found.n;
    return OK;
}

err record_export_check(struct op *op, struct record *rec, const struct record_export *x)
{
    struct sweep s;
    TRY(access_plain(op, rec, ACTION_EXPORT, POLICY_TYPE_SYSTEM));
    for (size_t i = 0; i < x->n_filters; i++)
        TRY(export_filter_check(op, rec, x->filters[i]));
    TRY(begin(op, rec, &s));
    s.x = x;
    TRY(end(&s, members_of(&s)));
    struct audit a = {.action = ACTION_EXPORT, .code = STR("export")};
    return audit_append(op, rec, &a);
}

static void gone(struct sweep *s, const struct store_doc *d, struct buf *out)
{
    str id = doc_id(&s->inner, s->rec, d->rid, d->client_id);
    buf_printf(out,
               "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{\"request\":{"
               "\"method\":\"DELETE\",\"url\":\"%.*s/%.*s\"}}]}\n",
               STR_ARG(fhir_type_name(d->type)), STR_ARG(id));
}

static err one(struct sweep *s, const struct record_export_file *f, uint64_t rid, struct buf *out)
{
    struct store_doc d;
    bool there;
    fresh(s);
    TRY(store_reader_get(&s->inner, s->r, rid, f->t, &d, &there));
    if (!there || d.deleted != f->deleted)
        return OK;
    TRY(store_reader_body(&s->inner, s->r, &d));
    if (!access_may_see(&s->inner, s->rec, NULL, &d))
        return op_check(&s->inner);
    if (d.deleted) {
        gone(s, &d, out);
        return OK;
    }
    struct record_doc doc;
    doc_fill(&s->inner, s->rec, &d, &doc);
    TRY(op_check(&s->inner));
    buf_add(out, doc.head);
    buf_add(out, doc.body);
    buf_char(out, '\n');
    return OK;
}

err record_export_write(struct op *op, struct record *rec, const struct record_export_file *f,
                        struct buf *out)
{
    struct sweep s;
    TRY(access_plain(op, rec, ACTION_EXPORT, POLICY_TYPE_SYSTEM));
    struct audit a = {.action = ACTION_EXPORT, .code = STR("export-file"), .detail = f->detail};
    TRY(audit_append(op, rec, &a));
    TRY(begin(op, rec, &s));
    err e = OK;
    for (size_t i = 0; e == OK && i < f->n; i++) {
        e = one(&s, f, f->rids[i], out);
        if (e == OK && !buf_ok(out))
            e = fail(op, ERR_TOO_LARGE, "The file is larger than an answer may be.");
    }
    return end(&s, e);
}
