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

static enum outreach_word word_of(const struct json *in, str name)
{
    const struct json *v = json_get(in, name);
    return !v ? WORD_SAME : json_bool(v, false) ? WORD_YES : WORD_NO;
}

err api_preferences(struct call *c)
{
    struct json *in;
    TRY(body_object(c, &in));
    if (!c->api->outreach)
        return fail(&c->op, ERR_UNSUPPORTED, "This server runs without outreach.");
    struct outreach_wish w = {.language = json_get_str(in, STR("language")),
                              .first = json_get_str(in, STR("first")),
                              .sms = word_of(in, STR("sms")),
                              .email = word_of(in, STR("email"))};
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
