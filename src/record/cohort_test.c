/* Cohorts: the same patients as a search finds, however many; what a patient denied, and what is
 * restricted, is not in them; a veiled question answers who may not ask it, and nothing more. */
#include "record/cohort.h"
#include "record/fixture_int.h"

#define MANY 300 /* patients with a denial: more than a search takes out one by one */

static int crowd(struct fixture *f, const char *type, const char *query, bool veiled)
{
    struct record_cohort c = {0};
    fhir_type t = fhir_type_parse(str_of(type));
    op_clear(&f->op);
    err e = veiled ? record_cohort_veiled(&f->op, f->rec, t, str_of(query), &c)
                   : record_cohort(&f->op, f->rec, t, str_of(query), &c);
    if (e != OK)
        return -(int)e;
    for (size_t i = 1; i < c.n; i++)
        assert_true(c.patients[i - 1] < c.patients[i]);
    return (int)c.n;
}

static const char *condition(struct fixture *f, const char *patient, const char *code,
                             const char *more)
{
    return fixture_make(
        f, fixture_text(f,
                        "{\"resourceType\":\"Condition\",%s\"code\":{\"coding\":[{\"system\":"
                        "\"http://hl7.org/fhir/sid/icd-10-cm\",\"code\":\"%s\"}]},\"subject\":{"
                        "\"reference\":\"%s\"}}",
                        more, code, patient));
}

static void deny(struct fixture *f, const char *patient, const char *provision)
{
    fixture_make(
        f, fixture_text(
               f,
               "{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{\"coding\":[{"
               "\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":"
               "\"patient-privacy\"}]},\"category\":[{\"text\":\"restriction\"}],\"patient\":{"
               "\"reference\":\"%s\"},\"policyRule\":{\"text\":\"own\"},\"provision\":{%s}}",
               patient, provision));
}

#define DENY_CONDITIONS                                                                            \
    "\"type\":\"deny\",\"class\":[{\"system\":\"http://hl7.org/fhir/resource-types\",\"code\":"    \
    "\"Condition\"}]"

static void each_patient_counts_once(void **state)
{
    struct fixture *f = *state;
    struct record_cohort c;
    const char *ann = fixture_patient(f, "Ann"), *bob = fixture_patient(f, "Bob");
    fixture_patient(f, "Cy");
    fixture_weight(f, ann, "70", "2026-01-02");
    fixture_weight(f, ann, "71", "2026-01-03");
    fixture_weight(f, bob, "90", "2026-01-03");
    fixture_as(f, &f->nurse);
    uint64_t lines = fixture_lines(f);
    assert_int_equal(crowd(f, "Observation", "code=29463-7", false), 2);
    assert_int_equal(fixture_lines(f), lines + 1);
    assert_int_equal(crowd(f, "Observation", "value-quantity=lt80", false), 1);
    assert_int_equal(crowd(f, "Observation", "patient.name=Bob", false), 1);
    assert_int_equal(crowd(f, "Patient", "", false), 3);
    assert_int_equal(crowd(f, "Patient", "_has:Observation:patient:code=29463-7", false), 2);
    assert_int_equal(crowd(f, "Observation", "code=1-1", false), 0);
    assert_int_equal(record_cohort(&f->op, f->rec, fhir_type_parse(STR("Observation")),
                                   STR("value-quantity=gt80"), &c),
                     OK);
    assert_int_equal(c.n, 1);
    assert_int_equal(c.patients[0], fixture_rid(f, bob));
}

static const char *bill(struct fixture *f, const char *patient)
{
    return fixture_make(
        f, fixture_text(f,
                        "{\"resourceType\":\"Claim\",\"status\":\"active\",\"use\":\"claim\","
                        "\"type\":{\"text\":\"x\"},\"created\":\"2026-01-02\",\"provider\":{"
                        "\"display\":\"x\"},\"priority\":{\"text\":\"x\"},\"insurance\":[{"
                        "\"sequence\":1,\"focal\":true,\"coverage\":{\"display\":\"x\"}}],"
                        "\"patient\":{\"reference\":\"%s\"}}",
                        patient));
}

#define SHARE_BILLS "\"type\":\"permit\",\"class\":[{\"code\":\"Claim\"}]"

/* ADR 67: bills are counted of who shares them, by any question; those of nobody's record never. */
static void bills_count_where_they_are_shared(void **state)
{
    struct fixture *f = *state;
    struct record_doc d;
    static const char *const asks[] = {"", "status=active", "patient.family=Ann", "created=2026"};
    const char *ann = fixture_patient(f, "Ann"), *bob = fixture_patient(f, "Bob");
    const char *of_ann = bill(f, ann), *of_bob = bill(f, bob);
    const char *nobodys = bill(f, "https://elsewhere.example/fhir/Patient/x");
    for (int shared = 0; shared < 2; shared++) {
        fixture_as(f, &f->nurse);
        for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
            assert_int_equal(crowd(f, "Claim", asks[i], false), shared);
            assert_int_equal(fixture_count(f, "Claim", asks[i]), shared);
        }
        assert_int_equal(crowd(f, "Claim", "", true), shared);
        assert_int_equal(crowd(f, "Patient", "_has:Claim:patient:status=active", false), shared);
        assert_int_equal(fixture_read(f, of_ann, &d), shared ? OK : ERR_NOT_FOUND);
        assert_int_equal(fixture_read(f, of_bob, &d), ERR_NOT_FOUND);
        assert_int_equal(fixture_read(f, nobodys, &d), ERR_NOT_FOUND);
        fixture_as(f, &f->system);
        assert_int_equal(crowd(f, "Claim", "", false), 2);
        assert_int_equal(fixture_count(f, "Claim", ""), 3);
        deny(f, ann, SHARE_BILLS);
    }
}

static void what_cannot_be_asked_is_refused(void **state)
{
    struct fixture *f = *state;
    struct actor outreach = fixture_actor(ROLE_OUTREACH, "out");
    fixture_patient(f, "Ann");
    fixture_as(f, &outreach);
    assert_int_equal(crowd(f, "Condition", "code=J44", false), -ERR_FORBIDDEN);
    assert_int_equal(crowd(f, "Condition", "code=J44", true), 0);
    fixture_as(f, &f->patient);
    assert_int_equal(crowd(f, "Patient", "", true), -ERR_FORBIDDEN);
    fixture_as(f, &f->nurse);
    assert_int_equal(crowd(f, "Patient", "_sort=name", false), -ERR_INVALID);
    assert_int_equal(crowd(f, "AuditEvent", "", false), -ERR_INVALID);
    assert_int_equal(crowd(f, "Patient", "nonsense=1", false), -ERR_INVALID);
}

static void who_is_hidden_is_told_from_everybody(void **state)
{
    struct fixture *f = *state;
    struct record_cohort c;
    struct actor outreach = fixture_actor(ROLE_OUTREACH, "out");
    const char *ann = fixture_patient(f, "Ann");
    fixture_patient(f, "Bob");
    const char *vip = fixture_make(
        f, "{\"resourceType\":\"Patient\",\"meta\":{\"security\":[{\"system\":\"http://"
           "terminology.hl7.org/CodeSystem/v3-Confidentiality\",\"code\":\"R\"}]}}");
    deny(f, ann, "\"type\":\"deny\"");
    fixture_as(f, &outreach);
    int seen = crowd(f, "Patient", "", false);
    assert_int_equal(record_cohort_hidden(&f->op, f->rec, &c), OK);
    assert_int_equal(c.n + (size_t)seen, 3);
    assert_int_equal(c.n, 2);
    assert_int_equal(c.patients[0], fixture_rid(f, ann));
    fixture_as(f, &f->system);
    assert_int_equal(c.patients[1], fixture_rid(f, vip));
    fixture_as(f, &f->patient);
    assert_int_equal(record_cohort_hidden(&f->op, f->rec, &c), ERR_FORBIDDEN);
}

/* By one condition more of hers, or less, no figure changes for who may not see it. */
static void what_a_patient_denied_is_not_counted(void **state)
{
    struct fixture *f = *state;
    struct actor outreach = fixture_actor(ROLE_OUTREACH, "out");
    const char *ann = fixture_patient(f, "Ann"), *bob = fixture_patient(f, "Bob");
    condition(f, ann, "J44.9", "");
    condition(f, bob, "J44.9", "");
    for (int many = 0; many < 2; many++) {
        for (int i = 0; i < (many ? MANY : 0); i++)
            deny(f, fixture_patient(f, "Extra"), DENY_CONDITIONS);
        if (!many) {
            fixture_as(f, &f->nurse);
            assert_int_equal(crowd(f, "Condition", "code=J44.9", false), 2);
            fixture_as(f, &outreach);
            assert_int_equal(crowd(f, "Condition", "code=J44.9", true), 2);
            fixture_as(f, &f->system);
            deny(f, ann, DENY_CONDITIONS);
        }
        fixture_as(f, &f->nurse);
        assert_int_equal(crowd(f, "Condition", "code=J44.9", false), 1);
        fixture_as(f, &outreach);
        assert_int_equal(crowd(f, "Condition", "code=J44.9", true), 1);
        fixture_as(f, &f->system);
    }
}

static void what_is_restricted_stays_out_of_veiled_questions(void **state)
{
    struct fixture *f = *state;
    struct actor outreach = fixture_actor(ROLE_OUTREACH, "out");
    const char *ann = fixture_patient(f, "Ann"), *bob = fixture_patient(f, "Bob");
    condition(f, ann, "J44.9",
              "\"meta\":{\"security\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
              "v3-Confidentiality\",\"code\":\"R\"}]},");
    condition(f, ann, "F10.20", ""); /* restricted by its code */
    condition(f, bob, "J44.9", "");
    fixture_as(f, &outreach);
    assert_int_equal(crowd(f, "Condition", "code=J44.9", true), 1);
    assert_int_equal(crowd(f, "Condition", "code=F10.20", true), 0);
    assert_int_equal(crowd(f, "Condition", "", true), 1);
}

static void many_are_whole(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 700; i++)
        fixture_weight(f, fixture_patient(f, "P"), i % 2 ? "70" : "90", "2026-01-02");
    fixture_as(f, &f->nurse);
    assert_int_equal(crowd(f, "Observation", "value-quantity=gt80", false), 350);
    assert_int_equal(crowd(f, "Patient", "family=P", false), 700);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(each_patient_counts_once),
        BOTH_BACKENDS(bills_count_where_they_are_shared),
        BOTH_BACKENDS(what_cannot_be_asked_is_refused),
        BOTH_BACKENDS(who_is_hidden_is_told_from_everybody),
        BOTH_BACKENDS(what_a_patient_denied_is_not_counted),
        BOTH_BACKENDS(what_is_restricted_stays_out_of_veiled_questions),
        {"memory many_are_whole", many_are_whole, fixture_setup_memory, fixture_teardown, NULL},
    };
    return cmocka_run_group_tests_name("record.cohort", tests, NULL, NULL);
}
