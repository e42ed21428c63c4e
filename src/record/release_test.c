/* What a clinician holds back stays held, also while nobody can say what the patient wished. */
#include "record/fixture_int.h"
#include "record/release_int.h"

static const char *result(struct fixture *f, const char *patient)
{
    return fixture_make(
        f, fixture_text(f,
                        "{\"resourceType\":\"Observation\",\"status\":\"final\",\"category\":[{"
                        "\"coding\":[{\"code\":\"laboratory\"}]}],\"code\":{\"text\":\"x\"},"
                        "\"subject\":{\"reference\":\"%s\"}}",
                        patient));
}

/* R241: what was held back was a number of entries that nobody had written. */
static void r241_wishes_that_cannot_be_read(void **state)
{
    struct fixture *f = *state;
    const char *ann = fixture_patient(f, "Ann"), *one = result(f, ann);
    fhir_type t = fhir_type_parse(STR("Observation"));
    str id = str_of(strchr(one, '/') + 1);
    struct record_withhold w = {.exception = STR("preventing_harm_individual"),
                                .reason = STR("Judged for her."),
                                .checked = true,
                                .until = f->op.now + 86400000};
    struct record_doc d;
    struct record_release r;
    struct op small;
    fixture_as(f, &f->nurse);
    assert_int_equal(record_release_withhold(&f->op, f->rec, t, id, &w), OK);
    assert_int_equal(record_read(&f->op, f->rec, t, id, &d), OK);
    memset(&r, 0x5a, sizeof r);
    op_init(&small, arena_new(256), &f->nurse, f->op.now);
    assert_true(release_wishes(&small, f->rec, d.patient, &r));
    assert_int_equal(r.n_withheld, 0);
    for (size_t i = 0; i < release_count(); i++)
        assert_int_equal(r.wish[i].how, RELEASE_WRITTEN);
    arena_free(small.arena);
    assert_true(release_wishes(&f->op, f->rec, d.patient, &r)); /* and it was not kept */
    assert_int_equal(r.n_withheld, 1);
    assert_true(release_withheld(&f->op, &r, d.rid));
}

int main(void)
{
    const struct CMUnitTest tests[] = {BOTH_BACKENDS(r241_wishes_that_cannot_be_read)};
    return cmocka_run_group_tests_name("record.release", tests, NULL, NULL);
}
