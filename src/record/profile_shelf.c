/* The compiled profiles at hand, by canonical. Definitions are read without the lock, compiled
 * under it into the epoch's arena. Invariant: an epoch that began after a StructureDefinition was
 * committed never holds what was compiled before; its memory is bounded. */
#include "record/profile_int.h"

#include <pthread.h>
#include <stdatomic.h>

struct profile_epoch {
    struct arena *arena;
    struct map known; /* canonical → struct fhir_profile, or &nothing */
    unsigned refs;    /* checks, and one of the shelf */
    uint64_t generation;
};
struct profile_shelf {
    pthread_mutex_t lock;
    struct arena *arena; /* rules, strict rows */
    const struct fhir_rules *rules;
    struct profile_epoch *now;
    atomic_uint_fast64_t generation;
    struct profile_strict *strict; /* by type; NULL none */
};

static const char nothing; /* stands for: there is no such profile */

err profile_shelf_new(struct op *op, struct profile_shelf **ret)
{
    struct profile_shelf *s = calloc(1, sizeof *s);
    struct arena *a = arena_new(8u << 20);
    err e = s && a ? fhir_rules_compile(op, a, &s->rules)
                   : fail(op, ERR_UNAVAILABLE, "No memory left to open the record.");
    if (e != OK) {
        arena_free(a);
        free(s);
        return e;
    }
    s->arena = a;
    pthread_mutex_init(&s->lock, NULL);
    *ret = s;
    return OK;
}

static void epoch_let_go(struct profile_epoch *e)
{
    if (!e || --e->refs > 0)
        return;
    arena_free(e->arena);
    free(e);
}

void profile_shelf_free(struct profile_shelf *s)
{
    if (!s)
        return;
    epoch_let_go(s->now);
    arena_free(s->arena);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

const struct fhir_rules *profile_shelf_rules(const struct profile_shelf *s)
{
    return s->rules;
}

struct arena *profile_shelf_arena(struct profile_shelf *s)
{
    if (!s->strict)
        s->strict = ARENA_ARRAY(s->arena, struct profile_strict, (size_t)FHIR_TYPE_COUNT + 1);
    return s->strict ? s->arena : NULL;
}

struct profile_strict *profile_shelf_strict(struct profile_shelf *s, fhir_type type)
{
    return s->strict ? &s->strict[type] : NULL;
}

size_t profile_shelf_bytes(struct profile_shelf *s)
{
    pthread_mutex_lock(&s->lock);
    size_t n = s->now ? arena_used(s->now->arena) : 0;
    pthread_mutex_unlock(&s->lock);
    return n;
}

void profile_shelf_stale(struct profile_shelf *s)
{
    atomic_fetch_add(&s->generation, 1);
}

static struct profile_epoch *epoch_new(uint64_t generation)
{
    struct profile_epoch *e = calloc(1, sizeof *e);
    struct arena *a = arena_new(RECORD_PROFILES_BYTES + (8u << 20));
    if (!e || !a) {
        arena_free(a);
        free(e);
        return NULL;
    }
    *e = (struct profile_epoch){.arena = a, .refs = 1, .generation = generation};
    map_init(&e->known, a);
    return e;
}

err profile_look_begin(struct op *op, struct record *rec, struct profile_look *ret)
{
    struct profile_shelf *s = rec->profiles;
    uint64_t generation = atomic_load(&s->generation);
    pthread_mutex_lock(&s->lock);
    struct profile_epoch *e = s->now;
    bool over = !e || e->generation != generation || arena_used(e->arena) > RECORD_PROFILES_BYTES ||
                arena_failed(e->arena);
    if (over) {
        epoch_let_go(e);
        e = s->now = epoch_new(generation);
    }
    if (e)
        e->refs++;
    pthread_mutex_unlock(&s->lock);
    if (!e)
        return fail(op, ERR_UNAVAILABLE, "No memory left for profiles.");
    *ret = (struct profile_look){.rec = rec, .epoch = e};
    return OK;
}

void profile_look_end(struct profile_look *l)
{
    pthread_mutex_lock(&l->rec->profiles->lock);
    epoch_let_go(l->epoch);
    pthread_mutex_unlock(&l->rec->profiles->lock);
}

/* The newest posted definition of a canonical; definitions are no patient's data, so the question
 * is the record's own. */
static err posted(struct op *op, struct record *rec, str canonical, const struct json **ret)
{
    static const struct actor self = {.role = ROLE_SYSTEM, .purpose = PURPOSE_HOPERAT};
    size_t bar = str_find_char(canonical, '|', 0);
    struct record_page page;
    struct json *tree;
    struct op inner;
    struct buf q;
    op_init(&inner, op->arena, &self, op->now);
    inner.deadline = op->deadline;
    inner.trace = op->trace;
    buf_init(&q, op->arena, 16u << 10);
    buf_add(&q, STR("_sort=-_lastUpdated&_count=1&url="));
    buf_url(&q, str_sub(canonical, 0, bar));
    if (bar < canonical.n) {
        buf_add(&q, STR("&version="));
        buf_url(&q, str_sub(canonical, bar + 1, canonical.n));
    }
    if (!buf_ok(&q))
        return OK;
    err e = record_find(&inner, rec, rec->t_definition, buf_str(&q), &page);
    if (e == OK && page.n_match && (e = record_parse(&inner, &page.docs[0], &tree)) == OK)
        *ret = tree;
    return e == OK ? OK : fail(op, e, "A profile's definition could not be read.");
}

static err definition(struct op *op, struct record *rec, str canonical, const struct json **ret)
{
    static const struct json_limits limits = JSON_LIMITS_DEFAULT;
    struct json *tree;
    *ret = NULL;
    TRY(posted(op, rec, canonical, ret));
    str text = *ret ? STR_NONE : fhir_profile_shipped(canonical);
    if (str_empty(text))
        return OK;
    TRY(json_read(op, text, &limits, &tree));
    *ret = tree;
    return OK;
}

static err keep(struct op *op, struct profile_look *l, str canonical,
                const struct json *const *chain, size_t n, const struct fhir_profile **ret)
{
    struct profile_shelf *s = l->rec->profiles;
    const struct fhir_profile *p = NULL;
    struct op inner;
    op_init(&inner, op->arena, op->actor, op->now);
    pthread_mutex_lock(&s->lock);
    err e = n ? fhir_profile_compile(&inner, l->epoch->arena, chain, n, &p) : OK;
    const void *value = p ? (const void *)p : &nothing;
    (void)map_put(&l->epoch->known, arena_str(l->epoch->arena, canonical),
                  (void *)(uintptr_t)value);
    pthread_mutex_unlock(&s->lock);
    if (e != OK && inner.fault.n)
        op_note(op, SEVERITY_WARNING, inner.fault.issues[0].expression,
                "The profile %.*s cannot be used: %.*s", STR_ARG(canonical),
                STR_ARG(inner.fault.issues[0].message));
    *ret = p;
    return OK;
}

err profile_look(struct op *op, void *ctx, str canonical, const struct fhir_profile **ret)
{
    struct profile_look *l = ctx;
    const struct json *chain[FHIR_PROFILE_CHAIN_MAX];
    size_t n = FHIR_PROFILE_CHAIN_MAX;
    pthread_mutex_lock(&l->rec->profiles->lock);
    const void *known = map_get(&l->epoch->known, canonical);
    pthread_mutex_unlock(&l->rec->profiles->lock);
    *ret = known && known != &nothing ? known : NULL;
    if (known)
        return OK;
    for (str next = canonical; next.n;) {
        const struct json *tree = NULL;
        if (n > 0)
            TRY(definition(op, l->rec, next, &tree));
        if (!tree && n < FHIR_PROFILE_CHAIN_MAX)
            op_note(op, SEVERITY_WARNING, STR_NONE,
                    "The profile %.*s builds on %.*s, which is not here or too deep.",
                    STR_ARG(canonical), STR_ARG(next));
        if (!tree) {
            n = FHIR_PROFILE_CHAIN_MAX;
            break;
        }
        chain[--n] = tree;
        next = fhir_profile_needs(tree);
    }
    return keep(op, l, canonical, chain + n, FHIR_PROFILE_CHAIN_MAX - n, ret);
}
