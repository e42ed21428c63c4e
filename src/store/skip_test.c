/* The skip list against a sorted array: keys that begin alike, keys again under later numbers,
 * forwards and backwards, whatever the order they came in. */
#include "base/test.h"
#include "store/skip_int.h"

#define N 20000u

struct row {
    char key[12];
    size_t n;
    uint64_t seq;
};

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Few beginnings, then runs that ascend, jump or repeat. */
static struct row any(uint64_t *seed, uint64_t seq)
{
    struct row r = {.seq = seq};
    uint64_t tail = next(seed) % 3 ? seq : next(seed) % 5000;
    r.key[0] = 'K';
    r.key[1] = (char)(next(seed) % 3);
    r.key[2] = (char)(next(seed) % 4 * 60);
    for (size_t i = 0; i < 4; i++)
        r.key[7 + i] = (char)(tail >> (24 - 8 * i));
    r.n = next(seed) % 50 ? 11 : next(seed) % 12;
    return r;
}

static str key_of(const struct row *r)
{
    return str_make(r->key, r->n);
}

static int by_key(const void *x, const void *y)
{
    const struct row *a = x, *b = y;
    int c = str_cmp(key_of(a), key_of(b));
    return c ? c : (a->seq < b->seq) - (a->seq > b->seq);
}

static void in_order_whatever_came_first(void **state)
{
    struct arena *a = arena_new(64u << 20);
    struct row *rows = arena_alloc(a, N * sizeof *rows);
    struct skip s;
    struct skip_iter it;
    uint64_t seed = 88172645463325252u;
    (void)state;
    assert_true(skip_init(&s, a));
    for (size_t i = 0; i < N; i++) {
        rows[i] = any(&seed, i + 1);
        str value = str_make((const char *)&rows[i].seq, sizeof rows[i].seq);
        assert_non_null(skip_put(&s, key_of(&rows[i]), rows[i].seq, &value));
    }
    qsort(rows, N, sizeof *rows, by_key);
    skip_iter_init(&it, &s, UINT64_MAX);
    skip_seek(&it, STR_NONE, false);
    for (size_t i = 0; i < N; i++) {
        if (i && str_eq(key_of(&rows[i]), key_of(&rows[i - 1])))
            continue; /* an older one of the same key */
        assert_true(it.valid && str_eq(it.key, key_of(&rows[i])));
        assert_int_equal(it.seq, rows[i].seq);
        skip_next(&it);
    }
    assert_false(it.valid);
    skip_seek(&it, STR("L"), true);
    for (size_t i = N; i-- > 0;) {
        if (i && str_eq(key_of(&rows[i]), key_of(&rows[i - 1])))
            continue;
        assert_true(it.valid && str_eq(it.key, key_of(&rows[i])));
        assert_int_equal(it.seq, rows[i].seq);
        skip_next(&it);
    }
    assert_false(it.valid);
    arena_free(a);
}

static void a_view_sees_its_own_time(void **state)
{
    struct arena *a = arena_new(1u << 20);
    struct skip s;
    struct skip_iter it;
    (void)state;
    assert_true(skip_init(&s, a));
    for (uint64_t seq = 1; seq <= 100; seq++) {
        str value = str_make((const char *)&seq, sizeof seq);
        assert_non_null(skip_put(&s, STR("Ksame"), seq, seq % 10 ? &value : NULL));
    }
    for (uint64_t view = 1; view <= 100; view++) {
        skip_iter_init(&it, &s, view);
        skip_seek(&it, STR("K"), false);
        assert_true(it.valid);
        assert_int_equal(it.seq, view);
        assert_int_equal(it.gone, view % 10 == 0);
    }
    arena_free(a);
}

/* Behind the end of what is wanted, what cannot be seen yet ends the search; before it, it is
 * passed. */
static void an_end_keeps_what_is_wanted(void **state)
{
    static const str keys[] = {{"Kaaaaaaaa1", 10}, {"Kaaaaaaaa2", 10}, {"Kbbbbbbbb1", 10}};
    struct arena *a = arena_new(1u << 20);
    struct skip s;
    struct skip_iter it;
    str value = STR("v");
    (void)state;
    assert_true(skip_init(&s, a));
    for (size_t i = 0; i < 3; i++)
        assert_non_null(skip_put(&s, keys[i], i == 1 ? 1 : 9, &value));
    assert_non_null(skip_put(&s, STR("Kcccccccc1"), 1, &value));
    skip_iter_init(&it, &s, 5);
    skip_iter_until(&it, STR("Kaaaaaaaa"));
    skip_seek(&it, STR("Ka"), false);
    assert_true(it.valid && str_eq(it.key, keys[1]));
    skip_next(&it);
    assert_false(it.valid);
    skip_iter_until(&it, STR("Kbb"));
    skip_seek(&it, keys[2], false);
    assert_false(it.valid);
    skip_iter_until(&it, STR("Kcccccccc1"));
    skip_seek(&it, keys[2], false);
    assert_true(it.valid && str_eq(it.key, STR("Kcccccccc1")));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order_whatever_came_first),
        cmocka_unit_test(a_view_sees_its_own_time),
        cmocka_unit_test(an_end_keeps_what_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
