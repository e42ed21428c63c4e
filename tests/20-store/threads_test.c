/* Writers, readers and a follower at once (also run under ThreadSanitizer): transactions are seen
 * whole, conditional creates are serialisable, no counter step is lost, the feed is complete. */
#include "store_suite.h"

#include "base/uuid.h"

#include <pthread.h>
#include <stdatomic.h>

#define WRITERS 3u
#define READERS 2u
#define STEPS 150u
#define PAIRS 8u
#define TYPE 4

struct shared {
    struct suite *b;
    uint64_t pair[PAIRS]; /* first of two resources that always change together */
    atomic_uint vid[PAIRS];
    atomic_uint created, refused, steps, changes;
    atomic_bool stop;
};

struct worker {
    struct shared *sh;
    unsigned number;
};

static void add_put(struct op *op, struct store_tx *tx, uint64_t rid, uint32_t vid, uint64_t pair)
{
    str *keys = ARENA_ARRAY(op->arena, str, 2);
    keys[0] = suite_key(op->arena, 1, pair << 32 | vid);
    keys[1] = suite_key(op->arena, 2, pair);
    struct store_put p = {.rid = rid,
                          .type = TYPE,
                          .vid = vid,
                          .comp = 1,
                          .body = STR("x"),
                          .keys = keys,
                          .n_keys = 2};
    store_tx_put(tx, &p);
}

/* Both of a pair to the next version; somebody else may be first. */
static void step_pair(struct shared *sh, struct op *op, unsigned i)
{
    struct store_tx *tx = store_tx_new(op, sh->b->s);
    struct store_commit c;
    unsigned vid = atomic_load(&sh->vid[i]);
    add_put(op, tx, sh->pair[i], vid + 1, i);
    add_put(op, tx, sh->pair[i] + 1, vid + 1, i);
    err e = store_commit(op, tx, &c);
    assert_true(e == OK || e == ERR_PRECONDITION);
    if (e == OK) {
        atomic_fetch_add(&sh->changes, 2);
        atomic_compare_exchange_strong(&sh->vid[i], &vid, vid + 1);
    }
}

/* Several try to create the same thing; only one may. */
static void create_once(struct shared *sh, struct op *op, unsigned what)
{
    struct store_range r = suite_range(op->arena, 3, what, 1);
    struct store_clause clause = {.ranges = &r, .n_ranges = 1};
    struct store_query q = {.type = TYPE, .clauses = &clause, .n_clauses = 1};
    struct store_tx *tx = store_tx_new(op, sh->b->s);
    str key = suite_key(op->arena, 3, what);
    struct store_put p = {
        .rid = store_rid_new(sh->b->s, 1), .type = TYPE, .vid = 1, .keys = &key, .n_keys = 1};
    struct store_commit c;
    store_tx_expect_none(tx, &q);
    store_tx_put(tx, &p);
    err e = store_commit(op, tx, &c);
    assert_true(e == OK || e == ERR_CONFLICT);
    atomic_fetch_add(e == OK ? &sh->created : &sh->refused, 1);
    if (e == OK)
        atomic_fetch_add(&sh->changes, 1);
}

static void count_up(struct shared *sh, struct op *op)
{
    str now = STR_NONE;
    uint64_t n = 0;
    if (store_kv_get(op, sh->b->s, STR("counter"), &now) == OK)
        assert_true(str_to_u64(now, UINT32_MAX, &n));
    op_clear(op);
    struct store_tx *tx = store_tx_new(op, sh->b->s);
    struct store_commit c;
    store_tx_expect_kv(tx, STR("counter"), now);
    store_tx_kv(tx, STR("counter"), arena_printf(op->arena, "%u", (unsigned)n + 1));
    err e = store_commit(op, tx, &c);
    assert_true(e == OK || e == ERR_CONFLICT);
    if (e == OK)
        atomic_fetch_add(&sh->steps, 1);
}

static void *writer(void *arg)
{
    struct worker *w = arg;
    struct arena *a = arena_new(0);
    struct op op;
    for (unsigned i = 0; i < STEPS; i++) {
        uint64_t ticket = 0;
        op_init(&op, a, NULL, time_now());
        step_pair(w->sh, &op, (i + w->number) % PAIRS);
        op_clear(&op);
        create_once(w->sh, &op, i);
        op_clear(&op);
        count_up(w->sh, &op);
        op_clear(&op);
        assert_int_equal(store_trail_append(&op, w->sh->b->s, STR("step"), NULL, 0, &ticket), OK);
        assert_int_equal(store_trail_wait(&op, w->sh->b->s, (struct tickets){ticket, ticket}), OK);
        arena_reset(a);
    }
    arena_free(a);
    return NULL;
}

static size_t count(struct shared *sh, struct op *op, uint64_t comp, uint16_t param, uint64_t value)
{
    struct store_range r = suite_range(op->arena, param, value, 1);
    struct store_clause clause = {.ranges = &r, .n_ranges = 1};
    struct store_query q = {
        .type = TYPE, .comp = comp, .clauses = &clause, .n_clauses = 1, .limit = 10};
    struct store_found f = {.n = 0};
    assert_int_equal(store_search(op, sh->b->s, &q, &f), OK);
    return f.n;
}

static void *reader(void *arg)
{
    struct worker *w = arg;
    struct arena *a = arena_new(0);
    struct op op;
    for (unsigned i = 0; !atomic_load(&w->sh->stop); i++) {
        struct store_doc d;
        unsigned pair = i % PAIRS;
        uint64_t vid = atomic_load(&w->sh->vid[pair]);
        op_init(&op, a, NULL, time_now());
        size_t n = count(w->sh, &op, i % 2, 1, (uint64_t)pair << 32 | vid);
        assert_true(n == 0 || n == 2);
        assert_int_equal(count(w->sh, &op, i % 2, 2, pair), 2);
        assert_int_equal(store_get(&op, w->sh->b->s, w->sh->pair[pair], &d), OK);
        assert_true(d.vid >= vid);
        arena_reset(a);
    }
    arena_free(a);
    return NULL;
}

static void *follower(void *arg)
{
    struct worker *w = arg;
    struct arena *a = arena_new(0);
    struct op op;
    uint64_t after = 0, seen = 0;
    while (!atomic_load(&w->sh->stop) || store_feed_wait(w->sh->b->s, after, 0)) {
        struct store_change *c = NULL;
        size_t n = 0;
        store_feed_wait(w->sh->b->s, after, 20);
        op_init(&op, a, NULL, time_now());
        assert_int_equal(store_feed(&op, w->sh->b->s, after, 50, &c, &n), OK);
        for (size_t i = 0; i < n; i++) {
            assert_true(c[i].t >= after);
            after = c[i].t;
        }
        seen += n;
        arena_reset(a);
    }
    arena_free(a);
    assert_int_equal(seen, atomic_load(&w->sh->changes));
    return NULL;
}

static void together(enum store_backend backend)
{
    struct shared sh = {.b = suite_new(backend, 40)};
    struct worker w[WRITERS + READERS + 1];
    pthread_t thread[WRITERS + READERS + 1];
    for (unsigned i = 0; i < PAIRS; i++) {
        sh.pair[i] = store_rid_new(sh.b->s, 2);
        step_pair(&sh, &sh.b->op, i);
    }
    for (unsigned i = 0; i < WRITERS + READERS + 1; i++) {
        w[i] = (struct worker){.sh = &sh, .number = i};
        void *(*run)(void *) = i < WRITERS ? writer : i < WRITERS + READERS ? reader : follower;
        assert_int_equal(pthread_create(&thread[i], NULL, run, &w[i]), 0);
    }
    for (unsigned i = 0; i < WRITERS; i++)
        pthread_join(thread[i], NULL);
    atomic_store(&sh.stop, true);
    for (unsigned i = WRITERS; i < WRITERS + READERS + 1; i++)
        pthread_join(thread[i], NULL);
    suite_clear(sh.b);
    str n = STR_NONE;
    uint64_t counter = 0;
    assert_int_equal(atomic_load(&sh.created), STEPS);
    assert_int_equal(atomic_load(&sh.refused), STEPS * (WRITERS - 1));
    assert_int_equal(store_kv_get(&sh.b->op, sh.b->s, STR("counter"), &n), OK);
    assert_true(str_to_u64(n, UINT32_MAX, &counter));
    assert_int_equal(counter, atomic_load(&sh.steps));
    struct store_trail_check check;
    assert_int_equal(store_trail_verify(&sh.b->op, sh.b->s, &check), OK);
    assert_int_equal(check.entries, STEPS * WRITERS);
    assert_int_equal(check.bad_seq, 0);
    suite_free(sh.b);
}

static void *get_again(void *arg)
{
    struct shared *sh = arg;
    struct arena *a = arena_new(0);
    while (!atomic_load(&sh->stop)) {
        struct store_doc d;
        struct op op;
        op_init(&op, a, NULL, time_now());
        assert_int_equal(store_get(&op, sh->b->s, sh->pair[0], &d), OK);
        arena_reset(a);
    }
    arena_free(a);
    return NULL;
}

/* How often the log has started over, as its header counts. */
static unsigned log_round(const struct suite *b)
{
    unsigned char head[16] = {0};
    char path[100];
    snprintf(path, sizeof path, "%s/weft.db-wal", b->dir);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_in_range(fread(head, sizeof head, 1, f), 0, 1); /* an empty log is round 0 */
    (void)fclose(f);
    return (unsigned)head[14] << 8 | head[15];
}

static void put_random(struct suite *b, size_t n)
{
    struct store_commit c;
    suite_clear(b);
    struct store_tx *tx = store_tx_new(&b->op, b->s);
    char *body = arena_alloc(b->arena, n);
    random_bytes(body, n);
    struct store_put p = {
        .rid = store_rid_new(b->s, 1), .type = TYPE, .vid = 1, .body = str_make(body, n)};
    store_tx_put(tx, &p);
    assert_int_equal(store_commit(&b->op, tx, &c), OK);
}

/* The log goes back into the database and starts over, though somebody always reads. */
static void test_log_starts_over(void **state)
{
    enum { BODY = 400 << 10, DOCS = 130, WAIT_MS = 60000 };
    struct shared sh = {.b = suite_new(STORE_SQLITE, 0)};
    pthread_t thread[READERS];
    (void)state;
    sh.pair[0] = store_rid_new(sh.b->s, 2);
    step_pair(&sh, &sh.b->op, 0);
    for (unsigned i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, get_again, &sh), 0);
    unsigned before = log_round(sh.b);
    for (unsigned i = 0; i < DOCS; i++)
        put_random(sh.b, BODY);
    for (int64_t until = time_mono() + WAIT_MS; log_round(sh.b) == before;) {
        put_random(sh.b, 10);
        usleep(1000);
        assert_true(time_mono() < until);
    }
    atomic_store(&sh.stop, true);
    for (unsigned i = 0; i < READERS; i++)
        pthread_join(thread[i], NULL);
    suite_free(sh.b);
}

static void test_memory(void **state)
{
    (void)state;
    together(STORE_MEMORY);
}

static void test_sqlite(void **state)
{
    (void)state;
    together(STORE_SQLITE);
}

static void test_postgres(void **state)
{
    (void)state;
    together(STORE_POSTGRES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_memory), cmocka_unit_test(test_sqlite),
                                       cmocka_unit_test(test_log_starts_over),
                                       cmocka_unit_test(test_postgres)};
    cmocka_set_test_filter(suite_database() ? "*postgres" : NULL);
    cmocka_set_skip_filter(suite_database() ? NULL : "*postgres");
    return cmocka_run_group_tests_name("store.threads", tests, NULL, NULL);
}
