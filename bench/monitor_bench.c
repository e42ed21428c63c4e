/* Readings in, cases out: how many readings a second are durable with the rules run, and how long
 * from a critical reading's commit to its case being in the record. The real rooms over a real
 * SQLite folder; readings come in batches of 64 as the MQTT intake makes them. Prints name, value,
 * unit, goal. */
#include "base/log.h"
#include "monitor/monitor.h"
#include "record/bulk.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#define PATIENTS 2000
#define BATCH 64
#define RUN_MS 8000

struct bench {
    struct record *rec;
    _Atomic uint64_t readings;
    _Atomic bool stop;
    uint64_t per_second; /* 0: as fast as it goes */
};

static void die(const struct op *op, const char *what)
{
    fprintf(stderr, "monitor_bench: %s: %.*s\n", what,
            STR_ARG(op->fault.n ? op->fault.issues[0].message : STR("?")));
    exit(1);
}

static str patient_text(struct op *op, int i)
{
    return arena_printf(
        op->arena,
        "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{\"request\":"
        "{\"method\":\"PUT\",\"url\":\"Patient/b%d\"},\"resource\":{\"resourceType\":"
        "\"Patient\",\"id\":\"b%d\"}}]}",
        i, i);
}

static str reading_text(struct op *op, int patient, int64_t at, double value)
{
    str time = time_format(op->arena, at);
    return arena_printf(
        op->arena,
        "{\"resourceType\":\"Observation\",\"status\":\"final\",\"category\":[{\"coding\":[{"
        "\"system\":"
        "\"http://terminology.hl7.org/CodeSystem/"
        "observation-category\",\"code\":\"vital-signs\"}]}],"
        "\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"8867-4\",\"display\":"
        "\"Heart "
        "rate\"}]},\"subject\":{\"reference\":\"Patient/b%d\"},\"effectiveDateTime\":\"%.*s\","
        "\"valueQuantity\":{\"value\":%.0f,\"unit\":\"/min\",\"system\":\"http://"
        "unitsofmeasure.org\","
        "\"code\":\"/min\"}}",
        patient, STR_ARG(time), value);
}

static void load(struct op *op, struct record *rec)
{
    struct record_load l;
    if (record_load_begin(op, rec, &l) != OK)
        die(op, "load");
    for (int i = 0; i < PATIENTS; i++)
        if (record_load_add(op, &l, patient_text(op, i)) != OK)
            die(op, "patient");
    if (record_load_end(op, &l) != OK)
        die(op, "load");
}

static void one_batch(struct bench *b, struct arena *a, uint64_t from)
{
    struct op op;
    arena_reset(a);
    op_init(&op, a, identity_system(), time_now());
    struct record_tx *tx = record_begin(&op, b->rec);
    for (uint64_t i = from; i < from + BATCH; i++) {
        struct json *o;
        str id, text = reading_text(&op, (int)(i * 7919 % PATIENTS), op.now - (int64_t)(i % 1000),
                                    70 + (double)(i % 20));
        if (fhir_read(&op, text, 0, &o) != OK || record_tx_create(tx, o, &id) != OK)
            die(&op, "reading");
    }
    if (record_commit(tx) != OK)
        die(&op, "commit");
    atomic_fetch_add(&b->readings, BATCH);
}

static void *feed(void *ctx)
{
    struct bench *b = ctx;
    struct arena *a = arena_new(64u << 20);
    uint64_t from = (uint64_t)(uintptr_t)&a % 100003;
    int64_t start = time_mono_ns();
    for (uint64_t sent = 0; !atomic_load(&b->stop); sent += BATCH) {
        one_batch(b, a, from + sent);
        int64_t due =
            b->per_second ? start + (int64_t)((sent + BATCH) * 1000000000u / b->per_second) : 0;
        int64_t early = due - time_mono_ns();
        if (early > 0)
            usleep((useconds_t)(early / 1000));
    }
    arena_free(a);
    return NULL;
}

/* Of the whole process, in microseconds. */
static double processor_time(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void throughput(struct bench *b, struct monitor *m, int threads)
{
    pthread_t t[4];
    int64_t start = time_mono_ns();
    double used = processor_time();
    atomic_store(&b->readings, 0);
    atomic_store(&b->stop, false);
    for (int i = 0; i < threads; i++)
        pthread_create(&t[i], NULL, feed, b);
    usleep(RUN_MS * 1000);
    atomic_store(&b->stop, true);
    for (int i = 0; i < threads; i++)
        pthread_join(t[i], NULL);
    while (true) {
        struct monitor_stats s;
        monitor_stats(m, &s);
        if (s.cursor >= record_now_t(b->rec))
            break;
        usleep(2000);
    }
    double seconds = (double)(time_mono_ns() - start) / 1e9;
    printf("readings durable, rules run\t%.0f\treadings/s\tgoal 15000 (ThingsBoard 5000 msg/s at "
           "95 %% of 2 vCPU)\n",
           (double)atomic_load(&b->readings) / seconds);
    printf("processor time a reading, all threads\t%.1f\tus\t\n",
           (processor_time() - used) / (double)atomic_load(&b->readings));
}

static int by_value(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return a < b ? -1 : a > b;
}

/* One critical reading; how long until its patient's case is in the feed. */
static int64_t one_case(struct bench *b, struct arena *a, int patient)
{
    struct op op;
    str id;
    struct json *o;
    fhir_type task = fhir_type_parse(STR("Task"));
    arena_reset(a);
    op_init(&op, a, identity_system(), time_now());
    uint64_t t = record_now_t(b->rec), rid = 0;
    struct record_tx *tx = record_begin(&op, b->rec);
    str name = arena_printf(a, "b%d", patient);
    if (record_resolve(&op, b->rec, fhir_type_parse(STR("Patient")), name, &rid) != OK ||
        fhir_read(&op, reading_text(&op, patient, op.now, 150), 0, &o) != OK ||
        record_tx_create(tx, o, &id) != OK || record_commit(tx) != OK)
        die(&op, "critical reading");
    int64_t start = time_mono_ns();
    while (time_mono_ns() - start < INT64_C(20000000000)) {
        struct record_change *c;
        size_t n;
        record_feed_wait(b->rec, t, 100);
        if (record_feed(&op, b->rec, t, 256, &c, &n) != OK)
            die(&op, "feed");
        for (size_t i = 0; i < n; i++)
            if (c[i].type == task && c[i].patient == rid)
                return time_mono_ns() - start;
        t = n ? c[n - 1].t : t;
    }
    return INT64_C(20000000000);
}

static void latency(struct bench *b, uint64_t per_second)
{
    enum { CASES = 200 };
    int64_t ns[CASES];
    pthread_t t;
    struct arena *a = arena_new(64u << 20);
    b->per_second = per_second;
    atomic_store(&b->stop, false);
    pthread_create(&t, NULL, feed, b);
    usleep(500000);
    for (int i = 0; i < CASES; i++) {
        ns[i] = one_case(b, a, i);
        usleep(10000);
    }
    atomic_store(&b->stop, true);
    pthread_join(t, NULL);
    qsort(ns, CASES, sizeof ns[0], by_value);
    printf("reading to case at %llu readings/s, p50\t%.1f\tms\t\n", (unsigned long long)per_second,
           (double)ns[CASES / 2] / 1e6);
    printf("reading to case at %llu readings/s, p99\t%.1f\tms\tgoal 100\n",
           (unsigned long long)per_second, (double)ns[CASES * 99 / 100] / 1e6);
    arena_free(a);
}

int main(int argc, char **argv)
{
    struct arena *a = arena_new(1u << 30);
    struct op op;
    struct store *store;
    struct bench b = {0};
    struct monitor *m;
    op_init(&op, a, identity_system(), time_now());
    log_level_set(LOG_ERROR);
    struct store_options o = {.backend = STORE_SQLITE,
                              .dir = str_of(argc > 1 ? argv[1] : "monitor-bench-data")};
    if (store_create(&op, &o) != OK || store_open(&op, &o, &store) != OK ||
        record_new(&op, store, NULL, &b.rec) != OK ||
        monitor_new(&op, b.rec, NULL, config_new(a), &m) != OK)
        die(&op, "open");
    load(&op, b.rec);
    if (monitor_start(&op, m) != OK)
        die(&op, "start");
    throughput(&b, m, 2);
    latency(&b, 1000);
    latency(&b, 5000);
    monitor_stop(m);
    monitor_free(m);
    record_free(b.rec);
    store_close(store);
    arena_free(a);
    return 0;
}
