/* The table of people: found again by number, words kept once, counts of a week, within its bytes.
 */
#include "campaign/people_int.h"

#include "base/test.h"

#define DAY 86400000LL

struct fixture {
    struct arena *arena;
    struct op op;
    struct people *p;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->arena = arena_new(0);
    op_init(&f->op, f->arena, NULL, 1000 * DAY);
    assert_int_equal(people_new(&f->op, NULL, &f->p), OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    people_free(f->p);
    arena_free(f->arena);
    free(f);
    return 0;
}

static void a_row_is_found_by_its_number(void **state)
{
    struct fixture *f = *state;
    size_t row = 0, n = 0, seen = 0;
    for (uint64_t i = 0; i < 20000; i++) {
        struct person p = {.rid = 1 + (i * 7919) % 20011, .household = i};
        assert_int_equal(people_put(&f->op, f->p, &p), OK);
    }
    people_read(f->p);
    assert_int_equal(people_count(f->p), 20000);
    for (uint64_t i = 0; i < 20000; i++) {
        assert_true(people_find(f->p, 1 + (i * 7919) % 20011, &row));
        assert_int_equal(row, i);
        assert_int_equal(people_row(f->p, row)->household, i);
    }
    assert_false(people_find(f->p, 20012, &row));
    for (size_t at = 0; people_chunk(f->p, at, &n); at += n)
        seen += n;
    assert_int_equal(seen, 20000);
    people_done(f->p);
}

static void putting_again_replaces(void **state)
{
    struct fixture *f = *state;
    size_t row;
    assert_int_equal(people_put(&f->op, f->p, &(struct person){.rid = 5, .flags = 1}), OK);
    assert_int_equal(people_put(&f->op, f->p, &(struct person){.rid = 5, .flags = 2}), OK);
    assert_int_equal(people_count(f->p), 1);
    assert_true(people_find(f->p, 5, &row));
    assert_int_equal(people_row(f->p, row)->flags, 2);
}

static void words_are_kept_once(void **state)
{
    struct fixture *f = *state;
    uint16_t es = people_word_add(f->p, PEOPLE_LANGUAGE, STR("es"));
    assert_int_not_equal(es, 0);
    assert_int_equal(people_word_add(f->p, PEOPLE_LANGUAGE, STR("es")), es);
    assert_int_equal(people_word_find(f->p, PEOPLE_AREA, STR("es")), 0);
    assert_true(str_eq(people_word(f->p, PEOPLE_LANGUAGE, es), STR("es")));
    assert_true(str_empty(people_word(f->p, PEOPLE_LANGUAGE, 0)));
    assert_true(str_empty(people_word(f->p, PEOPLE_LANGUAGE, 99)));
    assert_int_equal(people_word_add(f->p, PEOPLE_LANGUAGE, STR_NONE), 0);
}

static void a_week_is_seven_days(void **state)
{
    (void)state;
    struct person p = {.contacted = (uint32_t)(1000 * 1440 + 60)};
    for (unsigned d = 0; d < 8; d++)
        p.days[d] = 1;
    assert_int_equal(person_week(&p, 1000 * DAY + DAY / 2), 7);
    assert_int_equal(person_week(&p, 1003 * DAY), 4);
    assert_int_equal(person_week(&p, 1007 * DAY), 0);
    assert_int_equal(person_week(&(struct person){0}, 1000 * DAY), 0);
    p.birth = (int32_t)(1000 - 366 * 65);
    assert_int_equal(person_age(&p, 1000 * DAY), 65);
    p.birth = PERSON_BORN_UNKNOWN;
    assert_int_equal(person_age(&p, 1000 * DAY), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_row_is_found_by_its_number, setup, teardown),
        cmocka_unit_test_setup_teardown(putting_again_replaces, setup, teardown),
        cmocka_unit_test_setup_teardown(words_are_kept_once, setup, teardown),
        cmocka_unit_test(a_week_is_seven_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
