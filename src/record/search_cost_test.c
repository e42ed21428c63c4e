/* Review R11: what may take long is known beforehand, and ends when its time is over. */
#include "record/fixture_int.h"

static const struct fhir_query *query_of(struct fixture *f, const char *type, const char *text)
{
    const struct fhir_query *q;
    assert_int_equal(
        fhir_query_read(&f->op, fhir_type_parse(str_of(type)), str_of(text), false, &q), OK);
    return q;
}

static void short_ones_are_plain_walks_over_the_index(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *type, *text;
        bool is_short;
    } rows[] = {
        {"Observation", "", true},
        {"Observation", "patient=Patient/a", true},
        {"Observation", "subject=Patient/a&code=http://loinc.org|29463-7&_sort=-date", true},
        {"Observation", "patient=Patient/a&date=2026", true},
        {"Observation", "_id=a", true},
        {"Observation", "code=29463-7", true},
        {"Patient", "family=Adams", true},
        {"Task", "patient=a&status=requested", true},
        {"Observation", "_sort=-date", true},
        {"Observation", "_sort=code", false},
        {"Observation", "patient=Patient/a&_sort=code", false},
        {"Observation", "_sort=date,code", false},
        {"Observation", "patient=Patient/a&_total=accurate", false},
        {"Observation", "patient=Patient/a&_summary=count", false},
        {"Observation", "patient=Patient/a&_count=0", false},
        {"Observation", "patient=Patient/a&_include=Observation:subject", false},
        {"Observation", "patient=Patient/a&code:not=29463-7", false},
        {"Observation", "patient=Patient/a&code:missing=true", false},
        {"Observation", "status=final&code=29463-7", false},
        {"Observation", "code=29463-7&_sort=-date", false},
        {"Observation", "patient.family=Adams", false},
        {"Observation", "subject=Group/a&status=final", false},
        {"Observation", "code-value-quantity=29463-7$70", false},
        {"Observation", "_lastUpdated=gt2026", false},
        {"Patient", "family:contains=dam", false},
        {"Patient", "family=averylongfamilyname", false},
        {"AuditEvent", "", false},
        {"AuditEvent", "patient=Patient/a", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct fhir_query *q = query_of(f, rows[i].type, rows[i].text);
        bool is_short = record_search_short(f->rec, q);
        if (is_short != rows[i].is_short)
            print_message("%s?%s\n", rows[i].type, rows[i].text);
        assert_int_equal(is_short, rows[i].is_short);
    }
}

static void late_searches_end(void **state)
{
    struct fixture *f = *state;
    const char *p = fixture_patient(f, "Averylongfamilynamelongerthanitskeys");
    fixture_weight(f, p, "70", "2026-01-02");
    static const char *const rows[][2] = {
        {"Observation", "_sort=code"},
        {"Patient", "family=averylongfamilynamelongerthanitskeys"},
        {"Patient", "family:contains=family"},
        {"Patient", "family:contains=family&_total=accurate"},
        {"Observation", "patient.family:contains=family"},
        {"AuditEvent", ""},
        {"AuditEvent", "action=C"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fixture_as(f, &f->system);
        f->op.deadline = time_now() + 600000;
        assert_true(fixture_count(f, rows[i][0], rows[i][1]) > 0);
        f->op.deadline = 1;
        assert_int_equal(fixture_count(f, rows[i][0], rows[i][1]), -1);
        assert_int_equal(f->op.fault.code, ERR_TIMEOUT);
    }
}

/* Names stand for the same lines whether one or many are asked for, known or not. */
static void references_of_the_trail_are_looked_up_first(void **state)
{
    struct fixture *f = *state;
    struct record_doc d;
    const char *a = fixture_patient(f, "A"), *b = fixture_patient(f, "B");
    const char *w = fixture_weight(f, a, "70", "2026-01-02");
    fixture_as(f, &f->nurse);
    assert_int_equal(fixture_read(f, a, &d), OK);
    assert_int_equal(fixture_read(f, w, &d), OK);
    assert_int_equal(fixture_read(f, b, &d), OK);
    (void)fixture_lines(f);
    fixture_as(f, &f->privacy);
    const struct {
        const char *query;
        int want;
    } rows[] = {{fixture_text(f, "action=R&patient=%s", a), 2},
                {fixture_text(f, "action=R&patient=%s,%s", a, b), 3},
                {fixture_text(f, "action=R&entity=%s,Patient/nobody", a), 2},
                {"action=R&entity=Patient/nobody,Patient/nothere", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(fixture_count(f, "AuditEvent", rows[i].query), rows[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(short_ones_are_plain_walks_over_the_index),
        BOTH_BACKENDS(late_searches_end),
        BOTH_BACKENDS(references_of_the_trail_are_looked_up_first),
    };
    return cmocka_run_group_tests_name("record.search_cost", tests, NULL, NULL);
}
