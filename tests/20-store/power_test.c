/* Power cuts: while transactions, looks, merges, checkpoints, key rotations and erasures go on, the
 * disk is cut at a random write or sync (power_disk.h), and what it holds is opened: everything
 * acknowledged is there, no transaction half, the trail is whole, searches find what is there.
 * WEFT_SOAK_MINUTES: goes on so long. */
#include "faulty_vfs.h"
#include "power_disk.h"
#include "store/backup.h"
#include "store_suite.h"

#include "base/uuid.h"

#include <pthread.h>
#include <stdatomic.h>

#define TYPE 3
#define CUTS 10u /* of one store */
#define STORES 1u
#define PAIRS 60000u
#define BIG ((size_t)60 << 10)
#define GONE 50u /* patients to be erased, from number FIRST_GONE on */

struct run {
    struct suite *b;
    _Atomic bool stop;
    _Atomic uint64_t pairs, looks, trail, turns, erased; /* acknowledged */
    uint64_t rids[PAIRS];
    uint64_t gone[GONE];
    struct { /* when the power went */
        uint64_t pairs, looks, trail, erased;
    } at;
};

static bool put_pair(struct op *op, struct run *r, uint64_t rid, uint64_t comp, size_t big)
{
    struct store_tx *tx = store_tx_new(op, r->b->s);
    struct store_commit c;
    char *body = arena_alloc(op->arena, big + 40);
    for (uint64_t i = 0; i < 2; i++) {
        str *key = ARENA_NEW(op->arena, str);
        int n = snprintf(body, 40, "{\"number\":%llu}", (unsigned long long)rid);
        random_bytes(body + n, big); /* so that the log fills, and goes back */
        *key = suite_key(op->arena, 1, rid);
        struct store_put p = {.rid = rid + i,
                              .type = TYPE,
                              .vid = 1,
                              .comp = comp,
                              .body = str_make(body, (size_t)n + big),
                              .keys = key,
                              .n_keys = 1};
        store_tx_put(tx, &p);
    }
    store_tx_trail(tx, STR("wrote two"), NULL, 0);
    bool good = store_commit(op, tx, &c) == OK;
    if (!good)
        print_message("%.*s\n", STR_ARG(op->fault.issues[0].message));
    return good;
}

static void *write_pairs(void *ctx)
{
    struct run *r = ctx;
    struct arena *a = arena_new(0);
    for (uint64_t i = 0; i < PAIRS && !atomic_load(&r->stop); i++) {
        struct op op;
        arena_reset(a);
        op_init(&op, a, NULL, time_now());
        r->rids[i] = store_rid_new(r->b->s, 2);
        if (!put_pair(&op, r, r->rids[i], 0, i % 4 ? 60 : BIG))
            break;
        atomic_fetch_add(&r->trail, 1);
        atomic_store(&r->pairs, i + 1);
        if (i % 64 == 63)
            usleep(80000); /* looks alone: in the spool and nowhere else */
    }
    arena_free(a);
    return NULL;
}

static void *look(void *ctx)
{
    struct run *r = ctx;
    struct arena *a = arena_new(0);
    for (uint64_t n = 0; !atomic_load(&r->stop); n += 3) {
        struct op op;
        struct tickets owed = {0, 0};
        arena_reset(a);
        op_init(&op, a, NULL, time_now());
        for (uint64_t i = 0; i < 3; i++) {
            str key = suite_key(a, 9, n + i);
            if (store_trail_append(&op, r->b->s, STR("looked"), &key, 1, &owed.last) != OK)
                return NULL;
            owed.first = owed.first ? owed.first : owed.last;
        }
        if (store_trail_wait(&op, r->b->s, owed) != OK)
            break;
        atomic_fetch_add(&r->trail, 3);
        atomic_store(&r->looks, n + 3);
        usleep(200);
    }
    arena_free(a);
    return NULL;
}

/* New master keys, sometimes new data keys, and a patient less. */
static void *turn(void *ctx)
{
    struct run *r = ctx;
    struct arena *a = arena_new(0);
    for (uint64_t n = 0; n < GONE && !atomic_load(&r->stop);) {
        struct op op;
        arena_reset(a);
        op_init(&op, a, NULL, time_now());
        if (n % 2 && store_key_rotate(&op, r->b->s, n % 8 == 1) != OK)
            break;
        op_clear(&op);
        if (store_key_erase(&op, r->b->s, r->gone[n]) == OK) /* not while documents are resealed */
            atomic_store(&r->erased, ++n);
        usleep(20000);
    }
    arena_free(a);
    return NULL;
}

static void told(void *ctx)
{
    struct run *r = ctx;
    r->at.pairs = atomic_load(&r->pairs);
    r->at.looks = atomic_load(&r->looks);
    r->at.trail = atomic_load(&r->trail);
    r->at.erased = atomic_load(&r->erased);
}

static size_t found(struct suite *b, uint64_t rid)
{
    struct store_range range = suite_range(b->arena, 1, rid, 1);
    struct store_clause clause = {.ranges = &range, .n_ranges = 1};
    struct store_query q = {.type = TYPE, .clauses = &clause, .n_clauses = 1, .limit = 10};
    struct store_found f = {.n = 99};
    assert_int_equal(store_search(&b->op, b->s, &q, &f), OK);
    return f.n;
}

static void check_pair(struct suite *b, uint64_t rid, bool acknowledged)
{
    struct store_doc d;
    suite_clear(b);
    bool one = store_get(&b->op, b->s, rid, &d) == OK;
    bool two = store_get(&b->op, b->s, rid + 1, &d) == OK;
    op_clear(&b->op);
    assert_int_equal(one, two);
    assert_true(one || !acknowledged);
    assert_int_equal(found(b, rid), one ? 2 : 0);
}

/* What the disk held: everything of the last moments, some of before. */
static void check_image(struct run *r, const char *dir)
{
    struct suite b = {.backend = STORE_SQLITE, .arena = arena_new(0)};
    struct store_trail_check trail = {.entries = 0};
    b.o = (struct store_options){.backend = STORE_SQLITE, .dir = str_of(dir)};
    suite_clear(&b);
    err e = store_open(&b.op, &b.o, &b.s);
    if (e != OK)
        print_message("%s: %.*s\n", dir, STR_ARG(b.op.fault.issues[0].message));
    assert_int_equal(e, OK);
    assert_int_equal(store_trail_verify(&b.op, b.s, &trail), OK);
    assert_int_equal(trail.bad_seq, 0);
    assert_true(trail.entries >= r->at.trail);
    uint64_t n = r->at.pairs;
    for (uint64_t i = 0; i < n; i += i + 200 < n ? 17 : 1)
        check_pair(&b, r->rids[i], true);
    for (uint64_t i = n; i < n + 2 && r->rids[i]; i++)
        check_pair(&b, r->rids[i], false);
    n = r->at.looks;
    for (uint64_t i = 0; i < n; i += i + 100 < n ? 19 : 1) {
        struct store_range range = suite_range(b.arena, 9, i, 1);
        struct store_trail_entry *all = NULL;
        size_t got = 0;
        assert_int_equal(store_trail_find(&b.op, b.s, &range, 0, 5, &all, &got), OK);
        assert_int_equal(got, 1);
    }
    for (uint64_t i = 0; i < GONE; i++) {
        struct store_doc d;
        suite_clear(&b);
        e = store_get(&b.op, b.s, r->gone[i], &d);
        assert_true(e == ERR_NOT_FOUND || (e == OK && i >= r->at.erased));
    }
    suite_clear(&b);
    assert_true(put_pair(&b.op, &(struct run){.b = &b}, store_rid_new(b.s, 2), 0, 60));
    store_close(b.s);
    arena_free(b.arena);
}

/* Anywhere, or in the spool, the keys, the log, its copying into the database. */
static void cut_once(struct run *r, unsigned n)
{
    static const char *const where[] = {NULL, "spool", "keys.new", "weft.db-wal", "weft.db"};
    char dir[100];
    unsigned char pick[2];
    random_bytes(pick, sizeof pick);
    const char *name = where[n % 5];
    snprintf(dir, sizeof dir, "%s-cut", r->b->dir);
    power_cut_at(1 + (name ? pick[0] % (n % 5 == 2 ? 6u : 64u) : pick[0] * 4u + pick[1] % 4u), name,
                 dir, told, r);
    for (unsigned i = 0; i < 1500 && !power_was_cut(); i++) /* else wherever it is then */
        usleep(1000);
    power_cut_soon();
    while (!power_was_cut())
        usleep(1000);
    check_image(r, dir);
    test_folder_drop(dir);
}

static void cut_often(unsigned cuts)
{
    struct run *r = calloc(1, sizeof *r);
    pthread_t t[3];
    void *(*const work[])(void *) = {write_pairs, look, turn};
    r->b = suite_new(STORE_SQLITE, 64);
    for (unsigned i = 0; i < GONE; i++) {
        r->gone[i] = store_rid_new(r->b->s, 2);
        assert_true(put_pair(&r->b->op, r, r->gone[i], r->gone[i], 60));
        atomic_fetch_add(&r->trail, 1);
    }
    suite_reopen(r->b);
    power_on(r->b->dir);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&t[i], NULL, work[i], r), 0);
    for (unsigned i = 0; i < cuts; i++)
        cut_once(r, i);
    atomic_store(&r->stop, true);
    for (unsigned i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    power_off();
    print_message("%llu pairs, %llu looks, %llu erased\n", (unsigned long long)r->pairs,
                  (unsigned long long)r->looks, (unsigned long long)r->erased);
    suite_free(r->b);
    free(r);
}

static void test_power(void **state)
{
    (void)state;
    const char *soak = getenv("WEFT_SOAK_MINUTES");
    int64_t until = time_mono() + (soak ? strtol(soak, NULL, 10) * 60000 : 0);
    for (unsigned i = 0; i < STORES || time_mono() < until; i++)
        cut_often(CUTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_power)};
    faulty_install();
    return cmocka_run_group_tests_name("store.power", tests, NULL, NULL);
}
