/* The writer's thread: takes everything that was submitted during the last fsync as one group, lets
 * each transaction pass or fail alone, commits the group with one fsync, publishes, wakes.
 * A group of loose trail entries alone is answered when the spool has it; its rows go into a
 * standing transaction, while the answers are on their way, which is committed with the next group
 * that needs a commit, or soon. Between groups it merges the tail in slices, into
 * the standing transaction while nobody waits.
 * Invariants: nothing is published or answered before the commit (or the spool) returned OK; when
 * it did not, every transaction of the group gets ERR_UNAVAILABLE and memory is as before. Every
 * commit holds all that was spooled before it. After a commit whose answer was lost nothing is
 * written until the back end knows whether it was kept. */
#include "base/time.h"
#include "store/memo_int.h"
#include "store/store_int.h"

#define GROUP_MAX 1024u
#define GROUP_BYTES_MAX ((size_t)16 << 20)
#define IDLE_MS 500
#define SPOOL_MS 100 /* so long spooled entries wait for their rows at most */
#define SLICE_IDLE 4096u
#define SLICE_LEAST 512u
#define SLICE_PER_RESOURCE 40u
#define EARLY_WEIGHT 2500u /* of a new tail: a quarter of what it holds */
#define MERGE_RETRY_MS 1000
#define RIDS_AHEAD 4096u

struct group {
    struct store_tx *first;
    struct loose *loose;
    uint64_t ticket; /* newest loose one taken */
    uint64_t weight; /* resources and entries */
    bool stop;
    bool idle;
};

static struct timespec in_ms(int64_t ms)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

/* Takes the front of the queue; called with the lock held. */
static void take_front(struct store *s, struct group *g)
{
    size_t n = 0, bytes = 0;
    struct store_tx *tx = s->first, *last = NULL;
    while (tx && n < GROUP_MAX && bytes < GROUP_BYTES_MAX) {
        n++;
        bytes += tx->bytes;
        g->weight += tx->puts.n;
        last = tx;
        tx = tx->next;
    }
    g->first = n ? s->first : NULL;
    if (last)
        last->next = NULL;
    s->first = tx;
    if (!tx)
        s->last = NULL;
    s->queued -= n;
    s->queued_bytes -= bytes;
    if (n)
        pthread_cond_broadcast(&s->room);
}

static void take_loose(struct store *s, struct group *g)
{
    struct trail_desk *d = &s->desk;
    pthread_mutex_lock(&d->lock);
    g->loose = d->first;
    g->ticket = d->ticket;
    g->weight += d->n;
    d->first = d->last = NULL;
    d->n = d->bytes = 0;
    pthread_cond_broadcast(&d->moved);
    pthread_mutex_unlock(&d->lock);
}

static void gather(struct store *s, bool busy, struct group *g)
{
    struct timespec until = in_ms(s->spool.first ? SPOOL_MS : IDLE_MS);
    int rc = 0;
    pthread_mutex_lock(&s->lock);
    while (!busy && !s->first && !s->poked && !s->stopping && rc == 0)
        rc = pthread_cond_timedwait(&s->work, &s->lock, &until);
    take_front(s, g);
    s->poked = false;
    g->stop = s->stopping && !s->first;
    pthread_mutex_unlock(&s->lock);
    take_loose(s, g);
    g->idle = !g->first && !g->loose && !s->spool.first;
}

static void keep_fault(struct store_tx *tx, const struct op *op, err e)
{
    str why = op->fault.n ? op->fault.issues[0].message : STR("the store failed");
    tx->result = e;
    snprintf(tx->why, sizeof tx->why, "%.*s", STR_ARG(why));
}

/* Passes or fails every transaction; an error means that the whole group must go. */
static err apply_all(struct store *s, struct group *g, bool *ret_writes)
{
    struct op *op = &s->op;
    for (struct store_tx *tx = g->first; tx; tx = tx->next) {
        if (tx->result != OK)
            continue; /* failed when it was prepared */
        err e = apply_check(op, s, tx);
        if (e != OK) {
            keep_fault(tx, op, e);
            op_clear(op);
            continue;
        }
        *ret_writes = true;
        TRY(apply_write(op, s, tx));
    }
    if (g->loose)
        *ret_writes = true;
    TRY(apply_loose(op, s, g->loose));
    TRY(trail_flush(op, s));
    bool longer = s->spool.first || s->pending.trail_seq != s->state.trail_seq;
    return longer ? trail_write_head(op, s) : OK;
}

/* Into the standing transaction, or a new one. */
static err enter(struct store *s)
{
    struct standing *st = &s->standing;
    if (!st->begun) {
        arena_reset(s->arena);
        op_init(&s->op, s->arena, NULL, time_now());
        memset(&s->nodes, 0, sizeof s->nodes);
        *st = (struct standing){.merge_before = s->merge};
        s->pending = s->state;
        s->row.n = 0;
        TRY(s->ops->begin(&s->op, s->be));
        st->begun = true;
    }
    op_clear(&s->op);
    s->op.now = time_now();
    if (s->op.now > s->pending.time)
        s->pending.time = s->op.now;
    if (s->state.time > s->pending.time)
        s->pending.time = s->state.time;
    return OK;
}

static err slice_in(struct store *s, size_t slice)
{
    if (!slice || s->standing.finished)
        return OK;
    s->standing.merged += slice;
    return merge_slice(&s->op, s, slice, &s->standing.finished);
}

static err write_group(struct store *s, struct group *g, size_t slice, bool *ret_writes)
{
    struct op *op = &s->op;
    s->reseal_next = s->reseal;
    s->heads_next = s->heads;
    TRY(enter(s));
    bool writes = slice > 0 || s->standing.merged || s->spool.first || s->reseal.running;
    TRY(apply_held(op, s));
    TRY(apply_all(s, g, &writes));
    *ret_writes = writes;
    if (!writes)
        return OK;
    TRY(slice_in(s, slice));
    TRY(reseal_slice(op, s));
    uint64_t handed = atomic_load(&s->rid_next);
    if (handed > s->pending.rid_next)
        s->pending.rid_next = handed + RIDS_AHEAD;
    TRY(state_write(op, s, &s->pending));
    TRY(s->ops->commit(op, s->be));
    atomic_fetch_add(&s->commits, 1);
    return OK;
}

static void publish(struct store *s)
{
    s->state = s->pending;
    s->reseal = s->reseal_next;
    s->heads = s->heads_next;
    atomic_store(&s->sealing, s->reseal.running);
    atomic_store(&s->sealed_rid, s->reseal.row >> 20);
    atomic_store(&s->time, s->state.time);
    atomic_store(&s->resources, s->state.resources);
    atomic_store(&s->versions, s->state.versions);
    atomic_store(&s->trail_entries, s->state.trail_seq);
    atomic_store(&s->waiting, s->tail_now->weight);
    pthread_mutex_lock(&s->lock);
    atomic_store(&s->t, s->state.t);
    atomic_store(&s->feed_t, s->state.feed_t);
    pthread_cond_broadcast(&s->news);
    pthread_mutex_unlock(&s->lock);
}

static void answer(struct store *s, struct group *g, err e)
{
    uint64_t lost_from = e != OK && g->loose ? g->loose->ticket : 0;
    for (struct loose *l = g->loose, *next; l; l = next) {
        next = l->next;
        free(l);
    }
    trail_settle(s, g->ticket, lost_from);
    for (struct store_tx *tx = g->first, *next; tx; tx = next) {
        next = tx->next;
        if (e != OK && tx->result == OK)
            keep_fault(tx, &s->op, e == ERR_FAULT ? ERR_FAULT : ERR_UNAVAILABLE);
        tx->done(tx->ctx, tx->result, &tx->commit);
    }
}

/* After a failure: as if the group had never been. What is held stays in the spool. */
static void undo(struct store *s)
{
    s->ops->rollback(s->be);
    for (size_t i = 0; i < s->nodes.n; i++)
        skip_kill(s->nodes.at[i]);
    s->merge = s->standing.merge_before;
    s->spool.todo = s->spool.first;
    s->merge_not_before = time_mono() + MERGE_RETRY_MS;
}

static void conclude(struct store *s, bool kept)
{
    if (kept) {
        publish(s);
        spool_rewind(s);
        if (s->standing.finished)
            merge_finish(s);
    } else {
        undo(s);
    }
    memo_settle(s->memo);
    memo_settle(s->docs);
    s->standing.begun = false;
    s->doubt = false;
}

/* What was written is asked for soon, most likely. */
static void remember(struct store *s, const struct group *g)
{
    for (const struct store_tx *tx = g->first; tx; tx = tx->next) {
        for (size_t i = 0; tx->result == OK && i < tx->kvs.n; i++)
            memo_keep(s->memo, tx->kvs.at[i].key, tx->kvs.at[i].value);
        if (tx->result == OK)
            memo_doc_keep(&s->op, s, tx);
    }
}

/* A commit that failed may have been kept, when it was its answer that was lost: then the group is
 * neither published nor undone until the back end knows. *e becomes OK when it was kept. */
static bool settled(struct store *s, err *e)
{
    struct op op;
    bool kept = false;
    op_init(&op, s->arena, NULL, s->op.now);
    s->doubt = s->ops->settle && s->ops->settle(&op, s->be, &kept) != OK;
    if (s->doubt) {
        op_clear(&s->op);
        *e = fail(&s->op, ERR_UNAVAILABLE,
                  "the database cannot be reached, and whether this was kept is not known; look "
                  "before doing it again");
        s->merge_not_before = time_mono() + MERGE_RETRY_MS;
        return false;
    }
    if (kept)
        *e = OK;
    return true;
}

/* The group of before, if nobody knew what became of it. */
static bool doubt_over(struct store *s, err *e)
{
    *e = ERR_UNAVAILABLE;
    if (!s->doubt)
        return true;
    if (!settled(s, e))
        return false;
    conclude(s, *e == OK);
    return true;
}

static void run_group(struct store *s, struct group *g, size_t slice)
{
    bool writes = false;
    err e;
    if (!doubt_over(s, &e)) {
        answer(s, g, e);
        return;
    }
    e = write_group(s, g, slice, &writes);
    if (e != OK && !settled(s, &e)) {
        answer(s, g, e);
        return;
    }
    if (e == OK && !writes) {
        s->ops->rollback(s->be);
        s->standing.begun = false;
    } else {
        conclude(s, e == OK);
        if (e == OK)
            remember(s, g);
    }
    answer(s, g, e);
    s->ops->tidy(s->be);
}

/* What is held and a slice of the merge into the standing transaction. */
static void stand(struct store *s, size_t slice)
{
    err e = enter(s);
    if (e == OK)
        e = apply_held(&s->op, s);
    if (e == OK)
        e = slice_in(s, slice);
    if (e != OK) {
        undo(s);
        s->standing.begun = false;
    }
}

/* Looks alone: answered first, then written where readers find them. False: not this way. */
static bool spool_group(struct store *s, struct group *g, size_t slice)
{
    if (g->first || !g->loose || !spool_write(s, g->loose))
        return false;
    atomic_store(&s->trail_entries, s->state.trail_seq);
    atomic_store(&s->time, s->state.time);
    trail_settle(s, g->ticket, 0);
    if (time_mono() >= s->merge_not_before)
        stand(s, slice);
    return true;
}

/* Nobody waits: a little of the merge. Who comes now waits for that little and shares its commit,
 * not for thousands of entries and a commit of their own. False: what stands is to be committed. */
static bool merge_alone(struct store *s, const struct group *g)
{
    if (!g->idle || s->doubt || s->standing.finished || s->standing.merged >= SLICE_IDLE)
        return false;
    stand(s, SLICE_LEAST);
    return true;
}

/* Time to commit what stands? */
static bool standing_due(const struct store *s)
{
    int64_t now = time_mono();
    if (!s->spool.first || now < s->merge_not_before)
        return false;
    return s->standing.finished || merge_due(s, false) || now - s->spool.since >= SPOOL_MS;
}

/* At first the moments in which nobody waits may be enough. */
static size_t slice_of(const struct store *s, const struct group *g)
{
    size_t n = g->weight * SLICE_PER_RESOURCE;
    bool early = s->tail_now->weight < EARLY_WEIGHT;
    if (g->idle) /* else merge_alone() did it */
        return s->reseal.running ? SLICE_IDLE : 0;
    return early || n < SLICE_LEAST ? SLICE_LEAST : n;
}

/* What a group, looks, or nobody who waits, makes of a round. */
static void work_on(struct store *s, struct group *g, bool merging, bool sealing)
{
    size_t slice = merging ? slice_of(s, g) : 0;
    bool spooled = spool_group(s, g, slice);
    if (!spooled && merging && !sealing && merge_alone(s, g))
        return;
    if (!spooled && (g->first || g->loose || merging || sealing)) {
        run_group(s, g, slice);
        return;
    }
    if (standing_due(s))
        run_group(s, &(struct group){.first = NULL}, 0);
}

/* One round; false when all is done. */
static bool round_of(struct store *s, bool *idle)
{
    struct group g = {.first = NULL};
    if (merge_due(s, *idle) && !s->standing.begun)
        merge_start(s);
    bool merging = s->merge.running && time_mono() >= s->merge_not_before;
    if (merging && merge_full(s)) { /* writers wait until the tail has room again */
        run_group(s, &g, 4 * SLICE_IDLE);
        return true;
    }
    bool sealing = s->reseal.running && time_mono() >= s->merge_not_before;
    gather(s, merging || sealing, &g);
    *idle = g.idle;
    if (!g.stop || g.first || g.loose) {
        work_on(s, &g, merging, sealing);
        return true;
    }
    if (s->spool.first || s->standing.merged)
        run_group(s, &g, 0);
    return false;
}

void *writer_main(void *store)
{
    bool idle = false;
    while (round_of(store, &idle))
        ;
    return NULL;
}
