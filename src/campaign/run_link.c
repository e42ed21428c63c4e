/* {link} in the words of a plan. Texts are first filled with an address of the same length, so that
 * preview, simulation and rulebook measure what will go; where it stands when a message leaves, one
 * Task is made for the person and its link put there. Invariant: a message's key has one Task,
 * however often the message is tried; the Task says what the message said, and nothing else. */
#include "campaign/link.h"
#include "campaign/run_int.h"

#define SAMPLE STR("AAAAAAAAAAAAAAAAAAAAAA")
#define DAYS 14
#define TASK_ID "https://weft.health/fhir/message-task"

str link_sample(struct op *op, const struct campaigns *c)
{
    return link_address(op, c->config, SAMPLE);
}

static struct json *pair(struct op *op, const char *a, str x, const char *b, str y)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, o, str_of(a), x);
    if (b)
        json_set_str(op->arena, o, str_of(b), y);
    return o;
}

static struct json *listed(struct op *op, const struct json *item)
{
    struct json *list = json_new(op->arena, JSON_ARRAY);
    json_push(op->arena, list, item);
    return list;
}

static err make_task(struct op *op, struct campaigns *c, const struct met *m, str key, str words,
                     str *ret_id)
{
    struct arena *a = op->arena;
    struct record_result r;
    struct buf once;
    struct json *o = json_new(a, JSON_OBJECT), *code = json_new(a, JSON_OBJECT);
    buf_init(&once, a, 1024);
    buf_add(&once, STR("identifier="));
    buf_url(&once, STR(TASK_ID));
    buf_add(&once, STR("%7C"));
    buf_url(&once, key);
    json_set_str(a, o, STR("resourceType"), STR("Task"));
    json_set(a, o, STR("identifier"), listed(op, pair(op, "system", STR(TASK_ID), "value", key)));
    json_set_str(a, o, STR("status"), STR("requested"));
    json_set_str(a, o, STR("intent"), STR("order"));
    json_set(a, code, STR("coding"),
             listed(op, pair(op, "system", STR(LINK_TASK_SYSTEM), "code", STR(LINK_TASK_CODE))));
    json_set(a, o, STR("code"), code);
    json_set_str(a, o, STR("description"), words);
    json_set(
        a, o, STR("for"),
        pair(op, "reference", arena_printf(a, "Patient/%.*s", STR_ARG(m->id)), NULL, STR_NONE));
    json_set_str(a, o, STR("authoredOn"), time_format(a, op->now));
    TRY(fhir_validate(op, o));
    TRY(op_check(op));
    TRY(record_create(op, c->rec, o, buf_str(&once), &r));
    *ret_id = r.id;
    return OK;
}

/* Wherever it stands. */
static str instead(struct op *op, str in, str sample, str with)
{
    str out = STR_NONE;
    for (size_t at; (at = str_find(in, sample, 0)) != SIZE_MAX;) {
        out = arena_cat(op->arena, out, arena_cat(op->arena, str_sub(in, 0, at), with));
        in = str_sub(in, at + sample.n, in.n);
    }
    return arena_cat(op->arena, out, in);
}

err link_into(struct op *op, struct campaigns *c, const struct met *m, str key, str *io)
{
    str id, word, sample = link_sample(op, c);
    if (str_find(*io, sample, 0) == SIZE_MAX)
        return OK;
    TRY(make_task(op, c, m, key, str_trim(instead(op, *io, sample, STR_NONE)), &id));
    struct link_for what = {.task = id, .message = key, .expires = op->now + DAYS * PLAN_DAY_MS};
    TRY(link_make(op, c, &what, &word));
    *io = instead(op, *io, sample, link_address(op, c->config, word));
    return op_check(op);
}
