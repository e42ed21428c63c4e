/* weft serve: opens the data folder, starts the rooms in order, says one line when ready, drains on
 * SIGTERM or SIGINT and exits 0. What goes wrong at start is said in one sentence, with what to do.
 */
#include "api/api.h"
#include "api/cli.h"
#include "base/log.h"
#include "base/time.h"
#include "desk/watch.h"
#include "identity/helper.h"
#include "record/profile.h"

#include <signal.h>
#include <sys/stat.h>

#define CACHE_DEFAULT 0
#define STANDBY_NS 250000000
#define KEEP_BYTES (2 << 20)

struct serve {
    struct arena *arena, *tried; /* tried: what the last try of a standby took */
    struct op op;
    struct config *config;
    str data, web_dir;
    struct record *rec;
    struct identity *id;
    struct control *control;
    struct monitor *monitor;
    struct intake_nodes *outpost; /* while it waits */
    struct fleet *fleet;
    struct desk_watch *watch;
    struct outreach *outreach;
    struct campaigns *campaigns;
    struct surveys *surveys;
    struct programmes *programmes;
    struct partners *partners;
    struct rules *rules;
    struct terms *terms;
    struct api *api;
    bool stuck; /* a request is at work still, long after: the rooms under it stay open */
};

/* What runs besides the server, in the order of starting; stopped the other way round. */
struct service {
    const char *name;
    err (*start)(struct serve *s);
    void (*stop)(struct serve *s);
};

static err start_record(struct serve *s)
{
    struct stat st;
    if (stat(str_z(s->arena, s->data), &st) != 0 || !S_ISDIR(st.st_mode))
        return fail(&s->op, ERR_NOT_FOUND,
                    "There is no data folder %.*s; make one with weft init --data %.*s.",
                    STR_ARG(s->data), STR_ARG(s->data));
    str database = config_str(s->config, "database");
    TRY(record_open_at(&s->op, s->data, database, CACHE_DEFAULT, &s->rec));
    record_set_relationship(s->rec, config_bool(s->config, "access.relationship"));
    return record_set_strict(&s->op, s->rec, config_str(s->config, "validate.strict"));
}

static void stop_record(struct serve *s)
{
    record_close(s->rec);
}

static err start_terms(struct serve *s)
{
    TRY(terms_open(&s->op, s->rec, s->data, &s->terms));
    record_set_terms(s->rec, terms_doors(s->terms));
    return OK;
}

static void stop_terms(struct serve *s)
{
    if (s->rec)
        record_set_terms(s->rec, NULL);
    terms_close(s->terms);
}

static err start_identity(struct serve *s)
{
    return identity_new(&s->op, record_store(s->rec), s->rec, &s->id);
}

static void stop_identity(struct serve *s)
{
    identity_free(s->id);
}

static err start_ages(struct serve *s)
{
    identity_zone(s->id, config_str(s->config, "house.zone"));
    return identity_follow(&s->op, s->id);
}

static void stop_ages(struct serve *s)
{
    if (s->id)
        identity_follow_stop(s->id);
}

static err start_control(struct serve *s)
{
    return control_start(&s->op, s->data, s->rec, s->id, &s->control);
}

static void stop_control(struct serve *s)
{
    control_stop(s->control);
}

static err start_rules(struct serve *s)
{
    return rules_new(&s->op, s->rec, &s->rules);
}

static void stop_rules(struct serve *s)
{
    rules_free(s->rules);
}

static err start_outreach(struct serve *s)
{
    TRY(outreach_new(&s->op, s->rec, s->config, &s->outreach));
    return outreach_start(&s->op, s->outreach);
}

static void stop_outreach(struct serve *s)
{
    if (!s->outreach)
        return;
    outreach_stop(s->outreach);
    outreach_free(s->outreach);
}

static err start_campaigns(struct serve *s)
{
    TRY(campaigns_new(&s->op, s->rec, s->outreach, s->config, &s->campaigns));
    return campaigns_start(&s->op, s->campaigns);
}

static void stop_campaigns(struct serve *s)
{
    if (!s->campaigns)
        return;
    campaigns_stop(s->campaigns);
    campaigns_free(s->campaigns);
}

static err start_surveys(struct serve *s)
{
    TRY(surveys_new(&s->op, s->rec, s->outreach, s->campaigns, s->config, &s->surveys));
    return surveys_start(&s->op, s->surveys);
}

static void stop_surveys(struct serve *s)
{
    if (!s->surveys)
        return;
    surveys_stop(s->surveys);
    surveys_free(s->surveys);
}

static err start_programmes(struct serve *s)
{
    TRY(programmes_new(&s->op, s->rec, s->config, &s->programmes));
    return programmes_start(&s->op, s->programmes);
}

static void stop_programmes(struct serve *s)
{
    if (!s->programmes)
        return;
    programmes_stop(s->programmes);
    programmes_free(s->programmes);
}

static err start_partners(struct serve *s)
{
    TRY(partners_new(&s->op, s->rec, s->id, s->config, &s->partners));
    return partners_start(&s->op, s->partners);
}

static void stop_partners(struct serve *s)
{
    if (!s->partners)
        return;
    partners_stop(s->partners);
    partners_free(s->partners);
}

static err start_monitor(struct serve *s)
{
    TRY(monitor_new(&s->op, s->rec, s->id, s->config, &s->monitor));
    return monitor_start(&s->op, s->monitor);
}

static void stop_monitor(struct serve *s)
{
    if (!s->monitor)
        return;
    monitor_stop(s->monitor);
    monitor_free(s->monitor);
}

static err start_fleet(struct serve *s)
{
    TRY(fleet_new(&s->op, s->rec, s->id, s->config, &s->fleet));
    return fleet_start(&s->op, s->fleet);
}

static void stop_fleet(struct serve *s)
{
    if (!s->fleet)
        return;
    fleet_stop(s->fleet);
    fleet_free(s->fleet);
}

static err start_watch(struct serve *s)
{
    TRY(desk_watch_new(&s->op, s->rec, config_str(s->config, "house.zone"), &s->watch));
    return desk_watch_start(&s->op, s->watch);
}

static void stop_watch(struct serve *s)
{
    if (!s->watch)
        return;
    desk_watch_stop(s->watch);
    desk_watch_free(s->watch);
}

static err start_api(struct serve *s)
{
    struct api_options o = {.rec = s->rec,
                            .id = s->id,
                            .monitor = s->monitor,
                            .fleet = s->fleet,
                            .outreach = s->outreach,
                            .campaigns = s->campaigns,
                            .surveys = s->surveys,
                            .programmes = s->programmes,
                            .partners = s->partners,
                            .rules = s->rules,
                            .terms = s->terms,
                            .config = s->config,
                            .web_dir = s->web_dir};
    return api_start(&s->op, &o, &s->api);
}

static void stop_api(struct serve *s)
{
    s->stuck = !api_stop(s->api, config_int(s->config, "http.drain_s") * 1000);
    if (s->stuck)
        log_event(LOG_ERROR, "stop", "left=stuck");
}

static const struct service services[] = {
    {"record", start_record, stop_record},
    {"terms", start_terms, stop_terms},
    {"identity", start_identity, stop_identity},
    {"control", start_control, stop_control},
    {"rules", start_rules, stop_rules},
    {"outreach", start_outreach, stop_outreach},
    {"campaigns", start_campaigns, stop_campaigns},
    {"surveys", start_surveys, stop_surveys},
    {"programmes", start_programmes, stop_programmes},
    {"fleet", start_fleet, stop_fleet}, /* before monitor: libmosquitto begins TLS in one thread */
    {"monitor", start_monitor, stop_monitor},
    {"partners", start_partners, stop_partners},
    {"looks", start_watch, stop_watch},
    {"ages", start_ages, stop_ages},
    {"http", start_api, stop_api},
};
#define SERVICES (sizeof services / sizeof *services)

static const char usage[] =
    "usage: weft serve --data DIR [--listen ADDRESS:PORT] [--config FILE] [--web-dir DIR]\n"
    "                  [--database ADDRESS]\n"
    "Serves the data folder over HTTP until SIGTERM; ready when GET /healthz answers 200.\n"
    "  --listen   127.0.0.1:8080 when not said; other than loopback needs tls.cert and tls.key\n"
    "  --config   lines of name = value, see spec/config.csv\n"
    "  --database the PostgreSQL with the store, when not the one that weft init was told\n"
    "  --web-dir  take the web apps from this folder instead of the built-in ones\n"
    "example: weft serve --data data --listen 127.0.0.1:8080\n";

enum { ARG_DATA, ARG_LISTEN, ARG_CONFIG, ARG_WEB, ARG_DATABASE, ARGS };

static err configure(struct serve *s, const char *const *values)
{
    s->config = config_new(s->arena);
    if (!s->config)
        return fail(&s->op, ERR_UNAVAILABLE, "No memory for the configuration.");
    if (values[ARG_CONFIG])
        TRY(config_load(&s->op, s->config, str_of(values[ARG_CONFIG])));
    if (values[ARG_LISTEN])
        TRY(config_set(&s->op, s->config, STR("listen"), str_of(values[ARG_LISTEN])));
    str database = cli_take_database(s->arena, values[ARG_DATABASE]);
    if (database.n)
        TRY(config_set(&s->op, s->config, STR("database"), database));
    s->data = str_of(values[ARG_DATA]);
    s->web_dir = str_of(values[ARG_WEB]);
    return OK;
}

static void stop_all(struct serve *s, size_t started)
{
    while (started-- > 0 && !s->stuck)
        services[started].stop(s);
}

/* In memory of its own, for a standby tries for months. */
static err try_first(struct serve *s)
{
    struct arena *whole = s->arena, *room = arena_new(0);
    arena_free(s->tried); /* with the last failure's words */
    s->tried = room;
    op_init(&s->op, room ? room : whole, identity_system(), time_now());
    if (!room)
        return fail(&s->op, ERR_UNAVAILABLE, "No memory to open the record.");
    s->arena = room;
    err e = services[0].start(s);
    s->arena = whole;
    if (e == OK)
        op_init(&s->op, whole, identity_system(), time_now());
    return e;
}

/* One that cannot be an outpost is a standby still. */
static void start_outpost(struct serve *s)
{
    struct op op;
    op_init(&op, s->arena, identity_system(), time_now());
    str database = config_str(s->config, "database");
    err e = monitor_outpost_start(&op, s->config, s->data, database, &s->outpost);
    log_event(e == OK ? LOG_INFO : LOG_WARN, "standby", "waits=yes readings=%s%s%.*s",
              s->outpost ? "taken" : "left", e == OK ? "" : " ",
              STR_ARG(e == OK ? STR_NONE : op.fault.issues[0].message));
}

/* With database.standby: until the other one has ended, or a signal. A database that is away while
 * it waits is one that starts again, or its machine another's turn. */
static err start_first(struct serve *s, const sigset_t *signals, int *ret_which)
{
    err e = services[0].start(s);
    bool told = false, standby = config_bool(s->config, "database.standby");
    while (standby && !s->rec && (e == ERR_CONFLICT || (told && e == ERR_UNAVAILABLE))) {
        if (!told)
            start_outpost(s);
        told = true;
        int got = sigtimedwait(signals, NULL, &(struct timespec){.tv_nsec = STANDBY_NS});
        *ret_which = got > 0 ? got : 0;
        if (*ret_which)
            break;
        e = try_first(s);
    }
    monitor_outpost_stop(s->outpost);
    s->outpost = NULL;
    return *ret_which ? OK : e;
}

/* The signal, or 0 when the database was lost to another server. */
static int wait_end(struct serve *s, const sigset_t *signals)
{
    int got = -1;
    while (got < 0 && !record_lost(s->rec))
        got = sigtimedwait(signals, NULL, &(struct timespec){.tv_sec = 1});
    return got > 0 ? got : 0;
}

static int run(struct serve *s)
{
    sigset_t signals;
    int which = 0;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before any thread: all inherit it */
    signal(SIGPIPE, SIG_IGN);
    int64_t began = time_mono();
    for (size_t i = 0; i < SERVICES; i++) {
        if ((i ? services[i].start(s) : start_first(s, &signals, &which)) == OK && !which)
            continue;
        if (which) /* while it waited */
            return CLI_DONE;
        stop_all(s, i + 1);
        return cli_failed("serve", &s->op);
    }
    if (config_bool(s->config, "http.allow_plain"))
        log_event(LOG_WARN, "http.plain", "tls=none note=\"protect the network yourself\"");
    fprintf(stderr, "weft serves %.*s (ready in %lld ms)\n", STR_ARG(api_url(s->api)),
            (long long)(time_mono() - began));
    which = wait_end(s, &signals);
    log_event(which ? LOG_INFO : LOG_ERROR, "stop", "signal=%d%s", which,
              which ? "" : " database=lost note=\"another server wrote to it\"");
    stop_all(s, SERVICES);
    return s->stuck || !which ? CLI_FAILED : CLI_DONE;
}

static void set_log_level(const struct config *c)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    for (int i = 0; i < 4; i++)
        if (str_eq(config_str(c, "log_level"), str_of(names[i])))
            log_level_set((enum log_level)i);
}

int cli_serve(int argc, char **argv)
{
    static const char *const names[] = {"data", "listen", "config", "web-dir", "database", NULL};
    const char *values[ARGS] = {0};
    int rest, code;
    if (!cli_parse(argc, argv, &(struct cli_args){names, values, usage}, &rest, &code))
        return code;
    if (!values[ARG_DATA] || rest < argc)
        return cli_wrong("serve", usage, "say which data folder with --data, and nothing else");
    cli_keep_memory(KEEP_BYTES);
    struct serve s = {.arena = arena_new(0)};
    if (!s.arena)
        return CLI_FAILED;
    op_init(&s.op, s.arena, identity_system(), time_now());
    if (configure(&s, values) == OK) {
        set_log_level(s.config);
        code = run(&s);
    } else {
        code = cli_failed("serve", &s.op);
    }
    if (!s.stuck) {
        arena_free(s.tried);
        arena_free(s.arena);
    }
    return code;
}
