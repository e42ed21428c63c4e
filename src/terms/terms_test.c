/* What the doors answer, and what they say they cannot; order of versions; grammars; damaged
 * blocks. The operations are tested over HTTP (tests/30-http, tests/40-flows). */
#include "base/test.h"
#include "terms/build_int.h"
#include "terms/doors_int.h"
#include "terms/params_int.h"

#include "base/time.h"

#define GENDER "http://hl7.org/fhir/administrative-gender"
#define ACT "http://terminology.hl7.org/CodeSystem/v3-ActCode"

struct fixture {
    struct arena *arena;
    struct op op;
    struct terms *t;
    const struct fhir_terms *doors;
};

static int begin(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->arena = arena_new(0);
    op_init(&f->op, f->arena, NULL, time_now());
    assert_int_equal(terms_open(&f->op, NULL, STR_NONE, &f->t), OK);
    f->doors = terms_doors(f->t);
    *state = f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;
    arena_free(f->arena);
    terms_close(f->t);
    free(f);
    return 0;
}

static enum terms_answer member(struct fixture *f, const char *set, const char *system,
                                const char *code)
{
    enum terms_answer a = TERMS_UNKNOWN;
    struct terms_code c = {.system = str_of(system), .code = str_of(code)};
    assert_int_equal(f->doors->member(&f->op, f->doors->ctx, str_of(set), c, &a, NULL), OK);
    assert_int_equal(f->op.fault.n, 0);
    return a;
}

static void test_member(void **state)
{
    struct fixture *f = *state;
    static const char set[] = "http://hl7.org/fhir/ValueSet/administrative-gender";
    str display = STR_NONE;
    enum terms_answer a;
    assert_int_equal(member(f, set, GENDER, "male"), TERMS_YES);
    assert_int_equal(member(f, set, "", "male"), TERMS_YES);
    assert_int_equal(member(f, set, GENDER, "man"), TERMS_NO);
    assert_int_equal(member(f, set, ACT, "male"), TERMS_NO);
    assert_int_equal(
        member(f, "http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1", GENDER, "male"),
        TERMS_YES);
    assert_int_equal(
        member(f, "http://hl7.org/fhir/ValueSet/administrative-gender|3", GENDER, "male"),
        TERMS_UNKNOWN);
    struct terms_code c = {.system = STR(GENDER), .code = STR("other")};
    assert_int_equal(f->doors->member(&f->op, f->doors->ctx, str_of(set), c, &a, &display), OK);
    assert_true(str_eq(display, STR("Other")));
}

/* What is not here, not whole, or a filter nobody can work out is UNKNOWN; never a guess. */
static void test_unknown(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *set, *system, *code;
        enum terms_answer want;
    } rows[] = {
        {"http://example.org/none", GENDER, "male", TERMS_UNKNOWN},
        {"http://hl7.org/fhir/ValueSet/clinical-findings", "http://snomed.info/sct", "1",
         TERMS_UNKNOWN},
        {"http://hl7.org/fhir/ValueSet/observation-codes", "http://loinc.org", "8480-6",
         TERMS_UNKNOWN},
        {"http://hl7.org/fhir/ValueSet/observation-codes", GENDER, "male", TERMS_NO},
        {"http://hl7.org/fhir/ValueSet/service-type",
         "http://terminology.hl7.org/CodeSystem/service-type", "no such", TERMS_UNKNOWN},
        {"http://hl7.org/fhir/ValueSet/service-type",
         "http://terminology.hl7.org/CodeSystem/service-type", "124", TERMS_YES},
        {"http://hl7.org/fhir/ValueSet/example-filter", "http://hl7.org/fhir/CodeSystem/example",
         "x", TERMS_NO},
        {"http://snomed.info/sct?fhir_vs=ecl/<1", "http://snomed.info/sct", "1", TERMS_UNKNOWN},
        {"http://hl7.org/fhir/ValueSet/ucum-bodyweight", "http://unitsofmeasure.org", "kg",
         TERMS_YES},
        {"http://unitsofmeasure.org/vs", "http://unitsofmeasure.org", "kg/m2", TERMS_YES},
        {"http://unitsofmeasure.org/vs", "http://unitsofmeasure.org", "stone", TERMS_NO},
        {"http://www.rfc-editor.org/bcp/bcp47.txt", "urn:ietf:bcp:47", "pt-BR", TERMS_YES},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (member(f, rows[i].set, rows[i].system, rows[i].code) != rows[i].want)
            fail_msg("%s %s", rows[i].set, rows[i].code);
}

static void test_relate(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *a, *b;
        bool known;
        enum terms_relation want;
    } rows[] = {{"_ActEncounterCode", "AMB", true, TERMS_SUBSUMES},
                {"AMB", "_ActEncounterCode", true, TERMS_SUBSUMED_BY},
                {"AMB", "AMB", true, TERMS_EQUIVALENT},
                {"AMB", "EMER", true, TERMS_NOT_SUBSUMED},
                {"AMB", "none", false, TERMS_EQUIVALENT}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool known = !rows[i].known;
        enum terms_relation r = TERMS_EQUIVALENT;
        assert_int_equal(f->doors->relate(&f->op, f->doors->ctx, STR(ACT), str_of(rows[i].a),
                                          str_of(rows[i].b), &known, &r),
                         OK);
        assert_int_equal(known, rows[i].known);
        assert_int_equal(r, rows[i].want);
    }
}

static void test_expand_and_closure(void **state)
{
    struct fixture *f = *state;
    struct terms_code *codes;
    size_t n, below;
    str set = STR("http://terminology.hl7.org/ValueSet/v3-ActEncounterCode");
    struct terms_code top = {.system = STR(ACT), .code = STR("_ActEncounterCode")};
    assert_int_equal(f->doors->expand(&f->op, f->doors->ctx, set, 1000, &codes, &n), OK);
    assert_int_equal(f->doors->closure(&f->op, f->doors->ctx, top, true, 1000, &codes, &below), OK);
    assert_int_equal(n + 1, below); /* the set leaves the top out */
    assert_true(n > 5);
    assert_int_equal(f->doors->closure(&f->op, f->doors->ctx, top, true, 2, &codes, &n),
                     ERR_TOO_COSTLY);
    op_clear(&f->op);
    assert_int_equal(f->doors->expand(&f->op, f->doors->ctx, set, 2, &codes, &n), ERR_TOO_COSTLY);
    op_clear(&f->op);
    assert_int_equal(
        f->doors->expand(&f->op, f->doors->ctx, STR("http://example.org/x"), 9, &codes, &n),
        ERR_NOT_FOUND);
    op_clear(&f->op);
    top.code = STR("none");
    assert_int_equal(f->doors->closure(&f->op, f->doors->ctx, top, true, 9, &codes, &n),
                     ERR_NOT_FOUND);
}

static void test_versions(void **state)
{
    (void)state;
    static const char *const up[] = {"",  "1",     "1.2",    "1.10", "1.10-a",
                                     "2", "4.0.1", "4.0.10", "20"};
    size_t n = sizeof up / sizeof *up;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            int c = version_cmp(str_of(up[i]), str_of(up[k]));
            assert_int_equal((c > 0) - (c < 0), (i > k) - (i < k));
        }
}

static void test_displays(void **state)
{
    (void)state;
    assert_true(text_alike(STR("Heart rate"), STR(" heart   RATE ")));
    assert_false(text_alike(STR("Heart rate"), STR("Heartrate")));
    assert_false(text_alike(STR("Heart"), STR("Heart rate")));
    assert_true(text_alike(STR(""), STR("  ")));
}

/* One bit anywhere: the block is refused. */
static void test_damage(void **state)
{
    struct fixture *f = *state;
    static const char text[] =
        "{\"resourceType\":\"CodeSystem\",\"url\":\"http://x/y\",\"content\":\"complete\","
        "\"concept\":[{\"code\":\"a\",\"display\":\"A\",\"concept\":[{\"code\":\"b\"}]}]}";
    struct json *r;
    struct blob b;
    str block;
    assert_int_equal(json_read(&f->op, STR(text), &JSON_LIMITS_DEFAULT, &r), OK);
    assert_int_equal(terms_compile(&f->op, r, 1u << 20, &block), OK);
    assert_true(blob_open(block, &b));
    for (size_t i = 0; i < block.n; i++) {
        char *p = (char *)(uintptr_t)block.p + i;
        *p ^= 4;
        assert_false(blob_open(block, &b));
        *p ^= 4;
    }
    assert_false(blob_open(str_sub(block, 0, block.n - 8), &b));
    assert_int_equal(terms_compile(&f->op, r, 64, &block), ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_member, begin, end),
        cmocka_unit_test_setup_teardown(test_unknown, begin, end),
        cmocka_unit_test_setup_teardown(test_relate, begin, end),
        cmocka_unit_test_setup_teardown(test_expand_and_closure, begin, end),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_displays),
        cmocka_unit_test_setup_teardown(test_damage, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
