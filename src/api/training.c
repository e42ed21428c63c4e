/* Training and agreements over HTTP: what the role asks for, with its text and questions; answers
 * in. Whether they are right is identity's. */
#include "identity/training.h"

#include "api/api_int.h"

/* The options as shown: turned, so that the right one does not always stand first. */
static err turned(struct call *c, const struct identity_module *m, struct json **ret)
{
    struct arena *a = c->op.arena;
    struct json *o;
    TRY(json_read(&c->op, m->text, &JSON_LIMITS_DEFAULT, &o));
    for (unsigned q = 0; q < m->questions; q++) {
        struct json *options = JSON_GET(json_at(JSON_GET(o, "quiz"), q), "options");
        for (uint32_t l = 0; options && l < options->n; l++) {
            struct json *was = &options->u.members[l].value, *now = json_new(a, JSON_ARRAY);
            for (unsigned i = 0; i < 3; i++)
                json_push(a, now, json_at(was, (i + m->order[q]) % 3));
            *was = *now;
        }
    }
    *ret = o;
    return op_check(&c->op);
}

err api_training(struct call *c)
{
    struct identity_module rows[TRAINING_MAX];
    size_t n;
    struct arena *a = c->op.arena;
    struct json *all = json_new(a, JSON_ARRAY), *out = json_new(a, JSON_OBJECT), *o;
    TRY(identity_training(&c->op, c->api->id, c->token, rows, &n));
    for (size_t i = 0; i < n; i++) {
        TRY(turned(c, &rows[i], &o));
        json_set_str(a, o, STR("id"), rows[i].id);
        json_set(a, o, STR("done"), json_new_bool(a, c->op.now < rows[i].until));
        if (rows[i].until)
            json_set_str(a, o, STR("until"), time_format(a, rows[i].until));
        json_push(a, all, o);
    }
    json_set(a, out, STR("modules"), all);
    return answer_json(c, 200, out);
}

err api_training_answer(struct call *c)
{
    struct json *in;
    unsigned answers[8], wrong;
    size_t n = 0;
    struct arena *a = c->op.arena;
    TRY(body_object(c, &in));
    const struct json *given = JSON_GET(in, "answers"), *one;
    for (; n < 8 && (one = json_at(given, n)); n++) {
        int64_t v;
        if (!json_i64(one, &v) || v < 0 || v > 2)
            return fail(&c->op, ERR_INVALID, "answers are numbers of the options, 0 to 2.");
        answers[n] = (unsigned)v;
    }
    TRY(identity_training_answer(&c->op, c->api->id, c->token, json_get_str(in, STR("module")),
                                 answers, n, &wrong));
    struct json *out = json_new(a, JSON_OBJECT), *list = json_new(a, JSON_ARRAY);
    for (unsigned q = 0; q < n; q++)
        if (wrong >> q & 1)
            json_push(a, list, json_new_i64(a, q));
    json_set(a, out, STR("passed"), json_new_bool(a, !wrong));
    json_set(a, out, STR("wrong"), list);
    return answer_json(c, 200, out);
}
