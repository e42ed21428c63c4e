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
    store_tx_keys(tx,
                  &(struct store_put){.rid = rid, .vid = d.vid, .keys = kept, .n_keys = n_kept});
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
    again(f, str_z(f->keep, arena_printf(f->keep, "8.%llu", (unsigned long long)rid)));
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
    again(f, "8");
    assert_int_equal(fixture_count(f, "Observation", "_content=weight%20arm"), 1);
    assert_int_equal(store_kv_list(&f->op, f->store, STR("phrase/"), 10, &rows, &n), OK);
    assert_int_equal(n, 2);
    forget(f, ref);
    struct store_tx *tx = store_tx_new(&f->op, f->store);
    for (size_t i = 0; i < n; i++)
        store_tx_kv(tx, rows[i], STR_NONE);
    assert_int_equal(store_commit(&f->op, tx, &c), OK);
    again(f, "8");
    assert_int_equal(fixture_count(f, "Observation", "_content=weight"), 0);
    again(f, "4");
    assert_int_equal(fixture_count(f, "Observation", "_content=weight%20arm"), 1);
    again(f, "8");
    assert_int_equal(fixture_count(f, "Observation", "_content=weight%20arm"), 1);
}

#define WEIGHTS 28

/* The two newest weights, as the marks lead to them. */
static int newest(struct fixture *f, const char *order, const char *const want[2])
{
    struct record_page page;
    fixture_as(f, &f->system);
    assert_int_equal(
        record_find(&f->op, f->rec, fhir_type_parse(STR("Observation")),
                    str_of(fixture_text(f,
                                        "code=http://loinc.org|29463-7&date=ge2026&_sort=%s"
                                        "&_count=2&_explain=1",
                                        order)),
                    &page),
        OK);
    assert_true(str_find(page.explain[0], STR("code is marked"), 0) != SIZE_MAX);
    for (size_t i = 0; i < page.n_match; i++)
        assert_true(str_eq(page.docs[i].id, fixture_id(want[i])));
    return (int)page.n_match;
}

/* Where codes lie is marked as they are written, and in a folder that has no marks when it is
 * opened. */
static void marks_are_made(void **state)
{
    struct fixture *f = *state;
    struct store_marks *marks = &f->rec->marks[fhir_type_parse(STR("Observation"))], all = *marks;
    const char *w[WEIGHTS], *p = fixture_patient(f, "Ana");
    assert_true(all.lead && all.order);
    *marks = (struct store_marks){0}; /* as an older program */
    for (int i = 0; i < WEIGHTS; i++) /* 11 and 28 have no common divisor: no day twice */
        w[i] = fixture_weight(f, p, "70", fixture_text(f, "2026-02-%02d", 1 + i * 11 % WEIGHTS));
    *marks = all;
    const char *const by_day[] = {w[5], w[10]}, *const by_time[] = {w[27], w[26]};
    assert_int_equal(newest(f, "-date", by_day), 0);
    assert_int_equal(newest(f, "-_lastUpdated", by_time), 0);
    again(f, "6");
    assert_int_equal(newest(f, "-date", by_day), 2);
    assert_int_equal(newest(f, "-_lastUpdated", by_time), 2);
    const char *now = fixture_weight(f, p, "71", "2026-01-31");
    const char *const with[] = {now, w[27]};
    assert_int_equal(newest(f, "-_lastUpdated", with), 2);
    assert_int_equal(newest(f, "-date", by_day), 2);
}

#define VALUES 64
#define VALUE_BYTES 65536

/* Keys made again ask for memory by what has keys, not by the named values beside it, of which
 * there may be millions. */
static void named_values_are_not_read(void **state)
{
    struct fixture *f = *state;
    static char bytes[VALUE_BYTES];
    memset(bytes, 'x', sizeof bytes);
    fixture_patient(f, "Ana");
    struct record_tx *tx = record_begin(&f->op, f->rec);
    for (int i = 0; i < VALUES; i++)
        record_tx_kv(tx, arena_printf(f->keep, "ledger/%d", i), str_make(bytes, sizeof bytes));
    assert_int_equal(record_commit(tx), OK);
    size_t before = arena_used(f->arena);
    again(f, "4");
    assert_in_range(arena_used(f->arena) - before, 0, VALUES * VALUE_BYTES / 4);
    assert_int_equal(fixture_count(f, "Patient", "family=ana"), 1);
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
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(made_again), BOTH_BACKENDS(names_are_kept), BOTH_BACKENDS(marks_are_made),
        BOTH_BACKENDS(named_values_are_not_read), BOTH_BACKENDS(newer_folders_are_refused)};
    return cmocka_run_group_tests_name("record.reindex", tests, NULL, NULL);
}
