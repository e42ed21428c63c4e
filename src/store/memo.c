/* Named values, and the numbers of ids, as the last commit left them, for who asks again soon.
 * Bounded: so many places, small values, the newer one stays. Invariant: what is here is committed
 * and is what a new snapshot would show. The writer drops a name before the group that changes it
 * commits and puts it back after; a reader adds what it found only when no group that changes
 * names was under way since before its snapshot. */
#include "store/memo_int.h"
#include "store/store_int.h"

#define PLACES 32768u /* a power of two */
#define STRIPES 64u
#define VALUE_MAX 512u

struct noted {
    uint64_t hash;
    size_t name_n, value_n;
    char bytes[]; /* name, value */
};

struct memo {
    atomic_uint_fast64_t changes; /* odd: a group that changes names is under way */
    pthread_mutex_t locks[STRIPES];
    struct noted *at[PLACES];
};

struct memo *memo_new(void)
{
    struct memo *m = calloc(1, sizeof *m);
    for (size_t i = 0; m && i < STRIPES; i++)
        pthread_mutex_init(&m->locks[i], NULL);
    return m;
}

static void forget(struct noted **at)
{
    if (*at) /* a value may be a secret */
        explicit_bzero((*at)->bytes, (*at)->name_n + (*at)->value_n);
    free(*at);
    *at = NULL;
}

void memo_free(struct memo *m)
{
    for (size_t i = 0; m && i < PLACES; i++)
        forget(&m->at[i]);
    for (size_t i = 0; m && i < STRIPES; i++)
        pthread_mutex_destroy(&m->locks[i]);
    free(m);
}

static size_t place_of(uint64_t hash)
{
    return (hash ^ hash >> 32) & (PLACES - 1);
}

static bool is(const struct noted *e, uint64_t hash, str name)
{
    return e && e->hash == hash && str_eq(str_make(e->bytes, e->name_n), name);
}

bool memo_find(struct memo *m, struct arena *a, str name, str *ret)
{
    uint64_t hash = str_hash(name);
    size_t at = place_of(hash);
    if (!m)
        return false;
    pthread_mutex_lock(&m->locks[at % STRIPES]);
    const struct noted *e = m->at[at];
    bool there = is(e, hash, name);
    if (there)
        *ret = e->value_n ? arena_str(a, str_make(e->bytes + e->name_n, e->value_n)) : STR_NONE;
    pthread_mutex_unlock(&m->locks[at % STRIPES]);
    return there;
}

uint64_t memo_mark(struct memo *m)
{
    return m ? atomic_load(&m->changes) : 1;
}

static void drop(struct memo *m, str name)
{
    uint64_t hash = str_hash(name);
    size_t at = place_of(hash);
    pthread_mutex_lock(&m->locks[at % STRIPES]);
    if (is(m->at[at], hash, name))
        forget(&m->at[at]);
    pthread_mutex_unlock(&m->locks[at % STRIPES]);
}

static void put(struct memo *m, str name, str value, const uint64_t *mark)
{
    uint64_t hash = str_hash(name);
    size_t at = place_of(hash);
    struct noted *e = m && value.n <= VALUE_MAX ? malloc(sizeof *e + name.n + value.n) : NULL;
    if (!e) {
        if (m && !mark) /* the writer's: what its group wrote there before is over, too */
            drop(m, name);
        return;
    }
    *e = (struct noted){.hash = hash, .name_n = name.n, .value_n = value.n};
    memcpy(e->bytes, name.p, name.n);
    if (value.n)
        memcpy(e->bytes + name.n, value.p, value.n);
    pthread_mutex_lock(&m->locks[at % STRIPES]);
    /* looked at under the lock under which the writer drops: it comes before, or sees this one */
    if (!mark || atomic_load(&m->changes) == *mark) {
        struct noted *old = m->at[at];
        m->at[at] = e;
        e = old;
    }
    pthread_mutex_unlock(&m->locks[at % STRIPES]);
    forget(&e);
}

void memo_learn(struct memo *m, str name, str value, uint64_t mark)
{
    if (mark % 2 == 0)
        put(m, name, value, &mark);
}

void memo_keep(struct memo *m, str name, str value)
{
    put(m, name, value, NULL);
}

static void under_way(struct memo *m)
{
    if (atomic_load(&m->changes) % 2 == 0)
        atomic_fetch_add(&m->changes, 1);
}

void memo_drop(struct memo *m, str name)
{
    if (!m)
        return;
    under_way(m);
    drop(m, name);
}

void memo_drop_all(struct memo *m)
{
    if (!m)
        return;
    under_way(m);
    for (size_t i = 0; i < PLACES; i++) {
        pthread_mutex_lock(&m->locks[i % STRIPES]);
        forget(&m->at[i]);
        pthread_mutex_unlock(&m->locks[i % STRIPES]);
    }
}

void memo_settle(struct memo *m)
{
    if (m && atomic_load(&m->changes) % 2)
        atomic_fetch_add(&m->changes, 1);
}
