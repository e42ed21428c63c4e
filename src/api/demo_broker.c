/* The demonstration's own mosquitto, a child process on a free loopback port. */
#include "api/demo_int.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static err free_port(struct op *op, int *ret)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 &&
              getsockname(fd, (struct sockaddr *)&a, &n) == 0;
    if (fd >= 0)
        close(fd);
    if (!ok)
        return fail(op, ERR_UNAVAILABLE, "no free loopback port for the broker");
    *ret = ntohs(a.sin_port);
    return OK;
}

static err run(struct op *op, const char *const argv[], pid_t *ret_pid)
{
    char **args = ARENA_ARRAY(op->arena, char *, 16);
    for (size_t i = 0; i < 15 && argv[i]; i++) {
        size_t n = strlen(argv[i]) + 1; /* posix_spawn wants writable strings */
        args[i] = arena_alloc(op->arena, n);
        memcpy(args[i], argv[i], n);
    }
    int e = posix_spawnp(ret_pid, args[0], NULL, NULL, args, environ);
    return e == 0
               ? OK
               : fail(op, ERR_UNAVAILABLE, "%s cannot be started: %s", argv[0], strerrordesc_np(e));
}

static err write_passwords(struct op *op, str folder, const struct demo_file *f)
{
    struct buf b;
    int status = 0;
    pid_t pid;
    buf_init(&b, op->arena, 16u << 20);
    buf_printf(&b, "weft-server:%.*s\n", STR_ARG(f->broker_password));
    for (size_t i = 0; i < f->n_devices; i++)
        buf_printf(&b, "%.*s:%.*s\n", STR_ARG(f->devices[i].user), STR_ARG(f->devices[i].password));
    str path = arena_printf(op->arena, "%.*s/passwords", STR_ARG(folder));
    TRY(demo_write_file(op, path, buf_str(&b)));
    TRY(demo_write_file(op, arena_printf(op->arena, "%.*s/server.password", STR_ARG(folder)),
                        f->broker_password));
    TRY(run(op, (const char *const[]){"mosquitto_passwd", "-U", path.p, NULL}, &pid));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return fail(op, ERR_UNAVAILABLE, "mosquitto_passwd failed; is mosquitto installed?");
    return OK;
}

static err write_config(struct op *op, str folder, int port)
{
    TRY(demo_write_file(op, arena_printf(op->arena, "%.*s/acl", STR_ARG(folder)),
                        STR("user weft-server\n"
                            "topic read weft/v1/+/observation\n"
                            "topic read weft/v1/+/status\n"
                            "topic read weft/v1/+/ack\n"
                            "topic write weft/v1/+/refused\n"
                            "topic write weft/v1/+/command/#\n"
                            "pattern write weft/v1/%u/observation\n"
                            "pattern write weft/v1/%u/status\n"
                            "pattern write weft/v1/%u/ack\n"
                            "pattern read weft/v1/%u/refused\n"
                            "pattern read weft/v1/%u/command/+\n")));
    str text = arena_printf(
        op->arena,
        "listener %d 127.0.0.1\nallow_anonymous false\npassword_file %.*s/passwords\n"
        "acl_file %.*s/acl\npersistence true\npersistence_location %.*s/\nautosave_interval 5\n"
        "max_queued_messages 100000\nlog_dest none\n%s",
        port, STR_ARG(folder), STR_ARG(folder), STR_ARG(folder),
        geteuid() == 0 ? "user root\n" : "");
    return demo_write_file(op, arena_printf(op->arena, "%.*s/mosquitto.conf", STR_ARG(folder)),
                           text);
}

err demo_broker_start(struct op *op, str dir, const struct demo_file *f, struct demo_broker *ret)
{
    char real[4096];
    if (!realpath(str_z(op->arena, dir), real))
        return fail(op, ERR_NOT_FOUND, "the data folder is not there");
    str folder = arena_printf(op->arena, "%s/broker", real);
    if (mkdir(folder.p, 0700) != 0 && errno != EEXIST)
        return fail(op, ERR_UNAVAILABLE, "the broker's folder cannot be made: %s",
                    strerrordesc_np(errno));
    TRY(free_port(op, &ret->port));
    TRY(write_passwords(op, folder, f));
    TRY(write_config(op, folder, ret->port));
    str conf = arena_printf(op->arena, "%.*s/mosquitto.conf", STR_ARG(folder));
    return run(op, (const char *const[]){"mosquitto", "-c", conf.p, NULL}, &ret->pid);
}

void demo_broker_stop(struct demo_broker *b)
{
    if (b->pid <= 0)
        return;
    kill(b->pid, SIGTERM);
    while (waitpid(b->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    b->pid = 0;
}
