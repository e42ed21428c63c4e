/* A patient's requests about their own record: asked, given more time, decided, disagreed with,
 * taken back; and what can be asked for. The desk keeps the rules (desk/rights.h). */
#include "desk/rights.h"
#include "api/op_int.h"

static err strings(struct call *c, const struct json *list, const str **ret, size_t *ret_n)
{
    str *all = ARENA_ARRAY(c->op.arena, str, RIGHT_ABOUT_MAX + 1);
    const struct json *one;
    size_t n = 0;
    TRY(op_check(&c->op));
    for (; (one = json_at(list, n)); n++) {
        if (n > RIGHT_ABOUT_MAX || !json_str(one).n)
            return fail(&c->op, ERR_INVALID, "about and types are lists of at most %u words.",
                        RIGHT_ABOUT_MAX);
        all[n] = json_str(one);
    }
    *ret = all;
    *ret_n = n;
    return OK;
}

static err task_answer(struct call *c, int status, const struct record_result *r)
{
    answer_version(c, r->vid, r->updated);
    TRY(answer_doc(c, &r->doc));
    c->rq->answer.status = status;
    return OK;
}

err api_right_ask(struct call *c)
{
    struct json *in;
    struct record_result r = {0};
    TRY(body_object(c, &in));
    struct right_request q = {.patient = c->id,
                              .kind = json_get_str(in, STR("request")),
                              .text = str_trim(json_get_str(in, STR("text"))),
                              .from = json_get_str(in, STR("from")),
                              .to = str_trim(json_get_str(in, STR("to")))};
    TRY(strings(c, JSON_GET(in, "about"), &q.about, &q.n_about));
    TRY(strings(c, JSON_GET(in, "types"), &q.types, &q.n_types));
    TRY(rights_open(&c->op, c->api->rec, &q, &r));
    return task_answer(c, 201, &r);
}

err api_right_extend(struct call *c)
{
    struct json *in;
    struct record_result r = {0};
    TRY(body_object(c, &in));
    TRY(rights_extend(&c->op, c->api->rec, c->id, json_get_str(in, STR("reason")), &r));
    return task_answer(c, 200, &r);
}

err api_right_decide(struct call *c)
{
    struct json *in;
    struct record_result r = {0};
    TRY(body_object(c, &in));
    str word = json_get_str(in, STR("decision"));
    struct right_decision d = {.granted = str_eq(word, STR("granted")),
                               .reason = json_get_str(in, STR("reason"))};
    if (!d.granted && !str_eq(word, STR("denied")))
        return fail_at(&c->op, ERR_INVALID, STR("decision"), "decision is granted or denied.");
    TRY(rights_decide(&c->op, c->api->rec, c->id, &d, &r));
    return task_answer(c, 200, &r);
}

err api_right_disagree(struct call *c)
{
    struct json *in;
    struct record_result r = {0};
    TRY(body_object(c, &in));
    TRY(rights_disagree(&c->op, c->api->rec, c->id, json_get_str(in, STR("text")), &r));
    return task_answer(c, 200, &r);
}

err api_right_withdraw(struct call *c)
{
    struct record_result r = {0};
    TRY(rights_withdraw(&c->op, c->api->rec, c->id, &r));
    return task_answer(c, 200, &r);
}
