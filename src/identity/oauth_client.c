/* Apps: registered by themselves (RFC 7591), decided on by an administrator, bounded in requests a
 * minute and in time. Invariant: an app that is not approved, or whose time is over, gets nothing
 * and what it was given ends with the decision. */
#include "identity/oauth_int.h"

#define CLIENTS_MAX 2000u
#define PENDING_MAX 200u
#define MINUTE_DEFAULT 600u
#define WEEK_MS (INT64_C(7) * 24 * 3600 * 1000)
#define YEAR_MS (INT64_C(365) * 24 * 3600 * 1000)

static err wrong(struct op *op, const char *code, const char *why)
{
    return fail_at(op, ERR_INVALID, str_of(code), "%s", why);
}

static str client_key(struct op *op, str client)
{
    return arena_cat(op->arena, STR("oc/"), client);
}

static bool name_valid(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') ||
              s.p[i] == '-'))
            return false;
    return s.n > 0 && s.n <= 64;
}

static void from_json(struct op *op, const struct json *o, struct oauth_client *ret)
{
    struct oauth_client c = {.id = json_get_str(o, STR("client_id")),
                             .name = json_get_str(o, STR("client_name")),
                             .contact = json_get_str(o, STR("contact")),
                             .status = json_get_str(o, STR("status")),
                             .kind = json_get_str(o, STR("kind")),
                             .scope = json_get_str(o, STR("scope")),
                             .launch = json_get_str(o, STR("launch_url")),
                             .jwks_uri = json_get_str(o, STR("jwks_uri")),
                             .jwks = JSON_GET(o, "jwks"),
                             .secret = json_get_str(o, STR("secret")),
                             .minute = (uint32_t)oauth_number(o, "minute"),
                             .created = oauth_number(o, "created"),
                             .expires = oauth_number(o, "ends")};
    const struct json *list = JSON_GET(o, "redirect_uris"), *one;
    for (; c.n_redirects < OAUTH_REDIRECTS_MAX && (one = json_at(list, c.n_redirects));)
        c.redirects[c.n_redirects++] = json_str(one);
    if (!role_parse(json_get_str(o, STR("role")), &c.role))
        c.role = ROLE_NONE;
    (void)op;
    *ret = c;
}

err oauth_client_load(struct op *op, struct identity *id, str client, struct oauth_client *ret)
{
    struct json *o = NULL;
    *ret = (struct oauth_client){0};
    if (name_valid(client))
        TRY(oauth_load(op, id, client_key(op, client), &o, NULL));
    if (o)
        from_json(op, o, ret);
    return OK;
}

err oauth_client_sweep(struct op *op, struct identity *id, struct store_tx *tx, size_t *ret_gone)
{
    str *names;
    size_t n;
    TRY(store_kv_list(op, id->store, STR("oc/"), CLIENTS_MAX, &names, &n));
    for (size_t i = 0; i < n; i++) {
        struct oauth_client c;
        TRY(oauth_client_load(op, id, str_sub(names[i], 3, SIZE_MAX), &c));
        if (!str_eq(c.status, STR("pending")) || c.created + WEEK_MS > op->now)
            continue;
        store_tx_kv(tx, names[i], STR_NONE);
        ++*ret_gone;
    }
    return OK;
}

bool oauth_client_lives(const struct op *op, const struct oauth_client *c)
{
    return c->id.n && str_eq(c->status, STR("approved")) && c->expires > op->now;
}

err oauth_still(struct op *op, struct identity *id, struct session *s, enum role role, bool *ret)
{
    struct oauth_client c;
    struct json *family = NULL;
    TRY(oauth_client_load(op, id, str_of(s->client), &c));
    bool backend = !s->family[0];
    str scope = oauth_grantable(op, &c, str_of(s->scope), backend);
    *ret = oauth_client_lives(op, &c) && scope.n && (!backend || c.role == role);
    if (!*ret)
        return OK;
    memcpy(s->scope, scope.p, scope.n); /* a part of what it was */
    s->scope[scope.n] = 0;
    if (backend)
        return OK;
    TRY(oauth_load(op, id, arena_cat(op->arena, STR("of/"), str_of(s->family)), &family, NULL));
    *ret = family != NULL;
    return OK;
}

/* Its own place, else one that nobody used in this minute, else one that is shared. */
#define RATE_PLACES 8u

static size_t place_of(const struct oauth *o, uint64_t key, int64_t minute)
{
    for (size_t i = 0; i < RATE_PLACES; i++)
        if (o->rates[(key + i) % OAUTH_RATES].key == key)
            return (key + i) % OAUTH_RATES;
    for (size_t i = 0; i < RATE_PLACES; i++)
        if (o->rates[(key + i) % OAUTH_RATES].minute != minute)
            return (key + i) % OAUTH_RATES;
    return key % OAUTH_RATES;
}

/* Counted by the minute of the clock; who shares a place in the table shares the count. */
err oauth_rate(struct op *op, struct identity *id, str client, bool door)
{
    struct oauth *o = id->oauth;
    uint64_t key = str_hash(client) ^ (door ? UINT64_C(0x9e3779b97f4a7c15) : 0);
    int64_t minute = op->now / 60000;
    pthread_mutex_lock(&o->lock);
    size_t at = place_of(o, key, minute);
    bool fresh = o->rates[at].minute != minute;
    if (fresh) {
        o->rates[at].key = key;
        o->rates[at].minute = minute;
        o->rates[at].n = 0;
    }
    uint32_t n = ++o->rates[at].n, most = o->rates[at].most;
    pthread_mutex_unlock(&o->lock);
    if (fresh || !most) {
        struct oauth_client c;
        TRY(oauth_client_load(op, id, client, &c));
        pthread_mutex_lock(&o->lock);
        o->rates[at].most = most = c.minute ? c.minute : MINUTE_DEFAULT;
        pthread_mutex_unlock(&o->lock);
    }
    return n <= most ? OK
                     : fail(op, ERR_BUSY,
                            "This app has sent all the requests that it may send in this minute.");
}

/* What it may send is read anew. */
static void rates_anew(struct oauth *o)
{
    pthread_mutex_lock(&o->lock);
    for (size_t i = 0; i < OAUTH_RATES; i++)
        o->rates[i].most = 0;
    pthread_mutex_unlock(&o->lock);
}

/* ---- registration ---- */

/* Nothing that ends an address, or a header or a policy that it is written into. */
static bool characters_valid(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= ' ' || c >= 0x7f || strchr("#\\\"<>;',@", c))
            return false;
    }
    return s.n <= 512;
}

static bool of_this_machine(str rest)
{
    static const char *const here[] = {"127.0.0.1", "localhost", "[::1]"};
    for (size_t i = 0; i < 3; i++) {
        size_t n = strlen(here[i]);
        if (str_starts(rest, str_of(here[i])) && (rest.n == n || strchr(":/?", rest.p[n])))
            return true;
    }
    return false;
}

/* https, or http of this machine, or an app's own scheme (RFC 8252 7.1: it has a dot); no fragment,
 * no user name, no spaces. */
static bool address_valid(str s, bool own_scheme)
{
    size_t colon = str_find_char(s, ':', 0);
    str scheme = str_sub(s, 0, colon), rest = STR_NONE;
    if (!characters_valid(s) || colon == SIZE_MAX)
        return false;
    bool web = str_starts(str_sub(s, colon, SIZE_MAX), STR("://"));
    if (web)
        rest = str_sub(s, colon + 3, SIZE_MAX);
    if (str_eq(scheme, STR("https")))
        return rest.n > 0 && rest.p[0] != '/';
    if (str_eq(scheme, STR("http")))
        return of_this_machine(rest);
    return own_scheme && str_find_char(scheme, '.', 0) != SIZE_MAX;
}

static err redirects(struct op *op, const struct json *in, struct json *o)
{
    const struct json *list = JSON_GET(in, "redirect_uris"), *one;
    struct json *kept = json_new(op->arena, JSON_ARRAY);
    for (size_t i = 0; (one = json_at(list, i)); i++) {
        if (i == OAUTH_REDIRECTS_MAX || !address_valid(json_str(one), true))
            return wrong(op, "invalid_redirect_uri",
                         "Redirect addresses are https (http for this machine only), eight at "
                         "most, without a fragment or a user name.");
        json_push(op->arena, kept, json_new_str(op->arena, json_str(one)));
    }
    json_set(op->arena, o, STR("redirect_uris"), kept);
    return OK;
}

static err keys_of(struct op *op, const struct json *in, struct json *o)
{
    const struct json *jwks = JSON_GET(in, "jwks");
    str uri = json_get_str(in, STR("jwks_uri"));
    if ((jwks != NULL) == (uri.n > 0))
        return wrong(
            op, "invalid_client_metadata",
            "An app that signs (private_key_jwt) registers jwks or jwks_uri, one of them.");
    if (uri.n && !address_valid(uri, false))
        return wrong(op, "invalid_client_metadata", "jwks_uri is an https address.");
    if (jwks && jose_keys_check(op, jwks) != OK) {
        str why = op->fault.n ? op->fault.issues[0].message : STR("The key set is not usable.");
        op_clear(op);
        return wrong(op, "invalid_client_metadata", str_z(op->arena, why));
    }
    if (jwks)
        json_set(op->arena, o, STR("jwks"), jwks);
    json_set_str(op->arena, o, STR("jwks_uri"), uri);
    return OK;
}

static bool lists(const struct json *list, const char *word)
{
    for (size_t i = 0; json_at(list, i); i++)
        if (str_eq(json_str(json_at(list, i)), str_of(word)))
            return true;
    return false;
}

static err kind_of(struct op *op, const struct json *in, struct json *o)
{
    str way = json_get_str(in, STR("token_endpoint_auth_method"));
    const struct json *grants = JSON_GET(in, "grant_types");
    bool backend = lists(grants, "client_credentials"), pages = JSON_GET(o, "redirect_uris")->n > 0;
    const char *kind = "secret";
    if (str_eq(way, STR("none")))
        kind = "public";
    else if (str_eq(way, STR("private_key_jwt")))
        kind = "key";
    else if (way.n && !str_eq(way, STR("client_secret_basic")) &&
             !str_eq(way, STR("client_secret_post")))
        return wrong(op, "invalid_client_metadata",
                     "token_endpoint_auth_method is none, client_secret_basic, client_secret_post "
                     "or private_key_jwt.");
    if (backend && strcmp(kind, "key") != 0)
        return wrong(op, "invalid_client_metadata",
                     "A backend service signs its requests: private_key_jwt.");
    if (!backend && !pages)
        return wrong(op, "invalid_redirect_uri", "An app that people open names redirect_uris.");
    json_set_str(op->arena, o, STR("kind"), str_of(kind));
    json_set(op->arena, o, STR("backend"), json_new_bool(op->arena, backend));
    return strcmp(kind, "key") == 0 ? keys_of(op, in, o) : OK;
}

/* No control characters and nothing that turns the text around it (U+0080-9F, 200E-F, 2028-E,
 * 2066-9): the name stands on the page where a person says yes. */
static bool name_plain(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i], d = i + 1 < s.n ? (unsigned char)s.p[i + 1] : 0,
                      e = i + 2 < s.n ? (unsigned char)s.p[i + 2] : 0;
        bool turns =
            c == 0xe2 && ((d == 0x80 && (e == 0x8e || e == 0x8f || (e >= 0xa8 && e <= 0xae))) ||
                          (d == 0x81 && e >= 0xa6 && e <= 0xa9));
        if (c < ' ' || c == 0x7f || (c == 0xc2 && d < 0xa0) || turns)
            return false;
    }
    return str_utf8_valid(s);
}

static err texts(struct op *op, const struct json *in, struct json *o)
{
    str name = str_trim(json_get_str(in, STR("client_name"))),
        launch = json_get_str(in, STR("initiate_login_uri"));
    str scope = json_get_str(in, STR("scope"));
    if (!name.n || name.n > 80 || !name_plain(name))
        return wrong(op, "invalid_client_metadata", "client_name: 1 to 80 bytes that people read.");
    if (!launch.n)
        launch = json_get_str(in, STR("launch_url"));
    if (launch.n && !address_valid(launch, false))
        return wrong(op, "invalid_client_metadata", "The launch address is an https address.");
    if (!scope.n || scope.n > SCOPES_TEXT_MAX)
        return wrong(op, "invalid_client_metadata",
                     "scope names all that the app may ever ask for.");
    json_set_str(op->arena, o, STR("client_name"), name);
    json_set_str(op->arena, o, STR("launch_url"), launch);
    json_set_str(op->arena, o, STR("scope"), scope);
    json_set_str(op->arena, o, STR("contact"),
                 str_sub(json_str(json_at(JSON_GET(in, "contacts"), 0)), 0, 120));
    return OK;
}

static err room_for(struct op *op, struct identity *id)
{
    str *names;
    size_t n, waiting = 0;
    TRY(store_kv_list(op, id->store, STR("oc/"), CLIENTS_MAX, &names, &n));
    for (size_t i = 0; i < n; i++) {
        struct oauth_client c;
        TRY(oauth_client_load(op, id, str_sub(names[i], 3, SIZE_MAX), &c));
        waiting += str_eq(c.status, STR("pending"));
    }
    return n < CLIENTS_MAX && waiting < PENDING_MAX
               ? OK
               : fail(op, ERR_BUSY, "Too many apps wait for an administrator; try another day.");
}

/* As RFC 7591 3.2.1 tells it. */
static struct json *told(struct op *op, const struct json *o)
{
    static const char *const ways[] = {"public",          "none",   "key",
                                       "private_key_jwt", "secret", "client_secret_basic"};
    struct arena *a = op->arena;
    struct json *out = json_dup(a, o);
    json_unset(out, STR("secret"));
    for (size_t i = 0; i < 6; i += 2)
        if (str_eq(json_get_str(o, STR("kind")), str_of(ways[i])))
            json_set_str(a, out, STR("token_endpoint_auth_method"), str_of(ways[i + 1]));
    json_set(a, out, STR("client_id_issued_at"),
             json_new_i64(a, oauth_number(o, "created") / 1000));
    json_set_str(a, out, STR("ends"), time_format(a, oauth_number(o, "ends")));
    json_unset(out, STR("created"));
    return out;
}

err oauth_client_register(struct op *op, struct identity *id, const struct json *metadata,
                          struct json **ret)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT);
    str client = arena_cat(a, STR("app-"), random_token(a, 10)), secret = STR_NONE;
    json_set_str(a, o, STR("client_id"), client);
    json_set_str(a, o, STR("status"), STR("pending"));
    TRY(texts(op, metadata, o));
    TRY(redirects(op, metadata, o));
    TRY(kind_of(op, metadata, o));
    TRY(room_for(op, id));
    if (str_eq(json_get_str(o, STR("kind")), STR("secret"))) {
        secret = random_token(a, 32);
        json_set_str(a, o, STR("secret"), oauth_hash(op, secret));
    }
    oauth_set_number(op, o, "created", op->now);
    oauth_set_number(op, o, "ends", op->now + YEAR_MS);
    oauth_set_number(op, o, "minute", MINUTE_DEFAULT);
    TRY(oauth_save(op, id, client_key(op, client), o));
    TRY(record_audit_event(op, id->rec, STR("oauth-register"), true, client));
    oauth_note(op, id, STR_NONE, client, "register", json_get_str(o, STR("scope")));
    *ret = told(op, o);
    if (secret.n) {
        json_set_str(a, *ret, STR("client_secret"), secret);
        json_set(a, *ret, STR("client_secret_expires_at"), json_new_i64(a, 0));
    }
    return op_check(op);
}

/* ---- the administrator's word ---- */

/* A backend service works as staff who see patients; never as one who manages. */
static bool role_allowed(str role)
{
    enum role r;
    return role_parse(role, &r) &&
           (r == ROLE_NURSE || r == ROLE_AGENT || r == ROLE_OUTREACH || r == ROLE_PRIVACY);
}

static err decide_texts(struct op *op, const struct json *d, struct json *o)
{
    str status = json_get_str(d, STR("status")), role = json_get_str(d, STR("role")),
        scope = json_get_str(d, STR("scope"));
    if (status.n && !str_eq(status, STR("approved")) && !str_eq(status, STR("refused")))
        return fail(op, ERR_INVALID, "status is approved or refused.");
    if (role.n && !role_allowed(role))
        return fail(op, ERR_INVALID,
                    "A backend service works within nurse, agent, outreach or privacy.");
    if (scope.n > SCOPES_TEXT_MAX)
        return fail(op, ERR_INVALID, "The scopes are too long.");
    if (status.n)
        json_set_str(op->arena, o, STR("status"), status);
    if (role.n)
        json_set_str(op->arena, o, STR("role"), role);
    if (scope.n)
        json_set_str(op->arena, o, STR("scope"), scope);
    return OK;
}

static err decide(struct op *op, const struct json *d, struct json *o)
{
    str ends = json_get_str(d, STR("expires"));
    const struct json *m = JSON_GET(d, "minute");
    int64_t minute = 0;
    struct time_span span = {0};
    TRY(decide_texts(op, d, o));
    if (m && (!json_i64(m, &minute) || minute < 1 || minute > 1000000))
        return fail(op, ERR_INVALID, "minute: requests a minute, from 1 to 1000000.");
    if (ends.n && (!time_parse(ends, &span) || span.lo > op->now + 10 * YEAR_MS))
        return fail(op, ERR_INVALID, "expires is an instant within ten years.");
    if (minute)
        oauth_set_number(op, o, "minute", minute);
    if (ends.n)
        oauth_set_number(op, o, "ends", span.lo);
    return OK;
}

err oauth_client_decide(struct op *op, struct identity *id, str client, const struct json *decision,
                        struct json **ret)
{
    struct json *o = NULL;
    str was;
    TRY(need_manage(op));
    if (name_valid(client))
        TRY(oauth_load(op, id, client_key(op, client), &o, &was));
    if (!o)
        return fail(op, ERR_NOT_FOUND, "There is no such app.");
    TRY(decide(op, decision, o));
    TRY(oauth_swap(op, id, client_key(op, client), was, o));
    cache_drop_app(&id->cache, client, STR_NONE);
    rates_anew(id->oauth);
    oauth_origins_anew(id->oauth);
    *ret = told(op, o);
    return record_audit_event(op, id->rec, STR("oauth-app"), true,
                              arena_printf(op->arena, "%.*s client=%.*s",
                                           STR_ARG(json_get_str(o, STR("status"))),
                                           STR_ARG(client)));
}

err oauth_client_list(struct op *op, struct identity *id, struct json **ret)
{
    str *names;
    size_t n;
    TRY(need_manage(op));
    TRY(store_kv_list(op, id->store, STR("oc/"), CLIENTS_MAX, &names, &n));
    struct json *list = json_new(op->arena, JSON_ARRAY);
    for (size_t i = 0; i < n; i++) {
        struct json *o;
        TRY(oauth_load(op, id, names[i], &o, NULL));
        if (o)
            json_push(op->arena, list, told(op, o));
    }
    *ret = json_new(op->arena, JSON_OBJECT);
    json_set(op->arena, *ret, STR("apps"), list);
    return op_check(op);
}

err oauth_client_launchable(struct op *op, struct identity *id, struct json **ret)
{
    str *names;
    size_t n;
    struct arena *a = op->arena;
    struct json *list = json_new(a, JSON_ARRAY);
    TRY(store_kv_list(op, id->store, STR("oc/"), CLIENTS_MAX, &names, &n));
    for (size_t i = 0; i < n; i++) {
        struct oauth_client c;
        TRY(oauth_client_load(op, id, str_sub(names[i], 3, SIZE_MAX), &c));
        if (!oauth_client_lives(op, &c) || !c.launch.n)
            continue;
        struct json *row = json_new(a, JSON_OBJECT);
        json_set_str(a, row, STR("app"), c.id);
        json_set_str(a, row, STR("name"), c.name);
        json_push(a, list, row);
    }
    *ret = json_new(a, JSON_OBJECT);
    json_set(a, *ret, STR("apps"), list);
    return op_check(op);
}
