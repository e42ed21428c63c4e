/* The server over real sockets: bodies, workers, held answers, ceilings. */
#include "net/fixture_int.h"

static void echoes_on_one_connection(void **state)
{
    struct fixture *f = *state;
    char out[4096];
    int fd = dial(f);
    for (int i = 0; i < 20; i++) {
        ask(fd, i % 2 ? "POST" : "GET", "/echo", "", i % 2 ? STR("hello") : STR(""));
        assert_int_equal(hear(fd, out, sizeof out), 200);
        assert_int_equal(strstr(out, "hello") != NULL, i % 2);
    }
    ask(fd, "POST", "/no", "", STR("a small body is read past"));
    assert_int_equal(hear(fd, out, sizeof out), 401);
    ask(fd, "GET", "/echo", "", STR(""));
    assert_int_equal(hear(fd, out, sizeof out), 200);
    close(fd);
    assert_int_equal(atomic_load(&f->handled), 21);
}

static void held_answers_wait(void **state)
{
    struct fixture *f = *state;
    char out[4096];
    int fd = dial(f);
    for (int i = 0; i < 2; i++) {
        ask(fd, i ? "POST" : "GET", "/hold", "", STR(""));
        sem_wait(&f->holding);
        assert_int_equal(recv(fd, out, sizeof out, MSG_DONTWAIT), -1);
        net_release(f->held, OK);
        assert_int_equal(hear(fd, out, sizeof out), 200);
    }
    for (int i = 0; i < 2; i++) { /* R177: a refused stream is given back */
        ask(fd, "GET", i ? "/hold/live" : "/hold", "", STR(""));
        sem_wait(&f->holding);
        net_release(f->held, ERR_UNAVAILABLE);
        assert_int_equal(hear(fd, out, sizeof out), 503);
        assert_non_null(strstr(out, "audit"));
        assert_int_equal(atomic_load(&f->closed), i);
    }
    close(fd);
}

/* libmicrohttpd closes the connection of a held answer; whoever lets it go touches it no more. */
static void a_held_answer_outlives_its_peer(void **state)
{
    struct fixture *f = *state;
    struct linger at_once = {.l_onoff = 1};
    char out[4096];
    for (unsigned i = 0; i < 2; i++) {
        struct net_http_stats stats = {.connections = 1};
        int fd = dial(f);
        ask(fd, "GET", "/echo", "", STR("")); /* from then on it is watched */
        assert_int_equal(hear(fd, out, sizeof out), 200);
        ask(fd, "GET", "/hold", "", STR(""));
        sem_wait(&f->holding);
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
        close(fd);
        for (; stats.connections; usleep(1000))
            net_http_stats(f->server, &stats);
        assert_int_equal(stats.active, 1);
        net_release(f->held, i ? ERR_UNAVAILABLE : OK);
        while (atomic_load(&f->done) < 2 * i + 2 || atomic_load(&f->rounds) < 2)
            usleep(1000);
    }
}

/* Review R16: a body whose end is said twice, or oddly, is refused and the connection ends. */
static void ambiguous_framing_is_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const heads[] = {
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 0\r\nContent-Length: 44\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"};
    static const char rest[] = "0\r\n\r\nGET /echo HTTP/1.1\r\nHost: t\r\n\r\n";
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        char text[512], out[8192];
        int fd = dial(f);
        size_t n = 0;
        ssize_t k;
        int len = snprintf(text, sizeof text, "POST /echo HTTP/1.1\r\nHost: t\r\n%s\r\n%s",
                           heads[i], rest);
        assert_int_equal(send(fd, text, (size_t)len, MSG_NOSIGNAL), len);
        while (n < sizeof out - 1 && (k = recv(fd, out + n, sizeof out - 1 - n, 0)) > 0)
            n += (size_t)k; /* to the end of the connection */
        out[n] = 0;
        assert_int_equal(strncmp(out, "HTTP/1.1 400 ", 13), 0);
        assert_null(strstr(out + 13, "HTTP/1.1")); /* one answer, to one request */
        close(fd);
    }
    assert_int_equal(atomic_load(&f->handled), 0);
}

/* Held answers of many connections, let go by several threads at once: none is forgotten. */
#define CROWD 24
#define EACH 100

static void *release_all(void *arg)
{
    struct fixture *f = arg;
    for (;;) {
        sem_wait(&f->holding);
        pthread_mutex_lock(&f->queue_lock);
        struct net_request *rq = f->queue[f->queue_head++ % 256];
        pthread_mutex_unlock(&f->queue_lock);
        if (!rq)
            return NULL;
        net_release(rq, OK);
    }
}

static void *client(void *arg)
{
    struct fixture *f = arg;
    char out[4096];
    int fd = dial(f);
    for (int i = 0; i < EACH; i++) {
        ask(fd, "GET", "/hold/queue", "", STR(""));
        if (i % 7 == 3) { /* goes away and comes again */
            close(fd);
            fd = dial(f);
        } else if (hear(fd, out, sizeof out) != 200) {
            break;
        }
        atomic_fetch_add(&f->heard, 1);
    }
    close(fd);
    return NULL;
}

static void many_held_answers(void **state)
{
    struct fixture *f = *state;
    pthread_t t[CROWD + 3]; /* three let go */
    for (int i = 0; i < CROWD + 3; i++)
        assert_int_equal(pthread_create(&t[i], NULL, i < CROWD ? client : release_all, f), 0);
    for (int i = 0; i < CROWD; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(atomic_load(&f->heard), CROWD * EACH);
    net_http_drain(f->server, 5000); /* of one that went away the last request may still come */
    assert_true(net_http_stop(f->server, 10000));
    f->server = NULL;
    for (int i = 0; i < 3; i++)
        queue_push(f, NULL);
    for (int i = CROWD; i < CROWD + 3; i++)
        pthread_join(t[i], NULL);
}

/* Review R11: what takes long waits among its own kind; writes and reads go on. */
static void slow_requests_keep_no_worker(void **state)
{
    struct fixture *f = *state;
    char out[4096];
    int slow[2] = {dial(f), dial(f)}, fd = dial(f);
    for (int i = 0; i < 2; i++) {
        ask(slow[i], "GET", "/slow/gate", "", STR(""));
        while (atomic_load(&f->handled) < 1)
            usleep(1000);
    }
    for (int i = 0; i < 10; i++) {
        ask(fd, i % 2 ? "POST" : "GET", "/echo", "", i % 2 ? STR("a write") : STR(""));
        assert_int_equal(hear(fd, out, sizeof out), 200);
    }
    assert_int_equal(recv(slow[0], out, sizeof out, MSG_DONTWAIT), -1);
    atomic_store(&f->gate, true);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(hear(slow[i], out, sizeof out), 200);
        close(slow[i]);
    }
    close(fd);
}

static void a_full_queue_refuses(void **state)
{
    struct fixture *f = *state;
    char out[4096];
    int fds[4];
    for (int i = 0; i < 4; i++) {
        fds[i] = dial(f);
        ask(fds[i], "POST", "/gate", "", STR("x"));
        while (i == 0 && atomic_load(&f->handled) == 0)
            usleep(1000);
        struct net_http_stats s = {0};
        while (i == 1 && s.waiting == 0) {
            net_http_stats(f->server, &s);
            usleep(1000);
        }
    }
    /* One works, one waits; the others are told to come again. */
    assert_int_equal(hear(fds[2], out, sizeof out), 503);
    assert_int_equal(hear(fds[3], out, sizeof out), 503);
    atomic_store(&f->gate, true);
    assert_int_equal(hear(fds[0], out, sizeof out), 200);
    assert_int_equal(hear(fds[1], out, sizeof out), 200);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
}

static void bodies_have_ceilings(void **state)
{
    struct fixture *f = *state;
    static char big[200001];
    char out[4096];
    memset(big, 'b', sizeof big);
    int fd = dial(f);
    ask(fd, "POST", "/echo", "", str_make(big, sizeof big));
    assert_int_equal(hear(fd, out, sizeof out), 413);
    close(fd);
    /* In chunks nobody knows the size before: refused when the ceiling is passed. */
    fd = dial(f);
    static const char chunked[] =
        "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
    say(fd, chunked, sizeof chunked - 1);
    for (int i = 0; i < 5; i++) {
        say(fd, "c350\r\n", 6);
        say(fd, big, 50000);
        say(fd, "\r\n", 2);
    }
    assert_int_equal(hear(fd, out, sizeof out), 413);
    close(fd);
    while (atomic_load(&f->server->inflight) > 0)
        usleep(1000);
    /* Two bodies that fit alone but not together. */
    int one = dial(f), two = dial(f);
    static const char half[] = "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 190000\r\n\r\n";
    say(one, half, sizeof half - 1);
    say(one, big, 180000);
    while (atomic_load(&f->server->inflight) < 180000)
        usleep(1000);
    say(two, half, sizeof half - 1);
    say(two, big, 180000);
    assert_int_equal(hear(two, out, sizeof out), 503);
    close(two);
    say(one, big, 10000);
    static char answer[300000];
    assert_int_equal(hear(one, answer, sizeof answer), 200);
    close(one);
    while (atomic_load(&f->server->inflight) > 0)
        usleep(1000);
}

static void answers_are_compressed_when_asked(void **state)
{
    struct fixture *f = *state;
    static char out[200000];
    int fd = dial(f);
    ask(fd, "GET", "/big", "Accept-Encoding: br, gzip\r\n", STR(""));
    assert_int_equal(hear(fd, out, sizeof out), 200);
    assert_non_null(strstr(out, "Content-Encoding: gzip"));
    ask(fd, "GET", "/big", "Accept-Encoding: gzip;q=0\r\n", STR(""));
    assert_int_equal(hear(fd, out, sizeof out), 200);
    assert_null(strstr(out, "Content-Encoding"));
    assert_non_null(strstr(out, "Content-Length: 100000"));
    close(fd);
}

static void bad_addresses(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {
        "",    "nonsense", "127.0.0.1", "127.0.0.1:x", "1.2.3.4.5:1", "127.0.0.1:70000",
        ":80", "[::1:80"};
    int fd;
    unsigned port;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct net_http_options o = {.listen = str_of(bad[i])};
        assert_int_equal(listen_open(&f->op, &o, &fd, &port), ERR_INVALID);
        op_clear(&f->op);
    }
    struct net_http_options open = {.listen = STR("0.0.0.0:0")};
    assert_int_equal(listen_open(&f->op, &open, &fd, &port), ERR_FORBIDDEN);
    op_clear(&f->op);
    open.allow_plain = true;
    assert_int_equal(listen_open(&f->op, &open, &fd, &port), OK);
    close(fd);
    struct net_http_options taken = {
        .listen = arena_printf(f->arena, "127.0.0.1:%u", net_http_port(f->server))};
    assert_int_equal(listen_open(&f->op, &taken, &fd, &port), ERR_UNAVAILABLE);
    assert_non_null(strstr(f->op.fault.issues[0].message.p, "in use"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(echoes_on_one_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(held_answers_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_held_answer_outlives_its_peer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ambiguous_framing_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(slow_requests_keep_no_worker, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_held_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_queue_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bodies_have_ceilings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(answers_are_compressed_when_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_addresses, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
