/* Whose words a resource is: nobody writes as somebody else, takes over what another wrote, or
 * takes a restricted label off what they may not see. */
#include "record/fixture_int.h"

#define SUD                                                                                        \
    "\"meta\":{\"security\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ActCode\","    \
    "\"code\":\"SUD\"}]},"

static err put(struct fixture *f, const char *text)
{
    struct record_result r;
    op_clear(&f->op);
    struct json *tree = fixture_tree(f, text);
    return record_update(&f->op, f->rec, fhir_type_of(tree), json_get_str(tree, STR("id")), tree,
                         STR_NONE, &r);
}

static err post(struct fixture *f, const char *text)
{
    struct record_result r;
    op_clear(&f->op);
    return fixture_try(f, text, &r);
}

static const char *practitioner(struct fixture *f, struct actor *who)
{
    const char *p = fixture_make(f, "{\"resourceType\":\"Practitioner\",\"active\":true}");
    who->reference = str_of(p);
    who->user_rid = fixture_rid(f, p);
    return p;
}

static void bind_patient(struct fixture *f, const char *mine)
{
    f->patient.patient = f->patient.user_rid = fixture_rid(f, mine);
    f->patient.reference = str_of(mine);
}

static const char *answers(struct fixture *f, const char *author, const char *words)
{
    return fixture_text(
        f,
        "{\"resourceType\":\"QuestionnaireResponse\",\"id\":\"qr1\",\"status\":\"completed\","
        "\"author\":{\"reference\":\"%s\"},\"item\":[{\"linkId\":\"1\",\"text\":\"%s\"}]}",
        author, words);
}

static void answers_cannot_be_taken_over(void **state)
{
    struct fixture *f = *state;
    struct record_doc d, *h;
    size_t n;
    const char *nurse = practitioner(f, &f->nurse), *agent = practitioner(f, &f->agent);
    fhir_type type = fhir_type_parse(STR("QuestionnaireResponse"));
    fixture_as(f, &f->nurse);
    assert_int_equal(put(f, answers(f, nurse, "secret")), OK);
    fixture_as(f, &f->agent);
    assert_int_equal(fixture_read(f, "QuestionnaireResponse/qr1", &d), ERR_FORBIDDEN);
    assert_int_equal(put(f, answers(f, agent, "mine")), ERR_FORBIDDEN);
    /* Given to the agent by one who may: the agent sees and changes it from there on only. */
    fixture_as(f, &f->nurse);
    assert_int_equal(put(f, answers(f, agent, "over to you")), OK);
    fixture_as(f, &f->agent);
    assert_int_equal(fixture_read(f, "QuestionnaireResponse/qr1", &d), OK);
    assert_int_equal(d.vid, 2);
    assert_int_equal(record_vread(&f->op, f->rec, type, STR("qr1"), STR("2"), &d), OK);
    assert_int_equal(record_vread(&f->op, f->rec, type, STR("qr1"), STR("1"), &d), ERR_FORBIDDEN);
    assert_int_equal(put(f, answers(f, agent, "filled in")), OK);
    assert_int_equal(put(f, answers(f, nurse, "not as the nurse")), ERR_FORBIDDEN);
    op_clear(&f->op);
    fixture_as(f, &f->nurse);
    assert_int_equal(record_history(&f->op, f->rec, type, STR("qr1"), 0, 9, &h, &n), OK);
    assert_int_equal(n, 3);
}

static const char *message(struct fixture *f, const char *label)
{
    return fixture_text(f,
                        "{\"resourceType\":\"Communication\",\"id\":\"sens1\",%s\"status\":"
                        "\"completed\",\"payload\":[{\"contentString\":\"x\"}]}",
                        label);
}

static void labels_are_not_taken_off_by_who_may_not_see(void **state)
{
    struct fixture *f = *state;
    struct record_doc d;
    fixture_as(f, &f->nurse);
    assert_int_equal(put(f, message(f, SUD)), OK);
    fixture_as(f, &f->agent);
    assert_int_equal(put(f, message(f, "")), ERR_NOT_FOUND);
    assert_int_equal(put(f, message(f, SUD)), ERR_NOT_FOUND);
    struct actor outreach = fixture_actor(ROLE_OUTREACH, "out.gus");
    fixture_as(f, &outreach);
    assert_int_equal(put(f, message(f, "")), ERR_NOT_FOUND);
    fixture_as(f, &f->nurse);
    assert_int_equal(fixture_read(f, "Communication/sens1", &d), OK);
    assert_int_equal(d.vid, 1);
    assert_int_equal(put(f, message(f, "")), OK); /* whose row says so may */
    fixture_as(f, &f->agent);
    assert_int_equal(put(f, message(f, "")), OK);
}

static void patients_speak_for_themselves_only(void **state)
{
    struct fixture *f = *state;
    const char *nurse = practitioner(f, &f->nurse), *mine = fixture_patient(f, "Mine");
    bind_patient(f, mine);
    fixture_as(f, &f->patient);
#define SAYS(members)                                                                              \
    fixture_text(f,                                                                                \
                 "{\"resourceType\":\"Communication\",\"status\":\"completed\",\"subject\":{"      \
                 "\"reference\":\"%s\"}," members "}",                                             \
                 mine, nurse, mine)
    assert_int_equal(post(f, SAYS("\"recipient\":[{\"reference\":\"%s\"}],\"sender\":{"
                                  "\"reference\":\"%s\"}")),
                     OK);
    assert_int_equal(post(f, SAYS("\"sender\":{\"reference\":\"%s\"},\"recipient\":[{"
                                  "\"reference\":\"%s\"}]")),
                     ERR_FORBIDDEN);
    assert_int_equal(post(f, SAYS("\"sender\":{\"reference\":\"%s\"},\"note\":[{"
                                  "\"authorReference\":{\"reference\":\"%s\"},\"text\":\"x\"}]")),
                     ERR_FORBIDDEN);
    assert_int_equal(post(f, SAYS("\"note\":[{\"authorReference\":{\"reference\":\"%s\"},"
                                  "\"text\":\"x\"}],\"sender\":{\"reference\":\"%s\"}")),
                     ERR_FORBIDDEN);
    assert_int_equal(post(f, SAYS("\"recipient\":[{\"reference\":\"%s\"}],\"about\":[{"
                                  "\"reference\":\"%s\"}],\"sender\":{\"display\":\"A nurse\"}")),
                     ERR_FORBIDDEN);
}

static void readings_are_the_readers(void **state)
{
    struct fixture *f = *state;
    const char *nurse = practitioner(f, &f->nurse), *mine = fixture_patient(f, "Mine");
    const char *device = fixture_make(f, "{\"resourceType\":\"Device\",\"status\":\"active\"}");
    bind_patient(f, mine);
    f->device.patient = f->patient.patient;
    f->device.user_rid = fixture_rid(f, device);
    f->device.reference = str_of(device);
#define READS(members, ...)                                                                        \
    fixture_text(f,                                                                                \
                 "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":"      \
                 "\"x\"},\"subject\":{\"reference\":\"%s\"}," members "}",                         \
                 mine, __VA_ARGS__)
    fixture_as(f, &f->patient);
    assert_int_equal(post(f, READS("\"performer\":[{\"reference\":\"%s\"}]", mine)), OK);
    assert_int_equal(post(f, READS("\"performer\":[{\"reference\":\"%s\"},{\"reference\":\"%s\"}]",
                                   nurse, mine)),
                     ERR_FORBIDDEN);
    assert_int_equal(
        post(f, READS("\"performer\":[{\"reference\":\"%s\"},{\"display\":\"Dr X\"}]", mine)),
        ERR_FORBIDDEN);
    assert_int_equal(post(f, READS("\"performer\":[{\"reference\":\"%s\"}],\"device\":{"
                                   "\"reference\":\"%s\"}",
                                   mine, device)),
                     ERR_FORBIDDEN);
    fixture_as(f, &f->device);
    assert_int_equal(post(f, READS("\"performer\":[{\"reference\":\"%s\"}],\"device\":{"
                                   "\"reference\":\"%s\"}",
                                   mine, device)),
                     OK);
    assert_int_equal(post(f, READS("\"performer\":[{\"reference\":\"%s\"}],\"device\":{"
                                   "\"reference\":\"%s\"}",
                                   nurse, device)),
                     ERR_FORBIDDEN);
}

static void patients_answer_appointments(void **state)
{
    struct fixture *f = *state;
    const char *mine = fixture_patient(f, "Mine"), *nurse = practitioner(f, &f->nurse);
    const char *visit = fixture_make(
        f,
        fixture_text(f,
                     "{\"resourceType\":\"Appointment\",\"status\":\"pending\",\"start\":"
                     "\"2026-02-03T10:00:00Z\",\"end\":\"2026-02-03T10:30:00Z\",\"participant\":[{"
                     "\"status\":\"needs-action\",\"actor\":{\"reference\":\"%s\"}}]}",
                     mine));
    bind_patient(f, mine);
    fixture_as(f, &f->patient);
#define ANSWERS(who)                                                                               \
    fixture_text(f,                                                                                \
                 "{\"resourceType\":\"AppointmentResponse\",\"participantStatus\":\"accepted\","   \
                 "\"appointment\":{\"reference\":\"%s\"},\"actor\":{\"reference\":\"%s\"}}",       \
                 visit, who)
    assert_int_equal(post(f, ANSWERS(mine)), OK);
    assert_int_equal(post(f, ANSWERS(nurse)), ERR_FORBIDDEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(answers_cannot_be_taken_over),
        BOTH_BACKENDS(labels_are_not_taken_off_by_who_may_not_see),
        BOTH_BACKENDS(patients_speak_for_themselves_only),
        BOTH_BACKENDS(readings_are_the_readers),
        BOTH_BACKENDS(patients_answer_appointments),
    };
    return cmocka_run_group_tests_name("record.authors", tests, NULL, NULL);
}
