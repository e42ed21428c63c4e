/* The house's sign of life, one named value. Invariant: a time away ends where it ended, however
 * soon the house goes again, and is remembered beside the others; two nodes that beat at once leave
 * the later beat. */
#include "desk/away.h"

#include "base/json.h"

#define KEY STR("house/alive")
#define BEAT_MS INT64_C(60000)
#define TEXT_MAX 8192u

static int64_t whole(const struct json *v)
{
    int64_t n = 0;
    (void)json_i64(v, &n);
    return n;
}

static void add_span(struct desk_away *a, int64_t from, int64_t until, int64_t now)
{
    if (from <= 0 || until <= from || now - until > AWAY_KEPT_MS)
        return;
    if (a->n == AWAY_SPANS)
        memmove(a->at, a->at + 1, --a->n * sizeof a->at[0]);
    a->at[a->n++] = (struct desk_away_span){from, until};
}

/* Whoever was away until now is told so before the next sign of life is kept. */
static err load(struct op *op, struct record *rec, struct desk_away *ret, str *ret_text)
{
    struct json *o = NULL;
    TRY(record_kv_get(op, rec, KEY, ret_text));
    if (ret_text->n)
        TRY(json_read(op, *ret_text, &JSON_LIMITS_DEFAULT, &o));
    struct desk_away a = {.alive = whole(JSON_GET(o, "alive"))};
    const struct json *spans = JSON_GET(o, "away"), *one;
    add_span(&a, whole(JSON_GET(o, "from")), whole(JSON_GET(o, "until")), op->now); /* as it was */
    for (size_t i = 0; (one = json_at(spans, i)); i++)
        add_span(&a, whole(json_at(one, 0)), whole(json_at(one, 1)), op->now);
    if (a.alive && op->now - a.alive > AWAY_MIN_MS)
        add_span(&a, a.alive, op->now, op->now);
    *ret = a;
    return OK;
}

static err beat(struct op *op, struct record *rec, const struct desk_away *a, str was)
{
    struct buf b;
    struct record_tx *tx = record_begin(op, rec);
    buf_init(&b, op->arena, TEXT_MAX);
    buf_printf(&b, "{\"alive\":%lld,\"away\":[", (long long)a->alive);
    for (size_t i = 0; i < a->n; i++)
        buf_printf(&b, "%s[%lld,%lld]", i ? "," : "", (long long)a->at[i].from,
                   (long long)a->at[i].until);
    buf_add(&b, STR("]}"));
    if (!buf_ok(&b))
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    record_tx_expect_kv(tx, KEY, was);
    record_tx_kv(tx, KEY, buf_str(&b));
    return record_commit(tx);
}

err desk_away_read(struct op *op, struct record *rec, struct desk_away *ret)
{
    str text;
    return load(op, rec, ret, &text);
}

err desk_away_beat(struct op *op, struct record *rec, bool hears, struct desk_away *ret)
{
    str text;
    TRY(load(op, rec, ret, &text));
    if (!hears)
        return OK;
    if (ret->alive && op->now >= ret->alive && op->now - ret->alive < BEAT_MS)
        return OK;
    ret->alive = op->now;
    err e = beat(op, rec, ret, text);
    if (e != ERR_CONFLICT && e != ERR_PRECONDITION)
        return e;
    op_clear(op); /* another node was here at the same time */
    return OK;
}

int64_t desk_away_in(const struct desk_away *away, int64_t since, int64_t now)
{
    int64_t sum = 0;
    for (size_t i = 0; i < away->n; i++) {
        int64_t from = away->at[i].from > since ? away->at[i].from : since;
        int64_t until = away->at[i].until < now ? away->at[i].until : now;
        sum += until > from ? until - from : 0;
    }
    return sum;
}
