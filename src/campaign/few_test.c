/* No group of a few is told, nor left over when the others are taken off the whole: of every three
 * and four groups of sizes about the bound. */
#include "base/test.h"
#include "campaign/few.h"

static const uint64_t SIZES[] = {0, 1, 2, 14, 15, 28, 29, 30, 31, 60, 500};
#define N (sizeof SIZES / sizeof *SIZES)

static void assert_told(const uint64_t *people, size_t n)
{
    bool hidden[4], again[4];
    uint64_t left = 0, whole = 0;
    for (size_t i = 0; i < n; i++)
        hidden[i] = people[i] > 0 && people[i] < FEW;
    few_hide(people, n, hidden);
    for (size_t i = 0; i < n; i++) {
        assert_true(hidden[i] || people[i] == 0 || people[i] >= FEW);
        left += hidden[i] ? people[i] : 0;
        whole += people[i];
        again[i] = hidden[i];
    }
    assert_true(left == 0 || left >= FEW || left == whole);
    few_hide(people, n, again);
    assert_memory_equal(again, hidden, n * sizeof *hidden);
}

static void nothing_of_a_few_is_left_over(void **state)
{
    (void)state;
    for (size_t i = 0; i < N * N * N * N; i++) {
        const uint64_t people[] = {SIZES[i % N], SIZES[i / N % N], SIZES[i / N / N % N],
                                   SIZES[i / N / N / N]};
        assert_told(people, 3);
        assert_told(people, 4);
    }
}

/* A group of 31 beside one of 30 tells nobody of the one who is more. */
static void what_can_be_told_is(void **state)
{
    (void)state;
    const uint64_t people[] = {100, 5, 3, 40};
    bool hidden[] = {false, true, true, false};
    few_hide(people, 4, hidden);
    assert_false(hidden[0]);
    assert_true(hidden[3]); /* 5 and 3 were the whole without 100 and 40 */
    bool none[] = {false, false};
    few_hide((const uint64_t[]){31, 30}, 2, none);
    assert_false(none[0] || none[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_of_a_few_is_left_over),
        cmocka_unit_test(what_can_be_told_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
