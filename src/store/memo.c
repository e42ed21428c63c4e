/* Named values, the numbers of ids, and documents, as the last commit left them, for who asks again
 * soon. Bounded: so many places, small values, the newer one stays. Invariant: what is here is
 * committed and is what a new snapshot would show. The writer drops a name before the group that
 * changes it commits and puts it back after; a reader adds what it found only when no group that
 * changes what shares its place was under way since before its snapshot. */
#include "store/memo_int.h"
#include "store/store_int.h"

#define STRIPES 64u

struct noted {
    size_t name_n, value_n;
    char bytes[]; /* name, value */
};

/* Two that want one place are both kept: the third takes that of the one that came first. */
#define WAYS 2u
struct place {
    struct noted *e[WAYS];
    uint64_t hash[WAYS]; /* of e's name, here so that who asks for another need not look there */
    uint64_t dropped;    /* number of the last group that changed a name of this place */
    unsigned next;       /* the way that goes when both are taken */
};

struct memo {
    atomic_uint_fast64_t over; /* groups that are over */
    bool under_way;            /* the writer's: one that changes names is */
    size_t places, value_max;
    pthread_mutex_t locks[STRIPES];
    struct place at[];
};

struct memo *memo_new(size_t places, size_t value_max)
{
    places /= WAYS;
    struct memo *m = calloc(1, sizeof *m + places * sizeof m->at[0]);
    if (!m)
        return NULL;
    m->places = places;
    m->value_max = value_max;
    for (size_t i = 0; i < STRIPES; i++)
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
    for (size_t i = 0; m && i < m->places * WAYS; i++)
        forget(&m->at[i / WAYS].e[i % WAYS]);
    for (size_t i = 0; m && i < STRIPES; i++)
        pthread_mutex_destroy(&m->locks[i]);
    free(m);
}

/* Of eight bytes at a time: names are asked for many times a message. Both halves of the product
 * count, so that the last bytes of a name, in which neighbours differ, move it to another place. */
static uint64_t hash_of(str name)
{
    uint64_t h = name.n;
    for (size_t at = 0; at < name.n; at += sizeof h) {
        uint64_t part = 0;
        memcpy(&part, name.p + at, name.n - at < sizeof part ? name.n - at : sizeof part);
        __extension__ unsigned __int128 x =
            (unsigned __int128)(h ^ part) * UINT64_C(0x9E3779B97F4A7C15);
        h = (uint64_t)x ^ (uint64_t)(x >> 64);
    }
    return h;
}

static size_t place_of(const struct memo *m, uint64_t hash)
{
    return (hash ^ hash >> 32) & (m->places - 1);
}

/* WAYS: it is not there. */
static unsigned way_of(const struct place *p, uint64_t hash, str name)
{
    unsigned i = 0;
    while (i < WAYS && !(p->e[i] && p->hash[i] == hash &&
                         str_eq(str_make(p->e[i]->bytes, p->e[i]->name_n), name)))
        i++;
    return i;
}

bool memo_find(struct memo *m, struct arena *a, str name, str *ret)
{
    if (!m)
        return false;
    uint64_t hash = hash_of(name);
    size_t at = place_of(m, hash);
    pthread_mutex_lock(&m->locks[at % STRIPES]);
    unsigned way = way_of(&m->at[at], hash, name);
    if (way < WAYS) {
        const struct noted *e = m->at[at].e[way];
        *ret = e->value_n ? arena_str(a, str_make(e->bytes + e->name_n, e->value_n)) : STR_NONE;
    }
    pthread_mutex_unlock(&m->locks[at % STRIPES]);
    return way < WAYS;
}

void memo_ahead(const struct memo *m, str name)
{
    if (m)
        __builtin_prefetch(&m->at[place_of(m, hash_of(name))], 1);
}

uint64_t memo_mark(struct memo *m)
{
    return m ? atomic_load(&m->over) : 0;
}

void memo_forget(struct memo *m, str name)
{
    uint64_t hash = hash_of(name);
    if (!m)
        return;
    size_t at = place_of(m, hash);
    pthread_mutex_lock(&m->locks[at % STRIPES]);
    unsigned way = way_of(&m->at[at], hash, name);
    if (way < WAYS)
        forget(&m->at[at].e[way]);
    pthread_mutex_unlock(&m->locks[at % STRIPES]);
}

/* Where it is, where there is room, or where the older one is. */
static unsigned way_for(struct place *p, uint64_t hash, str name)
{
    unsigned way = way_of(p, hash, name);
    for (unsigned i = 0; way == WAYS && i < WAYS; i++)
        if (!p->e[i])
            way = i;
    if (way == WAYS)
        way = p->next;
    p->next = (way + 1) % WAYS;
    return way;
}

static void put(struct memo *m, str name, str value, const uint64_t *mark)
{
    uint64_t hash = hash_of(name);
    struct noted *e = m && value.n <= m->value_max ? malloc(sizeof *e + name.n + value.n) : NULL;
    if (!e) {
        if (!mark) /* the writer's: what its group wrote there before is over, too */
            memo_forget(m, name);
        return;
    }
    size_t at = place_of(m, hash);
    *e = (struct noted){.name_n = name.n, .value_n = value.n};
    memcpy(e->bytes, name.p, name.n);
    if (value.n)
        memcpy(e->bytes + name.n, value.p, value.n);
    pthread_mutex_lock(&m->locks[at % STRIPES]);
    /* looked at under the lock under which the writer drops: it comes before, or sees this one */
    if (!mark || m->at[at].dropped <= *mark) {
        unsigned way = way_for(&m->at[at], hash, name);
        struct noted *old = m->at[at].e[way];
        m->at[at].e[way] = e;
        m->at[at].hash[way] = hash;
        e = old;
    }
    pthread_mutex_unlock(&m->locks[at % STRIPES]);
    forget(&e);
}

void memo_learn(struct memo *m, str name, str value, uint64_t mark)
{
    put(m, name, value, &mark);
}

void memo_keep(struct memo *m, str name, str value)
{
    put(m, name, value, NULL);
}

/* The group under way is the one after those that are over. */
static void drop(struct memo *m, size_t at, const str *name, uint64_t hash)
{
    struct place *p = &m->at[at];
    m->under_way = true;
    pthread_mutex_lock(&m->locks[at % STRIPES]);
    p->dropped = atomic_load(&m->over) + 1;
    for (unsigned i = 0; !name && i < WAYS; i++)
        forget(&p->e[i]);
    unsigned way = name ? way_of(p, hash, *name) : WAYS;
    if (way < WAYS)
        forget(&p->e[way]);
    pthread_mutex_unlock(&m->locks[at % STRIPES]);
}

void memo_drop(struct memo *m, str name)
{
    uint64_t hash = hash_of(name);
    if (m)
        drop(m, place_of(m, hash), &name, hash);
}

void memo_drop_all(struct memo *m)
{
    for (size_t i = 0; m && i < m->places; i++)
        drop(m, i, NULL, 0);
}

void memo_settle(struct memo *m)
{
    if (m && m->under_way)
        atomic_fetch_add(&m->over, 1);
    if (m)
        m->under_way = false;
}
