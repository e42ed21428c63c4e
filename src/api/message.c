/* Messages to a patient: check a draft against the rulebook, send it, take it back; templates.
 * A refusal lists every rule that refuses, each as an issue of the outcome. */
#include "api/api_int.h"
#include "outreach/read.h"
#include "policy/why.h"

static err outreach_there(struct call *c)
{
    return c->api->outreach ? OK
                            : fail(&c->op, ERR_UNSUPPORTED, "This server runs without outreach.");
}

static err draft_of(struct call *c, struct outreach_draft *ret)
{
    struct json *in;
    struct time_span expires = {0};
    TRY(outreach_there(c));
    TRY(body_object(c, &in));
    str until = json_get_str(in, STR("expires"));
    if (until.n && !time_parse(until, &expires))
        return fail_at(&c->op, ERR_INVALID, STR("expires"), "expires is an instant.");
    str key = json_get_str(in, STR("key"));
    *ret = (struct outreach_draft){
        .patient = json_get_str(in, STR("patient")),
        .task = json_get_str(in, STR("task")),
        .channel = json_get_str(in, STR("channel")),
        .language = json_get_str(in, STR("language")),
        .template_code = json_get_str(in, STR("template")),
        .text = json_get_str(in, STR("text")),
        .subject = json_get_str(in, STR("subject")),
        .purpose = json_get_str(in, STR("purpose")),
        .asks = json_bool(JSON_GET(in, "asks"), false),
        .portal = json_bool(JSON_GET(in, "portal"), false),
        .urgent = json_bool(JSON_GET(in, "urgent"), false),
        .key = key.n ? key : net_header(c->rq, "Idempotency-Key"),
        .expires = expires.lo,
    };
    return OK;
}

/* The sentences of the obligations, in the reader's language. */
static struct json *asked_for(struct call *c, const struct verdict *v)
{
    struct json *all = json_new(c->op.arena, JSON_ARRAY);
    enum language l = language_wanted(c);
    for (size_t i = 0; i < v->n_obligations; i++) {
        str text = language_say(&c->op, l, obligation_text(v->obligations[i]));
        json_push(c->op.arena, all, json_new_str(c->op.arena, text));
    }
    return all;
}

err api_message_check(struct call *c)
{
    struct outreach_draft d;
    struct outreach_preview p;
    TRY(draft_of(c, &d));
    TRY(outreach_check(&c->op, c->api->outreach, &d, &p));
    struct arena *m = c->op.arena;
    struct json *o = json_new(m, JSON_OBJECT);
    struct json *verdict = verdict_to_json(&c->op, &p.verdict);
    json_set(m, verdict, STR("translation"), verdict_translations(&c->op, &p.verdict));
    json_set(m, verdict, STR("asks"), asked_for(c, &p.verdict));
    json_set(m, o, STR("verdict"), verdict);
    json_set_str(m, o, STR("channel"), p.channel);
    json_set_str(m, o, STR("to"), p.to_masked);
    if (p.recipient.n) /* whom the patient named to get their messages */
        json_set_str(m, o, STR("recipient"), p.recipient);
    json_set(m, o, STR("because"), language_texts(&c->op, p.because));
    json_set_str(m, o, STR("language"), p.language);
    json_set_str(m, o, STR("text"), p.text);
    json_set_str(m, o, STR("subject"), p.subject);
    json_set_str(m, o, STR("encoding"), p.encoding);
    json_set(m, o, STR("segments"), json_new_i64(m, p.segments));
    json_set(m, o, STR("characters"), json_new_i64(m, p.characters));
    if (p.has_grade)
        json_set(m, o, STR("grade"), json_new_num(m, arena_printf(m, "%.1f", p.grade)));
    if (p.send_at > 0)
        json_set_str(m, o, STR("sendAt"), time_format(m, p.send_at));
    if (p.facts)
        json_set(m, o, STR("facts"), facts_to_json(&c->op, p.facts));
    return answer_json(c, 200, o);
}

err api_message_send(struct call *c)
{
    struct outreach_draft d;
    struct record_result r;
    TRY(draft_of(c, &d));
    TRY(outreach_send(&c->op, c->api->outreach, &d, &r));
    return answer_result(c, &r);
}

err api_message_undo(struct call *c)
{
    struct record_result r;
    TRY(outreach_there(c));
    TRY(outreach_undo(&c->op, c->api->outreach, c->id, &r));
    return answer_result(c, &r);
}

/* What came before somebody's eyes: a form of its own, so that nothing that only fetches marks. */
err api_message_read(struct call *c)
{
    struct json *in, *list, *marked, *o = json_new(c->op.arena, JSON_OBJECT);
    str ids[OUTREACH_SEEN_MAX];
    size_t n = 0;
    TRY(outreach_there(c));
    TRY(body_object(c, &in));
    list = JSON_GET(in, "messages");
    if (!list || list->type != JSON_ARRAY || list->n > OUTREACH_SEEN_MAX)
        return fail_at(&c->op, ERR_INVALID, STR("messages"),
                       "messages is a list of at most %u ids.", OUTREACH_SEEN_MAX);
    for (size_t i = 0; i < list->n; i++)
        ids[n++] = json_str(json_at(list, i));
    TRY(outreach_read(&c->op, c->api->outreach, &(struct outreach_seen){ids, n}, &marked));
    json_set(c->op.arena, o, STR("read"), marked);
    return answer_json(c, 200, o);
}

err api_templates(struct call *c)
{
    struct outreach_template *all;
    size_t n;
    str language = STR_NONE;
    TRY(outreach_there(c));
    (void)query_get(c->op.arena, c->rq->query, STR("language"), &language);
    TRY(outreach_templates(&c->op, c->api->outreach, language, &all, &n));
    struct arena *m = c->op.arena;
    struct json *list = json_new(m, JSON_ARRAY);
    for (size_t i = 0; i < n; i++) {
        struct json *o = json_new(m, JSON_OBJECT);
        json_set_str(m, o, STR("code"), all[i].code);
        json_set_str(m, o, STR("purpose"), all[i].purpose);
        json_set_str(m, o, STR("channel"), all[i].channel);
        json_set_str(m, o, STR("language"), all[i].language);
        json_set_str(m, o, STR("title"), all[i].title);
        json_set_str(m, o, STR("text"), all[i].text);
        json_set_str(m, o, STR("subject"), all[i].subject);
        json_push(m, list, o);
    }
    return answer_json(c, 200, list);
}
