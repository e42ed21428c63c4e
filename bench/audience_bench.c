/* Figures of audiences over invented patients in a real SQLite folder (crowd.c), through what the
 * console's routes call: the live count of typical chips with its reasons, right after a start when
 * nothing is ready, as a rule, with one chip more, after others wrote, and with a search of a
 * nurse's own; then an approval's list and thirty days planned of everybody; and what the room
 * costs: the first reading of everybody, a later start, memory. audience_bench PEOPLE DIR: a DIR
 * that was filled is used as it is; 1,000,000 people take 4 GB of disk and ten minutes of one
 * processor to fill. Rows: name, value, unit, limit; limits of a million are scaled to PEOPLE. */
#include "base/log.h"
#include "base/time.h"
#include "campaign/audience_int.h"
#include "campaign/people_int.h"
#include "campaign/run_int.h"
#include "crowd.h"
#include "record/cohort.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ASK_BYTES ((size_t)512 << 20) /* http.memory_max */
#define READY_MS (3600 * 1000LL)
#define ROUNDS 3
#define WRITTEN 100

struct bench {
    struct op op;
    struct record *rec;
    struct config *config;
    struct outreach *outreach;
    struct campaigns *c;
    uint32_t people;
    struct actor ann, bob, nurse;
};

struct took {
    double wall, cpu; /* ms; of this thread */
};

static void stop_at(err e, const struct op *op, const char *what)
{
    if (e == OK)
        return;
    fprintf(stderr, "audience_bench: %s: %.*s\n", what,
            STR_ARG(op->fault.n ? op->fault.issues[0].message : STR("?")));
    exit(2);
}

static double own_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct took begin(void)
{
    return (struct took){(double)time_mono_ns() / 1e6, own_ms()};
}

static struct took since(struct took from)
{
    return (struct took){(double)time_mono_ns() / 1e6 - from.wall, own_ms() - from.cpu};
}

static void row(const char *name, double v, const char *unit, const char *limit)
{
    printf("%s\t%.1f\t%s\t%s\n", name, v, unit, limit);
    fflush(stdout);
}

static void row_of(const struct bench *b, const char *name, struct took t, double limit_ms)
{
    printf("audience of %u: %s\t%.1f\tms\t<= %.0f; processor %.1f\n", b->people, name, t.wall,
           limit_ms * b->people / 1e6, t.cpu);
    fflush(stdout);
}

static double resident_mb(void)
{
    char line[100];
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f || !fgets(line, sizeof line, f))
        exit(2);
    (void)fclose(f);
    str rest = str_of(line), size;
    uint64_t pages = 0;
    if (!str_take_until(&rest, ' ', &size) || !str_take_until(&rest, ' ', &size) ||
        !str_to_u64(size, UINT64_MAX, &pages))
        exit(2);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static struct actor staff(enum role role, const char *user)
{
    return (struct actor){.role = role,
                          .purpose = role_purpose(role),
                          .user = str_of(user),
                          .session = STR("s1"),
                          .strong = true};
}

/* A folder is whole once its file `filled` says so. */
static void open_record(struct bench *b, str dir)
{
    struct stat st;
    uint64_t n = 0;
    const char *mark = str_z(b->op.arena, arena_cat(b->op.arena, dir, STR("/filled")));
    bool fresh = stat(mark, &st) != 0;
    if (fresh)
        stop_at(record_init(&b->op, dir), &b->op, "init");
    stop_at(record_open(&b->op, dir, 0, &b->rec), &b->op, "open");
    if (!fresh)
        return;
    struct took from = begin();
    stop_at(crowd_fill(&b->op, b->rec, b->people, &n), &b->op, "fill");
    printf("audience of %u: %llu resources loaded\t%.0f\tresources/s\t\n", b->people,
           (unsigned long long)n, (double)n / since(from).wall * 1e3);
    FILE *f = fopen(mark, "we");
    if (!f || fclose(f) != 0)
        exit(2);
}

static void open_bench(struct bench *b, str dir)
{
    static const char *const house[][2] = {{"sms.channel", "screen"},
                                           {"smtp.channel", "screen"},
                                           {"sms.route", "us_10dlc"},
                                           {"sms.campaign_approved", "true"}};
    b->ann = staff(ROLE_OUTREACH, "ann");
    b->bob = staff(ROLE_OUTREACH, "bob");
    b->nurse = staff(ROLE_NURSE, "cy");
    op_init(&b->op, arena_new((size_t)1 << 30), campaign_system(), time_now());
    open_record(b, dir);
    b->config = config_new(b->op.arena);
    for (size_t i = 0; i < sizeof house / sizeof *house; i++)
        stop_at(config_set(&b->op, b->config, str_of(house[i][0]), str_of(house[i][1])), &b->op,
                "config");
    stop_at(outreach_new(&b->op, b->rec, b->config, &b->outreach), &b->op, "outreach");
}

/* From the start of the room's followers to the first count that is possible. */
static double start(struct bench *b)
{
    unsigned percent;
    struct took from = begin();
    stop_at(campaigns_new(&b->op, b->rec, b->outreach, b->config, &b->c), &b->op, "campaigns");
    stop_at(people_start(&b->op, b->c->people), &b->op, "people");
    while (!people_ready(b->c->people, &percent)) {
        if (since(from).wall > READY_MS)
            exit(2);
        usleep(1000);
    }
    return since(from).wall;
}

static void stop(struct bench *b)
{
    campaigns_stop(b->c);
    campaigns_free(b->c);
    b->c = NULL;
}

/* One answer of POST /audience-count, in memory of its own. */
static struct took count(struct bench *b, const struct actor *who, const char *definition)
{
    struct op op;
    struct arena *a = arena_new(ASK_BYTES);
    struct json *in, *o;
    struct buf text;
    op_init(&op, a, who, time_now());
    op.deadline = op.now + 60000;
    stop_at(json_read(&op, str_of(definition), &JSON_LIMITS_DEFAULT, &in), &op, "definition");
    struct took from = begin();
    stop_at(audience_count(&op, b->c, in, &o), &op, definition);
    struct took t = since(from);
    buf_init(&text, a, 65536);
    json_write(&text, o);
    fprintf(stderr, "audience_bench: %s: %.*s\n", definition, STR_ARG(buf_str(&text)));
    arena_free(a);
    return t;
}

static struct took best(struct bench *b, const struct actor *who, const char *definition)
{
    struct took least = count(b, who, definition);
    for (int i = 1; i < ROUNDS; i++) {
        struct took t = count(b, who, definition);
        least = t.wall < least.wall ? t : least;
    }
    return least;
}

#define RISK                                                                                       \
    "[{\"chip\":\"age-65\"},{\"chip\":\"diabetes\"},{\"chip\":\"chronic-heart\"},{\"chip\":"       \
    "\"chronic-lung\"}]"
#define UNVACCINATED "[{\"chip\":\"flu-vaccine\",\"not\":true}]"
#define SPANISH "[{\"chip\":\"language\",\"value\":\"es\"}]"
#define NO_VISIT "[{\"search\":\"Encounter?date=ge%.*s\",\"not\":true}]"

/* What followers of the room make ready soon after a start: see audience_ready.c. */
static void make_ready(struct bench *b)
{
    struct took from = begin();
    for (size_t i = 0; i < CHIP_COUNT; i++) {
        struct chip_ask asks[CHIP_ASKS_MAX];
        struct chip chip = {.row = &CHIPS[i]};
        size_t n = CHIPS[i].search ? chip_asks(&b->op, &chip, b->op.now, asks) : 0;
        for (size_t k = 0; k < n; k++)
            stop_at(record_cohort_ready(&b->op, b->rec, asks[k].type, asks[k].query), &b->op,
                    CHIPS[i].code);
    }
    row_of(b, "the other chips made ready", since(from), 20000);
}

/* Others write: conditions of people all over the table. */
static void write_some(struct bench *b)
{
    for (uint32_t i = 0; i < WRITTEN; i++) {
        struct json *tree;
        struct record_result r;
        struct op op;
        struct arena *a = arena_new(0);
        op_init(&op, a, campaign_system(), time_now());
        str text = arena_printf(a,
                                "{\"resourceType\":\"Condition\",\"code\":{\"coding\":[{\"system\":"
                                "\"http://snomed.info/sct\",\"code\":\"44054006\"}]},\"subject\":{"
                                "\"reference\":\"Patient/c%u\"}}",
                                (uint32_t)((uint64_t)b->people * i / WRITTEN));
        stop_at(fhir_read(&op, text, 0, &tree), &op, "condition");
        stop_at(record_create(&op, b->rec, tree, STR_NONE, &r), &op, "condition");
        arena_free(a);
    }
}

static void counts(struct bench *b)
{
    static const char two[] = "{\"groups\":[" RISK "," UNVACCINATED "]}",
                      three[] = "{\"groups\":[" RISK "," UNVACCINATED "," SPANISH "]}";
    struct arena *a = arena_new(0);
    str day = str_sub(time_format(a, b->op.now - 180 * 86400000LL), 0, 10);
    const char *own =
        str_z(a, arena_printf(a, "{\"groups\":[" RISK "," NO_VISIT "]}", STR_ARG(day)));
    row_of(b, "counted with reasons, five chips, nothing ready", count(b, &b->ann, two), 1000);
    make_ready(b);
    row_of(b, "counted with reasons, five chips", best(b, &b->ann, two), 1000);
    row_of(b, "the same with a chip more", best(b, &b->ann, three), 1000);
    write_some(b);
    row_of(b, "the same after 100 writes of others", count(b, &b->ann, three), 1000);
    row_of(b, "a nurse's own search beside chips, first", count(b, &b->nurse, own), 1000);
    row_of(b, "the same again", best(b, &b->nurse, own), 1000);
    row_of(b, "everybody counted with reasons", best(b, &b->ann, "{}"), 1000);
    arena_free(a);
}

static str plan_for(struct op *op, struct bench *b, str group)
{
    struct json *plan = NULL, *o, *x = json_new(op->arena, JSON_OBJECT),
                *ref = json_new(op->arena, JSON_OBJECT);
    for (size_t i = 0; plan_shipped_at(i); i++)
        if (strcmp(plan_shipped_at(i)->code, "immunisation") == 0)
            stop_at(json_read(op, str_of(plan_shipped_at(i)->plan), &JSON_LIMITS_DEFAULT, &plan),
                    op, "outline");
    json_set_str(op->arena, ref, STR("reference"),
                 arena_printf(op->arena, "Group/%.*s", STR_ARG(group)));
    json_set_str(op->arena, x, STR("url"), STR(PLAN_URL "audience"));
    json_set(op->arena, x, STR("valueReference"), ref);
    json_push(op->arena, JSON_GET(plan, "extension"), x);
    stop_at(campaign_put(op, b->c, STR_NONE, plan, &o), op, "campaign");
    return json_get_str(o, STR("id"));
}

/* As POST /campaigns/{id}/simulate and /step do it. */
static void plan(struct bench *b)
{
    struct op op;
    struct arena *a = arena_new(ASK_BYTES);
    struct json *in, *o;
    op_init(&op, a, &b->ann, time_now());
    stop_at(
        json_read(&op, STR("{\"name\":\"everybody\",\"holdOut\":0}"), &JSON_LIMITS_DEFAULT, &in),
        &op, "definition");
    stop_at(audience_put(&op, b->c, STR_NONE, in, &o), &op, "audience");
    str id = arena_str(b->op.arena, plan_for(&op, b, json_get_str(o, STR("id"))));
    arena_reset(a);
    op_init(&op, a, &b->ann, time_now());
    op.deadline = op.now + 600000;
    struct took from = begin();
    stop_at(campaign_simulate(&op, b->c, id, &(struct campaign_days){.days = 30}, &o), &op,
            "simulate");
    row_of(b, "30 days planned of everybody who is reached", since(from), 20000);
    row("memory of one such request", (double)arena_used(a) / 1e6, "MB", "<= 537, http.memory_max");
    arena_reset(a);
    op_init(&op, a, &b->ann, time_now());
    stop_at(campaign_do(&op, b->c, id, CAMPAIGN_SUBMIT, 0, &o), &op, "submit");
    op_init(&op, a, &b->bob, time_now());
    from = begin();
    stop_at(campaign_do(&op, b->c, id, CAMPAIGN_APPROVE, 0, &o), &op, "approve");
    row_of(b, "approved, its people listed and kept", since(from), 20000);
    arena_free(a);
}

int main(int argc, char **argv)
{
    static struct bench b;
    b.people = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;
    log_level_set(LOG_ERROR);
    open_bench(&b, str_of(argc > 2 ? argv[2] : "/tmp/weft-audience-bench"));
    double before = resident_mb();
    row("people: everybody read, or the saved copy", start(&b), "ms", "");
    stop(&b);
    row("people: ready at a later start", start(&b), "ms", "");
    row("people: bytes a person",
        (double)(b.c->people->n_slots * sizeof *b.c->people->slots) / b.people +
            sizeof(struct person),
        "bytes", "<= 100");
    counts(&b);
    row("memory of the room, after all counts", resident_mb() - before, "MB", "");
    plan(&b);
    stop(&b);
    outreach_free(b.outreach);
    record_close(b.rec);
    arena_free(b.op.arena);
    return 0;
}
