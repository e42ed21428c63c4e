/* weft bench: a quick measure of this machine and disk with invented patients in a scratch folder,
 * through the record's own doors, one thread, no HTTP. make bench gives the whole table beside its
 * limits. Invariant: the folder named is not touched; the scratch folder beside it is taken away.
 */
#include "api/cli.h"

#include "base/time.h"
#include "demo/demo.h"

#include <errno.h>
#include <unistd.h>

#define SECOND 1000000000
#define NAMES_MAX 20000u
#define ROUND 128u

static const char usage[] =
    "usage: weft bench [--data DIR] [--patients N]\n"
    "\n"
    "Loads N invented patients (100) into a scratch folder beside DIR, on the disk that DIR is "
    "on,\n"
    "and measures for some seconds: import, reads and searches (each in the audit trail, "
    "durable),\n"
    "decisions of the rulebook with few facts known (most rules refuse and say why). One line a\n"
    "figure: name, value, unit. DIR itself is not touched.\n"
    "\n"
    "example: weft bench --data data --patients 200\n";

struct name {
    fhir_type type;
    str id;
};

struct bench {
    struct arena *arena, *scratch;
    struct op op, inner;
    struct record *rec;
    struct record_load load;
    size_t bundles;
    struct name *names;
    size_t n_names, patients;
    struct cli_progress progress;
};

static const struct actor nurse = {.role = ROLE_NURSE, .purpose = PURPOSE_TREAT};

static void line(const char *name, double value, const char *unit)
{
    printf("%s\t%.0f\t%s\n", name, value, unit);
    (void)fflush(stdout);
}

static double rate(uint64_t n, int64_t since)
{
    return (double)n * SECOND / (double)(time_mono_ns() - since + 1);
}

static void fresh(struct bench *b)
{
    uint64_t ticket = b->inner.audit_ticket;
    arena_reset(b->scratch);
    op_init(&b->inner, b->scratch, &nurse, b->op.now);
    b->inner.audit_ticket = ticket;
}

/* The first Bundle holds what the others refer to. */
static err load_one(struct op *op, void *ctx, str bundle)
{
    struct bench *b = ctx;
    TRY(record_load_add(op, &b->load, bundle));
    if (b->bundles++ > 0)
        return OK;
    TRY(record_load_end(op, &b->load));
    return record_load_begin(op, b->rec, &b->load);
}

static err import(struct bench *b)
{
    struct demo_options o = {.seed = 1, .patients = b->patients, .now = b->op.now};
    struct json *truth;
    int64_t start = time_mono_ns();
    uint64_t t0 = record_now_t(b->rec);
    TRY(record_load_begin(&b->op, b->rec, &b->load));
    err e = demo_generate(&b->op, &o, load_one, b, &truth);
    uint64_t n = b->load.resources;
    err end = record_load_end(&b->op, &b->load);
    line("import.resources", rate(n, start), "1/s");
    line("import.transactions", rate(record_now_t(b->rec) - t0, start), "1/s");
    return e != OK ? e : end;
}

static err keep_name(struct op *op, void *ctx, const struct record_doc *doc)
{
    struct bench *b = ctx;
    (void)op;
    if (b->n_names < NAMES_MAX)
        b->names[b->n_names++] = (struct name){doc->type, arena_str(b->arena, doc->id)};
    return OK;
}

static err reads(struct bench *b)
{
    int64_t start = time_mono_ns();
    uint64_t n = 0;
    while (time_mono_ns() - start < SECOND) {
        const struct name *at = &b->names[n * 7919 % b->n_names];
        struct record_doc doc;
        if (n++ % ROUND == 0)
            fresh(b);
        TRY(record_read(&b->inner, b->rec, at->type, at->id, &doc));
    }
    TRY(record_audit_wait(&b->inner, b->rec));
    line("read", rate(n, start), "1/s");
    return OK;
}

static err searches(struct bench *b)
{
    fhir_type patient = fhir_type_parse(STR("Patient"));
    fhir_type wanted = fhir_type_parse(STR("Observation"));
    int64_t start = time_mono_ns();
    uint64_t n = 0, found = 0;
    for (size_t i = 0; time_mono_ns() - start < SECOND; i = (i + 1) % b->n_names) {
        struct record_page page;
        if (b->names[i].type != patient)
            continue;
        fresh(b);
        str q = arena_printf(b->scratch, "patient=Patient/%.*s&_sort=-date&_count=20",
                             STR_ARG(b->names[i].id));
        TRY(record_find(&b->inner, b->rec, wanted, q, &page));
        found += page.n;
        n++;
    }
    TRY(record_audit_wait(&b->inner, b->rec));
    line("search.patient.newest", rate(n, start), "1/s");
    line("search.results", rate(found, start), "1/s");
    return OK;
}

static err decisions(struct bench *b)
{
    int64_t start = time_mono_ns();
    uint64_t n = 0;
    struct json *tree;
    struct facts *facts;
    TRY(json_read(&b->op, STR("{\"internal_dnc\":false}"), &JSON_LIMITS_DEFAULT, &tree));
    TRY(facts_from_json(&b->op, tree, &facts));
    while (time_mono_ns() - start < SECOND) {
        struct verdict v;
        const struct rule *r = policy_rule_at(n % RULE_COUNT);
        if (n++ % ROUND == 0)
            fresh(b);
        TRY(policy_decide(&b->inner, NULL, TRIGGER_BIT(r->trigger), facts, &v));
    }
    line("decision.few_facts", rate(n, start), "1/s");
    return OK;
}

static err measure(struct bench *b)
{
    b->names = ARENA_ARRAY(b->arena, struct name, NAMES_MAX);
    TRY(op_check(&b->op));
    TRY(import(b));
    cli_progress_tell(&b->progress, "reading", 0, 0);
    TRY(record_unload(&b->op, b->rec, 0, keep_name, b));
    err e = b->n_names ? reads(b) : OK;
    cli_progress_tell(&b->progress, "searching", 0, 0);
    if (e == OK)
        e = searches(b);
    cli_progress_tell(&b->progress, "deciding", 0, 0);
    if (e == OK)
        e = decisions(b);
    if (e != OK && b->inner.fault.n)
        b->op.fault = b->inner.fault;
    return e;
}

static void take_away(struct arena *a, const char *dir)
{
    static const char *const files[] = {"weft.db", "weft.db-wal", "weft.db-shm", "keys", "lock"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        (void)unlink(arena_printf(a, "%s/%s", dir, files[i]).p);
    (void)rmdir(dir);
}

static int run(struct bench *b, const char *near)
{
    char dir[4096];
    int n = snprintf(dir, sizeof dir, "%s.bench-XXXXXX", near);
    if (n <= 0 || (size_t)n >= sizeof dir || !mkdtemp(dir)) {
        fprintf(stderr, "weft bench: no folder can be made beside %s (%s)\n", near,
                strerrordesc_np(errno));
        return CLI_FAILED;
    }
    cli_progress_begin(&b->progress, "bench", "loading");
    err e = record_init(&b->op, str_of(dir));
    if (e == OK)
        e = record_open(&b->op, str_of(dir), 0, &b->rec);
    if (e == OK)
        e = measure(b);
    cli_progress_end(&b->progress);
    int code = e == OK ? CLI_DONE : cli_failed("bench", &b->op);
    record_close(b->rec);
    take_away(b->arena, dir);
    return code;
}

int cli_bench(int argc, char **argv)
{
    static const char *const names[] = {"data", "patients", NULL};
    const char *v[2] = {"weft", "100"};
    struct bench b = {0};
    uint64_t patients;
    int rest, code;
    if (!cli_parse(argc, argv, &(struct cli_args){names, v, usage}, &rest, &code))
        return code;
    if (rest != argc || !str_to_u64(str_of(v[1]), 100000, &patients) || !patients)
        return cli_wrong("bench", usage, "--patients takes 1 to 100000, and nothing else is named");
    b.arena = arena_new((size_t)1 << 30);
    b.scratch = arena_new(0);
    b.patients = (size_t)patients;
    code = CLI_FAILED;
    if (b.arena && b.scratch) {
        op_init(&b.op, b.arena, identity_system(), time_now());
        fresh(&b);
        code = run(&b, v[0]);
    }
    arena_free(b.arena);
    arena_free(b.scratch);
    return code;
}
