/* What lies on the disk: nothing readable, nothing alterable unseen, one process at a time, schemas
 * forward only. Rows are altered behind the store's back through SQLite itself. */
#include "store/backup.h"
#include "store_suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/wait.h>

#define TYPE 5
#define ENTRIES 20u

static void run_sql(struct suite *b, const char *sql)
{
    sqlite3 *db = NULL;
    char path[128];
    char *problem = NULL;
    snprintf(path, sizeof path, "%s/weft.db", b->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    int rc = sqlite3_exec(db, sql, NULL, NULL, &problem);
    if (rc != SQLITE_OK)
        print_message("%s\n", problem);
    assert_int_equal(rc, SQLITE_OK);
    sqlite3_close(db);
}

/* A store with a document, keys, a named value, a job and a trail, closed. */
static struct suite *filled(void)
{
    struct suite *b = suite_new(STORE_SQLITE, 4);
    struct store_commit c;
    for (unsigned i = 0; i < ENTRIES; i++) {
        suite_clear(b);
        struct store_tx *tx = store_tx_new(&b->op, b->s);
        struct buf k;
        buf_init(&k, b->arena, 64);
        buf_u16(&k, 1);
        buf_u64(&k, store_blind(b->s, STR("family"), STR("Plainname")));
        str key = buf_str(&k);
        struct store_put p = {.rid = store_rid_new(b->s, 1),
                              .type = TYPE,
                              .vid = 1,
                              .client_id = i ? STR_NONE : STR("plain-identifier"),
                              .body = STR("{\"name\":\"Plainname\",\"phone\":\"+15550001111\"}"),
                              .keys = &key,
                              .n_keys = 1};
        store_tx_put(tx, &p);
        store_tx_kv(tx, STR("login/plainuser"), STR("plainsecret"));
        store_tx_outbox(tx, STR("plainqueue"), 0, STR("plainjob"));
        store_tx_trail(tx, STR("plainuser read Plainname"), &key, 1);
        assert_int_equal(store_commit(&b->op, tx, &c), OK);
    }
    store_close(b->s);
    b->s = NULL;
    return b;
}

static bool file_has(const char *path, const char *word)
{
    FILE *f = fopen(path, "rb");
    static char bytes[8 << 20];
    assert_non_null(f);
    size_t n = fread(bytes, 1, sizeof bytes, f);
    assert_int_equal(fclose(f), 0);
    return memmem(bytes, n, word, strlen(word)) != NULL;
}

static void test_nothing_readable(void **state)
{
    (void)state;
    static const char *words[] = {"Plainname",   "5550001111", "plain-identifier", "plainuser",
                                  "plainsecret", "plainqueue", "plainjob",         "login/"};
    struct suite *b = filled();
    DIR *d = opendir(b->dir);
    size_t files = 0;
    for (struct dirent *e; (e = readdir(d));) {
        char path[400];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", b->dir, e->d_name);
        if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
            continue;
        files++;
        assert_int_equal(st.st_mode & 077, 0);
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            assert_false(file_has(path, words[i]));
    }
    closedir(d);
    assert_true(files >= 3);
    suite_free(b);
}

static uint64_t verify(struct suite *b)
{
    struct store_trail_check check = {.entries = 0};
    suite_clear(b);
    assert_int_equal(store_open(&b->op, &b->o, &b->s), OK);
    assert_int_equal(store_trail_verify(&b->op, b->s, &check), OK);
    store_close(b->s);
    b->s = NULL;
    return check.bad_seq;
}

static void altered(const char *sql, uint64_t bad)
{
    struct suite *b = filled();
    assert_int_equal(verify(b), 0);
    run_sql(b, sql);
    assert_int_equal(verify(b), bad);
    suite_free(b);
}

/* A store whose process ended suddenly, with LEFT looks in the spool alone, one a page. On a
 * machine so slow that they were committed meanwhile it is tried again. */
#define LEFT 5u
#define SOON_MS 60
static int look_and_leave(struct suite *b)
{
    int64_t first = 0;
    suite_clear(b);
    b->o.tail_max = 0; /* a merge would commit */
    if (store_open(&b->op, &b->o, &b->s) != OK)
        return 1;
    for (unsigned i = 0; i < LEFT; i++) {
        uint64_t ticket = 0;
        if (store_trail_append(&b->op, b->s, STR("plainuser looked"), NULL, 0, &ticket) != OK ||
            store_trail_wait(&b->op, b->s, (struct tickets){ticket, ticket}) != OK)
            return 1;
        first = first ? first : time_mono();
    }
    return time_mono() - first < SOON_MS ? 0 : 2;
}

static struct suite *left_spooled(void)
{
    for (;;) {
        struct suite *b = filled();
        int status = 1;
        pid_t pid = fork();
        if (pid == 0)
            _exit(look_and_leave(b));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (status == 0)
            return b;
        assert_int_equal(WEXITSTATUS(status), 2);
        suite_free(b);
    }
}

static void spool_byte(struct suite *b, off_t at)
{
    char path[128], byte = 0;
    snprintf(path, sizeof path, "%s/spool", b->dir);
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static uint64_t entries(struct suite *b)
{
    struct store_stats st;
    suite_clear(b);
    assert_int_equal(store_open(&b->op, &b->o, &b->s), OK);
    store_stats(b->s, &st);
    store_close(b->s);
    b->s = NULL;
    return st.trail_entries;
}

static void test_spool(void **state)
{
    (void)state;
    char path[128];
    struct suite *b = left_spooled();
    snprintf(path, sizeof path, "%s/spool", b->dir);
    assert_false(file_has(path, "plainuser"));
    assert_true(file_has(path, "weft-sp2"));
    assert_int_equal(entries(b), ENTRIES + LEFT);
    assert_int_not_equal(access(path, F_OK), 0); /* written where it belongs, and gone */
    assert_int_equal(verify(b), 0);
    assert_int_equal(entries(b), ENTRIES + LEFT);
    suite_free(b);

    b = left_spooled(); /* a torn end was never acknowledged */
    spool_byte(b, (LEFT - 1) * 4096 + 100);
    assert_int_equal(verify(b), 0);
    assert_int_equal(entries(b), ENTRIES + LEFT - 1);
    suite_free(b);

    b = left_spooled(); /* damage before the end is told, and stays told */
    spool_byte(b, 2 * 4096 + 100);
    assert_int_equal(verify(b), ENTRIES + 3);
    assert_int_equal(verify(b), ENTRIES + 3);
    assert_int_equal(entries(b), ENTRIES + LEFT);
    suite_free(b);
}

static void test_spool_in_copy(void **state)
{
    (void)state;
    struct suite *b = left_spooled();
    struct store_backup held;
    char copy[160];
    snprintf(copy, sizeof copy, "%s-copy", b->dir);
    suite_clear(b);
    assert_int_equal(store_backup(&b->op, str_of(b->dir), str_of(copy), NULL, &held), OK);
    assert_int_equal(held.stats.trail_entries, ENTRIES + LEFT);
    assert_int_equal(entries(b), ENTRIES + LEFT);
    test_folder_drop(copy);
    suite_free(b);
}

static void test_trail(void **state)
{
    (void)state;
    /* bytes of the entry; its time; its hash */
    altered("UPDATE trail SET v = CAST(substr(v,1,60)||x'0000000000000000'||substr(v,69) AS BLOB) "
            "WHERE k=7",
            7);
    altered("UPDATE trail SET v = CAST(x'0000000000000001'||substr(v,9) AS BLOB) WHERE k=3", 3);
    altered("DELETE FROM trail WHERE k=11", 11);
    altered("DELETE FROM trail WHERE k=1", 1);
    altered("UPDATE trail SET k=1000 WHERE k=5; UPDATE trail SET k=5 WHERE k=6;"
            "UPDATE trail SET k=6 WHERE k=1000",
            5);
    altered("DELETE FROM trail WHERE k=20", 20); /* cut off at the end */
    altered("DELETE FROM trail WHERE k>=18", 18);
    altered("DELETE FROM trail", 1);
    /* the sealed head taken away with the end: the signed one knows of entry 1 at least */
    altered("DELETE FROM trail; DELETE FROM meta WHERE k=CAST('head' AS BLOB)", 1);
    /* a signed head altered, or moved to another entry */
    altered("UPDATE meta SET v=CAST(substr(v,1,50)||x'00000000'||substr(v,55) AS BLOB) "
            "WHERE substr(k,1,5)=CAST('head/' AS BLOB)",
            1);
    altered("UPDATE meta SET k=CAST(substr(k,1,12)||x'07' AS BLOB) "
            "WHERE substr(k,1,5)=CAST('head/' AS BLOB)",
            7);
}

/* A head given away holds against the trail as long as that is what it was. */
static void test_heads(void **state)
{
    (void)state;
    struct suite *b = filled();
    struct store_trail_head h, forged;
    bool holds = false;
    uint64_t ticket;
    suite_clear(b);
    assert_int_equal(store_open(&b->op, &b->o, &b->s), OK);
    assert_int_equal(store_trail_head(&b->op, b->s, &h), OK);
    assert_int_equal(h.seq, ENTRIES);
    assert_true(store_trail_head_good(&h));
    assert_int_equal(store_trail_append(&b->op, b->s, STR("later"), NULL, 0, &ticket), OK);
    assert_int_equal(store_trail_wait(&b->op, b->s, (struct tickets){ticket, ticket}), OK);
    assert_int_equal(store_trail_holds(&b->op, b->s, &h, &holds), OK);
    assert_true(holds);
    forged = h;
    forged.seq = 7;
    assert_false(store_trail_head_good(&forged));
    assert_int_equal(store_trail_holds(&b->op, b->s, &forged, &holds), OK);
    assert_false(holds);
    store_close(b->s);
    b->s = NULL;
    run_sql(b, "DELETE FROM trail WHERE k>=20");
    suite_clear(b);
    assert_int_equal(store_open(&b->op, &b->o, &b->s), OK);
    assert_int_equal(store_trail_holds(&b->op, b->s, &h, &holds), OK);
    assert_false(holds);
    suite_free(b);
}

static void test_document(void **state)
{
    (void)state;
    struct suite *b = filled();
    struct store_doc d;
    uint64_t rid = 0;
    run_sql(b,
            "UPDATE doc SET v = CAST(substr(v,1,50)||x'0000000000000000'||substr(v,59) AS BLOB)");
    suite_clear(b);
    assert_int_equal(store_open(&b->op, &b->o, &b->s), OK);
    assert_int_equal(store_find_id(&b->op, b->s, TYPE, STR("plain-identifier"), &rid), OK);
    assert_int_equal(store_get(&b->op, b->s, rid, &d), ERR_FAULT);
    suite_free(b);
}

/* One resource's row passed off as another's. */
static void test_swapped(void **state)
{
    (void)state;
    struct suite *b = filled();
    struct store_doc d;
    uint64_t rid = 0;
    run_sql(b, "UPDATE doc SET v=(SELECT v FROM doc ORDER BY k DESC LIMIT 1)");
    suite_clear(b);
    assert_int_equal(store_open(&b->op, &b->o, &b->s), OK);
    assert_int_equal(store_find_id(&b->op, b->s, TYPE, STR("plain-identifier"), &rid), OK);
    assert_int_equal(store_get(&b->op, b->s, rid, &d), ERR_FAULT);
    suite_free(b);
}

static void test_newer_schema(void **state)
{
    (void)state;
    struct suite *b = filled();
    run_sql(b, "UPDATE meta SET v=CAST('99' AS BLOB) WHERE k=CAST('schema' AS BLOB)");
    suite_clear(b);
    assert_int_equal(store_open(&b->op, &b->o, &b->s), ERR_UNSUPPORTED);
    assert_true(str_find(b->op.fault.issues[0].message, STR("99"), 0) != SIZE_MAX);
    suite_free(b);
}

/* A store stopped between making the tables and its first row comes up by migrating. */
static void test_from_nothing(void **state)
{
    (void)state;
    struct suite *b = suite_new(STORE_SQLITE, 4);
    store_close(b->s);
    b->s = NULL;
    run_sql(b, "DELETE FROM meta");
    suite_clear(b);
    assert_int_equal(store_open(&b->op, &b->o, &b->s), OK);
    assert_int_equal(store_now_t(b->s), 0);
    suite_free(b);
}

static void test_lock(void **state)
{
    (void)state;
    struct suite *b = suite_new(STORE_SQLITE, 4);
    struct store *second = NULL;
    char pid[24];
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    assert_int_equal(store_open(&b->op, &b->o, &second), ERR_CONFLICT);
    assert_true(str_find(b->op.fault.issues[0].message, str_of(pid), 0) != SIZE_MAX);
    suite_clear(b);
    assert_int_equal(store_create(&b->op, &b->o), ERR_CONFLICT);
    suite_free(b);
}

static void test_wrong_keys(void **state)
{
    (void)state;
    struct suite *b = filled();
    char path[128];
    snprintf(path, sizeof path, "%s/keys", b->dir);
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, 20, SEEK_SET), 0);
    int digit = fgetc(f);
    assert_int_equal(fseek(f, 20, SEEK_SET), 0);
    assert_int_not_equal(fputc(digit == '0' ? '1' : '0', f), EOF);
    assert_int_equal(fclose(f), 0);
    suite_clear(b);
    assert_int_equal(store_open(&b->op, &b->o, &b->s), ERR_FAULT);
    assert_int_equal(unlink(path), 0);
    suite_clear(b);
    assert_int_equal(store_open(&b->op, &b->o, &b->s), ERR_UNAVAILABLE);
    suite_free(b);
}

/* Numbers handed out before a restart are not handed out again, even when never written. */
static void test_numbers(void **state)
{
    (void)state;
    struct suite *b = suite_new(STORE_SQLITE, 4);
    struct store_commit c;
    uint64_t used = store_rid_new(b->s, 5000);
    struct store_put p = {.rid = used, .type = TYPE, .vid = 1};
    struct store_tx *tx = store_tx_new(&b->op, b->s);
    store_tx_put(tx, &p);
    assert_int_equal(store_commit(&b->op, tx, &c), OK);
    suite_reopen(b);
    assert_true(store_rid_new(b->s, 1) >= used + 5000);
    suite_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_readable),
        cmocka_unit_test(test_trail),
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_spool),
        cmocka_unit_test(test_spool_in_copy),
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_swapped),
        cmocka_unit_test(test_newer_schema),
        cmocka_unit_test(test_from_nothing),
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_wrong_keys),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests_name("store.at_rest", tests, NULL, NULL);
}
