/* The trail: every door leaves its line, refusals too; AuditEvents are made from it, searched, and
 * hide from patients what is not theirs. */
#include "record/fixture_int.h"

static struct audit_line last(struct fixture *f)
{
    struct store_trail_entry *e;
    size_t n;
    struct audit_line line;
    (void)fixture_lines(f);
    assert_int_equal(store_trail_find(&f->op, f->store, NULL, UINT64_MAX, 1, &e, &n), OK);
    assert_int_equal(n, 1);
    assert_true(audit_decode(e[0].entry, &line));
    return line;
}

#define ADDS(lines_, what)                                                                         \
    do {                                                                                           \
        uint64_t before_ = fixture_lines(f);                                                       \
        what;                                                                                      \
        assert_int_equal(fixture_lines(f), before_ + (lines_));                                    \
    } while (0)

static void every_door_leaves_a_line(void **state)
{
    struct fixture *f = *state;
    struct record_doc d, *h;
    struct record_page page;
    struct record_result r;
    struct audit_line l;
    size_t n;
    fhir_type patient = fhir_type_parse(STR("Patient"));
    const char *p = NULL;
    fixture_as(f, &f->nurse);
    ADDS(1, p = fixture_patient(f, "Okafor"));
    uint64_t rid = fixture_rid(f, p);
    l = last(f);
    assert_int_equal(l.action, ACTION_CREATE);
    assert_int_equal(l.role, ROLE_NURSE);
    assert_int_equal(l.purpose, PURPOSE_TREAT);
    assert_true(str_eq(l.user, STR("nurse.ada")));
    assert_int_equal(l.rid, rid);
    assert_int_equal(l.n_patients, 1);
    ADDS(1, assert_int_equal(fixture_read(f, p, &d), OK));
    assert_int_equal(last(f).action, ACTION_READ);
    ADDS(1,
         assert_int_equal(record_vread(&f->op, f->rec, patient, fixture_id(p), STR("1"), &d), OK));
    ADDS(1, assert_int_equal(record_get(&f->op, f->rec, rid, &d), OK));
    ADDS(1, assert_int_equal(record_history(&f->op, f->rec, patient, fixture_id(p), 0, 5, &h, &n),
                             OK));
    assert_int_equal(last(f).action, ACTION_HISTORY);
    ADDS(1,
         assert_int_equal(record_find(&f->op, f->rec, patient, STR("family=okafor"), &page), OK));
    l = last(f);
    assert_int_equal(l.action, ACTION_SEARCH);
    assert_int_equal(l.patients[0], rid);         /* who was on the page */
    assert_true(str_eq(l.detail, STR("family"))); /* names, not values */
    struct json *tree = fixture_tree(f, "{\"resourceType\":\"Patient\",\"active\":true}");
    ADDS(1, assert_int_equal(
                record_update(&f->op, f->rec, patient, fixture_id(p), tree, STR_NONE, &r), OK));
    assert_int_equal(last(f).vid, 2);
    /* Refusals. */
    ADDS(1, assert_int_equal(record_delete(&f->op, f->rec, patient, fixture_id(p), STR_NONE, &r),
                             ERR_FORBIDDEN));
    l = last(f);
    assert_int_equal(l.action, ACTION_DELETE);
    assert_int_equal(l.outcome, ERR_FORBIDDEN);
    assert_int_equal(l.rid, rid);
    assert_true(l.rule.n > 0);
    fixture_as(f, NULL);
    ADDS(1, assert_int_equal(fixture_read(f, p, &d), ERR_FORBIDDEN));
    op_clear(&f->op);
    ADDS(1, assert_int_equal(record_find(&f->op, f->rec, patient, STR("active=true"), &page),
                             ERR_FORBIDDEN));
    /* Our own followers: their writes are told, not their reads. */
    fixture_as(f, &f->system);
    ADDS(0, assert_int_equal(fixture_read(f, p, &d), OK));
    ADDS(1,
         assert_int_equal(record_delete(&f->op, f->rec, patient, fixture_id(p), STR_NONE, &r), OK));
    ADDS(1,
         assert_int_equal(record_audit_event(&f->op, f->rec, STR("sign-in"), true, STR_NONE), OK));
    assert_true(str_eq(last(f).code, STR("sign-in")));
}

static void a_failed_write_leaves_none(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    uint64_t before = fixture_lines(f);
    assert_int_equal(
        fixture_try(f,
                    "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":"
                    "\"x\"},\"subject\":{\"reference\":\"Patient/none\"}}",
                    &r),
        ERR_UNPROCESSABLE);
    assert_int_equal(fixture_lines(f), before);
}

static void the_ticket_is_durable(void **state)
{
    struct fixture *f = *state;
    struct record_doc d;
    const char *p = fixture_patient(f, "Okafor");
    fixture_as(f, &f->nurse);
    assert_int_equal(fixture_read(f, p, &d), OK);
    assert_true(f->op.audit.last > 0);
    assert_int_equal(record_audit_wait(&f->op, f->rec), OK);
}

static int audit_count(struct fixture *f, const char *query)
{
    return fixture_count(f, "AuditEvent", query);
}

static void audit_events_are_served(void **state)
{
    struct fixture *f = *state;
    struct record_doc d;
    struct record_page page;
    struct json *tree;
    const char *x = fixture_patient(f, "X"), *y = fixture_patient(f, "Y");
    f->nurse.reference = STR("Practitioner/ada");
    fixture_as(f, &f->nurse);
    assert_int_equal(fixture_read(f, x, &d), OK);
    assert_int_equal(fixture_read(f, x, &d), OK);
    assert_int_equal(fixture_read(f, y, &d), OK);
    (void)fixture_count(f, "Patient", "family=x");
    (void)fixture_lines(f);
    fixture_as(f, &f->privacy);
    assert_int_equal(audit_count(f, fixture_text(f, "patient=%s&action=R", x)), 2);
    assert_int_equal(
        audit_count(f, fixture_text(f, "patient=%s&subtype=search-type&altid=nurse.ada", x)), 1);
    assert_int_equal(audit_count(f, fixture_text(f, "patient=%s&action=C", y)), 1);
    assert_int_equal(audit_count(f, fixture_text(f, "entity=%s&action=R", y)), 1);
    assert_int_equal(audit_count(f, "agent=Practitioner/ada&action=R"), 3);
    assert_int_equal(audit_count(f, "agent=Practitioner/bo"), 0);
    assert_int_equal(audit_count(f, "agent=Practitioner/ada&date=lt2020"), 0);
    assert_int_equal(audit_count(f, "agent=Practitioner/ada&action=R&date=gt2020"), 3);
    assert_int_equal(audit_count(f, "site=x"), -1);
    op_clear(&f->op);
    assert_int_equal(record_find(&f->op, f->rec, fhir_type_parse(STR("AuditEvent")),
                                 STR("agent=Practitioner/ada&_count=1"), &page),
                     OK);
    assert_int_equal(page.n, 1);
    assert_true(page.next.n > 0);
    int pages = 1;
    for (str next = page.next; next.n; next = page.next, pages++) {
        next = arena_str(f->keep, next);
        assert_int_equal(
            record_find(&f->op, f->rec, fhir_type_parse(STR("AuditEvent")),
                        str_of(fixture_text(f, "agent=Practitioner/ada&_count=1&_page=%.*s",
                                            STR_ARG(next))),
                        &page),
            OK);
        /* Each is a valid resource and can be read by its id. */
        if (page.n) {
            struct record_doc one = page.docs[0];
            str whole = arena_cat(f->arena, one.head, one.body);
            if (fhir_read(&f->op, whole, 0, &tree) != OK)
                print_error("%.*s\n%.*s\n", STR_ARG(f->op.fault.issues[0].message), STR_ARG(whole));
            assert_int_equal(f->op.fault.code, OK);
            assert_int_equal(
                fixture_read(f, fixture_text(f, "AuditEvent/%.*s", STR_ARG(one.id)), &d), OK);
            assert_true(str_eq(d.body, one.body));
        }
    }
    assert_int_equal(pages, 4);
}

static void patients_see_who_looked(void **state)
{
    struct fixture *f = *state;
    struct record_doc d;
    struct record_page page;
    const char *x = fixture_patient(f, "X"), *y = fixture_patient(f, "Y");
    fixture_as(f, &f->nurse);
    assert_int_equal(fixture_read(f, x, &d), OK);
    assert_int_equal(fixture_read(f, y, &d), OK);
    assert_int_equal(fixture_count(f, "Patient", "_lastUpdated=gt2020"), 2); /* both on one page */
    (void)fixture_lines(f);
    f->patient.patient = f->patient.user_rid = fixture_rid(f, x);
    f->patient.reference = str_of(x);
    fixture_as(f, &f->patient);
    assert_int_equal(
        record_find(&f->op, f->rec, fhir_type_parse(STR("AuditEvent")), STR("_count=50"), &page),
        OK);
    assert_int_equal(page.n, 3); /* created, read, searched */
    for (size_t i = 0; i < page.n; i++) {
        assert_int_equal(str_find(page.docs[i].body, str_of(y), 0), SIZE_MAX);
        assert_true(str_find(page.docs[i].body, str_of(x), 0) != SIZE_MAX);
    }
    assert_int_equal(audit_count(f, fixture_text(f, "patient=%s", y)), 0);
    /* A line about somebody else does not exist. */
    fixture_as(f, &f->system);
    assert_int_equal(record_find(&f->op, f->rec, fhir_type_parse(STR("AuditEvent")),
                                 str_of(fixture_text(f, "patient=%s&action=R", y)), &page),
                     OK);
    assert_int_equal(page.n, 1);
    const char *line = fixture_text(f, "AuditEvent/%.*s", STR_ARG(page.docs[0].id));
    fixture_as(f, &f->patient);
    assert_int_equal(fixture_read(f, line, &d), ERR_NOT_FOUND);
}

/* Ids of a page of AuditEvents. */
static const char *page_of(struct fixture *f, const char *query, str at, struct record_page *ret)
{
    const char *text = "";
    if (at.n)
        query = fixture_text(f, "%s&_page=%.*s", query, STR_ARG(at));
    op_clear(&f->op);
    assert_int_equal(
        record_find(&f->op, f->rec, fhir_type_parse(STR("AuditEvent")), str_of(query), ret), OK);
    for (size_t i = 0; i < ret->n; i++)
        text = fixture_text(f, "%s %.*s", text, STR_ARG(ret->docs[i].id));
    return text;
}

/* The trail grows meanwhile; the pages stay what they were. */
static void pages_go_both_ways(void **state)
{
    struct fixture *f = *state;
    static const char *const queries[] = {"_count=3&action=C", "_count=2",
                                          "_count=3&agent=x&action=C"};
    const char *pages[20];
    for (int i = 0; i < 8; i++)
        fixture_patient(f, "X");
    for (size_t q = 0; q < 3; q++) {
        struct record_page page;
        str at = STR_NONE;
        size_t n = 0;
        (void)fixture_lines(f);
        do {
            pages[n] = page_of(f, queries[q], at, &page);
            assert_int_equal(page.prev.n > 0, n > 0);
            at = arena_str(f->keep, page.next);
            fixture_patient(f, "Late");
            (void)fixture_lines(f);
        } while (++n < 20 && at.n);
        assert_true(n > 2 || q == 2);
        while (--n > 0) {
            at = arena_str(f->keep, page.prev);
            assert_string_equal(page_of(f, queries[q], at, &page), pages[n - 1]);
            assert_true(page.next.n > 0);
        }
        assert_int_equal(page.prev.n, 0);
    }
}

static void the_chain_verifies(void **state)
{
    struct fixture *f = *state;
    struct record_audit_check c;
    fixture_patient(f, "X");
    assert_int_equal(record_audit_verify(&f->op, f->rec, &c), OK);
    assert_int_equal(c.bad_seq, 0);
    assert_int_equal(c.entries, fixture_lines(f));
    assert_int_equal(strlen(c.head), 64);
    fixture_as(f, &f->nurse);
    assert_int_equal(record_audit_verify(&f->op, f->rec, &c), ERR_FORBIDDEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(every_door_leaves_a_line), BOTH_BACKENDS(a_failed_write_leaves_none),
        BOTH_BACKENDS(the_ticket_is_durable),    BOTH_BACKENDS(audit_events_are_served),
        BOTH_BACKENDS(patients_see_who_looked),  BOTH_BACKENDS(the_chain_verifies),
        BOTH_BACKENDS(pages_go_both_ways),
    };
    return cmocka_run_group_tests_name("record.audit", tests, NULL, NULL);
}
