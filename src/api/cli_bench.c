/* weft bench: a quick measure of this machine and disk with invented patients in a scratch folder,
 * through the record's own doors, one thread, no HTTP. make bench gives the whole table beside its
 * limits. Invariant: the folder named is not touched; the scratch folder beside it is taken away.
 */
#include "api/cli.h"
#include "record/bulk.h"

#include "base/time.h"
#include "demo/demo.h"

#include <unistd.h>

#define SECOND 1000000000
#define NAMES_MAX 20000u
#define ROUND 128u

static const char usage[] =
    "usage: weft bench [--data DIR] [--patients N]\n"
    "\n"
    "Loads N invented patients (100) into a scratch folder beside DIR, on the disk DIR is on, and\n"
    "measures for seconds: import, reads, searches (in the audit trail, durable), decisions with "
    "few\n"
    "facts known. One line a figure: name, value, unit. DIR itself is not touched.\n"
    "\n"
    "example: weft bench --data data --patients 200\n";

enum { PATIENT, OBSERVATION, KINDS };

struct bench {
    struct arena *arena, *scratch;
    struct op op, inner;
    struct record *rec;
    struct record_load load;
    struct facts *facts;
    fhir_type type[KINDS];
    str *ids[KINDS];
    size_t n[KINDS], bundles;
    uint64_t patients;
    struct cli_progress progress;
};
static const struct actor nurse = {.role = ROLE_NURSE, .purpose = PURPOSE_TREAT};

static void line(const char *name, uint64_t n, int64_t since)
{
    double s = (double)(time_mono_ns() - since + 1) / SECOND;
    printf("%s\t%.0f\t1/s\n", name, (double)n / s);
    (void)fflush(stdout);
}

static void fresh(struct bench *b)
{
    struct tickets owed = b->inner.audit;
    arena_reset(b->scratch);
    op_init(&b->inner, b->scratch, &nurse, b->op.now);
    b->inner.audit = owed;
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
    struct demo_options o = {.seed = 1, .patients = (size_t)b->patients, .now = b->op.now};
    struct json *truth;
    int64_t start = time_mono_ns();
    TRY(record_load_begin(&b->op, b->rec, &b->load));
    err e = demo_generate(&b->op, &o, load_one, b, &truth);
    uint64_t n = b->load.resources;
    TRY(record_load_end(&b->op, &b->load));
    line("import.resources", n, start);
    return e;
}

static err keep_name(struct op *op, void *ctx, const struct record_doc *doc)
{
    struct bench *b = ctx;
    (void)op;
    for (int k = 0; k < KINDS; k++)
        if (doc->type == b->type[k] && b->n[k] < NAMES_MAX)
            b->ids[k][b->n[k]++] = arena_str(b->arena, doc->id);
    return OK;
}

static err read_one(struct bench *b, uint64_t n)
{
    struct record_doc doc;
    str id = b->ids[OBSERVATION][n * 7919 % b->n[OBSERVATION]];
    return record_read(&b->inner, b->rec, b->type[OBSERVATION], id, &doc);
}

static err search_one(struct bench *b, uint64_t n)
{
    struct record_page page;
    str q = arena_printf(b->scratch, "patient=Patient/%.*s&_sort=-date&_count=20",
                         STR_ARG(b->ids[PATIENT][n % b->n[PATIENT]]));
    return record_find(&b->inner, b->rec, b->type[OBSERVATION], q, &page);
}

static err decide_one(struct bench *b, uint64_t n)
{
    struct verdict v;
    const struct rule *r = policy_rule_at(n % RULE_COUNT);
    return policy_decide(&b->inner, NULL, TRIGGER_BIT(r->trigger), b->facts, &v);
}

static err timed(struct bench *b, const char *name, err (*one)(struct bench *b, uint64_t n))
{
    int64_t start = time_mono_ns();
    uint64_t n = 0;
    err e = OK;
    cli_progress_tell(&b->progress, name, 0, 0);
    for (; e == OK && time_mono_ns() - start < SECOND; n++) {
        if (n % ROUND == 0)
            fresh(b);
        e = one(b, n);
    }
    if (e == OK)
        e = record_audit_wait(&b->inner, b->rec);
    if (e != OK)
        b->op.fault = b->inner.fault;
    else
        line(name, n, start);
    return e;
}

static err measure(struct bench *b)
{
    static const char *const types[KINDS] = {"Patient", "Observation"};
    for (int k = 0; k < KINDS; k++) {
        b->type[k] = fhir_type_parse(str_of(types[k]));
        b->ids[k] = ARENA_ARRAY(b->arena, str, NAMES_MAX);
    }
    b->facts = facts_new(&b->op);
    facts_set_bool(b->facts, FACT_INTERNAL_DNC, false);
    TRY(op_check(&b->op));
    TRY(import(b));
    TRY(record_unload(&b->op, b->rec, 0, keep_name, b));
    if (!b->n[PATIENT] || !b->n[OBSERVATION])
        return fail(&b->op, ERR_FAULT, "Nothing was loaded.");
    TRY(timed(b, "read", read_one));
    TRY(timed(b, "search.newest_20", search_one));
    return timed(b, "decision.few_facts", decide_one);
}

static void take_away(struct arena *a, const char *dir)
{
    static const char *const files[] = {"weft.db", "weft.db-wal", "weft.db-shm",
                                        "keys",    "master",      "lock"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        (void)unlink(arena_printf(a, "%s/%s", dir, files[i]).p);
    (void)rmdir(dir);
}

static int run(struct bench *b, const char *near)
{
    char dir[4096];
    int n = snprintf(dir, sizeof dir, "%s.bench-XXXXXX", near);
    if (n <= 0 || (size_t)n >= sizeof dir || !mkdtemp(dir)) {
        fprintf(stderr, "weft bench: no folder can be made beside %s\n", near);
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
    int rest, code = CLI_FAILED, bad;
    if (!cli_parse(argc, argv, &(struct cli_args){names, v, usage}, &rest, &bad))
        return bad;
    if (rest != argc || !str_to_u64(str_of(v[1]), 100000, &b.patients) || !b.patients)
        return cli_wrong("bench", usage, "--patients takes 1 to 100000, and nothing else is named");
    b.arena = arena_new((size_t)1 << 30);
    b.scratch = arena_new(0);
    if (b.arena && b.scratch) {
        op_init(&b.op, b.arena, identity_system(), time_now());
        fresh(&b);
        code = run(&b, v[0]);
    }
    arena_free(b.arena);
    arena_free(b.scratch);
    return code;
}
