/* Contact: the budget of a patient, consent as it was given, links to the preference centre, what
 * the patient wishes, the dialler's question. Decides nothing: the rooms do. */
#include "api/api_int.h"
#include "outreach/call.h"
#include "outreach/capture.h"
#include "outreach/ledger.h"
#include "outreach/pace.h"
#include "policy/why.h"

#define WORDS_MAX ((size_t)WISH_TOPICS)

static err outreach_there(struct call *c)
{
    return c->api->outreach ? OK
                            : fail(&c->op, ERR_UNSUPPORTED, "This server runs without outreach.");
}

err api_contact_budget(struct call *c)
{
    struct json *o;
    TRY(outreach_there(c));
    TRY(ledger_budget(&c->op, c->api->outreach, c->id, &o));
    return answer_json(c, 200, o);
}

err api_contact_wishes(struct call *c)
{
    struct json *o;
    TRY(outreach_there(c));
    TRY(outreach_wishes(&c->op, c->api->outreach, c->id, &o));
    return answer_json(c, 200, o);
}

err api_contact_link(struct call *c)
{
    str token;
    int64_t until;
    TRY(outreach_there(c));
    TRY(outreach_wish_link(&c->op, c->api->outreach, c->id, &token, &until));
    struct arena *a = c->op.arena;
    struct json *o = json_new(a, JSON_OBJECT);
    str base = c->api->fixed_url ? c->api->url : base_url(c);
    json_set_str(a, o, STR("link"),
                 arena_printf(a, "%.*s/contact/%.*s", STR_ARG(base), STR_ARG(token)));
    json_set_str(a, o, STR("until"), time_format(a, until));
    return answer_json(c, 201, o);
}

/* A list of texts; ERR_INVALID when it is none. */
static err words_of(struct call *c, const struct json *in, str name, const str **ret, size_t *ret_n)
{
    const struct json *list = json_get(in, name);
    size_t n = list ? list->n : 0;
    if (list && (!json_is(list, JSON_ARRAY) || n > WORDS_MAX))
        return fail_at(&c->op, ERR_INVALID, name, "This is a list of at most %zu words.",
                       WORDS_MAX);
    str *words = ARENA_ARRAY(c->op.arena, str, n + 1);
    TRY(op_check(&c->op));
    for (size_t i = 0; i < n; i++)
        words[i] = json_str(json_at(list, i));
    *ret = words;
    *ret_n = n;
    return OK;
}

err api_consent_capture(struct call *c)
{
    struct json *in;
    struct record_result r;
    struct time_span until = {0};
    TRY(outreach_there(c));
    TRY(body_object(c, &in));
    str end = json_get_str(in, STR("until"));
    if (end.n && !time_parse(end, &until))
        return fail_at(&c->op, ERR_INVALID, STR("until"), "until is a date or an instant.");
    struct outreach_capture k = {
        .patient = c->id,
        .how = json_get_str(in, STR("how")),
        .no = json_bool(JSON_GET(in, "no"), false),
        .type = json_get_str(in, STR("type")),
        .channel = json_get_str(in, STR("channel")),
        .number = json_get_str(in, STR("number")),
        .language = json_get_str(in, STR("language")),
        .evidence = json_get_str(in, STR("evidence")),
        .affirmative = json_bool(JSON_GET(in, "affirmative"), false),
        .granular = json_bool(JSON_GET(in, "granular"), false),
        .separate = json_bool(JSON_GET(in, "separate"), false),
        .until = until.hi,
        .ends = str_trim(json_get_str(in, STR("event"))),
    };
    TRY(words_of(c, in, STR("purposes"), &k.purposes, &k.n_purposes));
    TRY(words_of(c, in, STR("topics"), &k.topics, &k.n_topics));
    TRY(words_of(c, in, STR("elements"), &k.elements, &k.n_elements));
    TRY(outreach_capture(&c->op, c->api->outreach, &k, &r));
    return answer_result(c, &r);
}

static void put_clock(struct call *c, struct json *o, str name, int minute)
{
    if (minute >= 0)
        json_set_str(c->op.arena, o, name,
                     arena_printf(c->op.arena, "%02d:%02d", minute / 60, minute % 60));
}

static struct json *told(struct call *c, const struct verdict *v)
{
    struct json *o = verdict_to_json(&c->op, v);
    json_set(c->op.arena, o, STR("translation"), verdict_translations(&c->op, v));
    return o;
}

static void put_outbound(struct call *c, struct json *o, const struct outreach_call *k)
{
    struct arena *a = c->op.arena;
    struct json *opens = json_new(a, JSON_ARRAY);
    for (unsigned x = CALL_EMERGENCY; x < CALL_MADE; x++)
        if (k->opens >> x & 1)
            json_push(a, opens, json_new_str(a, call_exception_name((enum call_exception)x)));
    json_set(a, o, STR("may"), json_new_bool(a, k->may));
    json_set(a, o, STR("outbound"), told(c, &k->outbound));
    json_set(a, o, STR("exceptions"), opens);
    if (k->number.n)
        json_set_str(a, o, STR("number"), k->number);
    if (!k->may && k->outbound.held)
        json_set_str(a, o, STR("until"), time_format(a, k->outbound.hold_until));
}

err api_call_ask(struct call *c)
{
    struct json *in;
    struct outreach_call k;
    struct arena *a = c->op.arena;
    TRY(outreach_there(c));
    TRY(body_object(c, &in));
    struct outreach_call_ask ask = {.patient = c->id,
                                    .about = json_get_str(in, STR("about")),
                                    .offered = json_bool(JSON_GET(in, "offered"), false),
                                    .reason = json_get_str(in, STR("reason"))};
    if (!call_exception_parse(json_get_str(in, STR("exception")), &ask.exception))
        return fail_at(&c->op, ERR_INVALID, STR("exception"),
                       "An exception is emergency, callback or made.");
    TRY(outreach_call(&c->op, c->api->outreach, &ask, &k));
    struct json *o = json_new(a, JSON_OBJECT);
    json_set(a, o, STR("verdict"), told(c, &k.verdict));
    put_outbound(c, o, &k);
    json_set_str(a, o, STR("version"), arena_printf(a, "%u", k.vid));
    json_set_str(a, o, STR("language"), k.language);
    put_clock(c, o, STR("earliest"), k.earliest);
    put_clock(c, o, STR("latest"), k.latest);
    json_set(a, o, STR("paused"), json_new_bool(a, k.paused));
    json_set(a, o, STR("quiet"), json_new_bool(a, k.quiet));
    json_set(a, o, STR("confidential"), json_new_bool(a, k.confidential));
    if (k.confidential_to.n)
        json_set_str(a, o, STR("confidentialTo"), k.confidential_to);
    struct json *topics = json_new(a, JSON_ARRAY);
    for (size_t i = 0; i < k.n_not_about; i++)
        json_push(a, topics, json_new_str(a, k.not_about[i]));
    json_set(a, o, STR("notAbout"), topics);
    return answer_json(c, 200, o);
}

err api_dialer_ask(struct call *c)
{
    struct json *in;
    struct verdict v;
    TRY(body_object(c, &in));
    str step = json_get_str(in, STR("step"));
    if (!str_eq(step, STR("dial")) && !str_eq(step, STR("hangup")))
        return fail_at(&c->op, ERR_INVALID, STR("step"), "step is dial or hangup.");
    if (c->op.actor->role != ROLE_AGENT && c->op.actor->role != ROLE_OUTREACH &&
        c->op.actor->role != ROLE_SYSTEM)
        return fail(&c->op, ERR_FORBIDDEN, "Only those who call patients ask the dialler's rules.");
    TRY(pace_ask(&c->op, c->api->rec, str_eq(step, STR("dial")) ? PACE_DIAL : PACE_HANG_UP,
                 JSON_GET(in, "facts"), &v));
    return answer_json(c, 200, verdict_to_json(&c->op, &v));
}
