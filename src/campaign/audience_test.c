/* Audiences: who matches, who is left out and why; what may not be learned: people and resources
 * that are hidden, one person from two counts, a small group; a snapshot only gets shorter. */
#include "campaign/audience_int.h"
#include "campaign/fixture_int.h"

#define PHONE ",\"telecom\":[{\"system\":\"phone\",\"value\":\"+1503555%04d\"}]"

struct hall {
    struct ground *g;
    struct campaigns c;
};

static int open_hall(void **state)
{
    struct hall *h = calloc(1, sizeof *h);
    void *ground;
    assert_int_equal(ground_open(&ground), 0);
    h->g = ground;
    *state = h;
    return 0;
}

static int close_hall(void **state)
{
    struct hall *h = *state;
    void *ground = h->g;
    told_free(h->c.told);
    free(h);
    return ground_close(&ground);
}

static void begin(struct hall *h)
{
    ground_people(h->g);
    h->c = (struct campaigns){.rec = h->g->rec, .people = h->g->people, .told = told_new()};
    assert_int_equal(people_wait(&h->g->op, h->g->people, record_now_t(h->g->rec)), OK);
    ground_as(h->g, &h->g->outreach);
}

static str patient(struct hall *h, const char *born, const char *more)
{
    static int number;
    struct ground *g = h->g;
    return ground_make(
        g,
        "{\"resourceType\":\"Patient\",\"name\":[{\"text\":\"Pat\"}],\"birthDate\":\"%s\"" PHONE
        "%s}",
        born, ++number, more);
}

static void says_yes(struct hall *h, str who)
{
    ground_make(
        h->g,
        "{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{\"coding\":[{\"system\":"
        "\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":\"treatment\"}]},"
        "\"category\":[{\"coding\":[{\"system\":\"https://weft.health/fhir/consent-category\","
        "\"code\":\"contact\"}]}],\"patient\":{\"reference\":\"Patient/"
        "%.*s\"},\"dateTime\":\"%.*s\","
        "\"policyRule\":{\"text\":\"own\"},\"provision\":{\"type\":\"permit\",\"purpose\":[{"
        "\"system\":\"https://weft.health/fhir/contact-purpose\",\"code\":\"care\"}]}}",
        STR_ARG(who), STR_ARG(time_format(h->g->arena, time_now())));
}

static void has_lungs(struct hall *h, str who)
{
    ground_make(h->g,
                "{\"resourceType\":\"Condition\",\"code\":{\"coding\":[{\"system\":"
                "\"http://snomed.info/sct\",\"code\":\"13645005\"}]},\"subject\":{\"reference\":"
                "\"Patient/%.*s\"}}",
                STR_ARG(who));
}

static void hides(struct hall *h, str who, const char *what)
{
    ground_make(h->g,
                "{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{\"coding\":[{"
                "\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":"
                "\"patient-privacy\"}]},\"category\":[{\"text\":\"restriction\"}],\"patient\":{"
                "\"reference\":\"Patient/%.*s\"},\"policyRule\":{\"text\":\"own\"},\"provision\":{"
                "\"type\":\"deny\"%s}}",
                STR_ARG(who), what);
}

static struct json *tree(struct hall *h, const char *text)
{
    struct json *t;
    assert_int_equal(json_read(&h->g->op, str_of(text), &JSON_LIMITS_DEFAULT, &t), OK);
    return t;
}

static struct json *count(struct hall *h, const char *definition)
{
    struct json *o = NULL;
    op_clear(&h->g->op);
    err e = audience_count(&h->g->op, &h->c, tree(h, definition), &o);
    if (e != OK)
        print_message("%.*s\n", STR_ARG(h->g->op.fault.issues[0].message));
    assert_int_equal(e, OK);
    return o;
}

static int64_t of(const struct json *o, const char *path)
{
    int64_t v = -1;
    (void)!json_i64(json_path(o, path), &v);
    return v;
}

static err refused(struct hall *h, const char *definition)
{
    struct json *o;
    op_clear(&h->g->op);
    return audience_count(&h->g->op, &h->c, tree(h, definition), &o);
}

static void chips_join(void **state)
{
    struct hall *h = *state;
    (void)patient(h, "1950-01-01", ",\"gender\":\"female\"");
    (void)patient(h, "1950-01-01", ",\"gender\":\"male\"");
    (void)patient(h, "2000-01-01",
                  ",\"gender\":\"female\",\"communication\":[{\"language\":{\"coding\":[{\"code\":"
                  "\"es-MX\"}]}}]");
    (void)patient(h, "1990-01-01", ",\"active\":false");
    begin(h);
    assert_int_equal(of(count(h, "{}"), "matched"), 3);
    assert_int_equal(of(count(h, "{\"groups\":[[{\"chip\":\"age-65\"}]]}"), "matched"), 2);
    assert_int_equal(
        of(count(h, "{\"groups\":[[{\"chip\":\"age-65\"}],[{\"chip\":\"female\"}]]}"), "matched"),
        1);
    assert_int_equal(
        of(count(h, "{\"groups\":[[{\"chip\":\"age-65\"},{\"chip\":\"female\"}]]}"), "matched"), 3);
    assert_int_equal(of(count(h, "{\"groups\":[[{\"chip\":\"age-65\",\"not\":true}]]}"), "matched"),
                     1);
    assert_int_equal(
        of(count(h, "{\"groups\":[[{\"chip\":\"language\",\"value\":\"es\"}]]}"), "matched"), 1);
    assert_int_equal(
        of(count(h, "{\"groups\":[[{\"search\":\"Patient?gender=female\"}]]}"), "matched"), 2);
    assert_int_equal(of(count(h, "{\"path\":\"birthDate < @1960-01-01\"}"), "matched"), 2);
    assert_int_equal(refused(h, "{\"groups\":[[{\"chip\":\"nonsense\"}]]}"), ERR_INVALID);
    assert_int_equal(refused(h, "{\"groups\":[[{\"chip\":\"language\"}]]}"), ERR_INVALID);
    assert_int_equal(refused(h, "{\"groups\":[[]]}"), ERR_INVALID);
    assert_int_equal(refused(h, "{\"lately\":9}"), ERR_INVALID);
    assert_int_equal(refused(h, "{\"groups\":[[{\"search\":\"Condition?code=1\"}]]}"),
                     ERR_FORBIDDEN);
}

static void says_tell(struct hall *h, str who, str helper)
{
    ground_make(
        h->g,
        "{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{\"coding\":[{\"system\":"
        "\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":\"treatment\"}]},"
        "\"category\":[{\"coding\":[{\"system\":\"https://weft.health/fhir/consent-category\","
        "\"code\":\"contact\"}]}],\"patient\":{\"reference\":\"Patient/%.*s\"},\"dateTime\":"
        "\"%.*s\",\"policyRule\":{\"text\":\"own\"},\"provision\":{\"type\":\"permit\",\"actor\":[{"
        "\"role\":{\"coding\":[{\"code\":\"PRCP\"}]},\"reference\":{\"reference\":"
        "\"RelatedPerson/%.*s\"}}],\"purpose\":[{\"system\":"
        "\"https://weft.health/fhir/contact-purpose\",\"code\":\"care\"}]}}",
        STR_ARG(who), STR_ARG(time_format(h->g->arena, time_now())), STR_ARG(helper));
}

static str helper_of(struct hall *h, str who, const char *telecom)
{
    return ground_make(h->g,
                       "{\"resourceType\":\"RelatedPerson\",\"patient\":{\"reference\":"
                       "\"Patient/%.*s\"},\"name\":[{\"text\":\"Mia\"}]%s}",
                       STR_ARG(who), telecom);
}

/* Caregivers: who gets the messages is a chip; where they cannot be reached the sentence says so,
 * and not that the patient never agreed or has no number. */
static void a_helper_who_cannot_be_reached_is_a_reason(void **state)
{
    struct hall *h = *state;
    str one = patient(h, "1950-01-01", ""), two = patient(h, "1950-01-01", "");
    (void)patient(h, "1950-01-01", "");
    says_tell(h, one, helper_of(h, one, ""));
    says_tell(
        h, two,
        helper_of(h, two, ",\"telecom\":[{\"system\":\"phone\",\"value\":\"+15035550991\"}]"));
    begin(h);
    const char *helped = "{\"holdOut\":0,\"groups\":[[{\"chip\":\"helped\"}]]}";
    const struct json *o = count(h, helped);
    assert_int_equal(of(o, "matched"), 2);
    assert_int_equal(of(o, "reached"), 1);
    assert_int_equal(of(o, "helped"), 1);
    assert_int_equal(of(o, "left.helper"), 1);
    assert_int_equal(of(o, "left.no-consent"), 0);
    assert_int_equal(of(o, "left.no-channel"), 0);
    struct json *list;
    struct audience_page page = {.reason = LEFT_HELPER, .language = STR("en")};
    assert_int_equal(audience_list(&h->g->op, &h->c, tree(h, helped), &page, &list), OK);
    assert_true(str_eq(json_str(json_path(list, "people.0.id")), one));
    assert_str(json_str(json_path(list, "people.0.sentence")),
               "Pat named a helper to get the messages, and we have no number or address that "
               "works for the helper.");
    assert_int_equal(of(count(h, "{\"groups\":[[{\"chip\":\"helper-lost\"}]]}"), "matched"), 1);
}

static void each_is_left_out_for_one_reason(void **state)
{
    struct hall *h = *state;
    str yes = patient(h, "1950-01-01", ""), never = patient(h, "1950-01-01", ""),
        lately = patient(h, "1950-01-01", ""), kid = patient(h, "2020-01-01", "");
    str dead = patient(h, "1950-01-01", ",\"deceasedBoolean\":true");
    (void)ground_patient(h->g, "1950-01-01", "");
    says_yes(h, yes);
    says_yes(h, lately);
    says_yes(h, kid);
    says_yes(h, dead);
    (void)never;
    ground_make(h->g,
                "{\"resourceType\":\"Communication\",\"status\":\"completed\",\"subject\":{"
                "\"reference\":\"Patient/%.*s\"},\"sent\":\"%.*s\"}",
                STR_ARG(lately), STR_ARG(time_format(h->g->arena, time_now() - 3600000)));
    begin(h);
    const struct json *o = count(h, "{\"holdOut\":0}");
    assert_int_equal(of(o, "matched"), 6);
    assert_int_equal(of(o, "reached"), 1);
    assert_int_equal(of(o, "left.no-consent"), 1);
    assert_int_equal(of(o, "left.lately"), 1);
    assert_int_equal(of(o, "left.deceased"), 1);
    assert_int_equal(of(o, "left.minor"), 1);
    assert_int_equal(of(o, "left.no-channel"), 1);
    assert_int_equal(of(count(h, "{\"holdOut\":0,\"lately\":0}"), "reached"), 2);
    assert_int_equal(of(count(h, "{\"holdOut\":0,\"purpose\":\"marketing\"}"), "reached"), 0);

    struct json *list;
    struct audience_page page = {.reason = LEFT_DECEASED, .language = STR("es")};
    assert_int_equal(audience_list(&h->g->op, &h->c, tree(h, "{\"holdOut\":0}"), &page, &list), OK);
    assert_str(json_str(json_path(list, "people.0.sentence")), "Pat falleció.");
    assert_true(str_eq(json_str(json_path(list, "people.0.id")), dead));
    assert_null(json_path(list, "people.1"));
}

static void done_elsewhere_is_a_reason(void **state)
{
    struct hall *h = *state;
    struct time_local l;
    assert_true(time_to_local(time_now(), STR("Etc/UTC"), &l));
    str who = patient(h, "1950-01-01", "");
    says_yes(h, who);
    ground_make(h->g,
                "{\"resourceType\":\"Immunization\",\"status\":\"completed\",\"vaccineCode\":{"
                "\"coding\":[{\"system\":\"http://hl7.org/fhir/sid/cvx\",\"code\":\"150\"}]},"
                "\"patient\":{\"reference\":\"Patient/%.*s\"},\"occurrenceDateTime\":\"%.*s\"}",
                STR_ARG(who), STR_ARG(time_format(h->g->arena, time_now())));
    says_yes(h, patient(h, "1950-01-01", ""));
    begin(h);
    ground_as(h->g, &h->g->nurse);
    h->g->nurse.role = ROLE_SYSTEM; /* sees all: not veiled */
    const struct json *o =
        count(h, "{\"holdOut\":0,\"groups\":[[{\"chip\":\"flu-vaccine\",\"not\":true}]]}");
    assert_int_equal(of(o, "matched"), 2);
    assert_int_equal(of(o, "reached"), 1);
    assert_int_equal(of(o, "left.done"), 1);
}

static void who_is_hidden_is_not_counted(void **state)
{
    struct hall *h = *state;
    str ann = patient(h, "1950-01-01", "");
    (void)patient(h, "1950-01-01", "");
    begin(h);
    assert_int_equal(of(count(h, "{}"), "matched"), 2);
    hides(h, ann, "");
    assert_int_equal(of(count(h, "{}"), "matched"), 1);
}

#define LUNGS "{\"holdOut\":0,\"groups\":[[{\"chip\":\"chronic-lung\"}]]}"

static void two_counts_do_not_tell_of_one_person(void **state)
{
    struct hall *h = *state;
    str last = STR_NONE;
    for (int i = 0; i < 34; i++) {
        last = patient(h, "1950-01-01", "");
        says_yes(h, last);
        has_lungs(h, last);
    }
    str odd = patient(h, "1955-01-01", "");
    has_lungs(h, odd);
    begin(h);
    const struct json *o = count(h, LUNGS);
    assert_true(json_bool(json_path(o, "veiled"), false));
    assert_int_equal(of(o, "matched"), 30);
    /* one person less, by a chip, or one more, by the record: the same figures */
    o = count(h, "{\"holdOut\":0,\"groups\":[[{\"chip\":\"chronic-lung\"}],"
                 "[{\"chip\":\"age-75\"}]]}");
    assert_int_equal(of(o, "matched"), 30);
    for (int i = 0; i < 10; i++) {
        has_lungs(h, patient(h, "1960-01-01", ""));
        assert_int_equal(of(count(h, LUNGS), "matched"), 30);
        assert_int_equal(of(count(h, LUNGS), "left.no-consent"), 0);
    }
    has_lungs(h, patient(h, "1960-01-01", ""));
    assert_int_equal(of(count(h, LUNGS), "matched"), 40);
    /* and few are none */
    o = count(h, "{\"groups\":[[{\"chip\":\"chronic-lung\"}],[{\"chip\":\"age-child\"}]]}");
    assert_int_equal(of(o, "matched"), 0);
    assert_true(json_bool(json_path(o, "few"), false));
}

static void a_veiled_audience_names_nobody(void **state)
{
    struct hall *h = *state;
    for (int i = 0; i < 20; i++) {
        (void)patient(h, "1990-01-01", ""); /* so that table rows are not 0, 1, 2 … */
        str who = patient(h, "1950-01-01", "");
        has_lungs(h, who);
    }
    begin(h);
    struct json *list;
    struct audience_page page = {.reason = LEFT_NO_CONSENT};
    assert_int_equal(audience_list(&h->g->op, &h->c, tree(h, LUNGS), &page, &list), OK);
    assert_int_equal(JSON_GET(list, "people")->n, 20);
    assert_null(json_path(list, "people.0.id"));
    assert_null(json_path(list, "people.0.name"));
    /* nor by a number that stands beside a name in another list */
    page.after = 15;
    assert_int_equal(audience_list(&h->g->op, &h->c, tree(h, LUNGS), &page, &list), OK);
    assert_int_equal(JSON_GET(list, "people")->n, 20);
    for (int i = 0; i < 20; i++)
        assert_int_equal(of(json_at(JSON_GET(list, "people"), (size_t)i), "row"), i);
    assert_null(JSON_GET(list, "next"));
    assert_str(json_str(json_path(list, "people.0.sentence")),
               "A person never agreed to these messages.");
    assert_int_equal(refused(h, "{\"path\":\"true\",\"groups\":[[{\"chip\":\"chronic-lung\"}]]}"),
                     ERR_INVALID);
    assert_int_equal(refused(h, "{\"groups\":[[{\"chip\":\"chronic-lung\"}],"
                                "[{\"search\":\"Patient?_id=x\"}]]}"),
                     ERR_INVALID);
}

/* R221: a lot drawn anew for each name was a question of its own about people who are known. */
static void the_lot_of_a_veiled_audience_is_not_the_askers(void **state)
{
    struct hall *h = *state;
    for (int i = 0; i < 41; i++) {
        str who = patient(h, "1950-01-01", "");
        says_yes(h, who);
        has_lungs(h, who);
    }
    begin(h);
    int64_t first = -1;
    for (int i = 0; i < 40; i++) {
        const struct json *o =
            count(h, str_z(h->g->arena,
                           arena_printf(h->g->arena,
                                        "{\"name\":\"n%d\",\"holdOut\":%d,\"lately\":%d,\"groups\":"
                                        "[[{\"chip\":\"chronic-lung\"}]]}",
                                        i, i % 10, i % 8)));
        first = first < 0 ? of(o, "reached") : first;
        assert_int_equal(of(o, "reached"), first);
    }
}

static void small_groups_are_not_told(void **state)
{
    struct hall *h = *state;
    for (int i = 0; i < 70; i++)
        (void)patient(h, i < 35 ? "1950-01-01" : i < 60 ? "1960-01-01" : "2015-01-01", "");
    begin(h);
    struct json *o;
    assert_int_equal(audience_equity(&h->g->op, &h->c, tree(h, "{\"holdOut\":0}"), &o), OK);
    const struct json *ages = JSON_GET(o, "age");
    assert_int_equal(ages->n, 2);
    assert_str(json_str(json_path(ages, "0.code")), "75+");
    assert_int_equal(of(ages, "0.matched"), 35);
    assert_str(json_str(json_path(ages, "1.code")), "other");
    assert_int_equal(of(ages, "1.matched"), 35);
}

static void a_snapshot_only_gets_shorter(void **state)
{
    struct hall *h = *state;
    struct json *saved;
    struct audience_people then;
    struct audience_diff d;
    str first = STR_NONE;
    for (int i = 0; i < 5; i++) {
        str who = patient(h, "1950-01-01", "");
        says_yes(h, who);
        first = first.n ? first : who;
    }
    begin(h);
    const char *definition = "{\"name\":\"Older\",\"holdOut\":0,\"groups\":[[{\"chip\":\"age-65\"},"
                             "{\"chip\":\"language\",\"value\":\"es\"}],[{\"search\":\"Patient?"
                             "active:not=false\",\"not\":false}]]}";
    assert_int_equal(audience_put(&h->g->op, &h->c, STR_NONE, tree(h, definition), &saved), OK);
    str id = json_get_str(saved, STR("id"));
    assert_str(json_str(json_path(saved, "groups.0.1.value")), "es");
    assert_int_equal(audience_freeze(&h->g->op, &h->c, id, STR("plan1"), &then), OK);
    assert_int_equal(then.n, 5);
    says_yes(h, patient(h, "1950-01-01", ""));
    hides(h, first, "");
    assert_int_equal(audience_compare(&h->g->op, &h->c, id, STR("plan1"), &d), OK);
    assert_int_equal(d.approved, 5);
    assert_int_equal(d.n, 4);
    assert_int_equal(d.joined, 1);
    assert_int_equal(d.gone[LEFT_IN], 1);
    assert_int_equal(audience_frozen(&h->g->op, &h->c, STR("plan1"), &then), OK);
    assert_int_equal(then.n, 5);
    assert_int_equal(audience_frozen(&h->g->op, &h->c, STR("plan2"), &then), ERR_NOT_FOUND);
}

int main(void)
{
#define IN_HALL(test) cmocka_unit_test_setup_teardown(test, open_hall, close_hall)
    const struct CMUnitTest tests[] = {
        IN_HALL(chips_join),
        IN_HALL(each_is_left_out_for_one_reason),
        IN_HALL(a_helper_who_cannot_be_reached_is_a_reason),
        IN_HALL(done_elsewhere_is_a_reason),
        IN_HALL(who_is_hidden_is_not_counted),
        IN_HALL(two_counts_do_not_tell_of_one_person),
        IN_HALL(a_veiled_audience_names_nobody),
        IN_HALL(the_lot_of_a_veiled_audience_is_not_the_askers),
        IN_HALL(small_groups_are_not_told),
        IN_HALL(a_snapshot_only_gets_shorter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
