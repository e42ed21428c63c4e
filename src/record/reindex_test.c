/* Keys of an older format are made again when the folder is opened, from where it stopped;
 * documents, versions and times stay, and what no document says (strays) is kept. */
#include "record/fixture_int.h"
#include "store/rekey.h"

static void again(struct fixture *f, const char *format)
{
    struct store_commit c;
    struct store_tx *tx = store_tx_new(&f->op, f->store);
    store_tx_kv(tx, STR("keys.format"), str_of(format));
    assert_int_equal(store_commit(&f->op, tx, &c), OK);
    record_free(f->rec);
    f->rec = NULL;
    assert_int_equal(record_new(&f->op, f->store, NULL, &f->rec), OK);
}

/* The keys as an older program would have left them: none but the store's own. */
static void forget(struct fixture *f, const char *reference)
{
    str *keys, *kept;
    size_t n, n_kept = 0;
    struct store_doc d;
    struct store_commit c;
    uint64_t rid = fixture_rid(f, reference);
    assert_int_equal(store_peek(&f->op, f->store, rid, &d), OK);
    assert_int_equal(store_keys(&f->op, f->store, rid, &keys, &n), OK);
    kept = ARENA_ARRAY(f->op.arena, str, n + 1);
    for (size_t i = 0; i < n; i++)
        if (keys[i].p[0] == 0 && (unsigned char)keys[i].p[1] < 16)
            kept[n_kept++] = keys[i];
    struct store_tx *tx = store_tx_new(&f->op, f->store);
    store_tx_keys(tx, rid, d.vid, kept, n_kept);
    assert_int_equal(store_commit(&f->op, tx, &c), OK);
}

static void made_again(void **state)
{
    struct fixture *f = *state;
    struct store_doc before, after;
    const char *refs[3];
    for (int i = 0; i < 3; i++)
        refs[i] = fixture_patient(f, "Ana");
    uint64_t rid = fixture_rid(f, refs[0]);
    assert_int_equal(store_get(&f->op, f->store, rid, &before), OK);
    for (int i = 0; i < 3; i++)
        forget(f, refs[i]);
    assert_int_equal(fixture_count(f, "Patient", "family=ana"), 0);
    again(f, "1");
    assert_int_equal(fixture_count(f, "Patient", "family=ana"), 3);
    assert_int_equal(fixture_count(f, "Patient", "_lastUpdated=lt2000"), 0);
    assert_int_equal(store_get(&f->op, f->store, rid, &after), OK);
    assert_int_equal(after.vid, before.vid);
    assert_int_equal(after.t, before.t);
    assert_int_equal(after.time, before.time);
    /* What was done before a crash is not done again. */
    forget(f, refs[0]);
    forget(f, refs[2]);
    again(f, str_z(f->keep, arena_printf(f->keep, "6.%llu", (unsigned long long)rid)));
    assert_int_equal(fixture_count(f, "Patient", "family=ana"), 2);
    /* A key that is there is not made twice, one that is gone is gone. */
    again(f, "1");
    again(f, "1");
    assert_int_equal(fixture_count(f, "Patient", "family=ana"), 3);
}

/* Names of codes outlive the record that wrote them; a folder from before them gets them. */
static void names_are_kept(void **state)
{
    struct fixture *f = *state;
    struct store_commit c;
    str *rows;
    size_t n;
    const char *ref = fixture_make(
        f, "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{"
           "\"system\":\"http://x/c\",\"code\":\"w\",\"display\":\"Body weight\"}]},\"bodySite\":{"
           "\"coding\":[{\"system\":\"http://x/s\",\"code\":\"a\",\"display\":\"Left arm\"}]}}");
    again(f, "6");
    assert_int_equal(fixture_count(f, "Observation", "_content=weight%20arm"), 1);
    assert_int_equal(store_kv_list(&f->op, f->store, STR("phrase/"), 10, &rows, &n), OK);
    assert_int_equal(n, 2);
    forget(f, ref);
    struct store_tx *tx = store_tx_new(&f->op, f->store);
    for (size_t i = 0; i < n; i++)
        store_tx_kv(tx, rows[i], STR_NONE);
    assert_int_equal(store_commit(&f->op, tx, &c), OK);
    again(f, "6");
    assert_int_equal(fixture_count(f, "Observation", "_content=weight"), 0);
    again(f, "4");
    assert_int_equal(fixture_count(f, "Observation", "_content=weight%20arm"), 1);
    again(f, "6");
    assert_int_equal(fixture_count(f, "Observation", "_content=weight%20arm"), 1);
}

static void newer_folders_are_refused(void **state)
{
    struct fixture *f = *state;
    struct record *other;
    struct store_commit c;
    struct store_tx *tx = store_tx_new(&f->op, f->store);
    store_tx_kv(tx, STR("keys.format"), STR("99"));
    assert_int_equal(store_commit(&f->op, tx, &c), OK);
    assert_int_equal(record_new(&f->op, f->store, NULL, &other), ERR_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {BOTH_BACKENDS(made_again), BOTH_BACKENDS(names_are_kept),
                                       BOTH_BACKENDS(newer_folders_are_refused)};
    return cmocka_run_group_tests_name("record.reindex", tests, NULL, NULL);
}
