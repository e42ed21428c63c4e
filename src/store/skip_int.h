/* A skip list of byte keys with versions (seq): one writer, any number of readers without locks.
 * It is the memory back end's table and the in-memory tail of unmerged keys.
 * Nothing is ever removed; a deletion is a newer version that says "gone". Nodes live in the arena
 * given at the start, which must outlive every reader. */
#ifndef WEFT_STORE_SKIP_INT_H
#define WEFT_STORE_SKIP_INT_H

#include "base/arena.h"

#include <stdatomic.h>

struct skip_node;

struct skip {
    struct arena *arena;
    struct skip_node *head;
    struct skip_finger *fingers, *values; /* the writer's: of a parameter, of one value */
    uint64_t rng;
    atomic_uint height;
};

/* False when memory is refused. */
bool skip_init(struct skip *s, struct arena *a);
/* Adds a version (copied); value NULL = gone. Writer only. NULL when memory is refused. */
struct skip_node *skip_put(struct skip *s, str key, uint64_t seq, const str *value);
/* Takes back a version no reader may see yet (its seq was never published). */
void skip_kill(struct skip_node *node);

/* Newest version of every key with seq <= view. */
struct skip_iter {
    const struct skip *s;
    uint64_t view, until;
    const struct skip_node *node;
    bool reverse;
    bool valid;
    bool gone;
    uint64_t seq;
    str key, value;
};

void skip_iter_init(struct skip_iter *it, const struct skip *s, uint64_t view);
/* Going forward, nothing is wanted whose first eight bytes come after those of key: what no view
 * may see yet is not passed one by one behind them. */
void skip_iter_until(struct skip_iter *it, str key);
/* Forward: first key >= key; reverse: last key < key. */
void skip_seek(struct skip_iter *it, str key, bool reverse);
void skip_next(struct skip_iter *it);

#endif
