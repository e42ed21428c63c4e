/* Ranges of bytes, as RFC 9110 14.1.2 writes them, over a file of 10,000. */
#include "api/range.h"

#include "base/test.h"

static void one(const char *header, enum range is, uint64_t from, uint64_t n)
{
    uint64_t a = 0, b = 0;
    assert_int_equal(range_read(str_of(header), 10000, &a, &b), is);
    if (is == RANGE_PART) {
        assert_int_equal(a, from);
        assert_int_equal(b, n);
    }
}

static void those_of_the_standard(void **state)
{
    (void)state;
    one("bytes=0-499", RANGE_PART, 0, 500);
    one("bytes=500-999", RANGE_PART, 500, 500);
    one("bytes=-500", RANGE_PART, 9500, 500);
    one("bytes=9500-", RANGE_PART, 9500, 500);
    one(" Bytes= 0-0", RANGE_PART, 0, 1);
}

static void past_the_end(void **state)
{
    (void)state;
    one("bytes=9999-20000", RANGE_PART, 9999, 1);
    one("bytes=0-18446744073709551615", RANGE_PART, 0, 10000);
    one("bytes=-20000", RANGE_PART, 0, 10000);
    one("bytes=10000-", RANGE_NOT, 0, 0);
    one("bytes=10000-10001", RANGE_NOT, 0, 0);
    one("bytes=-0", RANGE_NOT, 0, 0);
    uint64_t a, b;
    assert_int_equal(range_read(STR("bytes=-1"), 0, &a, &b), RANGE_NOT);
}

static void as_if_it_were_not_said(void **state)
{
    (void)state;
    static const char *const all[] = {
        "",         "bytes",        "bytes=",      "bytes=-",     "bytes=5-4",
        "bytes=a-", "bytes=0-1,3-", "items=0-499", "bytes=1-2-3", "bytes=18446744073709551616-",
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        one(all[i], RANGE_WHOLE, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_of_the_standard),
        cmocka_unit_test(past_the_end),
        cmocka_unit_test(as_if_it_were_not_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
