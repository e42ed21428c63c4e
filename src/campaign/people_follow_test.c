/* Rows follow the record: what a patient says, moves or undergoes is in their row; a copy is taken
 * up again after a restart, and only a whole one of this record. */
#include "campaign/fixture_int.h"

#define PHONE ",\"telecom\":[{\"system\":\"phone\",\"value\":\"+15035550101\"}]"

static void consent(struct ground *g, str patient, const char *type, const char *more)
{
    ground_make(
        g,
        "{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{\"coding\":[{\"system\":"
        "\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":\"treatment\"}]},"
        "\"category\":[{\"coding\":[{\"system\":\"https://weft.health/fhir/consent-category\","
        "\"code\":\"contact\"}]}],\"patient\":{\"reference\":\"Patient/"
        "%.*s\"},\"dateTime\":\"%.*s\","
        "\"policyRule\":{\"text\":\"own\"},\"provision\":{\"type\":\"%s\",\"code\":[{\"coding\":[{"
        "\"system\":\"https://weft.health/fhir/contact-channel\",\"code\":\"sms\"}]}]%s}}",
        STR_ARG(patient), STR_ARG(time_format(g->arena, time_now())), type, more);
}

static void a_row_says_how_somebody_is_reached(void **state)
{
    struct ground *g = *state;
    str ann = ground_patient(
        g, "1950-03-02",
        PHONE ",\"gender\":\"female\",\"communication\":[{\"language\":{\"coding\":[{\"code\":"
              "\"es\"}]},\"preferred\":true}],\"address\":[{\"line\":[\"1 Elm\"],\"city\":"
              "\"Chicago\",\"state\":\"IL\",\"postalCode\":\"60601\",\"country\":\"US\"}]");
    ground_people(g);
    struct person row = ground_row(g, ann);
    assert_int_equal(row.channels, 1u << PERSON_SMS | 1u << PERSON_VOICE | 1u << PERSON_LETTER);
    assert_int_equal(row.permit[PERSON_SMS], 0);
    assert_int_equal(row.sex, SEX_FEMALE);
    assert_str(people_word(g->people, PEOPLE_LANGUAGE, row.language), "es");
    assert_str(people_word(g->people, PEOPLE_AREA, row.area), "US-606");
    assert_str(people_word(g->people, PEOPLE_STATE, row.state), "US-IL");
    assert_int_not_equal(row.household, 0);

    consent(g, ann, "permit",
            ",\"purpose\":[{\"system\":\"https://weft.health/fhir/contact-purpose\",\"code\":"
            "\"care\"}]");
    assert_int_equal(ground_row(g, ann).permit[PERSON_SMS], PERMIT_CARE);
    consent(g, ann, "deny", "");
    assert_int_equal(ground_row(g, ann).permit[PERSON_SMS], PERMIT_REFUSED);
    str twin = ground_patient(g, "1980-01-01", PHONE);
    assert_int_equal(ground_row(g, twin).household, row.household);
}

#define WISH(purpose, way)                                                                         \
    "{\"url\":\"channel\",\"extension\":[{\"url\":\"purpose\",\"valueCode\":\"" purpose            \
    "\"},{\"url\":\"by\",\"valueCode\":\"" way "\"}]}"
#define WISHES(list)                                                                               \
    PHONE ",\"extension\":[{\"url\":\"https://weft.health/fhir/StructureDefinition/"               \
          "contact-wishes\",\"extension\":[" list "]}]"

/* Who wishes the same shares a word, in whatever order it was said. */
static void a_row_says_by_which_way_for_what(void **state)
{
    struct ground *g = *state;
    str ann = ground_patient(
        g, "1950-03-02", WISHES(WISH("wellness_checkup", "email") "," WISH("lab_results", "sms")));
    str bob = ground_patient(
        g, "1950-03-02", WISHES(WISH("lab_results", "sms") "," WISH("wellness_checkup", "email")));
    str cy = ground_patient(g, "1950-03-02", WISHES(WISH("lab_results", "pigeon")));
    ground_people(g);
    struct person row = ground_row(g, ann);
    assert_str(people_word(g->people, PEOPLE_WISHES, row.wishes),
               "lab_results=sms wellness_checkup=email");
    assert_int_equal(ground_row(g, bob).wishes, row.wishes);
    assert_int_equal(ground_row(g, cy).wishes, 0);
}

static void a_row_says_what_happened(void **state)
{
    struct ground *g = *state;
    str ann = ground_patient(g, "1950-03-02", PHONE);
    str kid = ground_patient(g, "2020-03-02", PHONE);
    str dead = ground_patient(g, "1940-03-02", PHONE ",\"deceasedBoolean\":true");
    str gone = ground_patient(g, "1940-03-02", PHONE ",\"active\":false");
    ground_people(g);
    assert_int_equal(ground_row(g, dead).flags, PERSON_DECEASED);
    assert_int_equal(ground_row(g, gone).flags, PERSON_GONE);
    assert_int_equal(ground_row(g, kid).flags, 0);
    str parent = ground_make(
        g,
        "{\"resourceType\":\"RelatedPerson\",\"patient\":{\"reference\":\"Patient/%.*s\"},"
        "\"relationship\":[{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
        "v3-RoleCode\",\"code\":\"MTH\"}]}]}",
        STR_ARG(kid));
    assert_int_equal(ground_row(g, kid).flags, PERSON_PROXY);
    consent(g, kid, "permit",
            (const char *)str_z(
                g->arena, arena_printf(g->arena,
                                       ",\"actor\":[{\"role\":{\"coding\":[{\"code\":\"PRCP\"}]},"
                                       "\"reference\":{\"reference\":\"RelatedPerson/%.*s\"}}]",
                                       STR_ARG(parent))));
    assert_int_equal(ground_row(g, kid).flags, PERSON_PROXY | PERSON_HELPED | PERSON_HELPER_LOST);
    assert_int_equal(ground_row(g, kid).helper, ground_rid(g, "RelatedPerson", parent));

    assert_int_equal(person_week(&(struct person){0}, g->op.now), 0);
    ground_make(g,
                "{\"resourceType\":\"Communication\",\"status\":\"completed\",\"subject\":{"
                "\"reference\":\"Patient/%.*s\"},\"sent\":\"%.*s\"}",
                STR_ARG(ann), STR_ARG(time_format(g->arena, time_now() - 3600000)));
    struct person row = ground_row(g, ann);
    assert_int_equal(person_week(&row, time_now()), 1);
}

/* R227: every message ever sent was asked for at a start, which ends past four millions; those of
 * late are still found. */
static void a_start_reads_the_contacts_of_late(void **state)
{
    struct ground *g = *state;
    str ann = ground_patient(g, "1950-03-02", PHONE);
    ground_make(g,
                "{\"resourceType\":\"Communication\",\"status\":\"completed\",\"sent\":\"%.*s\","
                "\"subject\":{\"reference\":\"Patient/%.*s\"}}",
                STR_ARG(time_format(g->arena, time_now())), STR_ARG(ann));
    ground_people(g);
    assert_true(ground_row(g, ann).contacted > 0);
}

static void a_copy_is_taken_up_again(void **state)
{
    struct ground *g = *state;
    str ann = ground_patient(g, "1950-03-02", PHONE);
    ground_people(g);
    struct person before = ground_row(g, ann), after;
    people_stop(g->people);
    people_free(g->people);
    str bob = ground_patient(g, "1960-03-02", PHONE);
    assert_int_equal(people_new(&g->op, g->rec, &g->people), OK);
    assert_int_equal(people_saved_load(&g->op, g->people), OK);
    assert_int_equal(people_count(g->people), 1);
    assert_int_equal(people_start(&g->op, g->people), OK);
    after = ground_row(g, ann);
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(ground_row(g, bob).household, before.household);
}

static void a_copy_that_is_not_whole_is_none(void **state)
{
    struct ground *g = *state;
    str ann = ground_patient(g, "1950-03-02", PHONE);
    char path[100];
    ground_people(g);
    (void)ground_row(g, ann);
    people_stop(g->people);
    people_free(g->people);
    snprintf(path, sizeof path, "%s/people", g->dir);
    FILE *f = fopen(path, "r+e");
    assert_non_null(f);
    assert_int_equal(fseek(f, -100, SEEK_END), 0);
    int was = fgetc(f);
    assert_int_equal(fseek(f, -100, SEEK_END), 0);
    assert_int_not_equal(fputc(was ^ 1, f), EOF);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(people_new(&g->op, g->rec, &g->people), OK);
    assert_int_equal(people_saved_load(&g->op, g->people), ERR_UNAVAILABLE);
    op_clear(&g->op);
    assert_int_equal(people_start(&g->op, g->people), OK);
    assert_int_equal(ground_row(g, ann).channels, 1u << PERSON_SMS | 1u << PERSON_VOICE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_row_says_how_somebody_is_reached, ground_open,
                                        ground_close),
        cmocka_unit_test_setup_teardown(a_row_says_by_which_way_for_what, ground_open,
                                        ground_close),
        cmocka_unit_test_setup_teardown(a_row_says_what_happened, ground_open, ground_close),
        cmocka_unit_test_setup_teardown(a_start_reads_the_contacts_of_late, ground_open,
                                        ground_close),
        cmocka_unit_test_setup_teardown(a_copy_is_taken_up_again, ground_open, ground_close),
        cmocka_unit_test_setup_teardown(a_copy_that_is_not_whole_is_none, ground_open,
                                        ground_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
