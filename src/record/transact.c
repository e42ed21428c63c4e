/* A plan of writes and reads. A transaction is one store transaction: everything is looked up,
 * staged and checked, then committed with guards on what was looked up; when somebody was faster,
 * all of it is done again. A batch is its entries one by one, but for runs of new resources that
 * can all be written. Single creates, updates, patches and deletes are plans of one. Invariant: a
 * new resource keeps its number over the retries, so links stay right. */
#include "record/custom.h"
#include "record/entry_int.h"

#define RUN_MAX 256u /* new resources of a batch in one commit */

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

/* What went wrong with an entry says which entry it was. */
static err staged_named(struct work *w, const struct fhir_entry *e)
{
    size_t before = w->tx->op->fault.n;
    err r = entry_stage(w, e);
    if (r != OK)
        fault_where(w->tx, entry_where(w, e), before);
    return r;
}

err transact_stage(struct record_tx *tx, const struct fhir_plan *plan,
                   struct record_answer *answers, struct staged **by_entry)
{
    struct work w = {.tx = tx, .plan = plan, .answers = answers, .by_entry = by_entry};
    map_init(&w.links, tx->op->arena);
    map_init(&w.conditions, tx->op->arena);
    reserve(tx, plan, by_entry);
    for (size_t i = 0; i < plan->n; i++)
        TRY(staged_named(&w, &plan->entries[plan->order[i]]));
    TRY(op_check(tx->op));
    for (size_t i = 0; i < tx->staged.n && w.links.n; i++)
        if (tx->staged.at[i]->resource)
            TRY(fhir_links_rewrite(tx->op, tx->staged.at[i]->resource, &w.links));
    return OK;
}

static err attempt(struct record_tx *tx, const struct fhir_plan *plan,
                   struct record_answer *answers, struct staged **by_entry)
{
    struct store_commit c = {0};
    TRY(transact_stage(tx, plan, answers, by_entry));
    TRY(stage_all(tx));
    tx->raced = true; /* from here on only somebody else can be the reason */
    if (tx->staged.n)
        TRY(stage_commit(tx, &c));
    else
        stage_committed(tx);
    for (size_t i = 0; i < plan->n; i++) {
        struct record_result *r = &answers[plan->entries[i].index].result, before = *r;
        const struct staged *s = by_entry[plan->entries[i].index];
        if (s && (!before.unchanged || !r->doc.rid))
            stage_result(tx, s, &c, r);
        r->unchanged = before.unchanged;
        r->deleted = before.deleted;
        r->created = r->created && !before.unchanged;
    }
    return op_check(tx->op);
}

/* Writes of a plan, tried again while others are faster. Answers stand by entry index. */
static err write_plan(struct op *op, struct record *rec, const struct fhir_plan *plan,
                      enum road road, struct record_answer *answers, size_t n_answers)
{
    struct staged **by_entry = ARENA_ARRAY(op->arena, struct staged *, n_answers);
    TRY(op_check(op));
    for (int i = 0;; i++) {
        struct record_tx *tx = record_begin(op, rec);
        tx->bundle = road == ROAD_BUNDLE;
        tx->plain = road != ROAD_ROOM;
        err e = attempt(tx, plan, answers, by_entry);
        if (e == OK || !tx->raced || !commit_may_retry(op, &e, i))
            return e;
        for (size_t j = 0; j < plan->n; j++)
            answers[plan->entries[j].index] = (struct record_answer){0};
    }
}

#define HISTORY_MAX 100u /* versions in the answer to one entry */

static err read_entry(struct op *op, struct record *rec, const struct fhir_entry *e,
                      struct record_answer *a)
{
    if (!e->type)
        return fail(op, ERR_UNSUPPORTED,
                    "In a Bundle one can GET Type/id, Type/id/_history, Type/id/_history/version "
                    "and Type?query; ask for anything else by a request of its own.");
    if (e->vid.n)
        return record_vread(op, rec, e->type, e->id, e->vid, &a->doc);
    if (e->history)
        return record_history(op, rec, e->type, e->id, 0, HISTORY_MAX, &a->page.docs, &a->page.n);
    if (!str_empty(e->id))
        return record_read(op, rec, e->type, e->id, &a->doc);
    TRY(record_query_read(op, rec, e->type, e->query, false, &a->query));
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

static struct record_answer refused(err code, const struct issue *issues, size_t n)
{
    return (struct record_answer){.code = code, .issues = issues, .n_issues = n};
}

static void batch_one(struct op *op, struct record *rec, const struct fhir_entry *e,
                      struct record_answer *a)
{
    op_clear(op);
    if (e->code != OK) { /* its content was refused when the Bundle was read */
        *a = refused(e->code, e->issues, e->n_issues);
        return;
    }
    err code = transact_one(op, rec, e, ROAD_PLAIN, a);
    a->code = code;
    if (code != OK)
        *a = refused(code, op->fault.issues, op->fault.n);
}

/* New resources of one type, one after the other: none of them says anything about the next. */
static size_t run_from(const struct fhir_plan *plan, size_t from)
{
    size_t n = 0;
    for (; from + n < plan->n && n < RUN_MAX; n++) {
        const struct fhir_entry *e = &plan->entries[plan->order[from + n]];
        if (e->verb != VERB_POST || e->code != OK ||
            e->type != plan->entries[plan->order[from]].type)
            break;
    }
    return n;
}

/* Writes a run in one commit, so that a week of readings waits for the disk a few times only.
 * False: one of them cannot be written, so nothing was. */
static bool batch_run(struct op *op, struct record *rec, const struct fhir_plan *plan, size_t from,
                      size_t n, struct record_answer *answers)
{
    struct fhir_plan run = {.transaction = true, .n = n};
    struct record_answer *of = ARENA_ARRAY(op->arena, struct record_answer, n);
    run.entries = ARENA_ARRAY(op->arena, struct fhir_entry, n);
    run.order = ARENA_ARRAY(op->arena, size_t, n);
    op_clear(op);
    if (op_check(op) != OK)
        return false;
    for (size_t i = 0; i < n; i++) {
        run.entries[i] = plan->entries[plan->order[from + i]];
        run.entries[i].full_url = STR_NONE; /* in a batch nothing links to another entry */
        run.entries[i].index = run.order[i] = i;
    }
    if (write_plan(op, rec, &run, ROAD_PLAIN, of, n) != OK)
        return false;
    for (size_t i = 0; i < n; i++)
        answers[plan->order[from + i]] = of[i];
    return true;
}

static void batch(struct op *op, struct record *rec, const struct fhir_plan *plan,
                  struct record_answer *answers)
{
    for (size_t i = 0, n; i < plan->n; i += n) {
        n = run_from(plan, i);
        if (n > 1 && batch_run(op, rec, plan, i, n, answers))
            continue;
        n = n ? n : 1;
        for (size_t k = i; k < i + n; k++)
            batch_one(op, rec, &plan->entries[plan->order[k]], &answers[plan->order[k]]);
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
