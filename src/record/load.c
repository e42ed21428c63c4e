/* Import's road into the store: text to staged writes on the caller's thread, then submitted
 * without waiting for the disk. A few lanes (arenas) are under way at once; the writer thread gives
 * them back. What lost a race is done again alone. Invariant: a text is applied whole or not at
 * all, and record_load_end() returns only when everything accepted is on disk or told as failed. */
#include "record/bulk.h"
#include "record/record_int.h"

#include <pthread.h>

#define LANES 6u

struct lane {
    struct load_state *load;
    struct arena *arena;
    struct lane *next;
    struct record_tx *tx;
    str *texts; /* copies in arena */
    size_t n;
    str source;
    struct op op;
};

struct load_state {
    struct record *rec;
    const struct actor *actor;
    struct arena *arena; /* counts */
    uint64_t *by_type;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    struct lane lanes[LANES];
    struct lane *free, *again; /* again: lost a race */
    size_t under_way;
    err failed;
};

static struct lane *pop(struct lane **list)
{
    struct lane *l = *list;
    if (l)
        *list = l->next;
    return l;
}

static void push(struct lane **list, struct lane *l)
{
    l->next = *list;
    *list = l;
}

static void give_back(struct lane *l)
{
    pthread_mutex_lock(&l->load->lock);
    push(&l->load->free, l);
    pthread_mutex_unlock(&l->load->lock);
}

/* On the writer thread. */
static void committed(void *ctx, err result, const struct store_commit *c)
{
    struct lane *l = ctx;
    struct load_state *st = l->load;
    (void)c;
    stage_committed(l->tx);
    pthread_mutex_lock(&st->lock);
    bool lost = result == ERR_CONFLICT || result == ERR_PRECONDITION;
    push(lost ? &st->again : &st->free, l);
    if (result != OK && !lost && st->failed == OK)
        st->failed = result;
    st->under_way--;
    pthread_cond_signal(&st->moved);
    pthread_mutex_unlock(&st->lock);
}

static void wait_all(struct load_state *st)
{
    pthread_mutex_lock(&st->lock);
    while (st->under_way)
        pthread_cond_wait(&st->moved, &st->lock);
    pthread_mutex_unlock(&st->lock);
}

/* A free lane, or NULL when all are under way or wait to be done again. */
static struct lane *take_lane(struct load_state *st)
{
    pthread_mutex_lock(&st->lock);
    while (!st->free && st->under_way)
        pthread_cond_wait(&st->moved, &st->lock);
    struct lane *l = pop(&st->free);
    pthread_mutex_unlock(&st->lock);
    return l;
}

/* Answers of a server are no resources to keep. */
static bool is_answer(const struct json *tree)
{
    static const char *const answers[] = {"searchset", "history", "transaction-response",
                                          "batch-response"};
    str type = json_get_str(tree, STR("type"));
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        if (str_eq(json_get_str(tree, STR("resourceType")), STR("Bundle")) &&
            str_eq(type, str_of(answers[i])))
            return true;
    return false;
}

static err single(struct op *op, struct json *tree, size_t index, struct fhir_entry *e)
{
    if (is_answer(tree))
        return fail_at(op, ERR_INVALID, STR("Bundle.type"),
                       "Only a transaction, batch or collection can be imported; this Bundle is a "
                       "server's answer.");
    str id = json_get_str(tree, STR("id"));
    *e = (struct fhir_entry){.index = index,
                             .verb = str_empty(id) ? VERB_POST : VERB_PUT,
                             .type = fhir_type_of(tree),
                             .id = id,
                             .resource = tree};
    return op_check(op);
}

static bool is_plan(const struct json *tree)
{
    str type = json_get_str(tree, STR("type"));
    return str_eq(json_get_str(tree, STR("resourceType")), STR("Bundle")) &&
           (str_eq(type, STR("transaction")) || str_eq(type, STR("batch")) ||
            str_eq(type, STR("collection")));
}

/* All texts to one plan. */
static err plan_of(struct op *op, const str *texts, size_t n, struct fhir_plan *ret,
                   bool *ret_bundle)
{
    struct json *tree = NULL;
    *ret_bundle = n > 1;
    if (n == 1) {
        TRY(fhir_read(op, texts[0], 0, &tree));
        *ret_bundle = is_plan(tree);
        if (*ret_bundle)
            return fhir_bundle_plan(op, tree, true, ret);
    }
    *ret = (struct fhir_plan){.transaction = true,
                              .entries = ARENA_ARRAY(op->arena, struct fhir_entry, n),
                              .order = ARENA_ARRAY(op->arena, size_t, n),
                              .n = n};
    TRY(op_check(op));
    for (size_t i = 0; i < n; i++) {
        if (n > 1)
            TRY(fhir_read(op, texts[i], 0, &tree));
        TRY(single(op, tree, i, &ret->entries[i]));
        ret->order[i] = i;
    }
    return OK;
}

err load_stage(struct record_tx *tx, const str *texts, size_t n)
{
    struct op *op = tx->op;
    struct fhir_plan plan;
    bool bundle;
    TRY(plan_of(op, texts, n, &plan, &bundle));
    struct record_answer *answers = ARENA_ARRAY(op->arena, struct record_answer, plan.n);
    struct staged **by_entry = ARENA_ARRAY(op->arena, struct staged *, plan.n);
    TRY(op_check(op));
    tx->bundle = bundle;
    tx->bulk = true;
    return transact_stage(tx, &plan, answers, by_entry);
}

/* From the texts to a store transaction that is ready to go. */
static err build(struct lane *l)
{
    l->tx = record_begin(&l->op, l->load->rec);
    TRY(load_stage(l->tx, l->texts, l->n));
    return stage_all(l->tx);
}

static void fresh(struct lane *l, const struct op *op)
{
    l->tx = NULL;
    op_init(&l->op, l->arena, l->load->actor, op->now);
    l->op.trace = op->trace;
}

static err copy_texts(struct lane *l, const str *texts, size_t n, str source)
{
    struct arena *a = l->arena;
    arena_reset(a);
    l->source = arena_str(a, source);
    l->texts = ARENA_ARRAY(a, str, n);
    l->n = n;
    for (size_t i = 0; l->texts && i < n; i++)
        l->texts[i] = arena_str(a, texts[i]);
    return arena_failed(a) ? ERR_TOO_LARGE : OK;
}

/* The lane's fault becomes the caller's. */
static err told(struct op *op, const struct lane *l, err code)
{
    const struct fault *f = &l->op.fault;
    if (code == ERR_TOO_LARGE && f->n == 0)
        return fail(op, code, "The text is larger than an import may be at once; split it.");
    for (size_t i = 0; i < f->n; i++) {
        const struct issue *is = &f->issues[i];
        if (is->severity == SEVERITY_ERROR)
            (void)fail_at(op, is->code, is->expression, "%.*s", STR_ARG(is->message));
    }
    return op->fault.code == OK ? fail(op, code, "The import of this text failed.")
                                : op->fault.code;
}

static void counted(struct record_load *load, const struct lane *l)
{
    struct load_state *st = l->load;
    for (size_t i = 0; i < l->tx->staged.n; i++)
        st->by_type[l->tx->staged.at[i]->type]++;
    load->resources += l->tx->staged.n;
    load->bundles++;
    for (size_t i = 0; i < l->n; i++)
        load->bytes += l->texts[i].n;
}

static void uncounted(struct record_load *load, const struct lane *l)
{
    struct load_state *st = l->load;
    for (size_t i = 0; i < l->tx->staged.n; i++)
        st->by_type[l->tx->staged.at[i]->type]--;
    load->resources -= l->tx->staged.n;
    load->bundles--;
    for (size_t i = 0; i < l->n; i++)
        load->bytes -= l->texts[i].n;
}

/* Lost a race: looked at anew, alone and at once. The texts are in the lane's arena, so the work is
 * done in another. */
static err once_more(struct op *op, struct record_load *load, struct lane *l)
{
    struct load_state *st = load->state;
    struct lane alone = {.load = st, .arena = arena_new(0)};
    err e = ERR_UNAVAILABLE;
    uncounted(load, l);
    for (int i = 0; alone.arena && i < RECORD_RETRIES; i++) {
        struct store_commit c;
        e = copy_texts(&alone, l->texts, l->n, l->source);
        fresh(&alone, op);
        if (e == OK)
            e = build(&alone);
        if (e == OK)
            e = alone.tx->staged.n ? stage_commit(alone.tx, &c) : OK;
        if (alone.tx)
            custom_leave(alone.tx);
        if (e != ERR_CONFLICT && e != ERR_PRECONDITION)
            break;
    }
    if (e == OK)
        counted(load, &alone);
    else if (load->late)
        load->late(load->ctx, l->source, &alone.op.fault);
    arena_free(alone.arena);
    give_back(l);
    return e == ERR_UNAVAILABLE ? e : OK;
}

static err redo(struct op *op, struct record_load *load)
{
    struct load_state *st = load->state;
    for (;;) {
        pthread_mutex_lock(&st->lock);
        struct lane *l = pop(&st->again);
        pthread_mutex_unlock(&st->lock);
        if (!l)
            return OK;
        wait_all(st);
        TRY(once_more(op, load, l));
    }
}

static err disk(struct op *op, struct load_state *st)
{
    pthread_mutex_lock(&st->lock);
    err e = st->failed;
    pthread_mutex_unlock(&st->lock);
    return e == OK ? OK
                   : fail(op, e,
                          "The store could not write what was imported; nothing of the "
                          "failed transactions was kept.");
}

err record_load_begin(struct op *op, struct record *rec, struct record_load *ret)
{
    TRY(access_plain(op, rec, ACTION_IMPORT, POLICY_TYPE_SYSTEM));
    struct arena *a = arena_new(0);
    struct load_state *st = a ? ARENA_NEW(a, struct load_state) : NULL;
    if (!st)
        return fail(op, ERR_UNAVAILABLE, "No memory left to start the import.");
    *st = (struct load_state){.rec = rec,
                              .actor = op->actor,
                              .arena = a,
                              .by_type = ARENA_ARRAY(a, uint64_t, (size_t)FHIR_TYPE_COUNT + 1)};
    pthread_mutex_init(&st->lock, NULL);
    pthread_cond_init(&st->moved, NULL);
    for (size_t i = 0; i < LANES; i++) {
        struct lane *l = &st->lanes[i];
        *l = (struct lane){.load = st, .arena = arena_new(1u << 30)};
        if (l->arena)
            push(&st->free, l);
    }
    *ret = (struct record_load){.rec = rec, .by_type = st->by_type, .state = st};
    return st->free && !arena_failed(a)
               ? OK
               : fail(op, ERR_UNAVAILABLE, "No memory left to start the import.");
}

err record_load_add_all(struct op *op, struct record_load *load, const str *texts, size_t n)
{
    struct load_state *st = load->state;
    TRY(disk(op, st));
    struct lane *l = take_lane(st);
    while (!l) { /* all that is not under way waits to be done again */
        TRY(redo(op, load));
        l = take_lane(st);
    }
    err e = copy_texts(l, texts, n, load->source);
    fresh(l, op);
    if (e == OK)
        e = build(l);
    load->unresolved = e != OK && l->tx && l->tx->unresolved;
    if (e != OK || l->tx->staged.n == 0) {
        if (e != OK)
            e = told(op, l, e);
        if (l->tx)
            custom_leave(l->tx);
        give_back(l);
        return e;
    }
    counted(load, l);
    pthread_mutex_lock(&st->lock);
    st->under_way++;
    pthread_mutex_unlock(&st->lock);
    store_submit(&l->op, l->tx->stx, committed, l);
    return redo(op, load);
}

err record_load_add(struct op *op, struct record_load *load, str text)
{
    return record_load_add_all(op, load, &text, 1);
}

err record_load_end(struct op *op, struct record_load *load)
{
    struct load_state *st = load->state;
    wait_all(st);
    err e = redo(op, load);
    if (e == OK)
        e = disk(op, st);
    for (size_t i = 0; i < LANES; i++)
        arena_free(st->lanes[i].arena);
    size_t types = (size_t)FHIR_TYPE_COUNT + 1;
    uint64_t *counts = ARENA_ARRAY(op->arena, uint64_t, types);
    if (counts)
        memcpy(counts, st->by_type, types * sizeof *counts);
    load->by_type = counts;
    pthread_mutex_destroy(&st->lock);
    pthread_cond_destroy(&st->moved);
    arena_free(st->arena); /* st too */
    load->state = NULL;
    return e;
}
