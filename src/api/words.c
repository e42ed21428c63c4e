/* Words at the door: written side by side, judged while typing, tried, submitted and approved. */
#include "campaign/words.h"
#include "api/api_int.h"

static err there(struct call *c)
{
    return c->api->campaigns ? OK
                             : fail(&c->op, ERR_UNSUPPORTED, "This server runs without campaigns.");
}

static err given(struct call *c, struct json **ret)
{
    TRY(there(c));
    return body_object(c, ret);
}

err api_words_all(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(words_all(&c->op, c->api->campaigns, &o));
    return answer_json(c, 200, o);
}

err api_words_one(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(words_get(&c->op, c->api->campaigns, c->id, &o));
    return answer_json(c, 200, o);
}

err api_words_put(struct call *c)
{
    struct json *in, *o;
    TRY(given(c, &in));
    TRY(words_put(&c->op, c->api->campaigns, c->id, in, &o));
    return answer_json(c, c->id.n ? 200 : 201, o);
}

err api_words_lint(struct call *c)
{
    struct json *in, *o;
    str language = STR_NONE;
    TRY(given(c, &in));
    (void)query_get(c->op.arena, c->rq->query, STR("language"), &language);
    TRY(words_lint(&c->op, c->api->campaigns, in, language, &o));
    return answer_json(c, 200, o);
}

err api_words_try(struct call *c)
{
    struct json *in, *o;
    TRY(given(c, &in));
    TRY(words_try(&c->op, c->api->campaigns, in, &o));
    return answer_json(c, 200, o);
}

err api_words_step(struct call *c)
{
    struct json *o;
    str path = c->rq->path, step = path;
    TRY(there(c));
    while (str_find_char(step, '/', 0) != SIZE_MAX)
        step = str_sub(step, str_find_char(step, '/', 0) + 1, step.n);
    TRY(words_step(&c->op, c->api->campaigns, c->id, step, &o));
    return answer_json(c, 200, o);
}
