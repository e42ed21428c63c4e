/* The browser's session: the token in a cookie that no script can read, and what keeps other sites
 * from riding on it. A cookie counts only for a request that comes from our own pages (SameSite,
 * Sec-Fetch-Site, Origin) and that shows, in a header of its own, a proof made from the token; a
 * route with auth "cookie" asks no proof of GET and HEAD. It does not know what a session is.
 * Invariant: what a foreign page can make a browser send opens nothing. */
#include "api/api_int.h"

#define PROOF "X-Weft-Csrf"

/* Do browsers reach us by TLS? Then the cookie is bound to this host and to TLS. */
static bool by_tls(const struct call *c)
{
    return c->api->tls || str_starts(config_str(c->api->config, "public_url"), STR("https://"));
}

static str name_of(const struct call *c)
{
    return by_tls(c) ? STR("__Host-weft") : STR("weft");
}

str cookie_token(struct call *c)
{
    str all = net_header(c->rq, "Cookie"), one, found = STR_NONE;
    str prefix = arena_cat(c->op.arena, name_of(c), STR("="));
    unsigned n = 0;
    while (str_take_until(&all, ';', &one)) {
        one = str_trim(one);
        if (!str_starts(one, prefix))
            continue;
        found = str_sub(one, prefix.n, SIZE_MAX);
        n++;
    }
    return n == 1 ? found : STR_NONE; /* two of one name: somebody planted one */
}

void cookie_set(struct call *c, str token)
{
    str name = name_of(c);
    answer_header(c, "Set-Cookie", "%.*s=%.*s; Path=/; HttpOnly; SameSite=Strict%s%s",
                  STR_ARG(name), STR_ARG(token), by_tls(c) ? "; Secure" : "",
                  token.n ? "" : "; Max-Age=0");
}

static str host_of(str origin)
{
    size_t at = str_find(origin, STR("://"), 0);
    return at == SIZE_MAX ? STR_NONE : str_sub(origin, at + 3, SIZE_MAX);
}

bool same_origin(const struct call *c)
{
    str site = net_header(c->rq, "Sec-Fetch-Site"), origin = net_header(c->rq, "Origin");
    bool safe = c->rq->method == NET_GET || c->rq->method == NET_HEAD;
    if (site.n && !str_eq(site, STR("same-origin")) && !(safe && str_eq(site, STR("none"))))
        return false;
    return !origin.n || str_eq_nocase(origin, c->api->url) ||
           (host_of(origin).n && str_eq_nocase(host_of(origin), net_header(c->rq, "Host")));
}

err cookie_check(struct call *c, str token)
{
    bool safe = c->rq->method == NET_GET || c->rq->method == NET_HEAD;
    if (!same_origin(c))
        return fail(&c->op, ERR_FORBIDDEN,
                    "A browser session works only from this server's own pages.");
    str proof = net_header(c->rq, PROOF);
    if (!proof.n && safe && c->route->auth == AUTH_COOKIE)
        return OK;
    if (!identity_proof_holds(token, proof))
        return fail(&c->op, ERR_FORBIDDEN,
                    "Another session has begun in this browser, or the request did not come from "
                    "our own page (%s); load the page again.",
                    PROOF);
    return OK;
}
