/* weft import: FHIR Bundles and resources into a data folder. One thread reads, --jobs threads
 * parse, check and pack, the store's writer writes. Progress on stderr, the count by type on
 * stdout. Invariant: exit 0 means that every text was applied and is on disk. */
#include "api/import_int.h"

#include "base/config.h"
#include "base/time.h"
#include "record/profile.h"
#include "terms/terms.h"

#include <unistd.h>

#define JOBS_MAX 64u
#define IMPORT_CACHE (96u << 20)
#define KEEP_BYTES (64 << 20) /* texts and trees of a few MB come and go */

static const char usage[] =
    "usage: weft import --data DIR [--on-error stop|skip] [--jobs N] [--config FILE] FILE…\n"
    "       weft import --data DIR --terminology loinc|snomed|rxnorm RELEASE\n"
    "       weft import --data DIR --devices vulnerabilities|recalls FILE…\n"
    "       weft import --data DIR --devices parts --model ID [--from VERSION] [--to VERSION] "
    "FILE\n"
    "\n"
    "FILE is a FHIR Bundle or resource (.json), or one of them a line (.ndjson, .ndjson.gz). A "
    "Bundle\n"
    "is applied whole or not at all. Resources with an id keep it. What is wrong is named with "
    "file,\n"
    "line and path; --on-error skip goes on (exit code 1 all the same), stop is the default.\n"
    "The server must not be running on the folder. --config: what weft serve takes; its "
    "validate.strict\n"
    "counts here too.\n"
    "\n"
    "With --terminology RELEASE is a release you have the licence for, as its publisher packs it: "
    "the\n"
    "folder or the zip file (LOINC's CSV tables, SNOMED CT's RF2 snapshot, RxNorm's RRF files). It "
    "goes\n"
    "to DIR/terms and is in use at once, the server running or not.\n"
    "\n"
    "With --devices FILE (.json, .json.gz, or a document a line) is about devices:\n"
    "vulnerabilities as OSV, CVE JSON 5 or CISA's catalogue; recalls as openFDA publishes them;\n"
    "the bill of materials (CycloneDX, SPDX 2) of a model's firmware from … to. What is wrong is\n"
    "named with file and line, and keeps all of its file out. What a file brings is looked for\n"
    "when the server runs.\n"
    "\n"
    "example: weft import --data data patients.ndjson.gz bundle.json\n"
    "         weft import --data data --terminology loinc Loinc_2.78.zip\n"
    "         weft import --data data --devices vulnerabilities npm.json.gz kev.json\n";

enum { DATA, ON_ERROR, JOBS, CONFIG, TERMINOLOGY, DEVICES, MODEL, FROM, TO, N_OPTIONS };

struct progress {
    struct import *im;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool over;
};

static void show(struct import *im, bool terminal)
{
    double s = (double)(time_mono() - im->started) / 1000;
    double part = import_part(im);
    unsigned long long n = atomic_load(&im->resources);
    fprintf(stderr, "%simport: %llu resources, %.0f/s, %.0f %%, %.0f s left%s",
            terminal ? "\r" : "", n, s > 0 ? (double)n / s : 0, part * 100,
            part > 0.001 ? s / part - s : 0, terminal ? "   " : "\n");
}

static void *watch(void *ctx)
{
    struct progress *p = ctx;
    bool terminal = isatty(2), shown = false;
    pthread_mutex_lock(&p->lock);
    while (!p->over) {
        struct timespec at;
        clock_gettime(CLOCK_REALTIME, &at);
        at.tv_sec++;
        pthread_cond_timedwait(&p->wake, &p->lock, &at);
        if (!p->over)
            show(p->im, terminal);
        shown = true;
    }
    pthread_mutex_unlock(&p->lock);
    if (shown && terminal)
        fputc('\n', stderr);
    return NULL;
}

static void progress_end(struct progress *p)
{
    pthread_mutex_lock(&p->lock);
    p->over = true;
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
}

static void summary(const struct import *im)
{
    double s = (double)(time_mono() - im->started) / 1000;
    unsigned long long all = 0;
    for (fhir_type t = 1; t <= FHIR_TYPE_COUNT; t++) {
        str name = fhir_type_name(t);
        if (im->by_type[t])
            printf("%-28.*s %10llu\n", STR_ARG(name), (unsigned long long)im->by_type[t]);
        all += im->by_type[t];
    }
    printf("%-28s %10llu in %.1f s (%.0f/s), %llu rejected\n", "all", all, s,
           s > 0 ? (double)all / s : 0, (unsigned long long)atomic_load(&im->rejected));
}

static bool run(struct import *im, size_t jobs, int n, char **files)
{
    pthread_t workers[JOBS_MAX];
    struct progress p = {.im = im};
    size_t started = 0;
    pthread_mutex_init(&p.lock, NULL);
    pthread_cond_init(&p.wake, NULL);
    bool watched = pthread_create(&p.thread, NULL, watch, &p) == 0;
    while (started < jobs && pthread_create(&workers[started], NULL, import_work, im) == 0)
        started++;
    bool ok = started > 0 && import_read(im, n, files);
    import_close(&im->queue);
    for (size_t i = 0; i < started; i++)
        pthread_join(workers[i], NULL);
    ok &= import_deferred(im);
    if (watched)
        progress_end(&p);
    pthread_mutex_destroy(&p.lock);
    pthread_cond_destroy(&p.wake);
    return ok;
}

static int import(struct cli *c, bool stop, size_t jobs, int n, char **files)
{
    struct import im = {.rec = c->rec, .stop_on_error = stop, .started = time_mono()};
    im.bytes_all = import_size(n, files);
    im.by_type = ARENA_ARRAY(c->arena, uint64_t, (size_t)FHIR_TYPE_COUNT + 1);
    if (op_check(&c->op) != OK)
        return cli_failed("import", &c->op);
    import_queue_init(&im.queue);
    pthread_mutex_init(&im.lock, NULL);
    bool ok = run(&im, jobs, n, files);
    summary(&im);
    import_queue_done(&im.queue);
    pthread_mutex_destroy(&im.lock);
    return ok ? CLI_DONE : CLI_FAILED;
}

/* Of the configuration, only what is asked of writes. */
static err open_strict(struct cli *c, const char *dir, const char *file)
{
    TRY(cli_open(c, dir, IMPORT_CACHE));
    struct config *config = config_new(c->arena);
    if (!config)
        return fail(&c->op, ERR_UNAVAILABLE, "No memory for the configuration.");
    if (file)
        TRY(config_load(&c->op, config, str_of(file)));
    TRY(terms_open(&c->op, c->rec, str_of(dir), &c->terms)); /* bindings are checked too */
    record_set_terms(c->rec, terms_doors(c->terms));
    return record_set_strict(&c->op, c->rec, config_str(config, "validate.strict"));
}

int cli_import(int argc, char **argv)
{
    static const char *const names[] = {"data",    "on-error", "jobs", "config", "terminology",
                                        "devices", "model",    "from", "to",     NULL};
    const char *v[N_OPTIONS] = {[ON_ERROR] = "stop", [JOBS] = "2"};
    struct cli_args args = {names, v, usage};
    struct cli c;
    uint64_t jobs;
    int rest, code;
    if (!cli_parse(argc, argv, &args, &rest, &code))
        return code;
    bool stop = str_eq(str_of(v[ON_ERROR]), STR("stop"));
    if (!v[DATA] || rest == argc)
        return cli_wrong("import", usage, "--data and at least one file are needed");
    if (v[TERMINOLOGY] && rest + 1 != argc)
        return cli_wrong("import", usage, "--terminology takes one folder or zip file");
    if (v[TERMINOLOGY])
        return import_terms(v[DATA], v[TERMINOLOGY], argv[rest]);
    if (v[DEVICES])
        return import_fleet(&(struct import_fleet){v[DATA], v[DEVICES], v[MODEL], v[FROM], v[TO]},
                            argc - rest, argv + rest, usage);
    if (!stop && !str_eq(str_of(v[ON_ERROR]), STR("skip")))
        return cli_wrong("import", usage, "--on-error takes stop or skip");
    if (!str_to_u64(str_of(v[JOBS]), JOBS_MAX, &jobs) || jobs == 0)
        return cli_wrong("import", usage, "--jobs takes 1 to 64");
    cli_keep_memory(KEEP_BYTES);
    if (open_strict(&c, v[DATA], v[CONFIG]) != OK)
        code = cli_failed("import", &c.op);
    else
        code = import(&c, stop, (size_t)jobs, argc - rest, argv + rest);
    cli_close(&c);
    return code;
}
