/* References of a resource that is being written, to resource numbers. What this transaction writes
 * counts as there, what it deletes as gone. Invariant: after links_resolve() every local reference
 * has a target that exists, or the write has failed naming each one that has not. */
#include "record/points_int.h"

struct target *target_get(struct record_tx *tx, fhir_type type, str id)
{
    struct op *op = tx->op;
    char text[160];
    str name = fhir_type_name(type);
    if (name.n + id.n + 1 > sizeof text) {
        (void)fail(op, ERR_UNPROCESSABLE, "The id of a reference is too long.");
        return NULL;
    }
    memcpy(text, name.p, name.n);
    text[name.n] = '/';
    memcpy(text + name.n + 1, id.p, id.n);
    str key = str_make(text, name.n + 1 + id.n);
    struct target *t = map_get(&tx->targets, key);
    if (t)
        return t;
    t = ARENA_NEW(op->arena, struct target);
    struct store_doc d;
    err e = id_resolve(op, tx->rec, type, id, &d);
    if (e != OK && e != ERR_NOT_FOUND)
        return NULL;
    t->type = type;
    t->found = e == OK && !d.deleted;
    if (e == OK) {
        t->rid = d.rid;
        t->comp = d.comp;
    }
    return map_put(&tx->targets, arena_str(op->arena, key), t) ? t : NULL;
}

/* "Bundle.entry[3].resource.subject" for "Observation.subject". */
str links_path(struct record_tx *tx, const struct staged *s, str path)
{
    if (str_empty(s->where))
        return path;
    size_t dot = str_find_char(path, '.', 0);
    str tail = dot == SIZE_MAX ? STR_NONE : str_sub(path, dot, path.n);
    return arena_printf(tx->op->arena, "%.*s.resource%.*s", STR_ARG(s->where), STR_ARG(tail));
}

static err conditional(struct record_tx *tx, const struct staged *s, struct fhir_ref_node *node)
{
    struct op *op = tx->op;
    struct store_doc d;
    const struct guard *guard;
    size_t n;
    if (!tx->bundle && !tx->bulk)
        return fail_at(op, ERR_UNPROCESSABLE, links_path(tx, s, node->path),
                       "A conditional reference is allowed in a transaction only; name the id.");
    str query = node->ref.text;
    size_t mark = str_find_char(query, '?', 0);
    query = str_sub(query, mark == SIZE_MAX ? query.n : mark + 1, query.n);
    TRY(match_one(op, tx->rec, node->ref.type, query, &n, &d, &guard));
    if (n == 1 && !tx->bulk) {
        struct store_doc whole;
        TRY(store_get(op, tx->rec->store, d.rid, &whole));
        n = access_may_see(op, tx->rec, NULL, &whole) ? 1 : 0;
    }
    tx->unresolved |= n == 0;
    if (n != 1)
        return fail_at(op, ERR_PRECONDITION, links_path(tx, s, node->path),
                       "The conditional reference matches %s; it must match exactly one resource.",
                       n ? "several resources" : "nothing");
    str id = doc_id(op, tx->rec, d.rid, d.client_id);
    node->node->u.s =
        arena_printf(op->arena, "%.*s/%.*s", STR_ARG(fhir_type_name(d.type)), STR_ARG(id));
    node->ref = fhir_ref_parse(node->node->u.s);
    return op_check(op);
}

/* A reference that stands in the stored version already may outlive what it names: a case must not
 * freeze because a reading behind it was deleted. */
static err stood_before(struct record_tx *tx, const struct staged *s,
                        const struct fhir_ref_node *node, bool *ret)
{
    struct op *op = tx->op;
    struct store_doc old;
    struct json *tree;
    struct fhir_ref_node *nodes;
    size_t n;
    *ret = false;
    if (s->action != ACTION_UPDATE)
        return OK;
    TRY(store_get(op, tx->rec->store, s->rid, &old));
    if (old.deleted)
        return OK;
    TRY(tree_of(op, tx->rec, &old, &tree));
    TRY(fhir_refs(op, tree, &nodes, &n));
    for (size_t i = 0; i < n && !*ret; i++)
        *ret = nodes[i].ref.kind == REF_LOCAL && nodes[i].ref.type == node->ref.type &&
               str_eq(nodes[i].ref.id, node->ref.id);
    return OK;
}

/* What its patient shares with nobody is not there for who may not know of it. */
static err kept_from(struct record_tx *tx, const struct target *t, bool *ret)
{
    struct store_doc d;
    *ret = false;
    if (!t->found || t->staged || tx->bulk ||
        !policy_by_share(tx->op->actor, ACTION_READ, (int)t->type))
        return OK;
    TRY(store_get(tx->op, tx->rec->store, t->rid, &d));
    *ret = !access_may_see_itself(tx->op, tx->rec, &d);
    return op_check(tx->op);
}

static err resolve_one(struct record_tx *tx, struct staged *s, struct fhir_ref_node *node,
                       struct ref_use *use)
{
    struct op *op = tx->op;
    if (node->ref.kind == REF_CONDITIONAL)
        TRY(conditional(tx, s, node));
    use->path = node->path;
    if (node->ref.kind == REF_URN && str_starts(node->ref.text, STR("urn:uuid:")))
        return fail_at(op, ERR_UNPROCESSABLE, links_path(tx, s, node->path),
                       "No entry of the Bundle has the fullUrl that this reference names.");
    if (node->ref.kind != REF_LOCAL)
        return OK;
    use->target = target_get(tx, node->ref.type, node->ref.id);
    if (!use->target)
        return op_check(op) == OK ? ERR_FAULT : op->fault.code;
    bool kept = false, secret;
    TRY(kept_from(tx, use->target, &secret));
    bool there = use->target->found && !secret;
    if (!there && use->target->rid && !use->target->staged)
        TRY(stood_before(tx, s, node, &kept));
    if (kept)
        return OK;
    tx->unresolved |= !there;
    if (!there)
        return fail_at(op, ERR_UNPROCESSABLE, links_path(tx, s, node->path),
                       "The %.*s that this reference names does not exist; create it first, or in "
                       "the same transaction.",
                       STR_ARG(fhir_type_name(node->ref.type)));
    return OK;
}

err links_resolve(struct record_tx *tx, struct staged *s)
{
    struct fhir_ref_node *nodes;
    size_t n;
    err first = OK;
    TRY(fhir_refs(tx->op, s->resource, &nodes, &n));
    s->refs = ARENA_ARRAY(tx->op->arena, struct ref_use, n);
    s->n_refs = n;
    TRY(op_check(tx->op));
    for (size_t i = 0; i < n; i++) {
        err e = resolve_one(tx, s, &nodes[i], &s->refs[i]);
        if (first == OK)
            first = e;
    }
    return first;
}
