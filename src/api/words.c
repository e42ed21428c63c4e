/* Words at the door: written side by side, judged while typing, tried, submitted and approved. */
#include "campaign/words.h"
#include "api/api_int.h"
#include "outreach/probe.h"

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

err api_words_probe(struct call *c)
{
    struct json *in, *o, *words;
    TRY(given(c, &in));
    str id = json_get_str(in, STR("id"));
    struct words_probe to = {.channel = json_get_str(in, STR("channel")),
                             .language = json_get_str(in, STR("language"))};
    words = JSON_GET(in, "words");
    if (id.n) /* those that a campaign sends */
        TRY(words_get(&c->op, c->api->campaigns, id, &words));
    TRY(words_probe(&c->op, c->api->campaigns, words, &to, &o));
    return answer_json(c, 202, o);
}

/* ---- the author's own addresses ---- */
static err outreach_there(struct call *c)
{
    return c->api->outreach ? OK
                            : fail(&c->op, ERR_UNSUPPORTED, "This server runs without outreach.");
}

static err tell_addresses(struct call *c, int status)
{
    struct json *o;
    TRY(probe_addresses(&c->op, c->api->outreach, &o));
    return answer_json(c, status, o);
}

err api_own_addresses(struct call *c)
{
    TRY(outreach_there(c));
    return tell_addresses(c, 200);
}

err api_own_address_put(struct call *c)
{
    struct json *in;
    TRY(outreach_there(c));
    TRY(body_object(c, &in));
    str channel = json_get_str(in, STR("channel"));
    TRY(probe_ask(&c->op, c->api->outreach, channel, json_get_str(in, STR("to"))));
    return tell_addresses(c, 202);
}

err api_own_address_confirm(struct call *c)
{
    struct json *in;
    TRY(outreach_there(c));
    TRY(body_object(c, &in));
    str channel = json_get_str(in, STR("channel"));
    TRY(probe_confirm(&c->op, c->api->outreach, channel, json_get_str(in, STR("code"))));
    return tell_addresses(c, 200);
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
