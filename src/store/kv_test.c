/* Names of values: those of a group for resources lie in the order in which the resources were
 * made, so that many share a page of the disk; the names stay blind, and are found and listed as
 * any. */
#include "store/house_int.h"

#define MANY 300u

static int open_house(void **state)
{
    struct house *h = calloc(1, sizeof *h);
    house_open(h, false);
    *state = h;
    return 0;
}

static int shut_house(void **state)
{
    house_shut(*state);
    free(*state);
    return 0;
}

static str name_of(struct house *h, const char *group, uint64_t rid)
{
    char id[STORE_ID_LEN];
    store_id_format(h->s, rid, id);
    return arena_printf(h->arena, "%s/%.*s", group, STORE_ID_LEN, id);
}

/* As back ends read it from the row's name. */
static uint64_t place_of(struct house *h, str name)
{
    char row[24];
    kv_row(&h->s->vault, name, row);
    return u64_read(row + 8) >> 2;
}

static void neighbours_lie_side_by_side(void **state)
{
    struct house *h = *state;
    char one[24], other[24], list[24];
    uint64_t first = place_of(h, name_of(h, "gate@", 7));
    for (uint64_t rid = 8; rid < 8 + MANY; rid++)
        assert_int_equal(place_of(h, name_of(h, "gate@", rid)), first + (rid - 7));
    assert_true(place_of(h, name_of(h, "gate@", 7)) >> 22 !=
                place_of(h, name_of(h, "watch@", 7)) >> 22);
    kv_row(&h->s->vault, name_of(h, "gate@", 7), one);
    kv_row(&h->s->vault, name_of(h, "gate@", 7 + (UINT64_C(1) << 32)),
           other); /* wants the same row */
    assert_memory_equal(one, other, 16);
    assert_memory_not_equal(one, other, 24);
    kv_row(&h->s->vault, STR("gate@/"), list);
    assert_memory_equal(one, list, 8);
}

/* Of any other group, and of what is no id of ours, the place says nothing. */
static void others_are_spread(void **state)
{
    struct house *h = *state;
    for (uint64_t rid = 7; rid < 7 + MANY; rid++)
        assert_true(place_of(h, name_of(h, "gate", rid)) >> 22 !=
                    place_of(h, name_of(h, "gate", rid + 1)) >> 22);
    assert_true(place_of(h, STR("gate@/somebody")) >> 22 != place_of(h, STR("gate@/else")) >> 22);
    assert_true(place_of(h, STR("@/somebody")) >> 22 != place_of(h, STR("@/else")) >> 22);
}

static void write_all(struct house *h, const char *value)
{
    struct store_commit c;
    struct store_tx *tx = store_tx_new(&h->op, h->s);
    for (uint64_t rid = 1; rid <= MANY; rid++) {
        store_tx_kv(tx, name_of(h, "gate@", rid), str_of(value));
        store_tx_kv(tx, name_of(h, "gate@", rid + (UINT64_C(1) << 32)), str_of(value));
    }
    assert_int_equal(store_commit(&h->op, tx, &c), OK);
}

static size_t listed(struct house *h)
{
    str *names;
    size_t n;
    assert_int_equal(store_kv_list(&h->op, h->s, STR("gate@/"), 10000, &names, &n), OK);
    return n;
}

/* Also where two resources, four billion apart, want one row. */
static void they_are_found_changed_and_taken_away(void **state)
{
    struct house *h = *state;
    str got = STR_NONE;
    write_all(h, "out");
    assert_int_equal(listed(h), 2 * MANY);
    write_all(h, "in");
    assert_int_equal(listed(h), 2 * MANY);
    assert_int_equal(store_kv_get(&h->op, h->s, name_of(h, "gate@", 9 + (UINT64_C(1) << 32)), &got),
                     OK);
    assert_true(str_eq(got, STR("in")));
    write_all(h, "");
    assert_int_equal(listed(h), 0);
    assert_int_equal(store_kv_find(&h->op, h->s, name_of(h, "gate@", 9), &got), OK);
    assert_int_equal(got.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(neighbours_lie_side_by_side, open_house, shut_house),
        cmocka_unit_test_setup_teardown(others_are_spread, open_house, shut_house),
        cmocka_unit_test_setup_teardown(they_are_found_changed_and_taken_away, open_house,
                                        shut_house),
    };
    return cmocka_run_group_tests_name("store.kv", tests, NULL, NULL);
}
