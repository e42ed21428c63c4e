/* weft demo: from nothing to a live worklist. Makes the data folder when it is new, then (with
 * --serve) runs broker, devices and server together until a signal; a second run finds the folder
 * and starts at once. Everything it serves is invented. */
#include "api/cli.h"
#include "api/demo_int.h"

#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE };

static const char usage[] =
    "usage: weft demo --data DIR [--patients N] [--seed N] [--now DATE-TIME] [--serve]\n"
    "                 [--listen HOST:PORT] [--web-dir DIR] [--no-devices]\n"
    "\n"
    "Makes an invented population (the same for the same seed and day) in a new folder. With "
    "--serve\n"
    "it then runs the server, an MQTT broker and simulated devices until you press Ctrl-C.\n"
    "\n"
    "example: weft demo --data data --patients 120 --serve\n";

struct arguments {
    const char *data, *listen, *web_dir, *now;
    uint64_t patients, seed;
    bool serve, no_devices;
};

static bool read_arguments(int argc, char **argv, struct arguments *a, int *ret_exit)
{
    static const struct option options[] = {
        {"data", required_argument, NULL, 'd'},    {"patients", required_argument, NULL, 'p'},
        {"seed", required_argument, NULL, 's'},    {"now", required_argument, NULL, 'n'},
        {"serve", no_argument, NULL, 'S'},         {"listen", required_argument, NULL, 'l'},
        {"web-dir", required_argument, NULL, 'w'}, {"no-devices", no_argument, NULL, 'x'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    bool ok = true;
    optind = 1;
    for (int c; ok && (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 'd':
            a->data = optarg;
            break;
        case 'p':
            ok = str_to_u64(str_of(optarg), 1000000, &a->patients) && a->patients > 0;
            break;
        case 's':
            ok = str_to_u64(str_of(optarg), UINT64_MAX, &a->seed);
            break;
        case 'n':
            a->now = optarg;
            break;
        case 'S':
            a->serve = true;
            break;
        case 'l':
            a->listen = optarg;
            break;
        case 'w':
            a->web_dir = optarg;
            break;
        case 'x':
            a->no_devices = true;
            break;
        case 'h':
            fputs(usage, stdout);
            *ret_exit = EXIT_DONE;
            return false;
        default:
            ok = false;
        }
    }
    if (ok && a->data && optind == argc)
        return true;
    fputs(usage, stderr);
    *ret_exit = EXIT_USAGE;
    return false;
}

static int report(const struct op *op)
{
    for (size_t i = 0; i < op->fault.n; i++)
        if (op->fault.issues[i].severity == SEVERITY_ERROR)
            fprintf(stderr, "weft demo: %.*s %.*s\n", STR_ARG(op->fault.issues[i].expression),
                    STR_ARG(op->fault.issues[i].message));
    return EXIT_FAILED;
}

static err ensure(struct op *op, const struct arguments *a, struct demo_file *ret)
{
    struct stat st;
    str marker = arena_printf(op->arena, "%s/demo.json", a->data);
    if (stat(marker.p, &st) != 0) {
        struct demo_options o = {.seed = a->seed, .patients = (size_t)a->patients, .now = op->now};
        struct time_span span;
        if (a->now && !time_parse(str_of(a->now), &span))
            return fail(op, ERR_INVALID, "--now is no date-time such as 2026-11-24T10:00:00Z");
        if (a->now)
            o.now = span.lo;
        int64_t t0 = time_mono();
        fprintf(stderr, "Making %llu invented patients in %s …\n", (unsigned long long)a->patients,
                a->data);
        struct cli_progress p;
        cli_progress_begin(&p, "demo", "making patients");
        err e = demo_create(op, str_of(a->data), &o);
        cli_progress_end(&p);
        TRY(e);
        fprintf(stderr, "done in %.1f s\n", (double)(time_mono() - t0) / 1000.0);
    }
    return demo_file_read(op, str_of(a->data), ret);
}

static err write_config(struct op *op, const struct arguments *a, const struct demo_broker *b,
                        str *ret_path)
{
    str path = arena_printf(op->arena, "%s/demo.conf", a->data);
    struct buf c;
    buf_init(&c, op->arena, 65536);
    buf_add(&c,
            STR("# written anew at every start of weft demo\nsms.channel = "
                "screen\nsmtp.channel = screen\nletter.channel = print\npush.channel = webpush\n"
                "sms.route = screen\nsms.from = +15035550100\nsmtp.from = care@example.org\n"
                "house.zone = America/Los_Angeles\noutreach.clinic = Bright River Clinic\n"
                "outreach.phone = +1 503 555 0100\n"
                "survey.after_visit = visit\ndemo.codes = true\n"));
    if (b->pid)
        buf_printf(&c,
                   "mqtt.url = mqtt://127.0.0.1:%d\nmqtt.user = weft-server\n"
                   "mqtt.password_file = %s/broker/server.password\n",
                   b->port, a->data);
    *ret_path = path;
    return demo_write_file(op, path, buf_str(&c));
}

static void how_to_sign_in(const struct arguments *a, const struct demo_file *f)
{
    const char *at = a->listen ? a->listen : "127.0.0.1:8080";
    printf("\nWeft is at   http://%s/console   (care team)\n             http://%s/portal    "
           "(patients)\n\n"
           "Sign in as   password\n",
           at, at);
    for (size_t i = 0; i < f->n_accounts; i++)
        printf("  %-10.*s %.*s\n", STR_ARG(f->accounts[i].user), STR_ARG(f->accounts[i].password));
    printf("\nA patient's oxygen falls within the first minute: watch the worklist. Ctrl-C "
           "stops.\n\n");
    (void)fflush(stdout);
}

struct devices {
    struct demo_simulator s;
    pthread_t thread;
    bool running;
};

static void *run_devices(void *ctx)
{
    struct devices *d = ctx;
    struct arena *a = arena_new(64u << 20);
    struct op op;
    if (!a)
        return NULL;
    op_init(&op, a, NULL, time_now());
    if (demo_simulate(&op, &d->s) != OK)
        report(&op);
    arena_free(a);
    return NULL;
}

static int serve(struct op *op, const struct arguments *a, const struct demo_file *f,
                 const struct demo_broker *b)
{
    static _Atomic bool stop;
    struct devices d = {.s = {.host = "127.0.0.1",
                              .port = b->port,
                              .devices = f->devices,
                              .n = f->n_devices,
                              .period_ms = 8000,
                              .stop = &stop}};
    str conf;
    if (write_config(op, a, b, &conf) != OK)
        return report(op);
    d.running = b->pid && pthread_create(&d.thread, NULL, run_devices, &d) == 0;
    const char *listen = a->listen ? a->listen : "127.0.0.1:8080";
    const char *words[10] = {"serve", "--data", a->data, "--listen", listen, "--config", conf.p};
    int n = 7;
    if (a->web_dir) {
        words[n++] = "--web-dir";
        words[n++] = a->web_dir;
    }
    char *args[11] = {0};
    for (int i = 0; i < n; i++) {
        args[i] = arena_alloc(op->arena, strlen(words[i]) + 1); /* getopt wants writable strings */
        memcpy(args[i], words[i], strlen(words[i]) + 1);
    }
    how_to_sign_in(a, f);
    int code = cli_serve(n, args);
    atomic_store(&stop, true);
    if (d.running)
        pthread_join(d.thread, NULL);
    return code;
}

static int run(struct op *op, const struct arguments *a)
{
    struct demo_file file;
    struct demo_broker broker = {0};
    if (ensure(op, a, &file) != OK)
        return report(op);
    if (!a->serve)
        return EXIT_DONE;
    if (!a->no_devices && demo_broker_start(op, str_of(a->data), &file, &broker) != OK) {
        report(op);
        fprintf(stderr, "weft demo: going on without live devices\n");
        op_clear(op);
    }
    int code = serve(op, a, &file, &broker);
    demo_broker_stop(&broker);
    return code;
}

int cli_demo(int argc, char **argv)
{
    struct arguments a = {.patients = 120, .seed = 2026};
    int code = EXIT_FAILED;
    if (!read_arguments(argc, argv, &a, &code))
        return code;
    struct arena *arena = arena_new(1u << 30);
    struct op op;
    if (!arena)
        return EXIT_FAILED;
    op_init(&op, arena, identity_system(), time_now());
    code = run(&op, &a);
    arena_free(arena);
    return code;
}
