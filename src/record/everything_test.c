/* $everything at the door of the record, over both back ends: what is merged and what waits in
 * memory is one record, pages go on where they ended, and policy is asked of each document. */
#include "record/fixture_int.h"
#include "record/operations.h"

static struct record_everything ask(const char *patient, uint32_t count)
{
    return (struct record_everything){.type = fhir_type_parse(STR("Patient")),
                                      .id = fixture_id(patient),
                                      .since = INT64_MIN,
                                      .start = INT64_MIN,
                                      .end = INT64_MAX,
                                      .count = count,
                                      .self = STR("test")};
}

static void pages_show_the_first_moment(void **state)
{
    struct fixture *f = *state;
    const char *p = fixture_patient(f, "Long"), *other = fixture_patient(f, "Else");
    struct record_result r;
    struct record_page page;
    size_t n = 0, pages = 0;
    for (int i = 0; i < 300; i++)
        fixture_weight(f, p, "70", "2026-01-01");
    const char *theirs = fixture_weight(f, other, "71", "2026-01-01");
    const char *last = fixture_weight(f, p, "72", "2026-01-01");
    struct record_everything q = ask(p, 50);
    uint64_t before = 0;
    do {
        fixture_as(f, &f->nurse);
        assert_int_equal(record_everything(&f->op, f->rec, &q, &page), OK);
        for (size_t i = 0; i < page.n; i++) {
            assert_true(page.docs[i].rid != fixture_rid(f, theirs));
            assert_true(!before || i == 0 || page.docs[i].rid > page.docs[i - 1].rid ||
                        page.docs[i].type != page.docs[i - 1].type);
        }
        before = page.docs[page.n - 1].rid;
        n += page.n;
        q.page = arena_str(f->keep, page.next);
        fixture_as(f, &f->system);
        fixture_weight(f, p, "73", "2026-02-02");
        if (pages++ == 0)
            assert_int_equal(record_delete(&f->op, f->rec, fhir_type_parse(STR("Observation")),
                                           fixture_id(last), STR_NONE, &r),
                             OK);
    } while (q.page.n);
    assert_int_equal(n, 302);
    assert_int_equal(pages, 7);
}

static void policy_is_asked(void **state)
{
    struct fixture *f = *state;
    const char *p = fixture_patient(f, "Mine"), *other = fixture_patient(f, "Else");
    struct record_page page;
    fixture_weight(f, p, "70", "2026-01-01");
    struct record_everything q = ask(p, 50);
    f->patient.patient = fixture_rid(f, p);
    f->patient.user_rid = f->patient.patient;
    fixture_as(f, &f->patient);
    assert_int_equal(record_everything(&f->op, f->rec, &q, &page), OK);
    assert_int_equal(page.n, 2);
    assert_true(f->op.audit.last != 0);
    fixture_as(f, &f->agent);
    assert_int_equal(record_everything(&f->op, f->rec, &q, &page), OK);
    assert_int_equal(page.n, 1);
    q = ask(other, 50);
    fixture_as(f, &f->patient);
    assert_int_equal(record_everything(&f->op, f->rec, &q, &page), ERR_NOT_FOUND);
    fixture_as(f, &f->nobody);
    assert_int_equal(record_everything(&f->op, f->rec, &q, &page), ERR_FORBIDDEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(pages_show_the_first_moment),
        BOTH_BACKENDS(policy_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
