/* Growing arrays in an arena: VEC(type) declares one; VEC_PUSH appends (sticky failure: the item
 * is dropped and the arena is failed). */
#ifndef WEFT_BASE_VEC_H
#define WEFT_BASE_VEC_H

#include "base/arena.h"

#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *at;                                                                                  \
        size_t n;                                                                                  \
        size_t cap;                                                                                \
    }

/* Makes room for one more item of size bytes; false when memory is refused. */
bool vec_room(struct arena *a, void **at, size_t n, size_t *cap, size_t size);

#define VEC_PUSH(a, v, item)                                                                       \
    do {                                                                                           \
        if (vec_room((a), (void **)&(v)->at, (v)->n, &(v)->cap, sizeof *(v)->at))                  \
            (v)->at[(v)->n++] = (item);                                                            \
    } while (0)

#endif
