/* Streams over real sockets, and how the server drains and stops with requests under way. */
#include "net/fixture_int.h"

/* R510: who opened a stream and left held a place until the next beat, so that a few who come and
 * go kept everybody out. Four times as many as there are places. */
static void who_left_a_stream_holds_no_place(void **state)
{
    struct fixture *f = *state;
    char out[4096];
    for (int i = 0; i < 400; i++) {
        int fd = dial(f);
        ask(fd, "GET", "/live", "", STR(""));
        ssize_t n = recv(fd, out, sizeof out - 1, 0);
        assert_true(n > 12);
        assert_memory_equal(out, "HTTP/1.1 200", 12);
        close(fd);
    }
    while (atomic_load(&f->closed) < 400) /* by the tick, long before a beat */
        usleep(1000);
}

static void streams_are_bounded(void **state)
{
    struct fixture *f = *state;
    static char event[1001], out[200000];
    memset(event, 'e', sizeof event);
    memcpy(event, "data: ", 6);
    memcpy(event + 998, "\n\n", 3);
    int fd = dial(f), small = 4096;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    ask(fd, "GET", "/live", "", STR(""));
    while (atomic_load(&f->server->n_streams) == 0 || !f->stream)
        usleep(1000);
    assert_true(net_stream_send(f->stream, STR("data: first\n\n")));
    size_t n = 0;
    while (!strstr(out, "first")) {
        ssize_t k = recv(fd, out + n, sizeof out - 1 - n, 0);
        assert_true(k > 0);
        n += (size_t)k;
    }
    unsigned sent = 0;
    while (net_stream_send(f->stream, str_make(event, 1000)))
        assert_true(++sent < 20000);
    while (n < sizeof out - 1) {
        ssize_t k = recv(fd, out, sizeof out - 1, 0);
        if (k <= 0)
            break;
        out[k] = 0;
        if (strstr(out, "event: dropped"))
            break;
    }
    assert_non_null(strstr(out, "event: dropped"));
    close(fd);
    while (atomic_load(&f->closed) == 0)
        usleep(1000);
    assert_int_equal(atomic_load(&f->server->n_streams), 0);
}

static void drains(void **state)
{
    struct fixture *f = *state;
    char out[4096];
    int busy = dial(f), live = dial(f);
    ask(busy, "POST", "/gate", "", STR("x"));
    ask(live, "GET", "/live", "", STR(""));
    while (atomic_load(&f->handled) < 2 || atomic_load(&f->server->n_streams) == 0)
        usleep(1000);
    assert_false(net_http_drain(f->server, 50)); /* the gate is shut */
    atomic_store(&f->gate, true);
    assert_true(net_http_drain(f->server, 20000));
    assert_int_equal(hear(busy, out, sizeof out), 200);
    assert_non_null(strstr(out, "Connection: close"));
    while (recv(live, out, sizeof out, 0) > 0) {
    }
    assert_true(net_http_stop(f->server, 10000));
    f->server = NULL;
    close(busy);
    close(live);
    assert_int_equal(atomic_load(&f->closed), 1);
    assert_int_equal(atomic_load(&f->done), 2);
}

/* A client half way in its head, one in its body, one that reads nothing, one whose answer is held:
 * the first three keep nobody, the last is told of, and then it is over. */
static void stops_in_bounded_time(void **state)
{
    struct fixture *f = *state;
    int half[4];
    for (size_t i = 0; i < 4; i++)
        half[i] = dial(f);
    assert_true(send(half[0], "GET /x HT", 9, 0) == 9);
    static const char body[] = "POST /x HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nx";
    assert_true(send(half[1], body, sizeof body - 1, 0) == (ssize_t)sizeof body - 1);
    for (int i = 0; i < 40; i++)
        ask(half[2], "GET", "/big", "", STR(""));
    ask(half[3], "GET", "/hold", "", STR(""));
    sem_wait(&f->holding);
    assert_false(net_http_drain(f->server, 50) || net_http_stop(f->server, 50));
    net_release(f->held, OK);
    assert_true(net_http_stop(f->server, 20000));
    f->server = NULL;
    for (size_t i = 0; i < 4; i++)
        close(half[i]);
}

/* What waits for a worker that is busy is refused, not run, when the time is over. */
static void stop_runs_nothing_new(void **state)
{
    struct fixture *f = *state;
    char out[4096];
    int busy = dial(f), waits = dial(f);
    ask(busy, "POST", "/gate", "", STR("x"));
    while (atomic_load(&f->handled) < 1)
        usleep(1000);
    ask(waits, "POST", "/x", "", STR("x"));
    while (net_workers_waiting(f->server->workers) == 0)
        usleep(1000);
    assert_false(net_http_drain(f->server, 50));
    assert_false(net_http_stop(f->server, 50));
    atomic_store(&f->gate, true);
    assert_int_equal(hear(busy, out, sizeof out), 200);
    assert_int_equal(hear(waits, out, sizeof out), 503);
    assert_true(net_http_stop(f->server, 20000));
    f->server = NULL;
    close(busy);
    close(waits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_left_a_stream_holds_no_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(streams_are_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(drains, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stops_in_bounded_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stop_runs_nothing_new, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
