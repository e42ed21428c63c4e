/* References: forms of the text, all references of a tree with their paths, the Patient
 * compartment. */
#include "fhir/keys_dump.h"

static void forms(void **state)
{
    static const struct {
        const char *text;
        enum fhir_ref_kind kind;
        fhir_type type;
        const char *id, *version;
    } rows[] = {
        {"Patient/1", REF_LOCAL, FHIR_PATIENT, "1", ""},
        {"Patient/1/_history/2", REF_LOCAL, FHIR_PATIENT, "1", "2"},
        {"http://x.example/fhir/Patient/a-b.c", REF_ABSOLUTE, FHIR_PATIENT, "a-b.c", ""},
        {"https://x.example/fhir/Patient/1/_history/2", REF_ABSOLUTE, FHIR_PATIENT, "1", "2"},
        {"http://x.example/other", REF_ABSOLUTE, 0, "", ""},
        {"http://x.example/q|1.0", REF_ABSOLUTE, 0, "", ""},
        {"urn:uuid:0b2ad6ff-6f1d-4b6f-9d2b-5a1d6f7f0c11", REF_URN, 0, "", ""},
        {"urn:oid:1.2.3", REF_URN, 0, "", ""},
        {"#c1", REF_CONTAINED, 0, "c1", ""},
        {"#", REF_CONTAINED, 0, "", ""},
        {"Practitioner?identifier=a|b", REF_CONDITIONAL, FHIR_PRACTITIONER, "", ""},
        {"Nosuch/1", REF_NONE, 0, "", ""},
        {"Patient/", REF_NONE, 0, "", ""},
        {"Patient/a b", REF_NONE, 0, "", ""},
        {"Patient/1/2", REF_NONE, 0, "", ""},
        {"Patient/1/_history/", REF_NONE, 0, "", ""},
        {"Patient", REF_NONE, 0, "", ""},
        {"", REF_NONE, 0, "", ""},
        {"/", REF_NONE, 0, "", ""},
        {"?", REF_NONE, 0, "", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fhir_ref r = fhir_ref_parse(str_of(rows[i].text));
        if (r.kind != rows[i].kind || r.type != rows[i].type || !str_eq(r.id, str_of(rows[i].id)) ||
            !str_eq(r.version, str_of(rows[i].version)) || !str_eq(r.text, str_of(rows[i].text)))
            fail_msg("%s: kind %d type %d id %.*s\n", rows[i].text, r.kind, r.type, STR_ARG(r.id));
    }
}

static void all_of_a_tree(void **state)
{
    (void)state;
    struct op op = test_op();
    struct fhir_ref_node *refs = NULL;
    size_t n = 0;
    struct json *v = tree_of_text(
        &op, STR("{\"resourceType\":\"Observation\",\"contained\":[{\"resourceType\":\"Device\","
                 "\"id\":\"d\",\"patient\":{\"reference\":\"Patient/2\"}}],\"extension\":[{\"url\":"
                 "\"urn:e\",\"valueReference\":{\"reference\":\"Location/3\"}}],\"subject\":{"
                 "\"reference\":\"Patient/1\"},\"performer\":[{\"display\":\"x\"},{\"reference\":"
                 "\"#d\"}],\"note\":[{\"text\":\"t\",\"authorReference\":{\"reference\":"
                 "\"urn:uuid:1\"}}]}"));
    assert_int_equal(fhir_refs(&op, v, &refs, &n), OK);
    assert_int_equal(n, 5);
    assert_str(refs[0].path, "Observation.contained[0].patient.reference");
    assert_str(refs[1].path, "Observation.extension[0].value.ofType(Reference).reference");
    assert_str(refs[2].path, "Observation.subject.reference");
    assert_int_equal(refs[2].ref.type, FHIR_PATIENT);
    assert_str(refs[3].path, "Observation.performer[1].reference");
    assert_str(refs[4].path, "Observation.note[0].author.ofType(Reference).reference");
    refs[2].node->u.s = STR("Patient/9"); /* the node is the tree's own */
    assert_str(json_str(json_path(v, "subject.reference")), "Patient/9");
    test_op_done(&op);
}

static void patients_of(const char *text, const char *want)
{
    struct op op = test_op();
    str *ids = NULL;
    size_t n = 0;
    struct buf b;
    buf_init(&b, op.arena, 4096);
    assert_int_equal(fhir_patients(&op, tree_of_text(&op, str_of(text)), &ids, &n), OK);
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%.*s;", STR_ARG(ids[i]));
    if (!str_eq(buf_str(&b), str_of(want)))
        fail_msg("%s: %.*s\n", text, STR_ARG(buf_str(&b)));
    test_op_done(&op);
}

static void compartment(void **state)
{
    (void)state;
    patients_of("{\"resourceType\":\"Observation\",\"performer\":[{\"reference\":\"Patient/2\"},"
                "{\"reference\":\"Practitioner/3\"},{\"reference\":\"Patient/1\"}],\"subject\":{"
                "\"reference\":\"Patient/1\"}}",
                "1;2;");
    patients_of("{\"resourceType\":\"Observation\",\"subject\":{\"reference\":\"Group/1\"}}", "");
    patients_of("{\"resourceType\":\"Observation\",\"subject\":{\"reference\":"
                "\"http://other.example/Patient/1\"}}",
                "");
    patients_of("{\"resourceType\":\"Appointment\",\"participant\":[{\"actor\":{\"reference\":"
                "\"Patient/1\"}},{\"actor\":{\"reference\":\"Location/1\"}},{\"actor\":{"
                "\"reference\":\"Patient/2\"}}]}",
                "1;2;");
    patients_of("{\"resourceType\":\"Coverage\",\"subscriber\":{\"reference\":\"Patient/5\"},"
                "\"beneficiary\":{\"reference\":\"Patient/4\"}}",
                "4;5;");
    patients_of("{\"resourceType\":\"Patient\",\"id\":\"1\",\"link\":[{\"other\":{\"reference\":"
                "\"Patient/2\"}}]}",
                "2;");
    patients_of("{\"resourceType\":\"Location\"}", "");
    patients_of("{}", "");
    assert_true(fhir_in_patient_compartment(FHIR_OBSERVATION));
    assert_true(fhir_in_patient_compartment(FHIR_PATIENT));
    assert_false(fhir_in_patient_compartment(FHIR_LOCATION));
    assert_false(fhir_in_patient_compartment(0));
    assert_false(fhir_in_patient_compartment(60000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(all_of_a_tree),
        cmocka_unit_test(compartment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
