/* A plan of writes and reads. A transaction is one store transaction: everything is looked up,
 * staged and checked, then committed with guards on what was looked up; when somebody was faster,
 * all of it is done again. A batch is its entries one by one. Single creates, updates and deletes
 * are plans of one. Invariant: a new resource keeps its number over the retries, so links stay
 * right. */
#include "record/record_int.h"

struct work {
    struct record_tx *tx;
    const struct fhir_plan *plan;
    struct record_answer *answers;
    struct staged **by_entry;
    struct map conditions; /* "type?condition" to its first entry */
    struct map links;      /* fullUrl and former names to str * "Type/id" */
};

err version_check(struct op *op, str if_match, uint32_t vid)
{
    uint64_t asked;
    if (str_empty(if_match))
        return OK;
    if (str_starts(if_match, STR("W/\"")) && str_ends(if_match, STR("\"")) && if_match.n > 3)
        if_match = str_sub(if_match, 3, if_match.n - 1); /* as a Bundle's request.ifMatch says it */
    if (!str_to_u64(if_match, STORE_VID_MAX, &asked))
        return fail(op, ERR_INVALID,
                    "If-Match takes the version number of the resource, as W/\"3\".");
    if (asked != vid)
        return fail(op, ERR_PRECONDITION,
                    "The resource was changed since: it is not at the version that If-Match names. "
                    "Read it again and repeat the change.");
    return OK;
}

err match_one(struct op *op, struct record *rec, fhir_type type, str query, size_t *ret_n,
              struct store_doc *ret, const struct guard **ret_guard)
{
    const struct fhir_query *q;
    struct plan plan;
    struct guard_found found;
    *ret_guard = NULL;
    TRY(fhir_query_read(op, type, query, false, &q));
    if (q->n == 0)
        return fail(op, ERR_INVALID, "A condition needs at least one search parameter.");
    TRY(plan_condition(op, rec, q, &plan));
    TRY(guard_look(op, rec, q, &plan, &found));
    struct record_doc seen[2];
    struct record_page page = {.docs = seen};
    for (size_t i = found.n < 2 ? found.n : 2; i-- > 0;) {
        TRY(peek_named(op, rec, found.rids[i], ret));
        seen[page.n++].patient = ret->comp;
    }
    if (!plan.own)
        TRY(search_told(op, rec, &(struct search_part){.q = q, .plan = plan}, 1, &page));
    *ret_guard = found.guard;
    *ret_n = found.n;
    return op_check(op);
}

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

static str where_of(struct work *w, const struct fhir_entry *e)
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
    s->where = where_of(w, e);
    return s;
}

/* The first entry of the transaction with this condition; later ones mean the same resource. */
static const struct fhir_entry *first_with(struct work *w, const struct fhir_entry *e)
{
    str key = arena_printf(w->tx->op->arena, "%u?%.*s", e->type, STR_ARG(e->if_none_exist));
    struct fhir_entry *first = map_get(&w->conditions, key);
    if (!first)
        (void)map_put(&w->conditions, key, &w->plan->entries[e->index]);
    return first;
}

static err stage_post(struct work *w, const struct fhir_entry *e)
{
    struct record_tx *tx = w->tx;
    const struct guard *guard = NULL;
    if (!str_empty(e->if_none_exist)) {
        struct store_doc d;
        size_t n;
        TRY(match_one(tx->op, tx->rec, e->type, e->if_none_exist, &n, &d, &guard));
        if (n > 1)
            return fail_at(tx->op, ERR_PRECONDITION, where_of(w, e),
                           "If-None-Exist matches several resources; make the condition narrower.");
        if (n == 1)
            return unchanged(w, e, &d);
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
    s->none = guard;
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

/* What a PUT or DELETE means: by id, or the one match of its condition. */
static err find_old(struct work *w, const struct fhir_entry *e, bool *ret_there,
                    struct store_doc *ret, const struct guard **ret_guard)
{
    struct record_tx *tx = w->tx;
    size_t n = 0;
    *ret_guard = NULL;
    *ret_there = false;
    if (str_empty(e->id)) {
        TRY(match_one(tx->op, tx->rec, e->type, e->query, &n, ret, ret_guard));
        if (n > 1)
            return fail_at(tx->op, ERR_PRECONDITION, where_of(w, e),
                           "The condition matches several resources; make it narrower.");
        *ret_there = n == 1;
        return OK;
    }
    err r = id_resolve(tx->op, tx->rec, e->type, e->id, ret);
    *ret_there = r == OK;
    if (access_bound(tx->op) &&
        (r == ERR_NOT_FOUND || (r == OK && ret->comp != tx->op->actor->patient)))
        return not_theirs(w, e, r == OK ? ret : NULL);
    return r == ERR_NOT_FOUND ? OK : r;
}

static err stage_put(struct work *w, const struct fhir_entry *e)
{
    struct store_doc old;
    const struct guard *guard;
    bool there;
    TRY(find_old(w, e, &there, &old, &guard));
    struct staged *s = staged_for(w, e, there ? ACTION_UPDATE : ACTION_CREATE);
    if (there) {
        TRY(version_check(w->tx->op, e->if_match, old.vid));
        s->versioned = !str_empty(e->if_match);
        stage_over(w->tx, s, &old);
    } else {
        struct staged *before = w->by_entry[e->index];
        TRY(version_check(w->tx->op, e->if_match, 0));
        if (before && before->action == ACTION_CREATE)
            s->rid = before->rid;
        s->none = guard;
        stage_name(w->tx, s, e->id);
    }
    linked(w, e, e->type, s->id);
    w->by_entry[e->index] = s;
    return OK;
}

static err stage_delete(struct work *w, const struct fhir_entry *e)
{
    struct record_answer *a = &w->answers[e->index];
    struct store_doc old;
    const struct guard *guard;
    bool there;
    a->result.type = e->type;
    a->result.id = e->id;
    TRY(find_old(w, e, &there, &old, &guard));
    w->by_entry[e->index] = NULL;
    if (!there || old.deleted)
        return version_check(w->tx->op, e->if_match, there ? old.vid : 0);
    TRY(version_check(w->tx->op, e->if_match, old.vid));
    struct staged *s = staged_for(w, e, ACTION_DELETE);
    s->resource = NULL;
    stage_over(w->tx, s, &old);
    w->by_entry[e->index] = s;
    return OK;
}

static err stage_entry(struct work *w, const struct fhir_entry *e)
{
    struct op *op = w->tx->op;
    if (e->verb == VERB_GET || e->verb == VERB_HEAD)
        return OK;
    if (e->type == w->tx->rec->t_audit)
        return fail_at(
            op, ERR_UNSUPPORTED, where_of(w, e),
            "AuditEvents are made by the server from its trail; they cannot be written.");
    switch (e->verb) {
    case VERB_POST:
        return stage_post(w, e);
    case VERB_PUT:
        return stage_put(w, e);
    case VERB_DELETE:
        return stage_delete(w, e);
    case VERB_GET:
    case VERB_HEAD:
    case VERB_PATCH:
        break;
    }
    return fail_at(op, ERR_UNSUPPORTED, where_of(w, e),
                   "PATCH is not supported; send the whole resource by PUT.");
}

/* What is made together gets numbers in a row: neighbours in the store. */
static void reserve(struct record_tx *tx, const struct fhir_plan *plan, struct staged **by_entry)
{
    for (size_t i = 0; i < plan->n; i++) {
        const struct fhir_entry *e = &plan->entries[i];
        if (!by_entry[e->index] && (e->verb == VERB_POST || (e->verb == VERB_PUT && tx->bulk)))
            tx->rids_left++;
    }
    if (tx->rids_left > 1)
        tx->next_rid = store_rid_new(tx->rec->store, tx->rids_left);
    else
        tx->rids_left = 0;
}

err transact_stage(struct record_tx *tx, const struct fhir_plan *plan,
                   struct record_answer *answers, struct staged **by_entry)
{
    struct work w = {.tx = tx, .plan = plan, .answers = answers, .by_entry = by_entry};
    map_init(&w.links, tx->op->arena);
    map_init(&w.conditions, tx->op->arena);
    reserve(tx, plan, by_entry);
    for (size_t i = 0; i < plan->n; i++)
        TRY(stage_entry(&w, &plan->entries[plan->order[i]]));
    TRY(op_check(tx->op));
    for (size_t i = 0; i < tx->staged.n && w.links.n; i++)
        if (tx->staged.at[i]->resource)
            TRY(fhir_links_rewrite(tx->op, tx->staged.at[i]->resource, &w.links));
    return OK;
}

static err attempt(struct op *op, struct record *rec, const struct fhir_plan *plan, enum road road,
                   struct record_answer *answers, struct staged **by_entry)
{
    struct record_tx *tx = record_begin(op, rec);
    struct store_commit c = {0};
    tx->bundle = road == ROAD_BUNDLE;
    tx->plain = road != ROAD_ROOM;
    TRY(transact_stage(tx, plan, answers, by_entry));
    TRY(stage_all(tx));
    if (tx->staged.n)
        TRY(stage_commit(tx, &c));
    for (size_t i = 0; i < plan->n; i++) {
        struct record_result *r = &answers[plan->entries[i].index].result;
        const struct staged *s = by_entry[plan->entries[i].index];
        bool same = r->unchanged;
        if (s && (!same || !r->doc.rid))
            stage_result(tx, s, &c, r);
        r->unchanged = same;
        r->created = r->created && !same;
    }
    return op_check(op);
}

/* Writes of a plan, tried again while others are faster. Answers stand by entry index. */
static err write_plan(struct op *op, struct record *rec, const struct fhir_plan *plan,
                      enum road road, struct record_answer *answers, size_t n_answers)
{
    struct staged **by_entry = ARENA_ARRAY(op->arena, struct staged *, n_answers);
    TRY(op_check(op));
    for (int i = 0;; i++) {
        err e = attempt(op, rec, plan, road, answers, by_entry);
        if (e == OK || !commit_may_retry(op, e, i))
            return e;
        for (size_t j = 0; j < plan->n; j++)
            answers[plan->entries[j].index] = (struct record_answer){0};
    }
}

static err read_entry(struct op *op, struct record *rec, const struct fhir_entry *e,
                      struct record_answer *a)
{
    if (!str_empty(e->id))
        return record_read(op, rec, e->type, e->id, &a->doc);
    TRY(fhir_query_read(op, e->type, e->query, false, &a->query));
    return record_search(op, rec, a->query, &a->page);
}

static bool reads(const struct fhir_entry *e)
{
    return e->verb == VERB_GET || e->verb == VERB_HEAD;
}

err transact_one(struct op *op, struct record *rec, const struct fhir_entry *entry, enum road road,
                 struct record_answer *ret)
{
    size_t order = 0;
    struct fhir_entry e = *entry;
    struct fhir_plan one = {.transaction = true, .entries = &e, .n = 1, .order = &order};
    if (reads(entry))
        return read_entry(op, rec, entry, ret);
    e.index = 0;
    return write_plan(op, rec, &one, road, ret, 1);
}

static void batch(struct op *op, struct record *rec, struct fhir_plan *plan,
                  struct record_answer *answers)
{
    for (size_t i = 0; i < plan->n; i++) {
        struct fhir_entry *e = &plan->entries[plan->order[i]];
        struct record_answer *a = &answers[plan->order[i]];
        op_clear(op);
        if (e->code != OK) { /* its content was refused when the Bundle was read */
            *a = (struct record_answer){
                .code = e->code, .issues = e->issues, .n_issues = e->n_issues};
            continue;
        }
        err code = transact_one(op, rec, e, ROAD_PLAIN, a);
        a->code = code;
        if (code != OK) {
            *a = (struct record_answer){
                .code = code, .issues = op->fault.issues, .n_issues = op->fault.n};
        }
    }
    op_clear(op);
}

/* The writes stand by now, so a read that finds nothing, or may not see, answers for itself alone:
 * an error for the whole would say that nothing happened. */
static void read_after(struct op *op, struct record *rec, struct fhir_plan *plan,
                       struct record_answer *answers)
{
    for (size_t i = 0; i < plan->n; i++) {
        if (!reads(&plan->entries[i]))
            continue;
        op_clear(op);
        err code = read_entry(op, rec, &plan->entries[i], &answers[i]);
        if (code != OK)
            answers[i] = (struct record_answer){
                .code = code, .issues = op->fault.issues, .n_issues = op->fault.n};
    }
    op_clear(op);
}

err record_transact(struct op *op, struct record *rec, struct fhir_plan *plan,
                    struct record_answer **ret)
{
    struct record_answer *answers = ARENA_ARRAY(op->arena, struct record_answer, plan->n);
    TRY(op_check(op));
    for (size_t i = 0; i < plan->n; i++)
        if (plan->entries[i].index != i)
            return fail(op, ERR_FAULT, "The plan of the Bundle is not in order.");
    if (!plan->transaction) {
        batch(op, rec, plan, answers);
    } else {
        TRY(write_plan(op, rec, plan, ROAD_BUNDLE, answers, plan->n));
        read_after(op, rec, plan, answers);
    }
    *ret = answers;
    return OK;
}
