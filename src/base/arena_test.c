/* Arenas: alignment, growth, reset callbacks, and what happens when memory runs out. */
#include "base/test.h"
#include "base/vec.h"

#include <limits.h>

static void aligned_and_counted(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    for (size_t n = 0; n < 200; n++) {
        char *p = arena_alloc(a, n);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        memset(p, (int)n, n);
    }
    assert_true(arena_used(a) >= 200 * 199 / 2);
    char *big = arena_calloc(a, 3u << 20, 1);
    assert_non_null(big);
    assert_int_equal(big[0] | big[(3u << 20) - 1], 0);
    assert_false(arena_failed(a));
    assert_null(arena_calloc(a, SIZE_MAX / 2, 3));
    assert_true(arena_failed(a));
    arena_free(a);
    arena_free(NULL);
}

static void grows_and_keeps_content(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    unsigned char *p = NULL;
    size_t n = 0;
    for (size_t want = 1; want < 300000; want = want * 3 / 2 + 1) {
        p = arena_grow(a, p, n, want);
        assert_non_null(p);
        for (size_t i = n; i < want; i++)
            p[i] = (unsigned char)(i * 7);
        n = want;
        if (want % 2)
            (void)arena_alloc(a, 10); /* so that the next one cannot grow in place */
    }
    for (size_t i = 0; i < n; i++)
        assert_int_equal(p[i], (unsigned char)(i * 7));
    assert_ptr_equal(arena_grow(a, p, n, 10), p);
    arena_free(a);
}

static void note(void *ctx)
{
    str *order = ctx;
    order->n++;
}

struct pair {
    char *log;
    char mark;
};

static void mark(void *ctx)
{
    struct pair *p = ctx;
    p->log[strlen(p->log)] = p->mark;
}

static void callbacks_run_last_first(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    char log[4] = {0};
    struct pair one = {log, '1'}, two = {log, '2'};
    assert_true(arena_on_reset(a, mark, &one));
    assert_true(arena_on_reset(a, mark, &two));
    arena_reset(a);
    assert_string_equal(log, "21");
    arena_reset(a);
    assert_string_equal(log, "21");
    str counted = STR_NONE;
    assert_true(arena_on_reset(a, note, &counted));
    arena_free(a);
    assert_int_equal(counted.n, 1);
}

static void cap_is_sticky_until_reset(void **state)
{
    (void)state;
    struct arena *a = arena_new(100000);
    assert_null(arena_alloc(a, 200000));
    assert_true(arena_failed(a));
    assert_null(arena_grow(a, NULL, 0, 16));
    assert_false(arena_on_reset(a, note, NULL));
    /* Small requests are answered for as long as the caller needs to get out. */
    for (int i = 0; i < 1000; i++) {
        char *p = arena_alloc(a, 1 + (size_t)i % ARENA_SMALL);
        assert_non_null(p);
        memset(p, 1, 1 + (size_t)i % ARENA_SMALL);
    }
    assert_null(arena_alloc(a, ARENA_SMALL + 1));
    arena_reset(a);
    assert_false(arena_failed(a));
    assert_non_null(arena_alloc(a, 50000));
    arena_free(a);
}

static void fill(struct arena *a)
{
    for (int i = 0; i < 3000; i++)
        memset(arena_alloc(a, 1000), 1, 1000);
}

/* Under AddressSanitizer every allocation asks the system. */
static void memory_is_kept(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    arena_keep(a, 8u << 20);
    fill(a);
    uint64_t before = arena_requests();
    fill(a);
    bool each = arena_requests() - before >= 3000;
    arena_reset(a);
    before = arena_requests();
    fill(a);
    assert_true(each || arena_requests() == before);
    arena_keep(a, 0);
    arena_reset(a);
    fill(a);
    assert_true(arena_requests() > before);
    arena_free(a);
}

static void texts(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    str s = arena_str(a, STR("abc"));
    assert_str(s, "abc");
    assert_int_equal(s.p[3], 0);
    assert_non_null(arena_str(a, STR_NONE).p);
    assert_string_equal(str_z(a, STR_NONE), "");
    assert_str(arena_printf(a, "%d-%s-%.*s", 5, "x", STR_ARG(s)), "5-x-abc");
    str wide = arena_printf(a, "%2000d", 7);
    assert_int_equal(wide.n, 2000);
    assert_int_equal(wide.p[1999], '7');
    assert_str(arena_cat(a, STR("ab"), STR("cd")), "abcd");
    assert_str(arena_cat(a, STR_NONE, STR("cd")), "cd");
    arena_free(a);
}

/* What arena_printf() puts together itself is what the C library says. */
#define AS_THE_LIBRARY(a, ...)                                                                     \
    do {                                                                                           \
        char want[2048];                                                                           \
        str got = arena_printf(a, __VA_ARGS__);                                                    \
        assert_int_equal(got.n, snprintf(want, sizeof want, __VA_ARGS__));                         \
        assert_memory_equal(got.p, want, got.n + 1);                                               \
    } while (0)

static void prints_as_the_library_does(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    char many[1200];
    memset(many, 'x', sizeof many);
    AS_THE_LIBRARY(a, "%s", "");
    AS_THE_LIBRARY(a, "none");
    AS_THE_LIBRARY(a, "%d %d %d %d", 0, -1, INT_MIN, INT_MAX);
    AS_THE_LIBRARY(a, "%u/%zu/%llu", UINT_MAX, SIZE_MAX, ULLONG_MAX);
    AS_THE_LIBRARY(a, "%.*s|%.*s|%.*s|", 0, "", 9, "abc", -1, "whole");
    AS_THE_LIBRARY(a, "%.*s", 4, "a\0b");
    AS_THE_LIBRARY(a, "%d%% of %5u, %lld, %016llx, %g", 50, 7U, LLONG_MIN, 255ULL, 0.5);
    for (int n = 505; n < 520; n++) { /* about the length that fits */
        AS_THE_LIBRARY(a, "%.*s", n, many);
        AS_THE_LIBRARY(a, "%.*s%d", n, many, 123);
        AS_THE_LIBRARY(a, "%.*s!%s", n, many, "");
    }
    arena_free(a);
}

static void vectors(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    VEC(int) v = {0};
    for (int i = 0; i < 1000; i++)
        VEC_PUSH(a, &v, i);
    assert_int_equal(v.n, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(v.at[i], i);
    arena_fail_at(1, true);
    while (!arena_failed(a))
        VEC_PUSH(a, &v, 1);
    arena_fail_at(0, false);
    size_t n = v.n;
    assert_int_equal(n, v.cap);
    VEC_PUSH(a, &v, 1);
    assert_int_equal(v.n, n);
    arena_free(a);
}

static void refusal_by_the_system(void **state)
{
    (void)state;
    arena_fail_at(1, false);
    assert_null(arena_new(0));
    struct arena *a = arena_new(0);
    assert_non_null(a);
    uint64_t before = arena_requests();
    arena_fail_at(1, false);
    assert_non_null(arena_alloc(a, 100));
    assert_true(arena_failed(a));
    assert_int_equal(arena_requests(), before + 1);
    arena_reset(a);
    assert_non_null(arena_alloc(a, 100000));
    assert_false(arena_failed(a));
    arena_fail_at(0, false);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aligned_and_counted),
        cmocka_unit_test(grows_and_keeps_content),
        cmocka_unit_test(callbacks_run_last_first),
        cmocka_unit_test(cap_is_sticky_until_reset),
        cmocka_unit_test(memory_is_kept),
        cmocka_unit_test(texts),
        cmocka_unit_test(vectors),
        cmocka_unit_test(refusal_by_the_system),
        cmocka_unit_test(prints_as_the_library_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
