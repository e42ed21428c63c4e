/* For tests and the fuzz harness: the shipped profiles and given ones, compiled when asked for. */
#ifndef WEFT_FHIR_PROFILE_FIXTURE_H
#define WEFT_FHIR_PROFILE_FIXTURE_H

#include "base/map.h"
#include "fhir/profile.h"

struct profiles {
    struct arena *arena;
    struct map known; /* canonical → compiled */
    struct map texts; /* canonical → struct str, given by the test */
    size_t compiled;
};

static inline void profiles_init(struct profiles *p)
{
    p->arena = arena_new(256u << 20);
    map_init(&p->known, p->arena);
    map_init(&p->texts, p->arena);
    p->compiled = 0;
}

static inline void profiles_give(struct profiles *p, str text)
{
    static const struct json_limits limits = JSON_LIMITS_DEFAULT;
    struct json *tree;
    struct op op;
    str *kept = ARENA_NEW(p->arena, str);
    op_init(&op, p->arena, NULL, 0);
    *kept = text;
    if (json_read(&op, text, &limits, &tree) == OK)
        (void)map_put(&p->texts, json_get_str(tree, STR("url")), kept);
}

static inline err profiles_find(struct op *op, void *ctx, str canonical,
                                const struct fhir_profile **ret)
{
    static const struct json_limits limits = JSON_LIMITS_DEFAULT;
    struct profiles *p = ctx;
    const struct json *chain[FHIR_PROFILE_CHAIN_MAX];
    struct fhir_profile *known = map_get(&p->known, canonical);
    const struct fhir_profile *made;
    size_t n = FHIR_PROFILE_CHAIN_MAX;
    *ret = known;
    if (known)
        return OK;
    for (str next = canonical; next.n && n;) {
        struct json *tree;
        str *given = map_get(&p->texts, next), text = given ? *given : fhir_profile_shipped(next);
        if (str_empty(text))
            return OK;
        TRY(json_read(op, text, &limits, &tree));
        chain[--n] = tree;
        next = fhir_profile_needs(tree);
    }
    TRY(fhir_profile_compile(op, p->arena, chain + n, FHIR_PROFILE_CHAIN_MAX - n, &made));
    p->compiled++;
    (void)map_put(&p->known, arena_str(p->arena, canonical), (void *)(uintptr_t)made);
    *ret = made;
    return OK;
}

#endif
