/* Scopes narrow what a search shows to exactly what a read shows: for many sets of scopes, over a
 * record of several patients, types and categories, hits, counts, includes and chains hold nothing
 * that the same token is refused when it reads, and leave out nothing that it may read. */
#include "record/fixture_int.h"

#include "policy/scope.h"

#define PATIENTS 3
#define EACH 6

struct world {
    const char *patients[PATIENTS], *all[PATIENTS * EACH];
    size_t n;
};

static const char *const categories[] = {"vital-signs", "laboratory", "social-history"};

static const char *reading(struct fixture *f, const char *patient, const char *category, int v)
{
    return fixture_make(
        f,
        fixture_text(f,
                     "{\"resourceType\":\"Observation\",\"status\":\"%s\",\"code\":{\"coding\":[{"
                     "\"system\":\"http://loinc.org\",\"code\":\"8867-4\"}]},\"category\":[{"
                     "\"coding\":[{\"system\":\"urn:c\",\"code\":\"%s\"}]}],\"subject\":{"
                     "\"reference\":\"%s\"},\"valueQuantity\":{\"value\":%d}}",
                     v % 2 ? "final" : "amended", category, patient, v));
}

static void make(struct fixture *f, struct world *w)
{
    for (size_t p = 0; p < PATIENTS; p++) {
        w->patients[p] = fixture_patient(f, "Scoped");
        for (size_t i = 0; i < EACH; i++)
            w->all[w->n++] = reading(f, w->patients[p], categories[i % 3], (int)i);
    }
}

/* Does a restriction of the list name the i-th reading? The test's own word on it. */
static size_t may_read(struct fixture *f, const struct world *w, bool *seen)
{
    struct record_doc d;
    size_t n = 0;
    for (size_t i = 0; i < w->n; i++) {
        op_clear(&f->op);
        seen[i] = fixture_read(f, w->all[i], &d) == OK;
        n += seen[i];
    }
    op_clear(&f->op);
    return n;
}

static void same_as_reading(struct fixture *f, const struct world *w, const char *text,
                            const char *query, int want)
{
    struct scopes all = {.patient = fixture_rid(f, w->patients[1])};
    struct actor who = f->nurse;
    bool seen[PATIENTS * EACH];
    struct record_page page;
    assert_true(scopes_parse(str_of(text), &all));
    who.scopes = &all;
    fixture_as(f, &who);
    size_t n = may_read(f, w, seen);
    assert_int_equal(n, want);
    err e = record_find(&f->op, f->rec, fhir_type_parse(STR("Observation")), str_of(query), &page);
    assert_int_equal(e, OK);
    assert_int_equal(page.n_match, n);
    assert_int_equal(page.total, n);
    for (size_t i = 0; i < page.n_match; i++) {
        bool known = false;
        for (size_t k = 0; k < w->n; k++)
            known |= seen[k] && str_eq(fixture_id(w->all[k]), page.docs[i].id);
        assert_true(known);
    }
    for (size_t i = page.n_match; i < page.n; i++) { /* what comes with them */
        struct record_doc d;
        assert_int_equal(record_read(&f->op, f->rec, page.docs[i].type, page.docs[i].id, &d), OK);
    }
    fixture_as(f, &f->system);
}

static void a_search_shows_what_a_read_shows(void **state)
{
    struct fixture *f = *state;
    struct world w = {0};
    static const struct {
        const char *scopes;
        int want;
    } rows[] = {
        {"user/Observation.rs", 18},
        {"user/*.cruds", 18},
        {"patient/Observation.rs", 6},
        {"patient/*.rs", 6},
        {"user/Observation.rs?category=laboratory", 6},
        {"user/Observation.rs?category=urn:c|laboratory", 6},
        {"user/Observation.rs?category=urn:other|laboratory", 0},
        {"user/Observation.rs?category=laboratory,vital-signs", 12},
        {"user/Observation.rs?category=laboratory user/Observation.rs?category=vital-signs", 12},
        {"user/Observation.rs?category=laboratory user/Observation.rs?status=final", 12},
        {"user/Observation.rs?status=final", 9},
        {"patient/Observation.rs?category=laboratory", 2},
        {"patient/Observation.rs?category=laboratory user/Observation.rs?category=vital-signs", 8},
        {"patient/Observation.rs user/Observation.rs?category=vital-signs", 10},
        {"patient/Observation.rs?status=final user/Observation.rs?category=laboratory", 8},
        {"patient/*.rs user/Observation.rs?status=final user/Observation.rs?category=laboratory",
         14},
        {"patient/Observation.rs?category=laboratory patient/Observation.rs", 6},
        {"patient/Observation.rs?category=laboratory user/Observation.rs", 18},
        {"patient/Observation.rs user/Observation.rs user/Patient.rs", 18},
        {"patient/Observation.rs patient/Patient.rs", 6},
        {"user/Observation.rs?nothing=x", 0}, /* a parameter that is none names nothing */
        {"user/Observation.rs?date=2020", 0}, /* no token */
    };
    static const char *const queries[] = {
        "_count=50&_total=accurate", "_count=50&_total=accurate&_sort=-date",
        "_count=50&_total=accurate&_include=Observation:subject",
        "_count=50&_total=accurate&code=8867-4&_revinclude=Observation:derived-from"};
    make(f, &w);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t q = 0; q < sizeof queries / sizeof *queries; q++)
            same_as_reading(f, &w, rows[i].scopes, queries[q], rows[i].want);
}

/* What is asked cannot reach past the scopes: by chains, conditions, or another's patient. */
static void nothing_is_inferred(void **state)
{
    struct fixture *f = *state;
    struct world w = {0};
    make(f, &w);
    struct scopes all = {.patient = fixture_rid(f, w.patients[1])};
    struct actor who = f->nurse;
    assert_true(scopes_parse(STR("patient/Observation.rs?category=laboratory"), &all));
    who.scopes = &all;
    fixture_as(f, &who);
    assert_int_equal(fixture_count(f, "Observation", "category=vital-signs"), 0);
    assert_int_equal(
        fixture_count(f, "Observation",
                      fixture_text(f, "subject=%s&category=laboratory", w.patients[0])),
        0);
    assert_int_equal(fixture_count(f, "Observation", "subject:Patient.family=Scoped"), -1);
    assert_int_equal(f->op.fault.code, ERR_FORBIDDEN);
    assert_int_equal(fixture_count(f, "Patient", "_has:Observation:subject:code=8867-4"), -1);
    struct record_result r;
    const char *text = fixture_text(
        f,
        "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"
        "\"subject\":{\"reference\":\"%s\"}}",
        w.patients[1]);
    op_clear(&f->op);
    assert_int_equal(fixture_try(f, text, &r), ERR_FORBIDDEN);
    fixture_as(f, &f->system);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(a_search_shows_what_a_read_shows),
        BOTH_BACKENDS(nothing_is_inferred),
    };
    return cmocka_run_group_tests_name("record.scopes", tests, NULL, NULL);
}
