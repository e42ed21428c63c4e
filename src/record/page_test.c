/* Paging positions: good for whom and what they were given, for an hour, and never a way to what
 * may not be seen. */
#include "record/fixture_int.h"

static err find(struct fixture *f, const char *type, const char *query, str page,
                struct record_page *ret)
{
    op_clear(&f->op);
    const char *q = page.n ? fixture_text(f, "%s&_page=%.*s", query, STR_ARG(page))
                           : fixture_text(f, "%s", query);
    return record_find(&f->op, f->rec, fhir_type_parse(str_of(type)), str_of(q), ret);
}

static str first_page(struct fixture *f, const char *type, const char *query)
{
    struct record_page page;
    assert_int_equal(find(f, type, query, STR_NONE, &page), OK);
    assert_true(page.next.n > 0);
    return arena_str(f->keep, page.next);
}

/* What a position of a sorted search once was: offset, a hit to show, the store's position. */
static void a_made_up_position_shows_nothing(void **state)
{
    struct fixture *f = *state;
    struct record_page page;
    const char *mine = fixture_patient(f, "Mine"), *other = fixture_patient(f, "Other");
    fixture_weight(f, mine, "70", "2026-01-01");
    f->patient.patient = fixture_rid(f, mine);
    f->patient.user_rid = f->patient.patient;
    f->patient.reference = str_of(mine);
    uint64_t rid = fixture_rid(f, other), t = record_now_t(f->rec);
    fixture_as(f, &f->patient);
    str made_up[] = {
        arena_printf(f->keep, "0.%llu.0100000580808080802000", (unsigned long long)rid),
        arena_printf(f->keep, "0.%llu", (unsigned long long)t),
        arena_printf(f->keep, "%lld-0.%llu-0123456789abcdef", (long long)f->op.now,
                     (unsigned long long)t),
        STR("-0123456789abcdef"),
        STR("0100000580808080802000"),
        STR("-")};
    for (size_t i = 0; i < sizeof made_up / sizeof *made_up; i++) {
        assert_int_equal(find(f, "Observation", "_sort=code&_count=1", made_up[i], &page),
                         ERR_INVALID);
        assert_int_equal(find(f, "Observation", "_count=1", made_up[i], &page), ERR_INVALID);
        assert_int_equal(find(f, "AuditEvent", "_count=1", made_up[i], &page), ERR_INVALID);
    }
}

static void a_position_is_for_one_actor_and_one_search(void **state)
{
    struct fixture *f = *state;
    static const char *const queries[] = {"_sort=family&_count=1", "_count=1",
                                          "_sort=-birthdate&_count=1"};
    struct record_page page;
    fixture_patient(f, "A");
    fixture_patient(f, "B");
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        fixture_as(f, &f->nurse);
        str next = first_page(f, "Patient", queries[i]);
        assert_int_equal(find(f, "Patient", queries[i], next, &page), OK);
        assert_int_equal(page.n, 1);
        assert_int_equal(
            find(f, "Patient", fixture_text(f, "%s&active=true", queries[i]), next, &page),
            ERR_INVALID);
        assert_int_equal(find(f, "Person", "_count=1", next, &page), ERR_INVALID);
        for (size_t at = 0; at < next.n; at++) { /* no part of it can be changed */
            char *bent = arena_alloc(f->keep, next.n);
            memcpy(bent, next.p, next.n);
            bent[at] = bent[at] == '1' ? '2' : '1';
            assert_int_equal(find(f, "Patient", queries[i], str_make(bent, next.n), &page),
                             ERR_INVALID);
        }
        fixture_as(f, &f->agent);
        assert_int_equal(find(f, "Patient", queries[i], next, &page), ERR_INVALID);
    }
}

static void a_position_ends_after_an_hour(void **state)
{
    struct fixture *f = *state;
    struct record_page page;
    fixture_patient(f, "A");
    fixture_patient(f, "B");
    fixture_as(f, &f->nurse);
    str next = first_page(f, "Patient", "_sort=family&_count=1");
    f->op.now += (int64_t)59 * 60 * 1000;
    assert_int_equal(find(f, "Patient", "_sort=family&_count=1", next, &page), OK);
    f->op.now += (int64_t)2 * 60 * 1000;
    assert_int_equal(find(f, "Patient", "_sort=family&_count=1", next, &page), ERR_GONE);
}

#define LAB(id, meta, words)                                                                       \
    "{\"resourceType\":\"Communication\",\"id\":\"" id "\"," meta                                  \
    "\"status\":\"completed\",\"payload\":[{\"contentString\":\"" words "\"}]}"

static void put(struct fixture *f, const char *id, const char *text)
{
    struct record_result r;
    struct json *tree = fixture_tree(f, text);
    assert_int_equal(
        record_update(&f->op, f->rec, fhir_type_of(tree), str_of(id), tree, STR_NONE, &r), OK);
}

/* Labelled after the first page was shown: the words from before are not shown any more. */
static void a_label_holds_for_pages_begun_before(void **state)
{
    struct fixture *f = *state;
    static const char *const queries[] = {"status=completed&_count=1",
                                          "status=completed&_sort=status&_count=1"};
    struct record_page page;
    for (size_t i = 0; i < 2; i++) {
        fixture_as(f, &f->system);
        put(f, "c1", LAB("c1", "", "one"));
        put(f, "c2", LAB("c2", "", "two"));
        fixture_as(f, &f->agent);
        str next = first_page(f, "Communication", queries[i]);
        assert_int_equal(find(f, "Communication", queries[i], next, &page), OK);
        assert_int_equal(page.n, 1); /* as it stands: to be seen */
        fixture_as(f, &f->system);
        put(f, "c2",
            LAB("c2",
                "\"meta\":{\"security\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
                "v3-ActCode\",\"code\":\"SUD\"}]},",
                "two"));
        fixture_as(f, &f->agent);
        assert_int_equal(find(f, "Communication", queries[i], next, &page), OK);
        assert_int_equal(page.n, 0);
        fixture_as(f, &f->nurse); /* who may see labels sees it as before */
        assert_int_equal(fixture_count(f, "Communication", "status=completed"), 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(a_made_up_position_shows_nothing),
        BOTH_BACKENDS(a_position_is_for_one_actor_and_one_search),
        BOTH_BACKENDS(a_position_ends_after_an_hour),
        BOTH_BACKENDS(a_label_holds_for_pages_begun_before),
    };
    return cmocka_run_group_tests_name("record.page", tests, NULL, NULL);
}
