/* GET /oauth/outside and /oauth/outside/return: to the outside OpenID provider and back, within an
 * app's launch or for a browser session of its own. What counts as signed in is identity's. */
#include "api/oauth_outside_int.h"

#include "api/oauth_api_int.h"
#include "net/fetch.h"

#include <stdio.h>

str outside_issuer(const struct api *api)
{
    return config_str(api->config, "oidc.issuer");
}

static err fetch(struct op *op, void *ctx, str url, str form, str basic, str *ret)
{
    const struct config *config = ctx;
    struct net_fetch f = {.url = url,
                          .form = form,
                          .basic = basic,
                          .allow = config_str(config, "oauth.allow"),
                          .allow_http = config_bool(config, "oauth.allow_http"),
                          .ca_file = config_str(config, "oauth.ca_file")};
    return net_fetch(op, &f, ret);
}

void outside_start(struct api *api)
{
    oauth_fetcher(api->id, fetch, (void *)(uintptr_t)api->config);
}

/* One line; an unreadable file is no secret, and the provider will say so. */
static str secret_of(struct call *c)
{
    char line[512];
    str name = config_str(c->api->config, "oidc.secret_file"), secret = STR_NONE;
    FILE *f = name.n ? fopen(str_z(c->op.arena, name), "re") : NULL;
    if (!f)
        return STR_NONE;
    if (fgets(line, sizeof line, f))
        secret = arena_str(c->op.arena, str_trim(str_of(line)));
    (void)fclose(f);
    return secret;
}

static struct oauth_provider provider(struct call *c)
{
    return (struct oauth_provider){
        .issuer = outside_issuer(c->api),
        .client = config_str(c->api->config, "oidc.client_id"),
        .secret = secret_of(c),
        .back = arena_cat(c->op.arena, base_url(c), STR("/oauth/outside/return"))};
}

static err stopped(struct call *c, err e)
{
    if (e == ERR_FAULT || !c->op.fault.n)
        return e;
    return oauth_page_stopped(c, arena_str(c->op.arena, c->op.fault.issues[0].message));
}

/* "https://login.example.org/realm" as people know it. */
static str host_of(str issuer)
{
    size_t at = str_find(issuer, STR("://"), 0);
    str rest = at == SIZE_MAX ? issuer : str_sub(issuer, at + 3, SIZE_MAX), host;
    return str_take_until(&rest, '/', &host) ? host : STR_NONE;
}

err api_ways(struct call *c)
{
    struct json *o = json_new(c->op.arena, JSON_OBJECT);
    json_set_str(c->op.arena, o, STR("outside"), host_of(outside_issuer(c->api)));
    return answer_json(c, 200, o);
}

err api_outside(struct call *c)
{
    struct oauth_provider p = provider(c);
    struct oauth_launch l;
    str handle, url, browser;
    if (!p.issuer.n)
        return fail(&c->op, ERR_NOT_FOUND, "No outside provider is set up here.");
    if (query_get(c->op.arena, c->rq->query, STR("l"), &handle)) {
        err e = oauth_launch_of(c, handle, &l);
        if (e != OK)
            return stopped(c, e);
        browser = launch_cookie(c);
    } else {
        handle = STR_NONE;
        browser = random_token(c->op.arena, 32);
        launch_cookie_set(c, browser);
    }
    err e = oauth_outside_begin(&c->op, c->api->id, &p, browser, handle, &url);
    return e == OK ? oauth_go(c, url) : stopped(c, e);
}

static err own_session(struct call *c, const struct oauth_person *who)
{
    struct identity_session s;
    TRY(oauth_outside_session(&c->op, c->api->id, who, &s));
    cookie_set(c, s.token);
    bool staff = s.account.role != ROLE_PATIENT && s.account.role != ROLE_HELPER;
    return oauth_go(c, staff ? STR("/console") : STR("/portal"));
}

static str parameter(struct call *c, const char *name)
{
    str v;
    return query_get(c->op.arena, c->rq->query, str_of(name), &v) ? v : STR_NONE;
}

err api_outside_return(struct call *c)
{
    struct oauth_provider p = provider(c);
    struct oauth_return r = {.state = parameter(c, "state"),
                             .code = parameter(c, "code"),
                             .iss = parameter(c, "iss"),
                             .browser = launch_cookie(c)};
    struct oauth_launch l;
    struct oauth_person who = {0};
    if (!p.issuer.n)
        return fail(&c->op, ERR_NOT_FOUND, "No outside provider is set up here.");
    err e = oauth_outside_end(&c->op, c->api->id, &p, &r, &who);
    if (e == OK && !who.launch.n)
        e = own_session(c, &who);
    if (e == OK && !who.launch.n)
        return OK;
    if (e == OK)
        e = oauth_launch_of(c, who.launch, &l);
    if (e == OK)
        e = oauth_signed_in(&c->op, c->api->id, &l, who.user, false);
    return e == OK ? oauth_page(c, &l, STR_NONE, STR_NONE) : stopped(c, e);
}
