/* The web origins of approved apps, kept in memory: read once, and again after each decision about
 * an app. Invariant: a request with a strange Origin, signed in or not, asks the store for nothing;
 * an app whose time is over counts no more. */
#include "identity/oauth_int.h"

#define APPS_MAX 2000u

void oauth_origins_anew(struct oauth *o)
{
    pthread_mutex_lock(&o->origins_lock);
    o->origins_read = false;
    pthread_mutex_unlock(&o->origins_lock);
}

/* "https://host:port" of an address; empty: no page has it as its origin. */
static str origin_of(str address)
{
    size_t at = str_find(address, STR("://"), 0);
    if (at == SIZE_MAX)
        return STR_NONE;
    size_t end = at + 3;
    while (end < address.n && address.p[end] != '/' && address.p[end] != '?')
        end++;
    return end > at + 3 && end <= OAUTH_ORIGIN_MAX ? str_sub(address, 0, end) : STR_NONE;
}

static void add(struct oauth_origin_row *rows, size_t *n, const struct oauth_client *c)
{
    for (size_t i = 0; i < c->n_redirects; i++) {
        str origin = origin_of(c->redirects[i]);
        if (!origin.n)
            continue;
        struct oauth_origin_row *r = &rows[(*n)++];
        r->expires = c->expires;
        memcpy(r->text, origin.p, origin.n);
        r->text[origin.n] = 0;
    }
}

/* With the lock held: nobody reads the apps twice at once. */
static err read_all(struct op *op, struct identity *id)
{
    struct oauth *o = id->oauth;
    str *names;
    size_t n, kept = 0;
    TRY(store_kv_list(op, id->store, STR("oc/"), APPS_MAX, &names, &n));
    struct oauth_origin_row *rows = calloc(n * OAUTH_REDIRECTS_MAX + 1, sizeof *rows);
    if (!rows)
        return fail(op, ERR_UNAVAILABLE, "No memory for the apps' origins.");
    for (size_t i = 0; i < n; i++) {
        struct oauth_client c;
        if (oauth_client_load(op, id, str_sub(names[i], 3, SIZE_MAX), &c) == OK &&
            oauth_client_lives(op, &c))
            add(rows, &kept, &c);
    }
    free(o->origins);
    o->origins = rows;
    o->n_origins = kept;
    o->origins_read = true;
    o->origins_looked++;
    return OK;
}

bool oauth_origin(struct op *op, struct identity *id, str origin)
{
    struct oauth *o = id->oauth;
    struct fault before = op->fault;
    bool found = false;
    pthread_mutex_lock(&o->origins_lock);
    if (o->origins_read || read_all(op, id) == OK)
        for (size_t i = 0; i < o->n_origins && !found; i++)
            found = op->now < o->origins[i].expires && str_eq(origin, str_of(o->origins[i].text));
    pthread_mutex_unlock(&o->origins_lock);
    op->fault = before;
    return found;
}
