/* The hash map: open addressing, at most three quarters full, SipHash with a key drawn once per
 * process. */
#include "base/map.h"
#include "base/uuid.h"

#include <pthread.h>
#include <sodium.h>

#define FIRST 16u

static unsigned char seed[crypto_shorthash_KEYBYTES];
static pthread_once_t seed_once = PTHREAD_ONCE_INIT;

static void draw_seed(void)
{
    random_bytes(seed, sizeof seed);
}

static uint64_t hash_of(str key)
{
    uint64_t h;
    crypto_shorthash((unsigned char *)&h, (const unsigned char *)(key.p ? key.p : ""), key.n, seed);
    return h;
}

void map_init(struct map *m, struct arena *a)
{
    (void)pthread_once(&seed_once, draw_seed);
    *m = (struct map){.arena = a};
}

/* The slot that holds key, or the free one it would go into. */
static struct map_slot *slot_of(struct map_slot *slots, size_t cap, str key, uint64_t hash)
{
    for (size_t i = hash & (cap - 1);; i = (i + 1) & (cap - 1)) {
        struct map_slot *s = &slots[i];
        if (!s->value || (s->hash == hash && str_eq(s->key, key)))
            return s;
    }
}

void *map_get(const struct map *m, str key)
{
    return m->cap ? slot_of(m->slots, m->cap, key, hash_of(key))->value : NULL;
}

static bool grow(struct map *m)
{
    size_t cap = m->cap ? m->cap * 2 : FIRST;
    struct map_slot *slots = ARENA_ARRAY(m->arena, struct map_slot, cap);
    if (!slots || arena_failed(m->arena))
        return false;
    for (size_t i = 0; i < m->cap; i++)
        if (m->slots[i].value)
            *slot_of(slots, cap, m->slots[i].key, m->slots[i].hash) = m->slots[i];
    m->slots = slots;
    m->cap = cap;
    return true;
}

bool map_put(struct map *m, str key, void *value)
{
    if (m->n >= m->cap / 4 * 3 && !grow(m))
        return false;
    uint64_t hash = hash_of(key);
    struct map_slot *s = slot_of(m->slots, m->cap, key, hash);
    m->n += s->value == NULL;
    *s = (struct map_slot){.key = s->value ? s->key : key, .value = value, .hash = hash};
    return true;
}
