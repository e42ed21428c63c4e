/* Messages to who works here. Invariants: a job is gone before it is handed over, so it goes once
 * or not at all; each takes its turn among the messages of its number. */
#include "outreach/staff_int.h"

#include "outreach/mail_out_int.h"

#include <sodium.h>

#define LEASE_MS 60000

str staff_text(struct op *op, const struct json *v)
{
    struct buf b;
    buf_init(&b, op->arena, 64u << 10);
    json_write(&b, v);
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

/* ---- what is remembered of them ---- */
err staff_load(struct op *op, struct outreach *o, str key, struct staff_state *ret)
{
    *ret = (struct staff_state){.key = key};
    TRY(record_kv_get(op, o->rec, key, &ret->kept));
    ret->o = json_new(op->arena, JSON_OBJECT);
    return str_empty(ret->kept) ? op_check(op)
                                : json_read(op, ret->kept, &JSON_LIMITS_DEFAULT, &ret->o);
}

void staff_put(struct record_tx *tx, struct op *op, const struct staff_state *s)
{
    record_tx_expect_kv(tx, s->key, s->kept);
    record_tx_kv(tx, s->key, staff_text(op, s->o));
}

size_t staff_lately(struct op *op, struct staff_state *s, const char *list, int64_t ms,
                    int64_t *ret_last)
{
    const struct json *had = json_get(s->o, str_of(list));
    struct json *kept = json_new(op->arena, JSON_ARRAY);
    *ret_last = 0;
    for (size_t i = 0; had && i < had->n; i++) {
        int64_t at = 0;
        json_i64(json_at(had, i), &at);
        if (at > op->now || at <= op->now - ms)
            continue;
        json_push(op->arena, kept, json_at(had, i));
        *ret_last = at > *ret_last ? at : *ret_last;
    }
    json_set(op->arena, s->o, str_of(list), kept);
    return kept->n;
}

void staff_count(struct op *op, struct staff_state *s, const char *list)
{
    json_push(op->arena, json_get(s->o, str_of(list)), json_new_i64(op->arena, op->now));
}

/* ---- their messages ---- */
str staff_queue(struct op *op, const char *kind, enum channel_kind k)
{
    return arena_printf(op->arena, "%s-%.*s", kind, STR_ARG(channel_name(k)));
}

struct json *staff_job(struct op *op, const char *id, str who, const struct parcel *p)
{
    struct json *job = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, job, STR("id"),
                 arena_printf(op->arena, "%s%08x%08x%08x", id, (unsigned)randombytes_random(),
                              (unsigned)randombytes_random(), (unsigned)randombytes_random()));
    json_set_str(op->arena, job, STR("who"), who);
    json_set_str(op->arena, job, STR("to"), p->to);
    json_set_str(op->arena, job, STR("text"), p->text);
    json_set_str(op->arena, job, STR("subject"), p->subject);
    json_set_str(op->arena, job, STR("language"), p->language);
    if (p->expires)
        json_set(op->arena, job, STR("until"), json_new_i64(op->arena, p->expires));
    return job;
}

static struct parcel parcel_of(const struct outreach *o, const struct json *job)
{
    struct parcel p = {.id = json_get_str(job, STR("id")),
                       .to = json_get_str(job, STR("to")),
                       .from = bucket_number(o, json_get_str(job, STR("who"))),
                       .text = json_get_str(job, STR("text")),
                       .subject = json_get_str(job, STR("subject")),
                       .language = json_get_str(job, STR("language")),
                       .kind = KIND_CARE,
                       .human = true,
                       .result = SENT_LATER};
    json_i64(JSON_GET(job, "until"), &p.expires);
    return p;
}

err staff_send(struct op *op, struct outreach *o, const char *kind, enum channel_kind k,
               struct staff_sent *ret)
{
    struct record_job *jobs;
    struct json *job;
    int64_t free_at = op->now;
    *ret = (struct staff_sent){0};
    if (k > CHANNEL_EMAIL)
        return OK;
    TRY(record_outbox_take(op, o->rec, staff_queue(op, kind, k), LEASE_MS, 1, &jobs, &ret->n));
    if (ret->n == 0)
        return OK;
    TRY(json_read(op, jobs->body, &JSON_LIMITS_DEFAULT, &job));
    str who = json_get_str(job, STR("who"));
    struct record_tx *tx = record_begin(op, o->rec);
    bool now = bucket_take(o, k, who, op->now, &free_at);
    if (now)
        record_tx_outbox_done(tx, jobs->job);
    else
        record_tx_outbox_later(tx, jobs->job, free_at, jobs->body);
    if (now && k == CHANNEL_SMS)
        bucket_put(tx, op, o, who);
    TRY(record_commit(tx)); /* before it leaves: once or not at all */
    if (!now)
        return OK;
    ret->job = job;
    ret->p = parcel_of(o, job);
    if (!ret->p.expires || op->now < ret->p.expires)
        provider_send(op, o, k, &ret->p, 1);
    return OK;
}

bool staff_address(struct op *op, enum channel_kind k, str in, str *ret)
{
    str to = str_trim(in);
    *ret = to;
    if (k == CHANNEL_EMAIL)
        return mail_is_address(to);
    if (k != CHANNEL_SMS)
        return false;
    *ret = to = phone_plain(op, to);
    bool ok = to.n >= 8 && to.n <= 16 && to.p[0] == '+';
    for (size_t i = 1; ok && i < to.n; i++)
        ok = to.p[i] >= '0' && to.p[i] <= '9';
    return ok;
}
