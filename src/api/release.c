/* What patients choose themselves: when results are shown to them, how they are reached; and that a
 * clinician told them of a result. */
#include "record/release.h"
#include "api/op_int.h"

static struct json *row(struct call *c, size_t i, const struct release_wish *w)
{
    struct arena *a = c->op.arena;
    struct json *o = json_new(a, JSON_OBJECT);
    json_set_str(a, o, STR("category"), release_category(i));
    json_set_str(a, o, STR("how"), release_how_name(w->how));
    json_set(a, o, STR("days"), json_new_i64(a, release_days(i)));
    if (w->how != RELEASE_NOW)
        json_set_str(a, o, STR("since"), time_format(a, w->since));
    return o;
}

/* What is held back now, as the patient may read it too: why in law, until when, in whose words. */
static struct json *withheld(struct call *c, const struct record_release *r)
{
    struct arena *a = c->op.arena;
    struct json *list = json_new(a, JSON_ARRAY), *one, *part;
    for (size_t i = 0; (one = json_at(r->said, i)); i++) {
        struct json *o = json_new(a, JSON_OBJECT);
        const struct json *answer = json_path(one, "answer.0"), *v;
        struct time_span until = {0};
        if (!str_eq(json_get_str(one, STR("linkId")), STR("withheld")))
            continue;
        json_set_str(a, o, STR("result"), json_str(json_path(answer, "valueReference.reference")));
        for (size_t k = 0; (part = json_at(JSON_GET(answer, "item"), k)); k++) {
            str name = json_get_str(part, STR("linkId"));
            v = json_path(part, "answer.0");
            if (str_eq(name, STR("exception")))
                json_set_str(a, o, STR("citation"), json_str(json_path(v, "valueCoding.display")));
            str said = json_str(json_path(v, "valueCoding.code"));
            said = said.n ? said : json_get_str(v, STR("valueDateTime"));
            said = said.n ? said : json_str(json_path(v, "valueReference.reference"));
            json_set_str(a, o, name, said.n ? said : json_get_str(v, STR("valueString")));
        }
        if (time_parse(json_get_str(o, STR("until")), &until) && until.lo > c->op.now)
            json_push(a, list, o);
    }
    return list;
}

/* By what a clinician may hold a result back, and how long. */
static struct json *exceptions(struct call *c)
{
    struct arena *a = c->op.arena;
    struct json *list = json_new(a, JSON_ARRAY);
    const struct release_exception *x;
    for (size_t i = 0; (x = release_exception_at(i)); i++) {
        struct json *o = json_new(a, JSON_OBJECT);
        json_set_str(a, o, STR("code"), str_of(x->code));
        json_set_str(a, o, STR("citation"), str_of(x->citation));
        json_set(a, o, STR("days"), json_new_i64(a, x->days));
        json_push(a, list, o);
    }
    return list;
}

err api_release(struct call *c)
{
    struct arena *a = c->op.arena;
    struct record_release r;
    struct json *o = json_new(a, JSON_OBJECT), *list = json_new(a, JSON_ARRAY);
    op_deadline(c);
    TRY(record_release_get(&c->op, c->api->rec, c->id, &r));
    for (size_t i = 0; i < release_count(); i++)
        json_push(a, list, row(c, i, &r.wish[i]));
    json_set(a, o, STR("choices"), list);
    json_set(a, o, STR("waiting"), json_new_i64(a, (int64_t)r.waiting));
    json_set(a, o, STR("withheld"), withheld(c, &r));
    json_set(a, o, STR("exceptions"), exceptions(c));
    return answer_json(c, 200, o);
}

err api_release_set(struct call *c)
{
    struct json *in;
    struct record_release r;
    enum release_how how[RELEASE_MAX] = {RELEASE_NOW};
    TRY(body_object(c, &in));
    TRY(record_release_get(&c->op, c->api->rec, c->id, &r));
    for (size_t i = 0; i < release_count(); i++) {
        str word = json_get_str(in, release_category(i));
        how[i] = r.wish[i].how;
        if (word.n && !release_how_parse(word, &how[i]))
            return fail_at(&c->op, ERR_INVALID, release_category(i), "Say now, written or phone.");
    }
    TRY(record_release_set(&c->op, c->api->rec, c->id, how));
    return api_release(c);
}

struct topics {
    str *of;
    size_t n;
    bool said;
};

static enum outreach_word word_of(const struct json *in, str name)
{
    const struct json *v = json_get(in, name);
    return !v ? WORD_SAME : json_bool(v, false) ? WORD_YES : WORD_NO;
}

/* Topics that are not wanted: a list that is there is the whole of them. */
static err topics_of(struct call *c, const struct json *in, str name, struct topics *ret)
{
    const struct json *list = json_get(in, name);
    if (list && (!json_is(list, JSON_ARRAY) || list->n > WISH_TOPICS_ALL))
        return fail_at(&c->op, ERR_INVALID, name, "This is a list of at most %d topics.",
                       WISH_TOPICS_ALL);
    ret->said = list != NULL;
    ret->of = ARENA_ARRAY(c->op.arena, str, (list ? list->n : 0) + 1);
    TRY(op_check(&c->op));
    for (size_t i = 0; list && i < list->n; i++)
        ret->of[ret->n++] = json_str(json_at(list, i));
    return OK;
}

/* {purpose: channel or "none"}; a purpose that is not named stays as it is. */
static err ways_of(struct call *c, const struct json *in, struct wish_way *ways,
                   struct outreach_wish *w)
{
    const struct json *said = JSON_GET(in, "ways");
    if (said && (!json_is(said, JSON_OBJECT) || said->n > WISH_CHANNELS))
        return fail_at(&c->op, ERR_INVALID, STR("ways"),
                       "This says by which channel what is written of, for at most %d purposes.",
                       WISH_CHANNELS);
    for (size_t i = 0; said && i < said->n; i++)
        ways[i] = (struct wish_way){said->u.members[i].name, json_str(&said->u.members[i].value)};
    w->n_ways = said ? said->n : 0;
    return OK;
}

err api_preferences(struct call *c)
{
    struct json *in;
    struct topics none = {.n = 0}, quiet = {.n = 0}; /* written about; called about */
    struct wish_way ways[WISH_CHANNELS];
    TRY(body_object(c, &in));
    if (!c->api->outreach)
        return fail(&c->op, ERR_UNSUPPORTED, "This server runs without outreach.");
    struct outreach_wish w = {.language = json_get_str(in, STR("language")),
                              .first = json_get_str(in, STR("first")),
                              .pause = json_get_str(in, STR("pausedUntil")),
                              .quiet_from = json_get_str(in, STR("quietFrom")),
                              .quiet_until = json_get_str(in, STR("quietUntil")),
                              .zone = json_get_str(in, STR("zone")),
                              .ways = ways};
    for (unsigned k = 0; k < WAY_COUNT; k++)
        w.by[k] = word_of(in, way_name((enum way)k));
    w.by[WISH_CALLS] = word_of(in, STR("voice"));
    TRY(topics_of(c, in, STR("refused"), &none));
    TRY(topics_of(c, in, STR("noCalls"), &quiet));
    w.refused = none.of;
    w.n_refused = none.n;
    w.topics_said = none.said;
    w.no_calls = quiet.of;
    w.n_no_calls = quiet.n;
    w.calls_said = quiet.said;
    TRY(ways_of(c, in, ways, &w));
    TRY(outreach_prefer(&c->op, c->api->outreach, c->id, &w));
    c->rq->answer.status = 204;
    return OK;
}

err api_result_told(struct call *c)
{
    struct json *in;
    struct record_doc doc;
    TRY(body_object(c, &in));
    struct record_told told = {.text = str_trim(json_get_str(in, STR("text")))};
    if (!release_how_parse(json_get_str(in, STR("how")), &told.how) || told.how == RELEASE_NOW)
        return fail_at(&c->op, ERR_INVALID, STR("how"), "how is written or phone.");
    TRY(record_release_tell(&c->op, c->api->rec, c->type, c->id, &told, &doc));
    answer_version(c, doc.vid, doc.updated);
    return answer_doc(c, &doc);
}

err api_result_withhold(struct call *c)
{
    struct json *in;
    struct time_span until = {0};
    TRY(body_object(c, &in));
    struct record_withhold w = {.exception = json_get_str(in, STR("exception")),
                                .reason = str_trim(json_get_str(in, STR("reason"))),
                                .tell = str_trim(json_get_str(in, STR("tell"))),
                                .checked = json_bool(JSON_GET(in, "checked"), false)};
    if (!json_bool(JSON_GET(in, "end"), false)) {
        if (!time_parse(json_get_str(in, STR("until")), &until))
            return fail_at(&c->op, ERR_INVALID, STR("until"), "until is a date or an instant.");
        w.until = until.lo;
    }
    TRY(record_release_withhold(&c->op, c->api->rec, c->type, c->id, &w));
    c->rq->answer.status = 204;
    return OK;
}
