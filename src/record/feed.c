/* Following: the change feed, cursors, named state and outbox of the care rooms. Content is not
 * shown here, so nothing is audited. Invariant: a cursor moves only in a record_tx. */
#include "record/family_int.h"
#include "record/jobs.h"
#include "record/near.h"
#include "record/release_int.h"
#include "store/near.h"

#define AGAIN_MS 250

err record_feed(struct op *op, struct record *rec, uint64_t after, size_t max,
                struct record_change **ret, size_t *ret_n)
{
    struct store_change *c;
    size_t n;
    TRY(store_feed(op, rec->store, after, max, &c, &n));
    struct record_change *r = ARENA_ARRAY(op->arena, struct record_change, n);
    TRY(op_check(op));
    for (size_t i = 0; i < n; i++) { /* a follower may be faster than the writer's own next step */
        consents_stale(rec, c[i].type, c[i].comp);
        release_stale(rec, c[i].type, c[i].comp);
    }
    for (size_t i = 0; i < n; i++)
        r[i] = (struct record_change){.t = c[i].t,
                                      .rid = c[i].rid,
                                      .patient = c[i].comp,
                                      .time = c[i].time,
                                      .vid = c[i].vid,
                                      .type = c[i].type,
                                      .created = c[i].kind == CHANGE_CREATE,
                                      .deleted = c[i].kind == CHANGE_DELETE};
    *ret = r;
    *ret_n = n;
    return OK;
}

bool record_feed_wait(struct record *rec, uint64_t after, int64_t ms)
{
    return store_feed_wait(rec->store, after, ms);
}

uint64_t record_now_t(const struct record *rec)
{
    return store_now_t(rec->store);
}

bool record_far(const struct record *rec)
{
    return store_far(rec->store);
}

err record_kv_get(struct op *op, struct record *rec, str key, str *ret)
{
    return store_kv_find_own(op, rec->store, family_name(op->arena, key), ret);
}

err record_kv_get_near(struct op *op, struct record *rec, str key, str near, str *ret)
{
    if (near.n == 0)
        return record_kv_get(op, rec, key, ret);
    near = family_name(op->arena, near);
    return store_kv_find_near(op, rec->store, family_name(op->arena, key), near, ret);
}

err record_kv_page(struct op *op, struct record *rec, str prefix, str *at, size_t max,
                   struct record_named **ret, size_t *ret_n)
{
    struct store_named *rows;
    size_t n;
    if (!family_listed(prefix))
        return fail(op, ERR_FAULT, "Names of this family are not listed; see record/family.c.");
    TRY(store_kv_page(op, rec->store, family_name(op->arena, prefix), at, max, &rows, &n));
    *ret = ARENA_ARRAY(op->arena, struct record_named, n);
    TRY(op_check(op));
    for (size_t i = 0; i < n; i++)
        (*ret)[i] = (struct record_named){str_sub(rows[i].name, FAMILY_SPACE, rows[i].name.n),
                                          rows[i].value};
    *ret_n = n;
    return OK;
}

err record_cursor(struct op *op, struct record *rec, str name, uint64_t *ret_t)
{
    const str space = STR("cursor/");
    str value;
    TRY(store_kv_find(op, rec->store, arena_cat(op->arena, space, name), &value));
    uint64_t t = 0;
    if (!str_empty(value) && !str_to_u64(value, UINT64_MAX, &t))
        return fail(op, ERR_FAULT, "A follower's cursor is damaged.");
    *ret_t = t;
    return OK;
}

void record_outbox_again(struct op *op, struct record *rec, const struct record_job *job)
{
    op_clear(op);
    struct record_tx *tx = record_begin(op, rec);
    record_tx_outbox_later(tx, job->job, op->now + AGAIN_MS, STR_NONE);
    if (record_commit(tx) != OK)
        op_clear(op);
}

err record_outbox_any(struct op *op, struct record *rec, str queue, bool *ret)
{
    struct store_job *jobs;
    size_t n;
    TRY(store_outbox_list(op, rec->store, queue, 1, &jobs, &n));
    *ret = n > 0;
    return OK;
}

err record_outbox_take(struct op *op, struct record *rec, str queue, int64_t lease_ms, size_t max,
                       struct record_job **ret, size_t *ret_n)
{
    struct store_job *jobs;
    size_t n;
    TRY(store_outbox_take(op, rec->store, queue, lease_ms, max, &jobs, &n));
    struct record_job *r = ARENA_ARRAY(op->arena, struct record_job, n);
    TRY(op_check(op));
    for (size_t i = 0; i < n; i++)
        r[i] = (struct record_job){.job = jobs[i].job,
                                   .due = jobs[i].due,
                                   .attempts = jobs[i].attempts,
                                   .body = jobs[i].body};
    *ret = r;
    *ret_n = n;
    return OK;
}
