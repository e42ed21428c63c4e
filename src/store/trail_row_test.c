/* Rows of the trail: many entries in one, found, read and verified one by one; what is altered is
 * named; keys come back after a sudden end; rows and a spool of schema 3 are read on. */
#include "base/test.h"
#include "base/time.h"
#include "store/store_int.h"

#include <sodium.h>
#include <sys/wait.h>

#define LOOKS 500u
#define OLD 3u

struct box {
    char dir[TEST_FOLDER_MAX];
    struct arena *arena;
    struct op op;
    struct store *s;
    struct store_options o;
};

static void reopen(struct box *b)
{
    store_close(b->s);
    arena_reset(b->arena);
    op_init(&b->op, b->arena, NULL, time_now());
    assert_int_equal(store_open(&b->op, &b->o, &b->s), OK);
}

static struct box *box_new(void)
{
    struct box *b = calloc(1, sizeof *b);
    test_folder(b->dir);
    b->arena = arena_new(0);
    b->o = (struct store_options){.backend = STORE_SQLITE, .dir = str_of(b->dir)};
    op_init(&b->op, b->arena, NULL, time_now());
    assert_int_equal(store_create(&b->op, &b->o), OK);
    assert_int_equal(store_open(&b->op, &b->o, &b->s), OK);
    return b;
}

static void box_free(struct box *b)
{
    store_close(b->s);
    test_folder_drop(b->dir);
    arena_free(b->arena);
    free(b);
}

static str key_of(struct arena *a, uint64_t n)
{
    struct buf k;
    buf_init(&k, a, 16);
    buf_u16(&k, 7);
    buf_u64(&k, n);
    return buf_str(&k);
}

/* Each look by one of ten people. */
static bool look(struct op *op, struct store *s, uint64_t from, uint64_t to)
{
    struct tickets owed = {0, 0};
    for (uint64_t i = from; i < to; i++) {
        str key = key_of(op->arena, i % 10);
        if (store_trail_append(op, s, arena_printf(op->arena, "look %u", (unsigned)i), &key, 1,
                               &owed.last) != OK)
            return false;
        owed.first = owed.first ? owed.first : owed.last;
    }
    return store_trail_wait(op, s, owed) == OK;
}

static size_t found(struct box *b, uint64_t n)
{
    str lo = key_of(b->arena, n), hi = key_of(b->arena, n + 1);
    struct store_range r = {.lo = lo, .hi = hi};
    struct store_trail_entry *all = NULL;
    size_t got = 0;
    assert_int_equal(store_trail_find(&b->op, b->s, &r, 0, 1000, &all, &got), OK);
    for (size_t i = 1; i < got; i++)
        assert_true(all[i].seq < all[i - 1].seq);
    return got;
}

static uint64_t bad(struct box *b, uint64_t entries)
{
    struct store_trail_check check = {.entries = 0};
    assert_int_equal(store_trail_verify(&b->op, b->s, &check), OK);
    if (!check.bad_seq)
        assert_int_equal(check.entries, entries);
    return check.bad_seq;
}

static size_t rows(struct box *b, uint64_t *ret_last)
{
    struct store_cursor *c = NULL;
    size_t n = 0;
    struct store_snap *snap = NULL;
    char from[8] = {0};
    assert_int_equal(b->s->ops->snap_open(&b->op, b->s->be, &snap), OK);
    assert_int_equal(b->s->ops->cursor_open(&b->op, snap, SPACE_TRAIL, &c), OK);
    assert_int_equal(b->s->ops->cursor_seek(&b->op, c, str_make(from, 8), false), OK);
    for (; c->valid; n++) {
        *ret_last = u64_read(c->key.p);
        assert_int_equal(b->s->ops->cursor_next(&b->op, c), OK);
    }
    b->s->ops->cursor_close(c);
    b->s->ops->snap_close(snap);
    return n;
}

/* Behind the writer's back, who has nothing to do. */
static void put(struct box *b, enum store_space space, str key, str value)
{
    assert_int_equal(b->s->ops->begin(&b->op, b->s->be), OK);
    assert_int_equal(b->s->ops->put(&b->op, b->s->be, space, key, value), OK);
    assert_int_equal(b->s->ops->commit(&b->op, b->s->be), OK);
}

static void test_rows(void **state)
{
    (void)state;
    struct box *b = box_new();
    struct store_trail_entry e;
    uint64_t last = 0;
    assert_true(look(&b->op, b->s, 0, LOOKS));
    assert_int_equal(bad(b, LOOKS), 0);
    assert_in_range(rows(b, &last), 1, LOOKS / 4); /* many to a row */
    for (uint64_t i = 0; i < LOOKS; i += 7) {
        assert_int_equal(store_trail_read(&b->op, b->s, i + 1, &e), OK);
        assert_int_equal(e.seq, i + 1);
        assert_true(str_eq(e.entry, arena_printf(b->arena, "look %u", (unsigned)i)));
    }
    assert_int_equal(store_trail_read(&b->op, b->s, LOOKS + 1, &e), ERR_NOT_FOUND);
    op_clear(&b->op);
    for (uint64_t i = 0; i < 10; i++)
        assert_int_equal(found(b, i), LOOKS / 10);
    reopen(b);
    assert_int_equal(found(b, 3), LOOKS / 10);
    char key[8]; /* one bit of the last row */
    str row = STR_NONE;
    u64_write(key, last);
    struct store_snap *w = b->s->ops->writer(b->s->be);
    assert_int_equal(b->s->ops->get(&b->op, w, SPACE_TRAIL, str_make(key, 8), &row), OK);
    char *bytes = arena_alloc(b->arena, row.n);
    memcpy(bytes, row.p, row.n);
    bytes[row.n - 20] ^= 4;
    put(b, SPACE_TRAIL, str_make(key, 8), str_make(bytes, row.n));
    assert_int_equal(bad(b, LOOKS), last);
    box_free(b);
}

/* A process that ends suddenly: keys that were not merged come back. */
static void test_sudden_end(void **state)
{
    (void)state;
    struct box *b = box_new();
    int status = 1;
    store_close(b->s);
    b->s = NULL;
    pid_t pid = fork();
    if (pid == 0) {
        struct store *s = NULL;
        _exit(store_open(&b->op, &b->o, &s) == OK && look(&b->op, s, 0, LOOKS) &&
                      trail_catch_up(&b->op, s) == OK
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    reopen(b);
    assert_int_equal(found(b, 3), LOOKS / 10);
    assert_int_equal(bad(b, LOOKS), 0);
    assert_true(look(&b->op, b->s, LOOKS, LOOKS + 10));
    assert_int_equal(found(b, 3), LOOKS / 10 + 1);
    box_free(b);
}

/* ---- schema 3 ---- */

static str sealed_entry(struct box *b, uint64_t n)
{
    str packed = STR_NONE, sealed = STR_NONE;
    str plain = arena_printf(b->arena, "look %u", (unsigned)n);
    assert_int_equal(pack(&b->op, b->s->packer, plain, &packed), OK);
    assert_int_equal(seal(&b->op, &b->s->vault, OWNER_STORE, STR("trail"), packed, &sealed), OK);
    return sealed;
}

static void old_row(struct box *b, struct state *st, uint64_t n, struct buf *pend)
{
    crypto_generichash_state h;
    struct buf row;
    char key[8], numbers[16];
    str sealed = sealed_entry(b, n), set = STR_NONE, k = key_of(b->arena, n);
    u64_write(key, ++st->trail_seq);
    u64_write(numbers, st->trail_seq);
    u64_write(numbers + 8, (uint64_t)st->time);
    crypto_generichash_init(&h, NULL, 0, 32);
    crypto_generichash_update(&h, st->trail_head, 32);
    crypto_generichash_update(&h, (const unsigned char *)numbers, 16);
    crypto_generichash_update(&h, (const unsigned char *)sealed.p, sealed.n);
    crypto_generichash_final(&h, st->trail_head, 32);
    buf_init(&row, b->arena, 1000);
    buf_u64(&row, (uint64_t)st->time);
    buf_add(&row, str_make((const char *)st->trail_head, 32));
    buf_add(&row, sealed);
    put(b, SPACE_TRAIL, str_make(key, 8), buf_str(&row));
    assert_int_equal(keyset_pack(&b->op, &k, 1, &set), OK);
    struct pend p = {
        .trail = true, .rid = st->trail_seq, .type = TYPE_TRAIL, .set = set, .added = set};
    pend_write(pend, &p);
}

/* Two looks more in the spool alone. */
static void old_spool(struct box *b, const struct state *st)
{
    static char page[4096];
    struct buf f;
    char path[128];
    buf_init(&f, b->arena, sizeof page);
    for (uint64_t n = OLD; n < OLD + 2; n++) {
        str sealed = sealed_entry(b, n), set = STR_NONE, k = key_of(b->arena, n);
        assert_int_equal(keyset_pack(&b->op, &k, 1, &set), OK);
        buf_varint(&f, sealed.n);
        buf_add(&f, sealed);
        buf_varint(&f, set.n);
        buf_add(&f, set);
    }
    memcpy(page, "weft-sp1", 8);
    u64_write(page + 24, 80 + f.n);
    u64_write(page + 32, st->trail_seq + 1);
    u64_write(page + 40, (uint64_t)st->time);
    memcpy(page + 48, st->trail_head, 32);
    memcpy(page + 80, buf_str(&f).p, f.n);
    blind_hash(&b->s->vault, STR("spool"), str_make(page + 24, 56 + f.n), (uint8_t *)page + 8, 16);
    snprintf(path, sizeof path, "%s/spool", b->dir);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(page, 1, sizeof page, out), sizeof page);
    assert_int_equal(fclose(out), 0);
}

static void test_schema_3(void **state)
{
    (void)state;
    struct box *b = box_new();
    struct state st = {.t = 1, .time = time_now(), .rid_next = 1};
    struct buf pend;
    char key[8], head[40];
    str sealed = STR_NONE, row = STR_NONE;
    buf_init(&pend, b->arena, 4096);
    buf_varint(&pend, (uint64_t)st.time);
    for (uint64_t n = 0; n < OLD; n++)
        old_row(b, &st, n, &pend);
    assert_int_equal(seal(&b->op, &b->s->vault, OWNER_STORE, STR("pend"), buf_str(&pend), &sealed),
                     OK);
    u64_write(key, st.t);
    put(b, SPACE_PEND, str_make(key, 8), sealed);
    u64_write(head, st.trail_seq);
    memcpy(head + 8, st.trail_head, 32);
    assert_int_equal(
        seal(&b->op, &b->s->vault, OWNER_STORE, STR("head"), str_make(head, 40), &sealed), OK);
    put(b, SPACE_META, STR("head"), sealed);
    assert_int_equal(b->s->ops->begin(&b->op, b->s->be), OK);
    assert_int_equal(state_write(&b->op, b->s, &st), OK);
    assert_int_equal(b->s->ops->commit(&b->op, b->s->be), OK);
    struct store_snap *w = b->s->ops->writer(b->s->be);
    assert_int_equal(b->s->ops->get(&b->op, w, SPACE_META, STR("state"), &row), OK);
    put(b, SPACE_META, STR("state"), str_sub(row, 0, row.n - 9)); /* no merged_seq */
    put(b, SPACE_META, STR("schema"), STR("3"));
    old_spool(b, &st);
    reopen(b);
    for (uint64_t n = 0; n < OLD + 2; n++)
        assert_int_equal(found(b, n), 1);
    assert_true(look(&b->op, b->s, 5, 6));
    for (uint64_t seq = 1; seq <= OLD + 3; seq++) {
        struct store_trail_entry e;
        assert_int_equal(store_trail_read(&b->op, b->s, seq, &e), OK);
        assert_int_equal(e.entry.n, 6);
    }
    assert_int_equal(bad(b, OLD + 3), 0);
    reopen(b);
    assert_int_equal(bad(b, OLD + 3), 0);
    assert_int_equal(found(b, 1), 1);
    box_free(b);
}

/* R173: two rows of counters that say the same are not the same bytes, or a commit whose answer was
 * lost could not be told from the one before. */
static void r173_no_two_commits_are_alike(void **state)
{
    (void)state;
    struct box *b = box_new();
    struct store_snap *w = b->s->ops->writer(b->s->be);
    str rows[2] = {STR_NONE, STR_NONE};
    for (unsigned i = 0; i < 2; i++) {
        struct state st = b->s->state, back = {.t = 0};
        assert_int_equal(b->s->ops->begin(&b->op, b->s->be), OK);
        assert_int_equal(state_write(&b->op, b->s, &st), OK);
        assert_int_equal(b->s->ops->commit(&b->op, b->s->be), OK);
        assert_int_equal(b->s->ops->get(&b->op, w, SPACE_META, STR("state"), &rows[i]), OK);
        assert_int_equal(state_read(&b->op, b->s->ops, w, &back), OK);
        assert_int_equal(back.merged_seq, st.merged_seq);
        assert_int_equal(back.t, st.t);
    }
    assert_int_equal(rows[0].n, rows[1].n);
    assert_false(str_eq(rows[0], rows[1]));
    box_free(b);
}

static bool not_lost(void *be)
{
    (void)be;
    return false;
}

/* R175: a snapshot from before what was acknowledged (a standby's, a deposed server's) is shown to
 * nobody. */
static void r175_an_older_moment_is_not_shown(void **state)
{
    (void)state;
    struct box *b = box_new();
    struct store_ops outside = *b->s->ops;
    outside.lost = not_lost; /* others may write there */
    b->s->ops = &outside;
    struct store_doc d;
    uint64_t t = atomic_load(&b->s->t);
    assert_int_equal(store_get(&b->op, b->s, 1, &d), ERR_NOT_FOUND);
    atomic_store(&b->s->t, t + 1);
    op_clear(&b->op);
    assert_int_equal(store_get(&b->op, b->s, 1, &d), ERR_UNAVAILABLE);
    atomic_store(&b->s->t, t);
    op_clear(&b->op);
    assert_int_equal(store_get(&b->op, b->s, 1, &d), ERR_NOT_FOUND);
    box_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_sudden_end),
        cmocka_unit_test(test_schema_3),
        cmocka_unit_test(r173_no_two_commits_are_alike),
        cmocka_unit_test(r175_an_older_moment_is_not_shown),
    };
    return cmocka_run_group_tests_name("store.trail_row", tests, NULL, NULL);
}
