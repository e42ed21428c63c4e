/* The socket DIR/control of a running server: weft token, user and audit reach it while the server
 * holds the folder. One request at a time: length, then the words; the answer is an exit code and
 * two texts. Invariant: only the owner of the folder (or root) is answered, and what is asked is
 * done as the system actor, so it is in the trail. */
#include "api/cli.h"

#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_MS 10000

struct control {
    struct record *rec;
    struct identity *id;
    int fd, stop[2];
    pthread_t thread;
    char path[108];
};

static bool address(const char *dir, struct sockaddr_un *ret)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    int n = snprintf(ret->sun_path, sizeof ret->sun_path, "%s/control", dir);
    return n > 0 && (size_t)n < sizeof ret->sun_path;
}

static bool send_all(int fd, str s)
{
    while (s.n) {
        ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        s = str_sub(s, (size_t)n, s.n);
    }
    return true;
}

/* Length (4 bytes), then that many. The text is at most CONTROL_MESSAGE_MAX. */
static bool receive(int fd, struct arena *a, str *ret)
{
    char head[4] = {0};
    uint32_t n;
    str h = str_make(head, sizeof head);
    if (recv(fd, head, sizeof head, MSG_WAITALL) != (ssize_t)sizeof head || !take_u32(&h, &n) ||
        n > CONTROL_MESSAGE_MAX)
        return false;
    char *p = arena_alloc(a, n + 1u);
    if (!p || (n && recv(fd, p, n, MSG_WAITALL) != (ssize_t)n))
        return false;
    p[n] = 0;
    *ret = str_make(p, n);
    return true;
}

static bool send_framed(int fd, struct arena *a, str s)
{
    struct buf b;
    buf_init(&b, a, CONTROL_MESSAGE_MAX + 4);
    buf_u32(&b, (uint32_t)s.n);
    buf_add(&b, s);
    return buf_ok(&b) && send_all(fd, buf_str(&b));
}

static bool owner(int fd)
{
    struct ucred who;
    socklen_t n = sizeof who;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 &&
           (who.uid == geteuid() || who.uid == 0);
}

static void perform(struct control *k, int fd, struct arena *a)
{
    struct cli c = {.arena = a, .rec = k->rec, .id = k->id};
    struct cli_job job = {0};
    char *text = NULL;
    size_t n = 0;
    str request;
    op_init(&c.op, a, identity_system(), time_now());
    FILE *out = open_memstream(&text, &n);
    if (!out || !receive(fd, a, &request) || !control_unpack(request, &job)) {
        if (out)
            (void)fclose(out);
        free(text);
        return;
    }
    err e = cli_perform(&c, &job, out);
    if (e == OK)
        e = record_audit_wait(&c.op, k->rec);
    fputc(0, out);
    for (size_t i = 0; e != OK && i < c.op.fault.n; i++)
        fprintf(out, "weft %s: %.*s\n", job.verb, STR_ARG(c.op.fault.issues[i].message));
    if (fclose(out) == 0) {
        struct buf b;
        buf_init(&b, a, CONTROL_MESSAGE_MAX);
        buf_u8(&b, e == OK ? CLI_DONE : CLI_FAILED);
        buf_add(&b, str_make(text, n));
        (void)(buf_ok(&b) && send_framed(fd, a, buf_str(&b)));
    }
    free(text);
}

static void *serve(void *ctx)
{
    struct control *k = ctx;
    struct pollfd fds[2] = {{.fd = k->fd, .events = POLLIN}, {.fd = k->stop[0], .events = POLLIN}};
    while (poll(fds, 2, -1) >= 0 || errno == EINTR) {
        if (fds[1].revents)
            break;
        int fd = accept4(k->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        struct timeval wait = {.tv_sec = PATIENCE_MS / 1000};
        struct arena *a = arena_new(0);
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
        if (a && owner(fd))
            perform(k, fd, a);
        arena_free(a);
        (void)close(fd);
    }
    return NULL;
}

err control_start(struct op *op, str dir, struct record *rec, struct identity *id,
                  struct control **ret)
{
    struct sockaddr_un at;
    if (!address(str_z(op->arena, dir), &at)) {
        op_note(
            op, SEVERITY_WARNING, STR_NONE,
            "The path of the data folder is too long for its control socket; weft token and user "
            "need the server stopped.");
        *ret = NULL;
        return OK;
    }
    struct control *k = calloc(1, sizeof *k);
    if (!k)
        return fail(op, ERR_UNAVAILABLE, "No memory left to start the control socket.");
    *k = (struct control){.rec = rec, .id = id, .stop = {-1, -1}};
    snprintf(k->path, sizeof k->path, "%s", at.sun_path);
    (void)unlink(k->path); /* of a server that was killed; the folder's lock is ours */
    k->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = k->fd >= 0 && bind(k->fd, (struct sockaddr *)&at, sizeof at) == 0 &&
              chmod(k->path, 0600) == 0 && listen(k->fd, 8) == 0 &&
              pipe2(k->stop, O_CLOEXEC) == 0 && pthread_create(&k->thread, NULL, serve, k) == 0;
    if (ok) {
        *ret = k;
        return OK;
    }
    for (int i = 0; i < 3; i++) {
        int fd = i == 2 ? k->fd : k->stop[i];
        if (fd >= 0)
            (void)close(fd);
    }
    free(k);
    return fail(op, ERR_UNAVAILABLE, "The control socket in the data folder cannot be made (%s).",
                strerrordesc_np(errno));
}

void control_stop(struct control *k)
{
    if (!k)
        return;
    (void)!write(k->stop[1], "x", 1);
    pthread_join(k->thread, NULL);
    (void)unlink(k->path);
    (void)close(k->fd);
    (void)close(k->stop[0]);
    (void)close(k->stop[1]);
    free(k);
}

bool control_ask(const char *dir, const struct cli_job *job, int *ret_exit)
{
    struct sockaddr_un at;
    struct arena *a = arena_new(0);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    str answer;
    bool ok = a && fd >= 0 && address(dir, &at) &&
              connect(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
              send_framed(fd, a, control_pack(a, job)) && receive(fd, a, &answer) && answer.n > 1;
    if (ok) {
        size_t end = str_find_char(answer, 0, 1);
        *ret_exit = (uint8_t)answer.p[0];
        (void)fwrite(answer.p + 1, 1, (end == SIZE_MAX ? answer.n : end) - 1, stdout);
        if (end != SIZE_MAX)
            (void)fwrite(answer.p + end + 1, 1, answer.n - end - 1, stderr);
    }
    if (fd >= 0)
        (void)close(fd);
    arena_free(a);
    return ok;
}
