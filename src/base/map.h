/* Hash map from byte strings to pointers, in an arena (never shrinks). Seeded per process, so peers
 * cannot choose collisions. One thread at a time. */
#ifndef WEFT_BASE_MAP_H
#define WEFT_BASE_MAP_H

#include "base/arena.h"

struct map_slot {
    str key;
    void *value;
    uint64_t hash;
};

struct map {
    struct arena *arena;
    struct map_slot *slots;
    size_t n, cap;
};

void map_init(struct map *m, struct arena *a);
/* NULL when absent. */
void *map_get(const struct map *m, str key);
/* Keeps key by reference; value must not be NULL and replaces an earlier one. False when memory is
 * refused. */
bool map_put(struct map *m, str key, void *value);

#endif
