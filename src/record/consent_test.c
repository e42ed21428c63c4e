/* Consents through the record: on every road out what a patient denied is not there, and no count,
 * page, order, chain or included resource tells of it. */
#include "record/consent_int.h"
#include "record/custom.h"
#include "record/fixture_int.h"
#include "record/operations.h"
#include "record/versions.h"

struct ward {
    const char *ann, *bob, *nurse, *weight, *other, *drinks, *visit;
};

static struct ward ward_new(struct fixture *f)
{
    struct ward w;
    fixture_as(f, &f->system);
    w.ann = fixture_patient(f, "Ann");
    w.bob = fixture_patient(f, "Bob");
    w.nurse =
        fixture_make(f, "{\"resourceType\":\"Practitioner\",\"name\":[{\"family\":\"Ada\"}]}");
    w.weight = fixture_weight(f, w.ann, "71", "2026-01-02");
    w.other = fixture_weight(f, w.bob, "72", "2026-01-03");
    w.drinks = fixture_make(
        f, fixture_text(f,
                        "{\"resourceType\":\"Condition\",\"code\":{\"coding\":[{\"system\":"
                        "\"http://hl7.org/fhir/sid/icd-10-cm\",\"code\":\"F10.20\"}]},\"subject\":{"
                        "\"reference\":\"%s\"}}",
                        w.ann));
    w.visit = fixture_make(
        f, fixture_text(f,
                        "{\"resourceType\":\"Encounter\",\"status\":\"finished\",\"class\":{"
                        "\"code\":\"AMB\"},\"subject\":{\"reference\":\"%s\"},\"diagnosis\":[{"
                        "\"condition\":{\"reference\":\"%s\"}}]}",
                        w.ann, w.drinks));
    f->nurse.reference = str_of(w.nurse);
    f->nurse.user_rid = fixture_rid(f, w.nurse);
    return w;
}

static const char *consent(struct fixture *f, const char *patient, const char *provision)
{
    fixture_as(f, &f->system);
    return fixture_make(
        f, fixture_text(
               f,
               "{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{\"coding\":[{"
               "\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":"
               "\"patient-privacy\"}]},\"category\":[{\"text\":\"restriction\"}],\"patient\":{"
               "\"reference\":\"%s\"},\"policyRule\":{\"text\":\"own\"},\"provision\":{%s}}",
               patient, provision));
}

static void withdraw(struct fixture *f, const char *consent_ref)
{
    struct record_result r;
    fixture_as(f, &f->system);
    assert_int_equal(record_delete(&f->op, f->rec, fhir_type_parse(STR("Consent")),
                                   fixture_id(consent_ref), STR_NONE, &r),
                     OK);
}

static int total(struct fixture *f, const char *type, const char *query)
{
    struct record_page page;
    op_clear(&f->op);
    if (record_find(&f->op, f->rec, fhir_type_parse(str_of(type)), str_of(query), &page) != OK)
        return -1;
    return page.has_total ? (int)page.total : -2;
}

static bool sees(struct fixture *f, const char *reference)
{
    struct record_doc d;
    op_clear(&f->op);
    return fixture_read(f, reference, &d) == OK;
}

/* Everything that would betray the weight or its patient to the nurse. */
static void nothing_tells(struct fixture *f, const struct ward *w, bool hidden)
{
    int there = hidden ? 0 : 1;
    struct record_page page;
    struct record_versions v = {.n_types = 1, .count = 10, .since = INT64_MIN};
    fhir_type type = fhir_type_parse(STR("Observation"));
    fixture_as(f, &f->nurse);
    assert_int_equal(sees(f, w->weight), !hidden);
    assert_true(sees(f, w->other));
    assert_int_equal(total(f, "Observation", "code=29463-7&_summary=count"), 1 + there);
    assert_int_equal(total(f, "Observation", "code=29463-7&_total=accurate&_count=1"), 1 + there);
    assert_int_equal(total(f, "Observation", "value-quantity=71&_total=accurate"), there);
    assert_int_equal(fixture_count(f, "Observation", "_sort=-date"), 1 + there);
    assert_int_equal(fixture_count(f, "Observation", "_sort=code,date"), 1 + there);
    assert_int_equal(fixture_count(f, "Patient", "_has:Observation:patient:value-quantity=71"),
                     there);
    assert_int_equal(fixture_count(f, "Patient", "_has:Observation:patient:code=29463-7"),
                     1 + there);
    assert_int_equal(total(f, "Patient", "_has:Observation:patient:code=29463-7&_summary=count"),
                     1 + there);
    op_clear(&f->op);
    assert_int_equal(record_find(&f->op, f->rec, type, STR("_count=1"), &page), OK);
    assert_int_equal(page.next.n > 0, there); /* no empty page follows */
    assert_int_equal(record_find(&f->op, f->rec, fhir_type_parse(STR("Patient")),
                                 STR("family=Ann&_revinclude=Observation:patient"), &page),
                     OK);
    assert_int_equal(page.n, 1 + there);
    v.types = &type;
    v.self = STR("x");
    assert_int_equal(record_versions(&f->op, f->rec, &v, &page), OK);
    assert_int_equal(page.n, 1 + there);
    struct record_everything e = {.type = fhir_type_parse(STR("Patient")),
                                  .id = fixture_id(w->ann),
                                  .count = 50,
                                  .start = INT64_MIN,
                                  .end = INT64_MAX,
                                  .since = INT64_MIN,
                                  .self = STR("y")};
    size_t seen = 0;
    assert_int_equal(record_everything(&f->op, f->rec, &e, &page), OK);
    for (size_t i = 0; i < page.n; i++)
        seen += page.docs[i].type == type;
    assert_int_equal(seen, there);
}

static const struct {
    const char *provision;
    bool hides;
} denials[] = {
    {"\"type\":\"deny\",\"class\":[{\"code\":\"Observation\"}]", true},
    {"\"type\":\"deny\",\"class\":[{\"code\":\"Condition\"}]", false},
    {"\"type\":\"deny\",\"class\":[{\"code\":\"Observation\"}],\"purpose\":[{\"code\":\"TREAT\"}]",
     true},
    {"\"type\":\"deny\",\"class\":[{\"code\":\"Observation\"}],\"purpose\":[{\"code\":\"HRESCH\"}]",
     false},
    {"\"type\":\"deny\",\"code\":[{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":"
     "\"29463-7\"}]}]",
     true},
    {"\"type\":\"deny\",\"code\":[{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":"
     "\"8302-2\"}]}]",
     false},
    {"\"type\":\"deny\",\"class\":[{\"code\":\"Observation\"}],\"dataPeriod\":{\"start\":\"2026\"}",
     true},
    {"\"type\":\"deny\",\"class\":[{\"code\":\"Observation\"}],\"dataPeriod\":{\"end\":\"2025\"}",
     false},
    {"\"type\":\"deny\",\"class\":[{\"code\":\"Observation\"}],\"period\":{\"end\":\"2025\"}",
     false},
    {"\"type\":\"deny\",\"class\":[{\"code\":\"Observation\"}],\"action\":[{\"coding\":[{\"code\":"
     "\"disclose\"}]}]",
     false},
    {"\"type\":\"deny\",\"class\":[{\"code\":\"Observation\"}],\"action\":[{\"coding\":[{\"code\":"
     "\"access\"}]}]",
     true},
    {"\"type\":\"deny\",\"class\":[{\"code\":\"Observation\"}],\"securityLabel\":[{\"code\":\"N\"}"
     "]",
     true},
    {"\"type\":\"deny\",\"class\":[{\"code\":\"Observation\"}],\"securityLabel\":[{\"code\":"
     "\"SUD\"}]",
     false},
    {"\"type\":\"deny\",\"class\":[{\"code\":\"Observation\"}],\"provision\":[{\"type\":\"permit\","
     "\"purpose\":[{\"code\":\"TREAT\"}]}]",
     false},
    {"\"type\":\"deny\",\"class\":[{\"code\":\"Observation\"}],\"provision\":[{\"type\":\"permit\","
     "\"purpose\":[{\"code\":\"TREAT\"}],\"provision\":[{\"type\":\"deny\"}]}]",
     true},
    {"\"type\":\"deny\",\"class\":[{\"code\":\"Observation\"}],\"actor\":[{\"role\":{\"text\":"
     "\"r\"},"
     "\"reference\":{\"display\":\"somebody\"}}]",
     true},
    {"\"type\":\"deny\",\"class\":[{\"code\":\"Observation\"}],\"actor\":[{\"role\":{\"text\":"
     "\"r\"},"
     "\"reference\":{\"reference\":\"$other\"}}]",
     false},
    {"\"type\":\"deny\",\"class\":[{\"code\":\"Observation\"}],\"actor\":[{\"role\":{\"text\":"
     "\"r\"},"
     "\"reference\":{\"reference\":\"$nurse\"}}]",
     true},
    {"\"type\":\"deny\",\"class\":[{\"code\":\"Observation\"}],\"actor\":[{\"role\":{\"text\":"
     "\"r\"},"
     "\"reference\":{\"reference\":\"$house\"}}]",
     true},
    {"\"type\":\"deny\",\"class\":[{\"code\":\"Observation\"}],\"actor\":[{\"role\":{\"text\":"
     "\"r\"},"
     "\"reference\":{\"reference\":\"$team\"}}]",
     true},
    {"\"type\":\"deny\",\"data\":[{\"meaning\":\"instance\",\"reference\":{\"reference\":"
     "\"$weight\"}}]",
     true},
    {"\"type\":\"permit\"", false},
    {"\"type\":\"permit\",\"provision\":[{\"type\":\"deny\",\"class\":[{\"code\":\"Observation\"}],"
     "\"actor\":[{\"role\":{\"coding\":[{\"code\":\"AUT\"}]},\"reference\":{\"reference\":\"$ann\"}"
     "}]}]",
     true},
};

static const char *filled(struct fixture *f, const char *text, const char *mark, const char *value)
{
    const char *at = strstr(text, mark);
    return at ? fixture_text(f, "%.*s%s%s", (int)(at - text), text, value, at + strlen(mark))
              : text;
}

static void every_road_is_closed(void **state)
{
    struct fixture *f = *state;
    struct ward w = ward_new(f);
    const char *other = fixture_make(f, "{\"resourceType\":\"Practitioner\"}");
    const char *house = fixture_make(f, "{\"resourceType\":\"Organization\",\"name\":\"House\"}");
    const char *part = fixture_make(
        f, fixture_text(f,
                        "{\"resourceType\":\"Organization\",\"name\":\"Part\",\"partOf\":{"
                        "\"reference\":\"%s\"}}",
                        house));
    const char *role = fixture_make(
        f, fixture_text(f,
                        "{\"resourceType\":\"PractitionerRole\",\"practitioner\":{\"reference\":"
                        "\"%s\"},\"organization\":{\"reference\":\"%s\"}}",
                        w.nurse, part));
    const char *team =
        fixture_make(f, fixture_text(f,
                                     "{\"resourceType\":\"CareTeam\",\"participant\":[{\"member\":{"
                                     "\"reference\":\"%s\"}}]}",
                                     role));
    for (size_t i = 0; i < sizeof denials / sizeof *denials; i++) {
        const char *text = filled(f, denials[i].provision, "$other", other);
        text = filled(f, filled(f, text, "$nurse", w.nurse), "$house", house);
        text = filled(f, filled(f, text, "$team", team), "$weight", w.weight);
        text = filled(f, text, "$ann", w.ann);
        const char *c = consent(f, w.ann, text);
        nothing_tells(f, &w, denials[i].hides);
        withdraw(f, c);
        nothing_tells(f, &w, false);
        arena_reset(f->arena);
    }
}

/* A team changes, and with it whom the Consent means. */
static void a_team_is_who_is_in_it_now(void **state)
{
    struct fixture *f = *state;
    struct ward w = ward_new(f);
    struct record_result r;
    const char *team = fixture_make(f, "{\"resourceType\":\"CareTeam\"}");
    (void)consent(
        f, w.ann,
        fixture_text(f,
                     "\"type\":\"deny\",\"class\":[{\"code\":\"Observation\"}],\"actor\":[{"
                     "\"role\":{\"text\":\"r\"},\"reference\":{\"reference\":\"%s\"}}]",
                     team));
    nothing_tells(f, &w, false);
    fixture_as(f, &f->system);
    struct json *tree = fixture_tree(
        f, fixture_text(f,
                        "{\"resourceType\":\"CareTeam\",\"id\":\"%.*s\",\"participant\":[{"
                        "\"member\":{\"reference\":\"%s\"}}]}",
                        STR_ARG(fixture_id(team)), w.nurse));
    assert_int_equal(
        record_update(&f->op, f->rec, fhir_type_of(tree), fixture_id(team), tree, STR_NONE, &r),
        OK);
    nothing_tells(f, &w, true);
}

/* Who keeps the restriction, who it is about, and the house itself are not bound. */
static void the_patient_and_the_house_see_all(void **state)
{
    struct fixture *f = *state;
    struct ward w = ward_new(f);
    (void)consent(f, w.ann, "\"type\":\"deny\"");
    f->patient.patient = f->patient.user_rid = fixture_rid(f, w.ann);
    f->patient.reference = str_of(w.ann);
    fixture_as(f, &f->patient);
    assert_true(sees(f, w.weight) && sees(f, w.ann));
    assert_int_equal(total(f, "Observation", "_summary=count"), 1);
    fixture_as(f, &f->privacy);
    assert_true(sees(f, w.ann));
    fixture_as(f, &f->system);
    assert_true(sees(f, w.weight));
    fixture_as(f, &f->nurse);
    assert_false(sees(f, w.ann) || sees(f, w.weight) || sees(f, w.visit));
    assert_int_equal(f->op.fault.code, ERR_FORBIDDEN); /* may be told that it is there */
    assert_false(sees(f, w.drinks));
    assert_int_equal(f->op.fault.code, ERR_NOT_FOUND); /* may not: 42 CFR 2.13(c) */
    assert_int_equal(total(f, "Patient", "_summary=count"), 1);
    assert_int_equal(fixture_count(f, "Encounter", "diagnosis.code=F10.20"), 0);
}

/* Off unless the house switches it on: then a nurse sees whom a team, visit or task links to her.
 */
static void a_relationship_where_the_house_asks(void **state)
{
    struct fixture *f = *state;
    struct ward w = ward_new(f);
    struct record_result r;
    fixture_as(f, &f->nurse);
    assert_true(sees(f, w.weight) && sees(f, w.other));
    record_set_relationship(f->rec, true);
    assert_false(sees(f, w.weight) || sees(f, w.other));
    assert_int_equal(f->op.fault.code, ERR_FORBIDDEN);
    assert_int_equal(total(f, "Observation", "_summary=count"), 0);
    assert_int_equal(total(f, "Observation", fixture_text(f, "patient=%s&_summary=count", w.ann)),
                     0);
    op_clear(&f->op);
    struct json *own = fixture_tree(f, fixture_text(f,
                                                    "{\"resourceType\":\"CareTeam\",\"subject\":{"
                                                    "\"reference\":\"%s\"},\"participant\":[{"
                                                    "\"member\":{\"reference\":\"%s\"}}]}",
                                                    w.ann, w.nurse));
    assert_int_equal(record_create(&f->op, f->rec, own, STR_NONE, &r), ERR_FORBIDDEN);
    fixture_as(f, &f->system);
    fixture_make(f,
                 fixture_text(f,
                              "{\"resourceType\":\"CareTeam\",\"subject\":{\"reference\":\"%s\"},"
                              "\"participant\":[{\"member\":{\"reference\":\"%s\"}}]}",
                              w.ann, w.nurse));
    fixture_as(f, &f->nurse);
    assert_true(sees(f, w.weight) && sees(f, w.ann));
    assert_false(sees(f, w.other));
    assert_int_equal(total(f, "Observation", "_summary=count"), 1);
    assert_int_equal(fixture_count(f, "Patient", ""), 1);
    assert_int_equal(total(f, "Observation", fixture_text(f, "patient=%s&_summary=count", w.bob)),
                     0);
    record_set_relationship(f->rec, false);
    assert_true(sees(f, w.other));
}

/* By the codes, whatever the sender labelled: agents are not cleared for labels. */
static void codes_bring_labels(void **state)
{
    struct fixture *f = *state;
    struct ward w = ward_new(f);
    const char *appointment = fixture_make(
        f, fixture_text(
               f,
               "{\"resourceType\":\"Appointment\",\"status\":\"proposed\",\"reasonCode\":[{"
               "\"coding\":["
               "{\"system\":\"http://snomed.info/sct\",\"code\":\"66590003\"}]}],\"participant\":[{"
               "\"actor\":{\"reference\":\"%s\"},\"status\":\"accepted\"}]}",
               w.ann));
    const char *plain = fixture_make(
        f,
        fixture_text(f,
                     "{\"resourceType\":\"Appointment\",\"status\":\"proposed\",\"participant\":[{"
                     "\"actor\":{\"reference\":\"%s\"},\"status\":\"accepted\"}]}",
                     w.ann));
    fixture_as(f, &f->agent);
    assert_true(sees(f, plain));
    assert_false(sees(f, appointment));
    assert_int_equal(f->op.fault.code, ERR_NOT_FOUND);
    assert_int_equal(total(f, "Appointment", "_summary=count"), 1);
    fixture_as(f, &f->nurse);
    assert_true(sees(f, appointment));
    assert_int_equal(total(f, "Appointment", "_summary=count"), 2);
}

/* Random Consents over random resources: what the counts say is what can be read, one by one, and
 * one denial more never shows more. */
static unsigned pick(uint64_t *x, unsigned n)
{
    *x = *x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)((*x >> 33) % n);
}

static const char *random_provision(struct fixture *f, uint64_t *x, const struct ward *w)
{
    static const char *const parts[] = {
        ",\"class\":[{\"code\":\"Observation\"}]",
        ",\"class\":[{\"code\":\"Condition\"},{\"code\":\"Encounter\"}]",
        ",\"securityLabel\":[{\"code\":\"SUD\"}]",
        ",\"securityLabel\":[{\"code\":\"N\"}]",
        ",\"code\":[{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"29463-7\"}]}]",
        ",\"dataPeriod\":{\"start\":\"2026-01-02\",\"end\":\"2026-01-03\"}",
        ",\"purpose\":[{\"code\":\"TREAT\"}]",
        ",\"purpose\":[{\"code\":\"HPAYMT\"}]",
        ",\"actor\":[{\"role\":{\"text\":\"r\"},\"reference\":{\"reference\":\"$\"}}]",
        ",\"provision\":[{\"type\":\"permit\",\"purpose\":[{\"code\":\"TREAT\"}]}]",
        ",\"provision\":[{\"type\":\"permit\",\"class\":[{\"code\":\"Patient\"}]}]",
    };
    unsigned n = sizeof parts / sizeof *parts, a = pick(x, n), b = pick(x, n);
    const char *one = parts[a], *two = strncmp(parts[a], parts[b], 6) ? parts[b] : "";
    const char *text = fixture_text(f, "\"type\":\"deny\"%s%s", one, two);
    return filled(f, text, "$", w->nurse);
}

static void one_denial_more_never_shows_more(void **state)
{
    struct fixture *f = *state;
    struct ward w = ward_new(f);
    const char *all[] = {w.ann, w.bob, w.weight, w.other, w.drinks, w.visit};
    static const char *const types[] = {"Patient", "Observation", "Condition", "Encounter"};
    uint64_t x = 4711;
    size_t shown = 0;
    for (size_t round = 0; round < 40; round++) {
        const char *made[4];
        bool before[6] = {true, true, true, true, true, true};
        for (size_t k = 0; k < 4; k++) {
            made[k] = consent(f, pick(&x, 4) ? w.ann : w.bob, random_provision(f, &x, &w));
            fixture_as(f, &f->nurse);
            int by_type[4] = {0};
            for (size_t i = 0; i < 6; i++) {
                bool now = sees(f, all[i]);
                assert_false(now && !before[i]);
                before[i] = now;
                shown += now;
                for (size_t t = 0; t < 4; t++)
                    by_type[t] += now && str_starts(str_of(all[i]), str_of(types[t])) &&
                                  all[i][strlen(types[t])] == '/';
            }
            for (size_t t = 0; t < 4; t++) {
                assert_int_equal(total(f, types[t], "_summary=count"), by_type[t]);
                assert_int_equal(fixture_count(f, types[t], ""), by_type[t]);
            }
        }
        for (size_t k = 0; k < 4; k++)
            withdraw(f, made[k]);
        arena_reset(f->arena);
    }
    assert_true(shown > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(every_road_is_closed),
        BOTH_BACKENDS(a_team_is_who_is_in_it_now),
        BOTH_BACKENDS(the_patient_and_the_house_see_all),
        BOTH_BACKENDS(a_relationship_where_the_house_asks),
        BOTH_BACKENDS(codes_bring_labels),
        BOTH_BACKENDS(one_denial_more_never_shows_more),
    };
    return cmocka_run_group_tests_name("record.consent", tests, NULL, NULL);
}
