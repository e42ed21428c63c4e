/* What the oracle cannot tell: paging while others write, orders, includes, chains, counts, what
 * policy leaves out. */
#include "record/fixture_int.h"

static err find(struct fixture *f, const char *type, const char *query, struct record_page *ret)
{
    op_clear(&f->op);
    return record_find(&f->op, f->rec, fhir_type_parse(str_of(type)), str_of(query), ret);
}

static void append(char *to, size_t size, str s)
{
    size_t n = strlen(to);
    snprintf(to + n, size - n, "%.*s", STR_ARG(s));
}

static void pages_do_not_shift(void **state, const char *sort)
{
    struct fixture *f = *state;
    struct record_page page;
    char seen[400] = "", want[400] = "";
    for (int i = 0; i < 17; i++)
        fixture_make(f,
                     fixture_text(f,
                                  "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"P%02d\"}],"
                                  "\"birthDate\":\"2000-01-%02d\"}",
                                  i, i + 1));
    str next = STR_NONE;
    int pages = 0;
    do {
        const char *q = fixture_text(f, "birthdate=ge2000&_sort=%s&_count=5%s%.*s", sort,
                                     next.n ? "&_page=" : "", STR_ARG(next));
        assert_int_equal(find(f, "Patient", q, &page), OK);
        for (size_t i = 0; i < page.n; i++) {
            size_t at = str_find(page.docs[i].body, STR("\"P"), 0);
            append(seen, sizeof seen, str_sub(page.docs[i].body, at + 1, at + 4));
        }
        next = arena_str(f->keep, page.next);
        /* Somebody writes before, within and after what was seen. */
        fixture_make(f,
                     "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"P00\"}],\"birthDate\":"
                     "\"2000-01-01\"}");
        fixture_make(f,
                     "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"P99\"}],\"birthDate\":"
                     "\"2001-01-01\"}");
        pages++;
    } while (next.n && pages < 10);
    for (int i = 0; i < 17; i++) {
        char name[8];
        snprintf(name, sizeof name, "P%02d", sort[0] == '-' ? 16 - i : i);
        append(want, sizeof want, str_of(name));
    }
    assert_string_equal(seen, want);
}

static void by_key(void **state)
{
    pages_do_not_shift(state, "birthdate");
}

static void by_key_down(void **state)
{
    pages_do_not_shift(state, "-birthdate");
}

static void by_text(void **state)
{
    pages_do_not_shift(state, "family");
}

static void by_text_down(void **state)
{
    pages_do_not_shift(state, "-family,birthdate");
}

static void positions_are_checked(void **state)
{
    struct fixture *f = *state;
    struct record_page page;
    fixture_patient(f, "A");
    assert_int_equal(find(f, "Patient", "_page=nonsense", &page), ERR_INVALID);
    assert_int_equal(find(f, "Patient", "_sort=family&_page=nonsense", &page), ERR_INVALID);
    assert_int_equal(find(f, "Patient", "_sort=family&_page=9.9.nonsense", &page), ERR_INVALID);
}

static void includes_both_ways(void **state)
{
    struct fixture *f = *state;
    struct record_page page;
    const char *x = fixture_patient(f, "X"), *y = fixture_patient(f, "Y");
    fixture_weight(f, x, "70", "2026-01-01");
    fixture_weight(f, x, "71", "2026-01-02");
    fixture_weight(f, y, "90", "2026-01-02");
    assert_int_equal(find(f, "Observation", "date=2026-01-02&_include=Observation:subject", &page),
                     OK);
    assert_int_equal(page.n_match, 2);
    assert_int_equal(page.n, 4);
    assert_int_equal(find(f, "Observation", "_include=Observation:patient", &page), OK);
    assert_int_equal(page.n, 5); /* nobody twice */
    assert_int_equal(find(f, "Patient", "family=X&_revinclude=Observation:subject", &page), OK);
    assert_int_equal(page.n_match, 1);
    assert_int_equal(page.n, 3);
}

static void chains_follow(void **state)
{
    struct fixture *f = *state;
    const char *x = fixture_patient(f, "Xanthe"), *y = fixture_patient(f, "Yara");
    fixture_weight(f, x, "70", "2026-01-01");
    fixture_weight(f, y, "90", "2026-01-02");
    assert_int_equal(fixture_count(f, "Observation", "subject:Patient.family=xan"), 1);
    assert_int_equal(fixture_count(f, "Observation", "patient.family=yara"), 1);
    assert_int_equal(fixture_count(f, "Observation", "patient.family=zoe"), 0);
}

static void ids_and_times(void **state)
{
    struct fixture *f = *state;
    const char *x = fixture_patient(f, "X"), *y = fixture_patient(f, "Y");
    assert_int_equal(fixture_count(f, "Patient",
                                   fixture_text(f, "_id=%.*s,%.*s,zzz", STR_ARG(fixture_id(x)),
                                                STR_ARG(fixture_id(y)))),
                     2);
    assert_int_equal(fixture_count(f, "Patient", "_id=zzz"), 0);
    assert_int_equal(fixture_count(f, "Patient", "_lastUpdated=gt2026-01-01"), 2);
    assert_int_equal(fixture_count(f, "Patient", "_lastUpdated=lt2026-01-01"), 0);
    fixture_make(f, "{\"resourceType\":\"Patient\",\"meta\":{\"profile\":[\"http://x.example/"
                    "p\"],\"tag\":[{\"system\":"
                    "\"urn:t\",\"code\":\"a\"}]}}");
    assert_int_equal(fixture_count(f, "Patient", "_tag=urn:t|a"), 1);
    assert_int_equal(fixture_count(f, "Patient", "_profile=http://x.example/p"), 1);
}

static void counts_are_told(void **state)
{
    struct fixture *f = *state;
    struct record_page page;
    for (int i = 0; i < 7; i++)
        fixture_patient(f, "Okafor");
    assert_int_equal(find(f, "Patient", "family=ok&_count=3&_total=accurate", &page), OK);
    assert_true(page.has_total);
    assert_int_equal(page.total, 7);
    assert_int_equal(page.n, 3);
    assert_int_equal(find(f, "Patient", "family=ok&_count=3", &page), OK);
    assert_false(page.has_total);
    assert_int_equal(find(f, "Patient", "family=ok&_summary=count", &page), OK);
    assert_int_equal(page.total, 7);
    assert_int_equal(page.n, 0);
    assert_int_equal(find(f, "Patient", "family:contains=kafo&_count=2&_total=accurate", &page),
                     OK);
    assert_int_equal(page.total, 7);
    assert_int_equal(page.n, 2);
    assert_true(page.next.n > 0);
}

/* Only where the subject is somebody: a performer's compartment is not an answer to "subject". */
static void strays_are_not_subjects(void **state)
{
    struct fixture *f = *state;
    const char *x = fixture_patient(f, "X");
    fixture_weight(f, x, "70", "2026-01-01");
    fixture_make(
        f, fixture_text(
               f,
               "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"
               "\"performer\":[{\"reference\":\"%s\"}]}",
               x));
    assert_int_equal(fixture_count(f, "Observation", fixture_text(f, "subject=%s", x)), 1);
    assert_int_equal(fixture_count(f, "Observation", fixture_text(f, "performer=%s", x)), 1);
    assert_int_equal(
        fixture_count(f, "Observation", fixture_text(f, "patient=%.*s", STR_ARG(fixture_id(x)))),
        1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(by_key),
        BOTH_BACKENDS(by_key_down),
        BOTH_BACKENDS(by_text),
        BOTH_BACKENDS(by_text_down),
        BOTH_BACKENDS(positions_are_checked),
        BOTH_BACKENDS(includes_both_ways),
        BOTH_BACKENDS(chains_follow),
        BOTH_BACKENDS(ids_and_times),
        BOTH_BACKENDS(counts_are_told),
        BOTH_BACKENDS(strays_are_not_subjects),
    };
    return cmocka_run_group_tests_name("record.search", tests, NULL, NULL);
}
