/* Every N-th write, sync and allocation refused: nothing acknowledged is lost, nothing is half
 * there, the store keeps serving reads and goes on by itself when the fault is over. */
#include "faulty_vfs.h"
#include "store/backup.h"
#include "store_suite.h"

#define TYPE 9
#define ROUNDS 12u
#define REFUSALS 240u

/* Two resources a transaction, which must be there both or not at all. */
struct pair {
    uint64_t rid;
    bool acknowledged;
};

struct run {
    struct suite *b;
    struct pair pairs[REFUSALS + 1];
    size_t n;
    uint64_t trail; /* acknowledged entries */
};

static err write_pair(struct run *r)
{
    struct suite *b = r->b;
    struct pair *p = &r->pairs[r->n++];
    suite_clear(b);
    p->rid = store_rid_new(b->s, 2);
    struct store_tx *tx = store_tx_new(&b->op, b->s);
    for (uint64_t i = 0; i < 2; i++) {
        str *key = ARENA_NEW(b->arena, str);
        *key = suite_key(b->arena, 1, p->rid);
        struct store_put put = {.rid = p->rid + i,
                                .type = TYPE,
                                .vid = 1,
                                .comp = 1,
                                .body = STR("{\"some\":\"document\"}"),
                                .keys = key,
                                .n_keys = 1};
        store_tx_put(tx, &put);
    }
    store_tx_trail(tx, STR("wrote two"), NULL, 0);
    struct store_commit c;
    err e = store_commit(&b->op, tx, &c);
    p->acknowledged = e == OK;
    r->trail += e == OK;
    return e;
}

static size_t found_of(struct suite *b, uint64_t rid)
{
    struct store_range range = suite_range(b->arena, 1, rid, 1);
    struct store_clause clause = {.ranges = &range, .n_ranges = 1};
    struct store_query q = {.type = TYPE, .clauses = &clause, .n_clauses = 1, .limit = 10};
    struct store_found f = {.n = 99};
    assert_int_equal(store_search(&b->op, b->s, &q, &f), OK);
    return f.n;
}

static void check_all(struct run *r)
{
    struct suite *b = r->b;
    size_t there = 0;
    struct store_trail_check check = {.entries = 0};
    for (size_t i = 0; i < r->n; i++) {
        struct store_doc d;
        suite_clear(b);
        bool one = store_get(&b->op, b->s, r->pairs[i].rid, &d) == OK;
        bool two = store_get(&b->op, b->s, r->pairs[i].rid + 1, &d) == OK;
        assert_int_equal(one, two);
        assert_true(one || !r->pairs[i].acknowledged);
        op_clear(&b->op);
        assert_int_equal(found_of(b, r->pairs[i].rid), one ? 2 : 0);
        there += one ? 2 : 0;
    }
    suite_clear(b);
    struct store_query q = {.type = TYPE, .comp = 1};
    struct store_found f = {.total = 0};
    assert_int_equal(store_search(&b->op, b->s, &q, &f), OK);
    assert_int_equal(f.total, there);
    assert_int_equal(store_trail_verify(&b->op, b->s, &check), OK);
    assert_int_equal(check.bad_seq, 0);
    assert_true(check.entries >= r->trail);
}

static void with_fault(enum fault_kind kind, uint64_t nth, bool until_healed)
{
    struct run *r = calloc(1, sizeof *r);
    r->b = suite_new(STORE_SQLITE, 8);
    assert_int_equal(write_pair(r), OK);
    faulty_arm(kind, nth, until_healed);
    for (unsigned i = 0; i < ROUNDS; i++) {
        err e = write_pair(r);
        assert_true(e == OK || (e == ERR_UNAVAILABLE && faulty_hits() > 0));
        suite_clear(r->b);
        struct store_doc d; /* reads go on */
        assert_int_equal(store_get(&r->b->op, r->b->s, r->pairs[0].rid, &d), OK);
    }
    faulty_heal();
    assert_int_equal(write_pair(r), OK);
    check_all(r);
    suite_reopen(r->b);
    check_all(r);
    assert_int_equal(write_pair(r), OK);
    check_all(r);
    suite_free(r->b);
    free(r);
}

static void each_nth(enum fault_kind kind, bool until_healed)
{
    for (uint64_t nth = 1; nth <= 40; nth += 1 + nth / 8)
        with_fault(kind, nth, until_healed);
}

static void test_disk_full(void **state)
{
    (void)state;
    each_nth(FAULT_FULL, false);
    each_nth(FAULT_FULL, true);
}

static void test_write_error(void **state)
{
    (void)state;
    each_nth(FAULT_WRITE, false);
    each_nth(FAULT_WRITE, true);
}

static void test_sync_error(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth <= 12; nth++)
        with_fault(FAULT_SYNC, nth, nth % 2);
}

static void keep_result(void *ctx, err result)
{
    *(err *)ctx = result;
}

/* Loose trail entries learn that they were lost. */
static void test_trail_lost(void **state)
{
    (void)state;
    struct suite *b = suite_new(STORE_SQLITE, 8);
    uint64_t ticket = 0;
    struct store_trail_check check;
    faulty_arm(FAULT_FULL, 1, true);
    assert_int_equal(store_trail_append(&b->op, b->s, STR("looked"), NULL, 0, &ticket), OK);
    struct tickets owed = {ticket, ticket};
    assert_int_equal(store_trail_wait(&b->op, b->s, owed), ERR_UNAVAILABLE);
    faulty_heal();
    op_clear(&b->op);
    assert_int_equal(store_trail_append(&b->op, b->s, STR("looked"), NULL, 0, &ticket), OK);
    owed.last = ticket; /* an answer with both lines may not leave */
    assert_int_equal(store_trail_wait(&b->op, b->s, owed), ERR_UNAVAILABLE);
    err told = OK;
    store_trail_on_durable(b->s, owed, keep_result, &told);
    assert_int_equal(told, ERR_UNAVAILABLE);
    op_clear(&b->op);
    assert_int_equal(store_trail_wait(&b->op, b->s, (struct tickets){ticket, ticket}), OK);
    assert_int_equal(store_trail_verify(&b->op, b->s, &check), OK);
    assert_int_equal(check.entries, 1);
    assert_int_equal(check.bad_seq, 0);
    suite_free(b);
}

#define LOOKS 30u

/* One look, numbered in its key; true when it may be shown. */
static bool look(struct suite *b, uint64_t n)
{
    uint64_t ticket = 0;
    suite_clear(b);
    str key = suite_key(b->arena, 9, n);
    assert_int_equal(store_trail_append(&b->op, b->s, STR("looked"), &key, 1, &ticket), OK);
    err e = store_trail_wait(&b->op, b->s, (struct tickets){ticket, ticket});
    assert_true(e == OK || (e == ERR_UNAVAILABLE && faulty_hits() > 0));
    return e == OK;
}

static void check_looks(struct suite *b, const bool *shown, size_t n)
{
    struct store_trail_check check = {.entries = 0};
    suite_clear(b);
    assert_int_equal(store_trail_verify(&b->op, b->s, &check), OK);
    assert_int_equal(check.bad_seq, 0);
    for (size_t i = 0; i < n; i++) {
        struct store_range r = suite_range(b->arena, 9, i, 1);
        struct store_trail_entry *all = NULL;
        size_t found = 0;
        assert_int_equal(store_trail_find(&b->op, b->s, &r, 0, 5, &all, &found), OK);
        assert_true(found == 1 || (found == 0 && !shown[i]));
    }
}

/* Looks, some transactions between, while the n-th write is refused: of the spool or the database.
 */
static void looks_with_fault(enum fault_kind kind, uint64_t nth, bool until_healed)
{
    struct run *r = calloc(1, sizeof *r);
    bool shown[2 * LOOKS];
    size_t n = 0;
    r->b = suite_new(STORE_SQLITE, 8);
    faulty_arm(kind, nth, until_healed);
    for (; n < LOOKS; n++) {
        shown[n] = look(r->b, n);
        if (n % 10 == 9)
            r->trail += write_pair(r) == OK;
    }
    faulty_heal();
    for (; n < 2 * LOOKS; n++)
        assert_true(shown[n] = look(r->b, n));
    check_looks(r->b, shown, n);
    suite_reopen(r->b);
    check_looks(r->b, shown, n);
    suite_free(r->b);
    free(r);
}

static void test_looks(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth <= 60; nth += 1 + nth / 6) {
        looks_with_fault(FAULT_WRITE, nth, false);
        looks_with_fault(FAULT_FULL, nth, true);
    }
    for (uint64_t nth = 1; nth <= 3; nth++)
        looks_with_fault(FAULT_SYNC, nth, true);
}

/* The n-th request for memory is refused, wherever it falls: submitting thread or writer. */
static void test_memory(void **state)
{
    (void)state;
    for (unsigned backend = 0; backend < 2; backend++) {
        struct run *r = calloc(1, sizeof *r);
        r->b = suite_new((enum store_backend)backend, 8);
        uint64_t refused = 0;
        for (uint64_t nth = 1; nth <= REFUSALS; nth++) {
            if (nth % 60 == 0)
                check_all(r);
            suite_clear(r->b);
            arena_fail_at(nth, nth % 3 == 0);
            err e = write_pair(r);
            struct store_query q = {.type = TYPE, .limit = 5};
            struct store_found f;
            err found = store_search(&r->b->op, r->b->s, &q, &f);
            arena_fail_at(0, false);
            refused += e != OK || found != OK;
        }
        assert_true(refused > 0);
        suite_clear(r->b);
        check_all(r);
        suite_free(r->b);
        free(r);
    }
}

/* ---- keys: rotation, sealing anew, erasure ---- */
#define PATIENTS 24u
#define DOCS 4u

struct ward {
    struct suite *b;
    uint64_t patient[PATIENTS]; /* its documents follow it */
    bool gone[PATIENTS];
};

static void admit(struct ward *w, unsigned i)
{
    struct suite *b = w->b;
    struct store_commit c;
    suite_clear(b);
    w->patient[i] = store_rid_new(b->s, DOCS);
    struct store_tx *tx = store_tx_new(&b->op, b->s);
    for (uint64_t d = 0; d < DOCS; d++) {
        str *key = ARENA_NEW(b->arena, str);
        *key = suite_key(b->arena, 1, w->patient[i]);
        struct store_put put = {.rid = w->patient[i] + d,
                                .type = TYPE,
                                .vid = 1,
                                .comp = w->patient[i],
                                .body = STR("{\"some\":\"document\"}"),
                                .keys = key,
                                .n_keys = 1};
        store_tx_put(tx, &put);
    }
    store_tx_trail(tx, STR("admitted"), NULL, 0);
    assert_int_equal(store_commit(&b->op, tx, &c), OK);
}

/* All of a patient is there, or nothing, and nothing of who was erased. */
static void check_ward(struct ward *w)
{
    struct store_trail_check check = {.entries = 0};
    for (unsigned i = 0; i < PATIENTS; i++) {
        struct store_doc d;
        for (uint64_t n = 0; n < DOCS; n++) {
            suite_clear(w->b);
            err e = store_get(&w->b->op, w->b->s, w->patient[i] + n, &d);
            assert_int_equal(e, w->gone[i] ? ERR_NOT_FOUND : OK);
        }
        suite_clear(w->b);
        assert_int_equal(found_of(w->b, w->patient[i]), w->gone[i] ? 0 : DOCS);
    }
    assert_int_equal(store_trail_verify(&w->b->op, w->b->s, &check), OK);
    assert_int_equal(check.bad_seq, 0);
    assert_true(check.entries >= PATIENTS);
}

static void arm(int kind, uint64_t nth)
{
    if (kind < 0)
        arena_fail_at(nth, false);
    else
        faulty_arm((enum fault_kind)kind, nth, nth % 3 == 0);
}

static void disarm(struct suite *b)
{
    struct store_key_state st;
    arena_fail_at(0, false);
    faulty_heal();
    do { /* it goes on by itself */
        usleep(2000);
        store_key_state(b->s, &st);
    } while (st.sealing);
    suite_clear(b);
}

/* kind -1: memory. */
static unsigned keys_with_faults(int kind)
{
    struct ward w = {.b = suite_new(STORE_SQLITE, 8)};
    unsigned refused = 0;
    for (unsigned i = 0; i < PATIENTS; i++)
        admit(&w, i);
    for (unsigned i = 0; i < PATIENTS; i++) {
        suite_clear(w.b);
        arm(kind, kind < 0 ? 1 + i / 3 % 5 : 1 + i * i / 6); /* arenas ask seldom */
        err turned = i % 3 ? OK : store_key_rotate(&w.b->op, w.b->s, true);
        if (i % 3 == 0)
            disarm(w.b);
        arm(kind, 1 + (kind < 0 ? i % 7 : i));
        err e = store_key_erase(&w.b->op, w.b->s, w.patient[i]);
        disarm(w.b);
        refused += (turned != OK ? 1u : 0u) + (e != OK ? 1u : 0u);
        if (e != OK) { /* half done or not begun: none of it is shown half, and again is right */
            if (i % 2)
                suite_reopen(w.b);
            suite_clear(w.b);
            assert_int_equal(store_key_erase(&w.b->op, w.b->s, w.patient[i]), OK);
        }
        w.gone[i] = true;
        if (i % 4 == 3)
            check_ward(&w);
        if (i % 12 == 11)
            suite_reopen(w.b);
    }
    check_ward(&w);
    suite_free(w.b);
    return refused;
}

static void test_keys(void **state)
{
    (void)state;
    assert_true(keys_with_faults(-1) > 2);
    assert_true(keys_with_faults(FAULT_FULL) > 2);
    assert_true(keys_with_faults(FAULT_WRITE) > 2);
    assert_true(keys_with_faults(FAULT_SYNC) > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_disk_full),  cmocka_unit_test(test_write_error),
        cmocka_unit_test(test_sync_error), cmocka_unit_test(test_trail_lost),
        cmocka_unit_test(test_looks),      cmocka_unit_test(test_memory),
        cmocka_unit_test(test_keys),
    };
    faulty_install();
    return cmocka_run_group_tests_name("store.faults", tests, NULL, NULL);
}
