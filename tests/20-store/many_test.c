/* Searches among thousands, where keys are common: a page is exact, and costs about its own size
 * where the order leads to it; what the order does not lead to soon is found the other way. */
#include "store_suite.h"

#define MANY 6000u
#define MORE 43000u /* half of them are more than are ever sorted */
#define TYPE 9
#define PAGE 20u
#define HALF 1  /* i % 2 */
#define DAY 2   /* one each, no two alike */
#define END 3   /* of few */
#define EARLY 4 /* of the first days */

static uint64_t rids[MORE];
static size_t of_day[MORE], many;
static uint64_t whose; /* compartment of all of them */

static void put(struct suite *b, struct store_tx *tx, size_t i)
{
    str *keys = ARENA_ARRAY(b->arena, str, 4);
    size_t n = 0, day = i * 7919 % many;
    of_day[day] = i;
    keys[n++] = suite_key(b->arena, HALF, i % 2);
    keys[n++] = suite_key(b->arena, DAY, day);
    if (i % 100 == 0)
        keys[n++] = suite_key(b->arena, END, 1);
    if (day < 300)
        keys[n++] = suite_key(b->arena, EARLY, day % 3);
    rids[i] = store_rid_new(b->s, 1);
    struct store_put p = {
        .rid = rids[i], .type = TYPE, .vid = 1, .comp = whose, .keys = keys, .n_keys = n};
    store_tx_put(tx, &p);
}

static void fill(struct suite *b, size_t n)
{
    many = n;
    for (size_t i = 0; i < many; i += 100) {
        struct store_commit c;
        suite_clear(b);
        struct store_tx *tx = store_tx_new(&b->op, b->s);
        for (size_t k = i; k < i + 100; k++)
            put(b, tx, k);
        assert_int_equal(store_commit(&b->op, tx, &c), OK);
    }
}

static err no_keys(struct op *op, void *ctx, const struct store_doc *d, str **ret, size_t *ret_n)
{
    (void)op, (void)ctx, (void)d;
    *ret = NULL;
    *ret_n = 0;
    return OK;
}

static bool even(size_t i, size_t day)
{
    return i % 2 == 0 && day >= 1000 && day < 5000;
}

static bool even_or_ends(size_t i, size_t day)
{
    return i % 2 == 0 && ((day >= 1000 && day < 5000) || i % 100 == 0);
}

static bool even_and_early(size_t i, size_t day)
{
    return i % 2 == 0 && day < 300;
}

/* Pages in the order of days, each as it must be; the most steps that one took. */
static size_t pages(struct suite *b, struct store_query *q, bool (*fits)(size_t i, size_t day))
{
    struct store_found f = {.more = true, .next = STR_NONE};
    size_t most = 0, day = 0;
    while (f.more) {
        q->after = f.next;
        assert_int_equal(store_search(&b->op, b->s, q, &f), OK);
        most = f.steps > most ? f.steps : most;
        for (size_t i = 0; i < f.n; day++) {
            size_t at = q->sort.descending ? many - 1 - day : day;
            assert_true(day < many);
            if (fits(of_day[at], at))
                assert_int_equal(f.rids[i++], rids[of_day[at]]);
        }
    }
    for (; day < many; day++) {
        size_t at = q->sort.descending ? many - 1 - day : day;
        assert_false(fits(of_day[at], at));
    }
    return most;
}

static void in_order(void **state)
{
    struct suite *b = suite_new(*(enum store_backend *)*state, 500);
    struct store_found f;
    fill(b, MANY);
    for (int falls = 0; falls < 2; falls++) {
        suite_clear(b);
        struct store_range half = suite_range(b->arena, HALF, 0, 1),
                           days[] = {suite_range(b->arena, DAY, 1000, 4000),
                                     suite_range(b->arena, END, 1, 1)},
                           early = suite_range(b->arena, EARLY, 0, 3);
        struct store_clause c[] = {{.ranges = &half, .n_ranges = 1},
                                   {.ranges = days, .n_ranges = 1}};
        struct store_query q = {.type = TYPE,
                                .clauses = c,
                                .n_clauses = 2,
                                .sort = {ORDER_KEY, falls, DAY, true, false},
                                .limit = PAGE,
                                .keys_of = no_keys};
        assert_true(pages(b, &q, even) < 8 * PAGE);
        c[1].n_ranges = 2;
        assert_true(pages(b, &q, even_or_ends) < 80 * PAGE); /* 60 stand aside, read each */
        c[1] = (struct store_clause){.ranges = &early, .n_ranges = 1};
        pages(b, &q, even_and_early);
        q.limit = 0;
        assert_int_equal(store_search(&b->op, b->s, &q, &f), OK);
        assert_int_equal(f.total, 150);
        c[1] = c[0];
        q.after = STR_NONE;
        assert_int_equal(store_search(&b->op, b->s, &q, &f), OK);
        assert_int_equal(f.total, MANY / 2);
    }
    suite_free(b);
}

/* A bitmap of neighbours, walked up and down, and sought. */
static void in_order_of_number(void **state)
{
    struct suite *b = suite_new(*(enum store_backend *)*state, 500);
    fill(b, MANY);
    for (int falls = 0; falls < 2; falls++) {
        suite_clear(b);
        struct store_range both[] = {suite_range(b->arena, HALF, 1, 1),
                                     suite_range(b->arena, DAY, 0, MANY)};
        struct store_clause c[] = {{.ranges = &both[0], .n_ranges = 1},
                                   {.ranges = &both[1], .n_ranges = 1}};
        struct store_query q = {.type = TYPE,
                                .clauses = c,
                                .n_clauses = 2,
                                .sort = {.descending = falls},
                                .limit = 1000,
                                .keys_of = no_keys};
        struct store_found f = {.more = true, .next = STR_NONE};
        for (size_t k = 0; f.more;) {
            q.after = f.next;
            assert_int_equal(store_search(&b->op, b->s, &q, &f), OK);
            for (size_t i = 0; i < f.n; i++, k += 2)
                assert_int_equal(f.rids[i], rids[falls ? MANY - 1 - k : k + 1]);
            assert_int_equal(f.more, k < MANY);
        }
    }
    suite_free(b);
}

static bool late(size_t i, size_t day)
{
    return i % 2 == 0 && day >= 20000 && day < 42000;
}

static bool none(size_t i, size_t day)
{
    (void)i, (void)day;
    return false;
}

/* A walk past the try: neither clause is rare, and where the order begins nothing fits both. */
static void a_long_way(void **state)
{
    struct suite *b = suite_new(*(enum store_backend *)*state, 0);
    fill(b, MORE);
    suite_clear(b);
    struct store_range half = suite_range(b->arena, HALF, 0, 1),
                       days = suite_range(b->arena, DAY, 20000, 22000);
    struct store_clause c[] = {{.ranges = &half, .n_ranges = 1}, {.ranges = &days, .n_ranges = 1}};
    struct store_query q = {
        .type = TYPE,
        .clauses = c,
        .n_clauses = 2,
        .sort = {ORDER_KEY, false, DAY, false, false}, /* as if it had several */
        .limit = 9000,
        .keys_of = no_keys};
    pages(b, &q, late);
    q.sort.single = true;
    pages(b, &q, late);
    q.after = STR_NONE;
    q.limit = 0; /* counted, and so is what the days have not */
    struct store_range most[] = {suite_range(b->arena, DAY, 500, MORE),
                                 suite_range(b->arena, EARLY, 0, 1)};
    for (unsigned not = 0; not < 2; not ++) {
        struct store_found f;
        size_t fit = 0;
        c[1] = (struct store_clause){.negate = not, .ranges = most, .n_ranges = 2};
        for (size_t day = 0; day < MORE; day++)
            fit += of_day[day] % 2 == 0 && (day >= 500 || (day < 300 && day % 3 == 0)) != not ;
        assert_int_equal(store_search(&b->op, b->s, &q, &f), OK);
        assert_int_equal(f.total, fit);
    }
    q.limit = 9000;
    c[0].negate = true;
    c[1] = (struct store_clause){.ranges = &half, .n_ranges = 1};
    pages(b, &q, none);
    suite_free(b);
}

static bool ends(size_t i, size_t day)
{
    (void)day;
    return i % 100 == 0;
}

static bool ends_late(size_t i, size_t day)
{
    return i % 100 == 0 && day >= 3000;
}

/* One patient has them all: what few of them are is not swept for. */
static void of_one_patient(void **state)
{
    struct suite *b = suite_new(*(enum store_backend *)*state, 500);
    struct store_found f;
    whose = store_rid_new(b->s, 1);
    fill(b, MANY);
    suite_clear(b);
    struct store_range end = suite_range(b->arena, END, 1, 1),
                       never = suite_range(b->arena, END, 2, 2),
                       days = suite_range(b->arena, DAY, 3000, MANY);
    struct store_clause c[] = {{.ranges = &days, .n_ranges = 1}, {.ranges = &end, .n_ranges = 1}};
    struct store_query q = {.type = TYPE,
                            .comp = whose,
                            .clauses = &c[1],
                            .n_clauses = 1,
                            .limit = PAGE,
                            .keys_of = no_keys};
    for (q.sort.descending = false;; q.sort.descending = true) {
        f = (struct store_found){.more = true};
        for (size_t k = 0; f.more; q.after = f.next) {
            assert_int_equal(store_search(&b->op, b->s, &q, &f), OK);
            for (size_t i = 0; i < f.n; i++, k++)
                assert_int_equal(f.rids[i], rids[100 * (q.sort.descending ? 59 - k : k)]);
            assert_true(f.steps < 600);
            assert_int_equal(f.more, k < 60);
        }
        q.after = STR_NONE;
        if (q.sort.descending)
            break;
    }
    q.sort = (struct store_sort){ORDER_KEY, true, DAY, true, false};
    assert_true(pages(b, &q, ends) < 600);
    q.clauses = c;
    q.n_clauses = 2;
    assert_true(pages(b, &q, ends_late) < 600);
    q.after = STR_NONE;
    q.total = true;
    c[1].ranges = &never;
    assert_int_equal(store_search(&b->op, b->s, &q, &f), OK);
    assert_int_equal(f.n + f.total, 0);
    assert_true(f.steps < 600);
    whose = 0;
    suite_free(b);
}

#define CODE 5 /* of 500 days on end, then one of seven others */

static bool of_code(size_t i, size_t day)
{
    (void)i;
    return day / 500 % 8 == 2;
}

static void fill_marked(struct suite *b)
{
    struct store_commit c;
    many = MORE;
    for (size_t i = 0; i < many; i += 100) {
        suite_clear(b);
        struct store_tx *tx = store_tx_new(&b->op, b->s);
        for (size_t k = i; k < i + 100; k++) {
            str *keys = ARENA_ARRAY(b->arena, str, 2);
            size_t day = k * 7919 % many;
            of_day[day] = k;
            keys[0] = suite_key(b->arena, CODE, (uint64_t)(day / 500 % 8) << 32);
            keys[1] = suite_key(b->arena, DAY, (uint64_t)day << 28);
            rids[k] = store_rid_new(b->s, 1);
            struct store_put p = {.rid = rids[k],
                                  .type = TYPE,
                                  .vid = 1,
                                  .keys = keys,
                                  .n_keys = 2,
                                  .marks = {CODE, DAY}};
            store_tx_put(tx, &p);
        }
        assert_int_equal(store_commit(&b->op, tx, &c), OK);
    }
}

/* A code of some thousands that the walk would step over thousands of others for. */
static void where_it_is_marked(void **state)
{
    struct suite *b = suite_new(*(enum store_backend *)*state, 0);
    struct store_found f = {.n = 0};
    fill_marked(b);
    suite_clear(b);
    struct store_range code = suite_range(b->arena, CODE, UINT64_C(2) << 32, UINT32_MAX), days;
    struct store_clause c[] = {{.ranges = &code, .n_ranges = 1}, {.ranges = &days, .n_ranges = 1}};
    struct store_query q = {.type = TYPE,
                            .marks = {CODE, DAY},
                            .clauses = c,
                            .n_clauses = 1,
                            .sort = {ORDER_KEY, true, DAY, true, false},
                            .limit = PAGE,
                            .keys_of = no_keys};
    assert_int_equal(store_search(&b->op, b->s, &q, &f), OK);
    assert_int_equal(f.lead, LEAD_MARKS);
    assert_true(f.steps < 8 * PAGE);
    q.limit = 1000;
    pages(b, &q, of_code);
    q.sort.descending = false;
    pages(b, &q, of_code);
    /* In order of number: what fits both lies at few places, or nowhere. */
    q.sort = (struct store_sort){.order = ORDER_RID};
    q.after = STR_NONE;
    q.n_clauses = 2;
    static const size_t from[] = {1490, 2000};
    for (int k = 0; k < 2; k++) {
        size_t n = 0;
        days = suite_range(b->arena, DAY, (uint64_t)from[k] << 28, UINT64_C(300) << 28);
        assert_int_equal(store_search(&b->op, b->s, &q, &f), OK);
        for (size_t i = 0; i < many; i++) {
            size_t day = i * 7919 % many;
            if (of_code(i, day) && day >= from[k] && day < from[k] + 300)
                assert_int_equal(f.rids[n++], rids[i]);
        }
        assert_int_equal(n, k ? 0 : 10);
        assert_int_equal(f.n, n);
        assert_true(f.steps < 2000);
    }
    suite_free(b);
}

static enum store_backend memory = STORE_MEMORY, sqlite = STORE_SQLITE;

#define BOTH(fn)                                                                                   \
    {"memory: " #fn, fn, NULL, NULL, &memory},                                                     \
    {                                                                                              \
        "sqlite: " #fn, fn, NULL, NULL, &sqlite                                                    \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {BOTH(in_order),
                                       BOTH(in_order_of_number),
                                       BOTH(of_one_patient),
                                       BOTH(where_it_is_marked),
                                       {"memory: a_long_way", a_long_way, NULL, NULL, &memory}};
    return cmocka_run_group_tests_name("store.many", tests, NULL, NULL);
}
