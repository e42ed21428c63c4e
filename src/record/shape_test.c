/* The shape of answers: pages forwards and back, several types, compartments, includes that go
 * round or are too many, what an actor may not see, and what _explain tells to whom. */
#include "record/fixture_int.h"

#define TYPES_MAX 4
#define PAGES_MAX 40

struct asked {
    fhir_type types[TYPES_MAX];
    size_t n;
    fhir_type compartment;
    str id;
};

static err ask(struct fixture *f, const struct asked *a, const char *query, str page,
               struct record_page *ret)
{
    const struct fhir_query *const *qs;
    struct fhir_query own[TYPES_MAX];
    const struct fhir_query *at[TYPES_MAX];
    str text = str_of(page.n ? fixture_text(f, "%s&_page=%.*s", query, STR_ARG(page)) : query);
    op_clear(&f->op);
    TRY(fhir_query_read_types(&f->op, NULL, &(struct fhir_types){a->types, a->n}, text, false,
                              &qs));
    for (size_t i = 0; i < a->n; i++) {
        own[i] = *qs[i];
        own[i].compartment = a->compartment;
        own[i].compartment_id = a->id;
        at[i] = &own[i];
    }
    return record_search_types(&f->op, f->rec, at, a->n, ret);
}

static struct asked types(const char *one, const char *two)
{
    struct asked a = {.types = {fhir_type_parse(str_of(one)), fhir_type_parse(str_of(two))}};
    a.n = a.types[1] ? 2 : 1;
    return a;
}

/* Numbers of the documents on a page, as text. */
static const char *shown(struct fixture *f, const struct record_page *p)
{
    const char *text = "";
    for (size_t i = 0; i < p->n_match; i++)
        text = fixture_text(f, "%s %llu", text, (unsigned long long)p->docs[i].rid);
    return text;
}

static void somebody_writes(struct fixture *f)
{
    fixture_make(f, "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"N\"}],\"birthDate\":"
                    "\"2000-01-05\"}");
    const char *x = fixture_patient(f, "Late");
    fixture_weight(f, x, "50", "2000-01-05");
}

/* All pages forwards, then all the way back: the same pages, and nothing twice or lost. */
static void there_and_back(struct fixture *f, const struct asked *a, const char *query, size_t want)
{
    const char *pages[PAGES_MAX];
    struct record_page page = {0};
    str at = STR_NONE;
    size_t n = 0, seen = 0;
    do {
        assert_int_equal(ask(f, a, query, at, &page), OK);
        assert_true(n < PAGES_MAX);
        assert_int_equal(page.prev.n > 0, n > 0);
        pages[n++] = shown(f, &page);
        seen += page.n_match;
        at = arena_str(f->keep, page.next);
        if (n <= 2)
            somebody_writes(f);
    } while (at.n);
    assert_int_equal(seen, want);
    for (size_t i = n - 1; i > 0; i--) {
        at = arena_str(f->keep, page.prev);
        assert_true(at.n > 0);
        assert_int_equal(ask(f, a, query, at, &page), OK);
        assert_string_equal(shown(f, &page), pages[i - 1]);
        assert_true(page.next.n > 0);
    }
    assert_int_equal(page.prev.n, 0);
    at = arena_str(f->keep, page.next);
    if (n > 1) { /* and forwards again from there */
        assert_int_equal(ask(f, a, query, at, &page), OK);
        assert_string_equal(shown(f, &page), pages[1]);
    }
}

static void pages_go_both_ways(void **state)
{
    struct fixture *f = *state;
    static const char *const sorts[] = {"_count=4",
                                        "_count=4&_sort=-_id",
                                        "_count=4&_sort=_lastUpdated",
                                        "_count=4&_sort=-_lastUpdated",
                                        "_count=4&_sort=birthdate",
                                        "_count=4&_sort=-birthdate",
                                        "_count=4&_sort=family",
                                        "_count=4&_sort=-family,birthdate",
                                        "_count=4&_sort=birthdate&family=P",
                                        "_count=100"};
    struct asked a = types("Patient", "");
    for (int i = 0; i < 13; i++)
        fixture_make(f, fixture_text(f,
                                     "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"P%d\"}]"
                                     "%s%d%s}",
                                     i % 5, i % 3 ? ",\"birthDate\":\"2000-01-0" : ",\"id\":\"x",
                                     i % 3 ? i % 4 + 1 : i, "\""));
    for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++)
        there_and_back(
            f, &a, sorts[i],
            (size_t)fixture_count(f, "Patient", "_count=1000&family=P") +
                (strstr(sorts[i], "family=P")
                     ? 0
                     : (size_t)fixture_count(f, "Patient", "_count=1000&family=N,Late")));
}

static void several_types(void **state)
{
    struct fixture *f = *state;
    struct asked a = types("Patient", "Observation");
    struct record_page page;
    const char *x = fixture_patient(f, "X");
    for (int i = 0; i < 6; i++)
        fixture_weight(f, x, "70", fixture_text(f, "2026-01-0%d", i + 1));
    assert_int_equal(ask(f, &a, "_total=accurate&_count=2", STR_NONE, &page), OK);
    assert_int_equal(page.total, 7);
    there_and_back(f, &a, "_count=2", 7);
    assert_int_equal(ask(f, &a, "_total=accurate&_count=2", STR_NONE, &page), OK);
    there_and_back(f, &a, "_count=3&_sort=-_lastUpdated", (size_t)page.total);
    assert_int_equal(ask(f, &a, "_summary=count", STR_NONE, &page), OK);
    assert_int_equal(page.n, 0);
    assert_true(page.has_total && page.total > 7);
    assert_int_equal(ask(f, &a, "family=X", STR_NONE, &page), ERR_INVALID);
    a = types("Patient", "AuditEvent");
    assert_int_equal(ask(f, &a, "_count=1", STR_NONE, &page), ERR_INVALID);
}

static void compartments(void **state)
{
    struct fixture *f = *state;
    struct record_page page;
    const char *x = fixture_patient(f, "X"), *y = fixture_patient(f, "Y");
    fixture_weight(f, x, "70", "2026-01-01");
    fixture_weight(f, x, "71", "2026-02-01");
    fixture_weight(f, y, "90", "2026-01-01");
    struct asked a = types("Patient", "Observation");
    a.compartment = a.types[0];
    a.id = fixture_id(x);
    assert_int_equal(ask(f, &a, "_sort=_id", STR_NONE, &page), OK);
    assert_int_equal(page.n, 3); /* the patient, too */
    a.types[0] = a.types[1];
    a.n = 1;
    assert_int_equal(ask(f, &a, "date=ge2026-02", STR_NONE, &page), OK);
    assert_int_equal(page.n, 1);
    str next = STR_NONE;
    assert_int_equal(ask(f, &a, "_count=1", STR_NONE, &page), OK);
    next = arena_str(f->keep, page.next);
    a.id = fixture_id(y); /* a position is for one compartment */
    assert_int_equal(ask(f, &a, "_count=1", next, &page), ERR_INVALID);
    a.id = STR("none");
    assert_int_equal(ask(f, &a, "_count=1", STR_NONE, &page), ERR_NOT_FOUND);
    f->patient.patient = fixture_rid(f, x);
    fixture_as(f, &f->patient);
    a.id = fixture_id(y); /* another's is not there */
    assert_int_equal(ask(f, &a, "_count=1", STR_NONE, &page), ERR_NOT_FOUND);
    a.id = fixture_id(x);
    assert_int_equal(ask(f, &a, "_total=accurate", STR_NONE, &page), OK);
    assert_int_equal(page.total, 2);
}

#define ORG(id, of)                                                                                \
    "{\"resourceType\":\"Organization\",\"id\":\"" id "\",\"name\":\"o\",\"partOf\":{"             \
    "\"reference\":\"Organization/" of "\"}}"

static void put(struct fixture *f, const char *id, const char *text)
{
    struct record_result r;
    struct json *tree = fixture_tree(f, text);
    assert_int_equal(
        record_update(&f->op, f->rec, fhir_type_of(tree), str_of(id), tree, STR_NONE, &r), OK);
}

/* a → b → c → a: each once, however often it is come by. */
static void includes_go_round(void **state)
{
    struct fixture *f = *state;
    struct asked a = types("Organization", "");
    struct record_page page;
    put(f, "a", "{\"resourceType\":\"Organization\",\"id\":\"a\",\"name\":\"o\"}");
    put(f, "c", ORG("c", "a"));
    put(f, "b", ORG("b", "c"));
    put(f, "a", ORG("a", "b"));
    assert_int_equal(ask(f, &a, "_id=a&_include=Organization:partof", STR_NONE, &page), OK);
    assert_int_equal(page.n, 2);
    assert_int_equal(ask(f, &a, "_id=a&_include:iterate=Organization:partof", STR_NONE, &page), OK);
    assert_int_equal(page.n, 3);
    assert_false(page.cut);
    assert_int_equal(ask(f, &a, "_id=a&_revinclude:iterate=Organization:*", STR_NONE, &page), OK);
    assert_int_equal(page.n, 3);
    assert_int_equal(ask(f, &a, "_id=a&_include:iterate=*&_revinclude=*", STR_NONE, &page), OK);
    assert_int_equal(page.n, 3);
}

static void what_is_included_is_bounded_and_told(void **state)
{
    struct fixture *f = *state;
    struct asked a = types("Patient", "");
    struct record_page page;
    const char *x = fixture_patient(f, "X");
    const char *flag = fixture_text(f,
                                    "{\"resourceType\":\"Flag\",\"status\":\"active\",\"code\":{"
                                    "\"text\":\"t\"},\"subject\":{\"reference\":\"%s\"}}",
                                    x);
    struct record_tx *tx = record_begin(&f->op, f->rec);
    for (unsigned i = 0; i <= RECORD_INCLUDES_MAX; i++) {
        str id;
        assert_int_equal(record_tx_create(tx, fixture_tree(f, flag), &id), OK);
    }
    assert_int_equal(record_commit(tx), OK);
    assert_int_equal(ask(f, &a, "_revinclude=Flag:subject", STR_NONE, &page), OK);
    assert_int_equal(page.n, 1 + RECORD_INCLUDES_MAX);
    assert_true(page.cut);
    struct record_result r;
    str any = arena_str(f->keep, page.docs[1].id);
    assert_int_equal(record_delete(&f->op, f->rec, page.docs[1].type, any, STR_NONE, &r), OK);
    assert_int_equal(ask(f, &a, "_revinclude=Flag:subject", STR_NONE, &page), OK);
    assert_int_equal(page.n, 1 + RECORD_INCLUDES_MAX);
    assert_false(page.cut);
}

/* A patient's own data, and another's: neither results, counts nor includes know of the other. */
static void what_may_not_be_seen_is_not_there(void **state)
{
    struct fixture *f = *state;
    struct asked a = types("Observation", "Patient");
    struct record_page page;
    const char *x = fixture_patient(f, "X"), *y = fixture_patient(f, "Y");
    fixture_weight(f, x, "70", "2026-01-01");
    fixture_weight(f, y, "90", "2026-01-01");
    f->patient.patient = fixture_rid(f, x);
    fixture_as(f, &f->patient);
    assert_int_equal(ask(f, &a, "_total=accurate&_sort=-_lastUpdated", STR_NONE, &page), OK);
    assert_int_equal(page.total, 2);
    assert_int_equal(page.n, 2);
    assert_int_equal(ask(f, &a, "_include=*", STR_NONE, &page), OK);
    assert_int_equal(page.n, 2);
    assert_int_equal(record_ask_system(&f->op, f->rec, ACTION_SEARCH), ERR_FORBIDDEN);
}

static void explain_is_for_some(void **state)
{
    struct fixture *f = *state;
    struct asked a = types("Patient", "");
    struct record_page page;
    fixture_patient(f, "Secretname");
    assert_int_equal(ask(f, &a, "_explain=1&family=Secretname", STR_NONE, &page), OK);
    assert_true(page.n_explain > 1);
    assert_true(str_find(page.explain[0], STR("family"), 0) != SIZE_MAX);
    for (size_t i = 0; i < page.n_explain; i++)
        assert_true(str_find(page.explain[i], STR("ecret"), 0) == SIZE_MAX);
    fixture_as(f, &f->nurse);
    assert_int_equal(ask(f, &a, "_explain=1&family=Secretname", STR_NONE, &page), ERR_FORBIDDEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(pages_go_both_ways),
        BOTH_BACKENDS(several_types),
        BOTH_BACKENDS(compartments),
        BOTH_BACKENDS(includes_go_round),
        BOTH_BACKENDS(what_is_included_is_bounded_and_told),
        BOTH_BACKENDS(what_may_not_be_seen_is_not_there),
        BOTH_BACKENDS(explain_is_for_some),
    };
    return cmocka_run_group_tests_name("record.shape", tests, NULL, NULL);
}
