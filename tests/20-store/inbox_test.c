/* What waiting servers leave in PostgreSQL for the one that writes (store/inbox.h). */
#include "store/inbox.h"
#include "store_suite.h"

static void rows(const char *aside)
{
    char sql[120];
    snprintf(sql, sizeof sql,
             "INSERT INTO weft.inbox(aside,v) SELECT %s,'x' FROM generate_series(1,4096)", aside);
    suite_sql(sql);
}

static struct store_inbox *inbox_of(struct suite *b, const char *node)
{
    struct store_inbox *x;
    bool is_new;
    assert_int_equal(store_inbox_of(&b->op, b->s, str_of(node), &x), OK);
    assert_int_equal(store_inbox_join(&b->op, x, &is_new), OK);
    assert_true(is_new);
    return x;
}

/* Nobody can do anything about them but read them one day; they have room of their own. */
static void rows_set_aside_take_nobodys_place(void **state)
{
    (void)state;
    struct suite *b = suite_new(STORE_POSTGRES, 50);
    struct store_inbox *x = inbox_of(b, "a");
    rows("true");
    assert_int_equal(store_inbox_put(&b->op, x, STR("one")), OK);
    rows("true");
    assert_int_equal(store_inbox_put(&b->op, x, STR("two")), ERR_BUSY);
    op_clear(&b->op);
    suite_sql("DELETE FROM weft.inbox");
    rows("false");
    assert_int_equal(store_inbox_put(&b->op, x, STR("three")), ERR_BUSY);
    store_inbox_close(x);
    suite_free(b);
}

/* The lock goes with the session; the server that was thought dead may have its name again. */
static void who_lost_the_lock_buries_nobody(void **state)
{
    (void)state;
    struct suite *b = suite_new(STORE_POSTGRES, 50);
    struct store_inbox *x = inbox_of(b, "a"), *y = inbox_of(b, "b");
    str node;
    store_inbox_close(y);
    do /* its session ends in its own time */
        assert_int_equal(store_inbox_orphan(&b->op, x, &node), OK);
    while (node.n == 0);
    assert_true(str_eq(node, STR("b")));
    suite_sql("SELECT pg_terminate_backend(pid,60000) FROM pg_locks WHERE locktype='advisory' AND "
              "classid=1464157781::oid");
    while (store_inbox_buried(&b->op, x, STR("b"), true) != OK) /* tells of it, and dials again */
        op_clear(&b->op);
    assert_int_equal(store_inbox_orphan(&b->op, x, &node), OK);
    assert_true(str_eq(node, STR("b"))); /* still there */
    assert_int_equal(store_inbox_buried(&b->op, x, STR("b"), true), OK);
    assert_int_equal(store_inbox_orphan(&b->op, x, &node), OK);
    assert_false(str_eq(node, STR("b")));
    store_inbox_close(x);
    suite_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"postgres: rows_set_aside_take_nobodys_place", rows_set_aside_take_nobodys_place, NULL,
         NULL, NULL},
        {"postgres: who_lost_the_lock_buries_nobody", who_lost_the_lock_buries_nobody, NULL, NULL,
         NULL},
    };
    cmocka_set_skip_filter(suite_database() ? NULL : "postgres*");
    return cmocka_run_group_tests_name("store.inbox", tests, NULL, NULL);
}
