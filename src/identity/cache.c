/* Sessions in memory, found by the hash of their token: bounded (4-way sets), shared by all
 * threads. Invariant: nothing read before an invalidation is kept after it (generation). */
#include "identity/identity_int.h"

void cache_init(struct cache *c)
{
    pthread_rwlock_init(&c->lock, NULL);
}

static struct session *set_of(struct cache *c, const uint8_t hash[HASH_BYTES])
{
    return c->sets[(unsigned)(hash[0] | hash[1] << 8) % CACHE_SETS];
}

bool session_alive(const struct session *s, int64_t now)
{
    int64_t last = atomic_load_explicit(&s->last, memory_order_relaxed);
    return now < s->expires && (s->idle_ms == 0 || now - last < s->idle_ms);
}

static void copy(struct session *to, const struct session *from)
{
    memcpy(to->hash, from->hash, sizeof to->hash);
    to->used = from->used;
    to->interactive = from->interactive;
    to->strong = from->strong;
    to->role = from->role;
    to->expires = from->expires;
    to->idle_ms = from->idle_ms;
    atomic_init(&to->last, atomic_load_explicit(&from->last, memory_order_relaxed));
    to->kept = from->kept;
    to->proven = from->proven;
    to->trained_until = from->trained_until;
    to->patient_rid = from->patient_rid;
    to->user_rid = from->user_rid;
    memcpy(to->user, from->user, sizeof to->user);
    memcpy(to->reference, from->reference, sizeof to->reference);
    memcpy(to->patient, from->patient, sizeof to->patient);
    memcpy(to->name, from->name, sizeof to->name);
    memcpy(to->language, from->language, sizeof to->language);
    memcpy(to->id, from->id, sizeof to->id);
    memcpy(to->lender, from->lender, sizeof to->lender);
    memcpy(to->scope, from->scope, from->scope[0] ? sizeof to->scope : 1);
    memcpy(to->context, from->context, sizeof to->context);
    memcpy(to->client, from->client, sizeof to->client);
    memcpy(to->family, from->family, sizeof to->family);
    to->context_rid = from->context_rid;
}

static struct session *find(struct cache *c, const uint8_t hash[HASH_BYTES])
{
    struct session *set = set_of(c, hash);
    for (unsigned i = 0; i < CACHE_WAYS; i++)
        if (set[i].used && memcmp(set[i].hash, hash, HASH_BYTES) == 0)
            return &set[i];
    return NULL;
}

bool cache_find(struct cache *c, const uint8_t hash[HASH_BYTES], int64_t now, bool slide,
                struct session *ret)
{
    pthread_rwlock_rdlock(&c->lock);
    struct session *s = find(c, hash);
    if (s) {
        if (slide && session_alive(s, now))
            atomic_store_explicit(&s->last, now, memory_order_relaxed);
        copy(ret, s);
    }
    pthread_rwlock_unlock(&c->lock);
    return s != NULL;
}

uint64_t cache_generation(struct cache *c)
{
    pthread_rwlock_rdlock(&c->lock);
    uint64_t g = c->generation;
    pthread_rwlock_unlock(&c->lock);
    return g;
}

void cache_keep(struct cache *c, const struct session *s, uint64_t generation)
{
    pthread_rwlock_wrlock(&c->lock);
    if (c->generation == generation) {
        struct session *set = set_of(c, s->hash), *to = find(c, s->hash);
        for (unsigned i = 0; !to && i < CACHE_WAYS; i++)
            if (!set[i].used)
                to = &set[i];
        if (!to) {
            to = set;
            for (unsigned i = 1; i < CACHE_WAYS; i++)
                if (atomic_load(&set[i].last) < atomic_load(&to->last))
                    to = &set[i];
        }
        copy(to, s);
        to->used = true;
    }
    pthread_rwlock_unlock(&c->lock);
}

static bool named(const char name[65], str user)
{
    return str_eq(str_make(name, strnlen(name, 65)), user);
}

void cache_drop_user(struct cache *c, str user)
{
    pthread_rwlock_wrlock(&c->lock);
    c->generation++;
    for (unsigned i = 0; i < CACHE_SETS; i++)
        for (unsigned j = 0; j < CACHE_WAYS; j++)
            if (c->sets[i][j].used &&
                (named(c->sets[i][j].user, user) || named(c->sets[i][j].lender, user)))
                c->sets[i][j].used = false;
    pthread_rwlock_unlock(&c->lock);
}

void cache_drop(struct cache *c, const uint8_t hash[HASH_BYTES])
{
    pthread_rwlock_wrlock(&c->lock);
    c->generation++;
    struct session *s = find(c, hash);
    if (s)
        s->used = false;
    pthread_rwlock_unlock(&c->lock);
}

void cache_drop_app(struct cache *c, str client, str family)
{
    pthread_rwlock_wrlock(&c->lock);
    c->generation++;
    for (unsigned i = 0; i < CACHE_SETS; i++)
        for (unsigned j = 0; j < CACHE_WAYS; j++) {
            struct session *s = &c->sets[i][j];
            if (s->used && s->client[0] && str_eq(str_of(s->client), client) &&
                (!family.n || str_eq(str_of(s->family), family)))
                s->used = false;
        }
    pthread_rwlock_unlock(&c->lock);
}
