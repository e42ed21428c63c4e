/* Histories of types and of everything: complete, in order, page by page while others write; what
 * _since and _at leave; what an actor may not see. */
#include "record/fixture_int.h"

#include "record/versions.h"

#define PAGES_MAX 50

static struct record_versions asked(struct fixture *f, const char *a, const char *b)
{
    fhir_type *types = ARENA_ARRAY(f->keep, fhir_type, 2);
    types[0] = fhir_type_parse(str_of(a));
    types[1] = fhir_type_parse(str_of(b));
    return (struct record_versions){
        .types = types, .n_types = types[1] ? 2 : 1, .since = INT64_MIN, .count = 3};
}

static void change(struct fixture *f, const char *reference, const char *text)
{
    struct record_result r;
    struct json *tree = fixture_tree(f, text);
    assert_int_equal(record_update(&f->op, f->rec, fhir_type_of(tree), fixture_id(reference), tree,
                                   STR_NONE, &r),
                     OK);
}

static void drop(struct fixture *f, const char *reference)
{
    struct record_result r;
    str s = str_of(reference);
    assert_int_equal(record_delete(&f->op, f->rec,
                                   fhir_type_parse(str_sub(s, 0, str_find_char(s, '/', 0))),
                                   fixture_id(reference), STR_NONE, &r),
                     OK);
}

/* "rid:vid rid:vid …" of all pages. */
static const char *all(struct fixture *f, struct record_versions q, bool writes)
{
    struct record_page page;
    const char *text = "";
    int64_t last = INT64_MAX;
    size_t pages = 0;
    do {
        op_clear(&f->op);
        assert_int_equal(record_versions(&f->op, f->rec, &q, &page), OK);
        assert_true(page.n <= q.count);
        for (size_t i = 0; i < page.n; i++) {
            assert_true(page.docs[i].updated <= last);
            last = page.docs[i].updated;
            text = fixture_text(f, "%s %llu:%u", text, (unsigned long long)page.docs[i].rid,
                                page.docs[i].vid);
        }
        q.page = arena_str(f->keep, page.next);
        if (writes)
            fixture_patient(f, "Late");
        assert_true(++pages < PAGES_MAX);
    } while (q.page.n);
    return text;
}

static void every_version_once_newest_first(void **state)
{
    struct fixture *f = *state;
    const char *want = "", *p[4];
    for (unsigned i = 0; i < 4; i++) {
        p[i] = fixture_patient(f, "X");
        want = fixture_text(f, " %llu:1%s", (unsigned long long)fixture_rid(f, p[i]), want);
    }
    for (unsigned i = 0; i < 4; i++) {
        change(f, p[i],
               fixture_text(f, "{\"resourceType\":\"Patient\",\"id\":\"%.*s\"}",
                            STR_ARG(fixture_id(p[i]))));
        want = fixture_text(f, " %llu:2%s", (unsigned long long)fixture_rid(f, p[i]), want);
    }
    uint64_t gone = fixture_rid(f, p[0]);
    drop(f, p[0]);
    want = fixture_text(f, " %llu:3%s", (unsigned long long)gone, want);
    assert_string_equal(all(f, asked(f, "Patient", ""), true), want);
    const char *o = fixture_weight(f, p[1], "70", "2026-01-01");
    const char *both = all(f, asked(f, "Patient", "Observation"), false);
    const char *newest = fixture_text(f, " %llu:1", (unsigned long long)fixture_rid(f, o));
    assert_int_equal(strncmp(both, newest, strlen(newest)), 0);
    struct record_versions one = asked(f, "Patient", "");
    one.id = fixture_id(p[0]);
    assert_string_equal(all(f, one, true),
                        fixture_text(f, " %llu:3 %llu:2 %llu:1", (unsigned long long)gone,
                                     (unsigned long long)gone, (unsigned long long)gone));
}

static void since_and_at(void **state)
{
    struct fixture *f = *state;
    struct record_doc d;
    const char *x = fixture_patient(f, "X");
    assert_int_equal(fixture_read(f, x, &d), OK);
    int64_t made = d.updated;
    usleep(5000);
    change(f, x,
           fixture_text(f, "{\"resourceType\":\"Patient\",\"id\":\"%.*s\",\"active\":true}",
                        STR_ARG(fixture_id(x))));
    assert_int_equal(fixture_read(f, x, &d), OK);
    int64_t changed = d.updated;
    assert_true(changed > made);
    unsigned long long rid = fixture_rid(f, x);
    struct record_versions q = asked(f, "Patient", "");
    for (int instance = 0; instance < 2; instance++) {
        q.since = changed;
        assert_string_equal(all(f, q, false), fixture_text(f, " %llu:2", rid));
        q.since = INT64_MIN;
        q.at_lo = made;
        q.at_hi = made + 1;
        assert_string_equal(all(f, q, false), fixture_text(f, " %llu:1", rid));
        q.at_hi = changed + 1;
        assert_string_equal(all(f, q, false), fixture_text(f, " %llu:2 %llu:1", rid, rid));
        q.at_lo = changed + 1;
        q.at_hi = changed + 2;
        assert_string_equal(all(f, q, false), fixture_text(f, " %llu:2", rid));
        q.at_lo = q.at_hi = 0;
        q.id = fixture_id(x);
    }
}

/* Neither another patient's versions nor that something labelled was deleted. */
static void what_may_not_be_seen_is_not_there(void **state)
{
    struct fixture *f = *state;
    const char *x = fixture_patient(f, "X"), *y = fixture_patient(f, "Y");
    const char *mine = fixture_weight(f, x, "70", "2026-01-01");
    fixture_weight(f, y, "90", "2026-01-01");
    const char *words = fixture_make(
        f, "{\"resourceType\":\"Communication\",\"status\":\"completed\",\"meta\":{\"security\":[{"
           "\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"SUD\"}]}}");
    drop(f, words);
    struct record_page page;
    f->patient.patient = fixture_rid(f, x);
    const char *own = fixture_text(f, " %llu:1", (unsigned long long)fixture_rid(f, mine));
    fixture_as(f, &f->patient);
    assert_string_equal(all(f, asked(f, "Observation", ""), false), own);
    fixture_as(f, &f->agent);
    assert_string_equal(all(f, asked(f, "Communication", ""), false), "");
    struct record_versions one = asked(f, "Communication", "");
    one.id = fixture_id(words);
    assert_int_equal(record_versions(&f->op, f->rec, &one, &page), ERR_NOT_FOUND);
    struct record_versions trail = asked(f, "AuditEvent", "");
    op_clear(&f->op);
    assert_int_equal(record_versions(&f->op, f->rec, &trail, &page), ERR_FORBIDDEN);
    fixture_as(f, &f->privacy);
    assert_int_equal(record_versions(&f->op, f->rec, &trail, &page), OK);
    assert_int_equal(page.n, 3);
    assert_true(page.next.n > 0);
}

static void positions_are_for_one_history(void **state)
{
    struct fixture *f = *state;
    struct record_versions q = asked(f, "Patient", "");
    struct record_page page;
    for (int i = 0; i < 5; i++)
        fixture_patient(f, "X");
    assert_int_equal(record_versions(&f->op, f->rec, &q, &page), OK);
    q.page = page.next;
    q.self = STR("_since=2020-01-01T00:00:00Z");
    assert_int_equal(record_versions(&f->op, f->rec, &q, &page), ERR_INVALID);
    q.self = STR_NONE;
    op_clear(&f->op);
    assert_int_equal(record_versions(&f->op, f->rec, &q, &page), OK);
    q.page = STR("9.9");
    assert_int_equal(record_versions(&f->op, f->rec, &q, &page), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(every_version_once_newest_first),
        BOTH_BACKENDS(since_and_at),
        BOTH_BACKENDS(what_may_not_be_seen_is_not_there),
        BOTH_BACKENDS(positions_are_for_one_history),
    };
    return cmocka_run_group_tests_name("record.versions", tests, NULL, NULL);
}
