/* Profiles through the record: posted definitions count when they are committed, by whichever road;
 * what is kept of them is bounded; strict types refuse; what the actor may not read is not there.
 */
#include "record/bulk.h"
#include "record/fixture_int.h"
#include "record/profile_int.h"

#define URL "http://example.org/p"

static str definition(struct fixture *f, const char *url, const char *elements)
{
    return str_of(fixture_text(
        f,
        "{\"resourceType\":\"StructureDefinition\",\"url\":\"%s\",\"name\":\"P\",\"status\":"
        "\"active\",\"kind\":\"resource\",\"abstract\":false,\"type\":\"Patient\","
        "\"baseDefinition\":\"http://hl7.org/fhir/StructureDefinition/Patient\",\"derivation\":"
        "\"constraint\",\"differential\":{\"element\":[%s]}}",
        url, elements));
}

static err validate(struct fixture *f, const char *text, const char *profile)
{
    struct json *tree = fixture_tree(f, text);
    const str url = str_of(profile);
    const struct record_check check = {.profiles = &url, .n = 1};
    op_clear(&f->op);
    return record_validate(&f->op, f->rec, tree, &check);
}

static void posted_ones_count_at_once(void **state)
{
    struct fixture *f = *state;
    const char *bare = "{\"resourceType\":\"Patient\",\"active\":true}";
    assert_int_equal(validate(f, bare, URL), OK);
    assert_true(fixture_told(f, "Patient")); /* that it is not known */
    fixture_make(f, str_z(f->keep, definition(f, URL,
                                              "{\"id\":\"Patient.gender\",\"path\":"
                                              "\"Patient.gender\",\"min\":1}")));
    assert_int_equal(validate(f, bare, URL), ERR_UNPROCESSABLE);
    assert_true(fixture_told(f, "Patient.gender"));
}

static void loaded_ones_too(void **state)
{
    struct fixture *f = *state;
    struct record_load load;
    const char *bare = "{\"resourceType\":\"Patient\",\"active\":true}";
    assert_int_equal(validate(f, bare, URL), OK);
    assert_int_equal(record_load_begin(&f->op, f->rec, &load), OK);
    assert_int_equal(record_load_add(&f->op, &load,
                                     definition(f, URL,
                                                "{\"id\":\"Patient.name\",\"path\":"
                                                "\"Patient.name\",\"min\":1}")),
                     OK);
    assert_int_equal(record_load_end(&f->op, &load), OK);
    assert_int_equal(validate(f, bare, URL), ERR_UNPROCESSABLE);
}

/* Sixteen profiles of two megabytes each do not stay. */
static void memory_is_bounded(void **state)
{
    struct fixture *f = *state;
    struct buf b;
    buf_init(&b, f->keep, 8u << 20);
    for (unsigned i = 0; i < 4000; i++)
        buf_printf(&b,
                   "%s{\"id\":\"Patient.name:s%u\",\"path\":\"Patient.name\",\"sliceName\":\"s%u"
                   "\",\"patternHumanName\":{\"family\":\"%0200u\"}}",
                   i ? "," : "", i, i, i);
    const char *elements = str_z(f->keep, buf_str(&b));
    size_t highest = 0;
    for (unsigned i = 0; i < 16; i++) {
        const char *url = fixture_text(f, URL "%u", i);
        arena_reset(f->arena);
        fixture_as(f, &f->system);
        fixture_make(f, str_z(f->keep, definition(f, url, elements)));
    }
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < 16; i++) {
            const char *url = fixture_text(f, URL "%u", i);
            arena_reset(f->arena);
            fixture_as(f, &f->system);
            assert_int_equal(
                validate(f, "{\"resourceType\":\"Patient\",\"name\":[{\"text\":\"x\"}]}", url), OK);
            size_t n = profile_shelf_bytes(f->rec->profiles);
            highest = n > highest ? n : highest;
        }
    assert_true(highest > (4u << 20));
    assert_true(highest < RECORD_PROFILES_BYTES + (8u << 20));
}

static void strict_types_refuse(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    assert_int_equal(record_set_strict(&f->op, f->rec, STR("Nothing")), ERR_INVALID);
    op_clear(&f->op);
    assert_int_equal(record_set_strict(&f->op, f->rec, STR("*=" URL)), ERR_INVALID);
    op_clear(&f->op);
    assert_int_equal(record_set_strict(&f->op, f->rec, STR("*, Patient=" URL)), OK);
    fixture_make(f, str_z(f->keep, definition(f, URL,
                                              "{\"id\":\"Patient.gender\",\"path\":"
                                              "\"Patient.gender\",\"min\":1}")));
    assert_int_equal(fixture_try(f, "{\"resourceType\":\"Patient\",\"active\":true}", &r),
                     ERR_UNPROCESSABLE);
    assert_true(fixture_told(f, "Patient.gender"));
    op_clear(&f->op);
    assert_int_equal(fixture_try(f, "{\"resourceType\":\"Patient\",\"gender\":\"male\"}", &r), OK);
    assert_int_equal(fixture_try(f,
                                 "{\"resourceType\":\"Basic\",\"code\":{\"text\":\"x\"},\"meta\":{"
                                 "\"profile\":[\"http://example.org/none\"]}}",
                                 &r),
                     ERR_UNPROCESSABLE);
}

/* Nobody's reference and one that the actor may not read are told alike. */
static void what_may_not_be_read_is_not_there(void **state)
{
    struct fixture *f = *state;
    const char *mine = fixture_patient(f, "Mine"), *other = fixture_patient(f, "Other");
    fixture_make(f, fixture_text(f, "%.*s",
                                 STR_ARG(definition(f, URL,
                                                    "{\"id\":\"Patient.link.other\",\"path\":"
                                                    "\"Patient.link.other\",\"type\":[{\"code\":"
                                                    "\"Reference\",\"targetProfile\":[\"" URL "2"
                                                    "\"]}]}"))));
    fixture_make(f, str_z(f->keep, definition(f, URL "2",
                                              "{\"id\":\"Patient.photo\",\"path\":"
                                              "\"Patient.photo\",\"min\":1}")));
    const char *to = fixture_text(f,
                                  "{\"resourceType\":\"Patient\",\"link\":[{\"other\":{"
                                  "\"reference\":\"%s\"},\"type\":\"seealso\"}]}",
                                  other);
    assert_int_equal(validate(f, to, URL), ERR_UNPROCESSABLE); /* we see that it has no photo */
    f->patient.patient = fixture_rid(f, mine);
    f->patient.reference = str_of(mine);
    f->patient.user_rid = f->patient.patient;
    fixture_as(f, &f->patient);
    assert_int_equal(validate(f, to, URL), OK);
    size_t seen = f->op.fault.n;
    assert_int_equal(validate(f,
                              "{\"resourceType\":\"Patient\",\"link\":[{\"other\":{\"reference\":"
                              "\"Patient/nobody\"},\"type\":\"seealso\"}]}",
                              URL),
                     OK);
    assert_int_equal(f->op.fault.n, seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(posted_ones_count_at_once),
        BOTH_BACKENDS(loaded_ones_too),
        {"memory_is_bounded", memory_is_bounded, fixture_setup_memory, fixture_teardown, NULL},
        BOTH_BACKENDS(strict_types_refuse),
        BOTH_BACKENDS(what_may_not_be_read_is_not_there),
    };
    return cmocka_run_group_tests_name("record.profile", tests, NULL, NULL);
}
