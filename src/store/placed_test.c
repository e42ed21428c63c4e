/* Named values at the rows that their keys say: two keys that want one row are both kept and found,
 * and tables of before, in either form, serve on and come into order as they are written. */
#include "store/fixture_int.h"

#define ONE KEY("groupone", "12345678", "aaaaaaaa")
#define TWIN KEY("groupone", "12345678", "bbbbbbbb")
#define OTHER KEY("groupone", "99999999", "cccccccc")

static void assert_there(struct at *a, str key, const char *want)
{
    struct store_snap *snap;
    str got = STR_NONE;
    assert_int_equal(store_sqlite_ops.snap_open(&a->op, a->be, &snap), OK);
    assert_int_equal(store_sqlite_ops.get(&a->op, snap, SPACE_KV, key, &got), OK);
    store_sqlite_ops.snap_close(snap);
    assert_true(want ? str_eq(got, str_of(want)) : got.p == NULL);
}

static size_t walked(struct at *a)
{
    struct store_snap *snap;
    struct store_cursor *c;
    char last[24] = "";
    size_t n = 0;
    assert_int_equal(store_sqlite_ops.snap_open(&a->op, a->be, &snap), OK);
    assert_int_equal(store_sqlite_ops.cursor_open(&a->op, snap, SPACE_KV, &c), OK);
    assert_int_equal(store_sqlite_ops.cursor_seek(&a->op, c, STR("group"), false), OK);
    for (; c->valid; n++) {
        assert_true(c->key.n == 24 && memcmp(last, c->key.p, 24) < 0);
        memcpy(last, c->key.p, 24);
        assert_int_equal(store_sqlite_ops.cursor_next(&a->op, c), OK);
    }
    store_sqlite_ops.snap_close(snap);
    return n;
}

static void two_keys_that_want_one_row(void **state)
{
    struct at *a = *state;
    put(a, ONE, "one");
    put(a, OTHER, "other");
    assert_int_equal(number(a, "PRAGMA user_version"), 1);
    assert_there(a, TWIN, NULL);
    put(a, TWIN, "twin");
    assert_int_equal(number(a, "PRAGMA user_version"), 0);
    for (int i = 0; i < 2; i++) { /* and after a restart */
        assert_there(a, ONE, "one");
        assert_there(a, TWIN, "twin");
        assert_there(a, OTHER, "other");
        assert_int_equal(walked(a), 3);
        reopen(a);
    }
    put(a, TWIN, "twin, written again");
    put(a, ONE, "");
    assert_there(a, ONE, NULL);
    assert_there(a, TWIN, "twin, written again");
    put(a, TWIN, "now at its row");
    assert_there(a, TWIN, "now at its row");
    put(a, ONE, "back");
    assert_there(a, ONE, "back");
    put(a, TWIN, "");
    assert_there(a, TWIN, NULL);
    assert_int_equal(walked(a), 2);
}

/* A group that fails takes the mark back with the value. */
static void one_that_came_to_nothing(void **state)
{
    struct at *a = *state;
    put(a, ONE, "one");
    assert_int_equal(store_sqlite_ops.begin(&a->op, a->be), OK);
    assert_int_equal(store_sqlite_ops.put(&a->op, a->be, SPACE_KV, TWIN, STR("twin")), OK);
    store_sqlite_ops.rollback(a->be);
    assert_there(a, TWIN, NULL);
    assert_there(a, ONE, "one");
    reopen(a);
    assert_int_equal(number(a, "PRAGMA user_version"), 1);
    put(a, TWIN, "twin");
    assert_there(a, TWIN, "twin");
}

/* ADR 49's table: rows in the order in which they came. */
static void rows_of_before_come_to_their_place(void **state)
{
    struct at *a = *state;
    run(a, "PRAGMA user_version=0; INSERT INTO kv(k,v) VALUES('groupone12345678aaaaaaaa','old'),"
           "('groupone99999999cccccccc','older')");
    run(a, "UPDATE kv SET k=CAST(k AS BLOB), v=CAST(v AS BLOB)");
    reopen(a);
    assert_there(a, ONE, "old");
    assert_there(a, OTHER, "older");
    assert_there(a, TWIN, NULL);
    assert_int_equal(number(a, "SELECT count(*) FROM kv WHERE rowid<10"), 2);
    put(a, ONE, "new");
    assert_int_equal(number(a, "SELECT count(*) FROM kv WHERE rowid<10"), 1);
    assert_there(a, ONE, "new");
    assert_there(a, OTHER, "older");
    assert_int_equal(walked(a), 2);
}

/* And the first one, which has no row numbers. */
static void a_table_without_numbers_serves_on(void **state)
{
    struct at *a = *state;
    run(a, "PRAGMA user_version=0; DROP TABLE kv;"
           "CREATE TABLE kv(k BLOB PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID");
    reopen(a);
    put(a, ONE, "one");
    put(a, TWIN, "twin");
    put(a, ONE, "again");
    assert_there(a, ONE, "again");
    assert_there(a, TWIN, "twin");
    assert_there(a, OTHER, NULL);
    put(a, ONE, "");
    assert_there(a, ONE, NULL);
    assert_int_equal(walked(a), 1);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fresh, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(two_keys_that_want_one_row),
        IN_FOLDER(one_that_came_to_nothing),
        IN_FOLDER(rows_of_before_come_to_their_place),
        IN_FOLDER(a_table_without_numbers_serves_on),
    };
    return cmocka_run_group_tests_name("store.placed", tests, NULL, NULL);
}
