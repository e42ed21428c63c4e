/* Arenas: chunks of 64 KiB and up, handed out front to back and let go together.
 * Under AddressSanitizer every allocation is its own malloc, so that an overrun or a use after
 * reset is seen where it happens. Invariant: memory handed out never moves and is never freed
 * before the reset; after a failure small requests are still answered (see arena.h). */
#include "base/arena.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define CHUNK_FIRST (64u << 10)
#define CHUNK_MAX (8u << 20)
#define KEEP_DEFAULT (1u << 20)
#define RESERVE (32u << 10)
#define ALIGN 16u

#if defined(__SANITIZE_ADDRESS__)
#define SEPARATE true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SEPARATE true
#endif
#endif
#ifdef SEPARATE
#include <sanitizer/asan_interface.h>
#else
#define SEPARATE false
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

struct chunk {
    struct chunk *next;
    size_t cap, used;
    size_t pad;
    char data[];
};

struct on_reset {
    struct on_reset *next;
    void (*fn)(void *);
    void *ctx;
};

struct arena {
    struct chunk *chunk; /* newest first */
    struct chunk *spare; /* kept over a reset, not in use */
    size_t keep;
    struct on_reset *callbacks;
    char *newest; /* the allocation arena_grow() may lengthen */
    size_t newest_n;
    size_t cap, used;
    size_t next_chunk;
    size_t reserve_used;
    bool failed;
    _Alignas(ALIGN) char reserve[RESERVE];
};

static atomic_uint_fast64_t requests;
static atomic_uint_fast64_t refuse_at;
static atomic_bool refuse_for_ever;

void arena_fail_at(uint64_t nth, bool for_ever)
{
    atomic_store(&refuse_at, nth ? atomic_load(&requests) + nth : 0);
    atomic_store(&refuse_for_ever, for_ever);
}

uint64_t arena_requests(void)
{
    return atomic_load(&requests);
}

static void *from_system(size_t n)
{
    uint64_t mine = atomic_fetch_add(&requests, 1) + 1;
    uint64_t at = atomic_load(&refuse_at);
    if (at && (mine == at || (mine > at && atomic_load(&refuse_for_ever))))
        return NULL;
    return malloc(n);
}

struct arena *arena_new(size_t cap)
{
    struct arena *a = from_system(sizeof *a);
    if (!a)
        return NULL;
    memset(a, 0, offsetof(struct arena, reserve));
    a->cap = cap ? cap : ARENA_CAP_DEFAULT;
    a->next_chunk = CHUNK_FIRST;
    a->keep = KEEP_DEFAULT;
    return a;
}

void arena_keep(struct arena *a, size_t bytes)
{
    a->keep = bytes;
}

/* Moves a list to the spare ones, as far as `keep` goes. */
static void put_by(struct chunk *list, size_t keep, size_t *io_kept, struct chunk **io_spare)
{
    for (struct chunk *c = list, *next; c; c = next) {
        next = c->next;
        if (SEPARATE || c->cap > keep - *io_kept) {
            free(c);
            continue;
        }
        *io_kept += c->cap;
        c->next = *io_spare;
        *io_spare = c;
    }
}

static void release(struct arena *a, size_t keep)
{
    struct chunk *used = a->chunk, *idle = a->spare;
    size_t kept = 0;
    for (struct on_reset *r = a->callbacks; r; r = r->next)
        r->fn(r->ctx);
    a->callbacks = NULL;
    a->chunk = a->spare = NULL;
    put_by(used, keep, &kept, &a->spare);
    put_by(idle, keep, &kept, &a->spare);
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    release(a, 0);
    free(a);
}

void arena_reset(struct arena *a)
{
    release(a, a->keep);
    a->newest = NULL;
    a->newest_n = a->used = a->reserve_used = 0;
    a->next_chunk = CHUNK_FIRST;
    a->failed = false;
}

bool arena_failed(const struct arena *a)
{
    return a->failed;
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}

/* The reserve is handed out once; after that its last ARENA_SMALL bytes are handed out again and
 * again, which is enough for a caller that is on its way out. */
static void *from_reserve(struct arena *a, size_t n)
{
    a->failed = true;
    a->newest = NULL;
    if (n > ARENA_SMALL)
        return NULL;
    if (a->reserve_used + n > RESERVE)
        return a->reserve + RESERVE - ARENA_SMALL;
    void *p = a->reserve + a->reserve_used;
    a->reserve_used += n;
    return p;
}

static struct chunk *take_spare(struct arena *a, size_t n)
{
    for (struct chunk **at = &a->spare; *at; at = &(*at)->next) {
        struct chunk *c = *at;
        if (c->cap < n)
            continue;
        *at = c->next;
        *c = (struct chunk){.next = a->chunk, .cap = c->cap};
        a->chunk = c;
        return c;
    }
    return NULL;
}

static struct chunk *add_chunk(struct arena *a, size_t n)
{
    struct chunk *spare = take_spare(a, n);
    if (spare)
        return spare;
    size_t cap = SEPARATE || n > a->next_chunk ? n : a->next_chunk;
    struct chunk *c = from_system(sizeof *c + cap);
    if (!c)
        return NULL;
    *c = (struct chunk){.next = a->chunk, .cap = cap};
    a->chunk = c;
    if (a->next_chunk < CHUNK_MAX)
        a->next_chunk *= 2;
    return c;
}

static size_t rounded(size_t n)
{
    return n ? (n + ALIGN - 1) & ~(size_t)(ALIGN - 1) : ALIGN;
}

void *arena_alloc(struct arena *a, size_t n)
{
    size_t want = SEPARATE ? (n ? n : 1) : rounded(n);
    if (want < n || want > a->cap - a->used || a->failed)
        return from_reserve(a, want < n ? n : rounded(n));
    struct chunk *c = a->chunk;
    if (SEPARATE || !c || c->cap - c->used < want) {
        c = add_chunk(a, want);
        if (!c)
            return from_reserve(a, rounded(n));
    }
    a->newest = c->data + c->used;
    a->newest_n = want;
    c->used += want;
    a->used += want;
    return a->newest;
}

void *arena_calloc(struct arena *a, size_t n, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(n, size, &total)) {
        a->failed = true;
        return NULL;
    }
    void *p = arena_alloc(a, total);
    if (p)
        memset(p, 0, total);
    return p;
}

static bool lengthened(struct arena *a, const char *p, size_t new_n)
{
    struct chunk *c = a->chunk;
    if (SEPARATE || p != a->newest || new_n > SIZE_MAX - ALIGN)
        return false;
    size_t more = rounded(new_n) - a->newest_n;
    if (c->cap - c->used < more || a->cap - a->used < more)
        return false;
    c->used += more;
    a->used += more;
    a->newest_n += more;
    return true;
}

void *arena_grow(struct arena *a, void *p, size_t old_n, size_t new_n)
{
    if (p && new_n <= old_n)
        return p;
    if (a->failed)
        return NULL;
    if (p && lengthened(a, p, new_n))
        return p;
    void *moved = arena_alloc(a, new_n);
    if (!moved || a->failed)
        return NULL;
    if (p && old_n) {
        memcpy(moved, p, old_n);
        ASAN_POISON_MEMORY_REGION(p, old_n);
    }
    return moved;
}

bool arena_on_reset(struct arena *a, void (*fn)(void *), void *ctx)
{
    struct on_reset *r = arena_alloc(a, sizeof *r);
    if (a->failed)
        return false;
    *r = (struct on_reset){.next = a->callbacks, .fn = fn, .ctx = ctx};
    a->callbacks = r;
    return true;
}

str arena_str(struct arena *a, str s)
{
    char *p = s.n < SIZE_MAX ? arena_alloc(a, s.n + 1) : NULL;
    if (!p)
        return STR_NONE;
    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = 0;
    return str_make(p, s.n);
}

const char *str_z(struct arena *a, str s)
{
    str copy = arena_str(a, s);
    return copy.p ? copy.p : "";
}

str arena_cat(struct arena *a, str x, str y)
{
    size_t n;
    if (__builtin_add_overflow(x.n, y.n, &n) || n == SIZE_MAX) {
        a->failed = true;
        return STR_NONE;
    }
    char *p = arena_alloc(a, n + 1);
    if (!p)
        return STR_NONE;
    if (x.n)
        memcpy(p, x.p, x.n);
    if (y.n)
        memcpy(p + x.n, y.p, y.n);
    p[n] = 0;
    return str_make(p, n);
}
