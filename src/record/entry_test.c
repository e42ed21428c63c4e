/* Conditional update, patch and delete, undelete, and what may not be: over the record's door and
 * in Bundles; and the races that may make one thing only. */
#include "record/fixture_int.h"
#include "record/write.h"

#include <pthread.h>

static err put(struct fixture *f, const char *query, const char *resource, struct fhir_entry e,
               struct record_result *ret)
{
    op_clear(&f->op);
    e.verb = VERB_PUT;
    e.resource = fixture_tree(f, resource);
    e.type = fhir_type_of(e.resource);
    e.query = str_of(query);
    return record_write(&f->op, f->rec, &e, ret);
}

static err patch(struct fixture *f, struct fhir_entry e, const char *text, struct record_result *r)
{
    op_clear(&f->op);
    e.verb = VERB_PATCH;
    e.type = fhir_type_parse(STR("Patient"));
    assert_int_equal(fhir_patch_read(&f->op, str_of(text), &e.patch), OK);
    return record_write(&f->op, f->rec, &e, r);
}

static err end(struct fixture *f, const char *query, uint32_t many, struct record_result *r)
{
    struct fhir_entry e = {.verb = VERB_DELETE,
                           .type = fhir_type_parse(STR("Patient")),
                           .query = str_of(query),
                           .many = many};
    op_clear(&f->op);
    return record_write(&f->op, f->rec, &e, r);
}

static const char *marked(struct fixture *f, const char *value, const char *more)
{
    return fixture_text(f,
                        "{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":\"urn:e\","
                        "\"value\":\"%s\"}]%s}",
                        value, more);
}

static const struct fhir_entry plain;

static void conditional_update(void **state)
{
    struct fixture *f = *state;
    struct record_result a, b;
    assert_int_equal(put(f, "identifier=urn:e|1", marked(f, "1", ""), plain, &a), OK);
    assert_true(a.created && a.vid == 1);
    assert_int_equal(
        put(f, "Patient?identifier=urn:e|1", marked(f, "1", ",\"active\":true"), plain, &b), OK);
    assert_true(!b.created && b.vid == 2 && str_eq(a.id, b.id));
    assert_int_equal(put(f, "identifier=urn:e|1", marked(f, "1", ",\"id\":\"another\""), plain, &b),
                     ERR_INVALID);
    assert_int_equal(put(f, "identifier=urn:e|2", marked(f, "2", ",\"id\":\"mine\""), plain, &b),
                     OK);
    assert_true(b.created && str_eq(b.id, STR("mine")));
    assert_int_equal(put(f, "identifier=urn:e|3", marked(f, "3", ",\"id\":\"mine\""), plain, &b),
                     ERR_CONFLICT);
    assert_int_equal(put(f, "", marked(f, "3", ""), plain, &b), ERR_INVALID);
    assert_int_equal(put(f, "identifier=urn:e|9", marked(f, "9", ""),
                         (struct fhir_entry){.if_match = STR("W/\"1\"")}, &b),
                     ERR_PRECONDITION);
    assert_int_equal(put(f, "identifier=urn:e|1", marked(f, "1", ""),
                         (struct fhir_entry){.if_none_match = STR("*")}, &b),
                     ERR_PRECONDITION);
    assert_int_equal(put(f, "identifier=urn:e|1", marked(f, "1", ""),
                         (struct fhir_entry){.if_match = STR("W/\"2\"")}, &b),
                     OK);
    fixture_make(f, marked(f, "1", ""));
    assert_int_equal(put(f, "identifier=urn:e|1", marked(f, "1", ""), plain, &b), ERR_PRECONDITION);
    assert_int_equal(fixture_count(f, "Patient", "identifier=urn:e|"), 3);
}

static void patches(void **state)
{
    struct fixture *f = *state;
    static const char off[] = "[{\"op\":\"add\",\"path\":\"/active\",\"value\":false}]";
    struct record_result r;
    str id = fixture_id(fixture_make(f, marked(f, "p", ",\"active\":true")));
    struct fhir_entry by_id = {.id = id};
    assert_int_equal(patch(f, by_id, off, &r), OK);
    assert_true(r.vid == 2 && str_find(r.doc.body, STR("\"active\":false"), 0) != SIZE_MAX);
    assert_int_equal(patch(f, (struct fhir_entry){.query = STR("identifier=urn:e|p")}, off, &r),
                     OK);
    assert_int_equal(r.vid, 3);
    by_id.if_match = STR("2");
    assert_int_equal(patch(f, by_id, off, &r), ERR_PRECONDITION);
    by_id.if_match = STR("3");
    assert_int_equal(patch(f, by_id, off, &r), OK);
    by_id.if_match = STR_NONE;
    assert_int_equal(patch(f, by_id, "[{\"op\":\"add\",\"path\":\"/gender\",\"value\":\"x\"}]", &r),
                     ERR_UNPROCESSABLE);
    assert_int_equal(patch(f, by_id,
                           "[{\"op\":\"add\",\"path\":\"/managingOrganization\",\"value\":{"
                           "\"reference\":\"Organization/none\"}}]",
                           &r),
                     ERR_UNPROCESSABLE);
    assert_int_equal(patch(f, (struct fhir_entry){.id = STR("none")}, off, &r), ERR_NOT_FOUND);
    assert_int_equal(patch(f, (struct fhir_entry){.query = STR("identifier=urn:e|x")}, off, &r),
                     ERR_NOT_FOUND);
    assert_int_equal(end(f, "identifier=urn:e|p", 1, &r), OK);
    assert_int_equal(patch(f, by_id, off, &r), ERR_GONE);
}

static void deletes_and_comes_back(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    str id = fixture_id(fixture_make(f, marked(f, "d", "")));
    fixture_make(f, marked(f, "d", ""));
    fixture_make(f, marked(f, "d", ""));
    assert_int_equal(end(f, "identifier=urn:e|d", 0, &r), ERR_PRECONDITION);
    assert_int_equal(end(f, "identifier=urn:e|d", 2, &r), ERR_PRECONDITION);
    assert_int_equal(fixture_count(f, "Patient", "identifier=urn:e|d"), 3);
    assert_int_equal(end(f, "identifier=urn:e|d", 3, &r), OK);
    assert_int_equal(r.deleted, 3);
    assert_int_equal(fixture_count(f, "Patient", "identifier=urn:e|d"), 0);
    assert_int_equal(end(f, "identifier=urn:e|d", 3, &r), OK);
    assert_int_equal(r.deleted, 0);
    assert_int_equal(end(f, "", 3, &r), ERR_INVALID);
    struct fhir_entry back = {.id = id, .if_none_match = STR("*")};
    const char *text =
        fixture_text(f, "{\"resourceType\":\"Patient\",\"id\":\"%.*s\"}", STR_ARG(id));
    assert_int_equal(put(f, "", text, back, &r), OK);
    assert_true(r.created && r.vid == 3);
    assert_int_equal(put(f, "", text, back, &r), ERR_PRECONDITION);
}

static err run(struct fixture *f, const char *entries, struct record_answer **ret)
{
    struct fhir_plan plan;
    op_clear(&f->op);
    str text = str_of(fixture_text(
        f, "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[%s]}", entries));
    TRY(fhir_bundle_read(&f->op, text, &plan));
    return record_transact(&f->op, f->rec, &plan, ret);
}

static void in_transactions(void **state)
{
    struct fixture *f = *state;
    struct record_answer *a;
    const char *twice = fixture_text(
        f,
        "{\"resource\":%s,\"request\":{\"method\":\"PUT\",\"url\":\"Patient?identifier=urn:e|t\"}}"
        ",{\"resource\":%s,\"request\":{\"method\":\"POST\",\"url\":\"Patient\",\"ifNoneExist\":"
        "\"identifier=urn:e|t\"}}",
        marked(f, "t", ""), marked(f, "t", ""));
    assert_int_equal(run(f, twice, &a), ERR_UNPROCESSABLE);
    assert_true(str_starts(f->op.fault.issues[0].expression, STR("Bundle.entry[0]")));
    const char *all = fixture_text(
        f,
        "{\"fullUrl\":\"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0\",\"resource\":%s,"
        "\"request\":{\"method\":\"PUT\",\"url\":\"Patient?identifier=urn:e|t\"}},"
        "{\"resource\":{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":"
        "\"x\"},\"subject\":{\"reference\":\"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0\"}},"
        "\"request\":{\"method\":\"POST\",\"url\":\"Observation\"}}",
        marked(f, "t", ""));
    assert_int_equal(run(f, all, &a), OK);
    str id = arena_str(f->keep, a[0].result.id);
    assert_true(a[0].result.created && a[1].result.created);
    const char *change = fixture_text(
        f,
        "{\"resource\":{\"resourceType\":\"Binary\",\"contentType\":\"application/json-patch+json\""
        ",\"data\":\"W3sib3AiOiJhZGQiLCJwYXRoIjoiL2FjdGl2ZSIsInZhbHVlIjp0cnVlfV0=\"},"
        "\"request\":{\"method\":\"PATCH\",\"url\":\"Patient?identifier=urn:e|t\"}},"
        "{\"request\":{\"method\":\"GET\",\"url\":\"Patient/%.*s/_history\"}},"
        "{\"request\":{\"method\":\"GET\",\"url\":\"Patient/%.*s/_history/1\"}},"
        "{\"request\":{\"method\":\"DELETE\",\"url\":\"Observation?subject=Patient/%.*s\"}}",
        STR_ARG(id), STR_ARG(id), STR_ARG(id));
    assert_int_equal(run(f, change, &a), OK);
    assert_int_equal(a[0].result.vid, 2);
    assert_int_equal(a[1].page.n, 2);
    assert_int_equal(a[2].doc.vid, 1);
    assert_int_equal(a[3].result.deleted, 1);
    const char *bad = fixture_text(
        f,
        "{\"request\":{\"method\":\"DELETE\",\"url\":\"Patient/none\"}},{\"resource\":{"
        "\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"operation\",\"part\":[{\"name\""
        ":\"type\",\"valueCode\":\"replace\"},{\"name\":\"path\",\"valueString\":"
        "\"Patient.birthDate\"},{\"name\":\"value\",\"valueDate\":\"2000-01-01\"}]}]},"
        "\"request\":{\"method\":\"PATCH\",\"url\":\"Patient/%.*s\"}}",
        STR_ARG(id));
    assert_int_equal(run(f, bad, &a), ERR_UNPROCESSABLE);
    assert_true(str_eq(f->op.fault.issues[0].expression, STR("Bundle.entry[1]")));
    assert_true(str_find(f->op.fault.issues[0].message, STR("Patient.birthDate"), 0) != SIZE_MAX);
}

#define RACERS 6
#define ROUNDS 8

static bool one_round(struct racer *r, struct op *op, int round, struct record_result *result)
{
    struct json *tree;
    str value = arena_printf(op->arena, "%d", round);
    str text = arena_printf(op->arena,
                            "{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":\"urn:r\","
                            "\"value\":\"%.*s\"}],\"multipleBirthInteger\":0}",
                            STR_ARG(value));
    struct fhir_entry e = {.verb = VERB_PUT,
                           .type = fhir_type_parse(STR("Patient")),
                           .query = arena_cat(op->arena, STR("identifier=urn:r|"), value)};
    bool ok = fhir_read(op, text, 0, &tree) == OK;
    e.resource = tree;
    pthread_barrier_wait(r->start);
    return ok && record_write(op, r->f->rec, &e, result) == OK;
}

static void *race(void *ctx)
{
    struct racer *r = ctx;
    for (int i = 0; i < ROUNDS; i++) {
        struct arena *a = arena_new(0);
        struct op op;
        struct record_result result;
        op_init(&op, a, &r->f->system, time_now());
        bool ok = one_round(r, &op, i, &result);
        r->created += ok && result.created;
        r->failed += !ok;
        arena_free(a);
    }
    return NULL;
}

/* A patch that reads and writes is not lost when others patch at the same moment. */
static void *race_to_add(void *ctx)
{
    static const char add[] =
        "[{\"op\":\"add\",\"path\":\"/telecom/-\",\"value\":{\"system\":\"url\",\"value\":\"u\"}}]";
    struct racer *r = ctx;
    for (int i = 0; i < ROUNDS; i++) {
        struct arena *a = arena_new(0);
        struct op op;
        struct record_result result;
        struct fhir_entry e = {.verb = VERB_PATCH,
                               .type = fhir_type_parse(STR("Patient")),
                               .query = STR("identifier=urn:r|sum")};
        op_init(&op, a, &r->f->system, time_now());
        bool ok = fhir_patch_read(&op, STR(add), &e.patch) == OK;
        pthread_barrier_wait(r->start);
        r->failed += !ok || record_write(&op, r->f->rec, &e, &result) != OK;
        arena_free(a);
    }
    return NULL;
}

static void racing_updates_make_one(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_race(f, RACERS, race), ROUNDS);
    assert_int_equal(fixture_count(f, "Patient", "identifier=urn:r|&_count=1000"), ROUNDS);
}

static void racing_patches_lose_nothing(void **state)
{
    struct fixture *f = *state;
    struct record_doc doc;
    struct json *tree;
    const char *made = fixture_make(
        f, "{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":\"urn:r\",\"value\":\"sum\"}]"
           ",\"telecom\":[{\"system\":\"url\",\"value\":\"u\"}]}");
    fixture_race(f, RACERS, race_to_add);
    op_clear(&f->op);
    assert_int_equal(
        record_read(&f->op, f->rec, fhir_type_parse(STR("Patient")), fixture_id(made), &doc), OK);
    assert_int_equal(record_parse(&f->op, &doc, &tree), OK);
    assert_int_equal(JSON_GET(tree, "telecom")->n, 1 + RACERS * ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(conditional_update),      BOTH_BACKENDS(patches),
        BOTH_BACKENDS(deletes_and_comes_back),  BOTH_BACKENDS(in_transactions),
        BOTH_BACKENDS(racing_updates_make_one), BOTH_BACKENDS(racing_patches_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
