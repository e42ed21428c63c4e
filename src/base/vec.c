/* Growth of VEC arrays: doubling, in the arena. */
#include "base/vec.h"

bool vec_room(struct arena *a, void **at, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return true;
    size_t more = *cap ? *cap * 2 : 8, bytes;
    if (__builtin_mul_overflow(more, size, &bytes))
        return false;
    void *grown = arena_grow(a, *at, *cap * size, bytes);
    if (!grown)
        return false;
    *at = grown;
    *cap = more;
    return true;
}
