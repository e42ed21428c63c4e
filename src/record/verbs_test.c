/* Create, read, vread, update, delete and history, by those who may and those who may not. */
#include "record/fixture_int.h"

static fhir_type type_of(const char *name)
{
    return fhir_type_parse(str_of(name));
}

static bool holds(struct fixture *f, const struct record_doc *d, const char *text)
{
    return str_find(arena_cat(f->arena, d->head, d->body), str_of(text), 0) != SIZE_MAX;
}

static void create_then_read(void **state)
{
    struct fixture *f = *state;
    struct record_doc d;
    fixture_as(f, &f->nurse);
    const char *p = fixture_patient(f, "Okafor");
    assert_int_equal(fixture_read(f, p, &d), OK);
    assert_int_equal(d.vid, 1);
    assert_int_equal(d.patient, d.rid);
    assert_true(holds(f, &d, "\"family\":\"Okafor\""));
    assert_true(holds(f, &d, "\"versionId\":\"1\""));
    assert_true(str_eq(d.id, fixture_id(p)));
    assert_int_equal(fixture_read(f, "Patient/nobody", &d), ERR_NOT_FOUND);
    op_clear(&f->op);
    /* An id is good for its own type only. */
    assert_int_equal(record_read(&f->op, f->rec, type_of("Observation"), fixture_id(p), &d),
                     ERR_NOT_FOUND);
}

static void update_makes_versions(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    struct record_doc d, *h;
    size_t n;
    const char *p = fixture_patient(f, "Okafor");
    struct json *next =
        fixture_tree(f, "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"Adeyemi\"}]}");
    assert_int_equal(
        record_update(&f->op, f->rec, type_of("Patient"), fixture_id(p), next, STR("1"), &r), OK);
    assert_int_equal(r.vid, 2);
    assert_false(r.created);
    assert_int_equal(
        record_update(&f->op, f->rec, type_of("Patient"), fixture_id(p), next, STR("1"), &r),
        ERR_PRECONDITION);
    op_clear(&f->op);
    assert_int_equal(record_vread(&f->op, f->rec, type_of("Patient"), fixture_id(p), STR("1"), &d),
                     OK);
    assert_true(holds(f, &d, "Okafor"));
    assert_int_equal(record_vread(&f->op, f->rec, type_of("Patient"), fixture_id(p), STR("3"), &d),
                     ERR_NOT_FOUND);
    op_clear(&f->op);
    assert_int_equal(
        record_history(&f->op, f->rec, type_of("Patient"), fixture_id(p), 0, 10, &h, &n), OK);
    assert_int_equal(n, 2);
    assert_int_equal(h[0].vid, 2);
    assert_int_equal(h[1].vid, 1);
    assert_int_equal(
        record_history(&f->op, f->rec, type_of("Patient"), fixture_id(p), 2, 10, &h, &n), OK);
    assert_int_equal(n, 1);
}

static void create_by_update(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    struct record_doc d;
    struct json *p = fixture_tree(f, "{\"resourceType\":\"Patient\",\"id\":\"p-1\"}");
    assert_int_equal(record_update(&f->op, f->rec, type_of("Patient"), STR("p-1"), p, STR_NONE, &r),
                     OK);
    assert_true(r.created);
    assert_int_equal(fixture_read(f, "Patient/p-1", &d), OK);
    assert_true(str_eq(d.id, STR("p-1")));
    assert_int_equal(record_update(&f->op, f->rec, type_of("Patient"), STR("p-2"), p, STR("1"), &r),
                     ERR_PRECONDITION);
    op_clear(&f->op);
    assert_int_equal(record_update(&f->op, f->rec, type_of("Patient"), STR("p 2"), p, STR_NONE, &r),
                     ERR_INVALID);
}

static void delete_ends_it(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    struct record_doc d, *h;
    size_t n;
    const char *p = fixture_patient(f, "Okafor");
    assert_int_equal(record_delete(&f->op, f->rec, type_of("Patient"), fixture_id(p), STR_NONE, &r),
                     OK);
    assert_int_equal(r.vid, 2);
    assert_int_equal(fixture_read(f, p, &d), ERR_GONE);
    op_clear(&f->op);
    assert_int_equal(fixture_count(f, "Patient", "family=Okafor"), 0);
    assert_int_equal(record_delete(&f->op, f->rec, type_of("Patient"), fixture_id(p), STR_NONE, &r),
                     OK);
    assert_int_equal(r.vid, 0);
    assert_int_equal(record_delete(&f->op, f->rec, type_of("Patient"), STR("never"), STR_NONE, &r),
                     OK);
    assert_int_equal(
        record_history(&f->op, f->rec, type_of("Patient"), fixture_id(p), 0, 10, &h, &n), OK);
    assert_int_equal(n, 2);
    assert_true(h[0].deleted);
    struct json *again = fixture_tree(f, "{\"resourceType\":\"Patient\"}");
    assert_int_equal(
        record_update(&f->op, f->rec, type_of("Patient"), fixture_id(p), again, STR_NONE, &r), OK);
    assert_int_equal(r.vid, 3);
    assert_int_equal(fixture_read(f, p, &d), OK);
}

static void unchanged_meta_is_kept(void **state)
{
    struct fixture *f = *state;
    struct record_doc d;
    struct json *tree;
    const char *p =
        fixture_make(f, "{\"resourceType\":\"Patient\",\"meta\":{\"versionId\":\"77\",\"tag\":[{"
                        "\"code\":\"x\"}]},\"active\":true}");
    assert_int_equal(fixture_read(f, p, &d), OK);
    assert_int_equal(record_parse(&f->op, &d, &tree), OK);
    assert_true(str_eq(json_str(json_path(tree, "meta.versionId")), STR("1")));
    assert_true(str_eq(json_str(json_path(tree, "meta.tag.0.code")), STR("x")));
}

static void nobody_gets_nothing(void **state)
{
    struct fixture *f = *state;
    struct record_doc d;
    struct record_result r;
    const char *p = fixture_patient(f, "Okafor");
    fixture_as(f, NULL);
    assert_int_equal(fixture_read(f, p, &d), ERR_FORBIDDEN);
    op_clear(&f->op);
    assert_int_equal(fixture_count(f, "Patient", "family=Okafor"), -1);
    assert_int_equal(f->op.fault.code, ERR_FORBIDDEN);
    op_clear(&f->op);
    assert_int_equal(fixture_try(f, "{\"resourceType\":\"Patient\"}", &r), ERR_FORBIDDEN);
    op_clear(&f->op);
    assert_int_equal(record_delete(&f->op, f->rec, type_of("Patient"), fixture_id(p), STR_NONE, &r),
                     ERR_FORBIDDEN);
}

static void patients_see_their_own(void **state)
{
    struct fixture *f = *state;
    struct record_doc d;
    struct record_result r;
    const char *mine = fixture_patient(f, "Mine"), *other = fixture_patient(f, "Other");
    const char *my_weight = fixture_weight(f, mine, "70", "2026-01-02");
    const char *other_weight = fixture_weight(f, other, "80", "2026-01-02");
    f->patient.patient = f->patient.user_rid = fixture_rid(f, mine);
    f->patient.reference = str_of(mine);
    fixture_as(f, &f->patient);
    assert_int_equal(fixture_read(f, mine, &d), OK);
    assert_int_equal(fixture_read(f, my_weight, &d), OK);
    /* What is another's does not exist. */
    assert_int_equal(fixture_read(f, other, &d), ERR_NOT_FOUND);
    op_clear(&f->op);
    assert_int_equal(fixture_read(f, other_weight, &d), ERR_NOT_FOUND);
    str hidden = f->op.fault.issues[0].message;
    op_clear(&f->op);
    assert_int_equal(fixture_read(f, "Observation/nothing", &d), ERR_NOT_FOUND);
    assert_true(str_eq(hidden, f->op.fault.issues[0].message));
    assert_int_equal(fixture_count(f, "Observation", ""), 1);
    assert_int_equal(fixture_count(f, "Observation", "code=29463-7&_total=accurate"), 1);
    assert_int_equal(fixture_count(f, "Observation", fixture_text(f, "subject=%s", other)), 0);
    op_clear(&f->op);
    assert_int_equal(fixture_try(f, "{\"resourceType\":\"Patient\"}", &r), ERR_FORBIDDEN);
}

static void restricted_labels_hide(void **state)
{
    struct fixture *f = *state;
    struct record_doc d;
    const char *p =
        fixture_make(f, "{\"resourceType\":\"Patient\",\"meta\":{\"security\":[{\"system\":"
                        "\"http://terminology.hl7.org/CodeSystem/v3-Confidentiality\","
                        "\"code\":\"V\"}]},\"name\":[{\"family\":\"Okafor\"}]}");
    fixture_patient(f, "Okafor");
    fixture_as(f, &f->agent);
    assert_int_equal(fixture_read(f, p, &d), ERR_NOT_FOUND); /* nor that there is something */
    assert_int_equal(fixture_count(f, "Patient", "family=Okafor"), 1);
    fixture_as(f, &f->nurse);
    assert_int_equal(fixture_read(f, p, &d), OK);
    assert_int_equal(fixture_count(f, "Patient", "family=Okafor"), 2);
}

static void helpers_need_consent(void **state)
{
    struct fixture *f = *state;
    struct record_doc d;
    struct record_result r;
    const char *x = fixture_patient(f, "X"), *y = fixture_patient(f, "Y");
    const char *w = fixture_weight(f, x, "70", "2026-01-02");
    const char *of_y = fixture_weight(f, y, "70", "2026-01-02");
    const char *helper = fixture_make(
        f, fixture_text(
               f, "{\"resourceType\":\"RelatedPerson\",\"patient\":{\"reference\":\"%s\"}}", x));
    struct actor who = fixture_actor(ROLE_HELPER, "helper.flo");
    who.patient = fixture_rid(f, x);
    who.user_rid = fixture_rid(f, helper);
    who.reference = str_of(helper);
    fixture_as(f, &who);
    assert_int_equal(fixture_read(f, w, &d), ERR_NOT_FOUND);
    assert_int_equal(fixture_count(f, "Observation", ""), -1);
    fixture_as(f, &f->system);
    const char *consent = fixture_make(
        f, fixture_text(
               f,
               "{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{\"coding\":[{"
               "\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":"
               "\"patient-privacy\"}]},"
               "\"category\":[{\"text\":\"share\"}],\"patient\":{\"reference\":\"%s\"},"
               "\"policyRule\":{"
               "\"text\":\"own\"},\"provision\":{\"type\":\"permit\",\"actor\":[{\"role\":{"
               "\"text\":\"h\"},"
               "\"reference\":{\"reference\":\"%s\"}}],\"class\":[{\"code\":\"Observation\"}]}}",
               x, helper));
    fixture_as(f, &who);
    assert_int_equal(fixture_read(f, w, &d), OK);
    assert_int_equal(fixture_read(f, of_y, &d), ERR_NOT_FOUND);
    assert_int_equal(fixture_count(f, "Observation", ""), 1);
    assert_int_equal(fixture_count(f, "Condition", ""), -1); /* not listed */
    fixture_as(f, &f->system);
    assert_int_equal(
        record_delete(&f->op, f->rec, type_of("Consent"), fixture_id(consent), STR_NONE, &r), OK);
    fixture_as(f, &who);
    assert_int_equal(fixture_read(f, w, &d), ERR_NOT_FOUND);
}

/* What the patient shares, and what takes it back or was never meant: no helper sees more. */
static const struct {
    const char *scope, *provision;
    int weight, condition; /* how many are found; -1: not even to be asked for */
} consents[] = {
    {"patient-privacy", "\"type\":\"permit\",%s", 1, 1},
    {"patient-privacy",
     "\"type\":\"permit\",%s,\"provision\":[{\"type\":\"deny\",\"class\":[{\"code\":"
     "\"Condition\"}]}]",
     1, -1},
    {"patient-privacy", "\"type\":\"permit\",%s,\"provision\":[{\"type\":\"deny\"}]", -1, -1},
    {"patient-privacy",
     "\"type\":\"permit\",%s,\"provision\":[{\"type\":\"deny\",\"class\":[{\"code\":"
     "\"Goal\"}],\"securityLabel\":[{\"code\":\"R\"}]}]",
     1, 1},
    {"patient-privacy",
     "\"type\":\"permit\",%s,\"provision\":[{\"type\":\"deny\",\"class\":[{\"code\":"
     "\"Goal\"}],\"extension\":[{\"url\":\"urn:x\",\"valueCode\":\"x\"}]},{\"type\":\"deny\","
     "\"class\":[{\"code\":\"Condition\"}],\"extension\":[{\"url\":\"urn:x\",\"valueCode\":\"x\"}]}"
     "]",
     1, -1},
    {"patient-privacy", "\"type\":\"permit\",%s,\"securityLabel\":[{\"code\":\"N\"}]", 1, 1},
    {"patient-privacy", "\"type\":\"permit\",%s,\"securityLabel\":[{\"code\":\"HIV\"}]", 0, 0},
    {"patient-privacy", "\"type\":\"permit\",%s,\"purpose\":[{\"code\":\"HRESCH\"}]", -1, -1},
    {"patient-privacy", "\"type\":\"permit\",%s,\"dataPeriod\":{\"end\":\"2020\"}", 0, 0},
    {"patient-privacy", "\"type\":\"permit\",%s,\"dataPeriod\":{\"start\":\"2020\"}", 1, 0},
    {"patient-privacy", "\"type\":\"permit\",%s,\"period\":{\"end\":\"2020\"}", -1, -1},
    {"patient-privacy", "\"type\":\"deny\",%s", -1, -1},
    {"patient-privacy", "%s", -1, -1},
    {"research", "\"type\":\"permit\",%s", -1, -1},
};

static void consents_are_kept_to_the_word(void **state)
{
    struct fixture *f = *state;
    const char *x = fixture_patient(f, "X");
    fixture_weight(f, x, "70", "2026-01-02");
    fixture_make(
        f,
        fixture_text(f, "{\"resourceType\":\"Condition\",\"subject\":{\"reference\":\"%s\"}}", x));
    const char *helper = fixture_make(
        f, fixture_text(
               f, "{\"resourceType\":\"RelatedPerson\",\"patient\":{\"reference\":\"%s\"}}", x));
    struct actor who = fixture_actor(ROLE_HELPER, "helper.flo");
    who.patient = fixture_rid(f, x);
    who.user_rid = fixture_rid(f, helper);
    who.reference = str_of(helper);
    const char *actor = fixture_text(
        f, "\"actor\":[{\"role\":{\"text\":\"h\"},\"reference\":{\"reference\":\"%s\"}}]", helper);
    for (size_t i = 0; i < sizeof consents / sizeof *consents; i++) {
        struct record_result r;
        const char *at = strstr(consents[i].provision, "%s");
        const char *text = fixture_text(
            f,
            "{\"resourceType\":\"Consent\",\"id\":\"c\",\"status\":\"active\",\"scope\":{"
            "\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\","
            "\"code\":\"%s\"}]},\"category\":[{\"text\":\"share\"}],\"patient\":{\"reference\":"
            "\"%s\"},\"policyRule\":{\"text\":\"own\"},\"provision\":{%.*s%s%s}}",
            consents[i].scope, x, (int)(at - consents[i].provision), consents[i].provision, actor,
            at + 2);
        fixture_as(f, &f->system);
        struct json *tree = fixture_tree(f, text);
        assert_int_equal(
            record_update(&f->op, f->rec, fhir_type_of(tree), STR("c"), tree, STR_NONE, &r), OK);
        fixture_as(f, &who);
        assert_int_equal(fixture_count(f, "Observation", ""), consents[i].weight);
        assert_int_equal(fixture_count(f, "Condition", ""), consents[i].condition);
    }
}

/* A helper without a record of their own is not the "actor" whom a Consent names by words only. */
static void no_name_is_nobodys_name(void **state)
{
    struct fixture *f = *state;
    const char *x = fixture_patient(f, "X");
    fixture_weight(f, x, "70", "2026-01-02");
    fixture_make(
        f, fixture_text(
               f,
               "{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{\"coding\":[{"
               "\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":"
               "\"patient-privacy\"}]},\"category\":[{\"text\":\"share\"}],\"patient\":{"
               "\"reference\":\"%s\"},\"policyRule\":{\"text\":\"own\"},\"provision\":{\"type\":"
               "\"permit\",\"actor\":[{\"role\":{\"text\":\"h\"},\"reference\":{\"display\":"
               "\"my daughter\"}}]}}",
               x));
    struct actor who = fixture_actor(ROLE_HELPER, "helper.flo");
    who.patient = fixture_rid(f, x);
    fixture_as(f, &who);
    assert_int_equal(fixture_count(f, "Observation", ""), -1);
}

static void devices_see_themselves(void **state)
{
    struct fixture *f = *state;
    struct record_doc d;
    const char *mine = fixture_make(f, "{\"resourceType\":\"Device\",\"status\":\"active\"}");
    const char *other = fixture_make(f, "{\"resourceType\":\"Device\",\"status\":\"active\"}");
    const char *x = fixture_patient(f, "X");
    const char *w = fixture_weight(f, x, "70", "2026-01-02");
    f->device.user_rid = fixture_rid(f, mine);
    f->device.reference = str_of(mine);
    f->device.patient = fixture_rid(f, x);
    fixture_as(f, &f->device);
    assert_int_equal(fixture_read(f, mine, &d), OK);
    assert_int_equal(fixture_read(f, other, &d), ERR_NOT_FOUND);
    op_clear(&f->op);
    assert_int_equal(fixture_read(f, w, &d), ERR_NOT_FOUND);
    assert_int_equal(fixture_count(f, "Observation", ""), -1);
    assert_int_equal(fixture_count(f, "Patient", ""), -1);
}

/* A device sends a reading again: it learns that it is there, without the right to read. */
static void a_repeated_reading_is_one(void **state)
{
    struct fixture *f = *state;
    struct record_result a, b;
    const char *x = fixture_patient(f, "X"), *y = fixture_patient(f, "Y");
    const char *device = fixture_make(f, "{\"resourceType\":\"Device\",\"status\":\"active\"}");
    f->device.user_rid = fixture_rid(f, device);
    f->device.reference = str_of(device);
    f->device.patient = fixture_rid(f, x);
#define READING                                                                                    \
    "{\"resourceType\":\"Observation\",\"identifier\":[{\"system\":\"urn:d\",\"value\":\"1\"}],"   \
    "\"status\":"                                                                                  \
    "\"final\",\"code\":{\"text\":\"x\"},\"subject\":{\"reference\":\"%s\"},\"device\":{"          \
    "\"reference\":\"%s\"}}"
    fixture_make(f, fixture_text(f, READING, y, device)); /* another's, with the same number */
    fixture_as(f, &f->device);
    struct json *reading = fixture_tree(f, fixture_text(f, READING, x, device));
    assert_int_equal(record_create(&f->op, f->rec, reading, STR("identifier=urn:d|1"), &a), OK);
    assert_true(a.created);
    assert_int_equal(record_create(&f->op, f->rec, reading, STR("identifier=urn:d|1"), &b), OK);
    assert_false(b.created);
    assert_true(b.unchanged);
    assert_true(str_eq(a.id, b.id));
    assert_int_equal(b.doc.body.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(create_then_read),
        BOTH_BACKENDS(update_makes_versions),
        BOTH_BACKENDS(create_by_update),
        BOTH_BACKENDS(delete_ends_it),
        BOTH_BACKENDS(unchanged_meta_is_kept),
        BOTH_BACKENDS(nobody_gets_nothing),
        BOTH_BACKENDS(patients_see_their_own),
        BOTH_BACKENDS(restricted_labels_hide),
        BOTH_BACKENDS(no_name_is_nobodys_name),
        BOTH_BACKENDS(helpers_need_consent),
        BOTH_BACKENDS(consents_are_kept_to_the_word),
        BOTH_BACKENDS(devices_see_themselves),
        BOTH_BACKENDS(a_repeated_reading_is_one),
    };
    return cmocka_run_group_tests_name("record.verbs", tests, NULL, NULL);
}
