/* Over patients of 1,000 resources each, in a real SQLite folder, without HTTP. $everything: the
 * answer is gathered, each document asked of policy, the trail told; two threads, as make bench has
 * two processors. $export: one sweep for the numbers, then all files written as NDJSON by two
 * threads. operations_bench [patients] [folder]; prints name, value, unit, goal. */
#include "base/time.h"
#include "record/bulk.h"
#include "record/jobs.h"
#include "record/operations.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define RESOURCES 1000u
#define THREADS 2
#define RUN_MS 4000

struct bench {
    struct record *rec;
    struct actor nurse;
    uint32_t patients;
    atomic_uint_fast64_t done;
    atomic_bool stop;
};

static void die(const struct op *op, const char *what)
{
    fprintf(stderr, "operations_bench: %s: %.*s\n", what,
            STR_ARG(op->fault.n ? op->fault.issues[0].message : STR("?")));
    exit(1);
}

/* A Patient, 30 visits, orders and conditions, the rest readings; one doctor and one clinic. */
static str bundle(struct arena *a, uint32_t i)
{
    struct buf b;
    buf_init(&b, a, 4u << 20);
    buf_printf(&b,
               "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":["
               "{\"resource\":{\"resourceType\":\"Practitioner\",\"id\":\"d%u\"}},{\"resource\":{"
               "\"resourceType\":\"Patient\",\"id\":\"b%u\",\"generalPractitioner\":[{"
               "\"reference\":\"Practitioner/d%u\"}]}}",
               i, i, i);
    for (uint32_t r = 1; r < 30; r++)
        buf_printf(&b,
                   ",{\"resource\":{\"resourceType\":\"Encounter\",\"id\":\"e%u-%u\",\"status\":"
                   "\"finished\",\"class\":{\"code\":\"AMB\"},\"subject\":{\"reference\":"
                   "\"Patient/b%u\"},\"participant\":[{\"individual\":{\"reference\":"
                   "\"Practitioner/d%u\"}}],\"period\":{\"start\":\"2026-01-%02uT08:00:00Z\"}}}",
                   i, r, i, i, r);
    for (uint32_t r = 30; r < RESOURCES; r++)
        buf_printf(
            &b,
            ",{\"resource\":{\"resourceType\":\"Observation\",\"status\":\"final\",\"category\":[{"
            "\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
            "observation-category\",\"code\":\"vital-signs\"}]}],\"code\":{\"coding\":[{"
            "\"system\":\"http://loinc.org\",\"code\":\"29463-7\",\"display\":\"Body weight\"}],"
            "\"text\":\"Body weight\"},\"subject\":{\"reference\":\"Patient/b%u\"},\"encounter\":{"
            "\"reference\":\"Encounter/e%u-%u\"},\"effectiveDateTime\":\"2026-%02u-%02uT08:00:00Z\""
            ",\"performer\":[{\"reference\":\"Practitioner/d%u\"}],\"valueQuantity\":{\"value\":%u,"
            "\"unit\":\"kg\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"kg\"}}}",
            i, i, 1 + r % 29, 1 + r % 12, 1 + r % 28, i, 50 + r % 60);
    buf_add(&b, STR("]}"));
    return buf_str(&b);
}

static void fill(struct op *op, struct bench *b)
{
    struct record_load load;
    struct arena *a = arena_new(0);
    if (record_load_begin(op, b->rec, &load) != OK)
        die(op, "load");
    for (uint32_t i = 0; i < b->patients; i++) {
        arena_reset(a);
        if (record_load_add(op, &load, bundle(a, i)) != OK)
            die(op, "load");
    }
    if (record_load_end(op, &load) != OK)
        die(op, "load");
    arena_free(a);
}

static void *run(void *ctx)
{
    struct bench *b = ctx;
    struct arena *a = arena_new(0);
    struct op op;
    for (uint32_t i = 0; !atomic_load(&b->stop); i++) {
        struct record_page page;
        arena_reset(a);
        op_init(&op, a, &b->nurse, time_now());
        struct record_everything q = {.type = fhir_type_parse(STR("Patient")),
                                      .id = arena_printf(a, "b%u", i % b->patients),
                                      .since = INT64_MIN,
                                      .start = INT64_MIN,
                                      .end = INT64_MAX,
                                      .count = RECORD_EVERYTHING_MAX};
        if (record_everything(&op, b->rec, &q, &page) != OK || page.n != RESOURCES + 1)
            die(&op, "everything");
        atomic_fetch_add(&b->done, 1);
    }
    arena_free(a);
    return NULL;
}

static void everything(struct bench *b)
{
    pthread_t threads[THREADS];
    int64_t start = time_mono();
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, run, b) != 0)
            exit(1);
    while (time_mono() - start < RUN_MS)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    atomic_store(&b->stop, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("$everything of a 1,000-resource patient\t%.0f\tanswers/s\t>= 300\n",
           (double)atomic_load(&b->done) * 1000 / (double)(time_mono() - start));
    fflush(stdout);
}

#define FILE_COUNT 20000u

struct exporter {
    struct bench *b;
    const struct actor *system;
    const struct record_export_found *found;
    size_t n, bytes;
    uint64_t t;
};

static void *write_files(void *ctx)
{
    struct exporter *x = ctx;
    uint64_t *rids = calloc(FILE_COUNT, sizeof *rids);
    for (size_t from = 0; from < x->n; from += FILE_COUNT) {
        struct arena *a = arena_new(0);
        struct op op;
        struct buf out;
        struct record_export_file f = {.t = x->t, .rids = rids};
        op_init(&op, a, x->system, time_now());
        buf_init(&out, a, 256u << 20);
        for (; f.n < FILE_COUNT && from + f.n < x->n; f.n++)
            rids[f.n] = x->found[from + f.n].rid;
        if (record_export_write(&op, x->b->rec, &f, &out) != OK)
            die(&op, "export");
        x->bytes += out.n;
        arena_free(a);
    }
    free(rids);
    return NULL;
}

static void export(struct op *op, struct bench *b)
{
    struct record_export x = {.t = record_now_t(b->rec), .since = INT64_MIN};
    struct record_export_found *found;
    struct exporter half[THREADS];
    pthread_t threads[THREADS];
    uint64_t next;
    size_t n;
    int64_t start = time_mono();
    if (record_export_slice(op, b->rec, &x, 1, SIZE_MAX, &found, &n, &next) != OK)
        die(op, "export");
    for (size_t i = 0; i < THREADS; i++) {
        size_t from = n * i / THREADS, to = n * (i + 1) / THREADS;
        half[i] = (struct exporter){
            .b = b, .system = op->actor, .found = found + from, .n = to - from, .t = x.t};
        if (pthread_create(&threads[i], NULL, write_files, &half[i]) != 0)
            exit(1);
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("$export (%zu resources, %zu MB of NDJSON)\t%.0f\tresources/s\t>= 100000\n", n,
           (half[0].bytes + half[1].bytes) >> 20, (double)n * 1000 / (double)(time_mono() - start));
}

int main(int argc, char **argv)
{
    struct bench b = {.patients = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 100};
    str dir = str_of(argc > 2 ? argv[2] : "operations-bench");
    struct actor system = {.role = ROLE_SYSTEM, .purpose = PURPOSE_SYSADMIN, .user = STR("bench")};
    struct op op;
    b.nurse = (struct actor){.role = ROLE_NURSE, .purpose = PURPOSE_TREAT, .user = STR("bench")};
    op_init(&op, arena_new(0), &system, time_now());
    if (record_init(&op, dir) != OK || record_open(&op, dir, 0, &b.rec) != OK)
        die(&op, "folder");
    fill(&op, &b);
    everything(&b);
    export(&op, &b);
    record_close(b.rec);
    arena_free(op.arena);
    return 0;
}
