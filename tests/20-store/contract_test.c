/* The contract of store.h, sentence by sentence, over every back end. */
#include "store/near.h"
#include "store_suite.h"

static enum store_backend backend_of(void **state)
{
    return **(enum store_backend **)state;
}

static struct suite *fresh(void **state)
{
    return suite_new(backend_of(state), 50);
}

static err put(struct suite *b, uint64_t rid, uint32_t vid, const char *client, const char *body)
{
    struct store_tx *tx = store_tx_new(&b->op, b->s);
    struct store_put p = {
        .rid = rid, .type = 9, .vid = vid, .client_id = str_of(client), .body = str_of(body)};
    str key = suite_key(b->arena, 1, vid);
    struct store_commit c;
    p.keys = &key;
    p.n_keys = 1;
    store_tx_put(tx, &p);
    return store_commit(&b->op, tx, &c);
}

static void versions(void **state)
{
    struct suite *b = fresh(state);
    uint64_t rid = store_rid_new(b->s, 1);
    struct store_doc d, *all = NULL;
    size_t n = 0;
    assert_int_equal(put(b, rid, 1, "ann", "one"), OK);
    suite_clear(b);
    assert_int_equal(put(b, rid, 1, NULL, "again"), ERR_PRECONDITION);
    suite_clear(b);
    assert_int_equal(put(b, rid, 3, NULL, "gap"), ERR_PRECONDITION);
    suite_clear(b);
    assert_int_equal(put(b, rid, 2, NULL, "two"), OK);
    assert_int_equal(store_get(&b->op, b->s, rid, &d), OK);
    assert_int_equal(d.vid, 2);
    assert_true(str_eq(d.body, STR("two")));
    assert_true(str_eq(d.client_id, STR("ann")));
    assert_int_equal(store_get_version(&b->op, b->s, rid, 1, &d), OK);
    assert_true(str_eq(d.body, STR("one")));
    assert_int_equal(store_get_version(&b->op, b->s, rid, 3, &d), ERR_NOT_FOUND);
    suite_clear(b);
    assert_int_equal(store_get_at(&b->op, b->s, rid, 1, &d), OK);
    assert_int_equal(d.vid, 1);
    assert_int_equal(store_get_at(&b->op, b->s, rid, 0, &d), ERR_NOT_FOUND);
    suite_clear(b);
    assert_int_equal(store_history(&b->op, b->s, rid, 2, 10, &all, &n), OK);
    assert_int_equal(n, 1);
    assert_int_equal(all[0].vid, 1);
    assert_int_equal(store_get(&b->op, b->s, rid + 77777, &d), ERR_NOT_FOUND);
    suite_free(b);
}

static size_t told(struct suite *b, uint64_t rid)
{
    struct store_change *c = NULL;
    size_t n = 0, lines = 0;
    assert_int_equal(store_feed(&b->op, b->s, 0, 100, &c, &n), OK);
    for (size_t i = 0; i < n; i++)
        lines += c[i].rid == rid;
    return lines;
}

static void only_the_newest(struct suite *b, uint64_t rid, uint64_t other)
{
    struct store_doc d, *all = NULL;
    struct store_stats st;
    uint64_t found = 0;
    size_t n = 0;
    for (uint32_t vid = 1; vid < 4; vid++) {
        assert_int_equal(store_get_version(&b->op, b->s, rid, vid, &d), ERR_NOT_FOUND);
        op_clear(&b->op);
    }
    assert_int_equal(store_get_at(&b->op, b->s, rid, 3, &d), ERR_NOT_FOUND);
    op_clear(&b->op);
    assert_int_equal(store_history(&b->op, b->s, rid, 0, 10, &all, &n), OK);
    assert_int_equal(n, 1);
    assert_int_equal(all[0].vid, 4);
    assert_true(str_eq(all[0].body, STR("four")) && str_eq(all[0].client_id, STR("ann")));
    assert_int_equal(store_find_id(&b->op, b->s, 9, STR("ann"), &found), OK);
    assert_int_equal(found, rid);
    assert_int_equal(told(b, rid), 1);
    assert_int_equal(store_history(&b->op, b->s, other, 0, 10, &all, &n), OK);
    assert_int_equal(n, 2); /* nobody else's went */
    assert_int_equal(told(b, other), 2);
    store_stats(b->s, &st);
    assert_int_equal(st.versions, 3);
    assert_int_equal(st.resources, 2);
}

/* A version that is to stand alone takes those before it along, with what the feed said of them. */
static void one_that_stands_alone(void **state)
{
    struct suite *b = fresh(state);
    uint64_t rid = store_rid_new(b->s, 2);
    struct store_commit c;
    assert_int_equal(put(b, rid, 1, "ann", "one"), OK);
    assert_int_equal(put(b, rid, 2, NULL, "two"), OK);
    assert_int_equal(put(b, rid + 1, 1, NULL, "another's"), OK);
    assert_int_equal(put(b, rid + 1, 2, NULL, "another's"), OK);
    struct store_tx *tx = store_tx_new(&b->op, b->s);
    str key = suite_key(b->arena, 1, 3);
    struct store_put p = {.rid = rid,
                          .type = 9,
                          .vid = 2, /* somebody was faster: nothing goes */
                          .alone = true,
                          .body = STR("four"),
                          .keys = &key,
                          .n_keys = 1};
    store_tx_put(tx, &p);
    assert_int_equal(store_commit(&b->op, tx, &c), ERR_PRECONDITION);
    op_clear(&b->op);
    assert_int_equal(told(b, rid), 2);
    assert_int_equal(put(b, rid, 3, NULL, "three"), OK);
    p.vid = 4;
    tx = store_tx_new(&b->op, b->s);
    store_tx_put(tx, &p);
    store_tx_trail(tx, STR("three versions went"), NULL, 0);
    assert_int_equal(store_commit(&b->op, tx, &c), OK);
    only_the_newest(b, rid, rid + 1);
    if (b->backend != STORE_MEMORY) {
        suite_reopen(b);
        only_the_newest(b, rid, rid + 1);
    }
    assert_int_equal(put(b, rid, 5, NULL, "five"), OK);
    suite_free(b);
}

static void client_ids(void **state)
{
    struct suite *b = fresh(state);
    uint64_t rid = store_rid_new(b->s, 2), got = 0;
    assert_int_equal(put(b, rid, 1, "ann", "x"), OK);
    assert_int_equal(put(b, rid + 1, 1, "ann", "y"), ERR_CONFLICT);
    suite_clear(b);
    assert_int_equal(put(b, rid + 1, 1, "bob", "y"), OK);
    assert_int_equal(store_find_id(&b->op, b->s, 9, STR("bob"), &got), OK);
    assert_int_equal(got, rid + 1);
    assert_int_equal(store_find_id(&b->op, b->s, 8, STR("bob"), &got), ERR_NOT_FOUND);
    suite_free(b);
}

static void made_ids(void **state)
{
    struct suite *b = fresh(state);
    char id[STORE_ID_LEN], other[STORE_ID_LEN];
    uint64_t rid = 0;
    for (uint64_t i = 1; i < 5000; i += 7) {
        store_id_format(b->s, i, id);
        assert_true(store_id_parse(b->s, str_make(id, sizeof id), &rid));
        assert_int_equal(rid, i);
        id[i % STORE_ID_LEN] = id[i % STORE_ID_LEN] == 'z' ? 'y' : 'z';
        store_id_format(b->s, i, other);
        if (memcmp(id, other, sizeof id) != 0)
            assert_false(store_id_parse(b->s, str_make(id, sizeof id), &rid));
    }
    assert_false(store_id_parse(b->s, STR("short"), &rid));
    assert_false(store_id_parse(b->s, STR("UPPERCASEISWRONG"), &rid));
    assert_int_not_equal(store_blind(b->s, STR("a"), STR("bc")),
                         store_blind(b->s, STR("ab"), STR("c")));
    suite_free(b);
}

static void expectations(void **state)
{
    struct suite *b = fresh(state);
    uint64_t rid = store_rid_new(b->s, 3);
    struct store_commit c;
    assert_int_equal(put(b, rid, 1, NULL, "x"), OK);
    struct store_range r = suite_range(b->arena, 1, 1, 1);
    struct store_clause clause = {.ranges = &r, .n_ranges = 1};
    struct store_query q = {.type = 9, .clauses = &clause, .n_clauses = 1};
    struct store_tx *tx = store_tx_new(&b->op, b->s);
    store_tx_expect_none(tx, &q);
    store_tx_kv(tx, STR("a"), STR("1"));
    assert_int_equal(store_commit(&b->op, tx, &c), ERR_CONFLICT);
    op_clear(&b->op);
    tx = store_tx_new(&b->op, b->s);
    store_tx_expect_version(tx, rid, 2);
    store_tx_kv(tx, STR("a"), STR("1"));
    assert_int_equal(store_commit(&b->op, tx, &c), ERR_PRECONDITION);
    op_clear(&b->op);
    str v = STR_NONE;
    assert_int_equal(store_kv_get(&b->op, b->s, STR("a"), &v), ERR_NOT_FOUND);
    op_clear(&b->op);
    tx = store_tx_new(&b->op, b->s);
    store_tx_expect_version(tx, rid, 1);
    store_tx_expect_version(tx, rid + 1, 0);
    store_tx_expect_kv(tx, STR("a"), STR_NONE);
    store_tx_kv(tx, STR("a"), STR("1"));
    assert_int_equal(store_commit(&b->op, tx, &c), OK);
    tx = store_tx_new(&b->op, b->s);
    store_tx_expect_kv(tx, STR("a"), STR("2"));
    store_tx_kv(tx, STR("a"), STR("3"));
    assert_int_equal(store_commit(&b->op, tx, &c), ERR_CONFLICT);
    suite_free(b);
}

static void twice_in_one(void **state)
{
    struct suite *b = fresh(state);
    uint64_t rid = store_rid_new(b->s, 2);
    struct store_commit c;
    struct store_put p = {.rid = rid, .type = 9, .vid = 1, .body = STR("x")};
    struct store_tx *tx = store_tx_new(&b->op, b->s);
    store_tx_put(tx, &p);
    store_tx_put(tx, &p);
    assert_int_equal(store_commit(&b->op, tx, &c), ERR_INVALID);
    op_clear(&b->op);
    tx = store_tx_new(&b->op, b->s);
    p.client_id = STR("same");
    store_tx_put(tx, &p);
    p.rid++;
    store_tx_put(tx, &p);
    assert_int_equal(store_commit(&b->op, tx, &c), ERR_CONFLICT);
    suite_free(b);
}

static void named_values(void **state)
{
    struct suite *b = fresh(state);
    struct store_commit c;
    struct store_tx *tx = store_tx_new(&b->op, b->s);
    str *keys = NULL, v = STR_NONE;
    size_t n = 0;
    store_tx_kv(tx, STR("user/zoe"), STR("z"));
    store_tx_kv(tx, STR("user/ann"), STR("a"));
    store_tx_kv(tx, STR("token/ann"), STR("t"));
    assert_int_equal(store_commit(&b->op, tx, &c), OK);
    assert_int_equal(store_kv_list(&b->op, b->s, STR("user/"), 10, &keys, &n), OK);
    assert_int_equal(n, 2);
    assert_true(str_eq(keys[0], STR("user/ann")));
    assert_int_equal(store_kv_list(&b->op, b->s, STR(""), 10, &keys, &n), OK);
    assert_int_equal(n, 3);
    assert_int_equal(store_kv_list(&b->op, b->s, STR("u"), 1, &keys, &n), OK);
    assert_int_equal(n, 1);
    tx = store_tx_new(&b->op, b->s);
    store_tx_kv(tx, STR("user/ann"), STR_NONE);
    assert_int_equal(store_commit(&b->op, tx, &c), OK);
    assert_int_equal(store_kv_get(&b->op, b->s, STR("user/ann"), &v), ERR_NOT_FOUND);
    op_clear(&b->op);
    assert_int_equal(store_kv_get(&b->op, b->s, STR("user/zoe"), &v), OK);
    assert_true(str_eq(v, STR("z")));
    suite_free(b);
}

static void assert_value(struct suite *b, const char *key, const char *near, const char *want)
{
    str v = STR_NONE;
    assert_int_equal(store_kv_find_near(&b->op, b->s, str_of(key), str_of(near), &v), OK);
    assert_true(str_eq(v, str_of(want)));
    assert_int_equal(store_kv_find(&b->op, b->s, str_of(key), &v), OK);
    assert_true(str_eq(v, str_of(want)));
}

/* A value that is told beside which it lies is the same value. */
static void named_values_beside_others(void **state)
{
    static const char *const nears[] = {"home", "away", "ann", ""};
    struct suite *b = fresh(state);
    struct store_commit c;
    for (size_t i = 0; i < sizeof nears / sizeof *nears; i++) {
        str near = str_of(nears[i]), was = i ? str_of(nears[i - 1]) : STR_NONE;
        struct store_tx *tx = store_tx_new(&b->op, b->s);
        store_tx_expect_kv_near(tx, STR("ann"), near, STR("never"));
        assert_int_equal(store_commit(&b->op, tx, &c), ERR_CONFLICT);
        op_clear(&b->op);
        tx = store_tx_new(&b->op, b->s);
        store_tx_kv(tx, STR("home"), STR("here"));
        store_tx_expect_kv_near(tx, STR("ann"), near, was);
        store_tx_kv_near(tx, STR("ann"), near, i + 1 < 4 ? near : STR("plain"));
        assert_int_equal(store_commit(&b->op, tx, &c), OK);
        if (b->backend != STORE_MEMORY)
            suite_reopen(b); /* by the back end, not by what is remembered */
        for (size_t k = 0; k < sizeof nears / sizeof *nears; k++)
            assert_value(b, "ann", nears[k], i + 1 < 4 ? nears[i] : "plain");
        assert_value(b, "home", "ann", "here");
        if (i + 2 == sizeof nears / sizeof *nears) { /* the last round finds none */
            tx = store_tx_new(&b->op, b->s);
            store_tx_kv_near(tx, STR("ann"), STR("away"), STR_NONE);
            assert_int_equal(store_commit(&b->op, tx, &c), OK);
            assert_value(b, "ann", "home", "");
            tx = store_tx_new(&b->op, b->s);
            store_tx_kv(tx, STR("ann"), near);
            assert_int_equal(store_commit(&b->op, tx, &c), OK);
        }
    }
    suite_free(b);
}

/* Each value once, however small the slices, and only those of the prefix. */
static void named_values_by_pages(void **state)
{
    struct suite *b = fresh(state);
    struct store_commit c;
    struct store_tx *tx = store_tx_new(&b->op, b->s);
    for (int i = 0; i < 25; i++)
        store_tx_kv(tx, arena_printf(b->op.arena, "room/%s/%d", i % 5 ? "mon" : "case", i),
                    arena_printf(b->op.arena, "v%d", i));
    store_tx_kv(tx, STR("token/ann"), STR("t"));
    assert_int_equal(store_commit(&b->op, tx, &c), OK);
    for (size_t slice = 1; slice <= 32; slice *= 2) {
        uint32_t seen = 0;
        str at = STR_NONE;
        do {
            struct store_named *rows;
            size_t n;
            assert_int_equal(store_kv_page(&b->op, b->s, STR("room/mon/"), &at, slice, &rows, &n),
                             OK);
            assert_true(n <= slice);
            for (size_t i = 0; i < n; i++) {
                uint64_t v = 0;
                assert_true(str_starts(rows[i].name, STR("room/mon/")));
                assert_true(str_to_u64(str_sub(rows[i].value, 1, rows[i].value.n), 24, &v));
                assert_int_equal(seen >> v & 1, 0);
                seen |= 1u << v;
            }
        } while (at.n);
        assert_int_equal(__builtin_popcount(seen), 20);
    }
    suite_free(b);
}

static void outbox(void **state)
{
    struct suite *b = fresh(state);
    struct store_commit c;
    struct store_job *jobs = NULL;
    size_t n = 0;
    struct store_tx *tx = store_tx_new(&b->op, b->s);
    store_tx_outbox(tx, STR("sms"), b->op.now - 5, STR("first"));
    store_tx_outbox(tx, STR("sms"), b->op.now + 100000, STR("later"));
    store_tx_outbox(tx, STR("mail"), 0, STR("other"));
    assert_int_equal(store_commit(&b->op, tx, &c), OK);
    assert_int_equal(store_outbox_take(&b->op, b->s, STR("sms"), 1000, 10, &jobs, &n), OK);
    assert_int_equal(n, 1);
    assert_true(str_eq(jobs[0].body, STR("first")));
    assert_int_equal(jobs[0].attempts, 1);
    uint64_t job = jobs[0].job;
    assert_int_equal(store_outbox_take(&b->op, b->s, STR("sms"), 1000, 10, &jobs, &n), OK);
    assert_int_equal(n, 0); /* leased */
    b->op.now += 2000;
    assert_int_equal(store_outbox_take(&b->op, b->s, STR("sms"), 1000, 10, &jobs, &n), OK);
    assert_int_equal(n, 1);
    assert_int_equal(jobs[0].attempts, 2);
    tx = store_tx_new(&b->op, b->s);
    store_tx_outbox_later(tx, job, b->op.now + 50, STR("changed"));
    assert_int_equal(store_commit(&b->op, tx, &c), OK);
    assert_int_equal(store_outbox_list(&b->op, b->s, STR("sms"), 10, &jobs, &n), OK);
    assert_int_equal(n, 2);
    assert_true(str_eq(jobs[0].body, STR("changed")));
    tx = store_tx_new(&b->op, b->s);
    store_tx_outbox_done(tx, job);
    assert_int_equal(store_commit(&b->op, tx, &c), OK);
    tx = store_tx_new(&b->op, b->s);
    store_tx_outbox_done(tx, job);
    assert_int_equal(store_commit(&b->op, tx, &c), ERR_CONFLICT);
    suite_free(b);
}

static void feed(void **state)
{
    struct suite *b = fresh(state);
    uint64_t rid = store_rid_new(b->s, 10);
    struct store_change *ch = NULL;
    size_t n = 0;
    for (uint64_t i = 0; i < 10; i++)
        assert_int_equal(put(b, rid + i, 1, NULL, "x"), OK);
    assert_int_equal(put(b, rid, 2, NULL, "y"), OK);
    assert_int_equal(store_feed(&b->op, b->s, 8, 100, &ch, &n), OK);
    assert_int_equal(n, 3);
    assert_int_equal(ch[0].t, 9);
    assert_int_equal(ch[2].kind, CHANGE_UPDATE);
    assert_true(ch[0].time <= ch[2].time);
    assert_true(store_feed_wait(b->s, 10, 0));
    assert_false(store_feed_wait(b->s, 11, 1));
    struct store_tx *tx = store_tx_new(&b->op, b->s);
    struct store_commit c;
    store_tx_kv(tx, STR("cursor"), STR("11")); /* no change: wakes no follower */
    assert_int_equal(store_commit(&b->op, tx, &c), OK);
    assert_false(store_feed_wait(b->s, 11, 1));
    assert_int_equal(store_now_t(b->s), 12);
    suite_free(b);
}

static void count_down(void *ctx, err result)
{
    *(int *)ctx -= result == OK;
}

static void trail(void **state)
{
    struct suite *b = fresh(state);
    struct store_trail_entry t, *all = NULL;
    struct store_trail_check check;
    uint64_t ticket = 0;
    size_t n = 0;
    int open = 200;
    for (uint64_t i = 0; i < 200; i++) {
        str key = suite_key(b->arena, 3, i % 4);
        assert_int_equal(store_trail_append(&b->op, b->s, STR("looked"), &key, 1, &ticket), OK);
        store_trail_on_durable(b->s, (struct tickets){ticket, ticket}, count_down, &open);
    }
    assert_int_equal(store_trail_wait(&b->op, b->s, (struct tickets){ticket, ticket}), OK);
    struct store_tx *tx = store_tx_new(&b->op, b->s);
    struct store_commit c;
    str key = suite_key(b->arena, 3, 1);
    store_tx_trail(tx, STR("wrote"), &key, 1);
    assert_int_equal(store_commit(&b->op, tx, &c), OK);
    assert_int_equal(open, 0);
    assert_int_equal(store_trail_read(&b->op, b->s, 201, &t), OK);
    assert_true(str_eq(t.entry, STR("wrote")));
    assert_int_equal(store_trail_read(&b->op, b->s, 202, &t), ERR_NOT_FOUND);
    op_clear(&b->op);
    struct store_range r = suite_range(b->arena, 3, 1, 1), wide = suite_range(b->arena, 3, 0, 4);
    assert_int_equal(store_trail_find(&b->op, b->s, &r, 0, 100, &all, &n), OK);
    assert_int_equal(n, 51);
    assert_int_equal(all[0].seq, 201);
    assert_int_equal(all[1].seq, 198);
    assert_int_equal(store_trail_find(&b->op, b->s, &wide, 100, 30, &all, &n), OK);
    assert_int_equal(n, 30);
    assert_int_equal(all[0].seq, 99);
    assert_int_equal(store_trail_find(&b->op, b->s, NULL, 10, 30, &all, &n), OK);
    assert_int_equal(n, 9);
    assert_int_equal(store_trail_verify(&b->op, b->s, &check), OK);
    assert_int_equal(check.entries, 201);
    assert_int_equal(check.bad_seq, 0);
    suite_free(b);
}

static void submitted(void *ctx, err result, const struct store_commit *c)
{
    (void)c;
    __atomic_fetch_add((int *)ctx + (result != OK), 1, __ATOMIC_SEQ_CST);
}

static void submitting(void **state)
{
    struct suite *b = fresh(state);
    uint64_t rid = store_rid_new(b->s, 100);
    int counts[2] = {0, 0};
    for (uint64_t i = 0; i < 100; i++) {
        struct store_tx *tx = store_tx_new(&b->op, b->s);
        struct store_put p = {.rid = rid + i, .type = 9, .vid = i % 10 == 9 ? 2 : 1};
        store_tx_put(tx, &p);
        store_submit(&b->op, tx, submitted, counts);
    }
    store_close(b->s); /* waits for what was submitted */
    b->s = NULL;
    assert_int_equal(counts[0], 90);
    assert_int_equal(counts[1], 10);
    suite_free(b);
}

static void pages(void **state)
{
    struct suite *b = fresh(state);
    struct store_query q = {.type = 9, .limit = 1, .after = STR("zz")};
    struct store_found f;
    assert_int_equal(store_search(&b->op, b->s, &q, &f), ERR_INVALID);
    suite_clear(b);
    q.limit = 1000000;
    assert_int_equal(store_search(&b->op, b->s, &q, &f), ERR_TOO_COSTLY);
    suite_clear(b);
    q = (struct store_query){.type = 9};
    assert_int_equal(store_search(&b->op, b->s, &q, &f), OK);
    assert_int_equal(f.total, 0);
    suite_free(b);
}

static void keys_back(void **state)
{
    struct suite *b = fresh(state);
    uint64_t rid = store_rid_new(b->s, 1);
    str *keys = NULL;
    size_t n = 0;
    assert_int_equal(put(b, rid, 1, NULL, "x"), OK);
    assert_int_equal(put(b, rid, 2, NULL, "x"), OK);
    assert_int_equal(store_keys(&b->op, b->s, rid, &keys, &n), OK);
    assert_int_equal(n, 1);
    assert_true(str_eq(keys[0], suite_key(b->arena, 1, 2)));
    suite_free(b);
}

static enum store_backend memory = STORE_MEMORY, sqlite = STORE_SQLITE, postgres = STORE_POSTGRES;

#define ALL(fn)                                                                                    \
    {"memory: " #fn, fn, NULL, NULL, &memory}, {"sqlite: " #fn, fn, NULL, NULL, &sqlite},          \
    {                                                                                              \
        "postgres: " #fn, fn, NULL, NULL, &postgres                                                \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {ALL(versions),
                                       ALL(one_that_stands_alone),
                                       ALL(client_ids),
                                       ALL(made_ids),
                                       ALL(expectations),
                                       ALL(twice_in_one),
                                       ALL(named_values),
                                       ALL(named_values_by_pages),
                                       ALL(named_values_beside_others),
                                       ALL(outbox),
                                       ALL(feed),
                                       ALL(trail),
                                       ALL(submitting),
                                       ALL(pages),
                                       ALL(keys_back)};
    cmocka_set_test_filter(suite_database() ? "postgres*" : NULL);
    cmocka_set_skip_filter(suite_database() ? NULL : "postgres*");
    return cmocka_run_group_tests_name("store.contract", tests, NULL, NULL);
}
