/* What is known without the back end is what the last commit left: values read before a change are
 * not learnt after it, none comes back while a group is under way, and many threads never see one
 * that is older than what was committed when they asked. Documents are those of the last commit,
 * and of nobody who was erased. */
#include "store/house_int.h"
#include "store/memo_int.h"
#include "store/near.h"

#include <pthread.h>

#define READERS 3
#define ROUNDS 20000u

struct bench {
    struct memo *memo;
    struct arena *arena;
};

static struct bench bench(void)
{
    struct bench b = {memo_new(32768, 512), arena_new(0)};
    assert_non_null(b.memo);
    assert_non_null(b.arena);
    return b;
}

static void done(struct bench *b)
{
    memo_free(b->memo);
    arena_free(b->arena);
}

static void expect(struct bench *b, const char *name, const char *value)
{
    str found = STR_NONE;
    bool there = memo_find(b->memo, b->arena, str_of(name), &found);
    assert_int_equal(there, value != NULL);
    if (value)
        assert_true(str_eq(found, str_of(value)));
}

static void what_was_read_is_known(void **state)
{
    (void)state;
    struct bench b = bench();
    expect(&b, "room/a", NULL);
    memo_learn(b.memo, STR("room/a"), STR("one"), memo_mark(b.memo));
    memo_learn(b.memo, STR("room/none"), STR_NONE, memo_mark(b.memo));
    expect(&b, "room/a", "one");
    expect(&b, "room/none", "");
    expect(&b, "room/", NULL);
    memo_drop_all(b.memo);
    memo_settle(b.memo);
    expect(&b, "room/a", NULL);
    done(&b);
}

static void what_changed_since_is_not_learnt(void **state)
{
    (void)state;
    struct bench b = bench();
    uint64_t before = memo_mark(b.memo);
    memo_learn(b.memo, STR("a"), STR("old"), before);
    memo_drop(b.memo, STR("a"));
    expect(&b, "a", NULL);
    memo_learn(b.memo, STR("a"), STR("old"), before);
    memo_learn(b.memo, STR("a"), STR("old"), memo_mark(b.memo)); /* the group is under way */
    expect(&b, "a", NULL);
    memo_settle(b.memo);
    memo_learn(b.memo, STR("a"), STR("old"), before);
    expect(&b, "a", NULL);
    memo_keep(b.memo, STR("a"), STR("new"));
    expect(&b, "a", "new");
    memo_drop(b.memo, STR("a"));
    memo_learn(b.memo, STR("c"), STR("of another place"), memo_mark(b.memo));
    expect(&b, "c", "of another place");
    memo_settle(b.memo);
    memo_settle(b.memo); /* a group that changes no name */
    memo_learn(b.memo, STR("b"), STR("two"), memo_mark(b.memo));
    expect(&b, "b", "two");
    done(&b);
}

static void two_of_one_place_are_both_kept(void **state)
{
    (void)state;
    struct bench b = {memo_new(2, 512), arena_new(0)};
    memo_keep(b.memo, STR("a"), STR("one"));
    memo_keep(b.memo, STR("b"), STR("two"));
    expect(&b, "a", "one");
    expect(&b, "b", "two");
    memo_keep(b.memo, STR("a"), STR("one, again"));
    memo_keep(b.memo, STR("c"), STR("three")); /* the one written first goes */
    expect(&b, "b", NULL);
    expect(&b, "a", "one, again");
    expect(&b, "c", "three");
    memo_drop(b.memo, STR("a")); /* nobody learns in that place meanwhile */
    memo_learn(b.memo, STR("b"), STR("two"), memo_mark(b.memo));
    expect(&b, "b", NULL);
    expect(&b, "c", "three");
    memo_settle(b.memo);
    memo_learn(b.memo, STR("b"), STR("two"), memo_mark(b.memo));
    expect(&b, "b", "two");
    memo_drop_all(b.memo);
    expect(&b, "b", NULL);
    expect(&b, "c", NULL);
    done(&b);
}

static void places_are_shared_and_values_small(void **state)
{
    (void)state;
    struct bench b = bench();
    size_t known = 0;
    char name[32];
    str found;
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(name, sizeof name, "room/%u", i);
        memo_keep(b.memo, str_of(name), str_sub(str_of(name), 5, SIZE_MAX));
    }
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(name, sizeof name, "room/%u", i);
        if (!memo_find(b.memo, b.arena, str_of(name), &found))
            continue;
        known++;
        assert_true(str_eq(found, str_sub(str_of(name), 5, SIZE_MAX)));
    }
    assert_in_range(known, 1000, 50000);
    char *large = calloc(1, 4096);
    memo_keep(b.memo, STR("large"), STR("small, in the same group")); /* R511: it stayed */
    memo_keep(b.memo, STR("large"), str_make(large, 4096));
    expect(&b, "large", NULL);
    free(large);
    done(&b);
}

static size_t known_of(struct bench *b, const str *names, size_t n)
{
    size_t known = 0;
    str found;
    for (size_t i = 0; i < n; i++)
        memo_keep(b->memo, names[i], STR("x"));
    for (size_t i = 0; i < n; i++)
        known += memo_find(b->memo, b->arena, names[i], &found);
    return known;
}

/* Numbers of resources, and names that end in one: neighbours differ in their last bytes alone, and
 * of a few that were kept nearly all are known. */
static void neighbours_lie_apart(void **state)
{
    (void)state;
    static const char *const before[] = {"", "gate", "id/patient/b"};
    struct bench b = bench();
    str names[2000];
    for (unsigned i = 0; i < 2000; i++) {
        char *number = arena_alloc(b.arena, 8);
        u64_write(number, i + 1);
        names[i] = str_make(number, 8);
    }
    assert_in_range(known_of(&b, names, 2000), 1700, 2000);
    for (size_t k = 0; k < 3; k++) {
        for (unsigned i = 0; i < 2000; i++)
            names[i] = arena_printf(b.arena, "%s%04u", before[k], i);
        assert_in_range(known_of(&b, names, 2000), 1700, 2000);
    }
    done(&b);
}

static void without_one_nothing_is_known(void **state)
{
    (void)state;
    struct bench b = {NULL, arena_new(0)};
    memo_learn(NULL, STR("a"), STR("b"), memo_mark(NULL));
    memo_keep(NULL, STR("a"), STR("b"));
    memo_drop(NULL, STR("a"));
    memo_drop_all(NULL);
    memo_settle(NULL);
    expect(&b, "a", NULL);
    done(&b);
}

/* One name whose value is a number that only grows. */
struct race {
    struct memo *memo;
    atomic_uint_fast64_t committed;
    atomic_bool over;
};

static void *reader(void *ctx)
{
    struct race *r = ctx;
    struct arena *a = arena_new(0);
    uintptr_t older = 0;
    while (!atomic_load(&r->over)) {
        str found;
        uint64_t n, least = atomic_load(&r->committed);
        arena_reset(a);
        if (memo_find(r->memo, a, STR("n"), &found)) {
            memcpy(&n, found.p, sizeof n);
            older += n < least;
            continue;
        }
        uint64_t mark = memo_mark(r->memo);
        n = atomic_load(&r->committed);
        memo_learn(r->memo, STR("n"), str_make((const char *)&n, sizeof n), mark);
    }
    arena_free(a);
    return (void *)older; /* NOLINT(performance-no-int-to-ptr) */
}

static void nobody_sees_what_is_over(void **state)
{
    (void)state;
    pthread_t threads[READERS];
    struct race r = {.memo = memo_new(32768, 512)};
    void *older;
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reader, &r), 0);
    for (uint64_t n = 1; n <= ROUNDS; n++) {
        memo_drop(r.memo, STR("n"));
        atomic_store(&r.committed, n);
        memo_settle(r.memo);
        if (n % 2)
            memo_keep(r.memo, STR("n"), str_make((const char *)&n, sizeof n));
    }
    atomic_store(&r.over, true);
    for (size_t i = 0; i < READERS; i++) {
        pthread_join(threads[i], &older);
        assert_null(older);
    }
    memo_free(r.memo);
}

/* ---- documents, and names that are new ---- */
#define TYPE 3
#define PATIENT 7u

static err write_version(struct house *h, uint32_t vid, const char *body)
{
    struct store_commit c;
    struct store_tx *tx = store_tx_new(&h->op, h->s);
    struct store_put put = {.rid = PATIENT,
                            .type = TYPE,
                            .vid = vid,
                            .comp = PATIENT,
                            .client_id = vid == 1 ? STR("ann") : STR_NONE,
                            .body = str_of(body)};
    store_tx_put(tx, &put);
    return store_commit(&h->op, tx, &c);
}

/* What the memo says is what the back end says. */
static void expect_version(struct house *h, uint32_t vid, const char *body)
{
    struct store_doc known, stored, peeked;
    assert_true(memo_doc_find(&h->op, h->s, PATIENT, true, &known));
    assert_int_equal(store_get_version(&h->op, h->s, PATIENT, vid, &stored), OK);
    assert_int_equal(store_peek(&h->op, h->s, PATIENT, &peeked), OK);
    assert_true(str_eq(known.body, str_of(body)));
    assert_true(str_eq(known.body, stored.body));
    assert_true(str_eq(known.client_id, stored.client_id));
    assert_int_equal(known.vid, vid);
    assert_int_equal(known.type, stored.type);
    assert_int_equal(known.comp, stored.comp);
    assert_int_equal(known.t, stored.t);
    assert_int_equal(known.time, stored.time);
    assert_int_equal(known.named, stored.named);
    assert_int_equal(known.deleted, stored.deleted);
    assert_int_equal(peeked.vid, vid);
    assert_int_equal(peeked.client_id.n, 0);
}

static void documents_are_those_of_the_last_commit(void **state)
{
    (void)state;
    struct house h;
    struct store_doc d;
    house_open(&h, false);
    assert_false(memo_doc_find(&h.op, h.s, PATIENT, true, &d));
    assert_int_equal(write_version(&h, 1, "{\"n\":1}"), OK);
    expect_version(&h, 1, "{\"n\":1}");
    assert_int_equal(write_version(&h, 2, "{\"n\":2}"), OK);
    expect_version(&h, 2, "{\"n\":2}");
    assert_int_equal(write_version(&h, 2, "{\"n\":3}"), ERR_PRECONDITION); /* leaves no trace */
    op_clear(&h.op);
    expect_version(&h, 2, "{\"n\":2}");
    char *large = calloc(1, MEMO_DOC_MAX + 1);
    memset(large, ' ', MEMO_DOC_MAX);
    assert_int_equal(write_version(&h, 3, large), OK);
    assert_false(memo_doc_find(&h.op, h.s, PATIENT, true, &d));
    assert_int_equal(store_get(&h.op, h.s, PATIENT, &d), OK);
    assert_int_equal(d.vid, 3);
    free(large);
    house_shut(&h);
}

static void nobody_erased_is_found(void **state)
{
    (void)state;
    struct house h;
    struct store_doc d;
    house_open(&h, false);
    assert_int_equal(write_version(&h, 1, "{}"), OK);
    assert_true(memo_doc_find(&h.op, h.s, PATIENT, true, &d));
    assert_int_equal(store_key_erase(&h.op, h.s, PATIENT), OK);
    assert_false(memo_doc_find(&h.op, h.s, PATIENT, true, &d));
    assert_int_not_equal(store_get(&h.op, h.s, PATIENT, &d), OK);
    house_shut(&h);
}

static err make_with_name(struct house *h, uint32_t vid, str name)
{
    struct store_commit c;
    struct store_tx *tx = store_tx_new(&h->op, h->s);
    struct store_put put = {
        .rid = PATIENT, .type = TYPE, .vid = vid, .comp = PATIENT, .body = STR("{}")};
    store_tx_put(tx, &put);
    store_tx_kv_none(tx, name);
    return store_commit(&h->op, tx, &c);
}

static void a_name_made_just_now_is_known_to_hold_nothing(void **state)
{
    (void)state;
    struct house h;
    struct store_commit c;
    str got = STR("?");
    house_open(&h, false);
    assert_int_equal(make_with_name(&h, 1, STR("room/gate/a")), OK);
    assert_true(memo_find(h.s->memo, h.arena, STR("room/gate/a"), &got));
    assert_int_equal(got.n, 0);
    assert_int_equal(store_kv_find_near(&h.op, h.s, STR("room/gate/a"), STR("room/b"), &got), OK);
    assert_int_equal(got.n, 0);
    struct store_tx *tx = store_tx_new(&h.op, h.s);
    store_tx_expect_kv_near(tx, STR("room/gate/a"), STR("room/b"), STR_NONE);
    store_tx_kv_near(tx, STR("room/gate/a"), STR("room/b"), STR("out"));
    assert_int_equal(store_commit(&h.op, tx, &c), OK);
    assert_int_equal(store_kv_find_near(&h.op, h.s, STR("room/gate/a"), STR("room/b"), &got), OK);
    assert_str(got, "out");
    /* What was not committed made no name. */
    assert_int_equal(make_with_name(&h, 1, STR("room/gate/c")), ERR_PRECONDITION);
    op_clear(&h.op);
    assert_false(memo_find(h.s->memo, h.arena, STR("room/gate/c"), &got));
    house_shut(&h);
}

static void name_it(struct house *h, str value)
{
    struct store_commit c;
    struct store_tx *tx = store_tx_new(&h->op, h->s);
    store_tx_kv(tx, STR("room/a"), value);
    assert_int_equal(store_commit(&h->op, tx, &c), OK);
}

/* Who measures the back end: the answers are the same. */
static void a_forgetful_store_reads_again(void **state)
{
    (void)state;
    struct house h;
    struct store_doc d;
    str value;
    house_open(&h, true);
    for (uint32_t vid = 1; vid <= 2; vid++) {
        assert_int_equal(write_version(&h, vid, "{}"), OK);
        name_it(&h, vid == 1 ? STR("one") : STR("two"));
        assert_int_equal(store_get(&h.op, h.s, PATIENT, &d), OK);
        assert_int_equal(d.vid, vid);
        assert_int_equal(store_kv_get(&h.op, h.s, STR("room/a"), &value), OK);
        assert_true(str_eq(value, vid == 1 ? STR("one") : STR("two")));
    }
    assert_false(memo_doc_find(&h.op, h.s, PATIENT, true, &d));
    assert_false(memo_find(h.s->memo, h.arena, STR("room/a"), &value));
    house_shut(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_read_is_known),
        cmocka_unit_test(what_changed_since_is_not_learnt),
        cmocka_unit_test(places_are_shared_and_values_small),
        cmocka_unit_test(neighbours_lie_apart),
        cmocka_unit_test(two_of_one_place_are_both_kept),
        cmocka_unit_test(without_one_nothing_is_known),
        cmocka_unit_test(nobody_sees_what_is_over),
        cmocka_unit_test(documents_are_those_of_the_last_commit),
        cmocka_unit_test(nobody_erased_is_found),
        cmocka_unit_test(a_name_made_just_now_is_known_to_hold_nothing),
        cmocka_unit_test(a_forgetful_store_reads_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
