/* The ring of keys: every patient's key is another, an erased one cannot be made again and leaves
 * all others as they were, and what is written is read back. */
#include "base/test.h"
#include "base/uuid.h"
#include "store/store_int.h"

#define LEAVES 9u
static const uint64_t leaves[LEAVES] = {0, 1, 15, 16, 17, 123456, 1 << 20, RID_MAX - 1, RID_MAX};

static void key_at(const struct ring *r, uint32_t epoch, uint64_t leaf, uint8_t out[32])
{
    assert_true(ring_key(r, epoch, leaf, out));
}

static void test_keys_differ(void **state)
{
    (void)state;
    struct ring *r = ring_new(1), *other = ring_new(1);
    uint8_t keys[2 * LEAVES + 1][32], again[32];
    for (unsigned i = 0; i < LEAVES; i++) {
        key_at(r, 1, leaves[i], keys[i]);
        key_at(other, 1, leaves[i], keys[LEAVES + i]);
    }
    key_at(r, 1, OWNER_STORE, keys[2 * LEAVES]);
    for (unsigned i = 0; i < 2 * LEAVES + 1; i++)
        for (unsigned k = 0; k < i; k++)
            assert_memory_not_equal(keys[i], keys[k], 32);
    key_at(r, 1, leaves[3], again);
    assert_memory_equal(again, keys[3], 32);
    for (unsigned i = 0; i < LEAVES; i++) { /* by way of a branch it is the same */
        assert_true(ring_seed(r, 1, leaves[i], BRANCH_LEVELS, again));
        ring_descend(again, BRANCH_LEVELS, leaves[i]);
        assert_memory_equal(again, keys[i], 32);
    }
    assert_false(ring_key(r, 2, 1, again));
    assert_false(ring_key(r, 1, RID_MAX + 1, again));
    ring_free(r);
    ring_free(other);
}

/* Erases at random; what is not erased keeps its key in the ring, its copy and its bytes. */
static void test_erase(void **state)
{
    (void)state;
    enum { N = 400, ERASED = 60 };
    struct arena *a = arena_new(0);
    struct op op;
    struct ring *r = ring_new(1), *back = NULL, *copy;
    static uint8_t before[2][N][32];
    uint64_t rid[N];
    uint8_t now[32];
    str bytes;
    op_init(&op, a, NULL, 5);
    assert_int_equal(ring_turn(&op, r, 2), OK);
    for (unsigned i = 0; i < N; i++) {
        rid[i] = i < LEAVES ? leaves[i] + (i == 0) : i % 3 ? i + 20 : random_u64() & RID_MAX;
        for (uint32_t e = 0; e < 2; e++)
            key_at(r, e + 1, rid[i], before[e][i]);
    }
    for (unsigned i = 0; i < ERASED; i++)
        assert_int_equal(ring_erase(&op, r, rid[i * 6], 7), OK);
    assert_int_equal(ring_erase(&op, r, rid[0], 7), OK); /* again: nothing */
    assert_int_equal(ring_pack(&op, r, &bytes), OK);
    assert_int_equal(ring_unpack(&op, bytes, &back), OK);
    copy = ring_copy(back);
    for (unsigned i = 0; i < N; i++) {
        bool gone = ring_has_erased(copy, rid[i]);
        assert_true(gone || i % 6 || i >= 6 * ERASED);
        for (uint32_t e = 0; e < 2; e++) {
            assert_int_equal(ring_key(copy, e + 1, rid[i], now), !gone);
            if (!gone)
                assert_memory_equal(now, before[e][i], 32);
        }
    }
    /* No seed that is left is one of an erased leaf, or leads to it. */
    for (size_t k = 0; k < copy->epochs[0].n; k++) {
        const struct ring_node *n = &copy->epochs[0].nodes[k];
        for (size_t i = 0; i < copy->n_erased; i++)
            assert_false(copy->erased[i].rid >= n->from &&
                         copy->erased[i].rid - n->from < (uint64_t)1 << (4 * n->height));
    }
    assert_int_equal(ring_erase(&op, copy, 0, 7), ERR_INVALID);
    ring_free(r);
    ring_free(back);
    ring_free(copy);
    arena_free(a);
}

static void test_epochs(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    struct op op;
    struct ring *r = ring_new(1);
    uint8_t key[32];
    op_init(&op, a, NULL, 5);
    assert_int_equal(ring_forget(&op, r, 1), ERR_INVALID); /* the current one */
    for (unsigned i = 1; i < RING_EPOCHS; i++)
        assert_int_equal(ring_turn(&op, r, i), OK);
    assert_int_equal(ring_turn(&op, r, 99), ERR_CONFLICT);
    assert_int_equal(ring_forget(&op, r, 1), OK);
    assert_false(ring_key(r, 1, 77, key));
    assert_true(ring_key(r, 1, OWNER_STORE, key)); /* the trail still opens */
    assert_true(ring_key(r, 2, 77, key));
    ring_free(r);
    arena_free(a);
}

/* Bytes cut short or stretched are no ring. */
static void test_damaged(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    struct op op;
    struct ring *r = ring_new(1), *back = NULL;
    str bytes;
    op_init(&op, a, NULL, 5);
    assert_int_equal(ring_erase(&op, r, 5, 7), OK);
    assert_int_equal(ring_pack(&op, r, &bytes), OK);
    for (size_t n = 0; n < bytes.n; n++)
        assert_int_equal(ring_unpack(&op, str_sub(bytes, 0, n), &back), ERR_FAULT);
    str longer = arena_cat(a, bytes, STR("x"));
    assert_int_equal(ring_unpack(&op, longer, &back), ERR_FAULT);
    assert_null(back);
    ring_free(r);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_differ),
        cmocka_unit_test(test_erase),
        cmocka_unit_test(test_epochs),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests_name("store.ring", tests, NULL, NULL);
}
