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

static struct actor ann_of(struct fixture *f, const char *patient)
{
    struct actor a = f->patient;
    a.patient = fixture_rid(f, patient);
    a.reference = str_of(patient);
    return a;
}

/* Review of rights (B, 7): only the newest 200 of a type were counted. */
static void more_than_two_hundred_wait(void **state)
{
    struct fixture *f = *state;
    enum release_how how[RELEASE_MAX];
    struct record_release r;
    const char *ann = fixture_patient(f, "Ann"), *old = result(f, ann);
    struct record_withhold w = {.exception = STR("preventing_harm_individual"),
                                .reason = STR("Judged for her."),
                                .checked = true,
                                .until = f->op.now + 86400000};
    struct actor self = ann_of(f, ann);
    fixture_as(f, &f->nurse);
    assert_int_equal(record_release_withhold(&f->op, f->rec, fhir_type_parse(STR("Observation")),
                                             fixture_id(old), &w),
                     OK);
    for (int64_t then = time_now(); time_now() <= then;)
        usleep(100); /* the wish begins after it */
    for (size_t i = 0; i < RELEASE_MAX; i++)
        how[i] = RELEASE_WRITTEN;
    fixture_as(f, &self);
    assert_int_equal(record_release_set(&f->op, f->rec, fixture_id(ann), how), OK);
    fixture_as(f, &f->system);
    for (int i = 0; i < 230; i++)
        result(f, ann);
    fixture_as(f, &self);
    assert_int_equal(record_release_get(&f->op, f->rec, fixture_id(ann), &r), OK);
    assert_int_equal(r.waiting, 231);
}

static void *chooses(void *arg)
{
    struct racer *me = arg;
    struct actor self = *me->f->op.actor;
    enum release_how how[RELEASE_MAX] = {RELEASE_PHONE};
    struct op op;
    op_init(&op, arena_new(0), &self, time_now());
    pthread_barrier_wait(me->start);
    err e = record_release_set(&op, me->f->rec, fixture_id(str_z(op.arena, self.reference)), how);
    me->created = e == OK;
    me->failed = e != OK && e != ERR_CONFLICT && e != ERR_PRECONDITION;
    arena_free(op.arena);
    return NULL;
}

/* Review of rights (B, 6): two first choices at once made two forms, and one was used ever after.
 */
static void the_first_choices_at_once_make_one_form(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 5; i++) {
        const char *ann = fixture_patient(f, "Ann");
        struct actor self = ann_of(f, ann);
        fixture_as(f, &self);
        assert_true(fixture_race(f, FIXTURE_RACERS_MAX, chooses) > 0);
        fixture_as(f, &f->system);
        const char *query = fixture_text(f, "patient=%s&questionnaire=" RECORD_RELEASE_FORM, ann);
        assert_int_equal(fixture_count(f, "QuestionnaireResponse", query), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {BOTH_BACKENDS(r241_wishes_that_cannot_be_read),
                                       BOTH_BACKENDS(more_than_two_hundred_wait),
                                       BOTH_BACKENDS(the_first_choices_at_once_make_one_form)};
    return cmocka_run_group_tests_name("record.release", tests, NULL, NULL);
}
