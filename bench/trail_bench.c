/* Searching a long trail: AuditEvents by patient, agent, date and more, 20 a page, in a real SQLite
 * folder of generated looks. trail_bench [entries] [folder]; a folder that is there is used as it
 * is. Prints name, value, unit, goal, which is for 10 M entries. */
#include "base/time.h"
#include "record/record_int.h"

#include <pthread.h>
#include <sys/stat.h>

#define PATIENTS 1000u
#define AGENTS 500u
#define BATCH 4000u
#define THREADS 2

struct bench {
    struct record *rec;
    struct store *store;
    struct actor system;
    uint64_t rid[PATIENTS];
    uint64_t entries;
};

static void die(const struct op *op, const char *what)
{
    fprintf(stderr, "trail_bench: %s: %.*s\n", what,
            STR_ARG(op->fault.n ? op->fault.issues[0].message : STR("?")));
    exit(1);
}

/* Every 1000th look is refused; every 50th is a change. */
static void one(struct op *op, struct bench *b, struct store_tx *tx, uint64_t i)
{
    struct actor *who = ARENA_NEW(op->arena, struct actor);
    *who = (struct actor){.role = ROLE_NURSE, .purpose = PURPOSE_TREAT, .session = STR("s1")};
    who->user = arena_printf(op->arena, "nurse.%u", (unsigned)(i * 7919 % AGENTS));
    who->reference = arena_printf(op->arena, "Practitioner/n%u", (unsigned)(i * 7919 % AGENTS));
    const struct actor *before = op->actor;
    struct audit a = {.action = i % 50 ? ACTION_READ : ACTION_UPDATE,
                      .outcome = i % 1000 ? OK : ERR_FORBIDDEN,
                      .type = fhir_type_parse(STR("Observation")),
                      .rid = 1000000 + i % 3000000,
                      .vid = 1,
                      .patients = &b->rid[i * 31 % PATIENTS],
                      .n_patients = 1,
                      .rule = STR("ACCESS-NURSE-01")};
    op->actor = who;
    audit_put(op, b->rec, tx, &a);
    op->actor = before;
}

struct part {
    struct bench *b;
    uint64_t from, to;
};

static void *fill(void *ctx)
{
    struct part *p = ctx;
    struct arena *a = arena_new(0);
    struct store_commit c;
    struct op op;
    for (uint64_t i = p->from; i < p->to;) {
        arena_reset(a);
        op_init(&op, a, &p->b->system, time_now());
        struct store_tx *tx = store_tx_new(&op, p->b->store);
        for (unsigned k = 0; k < BATCH && i < p->to; k++)
            one(&op, p->b, tx, i++);
        if (store_commit(&op, tx, &c) != OK)
            die(&op, "fill");
    }
    arena_free(a);
    return NULL;
}

static void make(struct bench *b, struct op *op, uint64_t n)
{
    pthread_t t[THREADS];
    struct part parts[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        parts[i] = (struct part){b, n * i / THREADS, n * (i + 1) / THREADS};
        if (pthread_create(&t[i], NULL, fill, &parts[i]) != 0)
            die(op, "thread");
    }
    for (unsigned i = 0; i < THREADS; i++)
        (void)pthread_join(t[i], NULL);
}

static void patients(struct bench *b, struct op *op)
{
    struct arena *a = arena_new(0);
    for (unsigned i = 0; i < PATIENTS; i++) {
        struct op one;
        str id = arena_printf(op->arena, "b%u", i);
        op_init(&one, a, &b->system, time_now());
        err e = record_resolve(&one, b->rec, b->rec->t_patient, id, &b->rid[i]);
        if (e != OK) {
            struct json *p;
            struct record_result r;
            op_clear(&one);
            str text = arena_printf(a, "{\"resourceType\":\"Patient\",\"id\":\"b%u\"}", i);
            if (fhir_read(&one, text, 0, &p) != OK ||
                record_update(&one, b->rec, b->rec->t_patient, id, p, STR_NONE, &r) != OK ||
                record_resolve(&one, b->rec, b->rec->t_patient, id, &b->rid[i]) != OK)
                die(&one, "patient");
        }
        arena_reset(a);
    }
    arena_free(a);
}

static void ask(struct bench *b, const char *name, const char *query)
{
    double worst = 0;
    size_t n = 0;
    for (unsigned i = 0; i < 5; i++) {
        struct arena *a = arena_new(0);
        struct record_page page;
        struct op op;
        op_init(&op, a, &b->system, time_now());
        int64_t from = time_mono_ns();
        if (record_find(&op, b->rec, b->rec->t_audit, str_of(query), &page) != OK)
            die(&op, name);
        double took = (double)(time_mono_ns() - from) / 1e6;
        worst = took > worst ? took : worst;
        n = page.n_match;
        arena_free(a);
    }
    printf("trail.%s\t%.1f\tms\t<= 2000 over 10 M; %zu of %.1f M\n", name, worst, n,
           (double)b->entries / 1e6);
}

int main(int argc, char **argv)
{
    uint64_t n = 10000000;
    struct bench b = {.system = {.role = ROLE_SYSTEM, .user = STR("system"), .strong = true}};
    struct arena *a = arena_new(0);
    struct op op;
    struct stat st;
    const char *dir = argc > 2 ? argv[2] : "trail-bench";
    if (argc > 1 && !str_to_u64(str_of(argv[1]), UINT32_MAX, &n))
        return 2;
    b.system.purpose = role_purpose(ROLE_SYSTEM);
    op_init(&op, a, &b.system, time_now());
    bool there = stat(dir, &st) == 0;
    if ((!there && record_init(&op, str_of(dir)) != OK) ||
        record_open(&op, str_of(dir), (size_t)256 << 20, &b.rec) != OK)
        die(&op, "folder");
    b.store = record_store(b.rec);
    patients(&b, &op);
    int64_t from = time_mono();
    if (!there)
        make(&b, &op, n);
    int64_t took = time_mono() - from;
    struct store_stats stats;
    store_stats(b.store, &stats);
    b.entries = stats.trail_entries;
    if (!there)
        printf("trail, lines written and keyed\t%.0f\t/s\t%.0f bytes each\n",
               (double)b.entries * 1e3 / (double)took,
               (double)stats.bytes_on_disk / (double)b.entries);
    ask(&b, "newest", "_count=20");
    ask(&b, "patient", "patient=Patient/b7&_count=20");
    ask(&b, "agent", "agent=Practitioner/n7&_count=20");
    ask(&b, "patient_agent", "patient=Patient/b7&agent=Practitioner/n7&_count=20");
    ask(&b, "patient_failed", "patient=Patient/b7&outcome=4&_count=20");
    ask(&b, "date", "date=ge2026-01-01&date=lt2100-01-01&_count=20");
    ask(&b, "patient_date", "patient=Patient/b7&date=ge2026-01-01&_count=20");
    ask(&b, "failed", "outcome=4&_count=20");
    ask(&b, "changes_by_agent", "agent=Practitioner/n8&action=U&_count=20");
    record_close(b.rec);
    arena_free(a);
    return 0;
}
