/* A nurse's console over two connections: the stream stays open, the list is asked again and again.
 * Invariant: what was read of the stream and not asked for yet is kept. */
#include "bench/console.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STREAM_MAX (1u << 20)
#define BODY_MAX (16u << 20)
#define LIST                                                                                       \
    "/fhir/Task?code=https%3A%2F%2Fweft.health%2Ffhir%2Ftask-code%7Ccase&code%3Anot="              \
    "https%3A%2F%2Fweft.health%2Ffhir%2Ftask-code%7Ctechnical"                                     \
    "&status=requested%2Cin-progress%2Con-hold&_count=500"

struct console {
    int stream, list;
    char token[128];
    char *text, *body; /* of the stream, chunks taken out; of an answer */
    size_t n, left;    /* left: bytes of the chunk under way */
    char line[16];     /* a chunk's size, as far as it came */
    size_t n_line;
    bool in_body;
};

static int dial(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        close(fd);
        return -1;
    }
    if (fd >= 0)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static bool ask(const struct console *c, int fd, const char *path)
{
    char head[1024];
    int n = snprintf(head, sizeof head,
                     "GET %s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n\r\n", path,
                     c->token);
    return n > 0 && (size_t)n < sizeof head && write(fd, head, (size_t)n) == n;
}

/* One byte of the stream's body, whose chunks have a line with their size before them. */
static void take_byte(struct console *c, char b)
{
    if (c->left) {
        c->left--;
        if (c->n < STREAM_MAX)
            c->text[c->n++] = b;
        return;
    }
    if (b != '\n' && c->n_line + 1 < sizeof c->line) {
        c->line[c->n_line++] = b;
        return;
    }
    c->line[c->n_line] = 0;
    c->left = strtoul(c->line, NULL, 16); /* the empty line behind a chunk is 0 */
    c->n_line = 0;
}

static bool read_stream(struct console *c, int ms)
{
    char some[16384];
    struct pollfd p = {.fd = c->stream, .events = POLLIN};
    if (poll(&p, 1, ms) <= 0)
        return false;
    ssize_t n = read(c->stream, some, sizeof some);
    for (ssize_t i = 0; i < n; i++) {
        if (c->in_body) {
            take_byte(c, some[i]);
            continue;
        }
        c->text[c->n++] = some[i];
        c->in_body = c->n >= 4 && memcmp(c->text + c->n - 4, "\r\n\r\n", 4) == 0;
        if (c->in_body || c->n == STREAM_MAX)
            c->n = 0;
    }
    return n > 0;
}

/* A whole frame in what was read; it and what stands before it are taken out. */
static bool take_frame(struct console *c, str wanted)
{
    str text = str_make(c->text, c->n);
    size_t at = str_find(text, wanted, 0), end = 0;
    if (at != SIZE_MAX)
        end = str_find(text, STR("\n\n"), at);
    if (at == SIZE_MAX || end == SIZE_MAX)
        return false;
    memmove(c->text, c->text + end + 2, c->n - end - 2);
    c->n -= end + 2;
    return true;
}

bool console_told(struct console *c, str patient, int ms)
{
    char wanted[80];
    int n = snprintf(wanted, sizeof wanted, "\"patient\":\"%.*s\"", STR_ARG(patient));
    while (!take_frame(c, str_make(wanted, (size_t)n)))
        if (!read_stream(c, ms))
            return false;
    return true;
}

bool console_row(struct console *c, str patient)
{
    char wanted[80];
    size_t n = 0, whole = 0;
    int w = snprintf(wanted, sizeof wanted, "\"Patient/%.*s\"", STR_ARG(patient));
    if (!ask(c, c->list, LIST))
        return false;
    while (n < BODY_MAX && (!whole || n < whole)) {
        ssize_t got = read(c->list, c->body + n, BODY_MAX - n);
        if (got <= 0)
            return false;
        n += (size_t)got;
        str all = str_make(c->body, n);
        size_t head = str_find(all, STR("\r\n\r\n"), 0),
               at = str_find(all, STR("Content-Length: "), 0);
        if (!whole && head != SIZE_MAX && at < head)
            whole = head + 4 + strtoul(c->body + at + 16, NULL, 10);
        if (!whole && head != SIZE_MAX)
            return false;
    }
    return str_find(str_make(c->body, n), str_make(wanted, (size_t)w), 0) != SIZE_MAX;
}

void console_close(struct console *c)
{
    if (!c)
        return;
    if (c->stream >= 0)
        close(c->stream);
    if (c->list >= 0)
        close(c->list);
    free(c->text);
    free(c->body);
    free(c);
}

struct console *console_open(str url, str token)
{
    struct console *c = calloc(1, sizeof *c);
    size_t colon = url.n;
    while (colon > 0 && url.p[colon - 1] != ':')
        colon--;
    uint64_t port = 0;
    (void)str_to_u64(str_sub(url, colon, url.n), 65535, &port);
    if (!c)
        return NULL;
    snprintf(c->token, sizeof c->token, "%.*s", STR_ARG(token));
    c->text = malloc(STREAM_MAX);
    c->body = malloc(BODY_MAX);
    c->stream = dial((int)port);
    c->list = dial((int)port);
    bool good = c->text && c->body && c->stream >= 0 && c->list >= 0 &&
                ask(c, c->stream, "/events?types=Task");
    while (good && !take_frame(c, STR("event: hello")))
        good = read_stream(c, 5000);
    if (good)
        return c;
    console_close(c);
    return NULL;
}
