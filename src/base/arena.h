/* Arenas: everything an operation makes lives in its arena and goes in one reset.
 * Lifetimes are process, session, operation. An arena belongs to one thread at a time.
 *
 * Running out never crashes: once an allocation passes the arena's cap, or the system refuses
 * memory, the arena turns failed (sticky until reset). arena_alloc() of at most ARENA_SMALL bytes
 * still returns usable memory from a reserve so that the current step can unwind; larger requests
 * return NULL. Loops over peer-controlled sizes check arena_failed(). */
#ifndef WEFT_BASE_ARENA_H
#define WEFT_BASE_ARENA_H

#include "base/str.h"

#include <stdarg.h>

#define ARENA_SMALL 4096u

struct arena;

/* A heap arena holding at most cap bytes (0 = ARENA_CAP_DEFAULT). NULL when memory is refused. */
#define ARENA_CAP_DEFAULT (256u << 20)
struct arena *arena_new(size_t cap);
/* Runs the reset callbacks, frees all. NULL is allowed. */
void arena_free(struct arena *a);
/* Runs the reset callbacks (last registered first) and keeps chunks of together 1 MiB at most. */
void arena_reset(struct arena *a);
/* From the next reset on: so many bytes instead, for who fills the same arena many times a second
 * (memory that goes back to the system comes page by page again). */
void arena_keep(struct arena *a, size_t bytes);
bool arena_failed(const struct arena *a);
size_t arena_used(const struct arena *a);

/* Aligned for any type, not zeroed. See above for failure. n == 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t n);
/* Zeroed; n * size checked for overflow. */
void *arena_calloc(struct arena *a, size_t n, size_t size);
/* Grows the newest allocation in place when it can, else copies. NULL on failure (old data stays).
 */
void *arena_grow(struct arena *a, void *p, size_t old_n, size_t new_n);
/* fn(ctx) runs at the next reset or free. False when it could not be registered. */
bool arena_on_reset(struct arena *a, void (*fn)(void *), void *ctx);

/* Copies into the arena; the copy is also NUL-terminated after its n bytes. STR_NONE on failure. */
str arena_str(struct arena *a, str s);
/* NUL-terminated copy; "" on failure. */
const char *str_z(struct arena *a, str s);
str arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
str arena_vprintf(struct arena *a, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
/* Concatenation of two slices. */
str arena_cat(struct arena *a, str x, str y);

#define ARENA_NEW(a, type) ((type *)arena_calloc((a), 1, sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_calloc((a), (n), sizeof(type)))

/* Fault injection (tests): the n-th memory request to the system from now on is refused, once or
 * for ever. 0 switches it off. Not for use while other threads run. */
void arena_fail_at(uint64_t nth, bool for_ever);
/* Memory requests made to the system since start. */
uint64_t arena_requests(void);

#endif
