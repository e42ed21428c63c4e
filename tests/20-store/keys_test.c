/* Keys of a store under faults: every write, sync and renaming of the keys file refused in turn
 * while keys are rotated and a patient erased; folders of schema 2; and that the bytes of a copy
 * made before an erasure do not open with the keys of after. */
#include "store/backup.h"
#include "store/store_int.h"
#include "store_suite.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sqlite3.h>

#define TYPE 5
#define PATIENTS 6u
#define DOCS 5u /* of each */

/* ---- faults: the n-th call of the three from now on ---- */
static unsigned calls_left, hits;

static bool refuse(void)
{
    if (calls_left == 0 || --calls_left > 0)
        return false;
    hits++;
    errno = EIO;
    return true;
}

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n)
{
    return refuse() ? -1 : __real_write(fd, p, n);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    return refuse() ? -1 : __real_fsync(fd);
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    return refuse() ? -1 : __real_rename(from, to);
}

/* ---- a store with patients ---- */
static uint64_t patients[PATIENTS];
static bool with_trail = true;

static void put(struct suite *b, uint64_t comp, unsigned i)
{
    struct store_commit c;
    suite_clear(b);
    struct store_tx *tx = store_tx_new(&b->op, b->s);
    uint64_t rid = i ? store_rid_new(b->s, 1) : comp;
    str key = suite_key(b->arena, 1, comp);
    struct store_put p = {.rid = rid,
                          .type = TYPE,
                          .vid = 1,
                          .comp = comp,
                          .client_id =
                              i == 1 ? arena_printf(b->arena, "id-%llu", (unsigned long long)comp)
                                     : STR_NONE,
                          .body = STR("{\"name\":\"Somebody\"}"),
                          .keys = &key,
                          .n_keys = 1};
    store_tx_put(tx, &p);
    if (with_trail)
        store_tx_trail(tx, STR("wrote"), NULL, 0);
    assert_int_equal(store_commit(&b->op, tx, &c), OK);
}

static struct suite *filled(uint32_t tail_max)
{
    struct suite *b = suite_new(STORE_SQLITE, tail_max);
    for (unsigned p = 0; p < PATIENTS; p++) {
        patients[p] = store_rid_new(b->s, 1);
        for (unsigned i = 0; i < DOCS; i++)
            put(b, patients[p], i);
    }
    return b;
}

static size_t found(struct suite *b, uint64_t comp)
{
    struct store_range range = suite_range(b->arena, 1, comp, 1);
    struct store_clause clause = {.ranges = &range, .n_ranges = 1};
    struct store_query q = {.type = TYPE, .clauses = &clause, .n_clauses = 1, .limit = 100};
    struct store_found f = {.n = 99};
    assert_int_equal(store_search(&b->op, b->s, &q, &f), OK);
    return f.n;
}

/* Everything opens and is found, but for what is gone (0: nothing is). */
static void check(struct suite *b, uint64_t gone)
{
    struct store_key_check k;
    struct store_trail_check t;
    struct store_doc d;
    suite_reopen(b);
    for (unsigned p = 0; p < PATIENTS; p++) {
        bool is_gone = patients[p] == gone;
        suite_clear(b);
        assert_int_equal(found(b, patients[p]), is_gone ? 0 : DOCS);
        assert_int_equal(store_get(&b->op, b->s, patients[p], &d), is_gone ? ERR_NOT_FOUND : OK);
        uint64_t rid = 0;
        suite_clear(b);
        str id = arena_printf(b->arena, "id-%llu", (unsigned long long)patients[p]);
        assert_int_equal(store_find_id(&b->op, b->s, TYPE, id, &rid), is_gone ? ERR_NOT_FOUND : OK);
    }
    suite_clear(b);
    assert_int_equal(store_key_check(&b->op, b->s, NULL, &k), OK);
    assert_int_equal(k.refused, 0);
    assert_int_equal(k.opened, (PATIENTS - (gone != 0)) * DOCS);
    assert_int_equal(store_trail_verify(&b->op, b->s, &t), OK);
    assert_int_equal(t.bad_seq, 0);
}

static void wait_sealed(struct suite *b)
{
    struct store_key_state st;
    do {
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
        store_key_state(b->s, &st);
    } while (st.sealing);
}

static void test_rotation_under_faults(void **state)
{
    (void)state;
    struct suite *b = filled(4);
    for (unsigned data = 0; data < 2; data++) {
        err e = ERR_UNAVAILABLE;
        unsigned nth = 0;
        for (; e != OK && nth < 100; nth++) {
            suite_clear(b);
            hits = 0;
            calls_left = nth + 1;
            e = store_key_rotate(&b->op, b->s, data);
            calls_left = 0;
            if (e == OK && hits) /* refused where it does not matter */
                e = ERR_UNAVAILABLE;
            wait_sealed(b);
            check(b, 0);
            wait_sealed(b);
        }
        assert_int_equal(e, OK);
        assert_in_range(nth, 9, 99); /* three files: write, sync, rename, sync of the folder */
    }
    suite_free(b);
}

static void test_erasure_under_faults(void **state)
{
    (void)state;
    unsigned refused = 0;
    for (unsigned nth = 1; nth < 8; nth++) {
        struct suite *b = filled(nth % 2 ? 4 : 0);
        suite_clear(b);
        hits = 0;
        calls_left = nth;
        err e = store_key_erase(&b->op, b->s, patients[2]);
        calls_left = 0;
        refused += e != OK;
        /* Refused before the file was renamed: nothing happened. After: done at the next start. */
        struct ring *r = NULL;
        suite_clear(b);
        assert_int_equal(keyfile_peek(&b->op, str_of(b->dir), &r), OK);
        bool gone = ring_has_erased(r, patients[2]);
        ring_free(r);
        assert_true(gone || e != OK);
        check(b, gone ? patients[2] : 0);
        suite_clear(b);
        assert_int_equal(store_key_erase(&b->op, b->s, patients[2]), OK);
        check(b, patients[2]);
        suite_free(b);
    }
    assert_in_range(refused, 3, 7);
}

/* The rows of a database as they lie there, and what keys do to them. */
struct tried {
    struct vault v;
    uint64_t gone;
    unsigned opened, refused;
};

static int try_row(void *ctx, int n, char **values, char **names)
{
    struct tried *t = ctx;
    (void)n, (void)names;
    struct arena *a = arena_new(0);
    struct op op;
    struct version v;
    str row = str_of(values[1]), plain;
    char *bytes = arena_alloc(a, row.n / 2 + 1), aad[15];
    size_t got = 0;
    uint64_t key = 0;
    op_init(&op, a, NULL, 0);
    assert_int_equal(
        sodium_hex2bin((unsigned char *)bytes, row.n / 2, row.p, row.n, NULL, &got, NULL), 0);
    assert_true(str_to_u64(str_of(values[0]), INT64_MAX, &key));
    assert_int_equal(version_read(&op, key, str_make(bytes, got), &v), OK);
    u64_write(aad, v.doc.rid);
    for (unsigned i = 0; i < 4; i++)
        aad[8 + i] = (char)(v.doc.vid >> (24 - 8 * i));
    aad[12] = (char)(v.doc.type >> 8);
    aad[13] = (char)v.doc.type;
    aad[14] = (char)v.flags;
    err e = unseal(&op, &t->v, v.doc.comp, str_make(aad, sizeof aad), v.sealed, &plain);
    assert_int_equal(e == OK, v.doc.comp != t->gone);
    t->opened += e == OK;
    t->refused += e != OK;
    arena_free(a);
    return 0;
}

/* Rows of the database in dir against the keys of b. */
static void try_rows(struct suite *b, const char *dir, struct tried *t)
{
    struct ring *r = NULL;
    sqlite3 *db = NULL;
    char path[200];
    suite_clear(b);
    assert_int_equal(keyfile_peek(&b->op, str_of(b->dir), &r), OK);
    assert_int_equal(vault_init(&b->op, &t->v, r), OK);
    snprintf(path, sizeof path, "%s/weft.db", dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "SELECT k, hex(v) FROM doc", try_row, t, NULL), SQLITE_OK);
    sqlite3_close(db);
    vault_free(&t->v);
}

static void test_a_copy_from_before(void **state)
{
    (void)state;
    struct suite *b = filled(4);
    struct store_backup held;
    struct store_keys_from keys = {.at = str_of(b->dir)};
    struct store *back = NULL;
    struct store_doc d;
    char copy[160], again[160];
    snprintf(copy, sizeof copy, "%s-copy", b->dir);
    snprintf(again, sizeof again, "%s-again", b->dir);
    suite_clear(b);
    assert_int_equal(store_backup(&b->op, str_of(b->dir), str_of(copy), NULL, &held), OK);
    struct tried before = {.gone = 0}, after = {.gone = patients[1]};
    try_rows(b, copy, &before);
    assert_int_equal(before.opened, PATIENTS * DOCS);
    suite_clear(b);
    assert_int_equal(store_key_erase(&b->op, b->s, patients[1]), OK);
    try_rows(b, copy, &after);
    assert_int_equal(after.opened, (PATIENTS - 1) * DOCS);
    assert_int_equal(after.refused, DOCS);
    suite_clear(b);
    assert_int_equal(store_restore(&b->op, str_of(copy), &keys, str_of(again), NULL, &held), OK);
    assert_int_equal(held.stats.resources, (PATIENTS - 1) * DOCS);
    struct store_options o = {.backend = STORE_SQLITE, .dir = str_of(again)};
    assert_int_equal(store_open(&b->op, &o, &back), OK);
    assert_int_equal(store_get(&b->op, back, patients[1], &d), ERR_NOT_FOUND);
    suite_clear(b);
    assert_int_equal(store_get(&b->op, back, patients[0], &d), OK);
    store_close(back);
    test_folder_drop(copy);
    test_folder_drop(again);
    suite_free(b);
}

/* ---- a folder of schema 2: one key in the clear, seals of version 1, waiting keys open ---- */

static const char master_hex[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

static void old_keys(struct suite *b)
{
    char path[200];
    snprintf(path, sizeof path, "%s/master", b->dir);
    (void)unlink(path);
    snprintf(path, sizeof path, "%s/keys", b->dir);
    (void)unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(dprintf(fd, "weft-keys 1\n%s\n", master_hex) > 0);
    close(fd);
}

static void sql(sqlite3 *db, const char *text)
{
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
}

static str old_seal(struct arena *a, str aad, str plain)
{
    uint8_t master[32], key[32];
    for (unsigned i = 0; i < 32; i++)
        master[i] = (uint8_t)i;
    crypto_kdf_derive_from_key(key, sizeof key, 1, "weftdata", master);
    unsigned char *out = arena_alloc(a, plain.n + SEAL_OVERHEAD);
    out[0] = out[1] = 1;
    randombytes_buf(out + 2, 24);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + 26, NULL, (const unsigned char *)plain.p,
                                               plain.n, (const unsigned char *)aad.p, aad.n, NULL,
                                               out + 2, key);
    return str_make((char *)out, plain.n + SEAL_OVERHEAD);
}

/* One row of the table as the old program would have written it. */
static str old_row(struct suite *b, struct vault *v, bool doc, uint64_t k, str row)
{
    struct version at;
    str plain;
    char aad[15];
    if (!doc) {
        assert_int_equal(unseal(&b->op, v, OWNER_STORE, STR("pend"), row, &plain), OK);
        return plain;
    }
    assert_int_equal(version_read(&b->op, k, row, &at), OK);
    u64_write(aad, at.doc.rid);
    for (unsigned i = 0; i < 4; i++)
        aad[8 + i] = (char)(at.doc.vid >> (24 - 8 * i));
    aad[12] = (char)(at.doc.type >> 8);
    aad[13] = (char)at.doc.type;
    aad[14] = (char)at.flags;
    str bound = str_make(aad, sizeof aad);
    assert_int_equal(unseal(&b->op, v, at.doc.comp, bound, at.sealed, &plain), OK);
    return arena_cat(b->arena, str_make(row.p, row.n - at.sealed.n),
                     old_seal(b->arena, bound, plain));
}

static void table_back(struct suite *b, sqlite3 *db, struct vault *v, bool doc)
{
    sqlite3_stmt *get = NULL, *set = NULL;
    const char *name = doc ? "doc" : "pend";
    char text[100];
    snprintf(text, sizeof text, "SELECT k, v FROM %s ORDER BY k", name);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &get, NULL), SQLITE_OK);
    snprintf(text, sizeof text, "UPDATE %s SET v=? WHERE k=?", name);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &set, NULL), SQLITE_OK);
    while (sqlite3_step(get) == SQLITE_ROW) {
        int64_t k = sqlite3_column_int64(get, 0);
        str row = arena_str(
            b->arena, str_make(sqlite3_column_blob(get, 1), (size_t)sqlite3_column_bytes(get, 1)));
        str old = old_row(b, v, doc, (uint64_t)k, row);
        sqlite3_bind_blob(set, 1, old.p, (int)old.n, SQLITE_TRANSIENT);
        sqlite3_bind_int64(set, 2, k);
        assert_int_equal(sqlite3_step(set), SQLITE_DONE);
        sqlite3_reset(set);
    }
    sqlite3_finalize(get);
    sqlite3_finalize(set);
}

static void back_to_schema_2(struct suite *b)
{
    struct vault v = {.has_old = false};
    struct ring *r = NULL;
    sqlite3 *db = NULL;
    sqlite3_stmt *set = NULL;
    char path[200];
    suite_clear(b);
    assert_int_equal(keyfile_peek(&b->op, str_of(b->dir), &r), OK);
    assert_int_equal(vault_init(&b->op, &v, r), OK);
    snprintf(path, sizeof path, "%s/weft.db", b->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    table_back(b, db, &v, true);
    table_back(b, db, &v, false);
    str word = old_seal(b->arena, STR("keycheck"), STR("weft"));
    assert_int_equal(sqlite3_prepare_v2(db, "UPDATE meta SET v=? WHERE k=CAST('keycheck' AS BLOB)",
                                        -1, &set, NULL),
                     SQLITE_OK);
    sqlite3_bind_blob(set, 1, word.p, (int)word.n, SQLITE_TRANSIENT);
    assert_int_equal(sqlite3_step(set), SQLITE_DONE);
    sqlite3_finalize(set);
    sql(db, "UPDATE meta SET v=CAST('2' AS BLOB) WHERE k=CAST('schema' AS BLOB);"
            "DELETE FROM meta WHERE k=CAST('sealed' AS BLOB)");
    sqlite3_close(db);
    vault_free(&v);
    old_keys(b);
}

static void name_it(struct suite *b, str name, str value)
{
    struct store_commit c;
    struct store_tx *tx = store_tx_new(&b->op, b->s);
    store_tx_kv(tx, name, value);
    assert_int_equal(store_commit(&b->op, tx, &c), OK);
}

/* Folders made before had named values in the tree of their keys: every statement serves both. */
static void test_values_with_their_keys(void **state)
{
    (void)state;
    struct suite *b = suite_new(STORE_SQLITE, 0);
    sqlite3 *db = NULL;
    char path[200];
    str v, *names;
    size_t n;
    name_it(b, STR("room/a"), STR("before"));
    store_close(b->s);
    b->s = NULL;
    snprintf(path, sizeof path, "%s/weft.db", b->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sql(db, "CREATE TABLE old(k BLOB PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID;"
            "INSERT INTO old SELECT k, v FROM kv; DROP TABLE kv; ALTER TABLE old RENAME TO kv");
    sqlite3_close(db);
    suite_reopen(b);
    assert_int_equal(store_kv_get(&b->op, b->s, STR("room/a"), &v), OK);
    assert_true(str_eq(v, STR("before")));
    name_it(b, STR("room/a"), STR("after"));
    name_it(b, STR("room/b"), STR("new"));
    assert_int_equal(store_kv_get(&b->op, b->s, STR("room/a"), &v), OK);
    assert_true(str_eq(v, STR("after")));
    name_it(b, STR("room/a"), STR_NONE);
    assert_int_equal(store_kv_list(&b->op, b->s, STR("room/"), 9, &names, &n), OK);
    assert_int_equal(n, 1);
    assert_true(str_eq(names[0], STR("room/b")));
    suite_free(b);
}

static void test_schema_2(void **state)
{
    (void)state;
    struct suite *b = suite_new(STORE_SQLITE, 0); /* 0: keys still wait when it closes */
    sqlite3 *db = NULL;
    char path[200];
    store_close(b->s);
    b->s = NULL;
    snprintf(path, sizeof path, "%s/weft.db", b->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sql(db, "DELETE FROM meta WHERE k=CAST('keycheck' AS BLOB)");
    sqlite3_close(db);
    old_keys(b);
    suite_reopen(b);
    with_trail = false; /* its hashes are of seals as they are */
    for (unsigned p = 0; p < PATIENTS; p++) {
        patients[p] = store_rid_new(b->s, 1);
        for (unsigned i = 0; i < DOCS; i++)
            put(b, patients[p], i);
    }
    with_trail = true;
    store_close(b->s);
    b->s = NULL;
    back_to_schema_2(b);
    check(b, 0); /* opens it, while documents are sealed anew */
    wait_sealed(b);
    check(b, 0);
    assert_int_equal(store_key_erase(&b->op, b->s, patients[3]), OK);
    check(b, patients[3]);
    suite_free(b);
}

/* Nobody writes for somebody erased, and what was under way is refused. */
static void test_no_writes_after(void **state)
{
    (void)state;
    struct suite *b = filled(4);
    struct store_commit c;
    suite_clear(b);
    assert_int_equal(store_key_erase(&b->op, b->s, patients[0]), OK);
    struct store_tx *tx = store_tx_new(&b->op, b->s);
    struct store_put p = {.rid = store_rid_new(b->s, 1),
                          .type = TYPE,
                          .vid = 1,
                          .comp = patients[0],
                          .body = STR("{}")};
    store_tx_put(tx, &p);
    assert_int_equal(store_commit(&b->op, tx, &c), ERR_GONE);
    check(b, patients[0]);
    suite_free(b);
}

/* ---- found by hostile review ---- */

/* R146: a backup of a folder that still is as an older program left it was sealed, in part, with
 * keys made up for it and then forgotten. */
static void test_no_keys_are_made_up(void **state)
{
    (void)state;
    struct suite *b = filled(4);
    struct ring *r = NULL;
    store_close(b->s);
    b->s = NULL;
    old_keys(b);
    suite_clear(b);
    assert_int_equal(keyfile_peek(&b->op, str_of(b->dir), &r), ERR_CONFLICT);
    suite_free(b);
}

/* R147: newer data keys gave somebody erased a key again. */
static void test_no_key_again(void **state)
{
    (void)state;
    struct suite *b = filled(4);
    suite_clear(b);
    assert_int_equal(store_key_erase(&b->op, b->s, patients[0]), OK);
    assert_int_equal(store_key_rotate(&b->op, b->s, true), OK);
    wait_sealed(b);
    assert_false(vault_has(&b->s->vault, patients[0]));
    assert_true(vault_has(&b->s->vault, patients[1]));
    suite_free(b);
}

static int64_t rows_of(const struct suite *b, const char *table)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *count = NULL;
    char path[200], text[80];
    snprintf(path, sizeof path, "%s/weft.db", b->dir);
    snprintf(text, sizeof text, "SELECT count(*) FROM %s", table);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &count, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(count), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(count, 0);
    sqlite3_finalize(count);
    sqlite3_close(db);
    return n;
}

/* R149: where little was written, the search keys of somebody erased stayed on the disk, dates and
 * numbers readable, until enough of other people's had come. */
static void test_search_keys_leave_the_disk(void **state)
{
    (void)state;
    struct suite *b = filled(0);
    struct store_stats st;
    for (unsigned p = 0; p < PATIENTS; p++) {
        suite_clear(b);
        assert_int_equal(store_key_erase(&b->op, b->s, patients[p]), OK);
    }
    do {
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
        store_stats(b->s, &st);
    } while (st.tail);
    store_close(b->s);
    b->s = NULL;
    assert_int_equal(rows_of(b, "pend"), 0);
    assert_int_equal(rows_of(b, "fwd"), 0);
    assert_int_equal(rows_of(b, "doc"), 0);
    suite_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rotation_under_faults),
        cmocka_unit_test(test_erasure_under_faults),
        cmocka_unit_test(test_a_copy_from_before),
        cmocka_unit_test(test_schema_2),
        cmocka_unit_test(test_values_with_their_keys),
        cmocka_unit_test(test_no_writes_after),
        cmocka_unit_test(test_no_keys_are_made_up),
        cmocka_unit_test(test_no_key_again),
        cmocka_unit_test(test_search_keys_leave_the_disk),
    };
    return cmocka_run_group_tests_name("store.keys", tests, NULL, NULL);
}
