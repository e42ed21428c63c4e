/* Joining one transaction, following and loading: what care rooms and import stand on. */
#include "record/bulk.h"
#include "record/fixture_int.h"

static const char weight_of[] =
    "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"},\"subject\":{"
    "\"reference\":\"";

static struct json *weight(struct fixture *f, const char *patient)
{
    return fixture_tree(f, fixture_text(f, "%s%s\"}}", weight_of, patient));
}

static struct json *patient(struct fixture *f)
{
    return fixture_tree(f, "{\"resourceType\":\"Patient\",\"active\":true}");
}

static void all_in_one_commit(void **state)
{
    struct fixture *f = *state;
    struct record_change *c;
    struct record_job *jobs;
    struct json *tree;
    struct record_doc d;
    str id, obs, value;
    size_t n;
    uint64_t t = record_now_t(f->rec), cursor, lines = fixture_lines(f);
    struct record_tx *tx = record_begin(&f->op, f->rec);
    assert_int_equal(record_tx_create(tx, patient(f), &id), OK);
    const char *p = fixture_text(f, "Patient/%.*s", STR_ARG(id));
    assert_int_equal(record_tx_create(tx, weight(f, p), &obs), OK);
    record_tx_cursor(tx, STR("monitor"), 0, 41);
    record_tx_kv(tx, STR("episode/1"), STR("open"));
    record_tx_outbox(tx, STR("sms"), 1, STR("job one"));
    struct json *detail = json_new(f->arena, JSON_OBJECT);
    json_set_str(f->arena, detail, STR("decision"), STR("allow"));
    record_tx_trail(tx, STR("decided"), fhir_type_parse(STR("Patient")), id, detail);
    /* Not before the commit. */
    assert_int_equal(record_now_t(f->rec), t);
    assert_int_equal(record_commit(tx), OK);
    assert_int_equal(record_now_t(f->rec), t + 1);
    assert_int_equal(fixture_lines(f), lines + 3);
    assert_int_equal(fixture_read(f, fixture_text(f, "Observation/%.*s", STR_ARG(obs)), &d), OK);
    assert_int_equal(d.patient, fixture_rid(f, p));
    assert_int_equal(record_parse(&f->op, &d, &tree), OK);
    assert_int_equal(record_feed(&f->op, f->rec, t, 10, &c, &n), OK);
    assert_int_equal(n, 2);
    assert_true(c[0].created && c[0].patient == fixture_rid(f, p));
    assert_int_equal(record_cursor(&f->op, f->rec, STR("monitor"), &cursor), OK);
    assert_int_equal(cursor, 41);
    assert_int_equal(record_cursor(&f->op, f->rec, STR("other"), &cursor), OK);
    assert_int_equal(cursor, 0);
    assert_int_equal(record_kv_get(&f->op, f->rec, STR("episode/1"), &value), OK);
    assert_true(str_eq(value, STR("open")));
    assert_int_equal(record_kv_get(&f->op, f->rec, STR("episode/2"), &value), OK);
    assert_int_equal(value.n, 0);
    assert_int_equal(record_outbox_take(&f->op, f->rec, STR("sms"), 60000, 10, &jobs, &n), OK);
    assert_int_equal(n, 1);
    assert_true(str_eq(jobs[0].body, STR("job one")));
    record_outbox_again(&f->op, f->rec,
                        &jobs[0]); /* a race was lost: not only when the lease ends */
    f->op.now += 250;
    assert_int_equal(record_outbox_take(&f->op, f->rec, STR("sms"), 60000, 10, &jobs, &n), OK);
    assert_int_equal(n, 1);
    assert_true(str_eq(jobs[0].body, STR("job one")));
    tx = record_begin(&f->op, f->rec);
    record_tx_outbox_done(tx, jobs[0].job);
    assert_int_equal(record_commit(tx), OK);
}

static void a_moved_cursor_stops_it(void **state)
{
    struct fixture *f = *state;
    str id;
    struct record_tx *tx = record_begin(&f->op, f->rec);
    record_tx_cursor(tx, STR("monitor"), 0, 7);
    assert_int_equal(record_commit(tx), OK);
    tx = record_begin(&f->op, f->rec);
    assert_int_equal(record_tx_create(tx, patient(f), &id), OK);
    record_tx_cursor(tx, STR("monitor"), 3, 9);
    assert_int_equal(record_commit(tx), ERR_CONFLICT);
    op_clear(&f->op);
    assert_int_equal(fixture_count(f, "Patient", "active=true"), 0);
    tx = record_begin(&f->op, f->rec);
    assert_int_equal(record_tx_create(tx, patient(f), &id), OK);
    record_tx_cursor(tx, STR("monitor"), 7, 9);
    assert_int_equal(record_commit(tx), OK);
    assert_int_equal(fixture_count(f, "Patient", "active=true"), 1);
}

static void a_moved_version_stops_it(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    const char *p = fixture_patient(f, "X");
    fhir_type type = fhir_type_parse(STR("Patient"));
    struct record_tx *tx = record_begin(&f->op, f->rec);
    assert_int_equal(record_tx_update(tx, type, fixture_id(p), patient(f), 1), OK);
    assert_int_equal(record_update(&f->op, f->rec, type, fixture_id(p), patient(f), STR_NONE, &r),
                     OK);
    assert_int_equal(record_commit(tx), ERR_PRECONDITION);
    op_clear(&f->op);
    tx = record_begin(&f->op, f->rec);
    record_tx_expect_kv(tx, STR("k"), STR("v"));
    assert_int_equal(record_commit(tx), ERR_CONFLICT);
}

static void a_bad_reference_stops_it(void **state)
{
    struct fixture *f = *state;
    str id;
    struct record_tx *tx = record_begin(&f->op, f->rec);
    assert_int_equal(record_tx_create(tx, patient(f), &id), OK);
    assert_int_equal(record_tx_create(tx, weight(f, "Patient/none"), &id), OK);
    assert_int_equal(record_commit(tx), ERR_UNPROCESSABLE);
    assert_int_equal(fixture_count(f, "Patient", "active=true"), 0);
}

#define URN "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"

static const char bundle[] =
    "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{\"fullUrl\":\"" URN
    "\",\"resource\":{\"resourceType\":\"Patient\",\"active\":true},\"request\":{\"method\":"
    "\"POST\","
    "\"url\":\"Patient\"}},{\"resource\":{\"resourceType\":\"Observation\",\"status\":\"final\","
    "\"code\":{"
    "\"text\":\"x\"},\"subject\":{\"reference\":\"" URN
    "\"}},\"request\":{\"method\":\"POST\",\"url\":"
    "\"Observation\"}}]}";

static void loading_is_whole_or_not(void **state)
{
    struct fixture *f = *state;
    struct record_load load;
    assert_int_equal(record_load_begin(&f->op, f->rec, &load), OK);
    for (int i = 0; i < 40; i++)
        assert_int_equal(record_load_add(&f->op, &load, str_of(bundle)), OK);
    assert_int_equal(record_load_add(&f->op, &load, STR("{\"resourceType\":\"Patient\"")),
                     ERR_INVALID);
    op_clear(&f->op);
    str bad = STR(
        "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{\"resource\":{"
        "\"resourceType\":\"Patient\",\"id\":\"x1\"}},{\"resource\":{\"resourceType\":"
        "\"Observation\","
        "\"id\":\"x2\",\"status\":\"final\",\"code\":{\"text\":\"x\"},\"subject\":{\"reference\":"
        "\"Patient/none\"}}}]}");
    assert_int_equal(record_load_add(&f->op, &load, bad), ERR_UNPROCESSABLE);
    assert_true(load.unresolved);
    assert_true(fixture_told(f, "Bundle.entry[1].resource.subject"));
    op_clear(&f->op);
    assert_int_equal(
        record_load_add(&f->op, &load, STR("{\"resourceType\":\"Patient\",\"id\":\"x9\"}")), OK);
    assert_int_equal(record_load_end(&f->op, &load), OK);
    assert_int_equal(load.resources, 81);
    assert_int_equal(load.by_type[fhir_type_parse(STR("Observation"))], 40);
    assert_int_equal(fixture_count(f, "Patient", "_count=1000"), 41);
    assert_int_equal(fixture_count(f, "Patient", "_id=x1"), 0);
    assert_int_equal(fixture_count(f, "Patient", "_id=x9"), 1);
    fixture_as(f, &f->nurse);
    assert_int_equal(record_load_begin(&f->op, f->rec, &load), ERR_FORBIDDEN);
}

static void late(void *ctx, str source, const struct fault *fault)
{
    (void)source;
    *(size_t *)ctx += fault->n > 0;
}

/* The same id over and over: each next one loses the race against the last and is done again. */
static void loading_repeats_what_lost(void **state)
{
    struct fixture *f = *state;
    struct record_load load;
    struct record_doc d;
    size_t failed = 0;
    assert_int_equal(record_load_begin(&f->op, f->rec, &load), OK);
    load.late = late;
    load.ctx = &failed;
    for (int i = 0; i < 30; i++)
        assert_int_equal(
            record_load_add(&f->op, &load, STR("{\"resourceType\":\"Patient\",\"id\":\"same\"}")),
            OK);
    assert_int_equal(record_load_end(&f->op, &load), OK);
    assert_int_equal(failed, 0);
    assert_int_equal(load.resources, 30);
    assert_int_equal(fixture_read(f, "Patient/same", &d), OK);
    assert_int_equal(d.vid, 30);
}

static void loaded_together(void **state)
{
    struct fixture *f = *state;
    struct record_load load;
    const str ring[] = {
        STR("{\"resourceType\":\"Patient\",\"id\":\"a\",\"link\":[{\"type\":\"seealso\",\"other\":{"
            "\"reference\":\"Patient/b\"}}]}"),
        STR("{\"resourceType\":\"Patient\",\"id\":\"b\",\"link\":[{\"type\":\"seealso\",\"other\":{"
            "\"reference\":\"Patient/a\"}}]}")};
    assert_int_equal(record_load_begin(&f->op, f->rec, &load), OK);
    assert_int_equal(record_load_add(&f->op, &load, ring[0]), ERR_UNPROCESSABLE);
    op_clear(&f->op);
    assert_int_equal(record_load_add_all(&f->op, &load, ring, 2), OK);
    assert_int_equal(record_load_end(&f->op, &load), OK);
    assert_int_equal(fixture_count(f, "Patient", "link=Patient/a"), 1);
}

static err count(struct op *op, void *ctx, const struct record_doc *doc)
{
    (void)op;
    *(size_t *)ctx += doc->body.n > 0;
    return OK;
}

static err refuse(struct op *op, void *ctx, const struct record_doc *doc)
{
    (void)ctx;
    (void)doc;
    return fail(op, ERR_UNAVAILABLE, "full");
}

static void unloading_shows_what_is_current(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    size_t n = 0;
    for (int i = 0; i < 300; i++)
        fixture_patient(f, "X");
    const char *gone = fixture_patient(f, "Gone");
    assert_int_equal(record_delete(&f->op, f->rec, fhir_type_parse(STR("Patient")),
                                   fixture_id(gone), STR_NONE, &r),
                     OK);
    assert_int_equal(record_unload(&f->op, f->rec, 0, count, &n), OK);
    assert_int_equal(n, 300);
    n = 0;
    assert_int_equal(record_unload(&f->op, f->rec, fhir_type_parse(STR("Group")), count, &n), OK);
    assert_int_equal(n, 0);
    assert_int_equal(record_unload(&f->op, f->rec, 0, refuse, NULL), ERR_UNAVAILABLE);
    fixture_as(f, &f->nurse);
    assert_int_equal(record_unload(&f->op, f->rec, 0, count, &n), ERR_FORBIDDEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(all_in_one_commit),        BOTH_BACKENDS(a_moved_cursor_stops_it),
        BOTH_BACKENDS(a_moved_version_stops_it), BOTH_BACKENDS(a_bad_reference_stops_it),
        BOTH_BACKENDS(loading_is_whole_or_not),  BOTH_BACKENDS(loading_repeats_what_lost),
        BOTH_BACKENDS(loaded_together),          BOTH_BACKENDS(unloading_shows_what_is_current),
    };
    return cmocka_run_group_tests_name("record.tx", tests, NULL, NULL);
}
