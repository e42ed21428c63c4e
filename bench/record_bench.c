/* The record without HTTP: audited reads by id, and searches by patient, code and date, newest
 * first, 20 a page, over weights of invented patients in a real SQLite folder. What the server adds
 * is bench/http_bench.sh's and search_bench.sh's to tell. The price of sealing is measured beside
 * them, for there is no server without it. record_bench [patients] [folder] [readings]: one patient
 * in every so many as there are readings has them, so that there are as many readings as patients;
 * with "fill" behind it only makes the folder. Prints name, value, unit, goal. */
#include "base/time.h"
#include "record/bulk.h"
#include "record/record.h"
#include "store/store_int.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS 2
#define RUN_MS 4000
#define SAMPLES 400000u

struct bench {
    struct record *rec;
    struct actor nurse;
    uint32_t patients, rich, readings; /* the first `rich` patients have readings each */
    bool search;
    char (*ids)[16]; /* of the readings, as the server made them */
    size_t n_ids;
    atomic_uint_fast64_t done;
    atomic_bool stop;
    uint32_t *took_us[THREADS];
    atomic_size_t n[THREADS];
};

struct runner {
    struct bench *b;
    int index;
};

static void die(const struct op *op, const char *what)
{
    fprintf(stderr, "record_bench: %s: %.*s\n", what,
            STR_ARG(op->fault.n ? op->fault.issues[0].message : STR("?")));
    exit(1);
}

static str patient_bundle(struct arena *a, uint32_t i, uint32_t readings)
{
    struct buf b;
    buf_init(&b, a, 1u << 20);
    buf_printf(&b,
               "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{\"resource\":{"
               "\"resourceType\":\"Patient\",\"id\":\"b%u\",\"identifier\":[{\"system\":"
               "\"urn:bench\",\"value\":\"%u\"}]}}",
               i, i);
    for (uint32_t r = 0; r < readings; r++)
        buf_printf(
            &b,
            ",{\"resource\":{\"resourceType\":\"Observation\",\"status\":"
            "\"final\","
            "\"code\":{\"coding\":[{\"system\":\"http://"
            "loinc.org\",\"code\":\"%s\"}]},\"subject\":{"
            "\"reference\":\"Patient/b%u\"},\"effectiveDateTime\":\"2026-%02u-%02uT08:%02u:00Z\","
            "\"valueQuantity\":{\"value\":%u,\"unit\":\"kg\",\"system\":\"http://"
            "unitsofmeasure.org\","
            "\"code\":\"kg\"}}}",
            (i + r) % 4 ? "8867-4" : "29463-7", i, 1 + (i + r) % 12, 1 + r % 28, i % 60,
            50 + r % 60);
    buf_add(&b, STR("]}"));
    return buf_str(&b);
}

static void fill(struct op *op, struct bench *b)
{
    struct record_load load;
    struct arena *a = arena_new(0);
    int64_t start = time_mono();
    if (record_load_begin(op, b->rec, &load) != OK)
        die(op, "load");
    for (uint32_t i = 0; i < b->patients; i++) {
        arena_reset(a);
        if (record_load_add(op, &load, patient_bundle(a, i, i < b->rich ? b->readings : 0)) != OK)
            die(op, "load");
    }
    if (record_load_end(op, &load) != OK)
        die(op, "load");
    fprintf(stderr, "record_bench: %llu resources in %lld ms\n", (unsigned long long)load.resources,
            (long long)(time_mono() - start));
    arena_free(a);
}

static err keep_id(struct op *op, void *ctx, const struct record_doc *doc)
{
    struct bench *b = ctx;
    (void)op;
    if (doc->id.n == sizeof b->ids[0] && b->n_ids < (size_t)b->rich * b->readings)
        memcpy(b->ids[b->n_ids++], doc->id.p, doc->id.n);
    return OK;
}

static err once(struct op *op, struct bench *b, uint64_t dice)
{
    uint32_t i = (uint32_t)(dice % b->rich);
    struct record_doc doc;
    struct record_page page;
    if (!b->search)
        return record_read(op, b->rec, fhir_type_parse(STR("Observation")),
                           str_make(b->ids[dice % b->n_ids], sizeof b->ids[0]), &doc);
    return record_find(op, b->rec, fhir_type_parse(STR("Observation")),
                       arena_printf(op->arena,
                                    "patient=b%u&code=http://loinc.org|%s&date=ge2026-03-01&"
                                    "_sort=-date&_count=20",
                                    i, i % 4 ? "8867-4" : "29463-7"),
                       &page);
}

static void *run(void *ctx)
{
    struct runner *r = ctx;
    struct bench *b = r->b;
    struct arena *a = arena_new(0);
    struct op op;
    uint64_t seed = 77u + (uint64_t)r->index;
    while (!atomic_load(&b->stop)) {
        arena_reset(a);
        op_init(&op, a, &b->nurse, time_now());
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        int64_t start = time_mono_ns();
        if (once(&op, b, seed >> 33) != OK)
            die(&op, "read or search");
        size_t n = atomic_load(&b->n[r->index]);
        if (n < SAMPLES) {
            b->took_us[r->index][n] = (uint32_t)((time_mono_ns() - start) / 100); /* tenths */
            atomic_store(&b->n[r->index], n + 1);
        }
        atomic_fetch_add(&b->done, 1);
    }
    if (record_audit_wait(&op, b->rec) != OK)
        die(&op, "trail");
    arena_free(a);
    return NULL;
}

/* Of the whole process: what a figure costs even when the machine is busy with others. */
static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int by_value(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return (a > b) - (a < b);
}

/* Microseconds of processor time each. */
static double measure(struct bench *b, bool search, const char *name, const char *goal)
{
    pthread_t threads[THREADS];
    struct runner runners[THREADS];
    b->search = search;
    atomic_store(&b->done, 0);
    atomic_store(&b->stop, false);
    int64_t start = time_mono_ns(), cpu = cpu_ns();
    for (int i = 0; i < THREADS; i++) {
        runners[i] = (struct runner){b, i};
        atomic_store(&b->n[i], 0);
        if (pthread_create(&threads[i], NULL, run, &runners[i]) != 0)
            exit(1);
    }
    struct timespec t = {.tv_sec = RUN_MS / 1000, .tv_nsec = RUN_MS % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
    atomic_store(&b->stop, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    double s = (double)(time_mono_ns() - start) / 1e9;
    double each = (double)(cpu_ns() - cpu) / 1e3 / (double)atomic_load(&b->done);
    size_t n = atomic_load(&b->n[0]);
    qsort(b->took_us[0], n, sizeof *b->took_us[0], by_value);
    printf("%s\t%.0f\t/s\t%s\n", name, (double)atomic_load(&b->done) / s, goal);
    printf("%s, processor\t%.1f\tus\t\n", name, each);
    if (n)
        printf("%s, p50 and p99\t%.1f %.1f\tus\t\n", name, b->took_us[0][n / 2] / 10.0,
               b->took_us[0][n * 99 / 100] / 10.0);
    return each;
}

#define SEALS 200000u
#define DOC_BYTES 210u /* packed, as these readings are */
#define LOOK_BYTES 120u
#define LOOKS 16u  /* of a frame */
#define OPENED 20u /* of a search */

/* Microseconds for opening a document: `row` of a patient after each other, as a search finds them.
 */
static double opening(struct bench *b, str *sealed, struct arena *a, uint64_t row)
{
    struct store *s = record_store(b->rec);
    struct op op;
    str plain;
    int64_t from = cpu_ns();
    for (uint64_t i = 0; i < SEALS; i++) {
        uint64_t who = i / row % 64;
        if (i % row == 0) { /* an operation */
            arena_reset(a);
            op_init(&op, a, NULL, 0);
        }
        if (unseal(&op, &s->vault, 1 + who * 7919 % b->patients, STR("0123456789abcde"),
                   sealed[who], &plain) != OK)
            die(&op, "unseal");
    }
    return (double)(cpu_ns() - from) / 1e3 / SEALS;
}

/* The price of sealing, in microseconds: a document of any of the patients opened, or those of one;
 * a look's share of two seals (spool, row). */
static void price(struct bench *b, double read_us, double search_us)
{
    struct store *s = record_store(b->rec);
    struct arena *a = arena_new(0);
    static char text[LOOKS * LOOK_BYTES];
    str sealed[64], plain;
    struct op op;
    op_init(&op, a, NULL, 0);
    for (uint64_t i = 0; i < 64; i++)
        if (seal(&op, &s->vault, 1 + i * 7919 % b->patients, STR("0123456789abcde"),
                 str_make(text, DOC_BYTES), &sealed[i]) != OK)
            die(&op, "seal");
    struct arena *scratch = arena_new(0);
    double open_us = opening(b, sealed, scratch, 1), found_us = opening(b, sealed, scratch, OPENED);
    int64_t from = cpu_ns();
    for (uint64_t i = 0; i < SEALS / 8; i++) {
        arena_reset(scratch);
        op_init(&op, scratch, NULL, 0);
        if (seal(&op, &s->vault, OWNER_STORE, STR("trail"), str_make(text, sizeof text), &plain) !=
            OK)
            die(&op, "seal");
    }
    double look_us = 2 * (double)(cpu_ns() - from) / 1e3 / (SEALS / 8.0) / LOOKS;
    printf("price of sealing: read by id, opening and look\t%.1f\t%%\t<= 15 (%.2f of %.1f us)\n",
           100 * (open_us + look_us) / read_us, open_us + look_us, read_us);
    printf("price of sealing: search, 20 opened and look\t%.1f\t%%\t<= 15 (%.2f of %.1f us)\n",
           100 * (OPENED * found_us + look_us) / search_us, OPENED * found_us + look_us, search_us);
    arena_free(scratch);
    arena_free(a);
}

int main(int argc, char **argv)
{
    struct bench b = {.patients = 1000, .readings = 100};
    uint64_t n;
    struct arena *a = arena_new(0);
    struct op op;
    char dir[64] = "/tmp/weft-record-bench-XXXXXX";
    if (argc > 1 && str_to_u64(str_of(argv[1]), 1000000, &n) && n)
        b.patients = (uint32_t)n;
    if (argc > 3 && str_to_u64(str_of(argv[3]), 1000, &n) && n)
        b.readings = (uint32_t)n;
    b.rich = (b.patients + b.readings - 1) / b.readings;
    const struct actor system = {
        .role = ROLE_SYSTEM, .purpose = PURPOSE_HOPERAT, .user = STR("bench")};
    op_init(&op, a, &system, time_now());
    str folder = argc > 2 ? str_of(argv[2]) : str_of(mkdtemp(dir));
    if (record_init(&op, folder) != OK || record_open(&op, folder, 0, &b.rec) != OK)
        die(&op, "folder");
    b.nurse =
        (struct actor){.role = ROLE_NURSE, .purpose = PURPOSE_TREAT, .user = STR("bench.nurse")};
    for (int i = 0; i < THREADS; i++)
        b.took_us[i] = calloc(SAMPLES, sizeof *b.took_us[i]);
    fill(&op, &b);
    if (argc > 4) {
        record_close(b.rec);
        return 0;
    }
    b.ids = calloc((size_t)b.rich * b.readings, sizeof *b.ids);
    if (!b.ids || record_unload(&op, b.rec, fhir_type_parse(STR("Observation")), keep_id, &b) != OK)
        die(&op, "ids");
    double read_us = measure(&b, false, "record read, audited", "<= 8 us each");
    double search_us =
        measure(&b, true, "record search: patient, code, date, sorted", ">= 8000, p99 <= 5000 us");
    price(&b, read_us, search_us);
    record_close(b.rec);
    arena_free(a);
    return 0;
}
