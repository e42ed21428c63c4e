/* Review R5d: a helper who is nobody in the record is not the one whom a Consent leaves unnamed. */
#include "record/fixture_int.h"

static void a_helper_without_a_person_sees_nothing(void **state)
{
    struct fixture *f = *state;
    struct record_doc d;
    const char *p = fixture_patient(f, "X");
    const char *w = fixture_weight(f, p, "70", "2026-01-02");
    const char *helper = fixture_make(
        f, fixture_text(
               f, "{\"resourceType\":\"RelatedPerson\",\"patient\":{\"reference\":\"%s\"}}", p));
    static const char *const actors[] = {
        "{\"display\":\"my daughter\"}",
        "{\"identifier\":{\"system\":\"urn:x\",\"value\":\"1\"}}",
    };
    for (size_t i = 0; i < sizeof actors / sizeof *actors; i++)
        fixture_make(
            f,
            fixture_text(
                f,
                "{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{\"coding\":[{"
                "\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":"
                "\"patient-privacy\"}]},\"category\":[{\"text\":\"share\"}],\"patient\":{"
                "\"reference\":\"%s\"},\"policyRule\":{\"text\":\"own\"},\"provision\":{\"type\":"
                "\"permit\",\"actor\":[{\"role\":{\"text\":\"h\"},\"reference\":%s}]}}",
                p, actors[i]));
    const struct actor whos[] = {
        {.reference = STR_NONE, .user_rid = 0},
        {.reference = STR(""), .user_rid = fixture_rid(f, helper)},
        {.reference = str_of(helper), .user_rid = 0},
    };
    for (size_t i = 0; i < sizeof whos / sizeof *whos; i++) {
        struct actor who = fixture_actor(ROLE_HELPER, "helper.flo");
        who.patient = fixture_rid(f, p);
        who.reference = whos[i].reference;
        who.user_rid = whos[i].user_rid;
        fixture_as(f, &who);
        assert_int_equal(fixture_read(f, w, &d), ERR_NOT_FOUND);
        assert_int_equal(fixture_count(f, "Observation", ""), -1);
        fixture_as(f, &f->system);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(a_helper_without_a_person_sees_nothing),
    };
    return cmocka_run_group_tests_name("record.helper", tests, NULL, NULL);
}
