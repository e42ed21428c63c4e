/* Families of named values that are listed: a walk costs what its own holds, whatever the others
 * do; a folder from before they had groups of their own is put in order when it is opened. */
#include "record/family_int.h"
#include "record/fixture_int.h"
#include "record/forget_int.h"
#include "record/jobs.h"
#include "store/near.h"

#define OTHERS 1500
#define SLICE 100

static void open_again(struct fixture *f)
{
    record_free(f->rec);
    f->rec = NULL;
    assert_int_equal(record_new(&f->op, f->store, NULL, &f->rec), OK);
}

static str page_name(struct fixture *f, int i)
{
    return arena_printf(f->keep, "ledger/p%d", i);
}

/* As very many patients of the contact ledger leave them. */
static void others(struct fixture *f)
{
    struct record_tx *tx = record_begin(&f->op, f->rec);
    for (int i = 0; i < OTHERS; i++)
        record_tx_kv(tx, page_name(f, i), STR("a page of the ledger, of some bytes"));
    assert_int_equal(record_commit(tx), OK);
}

struct walked {
    size_t n, calls;
};

/* A call looks at SLICE rows at most, so calls tell how many were looked at. */
static struct walked walk(struct fixture *f, const char *prefix)
{
    struct walked w = {0};
    struct record_named *rows;
    str at = STR_NONE;
    size_t n;
    do {
        assert_int_equal(record_kv_page(&f->op, f->rec, str_of(prefix), &at, SLICE, &rows, &n), OK);
        for (size_t i = 0; i < n; i++)
            assert_true(str_starts(rows[i].name, str_of(prefix)));
        w.n += n;
        w.calls++;
    } while (at.n);
    return w;
}

static void know(struct fixture *f, const char *prefix, int n)
{
    struct record_tx *tx = record_begin(&f->op, f->rec);
    for (int i = 0; i < n; i++)
        record_tx_kv(tx, arena_printf(f->keep, "%s%d", prefix, i), STR("a track"));
    assert_int_equal(record_commit(tx), OK);
}

static void a_walk_costs_its_family(void **state)
{
    struct fixture *f = *state;
    static const char *const families[] = {"mon/", "mon-trial/"};
    others(f);
    for (size_t i = 0; i < 2; i++) {
        struct walked none = walk(f, families[i]);
        assert_int_equal(none.n, 0);
        assert_int_equal(none.calls, 1);
    }
    know(f, "mon/", 2 * SLICE + 50);
    know(f, "mon-trial/", 7);
    struct walked mon = walk(f, "mon/"), trial = walk(f, "mon-trial/");
    assert_int_equal(mon.n, 2 * SLICE + 50);
    assert_int_equal(mon.calls, 3);
    assert_int_equal(trial.n, 7);
    assert_int_equal(trial.calls, 1);
}

static void what_is_not_listed_is_not_walked(void **state)
{
    struct fixture *f = *state;
    static const char *const prefixes[] = {"ledger/", "", "mon", "monitor/"};
    struct record_named *rows;
    size_t n;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        str at = STR_NONE;
        fixture_as(f, &f->system);
        assert_int_equal(record_kv_page(&f->op, f->rec, str_of(prefixes[i]), &at, 9, &rows, &n),
                         ERR_FAULT);
    }
}

/* As a program of before left it. */
static void before(struct fixture *f, int n)
{
    struct store_commit c;
    struct store_tx *tx = store_tx_new(&f->op, f->store);
    for (int i = 0; i < n; i++) {
        str value = arena_printf(f->keep, "track %d", i);
        store_tx_kv(tx, arena_printf(f->keep, "room/mon/%d", i), value);
        store_tx_kv_near(tx, arena_printf(f->keep, "room/mon-trial/%d", i), STR("room/mon/0"),
                         value);
        store_tx_kv(tx, arena_printf(f->keep, "room-mon/%d", i), STR_NONE);
        store_tx_kv(tx, arena_printf(f->keep, "room-mon-trial/%d", i), STR_NONE);
        store_tx_kv(tx, arena_printf(f->keep, "room/word/sms/p%d", i), value);
        store_tx_kv_near(tx, arena_printf(f->keep, "room/gate/m%d", i), STR("room/gates"), value);
        store_tx_kv_near(tx, arena_printf(f->keep, "room/silence/m%d", i), STR("room/x"), value);
    }
    store_tx_kv(tx, STR("families"), STR_NONE);
    store_tx_kv(tx, STR("keys.format"), STR("8"));
    assert_int_equal(store_commit(&f->op, tx, &c), OK);
}

static void expect_in_order(struct fixture *f, int n)
{
    str *old, value;
    size_t n_old;
    static const char *const renamed[] = {"gate@/", "silence@/"};
    for (int i = 0; i < n; i++) {
        str want = arena_printf(f->keep, "track %d", i);
        for (size_t k = 0; k < 2; k++) {
            str name = arena_printf(f->keep, "%sm%d", renamed[k], i);
            assert_int_equal(record_kv_get(&f->op, f->rec, name, &value), OK);
            assert_true(str_eq(value, want));
        }
        assert_int_equal(record_kv_get(&f->op, f->rec, arena_printf(f->keep, "mon/%d", i), &value),
                         OK);
        assert_true(str_eq(value, want));
        assert_int_equal(
            record_kv_get(&f->op, f->rec, arena_printf(f->keep, "mon-trial/%d", i), &value), OK);
        assert_true(str_eq(value, want));
    }
    assert_int_equal(walk(f, "mon/").n, n);
    assert_int_equal(walk(f, "mon-trial/").n, n);
    assert_int_equal(store_kv_list(&f->op, f->store, STR("room/mon"), 9, &old, &n_old), OK);
    assert_int_equal(n_old, 0);
    assert_int_equal(store_kv_list(&f->op, f->store, STR("room/word"), 9, &old, &n_old), OK);
    assert_int_equal(n_old, 0);
    assert_int_equal(store_kv_list(&f->op, f->store, STR("room/gate"), 9, &old, &n_old), OK);
    assert_int_equal(n_old, 0);
    assert_int_equal(store_kv_list(&f->op, f->store, STR("room/silence"), 9, &old, &n_old), OK);
    assert_int_equal(n_old, 0);
    assert_int_equal(store_kv_list(&f->op, f->store, STR("room/ledger/"), OTHERS, &old, &n_old),
                     OK);
    assert_int_equal(n_old, OTHERS);
    assert_int_equal(store_kv_get(&f->op, f->store, STR("keys.format"), &value), OK);
    assert_true(str_eq(value, STR("10"))); /* which a program of before refuses */
}

static void a_folder_of_before_is_put_in_order(void **state)
{
    struct fixture *f = *state;
    others(f);
    before(f, 600); /* more than one transaction moves */
    open_again(f);
    expect_in_order(f, 600);
    open_again(f);
    expect_in_order(f, 600);
}

/* Killed on its way: some have moved, the mark is not there. */
static void where_it_stopped_it_goes_on(void **state)
{
    struct fixture *f = *state;
    struct store_commit c;
    others(f);
    before(f, 40);
    struct store_tx *tx = store_tx_new(&f->op, f->store);
    for (int i = 0; i < 40; i += 3) {
        store_tx_kv(tx, arena_printf(f->keep, "room/mon/%d", i), STR_NONE);
        store_tx_kv(tx, arena_printf(f->keep, "room-mon/%d", i),
                    arena_printf(f->keep, "track %d", i));
    }
    store_tx_kv(tx, STR("keys.format"), STR("9"));
    assert_int_equal(store_commit(&f->op, tx, &c), OK);
    open_again(f);
    expect_in_order(f, 40);
}

/* What is erased goes out of every group. */
static void every_group_is_looked_through(void **state)
{
    struct fixture *f = *state;
    const char *x = fixture_patient(f, "X");
    uint64_t rid = fixture_rid(f, x);
    const char *const names[] = {"mon/", "mon-trial/", "programme-days/"};
    str value;
    for (size_t i = 0; i < 3; i++) {
        struct record_tx *tx = record_begin(&f->op, f->rec);
        record_tx_kv(tx, arena_printf(f->keep, "%s%llu", names[i], (unsigned long long)rid),
                     STR("words"));
        assert_int_equal(record_commit(tx), OK);
    }
    assert_int_equal(forget_named(&f->op, f->rec, rid, fixture_id(x)), OK);
    for (size_t i = 0; i < 3; i++) {
        str name = arena_printf(f->keep, "%s%llu", names[i], (unsigned long long)rid);
        assert_int_equal(record_kv_get(&f->op, f->rec, name, &value), OK);
        assert_int_equal(value.n, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(a_walk_costs_its_family),
        BOTH_BACKENDS(what_is_not_listed_is_not_walked),
        BOTH_BACKENDS(a_folder_of_before_is_put_in_order),
        BOTH_BACKENDS(where_it_stopped_it_goes_on),
        BOTH_BACKENDS(every_group_is_looked_through),
    };
    return cmocka_run_group_tests_name("record.family", tests, NULL, NULL);
}
