/* kill -9 under load: a child writes as fast as it can and says through a pipe what was
 * acknowledged; it is killed at a random moment; then everything acknowledged must be there, no
 * transaction half, the trail whole, and a search must find exactly the current documents; looks
 * that were acknowledged are in the trail once. ROUNDS=n kills n times. */
#include "../20-store/store_suite.h"

#include "base/uuid.h"
#include "base/vec.h"

#include <signal.h>
#include <sys/wait.h>

#define TYPE 3
#define KILLS 20u
#define BATCH 5u

struct note {
    uint64_t rid; /* first of BATCH resources */
    uint32_t vid;
    uint32_t pad;
};

struct pending {
    struct arena *arena;
    struct note note;
    int fd;
};

static void done(void *ctx, err result, const struct store_commit *c)
{
    struct pending *p = ctx;
    (void)c;
    if (result == OK && write(p->fd, &p->note, sizeof p->note) != (ssize_t)sizeof p->note)
        _exit(3);
    arena_free(p->arena);
    free(p);
}

static str body_of(struct arena *a, uint64_t rid, uint32_t vid)
{
    return arena_printf(a, "{\"n\":%llu,\"version\":%u}", (unsigned long long)rid, vid);
}

/* Creates five, or writes the next version of five; deleted every fourth version. */
static void submit(struct store *s, int fd, struct note note)
{
    struct pending *p = calloc(1, sizeof *p);
    struct op op;
    *p = (struct pending){.arena = arena_new(0), .note = note, .fd = fd};
    op_init(&op, p->arena, NULL, time_now());
    struct store_tx *tx = store_tx_new(&op, s);
    for (uint64_t i = 0; i < BATCH; i++) {
        str *keys = ARENA_ARRAY(p->arena, str, 3);
        keys[0] = suite_key(p->arena, 1, note.rid + i);
        keys[1] = suite_key(p->arena, 2, note.vid);
        keys[2] = suite_key(p->arena, 3, (note.rid + i) % 10);
        struct store_put put = {.rid = note.rid + i,
                                .type = TYPE,
                                .vid = note.vid,
                                .deleted = note.vid % 4 == 0,
                                .comp = 1 + note.rid % 7,
                                .body = body_of(p->arena, note.rid + i, note.vid),
                                .keys = keys,
                                .n_keys = 3};
        store_tx_put(tx, &put);
    }
    store_tx_trail(tx, STR("wrote five"), NULL, 0);
    store_tx_outbox(tx, STR("q"), 0, STR("tell"));
    store_submit(&op, tx, done, p);
}

static void child(struct suite *b, int fd, uint64_t seed)
{
    struct store *s = NULL;
    struct note notes[400];
    size_t n = 0;
    b->op = (struct op){.arena = b->arena};
    suite_clear(b);
    if (store_open(&b->op, &b->o, &s) != OK)
        _exit(2);
    for (uint64_t i = seed;; i++) {
        bool fresh = n < 400 && i % 3;
        size_t at = fresh ? n++ : i * 7 % (n ? n : 1);
        if (fresh || n == 0) {
            notes[at] = (struct note){.rid = store_rid_new(s, BATCH)};
            n += n == 0;
        }
        notes[at].vid++;
        submit(s, fd, notes[at]);
    }
}

typedef VEC(struct note) note_vec;

static void check_note(struct suite *b, const struct note *note)
{
    struct store_doc d;
    for (uint64_t i = 0; i < BATCH; i++) {
        suite_clear(b);
        assert_int_equal(store_get_version(&b->op, b->s, note->rid + i, note->vid, &d), OK);
        assert_true(str_eq(d.body, body_of(b->arena, note->rid + i, note->vid)));
    }
}

static bool found_by(struct suite *b, uint64_t comp, uint16_t param, uint64_t value, uint64_t rid)
{
    struct store_range r = suite_range(b->arena, param, value, 1);
    struct store_clause clauses[] = {{.ranges = &r, .n_ranges = 1},
                                     {.kind = CLAUSE_RIDS, .rids = &rid, .n_rids = 1}};
    struct store_query q = {
        .type = TYPE, .comp = comp, .clauses = clauses, .n_clauses = 2, .limit = 2};
    struct store_found f = {.n = 0};
    assert_int_equal(store_search(&b->op, b->s, &q, &f), OK);
    return f.n == 1;
}

/* Every resource of the feed: whole batches, and keys that fit the newest version. */
static void check_keys(struct suite *b)
{
    struct store_stats st;
    struct store_query q = {.type = TYPE};
    struct store_found f = {.total = 0};
    uint64_t living = 0, versions = 0, after = 0;
    for (size_t n = 1; n;) {
        struct store_change *c = NULL;
        suite_clear(b);
        assert_int_equal(store_feed(&b->op, b->s, after, 200, &c, &n), OK);
        assert_int_equal(n % BATCH, 0);
        for (size_t i = 0; i < n; i++) {
            struct store_doc d;
            after = c[i].t;
            versions++;
            assert_int_equal(store_peek(&b->op, b->s, c[i].rid, &d), OK);
            if (d.vid != c[i].vid)
                continue;
            living += !d.deleted;
            assert_int_equal(found_by(b, 0, 1, d.rid, d.rid), !d.deleted);
            assert_int_equal(found_by(b, d.comp, 2, d.vid, d.rid), !d.deleted);
            assert_false(found_by(b, 0, 2, d.vid + 1, d.rid));
        }
    }
    suite_clear(b);
    assert_int_equal(store_search(&b->op, b->s, &q, &f), OK);
    assert_int_equal(f.total, living);
    store_stats(b->s, &st);
    assert_int_equal(st.resources, living);
    assert_int_equal(st.versions, versions);
}

static void one_kill(struct suite *b, note_vec *all, struct arena *a, uint64_t round)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        child(b, fds[1], round * 1000);
    }
    close(fds[1]);
    usleep((useconds_t)(20000 + random_u64() % 150000));
    struct note note;
    size_t before = all->n;
    kill(pid, SIGKILL);
    while (read(fds[0], &note, sizeof note) == (ssize_t)sizeof note)
        VEC_PUSH(a, all, note);
    close(fds[0]);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    suite_clear(b);
    assert_int_equal(store_open(&b->op, &b->o, &b->s), OK);
    for (size_t i = before; i < all->n; i++)
        check_note(b, &all->at[i]);
    struct store_trail_check check;
    suite_clear(b);
    assert_int_equal(store_trail_verify(&b->op, b->s, &check), OK);
    assert_int_equal(check.bad_seq, 0);
    assert_true(check.entries >= all->n);
    check_keys(b);
    store_close(b->s);
    b->s = NULL;
}

static void test_kill(void **state)
{
    (void)state;
    uint64_t rounds = 0;
    if (!str_to_u64(str_of(getenv("ROUNDS")), 100000, &rounds) || rounds == 0)
        rounds = KILLS;
    struct suite *b = suite_new(STORE_SQLITE, 400);
    struct arena *a = arena_new(0);
    note_vec all = {.n = 0};
    store_close(b->s);
    b->s = NULL;
    for (uint64_t i = 0; i < rounds; i++)
        one_kill(b, &all, a, i);
    print_message("%zu transactions acknowledged over %llu kills\n", all.n,
                  (unsigned long long)rounds);
    assert_true(all.n > rounds);
    for (size_t i = 0; i < all.n; i++) { /* and still there in the end */
        if (!b->s) {
            suite_clear(b);
            assert_int_equal(store_open(&b->op, &b->o, &b->s), OK);
        }
        check_note(b, &all.at[i]);
    }
    arena_free(a);
    suite_free(b);
}

/* ---- looks ---- */

struct looked {
    int fd;
    uint32_t n;
};

static void look_done(void *ctx, err result)
{
    struct looked *l = ctx;
    if (result == OK && write(l->fd, &l->n, sizeof l->n) != (ssize_t)sizeof l->n)
        _exit(3);
    free(l);
}

/* Looks without an end, a few at once; every 100th time there is a transaction too, so that they
 * meet in a commit. */
static void looker(struct suite *b, int fd, uint32_t from)
{
    struct store *s = NULL;
    suite_clear(b);
    if (store_open(&b->op, &b->o, &s) != OK)
        _exit(2);
    uint64_t ticket = 0;
    for (uint32_t n = from;; n++) {
        struct looked *l = malloc(sizeof *l);
        struct store_commit c;
        suite_clear(b);
        str key = suite_key(b->arena, 9, n);
        *l = (struct looked){fd, n};
        if (store_trail_append(&b->op, s, STR("looked"), &key, 1, &ticket) != OK)
            _exit(4);
        store_trail_on_durable(s, (struct tickets){ticket, ticket}, look_done, l);
        if (n % 7 == 0 && store_trail_wait(&b->op, s, (struct tickets){ticket, ticket}) != OK)
            _exit(5);
        if (n % 100)
            continue;
        struct store_tx *tx = store_tx_new(&b->op, s);
        store_tx_kv(tx, STR("name"), STR("value"));
        store_tx_trail(tx, STR("wrote"), NULL, 0);
        if (store_commit(&b->op, tx, &c) != OK)
            _exit(6);
    }
}

static size_t found_looks(struct suite *b, uint32_t n)
{
    struct store_trail_entry *all = NULL;
    struct store_range r = suite_range(b->arena, 9, n, 1);
    size_t found = 0;
    assert_int_equal(store_trail_find(&b->op, b->s, &r, 0, 5, &all, &found), OK);
    return found;
}

static uint32_t kill_looker(struct suite *b, uint32_t from)
{
    int fds[2], status = 0;
    uint32_t n, newest = from;
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        looker(b, fds[1], from);
    }
    close(fds[1]);
    usleep((useconds_t)(20000 + random_u64() % 150000));
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    suite_clear(b);
    assert_int_equal(store_open(&b->op, &b->o, &b->s), OK);
    while (read(fds[0], &n, sizeof n) == (ssize_t)sizeof n) {
        assert_int_equal(found_looks(b, n), 1);
        newest = n > newest ? n : newest;
        suite_clear(b);
    }
    close(fds[0]);
    struct store_trail_check check;
    assert_int_equal(store_trail_verify(&b->op, b->s, &check), OK);
    assert_int_equal(check.bad_seq, 0);
    assert_true(found_looks(b, newest + 1) <= 1); /* on disk, not yet told */
    store_close(b->s);
    b->s = NULL;
    return newest + 100000; /* numbers in flight are not used again */
}

static void test_kill_looks(void **state)
{
    (void)state;
    uint64_t rounds = 0;
    if (!str_to_u64(str_of(getenv("ROUNDS")), 10000, &rounds) || rounds == 0)
        rounds = KILLS;
    struct suite *b = suite_new(STORE_SQLITE, 400);
    store_close(b->s);
    b->s = NULL;
    uint32_t from = 1;
    for (uint64_t i = 0; i < rounds; i++)
        from = kill_looker(b, from);
    assert_true(from > rounds);
    suite_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kill),
                                       cmocka_unit_test(test_kill_looks)};
    return cmocka_run_group_tests_name("crash.store", tests, NULL, NULL);
}
