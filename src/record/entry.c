/* One entry of a plan to staged writes: what is there is looked up, conditions and versions are
 * judged, patches applied. Invariant: whatever was looked up is guarded, by version or by the
 * condition itself, so that the commit fails if it no longer holds. */
#include "record/entry_int.h"

static void link_to(struct work *w, str from, fhir_type type, str id)
{
    struct arena *a = w->tx->op->arena;
    str *to = ARENA_NEW(a, str);
    *to = arena_printf(a, "%.*s/%.*s", STR_ARG(fhir_type_name(type)), STR_ARG(id));
    if (!str_empty(from) && !str_eq(from, *to))
        (void)map_put(&w->links, arena_str(a, from), to); /* a failed arena shows in op_check() */
}

static void linked(struct work *w, const struct fhir_entry *e, fhir_type type, str id)
{
    const struct staged *before = w->by_entry[e->index];
    link_to(w, e->full_url, type, id);
    if (before && !str_eq(before->id, id))
        link_to(w,
                arena_printf(w->tx->op->arena, "%.*s/%.*s", STR_ARG(fhir_type_name(type)),
                             STR_ARG(before->id)),
                type, id);
}

str entry_where(const struct work *w, const struct fhir_entry *e)
{
    return w->tx->bundle ? arena_printf(w->tx->op->arena, "Bundle.entry[%zu]", e->index) : STR_NONE;
}

/* A match is there: nothing is written. Who may create but not read learns its id only. */
static err unchanged(struct work *w, const struct fhir_entry *e, const struct store_doc *peek)
{
    struct op *op = w->tx->op;
    struct record_answer *a = &w->answers[e->index];
    struct store_doc d;
    TRY(store_get(op, w->tx->rec->store, peek->rid, &d));
    if (access_may_see(op, w->tx->rec, NULL, &d))
        TRY(read_doc(op, w->tx->rec, ACTION_READ, &d, &a->result.doc));
    a->result.type = d.type;
    a->result.id = doc_id(op, w->tx->rec, d.rid, d.client_id);
    a->result.vid = d.vid;
    a->result.updated = d.time;
    a->result.unchanged = true;
    a->result.created = false;
    linked(w, e, d.type, a->result.id);
    return op_check(op);
}

static struct staged *staged_for(struct work *w, const struct fhir_entry *e, enum action action)
{
    struct staged *s = stage_new(w->tx, action, e->type, e->resource);
    s->where = entry_where(w, e);
    return s;
}

/* The first entry of the transaction with this condition; later ones mean the same resource. */
static const struct fhir_entry *first_with(struct work *w, const struct fhir_entry *e)
{
    str condition = e->verb == VERB_POST ? e->if_none_exist : e->query;
    str key = arena_printf(w->tx->op->arena, "%u?%.*s", e->type, STR_ARG(condition));
    struct fhir_entry *first = map_get(&w->conditions, key);
    if (!first)
        (void)map_put(&w->conditions, key, &w->plan->entries[e->index]);
    return first;
}

static err stage_post(struct work *w, const struct fhir_entry *e)
{
    struct record_tx *tx = w->tx;
    struct matches m = {0};
    if (!str_empty(e->if_none_exist)) {
        TRY(match_some(tx->op, tx->rec, e->type, e->if_none_exist, 1, &m));
        if (m.n > 1)
            return fail_at(tx->op, ERR_PRECONDITION, entry_where(w, e),
                           "If-None-Exist matches several resources; make the condition narrower.");
        if (m.n == 1)
            return unchanged(w, e, &m.docs[0]);
        const struct fhir_entry *same = first_with(w, e);
        if (same && w->by_entry[same->index]) {
            linked(w, e, e->type, w->by_entry[same->index]->id);
            w->answers[e->index].result.unchanged = true;
            w->by_entry[e->index] = w->by_entry[same->index];
            return OK;
        }
    }
    struct staged *s = staged_for(w, e, ACTION_CREATE), *before = w->by_entry[e->index];
    if (before)
        s->rid = before->rid;
    s->none = m.guard;
    stage_name(tx, s, STR_NONE);
    linked(w, e, e->type, s->id);
    w->by_entry[e->index] = s;
    return OK;
}

/* To an actor bound to a patient, what is another's and what is not there are the same. */
static err not_theirs(struct work *w, const struct fhir_entry *e, const struct store_doc *there)
{
    struct audit a = {.action = e->verb == VERB_DELETE ? ACTION_DELETE : ACTION_UPDATE,
                      .type = e->type,
                      .id = there ? STR_NONE : e->id};
    if (there) {
        a.rid = there->rid;
        a.patients = &there->comp;
        a.n_patients = there->comp != 0;
    }
    return audit_refuse(w->tx->op, w->tx->rec, a, STR_NONE);
}

/* By id; *ret->n is 0 when it never was. */
static err find_id(struct work *w, const struct fhir_entry *e, str id, struct matches *ret)
{
    struct record_tx *tx = w->tx;
    struct store_doc *d = ARENA_NEW(tx->op->arena, struct store_doc);
    err r = id_resolve(tx->op, tx->rec, e->type, id, d);
    if (access_bound(tx->op) &&
        (r == ERR_NOT_FOUND || (r == OK && d->comp != tx->op->actor->patient)))
        return not_theirs(w, e, r == OK ? d : NULL);
    *ret = (struct matches){.docs = d, .n = r == OK};
    return r == ERR_NOT_FOUND ? OK : r;
}

/* What a PUT, PATCH or DELETE means: by id, or what its condition matches, at most max. */
static err find_old(struct work *w, const struct fhir_entry *e, size_t max, struct matches *ret)
{
    if (!str_empty(e->id))
        return find_id(w, e, e->id, ret);
    TRY(match_some(w->tx->op, w->tx->rec, e->type, e->query, max, ret));
    if (ret->n <= max)
        return OK;
    if (max > 1)
        return fail_at(w->tx->op, ERR_PRECONDITION, entry_where(w, e),
                       "The condition matches more than %zu resources, and no more are deleted at "
                       "once; make it narrower. Nothing was deleted.",
                       max);
    return fail_at(w->tx->op, ERR_PRECONDITION, entry_where(w, e),
                   "The condition matches several resources; make it narrower.");
}

/* If-None-Match of a write: * means that nothing may be there. */
static err none_match(struct work *w, const struct fhir_entry *e, const struct store_doc *old)
{
    str tag = str_trim(e->if_none_match);
    if (!tag.n || !old || old->deleted)
        return OK;
    if (str_eq(tag, STR("*")))
        return fail_at(w->tx->op, ERR_PRECONDITION, entry_where(w, e),
                       "The resource exists already, and If-None-Match: * allows only to create "
                       "it.");
    struct fault before = w->tx->op->fault;
    bool same = version_check(w->tx->op, tag, old->vid) == OK;
    w->tx->op->fault = before;
    if (same)
        return fail_at(w->tx->op, ERR_PRECONDITION, entry_where(w, e),
                       "The resource is at the version that If-None-Match excludes.");
    return OK;
}

/* Asked before any condition on what is there is judged: the answer to a condition tells whether it
 * is there, and at which version. old: NULL when nothing is. */
static err may_touch(struct work *w, const struct fhir_entry *e, enum action action,
                     const struct store_doc *old)
{
    struct staged s = {.action = old                       ? action
                                 : action == ACTION_UPDATE ? ACTION_CREATE
                                                           : action,
                       .type = e->type,
                       .rid = old ? old->rid : 0,
                       .old_comp = old ? old->comp : 0,
                       .id = e->id};
    return w->tx->bulk ? OK : access_change(w->tx->op, w->tx->rec, &s);
}

/* A conditional update without a match: the id in the body, if any, must be free. */
static err name_new(struct work *w, const struct fhir_entry *e, struct matches *m, str *ret_id)
{
    str id = json_get_str(e->resource, STR("id"));
    const struct fhir_entry *same = first_with(w, e);
    *ret_id = e->id;
    if (access_bound(w->tx->op)) /* they make nothing by PUT: readings come by POST */
        return not_theirs(w, e, NULL);
    if (same && same->index != e->index)
        return fail_at(w->tx->op, ERR_UNPROCESSABLE, entry_where(w, e),
                       "Another entry has the same condition, and nothing matches it yet; merge "
                       "the two.");
    if (str_empty(id))
        return OK;
    struct matches there = {0};
    TRY(find_id(w, e, id, &there));
    if (there.n && !there.docs[0].deleted)
        return fail_at(w->tx->op, ERR_CONFLICT, entry_where(w, e),
                       "Nothing matches the condition, but the id in the resource is that of "
                       "another one; leave the id out or change it.");
    if (there.n) {
        m->docs = there.docs;
        m->n = 1;
    }
    *ret_id = id;
    return OK;
}

static err stage_over_old(struct work *w, const struct fhir_entry *e, struct json *resource,
                          const struct matches *m)
{
    struct staged *s = staged_for(w, e, ACTION_UPDATE);
    s->resource = resource;
    s->versioned = !str_empty(e->if_match);
    s->revived = m->docs[0].deleted;
    s->none = m->guard;
    stage_over(w->tx, s, &m->docs[0]);
    linked(w, e, e->type, s->id);
    w->by_entry[e->index] = s;
    return OK;
}

static err stage_put(struct work *w, const struct fhir_entry *e)
{
    struct op *op = w->tx->op;
    struct matches m = {0};
    str id = e->id, own = json_get_str(e->resource, STR("id"));
    bool conditional = str_empty(e->id);
    TRY(find_old(w, e, 1, &m));
    const struct store_doc *old = m.n ? &m.docs[0] : NULL;
    TRY(may_touch(w, e, ACTION_UPDATE, old));
    TRY(none_match(w, e, old));
    TRY(version_check(op, e->if_match, old ? old->vid : 0));
    if (!old && conditional)
        TRY(name_new(w, e, &m, &id));
    else if (conditional && own.n && !str_eq(own, doc_id(op, w->tx->rec, old->rid, old->client_id)))
        return fail_at(op, ERR_INVALID, entry_where(w, e),
                       "The condition matches a resource with another id than the one in the "
                       "body; leave the id out, or write to the address of its id.");
    if (m.n)
        return stage_over_old(w, e, e->resource, &m);
    struct staged *s = staged_for(w, e, ACTION_CREATE), *before = w->by_entry[e->index];
    if (before && before->action == ACTION_CREATE)
        s->rid = before->rid;
    s->none = m.guard;
    stage_name(w->tx, s, id);
    linked(w, e, e->type, s->id);
    w->by_entry[e->index] = s;
    return OK;
}

/* Who patches sees what they change: a test could tell it anyway. */
static err stage_patch(struct work *w, const struct fhir_entry *e)
{
    struct op *op = w->tx->op;
    struct matches m = {0};
    struct store_doc d;
    struct record_doc doc;
    struct json *tree;
    TRY(find_old(w, e, 1, &m));
    if (!m.n && !str_empty(e->id))
        return read_missing(op, w->tx->rec, e->type, e->id);
    if (!m.n)
        return fail_at(op, ERR_NOT_FOUND, entry_where(w, e),
                       "The condition matches nothing, so there is nothing to patch.");
    TRY(store_get(op, w->tx->rec->store, m.docs[0].rid, &d));
    TRY(read_doc(op, w->tx->rec, ACTION_READ, &d, &doc));
    TRY(version_check(op, e->if_match, d.vid));
    TRY(record_parse(op, &doc, &tree));
    TRY(fhir_patch_apply(op, e->patch, tree));
    m.docs[0].vid = d.vid; /* what was patched is what is written over */
    return stage_over_old(w, e, tree, &m);
}

static void stage_end(struct work *w, const struct fhir_entry *e, const struct store_doc *old,
                      const struct guard *guard)
{
    struct staged *s = staged_for(w, e, ACTION_DELETE);
    s->resource = NULL;
    s->none = guard;
    stage_over(w->tx, s, old);
    if (!w->by_entry[e->index])
        w->by_entry[e->index] = s;
}

static err stage_delete(struct work *w, const struct fhir_entry *e)
{
    struct record_result *r = &w->answers[e->index].result;
    size_t max = e->many > RECORD_DELETE_MAX ? RECORD_DELETE_MAX : e->many ? e->many : 1;
    struct matches m = {0};
    TRY(find_old(w, e, max, &m));
    w->by_entry[e->index] = NULL;
    r->type = e->type;
    r->id = e->id;
    for (size_t i = 0; i < (m.n ? m.n : 1); i++)
        TRY(may_touch(w, e, ACTION_DELETE, m.n ? &m.docs[i] : NULL));
    if (m.n > 1 && !str_empty(e->if_match))
        return fail_at(w->tx->op, ERR_PRECONDITION, entry_where(w, e),
                       "The condition matches several resources, and If-Match names one version.");
    TRY(version_check(w->tx->op, e->if_match, m.n ? m.docs[0].vid : 0));
    for (size_t i = 0; i < m.n; i++) {
        if (m.docs[i].deleted)
            continue;
        stage_end(w, e, &m.docs[i], r->deleted ? NULL : m.guard);
        r->deleted++;
    }
    return OK;
}

err entry_stage(struct work *w, const struct fhir_entry *e)
{
    struct op *op = w->tx->op;
    if (e->verb == VERB_GET || e->verb == VERB_HEAD)
        return OK;
    if (e->type == w->tx->rec->t_audit)
        return fail_at(
            op, ERR_UNSUPPORTED, entry_where(w, e),
            "AuditEvents are made by the server from its trail; they cannot be written.");
    switch (e->verb) {
    case VERB_POST:
        return stage_post(w, e);
    case VERB_PUT:
        return stage_put(w, e);
    case VERB_PATCH:
        return stage_patch(w, e);
    case VERB_DELETE:
        return stage_delete(w, e);
    case VERB_GET:
    case VERB_HEAD:
        break;
    }
    return OK;
}
