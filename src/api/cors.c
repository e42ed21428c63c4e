/* Which pages of other origins may read answers: those of approved apps, of FHIR and of the token
 * endpoints; discovery may be read by all. No cookie counts anywhere in these answers, so nothing
 * is let in but what carries its own token. */
#include "api/api_int.h"

static bool open_to_all(str path)
{
    return str_starts(path, STR("/.well-known/")) || str_starts(path, STR("/fhir/.well-known/")) ||
           str_eq(path, STR("/fhir/metadata")) || str_eq(path, STR("/oauth/jwks"));
}

static bool open_to_apps(str path)
{
    return str_starts(path, STR("/fhir")) || str_eq(path, STR("/oauth/token")) ||
           str_eq(path, STR("/oauth/revoke")) || str_eq(path, STR("/oauth/userinfo")) ||
           str_eq(path, STR("/oauth/introspect"));
}

void cors_headers(struct call *c)
{
    str origin = net_header(c->rq, "Origin"), path = c->rq->path;
    bool all = open_to_all(path);
    if (!origin.n || origin.n > 256 || str_eq(origin, base_url(c)) || (!all && !open_to_apps(path)))
        return;
    net_answer_header(c->rq, "Vary", "Origin");
    if (!all && !oauth_origin(&c->op, c->api->id, origin))
        return;
    answer_header(c, "Access-Control-Allow-Origin", "%.*s", STR_ARG(all ? STR("*") : origin));
    if (c->rq->method != NET_OPTIONS) {
        net_answer_header(c->rq, "Access-Control-Expose-Headers",
                          "ETag, Location, Content-Location, Last-Modified, Retry-After, "
                          "WWW-Authenticate, X-Request-Id, X-Progress");
        return;
    }
    net_answer_header(c->rq, "Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
    net_answer_header(c->rq, "Access-Control-Allow-Headers",
                      "Authorization, Content-Type, Accept, Prefer, If-Match, If-None-Match, "
                      "If-Modified-Since, If-None-Exist, X-Purpose-Of-Use");
    net_answer_header(c->rq, "Access-Control-Max-Age", "600");
}
