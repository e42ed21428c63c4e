/* Bulk jobs as they are kept: the index and each job's state. Invariant: what is on disk is the
 * only state there is, so that whatever dies, the next start goes on from it; a change that finds
 * something else than it was made from fails and is looked at anew. */
#include "api/bulk_int.h"

#define INDEX STR("bulk")
#define TRIES 8
#define UPLOAD_MS ((int64_t)15 * 60 * 1000)
#define SWEEP 256u

int64_t bulk_number(const struct json *o, const char *name)
{
    int64_t v = 0;
    (void)json_i64(json_get(o, str_of(name)), &v);
    return v;
}

void bulk_set(struct arena *a, struct json *o, const char *name, int64_t v)
{
    json_set(a, o, str_of(name), json_new_i64(a, v));
}

str bulk_key(struct arena *a, str id, const char *part, uint64_t a_number, uint64_t b_number)
{
    return arena_printf(a, "bulk/%.*s/%s/%llu/%llu", STR_ARG(id), part,
                        (unsigned long long)a_number, (unsigned long long)b_number);
}

static str job_key(struct arena *a, str id)
{
    return arena_printf(a, "bulk/%.*s", STR_ARG(id));
}

static str written(struct op *op, const struct json *o)
{
    struct buf b;
    buf_init(&b, op->arena, 1u << 20);
    json_write(&b, o);
    if (!buf_ok(&b))
        (void)fail(op, ERR_TOO_COSTLY, "The job has become too large; ask for less at once.");
    return buf_str(&b);
}

static err parsed(struct op *op, str text, struct json **ret)
{
    struct json_limits limits = {.bytes = 2u << 20, .depth = 8, .nodes = 200000};
    return json_read(op, text, &limits, ret);
}

static err index_read(struct op *op, struct api *api, str *ret_text, struct json **ret_rows)
{
    TRY(record_kv_get(op, api->rec, INDEX, ret_text));
    if (str_empty(*ret_text)) {
        *ret_text = STR_NONE;
        *ret_rows = json_new(op->arena, JSON_ARRAY);
        return op_check(op);
    }
    return parsed(op, *ret_text, ret_rows);
}

static void index_put(struct op *op, struct record_tx *tx, str before, const struct json *rows)
{
    record_tx_expect_kv(tx, INDEX, before);
    record_tx_kv(tx, INDEX, written(op, rows));
}

static struct json *row_of(const struct json *rows, str id)
{
    struct json *row;
    for (size_t i = 0; (row = json_at(rows, i)); i++)
        if (str_eq(json_get_str(row, STR("id")), id))
            return row;
    return NULL;
}

static bool is_active(const struct json *row)
{
    return json_bool(JSON_GET(row, "active"), false);
}

static bool is_over(const struct op *op, const struct json *row)
{
    return !is_active(row) && bulk_number(row, "expires") <= op->now;
}

static bool is_mine(const struct op *op, const struct json *o)
{
    return str_eq(json_get_str(o, STR("user")), op->actor->user) &&
           str_eq(json_get_str(o, STR("role")), role_name(op->actor->role));
}

static err job_read(struct op *op, struct api *api, str id, struct bulk_job *ret)
{
    *ret = (struct bulk_job){.id = id};
    TRY(record_kv_get(op, api->rec, job_key(op->arena, id), &ret->text));
    return str_empty(ret->text) ? ERR_NOT_FOUND : parsed(op, ret->text, &ret->o);
}

err bulk_get(struct op *op, struct api *api, str id, struct bulk_job *ret)
{
    str text;
    struct json *rows;
    TRY(index_read(op, api, &text, &rows));
    const struct json *row = row_of(rows, id);
    err e = row && !is_over(op, row) ? job_read(op, api, id, ret) : ERR_NOT_FOUND;
    if (e == OK && op->actor != identity_system() && !is_mine(op, ret->o))
        e = ERR_NOT_FOUND;
    return e == ERR_NOT_FOUND
               ? fail(op, e, "There is no such job; it was cancelled, or is over since long.")
               : e;
}

void bulk_put(struct op *op, struct record_tx *tx, const struct bulk_job *job)
{
    str key = job_key(op->arena, job->id);
    record_tx_expect_kv(tx, key, job->text);
    record_tx_kv(tx, key, written(op, job->o));
}

/* Changes one row: at work or not, and until when it is kept. */
static err index_set(struct op *op, struct api *api, struct record_tx *tx, str id, bool active,
                     int64_t expires)
{
    str text;
    struct json *rows;
    TRY(index_read(op, api, &text, &rows));
    struct json *row = row_of(rows, id);
    if (!row)
        return fail(op, ERR_NOT_FOUND, "There is no such job.");
    json_set(op->arena, row, STR("active"), json_new_bool(op->arena, active));
    bulk_set(op->arena, row, "expires", expires);
    bulk_set(op->arena, row, "done", !active);
    index_put(op, tx, text, rows);
    return op_check(op);
}

static int64_t keep_ms(const struct api *api)
{
    return config_int(api->config, "bulk.keep_h") * 3600000;
}

err bulk_finish(struct op *op, struct api *api, struct bulk_job *job, struct record_tx *tx,
                const char *state)
{
    if (op->fault.n) {
        bulk_set(op->arena, job->o, "code", op->fault.code);
        json_set_str(op->arena, job->o, STR("why"), op->fault.issues[0].message);
        op_clear(op);
    }
    json_set_str(op->arena, job->o, STR("state"), str_of(state));
    bulk_put(op, tx, job);
    TRY(index_set(op, api, tx, job->id, false, op->now + keep_ms(api)));
    return record_commit(tx);
}

/* The index row of a new job. */
static err add_row(struct call *c, struct record_tx *tx, str id, bool at_work)
{
    struct op *op = &c->op;
    struct json *rows, *one, *row = json_new(op->arena, JSON_OBJECT);
    str text;
    int64_t active = 0, most = config_int(c->api->config, "bulk.jobs");
    TRY(index_read(op, c->api, &text, &rows));
    for (size_t i = 0; (one = json_at(rows, i)); i++)
        active += is_active(one) || (!is_over(op, one) && !bulk_number(one, "done"));
    if (active >= most || rows->n >= BULK_JOBS_MAX)
        return fail(op, ERR_BUSY,
                    active >= most ? "As many bulk jobs are at work as may be; try again later."
                                   : "Too many finished jobs are kept; DELETE those not needed.");
    json_set_str(op->arena, row, STR("id"), id);
    json_set(op->arena, row, STR("active"), json_new_bool(op->arena, at_work));
    bulk_set(op->arena, row, "expires", op->now + UPLOAD_MS);
    json_push(op->arena, rows, row);
    index_put(op, tx, text, rows);
    return op_check(op);
}

err bulk_start(struct call *c, struct json *o, bool at_work, str *ret_id)
{
    struct op *op = &c->op;
    str id = random_token(op->arena, 16);
    err e = ERR_CONFLICT;
    json_set_str(op->arena, o, STR("user"), op->actor->user);
    json_set_str(op->arena, o, STR("role"), role_name(op->actor->role));
    json_set_str(op->arena, o, STR("purpose"), purpose_name(op->actor->purpose));
    json_set_str(op->arena, o, STR("reference"), op->actor->reference);
    if (op->actor->scopes)
        json_set_str(op->arena, o, STR("scope"), op->actor->scopes->text);
    json_set_str(op->arena, o, STR("state"), STR("running"));
    bulk_set(op->arena, o, "started", op->now);
    for (int i = 0; i < TRIES && e == ERR_CONFLICT; i++) {
        struct record_tx *tx = record_begin(op, c->api->rec);
        op_clear(op);
        TRY(add_row(c, tx, id, at_work));
        record_tx_kv(tx, job_key(op->arena, id), written(op, o));
        e = record_commit(tx);
    }
    TRY(e);
    *ret_id = id;
    return OK;
}

static err index_change(struct op *op, struct api *api, str id, bool active, int64_t expires)
{
    err e = ERR_CONFLICT;
    for (int i = 0; i < TRIES && e == ERR_CONFLICT; i++) {
        struct record_tx *tx = record_begin(op, api->rec);
        op_clear(op);
        TRY(index_set(op, api, tx, id, active, expires));
        e = record_commit(tx);
    }
    return e;
}

err bulk_activate(struct op *op, struct api *api, str id)
{
    return index_change(op, api, id, true, 0);
}

err bulk_cancel(struct op *op, struct api *api, str id)
{
    struct bulk_job job;
    TRY(bulk_get(op, api, id, &job));
    return index_change(op, api, id, false, 0);
}

err bulk_list(struct op *op, struct api *api, bool over, str **ret, size_t *ret_n)
{
    str text;
    struct json *rows, *row;
    size_t n = 0;
    TRY(index_read(op, api, &text, &rows));
    *ret = ARENA_ARRAY(op->arena, str, rows->n + 1);
    TRY(op_check(op));
    for (size_t i = 0; (row = json_at(rows, i)); i++)
        if (over ? is_over(op, row) : is_active(row))
            (*ret)[n++] = json_get_str(row, STR("id"));
    *ret_n = n;
    return OK;
}

/* Takes from the end of one kind of pieces; true while there are more. */
static bool sweep_some(struct op *op, struct record_tx *tx, struct bulk_job *job,
                       const char *counter, uint64_t pass)
{
    int64_t n = bulk_number(job->o, counter), to = n > SWEEP ? n - SWEEP : 0;
    const char *part = counter[0] == 'f' ? "f" : counter[0] == 'e' ? "e" : "i";
    for (int64_t i = to; i < n; i++)
        record_tx_kv(tx, bulk_key(op->arena, job->id, part, pass, (uint64_t)i), STR_NONE);
    bulk_set(op->arena, job->o, counter, to);
    return n > 0;
}

static err row_gone(struct op *op, struct api *api, struct record_tx *tx, str id)
{
    str text;
    struct json *rows, *row, *left = json_new(op->arena, JSON_ARRAY);
    TRY(index_read(op, api, &text, &rows));
    for (size_t i = 0; (row = json_at(rows, i)); i++)
        if (!str_eq(json_get_str(row, STR("id")), id))
            json_push(op->arena, left, row);
    index_put(op, tx, text, left);
    record_tx_kv(tx, job_key(op->arena, id), STR_NONE);
    return op_check(op);
}

err bulk_sweep(struct op *op, struct api *api, str id, bool *ret_done)
{
    struct bulk_job job;
    struct record_tx *tx = record_begin(op, api->rec);
    err e = job_read(op, api, id, &job);
    bool more = false;
    if (e != OK && e != ERR_NOT_FOUND)
        return e;
    if (e == OK) {
        uint64_t pass = (uint64_t)bulk_number(job.o, "pass");
        more =
            sweep_some(op, tx, &job, "file_parts", 0) || sweep_some(op, tx, &job, "errors_n", 0) ||
            sweep_some(op, tx, &job, "next", pass + 1) || sweep_some(op, tx, &job, "parts", pass);
    }
    *ret_done = !more;
    if (more)
        bulk_put(op, tx, &job);
    else
        TRY(row_gone(op, api, tx, id));
    return record_commit(tx);
}
