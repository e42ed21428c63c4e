/* Named values beside others: they are found with any neighbour, without one and in a walk,
 * wherever they came to lie; the database says so from the first one on; databases of before serve
 * on. */
#include "store/fixture_int.h"

#define HOME KEY("groupone", "12345678", "aaaaaaaa")
#define AWAY KEY("groupone", "zzzzzzzz", "bbbbbbbb")
#define ANN KEY("groupone", "abcdefgh", "cccccccc")
#define TWIN KEY("groupone", "ABCDEfgh", "dddddddd") /* beside HOME it wants Ann's row */

static void write_near(struct at *a, str key, str near, const char *value)
{
    assert_int_equal(store_sqlite_ops.begin(&a->op, a->be), OK);
    assert_int_equal(store_sqlite_ops.put_near(&a->op, a->be, key, near, str_of(value)), OK);
}

static void put_near(struct at *a, str key, str near, const char *value)
{
    write_near(a, key, near, value);
    assert_int_equal(store_sqlite_ops.commit(&a->op, a->be), OK);
}

static void assert_same(const char *want, str got)
{
    assert_true(want ? str_eq(got, str_of(want)) : got.p == NULL);
}

/* Whoever asks, by whatever neighbour; a reader and the writer. */
static void assert_there(struct at *a, str key, const char *want)
{
    const str nears[] = {HOME, AWAY, key};
    struct store_snap *snap;
    str got = STR_NONE;
    assert_int_equal(store_sqlite_ops.snap_open(&a->op, a->be, &snap), OK);
    for (int who = 0; who < 2; who++) {
        struct store_snap *from = who ? store_sqlite_ops.writer(a->be) : snap;
        for (size_t i = 0; i < sizeof nears / sizeof *nears; i++) {
            assert_int_equal(store_sqlite_ops.get_near(&a->op, from, key, nears[i], &got), OK);
            assert_same(want, got);
        }
        got = STR_NONE;
        assert_int_equal(store_sqlite_ops.get(&a->op, from, SPACE_KV, key, &got), OK);
        assert_same(want, got);
    }
    store_sqlite_ops.snap_close(snap);
}

static int64_t row_of(struct at *a, const char *value)
{
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT rowid FROM kv WHERE v=CAST('%s' AS BLOB)", value);
    return number(a, sql);
}

static void assert_beside(struct at *a, const char *one, const char *other)
{
    assert_true(row_of(a, one) >> 22 == row_of(a, other) >> 22);
    assert_true(row_of(a, one) != row_of(a, other));
}

static void values_lie_beside_their_neighbour(void **state)
{
    struct at *a = *state;
    put(a, HOME, "home");
    assert_int_equal(number(a, "PRAGMA user_version"), 1);
    assert_there(a, ANN, NULL);
    put_near(a, ANN, HOME, "ann");
    assert_int_equal(number(a, "PRAGMA user_version"), 2);
    assert_beside(a, "ann", "home");
    for (int i = 0; i < 2; i++) { /* and after a restart */
        assert_there(a, ANN, "ann");
        assert_there(a, HOME, "home");
        assert_there(a, TWIN, NULL);
        reopen(a);
    }
    put_near(a, ANN, HOME, "ann, again");
    assert_int_equal(number(a, "SELECT count(*) FROM kv"), 2);
    put(a, ANN, "");
    assert_there(a, ANN, NULL);
}

static void one_stays_when_its_neighbour_changes(void **state)
{
    struct at *a = *state;
    put(a, HOME, "home");
    put(a, AWAY, "away");
    put_near(a, ANN, HOME, "ann");
    put_near(a, ANN, AWAY, "ann, elsewhere");
    put_near(a, ANN, ANN, "ann, of nobody");
    assert_beside(a, "ann, of nobody", "home");
    assert_there(a, ANN, "ann, of nobody");
    assert_int_equal(number(a, "SELECT count(*) FROM kv"), 3);
    put(a, ANN, "ann, by the plain door");
    assert_there(a, ANN, "ann, by the plain door");
    assert_int_equal(number(a, "SELECT count(*) FROM kv"), 3);
}

static void two_that_want_one_row_are_both_there(void **state)
{
    struct at *a = *state;
    put_near(a, ANN, HOME, "ann");
    put_near(a, TWIN, HOME, "twin");
    for (int i = 0; i < 2; i++) {
        assert_there(a, ANN, "ann");
        assert_there(a, TWIN, "twin");
        put_near(a, ANN, HOME, "ann");
        put_near(a, TWIN, HOME, "twin");
        assert_int_equal(number(a, "SELECT count(*) FROM kv"), 2);
        reopen(a);
    }
    put(a, ANN, "");
    put_near(a, TWIN, HOME, "twin, alone");
    assert_there(a, TWIN, "twin, alone");
    assert_there(a, ANN, NULL);
}

static void assert_own(struct at *a, str key, const char *want)
{
    str got = STR_NONE;
    struct store_snap *from = store_sqlite_ops.writer(a->be);
    assert_int_equal(store_sqlite_ops.get_own(&a->op, from, key, &got), OK);
    assert_same(want, got);
}

/* Also when some lie elsewhere; and when one that had a neighbour was written without it. */
static void what_never_had_a_neighbour_is_found_at_its_own_row(void **state)
{
    struct at *a = *state;
    assert_own(a, HOME, NULL);
    put(a, HOME, "home");
    put_near(a, ANN, HOME, "ann");
    for (int i = 0; i < 2; i++) {
        assert_own(a, HOME, "home");
        assert_own(a, AWAY, NULL);
        reopen(a);
    }
    put(a, ANN, "ann, by the plain door");
    for (int i = 0; i < 2; i++) {
        assert_own(a, ANN, "ann, by the plain door");
        assert_own(a, HOME, "home");
        assert_own(a, AWAY, NULL);
        reopen(a);
    }
}

/* What was taken back took the mark with it: the next one sets it again. */
static void one_that_came_to_nothing(void **state)
{
    struct at *a = *state;
    put(a, HOME, "home");
    write_near(a, ANN, HOME, "ann");
    store_sqlite_ops.rollback(a->be);
    assert_int_equal(number(a, "PRAGMA user_version"), 1);
    assert_there(a, ANN, NULL);
    put_near(a, ANN, HOME, "ann");
    assert_int_equal(number(a, "PRAGMA user_version"), 2);
    reopen(a);
    assert_there(a, ANN, "ann");
}

/* Where ADR 59 put them, ADR 49 and the first tables did. */
static void values_of_before_come_to_their_neighbour(void **state)
{
    struct at *a = *state;
    put(a, HOME, "home");
    put(a, ANN, "old");
    assert_there(a, ANN, "old");
    put_near(a, TWIN, HOME, "twin"); /* from here on others may lie elsewhere */
    assert_there(a, ANN, "old");
    put(a, TWIN, "");
    put_near(a, ANN, HOME, "ann");
    assert_beside(a, "ann", "home");
    assert_there(a, ANN, "ann");
    assert_int_equal(number(a, "SELECT count(*) FROM kv"), 2);
}

static void unordered_tables_serve_on(void **state)
{
    struct at *a = *state;
    run(a, "PRAGMA user_version=0; INSERT INTO kv(k,v) VALUES"
           "(CAST('grouponeabcdefghcccccccc' AS BLOB),CAST('old' AS BLOB))");
    reopen(a);
    assert_there(a, ANN, "old");
    put_near(a, ANN, HOME, "ann");
    put_near(a, TWIN, HOME, "twin");
    assert_int_equal(number(a, "PRAGMA user_version"), 0);
    reopen(a);
    assert_there(a, ANN, "ann");
    assert_there(a, TWIN, "twin");
    assert_int_equal(number(a, "SELECT count(*) FROM kv"), 2);
}

static void a_table_without_numbers_serves_on(void **state)
{
    struct at *a = *state;
    run(a, "PRAGMA user_version=0; DROP TABLE kv;"
           "CREATE TABLE kv(k BLOB PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID");
    reopen(a);
    put_near(a, ANN, HOME, "ann");
    put_near(a, ANN, AWAY, "ann, again");
    assert_there(a, ANN, "ann, again");
    put(a, ANN, "");
    assert_there(a, ANN, NULL);
}

static void put_new(struct at *a, str key, str near, const char *value)
{
    assert_int_equal(store_sqlite_ops.begin(&a->op, a->be), OK);
    assert_int_equal(store_sqlite_ops.put_new(&a->op, a->be, key, near, str_of(value)), OK);
    assert_int_equal(store_sqlite_ops.commit(&a->op, a->be), OK);
}

/* Also one that was there all the same, wherever it lay; and one whose row is another's. */
static void new_ones_are_put_at_once(void **state)
{
    struct at *a = *state;
    put_new(a, HOME, STR_NONE, "home");
    assert_int_equal(number(a, "PRAGMA user_version"), 1);
    put_new(a, ANN, HOME, "ann");
    assert_int_equal(number(a, "PRAGMA user_version"), 2);
    assert_beside(a, "ann", "home");
    put_new(a, ANN, HOME, "ann, again");
    put_new(a, HOME, STR_NONE, "home, again");
    put_new(a, ANN, AWAY, "ann, elsewhere");
    assert_beside(a, "ann, elsewhere", "home, again");
    put_new(a, TWIN, HOME, "twin"); /* it wants Ann's row */
    for (int i = 0; i < 2; i++) {
        assert_there(a, HOME, "home, again");
        assert_there(a, ANN, "ann, elsewhere");
        assert_there(a, TWIN, "twin");
        assert_int_equal(number(a, "SELECT count(*) FROM kv"), 3);
        reopen(a);
    }
    put_new(a, ANN, STR_NONE, "ann, by the plain door");
    assert_there(a, ANN, "ann, by the plain door");
    assert_int_equal(number(a, "SELECT count(*) FROM kv"), 3);
}

static void new_ones_in_a_table_without_numbers(void **state)
{
    struct at *a = *state;
    run(a, "PRAGMA user_version=0; DROP TABLE kv;"
           "CREATE TABLE kv(k BLOB PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID");
    reopen(a);
    put_new(a, ANN, HOME, "ann");
    put_new(a, ANN, STR_NONE, "ann, again");
    put_new(a, HOME, STR_NONE, "home");
    assert_there(a, ANN, "ann, again");
    assert_there(a, HOME, "home");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fresh, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(values_lie_beside_their_neighbour),
        IN_FOLDER(one_stays_when_its_neighbour_changes),
        IN_FOLDER(two_that_want_one_row_are_both_there),
        IN_FOLDER(what_never_had_a_neighbour_is_found_at_its_own_row),
        IN_FOLDER(one_that_came_to_nothing),
        IN_FOLDER(values_of_before_come_to_their_neighbour),
        IN_FOLDER(unordered_tables_serve_on),
        IN_FOLDER(a_table_without_numbers_serves_on),
        IN_FOLDER(new_ones_are_put_at_once),
        IN_FOLDER(new_ones_in_a_table_without_numbers),
    };
    return cmocka_run_group_tests_name("store.near", tests, NULL, NULL);
}
