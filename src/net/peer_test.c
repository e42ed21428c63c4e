/* Whose request it is behind proxies: only what a trusted one says counts. */
#include "base/test.h"
#include "net/net_int.h"

static void the_nearest_stranger_is_the_peer(void **state)
{
    static const struct {
        const char *trusted, *socket, *forwarded, *want;
    } rows[] = {
        {"", "127.0.0.1", "203.0.113.5", "127.0.0.1"},
        {"127.0.0.1", "127.0.0.1", "203.0.113.5", "203.0.113.5"},
        {"127.0.0.1", "127.0.0.1", "", "127.0.0.1"},
        /* What the client itself wrote stands on the left and counts for nothing. */
        {"127.0.0.1", "127.0.0.1", "198.51.100.1, 203.0.113.5", "203.0.113.5"},
        {"127.0.0.1,10.0.0.0/8", "127.0.0.1", "198.51.100.1,203.0.113.5, 10.2.3.4", "203.0.113.5"},
        {"10.0.0.0/8", "11.0.0.1", "203.0.113.5", "11.0.0.1"},
        {"10.0.0.0/9", "10.127.0.1", "203.0.113.5", "203.0.113.5"},
        {"10.0.0.0/9", "10.128.0.1", "203.0.113.5", "10.128.0.1"},
        {"127.0.0.0/8,::1", "::1", "2001:db8::7", "2001:db8::7"},
        {"10.0.0.0/8", "::ffff:10.0.0.1", "203.0.113.5", "203.0.113.5"},
        {"127.0.0.1", "127.0.0.1", "203.0.113.5, unknown", "127.0.0.1"},
        {"127.0.0.1,10.0.0.0/8", "127.0.0.1", "203.0.113.5, nonsense, 10.0.0.1", "10.0.0.1"},
        {"127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1"},
        {"0.0.0.0/0", "127.0.0.1", "203.0.113.5", "203.0.113.5"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        str got =
            peer_behind(str_of(rows[i].trusted), str_of(rows[i].socket), str_of(rows[i].forwarded));
        if (!str_eq(got, str_of(rows[i].want)))
            print_error("row %zu: %.*s\n", i, STR_ARG(got));
        assert_true(str_eq(got, str_of(rows[i].want)));
    }
}

static void a_network_is_one_peer(void **state)
{
    static const char *const rows[][2] = {
        {"2001:db8:1:2:aaaa::7", "2001:db8:1:2::/64"}, {"2001:db8:1:2::1", "2001:db8:1:2::/64"},
        {"2001:db8:1:3::1", "2001:db8:1:3::/64"},      {"203.0.113.5", "203.0.113.5"},
        {"::ffff:203.0.113.5", "::ffff:203.0.113.5"},  {"", ""},
    };
    struct arena *a = arena_new(0);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(str_eq(peer_network(a, str_of(rows[i][0])), str_of(rows[i][1])));
    arena_free(a);
}

static void lists_are_checked(void **state)
{
    (void)state;
    assert_true(peer_list_valid(STR_NONE));
    assert_true(peer_list_valid(STR("")));
    assert_true(peer_list_valid(STR("127.0.0.1, 10.0.0.0/8,::1,fd00::/8")));
    assert_false(peer_list_valid(STR("localhost")));
    assert_false(peer_list_valid(STR("10.0.0.0/33")));
    assert_false(peer_list_valid(STR("10.0.0.0/")));
    assert_false(peer_list_valid(STR("::/129")));
    assert_false(peer_list_valid(STR("127.0.0.1,,::1")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_stranger_is_the_peer),
        cmocka_unit_test(a_network_is_one_peer),
        cmocka_unit_test(lists_are_checked),
    };
    return cmocka_run_group_tests_name("net.peer", tests, NULL, NULL);
}
