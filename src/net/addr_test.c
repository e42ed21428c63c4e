/* Which addresses count as public, at the edges of every block. */
#include "net/addr.h"

#include "base/test.h"

#include <arpa/inet.h>

static bool public(const char *text)
{
    uint8_t a[16];
    if (inet_pton(AF_INET, text, a) == 1)
        return addr_public(a, 4);
    assert_int_equal(inet_pton(AF_INET6, text, a), 1);
    return addr_public(a, 16);
}

static void test_public(void **state)
{
    static const char *const yes[] = {
        "1.1.1.1",    "9.255.255.255",   "11.0.0.0",       "100.63.255.255", "100.128.0.0",
        "128.0.0.1",  "169.253.255.255", "172.15.255.255", "172.32.0.0",     "192.167.255.255",
        "198.20.0.0", "223.255.255.255", "2606:4700::1",   "2a00::1",        "::ffff:8.8.8.8"};
    static const char *const no[] = {"0.0.0.0",
                                     "10.0.0.1",
                                     "100.64.0.1",
                                     "127.0.0.1",
                                     "169.254.169.254",
                                     "172.16.0.1",
                                     "172.31.255.255",
                                     "192.168.0.1",
                                     "192.0.2.5",
                                     "198.18.0.1",
                                     "198.51.100.1",
                                     "203.0.113.9",
                                     "224.0.0.1",
                                     "240.0.0.1",
                                     "255.255.255.255",
                                     "::",
                                     "::1",
                                     "fe80::1",
                                     "fd00::1",
                                     "ff02::1",
                                     "2001:db8::1",
                                     "2001::1",
                                     "2002:7f00:1::",
                                     "::ffff:10.0.0.1",
                                     "64:ff9b::7f00:1"};
    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        assert_true(public(yes[i]));
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(public(no[i]));
}

static void test_allowed(void **state)
{
    uint8_t a[16] = {10, 1, 2, 3};
    (void)state;
    assert_true(addr_allowed(STR("192.168.0.0/16, 10.1.0.0/16"), a, 4));
    assert_true(addr_allowed(STR("10.1.2.3"), a, 4));
    assert_false(addr_allowed(STR("10.1.2.4"), a, 4));
    assert_false(addr_allowed(STR("10.2.0.0/16"), a, 4));
    assert_false(addr_allowed(STR("nonsense, 10.1.2.3/40, /8,"), a, 4));
    assert_false(addr_allowed(STR("::/0"), a, 4));
    assert_int_equal(inet_pton(AF_INET6, "fd00:1::9", a), 1);
    assert_true(addr_allowed(STR("fd00:1::/32"), a, 16));
    assert_false(addr_allowed(STR("fd00:2::/32"), a, 16));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_public),
                                       cmocka_unit_test(test_allowed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
