/* The house's sign of life, one named value. Invariant: a time away ends where it ended, however
 * soon the house goes again; two nodes that beat at once leave the later beat. */
#include "desk/away.h"

#include "base/json.h"

#define KEY STR("house/alive")
#define BEAT_MS INT64_C(60000)

static int64_t whole(const struct json *o, const char *name)
{
    int64_t v = 0;
    (void)json_i64(json_get(o, str_of(name)), &v);
    return v;
}

/* As it is by now: whoever was away until now is told so before the next sign of life is kept. */
static err load(struct op *op, struct record *rec, struct desk_away *ret, str *ret_text)
{
    struct json *o = NULL;
    TRY(record_kv_get(op, rec, KEY, ret_text));
    if (ret_text->n)
        TRY(json_read(op, *ret_text, &JSON_LIMITS_DEFAULT, &o));
    struct desk_away a = {whole(o, "alive"), whole(o, "from"), whole(o, "until")};
    if (a.alive && op->now - a.alive > AWAY_MIN_MS) {
        a.from = a.alive;
        a.until = op->now;
    }
    *ret = a;
    return OK;
}

err desk_away_beat(struct op *op, struct record *rec, struct desk_away *ret)
{
    struct desk_away a;
    str text;
    TRY(load(op, rec, &a, &text));
    *ret = a;
    if (a.alive && op->now >= a.alive && op->now - a.alive < BEAT_MS)
        return OK;
    ret->alive = op->now;
    struct record_tx *tx = record_begin(op, rec);
    record_tx_expect_kv(tx, KEY, text);
    record_tx_kv(tx, KEY,
                 arena_printf(op->arena, "{\"alive\":%lld,\"from\":%lld,\"until\":%lld}",
                              (long long)op->now, (long long)a.from, (long long)a.until));
    err e = record_commit(tx);
    if (e != ERR_CONFLICT && e != ERR_PRECONDITION)
        return e;
    op_clear(op); /* another node was here at the same time */
    return OK;
}

int64_t desk_away_in(const struct desk_away *away, int64_t since, int64_t now)
{
    int64_t from = away->from > since ? away->from : since;
    int64_t until = away->until < now ? away->until : now;
    return until > from ? until - from : 0;
}
