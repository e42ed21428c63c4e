/* Orders that the store does not keep, against a plain sort of the same people: every page forwards
 * and back, by all kinds of keys and ties, while others write; and past ten thousand matches. */
#include "record/fixture_int.h"

#define PEOPLE 160
#define PAGE 7u

struct person {
    uint64_t rid;
    int64_t time;
    int born; /* 0: unknown */
    int family, gender;
};
static const char *const families[] = {"", "Abe", "Bo", "Cyd", "Dee"};
static const char *const genders[] = {"", "female", "male", "other"};

/* The order asked for, in the test's own words: keys by letter, upper case turned round. */
static const char *wanted;

static int key_order(char key, const struct person *a, const struct person *b, bool *missing)
{
    int x = 0, y = 0;
    *missing = false;
    switch (key | 0x20) {
    case 't':
        return (a->time > b->time) - (a->time < b->time);
    case 'i':
        return (a->rid > b->rid) - (a->rid < b->rid);
    case 'b':
        x = a->born, y = b->born;
        break;
    case 'f':
        x = a->family, y = b->family;
        break;
    default:
        x = a->gender, y = b->gender;
    }
    *missing = !x != !y;
    return *missing ? (x ? -1 : 1) : (x > y) - (x < y);
}

static int by_wanted(const void *x, const void *y)
{
    const struct person *a = x, *b = y;
    for (const char *k = wanted; *k; k++) {
        bool missing;
        int c = key_order(*k, a, b, &missing);
        if (c)
            return *k < 'a' && !missing ? -c : c;
    }
    return (a->rid > b->rid) - (a->rid < b->rid);
}

static const char *text_of(struct fixture *f, const struct person *p)
{
    const char *born = p->born ? fixture_text(f, ",\"birthDate\":\"%d\"", 1950 + p->born) : "";
    const char *family =
        p->family ? fixture_text(f, ",\"name\":[{\"family\":\"%s\"}]", families[p->family]) : "";
    const char *gender = p->gender ? fixture_text(f, ",\"gender\":\"%s\"", genders[p->gender]) : "";
    return fixture_text(f, "{\"resourceType\":\"Patient\",\"active\":true%s%s%s}", born, family,
                        gender);
}

static void invent(struct fixture *f, struct person *all)
{
    uint32_t roll = 12345;
    for (int i = 0; i < PEOPLE; i++) {
        struct person *p = &all[i];
        roll = roll * 1664525u + 1013904223u;
        p->born = (int)(roll >> 8) % 9;
        p->family = (int)(roll >> 16) % 5;
        p->gender = (int)(roll >> 24) % 4;
        f->op.now += i % 4 == 0;
        const char *at = fixture_make(f, text_of(f, p));
        struct store_doc doc;
        p->rid = fixture_rid(f, at);
        assert_int_equal(store_peek(&f->op, f->store, p->rid, &doc), OK);
        p->time = doc.time;
    }
}

static void ask(struct fixture *f, const char *sort, str at, struct record_page *page)
{
    const char *q = fixture_text(f, "active=true&_sort=%s&_count=%u%s%.*s", sort, PAGE,
                                 at.n ? "&_page=" : "", STR_ARG(at));
    op_clear(&f->op);
    assert_int_equal(record_find(&f->op, f->rec, f->rec->t_patient, str_of(q), page), OK);
}

static void same(const struct record_page *page, const struct person *want, size_t left)
{
    assert_int_equal(page->n, left < PAGE ? left : PAGE);
    for (size_t i = 0; i < page->n; i++)
        assert_int_equal(page->docs[i].rid, want[i].rid);
}

/* Somebody is born, somebody changes, between two pages. */
static void disturb(struct fixture *f, const struct person *all, size_t i)
{
    struct record_result r;
    struct person other = {.born = 1 + (int)i % 8, .family = 1 + (int)i % 4, .gender = 1};
    struct record_doc doc;
    (void)fixture_make(f, text_of(f, &other));
    str id = doc_id(&f->op, f->rec, all[(i * 13) % PEOPLE].rid, STR_NONE);
    assert_int_equal(record_read(&f->op, f->rec, f->rec->t_patient, id, &doc), OK);
    assert_int_equal(record_update(&f->op, f->rec, f->rec->t_patient, id,
                                   fixture_tree(f, fixture_text(f,
                                                                "{\"resourceType\":\"Patient\","
                                                                "\"id\":\"%.*s\","
                                                                "\"birthDate\":\"1940\"}",
                                                                STR_ARG(id))),
                                   STR_NONE, &r),
                     OK);
}

static void check(struct fixture *f, struct person *all, const char *sort, const char *keys)
{
    struct record_page page;
    str at = STR_NONE;
    size_t i = 0;
    wanted = keys;
    qsort(all, PEOPLE, sizeof *all, by_wanted);
    for (; i < PEOPLE; i += PAGE) {
        ask(f, sort, at, &page);
        same(&page, all + i, PEOPLE - i);
        assert_int_equal(page.prev.n > 0, i > 0);
        assert_int_equal(page.next.n > 0, i + PAGE < PEOPLE);
        at = arena_str(f->keep, i + PAGE < PEOPLE ? page.next : page.prev);
    }
    for (i -= 2 * (size_t)PAGE;; i -= PAGE) {
        ask(f, sort, at, &page);
        same(&page, all + i, PEOPLE - i);
        assert_int_equal(page.prev.n > 0, i > 0);
        assert_true(page.next.n > 0);
        if (i == 0)
            break;
        at = arena_str(f->keep, page.prev);
    }
    ask(f, sort, page.next, &page);
    same(&page, all + PAGE, PEOPLE);
}

static const struct {
    const char *sort, *keys;
} orders[] = {{"birthdate,family", "bf"},     {"-birthdate,gender", "Bg"},
              {"birthdate,-family", "bF"},    {"-birthdate,-_id", "BI"},
              {"family,-birthdate", "fB"},    {"-family", "F"},
              {"gender,family,-_id", "gfI"},  {"_lastUpdated,-family", "tF"},
              {"-_lastUpdated,gender", "Tg"}, {"-_lastUpdated,birthdate,-_id", "TbI"}};

static void as_a_plain_sort(void **state)
{
    struct fixture *f = *state;
    struct person *all = arena_calloc(f->keep, PEOPLE, sizeof *all);
    invent(f, all);
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        check(f, all, orders[i].sort, orders[i].keys);
}

static void pages_hold_while_others_write(void **state)
{
    struct fixture *f = *state;
    static const char *const sorts[] = {"birthdate,family", "-birthdate,-_id", "family,gender",
                                        "-_lastUpdated,family"};
    struct person *all = arena_calloc(f->keep, PEOPLE, sizeof *all);
    static const char *const keys[] = {"bf", "BI", "fg", "Tf"};
    struct record_page pages[4];
    invent(f, all);
    for (size_t s = 0; s < 4; s++) {
        ask(f, sorts[s], STR_NONE, &pages[s]);
        pages[s].next = arena_str(f->keep, pages[s].next);
    }
    for (size_t i = 0; i < 12; i++)
        disturb(f, all, i);
    for (size_t s = 0; s < 4; s++) {
        struct record_page page = pages[s];
        wanted = keys[s];
        qsort(all, PEOPLE, sizeof *all, by_wanted);
        for (size_t i = PAGE; i < PEOPLE; i += PAGE) {
            ask(f, sorts[s], arena_str(f->keep, page.next), &page);
            same(&page, all + i, PEOPLE - i);
        }
        ask(f, sorts[s], arena_str(f->keep, page.prev), &page);
        same(&page, all + (PEOPLE / PAGE - 1) * (size_t)PAGE, PEOPLE);
    }
}

#define MANY 10300

static uint64_t total(struct fixture *f, const char *query)
{
    struct record_page page;
    assert_int_equal(
        record_find(&f->op, f->rec, fhir_type_parse(STR("Basic")), str_of(query), &page), OK);
    assert_true(page.has_total);
    return page.total;
}

/* What a string or a text asks is answered by looking at every one, however many there are. */
static void past_ten_thousand(void **state)
{
    struct fixture *f = *state;
    struct record_page page;
    str next = STR_NONE;
    uint64_t last = 0;
    for (int i = 0; i < MANY; i++)
        (void)fixture_make(f, fixture_text(f,
                                           "{\"resourceType\":\"Basic\",\"code\":{\"text\":\"n%05d "
                                           "here\"}}",
                                           MANY - i));
    assert_int_equal(total(f, "code:text=here&_summary=count"), MANY);
    for (int i = 0; i < 3; i++) {
        const char *q = fixture_text(f,
                                     "code:text=here&_sort=-created,_id&_count=1000&_total="
                                     "accurate%s%.*s",
                                     next.n ? "&_page=" : "", STR_ARG(next));
        assert_int_equal(
            record_find(&f->op, f->rec, fhir_type_parse(STR("Basic")), str_of(q), &page), OK);
        assert_int_equal(page.total, MANY);
        assert_int_equal(page.n, 1000);
        for (size_t k = 0; k < page.n; k++) {
            assert_true(page.docs[k].rid > last);
            last = page.docs[k].rid;
        }
        next = arena_str(f->keep, page.next);
    }
    assert_int_equal(total(f, "_sort=code&_count=1"), MANY);
    assert_int_equal(total(f, "_sort=created,code&_count=1&_total=accurate"), MANY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(as_a_plain_sort), BOTH_BACKENDS(pages_hold_while_others_write),
        cmocka_unit_test_setup_teardown(past_ten_thousand, fixture_setup_memory, fixture_teardown)};
    return cmocka_run_group_tests_name("record.sort", tests, NULL, NULL);
}
