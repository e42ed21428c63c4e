/* Accounts over HTTP, for administrators: the list, a new one (which another administrator vets
 * before it can be used), disabling, a way in made anew, an end of all sessions; and roles that
 * colleagues lend each other. Invariant: nobody decides about their own account here, and who gave
 * an account its role, person or password does not vet it. */
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

/* For the list: also how it is opened, and what training is missing. */
static err row_whole(struct call *c, const struct identity_account *a, struct json **ret)
{
    struct arena *m = c->op.arena;
    struct identity_account_ways w;
    TRY(identity_account_ways(&c->op, c->api->id, a->user, &w));
    struct json *o = row(c, a);
    json_set_str(m, o, STR("by"), a->by);
    json_set_str(m, o, STR("patient"), a->patient);
    json_set(m, o, STR("password"), json_new_bool(m, w.password));
    json_set(m, o, STR("totp"), json_new_bool(m, w.totp));
    json_set(m, o, STR("passkeys"), json_new_i64(m, w.passkeys));
    if (w.trained != INT64_MAX)
        json_set_str(m, o, STR("trained"),
                     w.trained > c->op.now ? time_format(m, w.trained) : STR("missing"));
    *ret = o;
    return OK;
}

err api_accounts(struct call *c)
{
    struct identity_account *all;
    size_t n;
    struct arena *m = c->op.arena;
    struct json *list = json_new(m, JSON_ARRAY), *o = json_new(m, JSON_OBJECT), *one;
    TRY(identity_account_list(&c->op, c->api->id, &all, &n));
    for (size_t i = 0; i < n; i++) {
        if (all[i].role == ROLE_DEVICE)
            continue;
        TRY(row_whole(c, &all[i], &one));
        json_push(m, list, one);
    }
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

/* Name, role, person behind it, language: another role or person waits to be vetted again. */
static err changed(struct call *c, const struct json *in, struct identity_account *a)
{
    enum role role = a->role;
    str reference = a->reference;
    if (JSON_GET(in, "role") &&
        (!role_parse(json_get_str(in, STR("role")), &role) || role == ROLE_SYSTEM))
        return fail(&c->op, ERR_INVALID, "There is no such role for an account.");
    if (JSON_GET(in, "reference"))
        reference = json_get_str(in, STR("reference"));
    if (JSON_GET(in, "name"))
        a->name = json_get_str(in, STR("name"));
    a->pending = a->pending || role != a->role || !str_eq(reference, a->reference);
    a->role = role;
    a->reference = reference;
    return OK;
}

static err state_to(struct call *c, const struct json *in, str state, struct identity_account *a)
{
    if (str_eq(state, STR("vetted")))
        a->pending = false;
    else if (str_eq(state, STR("disabled")) || str_eq(state, STR("enabled")))
        a->disabled = str_eq(state, STR("disabled"));
    else if (str_eq(state, STR("reset")))
        a->pending = true; /* one who sets somebody's password does not open the account alone */
    else if (str_eq(state, STR("changed")))
        TRY(changed(c, in, a));
    else
        return fail(&c->op, ERR_INVALID,
                    "state is vetted, disabled, enabled, changed, reset or signed-out.");
    if (JSON_GET(in, "until"))
        TRY(until_of(c, in, &a->until));
    return OK;
}

err api_accounts_state(struct call *c)
{
    struct json *in;
    bool known;
    struct identity_account a;
    TRY(body_object(c, &in));
    str user = json_get_str(in, STR("user")), state = json_get_str(in, STR("state"));
    str password = json_get_str(in, STR("password"));
    bool reset = str_eq(state, STR("reset"));
    TRY(there(c, user, &a, &known));
    if (!known || a.role == ROLE_SYSTEM)
        return fail(&c->op, ERR_NOT_FOUND, "There is no such account.");
    if (str_eq(user, c->account.user))
        return fail(&c->op, ERR_FORBIDDEN, "Another administrator decides about your account.");
    if (reset != (password.n > 0))
        return fail(&c->op, ERR_INVALID, "A new password belongs to the state reset.");
    if (str_eq(state, STR("signed-out"))) {
        TRY(identity_account_sign_out(&c->op, c->api->id, user));
    } else {
        TRY(state_to(c, in, state, &a));
        a.totp = STR_NONE;
        TRY(identity_account_put(&c->op, c->api->id, &a, password));
    }
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
