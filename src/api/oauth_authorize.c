/* GET and POST /oauth/authorize, POST /oauth/step: from an app's request to its code, page by page.
 * The cookie binds a launch to one browser (against login CSRF and a stolen handle); it is for
 * /oauth only and worth nothing elsewhere. Invariant: nobody is sent to an address that
 * oauth_begin() has not found among the app's. */
#include "api/oauth_api_int.h"

#define COOKIE "weft-launch"

err oauth_go(struct call *c, str url)
{
    answer_header(c, "Location", "%.*s", STR_ARG(url));
    c->rq->answer.status = 303;
    c->form_action = STR("'self'");
    return OK;
}

static str fault_of(struct call *c)
{
    return c->op.fault.n ? arena_str(c->op.arena, c->op.fault.issues[0].message)
                         : STR("This could not be done.");
}

static err asked(struct call *c, struct form *ret)
{
    str from = c->rq->method == NET_POST ? str_trim(c->rq->body) : c->rq->query;
    TRY(form_read(&c->op, from, ret));
    for (size_t i = 0; i < ret->n; i++)
        for (size_t j = 0; j < i; j++)
            if (str_eq(ret->names[i], ret->names[j]))
                return fail_at(&c->op, ERR_INVALID, STR("invalid_request"),
                               "A parameter came twice.");
    return OK;
}

err api_oauth_authorize(struct call *c)
{
    struct form f;
    struct oauth_launch l;
    str back = STR_NONE;
    err e = asked(c, &f);
    struct oauth_ask a = {.response_type = form_field(&f, STR("response_type")),
                          .client = form_field(&f, STR("client_id")),
                          .redirect = form_field(&f, STR("redirect_uri")),
                          .scope = form_field(&f, STR("scope")),
                          .state = form_field(&f, STR("state")),
                          .aud = form_field(&f, STR("aud")),
                          .challenge = form_field(&f, STR("code_challenge")),
                          .method = form_field(&f, STR("code_challenge_method")),
                          .launch = form_field(&f, STR("launch")),
                          .nonce = form_field(&f, STR("nonce")),
                          .prompt = form_field(&f, STR("prompt"))};
    if (e == OK)
        e = oauth_begin(&c->op, c->api->id, &a, base_url(c), &l, &back);
    if (e != OK && back.n) {
        op_clear(&c->op);
        return oauth_go(c, back);
    }
    if (e == ERR_INVALID)
        return oauth_page_stopped(c, fault_of(c));
    TRY(e);
    launch_cookie_set(c, l.browser);
    return oauth_page(c, &l, STR_NONE, STR_NONE);
}

void launch_cookie_set(struct call *c, str browser)
{
    bool tls = str_starts(base_url(c), STR("https:"));
    answer_header(c, "Set-Cookie",
                  COOKIE "=%.*s; Path=/oauth; Max-Age=600; HttpOnly; SameSite=Lax%s",
                  STR_ARG(browser), tls ? "; Secure" : "");
}

str launch_cookie(struct call *c)
{
    str all = net_header(c->rq, "Cookie"), one;
    while (str_take_until(&all, ';', &one)) {
        one = str_trim(one);
        if (str_starts(one, STR(COOKIE "=")))
            return str_sub(one, sizeof COOKIE, SIZE_MAX);
    }
    return STR_NONE;
}

err oauth_launch_of(struct call *c, str handle, struct oauth_launch *ret)
{
    return oauth_find(&c->op, c->api->id, handle, launch_cookie(c), ret);
}

static str ticked(struct call *c, const struct form *f)
{
    struct buf b;
    buf_init(&b, c->op.arena, SCOPES_TEXT_MAX + FORM_FIELDS_MAX);
    for (size_t i = 0; i < f->n; i++)
        if (str_eq(f->names[i], STR("s"))) {
            buf_add(&b, f->values[i]);
            buf_char(&b, ' ');
        }
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

/* Who is signed in at the console or portal of this browser need not show it twice. The form comes
 * from our own page: it holds the launch's handle, beside its cookie. */
static err by_session(struct call *c, struct oauth_launch *l)
{
    str token = cookie_token(c);
    if (!same_origin(c) || !token.n)
        return fail(&c->op, ERR_UNAUTHENTICATED, "Nobody is signed in in this browser.");
    return oauth_sign_in_open(&c->op, c->api->id, l, token);
}

/* What the form of the step says; *ret_url when the launch is over. */
static err step(struct call *c, const struct form *f, struct oauth_launch *l, str *ret_url)
{
    struct op *op = &c->op;
    struct identity *id = c->api->id;
    if (form_field(f, STR("deny")).n)
        return oauth_deny(op, id, l, "access_denied", base_url(c), ret_url);
    if (l->step == OAUTH_SIGN_IN && form_field(f, STR("open")).n)
        return by_session(c, l);
    if (l->step == OAUTH_SIGN_IN) {
        struct identity_try t = {.user = form_field(f, STR("user")),
                                 .password = form_field(f, STR("password")),
                                 .peer = net_peer(c->rq),
                                 .code = form_field(f, STR("code"))};
        return oauth_sign_in(op, id, l, &t);
    }
    if (l->step == OAUTH_PATIENT && form_field(f, STR("patient")).n)
        return oauth_choose(op, id, l, form_field(f, STR("patient")), STR_NONE);
    if (l->step == OAUTH_ENCOUNTER && form_field(f, STR("encounter")).n)
        return oauth_choose(op, id, l, STR_NONE, form_field(f, STR("encounter")));
    if (l->step == OAUTH_CONSENT && form_field(f, STR("allow")).n)
        return oauth_permit(op, id, l, ticked(c, f), base_url(c), ret_url);
    return OK;
}

err api_oauth_step(struct call *c)
{
    struct form f;
    struct oauth_launch l;
    str url = STR_NONE;
    err e = oauth_form(c, &f);
    if (e == OK)
        e = oauth_launch_of(c, form_field(&f, STR("l")), &l);
    if (e == ERR_INVALID || e == ERR_NOT_FOUND || e == ERR_UNAUTHENTICATED)
        return oauth_page_stopped(c, fault_of(c));
    TRY(e);
    e = step(c, &f, &l, &url);
    if (e == OK && url.n)
        return oauth_go(c, url);
    if (e == ERR_FAULT || e == ERR_UNAVAILABLE)
        return e;
    str why = e == OK ? STR_NONE : fault_of(c);
    if (e != OK)
        op_clear(&c->op);
    return oauth_page(c, &l, why, form_field(&f, STR("name")));
}
