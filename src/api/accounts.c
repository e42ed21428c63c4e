/* Accounts over HTTP, for administrators: the list, a new one (which another administrator vets
 * before it can be used), disabling; and roles that colleagues lend each other. */
#include "api/api_int.h"

static struct json *row(struct call *c, const struct identity_account *a)
{
    struct arena *m = c->op.arena;
    struct json *o = json_new(m, JSON_OBJECT);
    json_set_str(m, o, STR("user"), a->user);
    json_set_str(m, o, STR("name"), a->name);
    json_set_str(m, o, STR("role"), role_name(a->role));
    json_set_str(m, o, STR("reference"), a->reference);
    json_set_str(m, o, STR("state"),
                 a->disabled                         ? STR("disabled")
                 : a->pending                        ? STR("pending")
                 : a->until && c->op.now >= a->until ? STR("ended")
                                                     : STR("open"));
    if (a->until)
        json_set_str(m, o, STR("until"), time_format(m, a->until));
    return o;
}

err api_accounts(struct call *c)
{
    struct identity_account *all;
    size_t n;
    struct arena *m = c->op.arena;
    struct json *list = json_new(m, JSON_ARRAY), *o = json_new(m, JSON_OBJECT);
    TRY(identity_account_list(&c->op, c->api->id, &all, &n));
    for (size_t i = 0; i < n; i++)
        if (all[i].role != ROLE_DEVICE)
            json_push(m, list, row(c, &all[i]));
    json_set(m, o, STR("accounts"), list);
    return answer_json(c, 200, o);
}

static err until_of(struct call *c, const struct json *in, int64_t *ret)
{
    str text = json_get_str(in, STR("until"));
    struct time_span span;
    *ret = 0;
    if (!text.n)
        return OK;
    if (!time_parse(text, &span))
        return fail(&c->op, ERR_INVALID, "until is a date or an instant.");
    *ret = span.hi;
    return OK;
}

/* Is there such an account? ERR_FORBIDDEN for whom that is none of. */
static err there(struct call *c, str user, struct identity_account *ret, bool *ret_there)
{
    struct fault before = c->op.fault;
    err e = identity_account_get(&c->op, c->api->id, user, ret);
    *ret_there = e == OK;
    if (e == ERR_NOT_FOUND)
        c->op.fault = before;
    return e == ERR_NOT_FOUND ? OK : e;
}

err api_accounts_add(struct call *c)
{
    struct json *in;
    bool known;
    struct identity_account was;
    TRY(body_object(c, &in));
    struct identity_account a = {.user = json_get_str(in, STR("user")),
                                 .name = json_get_str(in, STR("name")),
                                 .reference = json_get_str(in, STR("reference")),
                                 .patient = json_get_str(in, STR("patient")),
                                 .language = json_get_str(in, STR("language")),
                                 .pending = true};
    TRY(until_of(c, in, &a.until));
    if (!role_parse(json_get_str(in, STR("role")), &a.role) || a.role == ROLE_SYSTEM)
        return fail(&c->op, ERR_INVALID, "An account needs a user name and a role that exists.");
    TRY(there(c, a.user, &was, &known));
    if (known)
        return fail(&c->op, ERR_CONFLICT, "There is an account of this name.");
    TRY(identity_account_put(&c->op, c->api->id, &a, json_get_str(in, STR("password"))));
    return answer_json(c, 201, row(c, &a));
}

err api_accounts_state(struct call *c)
{
    struct json *in;
    bool known;
    struct identity_account a;
    TRY(body_object(c, &in));
    str user = json_get_str(in, STR("user")), state = json_get_str(in, STR("state"));
    TRY(there(c, user, &a, &known));
    if (!known)
        return fail(&c->op, ERR_NOT_FOUND, "There is no such account.");
    if (str_eq(user, c->account.user))
        return fail(&c->op, ERR_FORBIDDEN, "Another administrator decides about your account.");
    bool vet = str_eq(state, STR("vetted"));
    if (!vet && !str_eq(state, STR("disabled")) && !str_eq(state, STR("enabled")))
        return fail(&c->op, ERR_INVALID, "state is vetted, disabled or enabled.");
    if (vet)
        a.pending = false;
    else
        a.disabled = str_eq(state, STR("disabled"));
    if (JSON_GET(in, "until"))
        TRY(until_of(c, in, &a.until));
    a.totp = STR_NONE;
    TRY(identity_account_put(&c->op, c->api->id, &a, STR_NONE));
    return answer_json(c, 200, row(c, &a));
}

err api_lent(struct call *c)
{
    struct identity_lent *all;
    size_t n;
    struct arena *m = c->op.arena;
    struct json *list = json_new(m, JSON_ARRAY), *o = json_new(m, JSON_OBJECT);
    TRY(identity_lent_list(&c->op, c->api->id, c->token, &all, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *one = json_new(m, JSON_OBJECT);
        json_set_str(m, one, STR("from"), all[i].from);
        json_set_str(m, one, STR("to"), all[i].to);
        json_set_str(m, one, STR("role"), role_name(all[i].role));
        json_set_str(m, one, STR("until"), time_format(m, all[i].until));
        json_set_str(m, one, STR("reason"), all[i].reason);
        json_push(m, list, one);
    }
    json_set(m, o, STR("lent"), list);
    return answer_json(c, 200, o);
}

err api_lend(struct call *c)
{
    struct json *in;
    struct identity_lent l = {0};
    TRY(body_object(c, &in));
    l.to = json_get_str(in, STR("to"));
    l.reason = json_get_str(in, STR("reason"));
    TRY(until_of(c, in, &l.until));
    TRY(identity_lend(&c->op, c->api->id, c->token, &l));
    c->rq->answer.status = 204;
    return OK;
}

err api_act_for(struct call *c)
{
    struct json *in;
    struct identity_session s;
    TRY(body_object(c, &in));
    TRY(identity_act_for(&c->op, c->api->id, c->token, json_get_str(in, STR("from")),
                         device_label(c), &s));
    return session_answer(c, &s, c->cookie);
}
