/* Byte forms: what is written is read back, and the order of row keys is the order of keys. */
#include "base/test.h"
#include "store/store_int.h"

static uint64_t rng = 1234567;

static uint64_t next(uint64_t below)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return (rng >> 11) % below;
}

/* Bytes that make trouble: zeros, ones, and keys that are prefixes of each other. */
static str random_key(struct arena *a)
{
    size_t n = 2 + next(5);
    char *p = arena_alloc(a, n);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)(next(4) ? next(3) : 253 + next(3));
    return str_make(p, n);
}

static int sign(int c)
{
    return (c > 0) - (c < 0);
}

static void test_order(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    for (unsigned i = 0; i < 20000; i++) {
        str x = random_key(a), y = random_key(a);
        str ex = ekey_make(a, 7, x), ey = ekey_make(a, 7, y);
        assert_int_equal(sign(str_cmp(x, y)), sign(str_cmp(ex, ey)));
        assert_true(str_eq(ekey_key(a, ex), x));
        assert_true(str_cmp(ekey_end(a, ex), ex) > 0);
        if (str_cmp(x, y) < 0)
            assert_true(str_cmp(ekey_end(a, ex), ey) < 0);
        if (i % 500 == 0)
            arena_reset(a);
    }
    arena_free(a);
}

/* A bitmap is stepped through as the list that it is. */
static void check_bits(const unsigned char *bits, const uint16_t *lows, size_t n)
{
    assert_true(!bits == (n <= 512));
    if (!bits)
        return;
    assert_int_equal(bits_count(bits), n);
    for (size_t at = 0, i = 0; at <= CHUNK_SIZE; at++) {
        while (i < n && lows[i] < at)
            i++;
        assert_int_equal(bits_next(bits, at), i < n ? lows[i] : CHUNK_SIZE);
        assert_int_equal(bits_last(bits, at), i ? lows[i - 1] : CHUNK_SIZE);
    }
}

static void test_lists(void **state)
{
    (void)state;
    static uint16_t in[CHUNK_SIZE], out[CHUNK_SIZE];
    struct arena *a = arena_new(0);
    for (unsigned i = 0; i < 300; i++) {
        struct buf b;
        size_t n = 0, got = 0;
        uint64_t density = 1 + next(60);
        for (unsigned low = 0; low < CHUNK_SIZE; low++) {
            if (next(density) == 0)
                in[n++] = (uint16_t)low;
        }
        buf_init(&b, a, 1 << 16);
        list_write(&b, in, n);
        assert_true(b.n <= 1 + 2 * 512);
        assert_true(list_read(buf_str(&b), out, &got));
        assert_int_equal(got, n);
        assert_memory_equal(in, out, n * sizeof *in);
        check_bits(list_bits(buf_str(&b)), in, n);
        arena_reset(a);
    }
    size_t got = 0;
    assert_false(list_read(STR(""), out, &got));
    assert_false(list_read(STR("\1short"), out, &got));
    assert_false(list_read(STR("\0\5\0"), out, &got));         /* no gap */
    assert_false(list_read(STR("\0\xff\x1f\x01"), out, &got)); /* past the end */
    assert_false(list_read(STR("\2\1"), out, &got));
    arena_free(a);
}

static void test_sets(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    struct op op;
    op_init(&op, a, NULL, 0);
    str keys[] = {STR("\0\2b"), STR("\0\1a"), STR("\0\2b"), STR("\0\1")}, *back = NULL;
    str more[] = {STR("\0\1a"), STR("\0\3c")}, set, other;
    size_t n = 0;
    assert_int_equal(keyset_pack(&op, keys, 4, &set), OK);
    assert_int_equal(keyset_unpack(&op, set, &back, &n), OK);
    assert_int_equal(n, 3);
    assert_true(str_eq(back[0], STR("\0\1")) && str_eq(back[2], STR("\0\2b")));
    assert_int_equal(keyset_pack(&op, more, 2, &other), OK);
    struct buf b;
    buf_init(&b, a, 100);
    keyset_minus(&b, set, other);
    assert_int_equal(keyset_unpack(&op, buf_str(&b), &back, &n), OK);
    assert_int_equal(n, 2);
    assert_int_equal(keyset_pack(&op, &(str){"x", 1}, 1, &set), ERR_INVALID);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_lists),
                                       cmocka_unit_test(test_sets)};
    return cmocka_run_group_tests_name("store.keys", tests, NULL, NULL);
}
