/* Readings in, cases out: how many readings a second are durable with the rules run, how long from
 * a critical reading's being handed in to its case being told in the feed, and until a nurse's
 * console was told of it by the live stream and has read its worklist, over HTTP, what 100,000
 * monitored patients weigh and how long they take to be read again; beside it how many messages a
 * second mosquitto itself delivers (port of a running broker as the second argument). The real
 * rooms over a real SQLite folder; readings come in batches of 64 as the MQTT intake makes them.
 * Prints name, value, unit, goal. */
#include "api/api.h"
#include "base/log.h"
#include "bench/console.h"
#include "monitor/monitor_int.h"
#include "record/bulk.h"
#include "store/store.h"

#include <mosquitto.h>
#include <stdlib.h>
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
    struct console *console;
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
    printf("readings durable, rules run\t%.0f\treadings/s\t>= 15000 (ThingsBoard 5000 msg/s at "
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

/* One critical reading; how long until its patient's case is told and read, as the list does. */
static int64_t one_case(struct bench *b, struct arena *a, int patient)
{
    struct op op;
    str id;
    struct json *o;
    fhir_type task = fhir_type_parse(STR("Task"));
    arena_reset(a);
    op_init(&op, a, identity_system(), time_now());
    uint64_t t = record_now_t(b->rec), rid = 0;
    struct record_doc row;
    int64_t start = time_mono_ns();
    struct record_tx *tx = record_begin(&op, b->rec);
    str name = arena_printf(a, "b%d", patient);
    if (record_resolve(&op, b->rec, fhir_type_parse(STR("Patient")), name, &rid) != OK ||
        fhir_read(&op, reading_text(&op, patient, op.now, 150), 0, &o) != OK ||
        record_tx_create(tx, o, &id) != OK || record_commit(tx) != OK)
        die(&op, "critical reading");
    while (time_mono_ns() - start < INT64_C(20000000000)) {
        struct record_change *c;
        size_t n;
        record_feed_wait(b->rec, t, 100);
        if (record_feed(&op, b->rec, t, 256, &c, &n) != OK)
            die(&op, "feed");
        for (size_t i = 0; i < n; i++)
            if (c[i].type == task && c[i].patient == rid)
                return record_get(&op, b->rec, c[i].rid, &row) == OK ? time_mono_ns() - start
                                                                     : INT64_MAX;
        t = n ? c[n - 1].t : t;
    }
    return INT64_C(20000000000);
}

#define CASES 200
/* Hands in one critical reading of each patient [from, from + CASES) beside the load; each measures
 * until what at() waits for, into n columns. */
struct waited {
    const char *until[2];
    void (*each)(struct bench *b, struct arena *a, int patient, int64_t ret[2]);
    int n, from;
};

static void latency(struct bench *b, uint64_t per_second, const struct waited *w)
{
    int64_t ns[2][CASES], one[2];
    pthread_t t;
    struct arena *a = arena_new(64u << 20);
    b->per_second = per_second;
    atomic_store(&b->stop, false);
    pthread_create(&t, NULL, feed, b);
    usleep(500000);
    for (int i = 0; i < CASES; i++) {
        w->each(b, a, w->from + i, one);
        for (int k = 0; k < w->n; k++)
            ns[k][i] = one[k];
        usleep(10000);
    }
    atomic_store(&b->stop, true);
    pthread_join(t, NULL);
    for (int k = 0; k < w->n; k++) {
        qsort(ns[k], CASES, sizeof ns[k][0], by_value);
        printf("reading to %s at %llu readings/s, p50\t%.1f\tms\t\n", w->until[k],
               (unsigned long long)per_second, (double)ns[k][CASES / 2] / 1e6);
        printf("reading to %s at %llu readings/s, p99\t%.1f\tms\t<= 100\n", w->until[k],
               (unsigned long long)per_second, (double)ns[k][CASES * 99 / 100] / 1e6);
    }
    arena_free(a);
}

static void until_case(struct bench *b, struct arena *a, int patient, int64_t ret[2])
{
    ret[0] = one_case(b, a, patient);
}

/* As a nurse sees it: told by the stream, then the whole list is read again. */
static void until_row(struct bench *b, struct arena *a, int patient, int64_t ret[2])
{
    struct op op;
    str id, name;
    struct json *o;
    arena_reset(a);
    op_init(&op, a, identity_system(), time_now());
    name = arena_printf(a, "b%d", patient);
    int64_t start = time_mono_ns();
    struct record_tx *tx = record_begin(&op, b->rec);
    if (fhir_read(&op, reading_text(&op, patient, op.now, 150), 0, &o) != OK ||
        record_tx_create(tx, o, &id) != OK || record_commit(tx) != OK)
        die(&op, "critical reading");
    if (!console_told(b->console, name, 20000))
        die(&op, "the console was not told");
    ret[0] = time_mono_ns() - start;
    if (!console_row(b->console, name))
        die(&op, "the worklist has no row");
    ret[1] = time_mono_ns() - start;
}

/* The server's own HTTP over the same rooms, and one nurse who looks. */
static void rows(struct bench *b, struct store *store, const struct config *config)
{
    struct arena *a = arena_new(256u << 20);
    struct op op;
    struct identity *id;
    struct api *api;
    struct identity_session session;
    struct identity_account nurse = {
        .user = STR("bench.nurse"), .role = ROLE_NURSE, .reference = STR("Practitioner/bench")};
    op_init(&op, a, identity_system(), time_now());
    if (identity_new(&op, store, b->rec, &id) != OK ||
        identity_token_issue(&op, id, &nurse, STR_NONE, 3600, &session) != OK)
        die(&op, "nurse");
    struct api_options o = {.rec = b->rec, .id = id, .config = config};
    if (api_start(&op, &o, &api) != OK)
        die(&op, "http");
    b->console = console_open(api_url(api), session.token);
    if (!b->console)
        die(&op, "console");
    struct waited w = {{"the console's event", "the nurse's row"}, until_row, 2, CASES};
    latency(b, 5000, &w);
    console_close(b->console);
    (void)api_stop(api, 1000);
    identity_free(id);
    arena_free(a);
}

/* ---- 100,000 monitored patients ---- */
#define MONITORED 100000
#define A_COMMIT 500

static str one_track(struct op *op, uint64_t patient)
{
    static const int series[] = {SERIES_WEIGHT, SERIES_SYSTOLIC, SERIES_DIASTOLIC,
                                 SERIES_HEART_RATE, SERIES_SPO2};
    static const double usual[] = {80.2, 128, 76, 71, 97};
    struct track *t = ARENA_NEW(op->arena, struct track);
    track_init(t, patient);
    t->plan_known = true;
    t->programmes = 1;
    for (int d = DAYS_KEPT - 1; d >= 0; d--)
        for (size_t s = 0; s < sizeof series / sizeof series[0]; s++) {
            uint64_t x = patient * 31 + (uint64_t)d * 7 + s;
            struct point p = {op->now - d * 24 * MS_HOUR - (int64_t)(x % 977) * 1000,
                              usual[s] + (double)(x % 9) / 2, patient * 400 + (uint64_t)d * 5 + s};
            (void)track_add(t, series[s], p);
        }
    return track_write(op, t);
}

static void keep_tracks(struct record *rec, struct arena *a)
{
    for (uint64_t p = 1; p <= MONITORED; p += A_COMMIT) {
        struct op op;
        arena_reset(a);
        op_init(&op, a, identity_system(), time_now());
        struct record_tx *tx = record_begin(&op, rec);
        for (uint64_t i = p; i < p + A_COMMIT; i++)
            record_tx_kv(tx, arena_printf(a, "mon/%llu", (unsigned long long)i), one_track(&op, i));
        if (record_commit(tx) != OK)
            die(&op, "tracks");
    }
}

static double resident_mb(void)
{
    char text[128] = "";
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || !fgets(text, sizeof text, f))
        exit(1);
    fclose(f);
    const char *second = strchr(text, ' ');
    return second ? strtod(second, NULL) * (double)sysconf(_SC_PAGESIZE) / 1e6 : 0;
}

/* As after a start: every kept track is read into memory, by the server's own clock. */
static void rebuild(struct record *rec)
{
    struct arena *a = arena_new(256u << 20), *slice = arena_new(64u << 20);
    struct op op;
    struct monitor *m;
    keep_tracks(rec, a);
    arena_reset(a);
    op_init(&op, a, identity_system(), time_now());
    if (monitor_new(&op, rec, NULL, config_new(a), &m) != OK)
        die(&op, "monitor");
    double before = resident_mb();
    int64_t start = time_mono_ns();
    while (!m->loaded) {
        bool more;
        arena_reset(slice);
        op_init(&op, slice, identity_system(), time_now());
        if (monitor_clock(&op, m, &more) != OK)
            die(&op, "rebuild");
    }
    printf("state of %zu monitored patients rebuilt\t%.1f\ts\t<= 5\n", m->cache.held,
           (double)(time_mono_ns() - start) / 1e9);
    printf("memory of %zu monitored patients with their bands\t%.0f\tMB\t<= 300\n", m->cache.held,
           resident_mb() - before);
    monitor_free(m);
    arena_free(slice);
    arena_free(a);
}

/* ---- a year of one patient replayed ---- */
#define A_DAY 12 /* readings */

static void keep_year(struct record *rec, struct arena *a, struct op *op)
{
    for (int d = 0; d < 365; d++) {
        arena_reset(a);
        op_init(op, a, identity_system(), time_now());
        struct record_tx *tx = record_begin(op, rec);
        for (int i = 0; i < A_DAY; i++) {
            struct json *o;
            str id;
            int64_t at = op->now - (d * 24 + 2 * i) * MS_HOUR;
            if (fhir_read(op, reading_text(op, PATIENTS - 1, at, 60 + (d * 7 + i * 5) % 60), 0,
                          &o) != OK ||
                record_tx_create(tx, o, &id) != OK)
                die(op, "reading");
        }
        if (record_commit(tx) != OK)
            die(op, "commit");
    }
}

static void what_if(struct record *rec, struct monitor *m)
{
    struct arena *a = arena_new(256u << 20);
    struct op op;
    struct json *said;
    struct monitor_trial trial = {STR("heart_rate"), NAN, 100, 365, STR_NONE};
    int64_t ns[11];
    enum { RUNS = sizeof ns / sizeof ns[0] };
    keep_year(rec, a, &op);
    str id = arena_printf(a, "b%d", PATIENTS - 1);
    for (int i = 0; i < RUNS; i++) {
        int64_t start = time_mono_ns();
        op_init(&op, a, identity_system(), time_now());
        if (monitor_what_if(&op, m, id, &trial, &said) != OK)
            die(&op, "what-if");
        ns[i] = time_mono_ns() - start;
    }
    qsort(ns, RUNS, sizeof ns[0], by_value);
    printf("what-if, 365 days of %.*s readings replayed twice\t%.0f\tms\t<= 500\n",
           STR_ARG(json_get_str(said, STR("readings"))), (double)ns[RUNS / 2] / 1e6);
    arena_free(a);
}

/* ---- a programme replayed, an answer a part of it ---- */
#define CROWD_DAYS 90
#define CROWD_STEP_MS 300 /* as the server gives it: src/api/monitor.c */

static void keep_quarter(struct record *rec, struct arena *a)
{
    struct op op;
    for (int p = 0; p < PATIENTS; p++) {
        arena_reset(a);
        op_init(&op, a, identity_system(), time_now());
        struct record_tx *tx = record_begin(&op, rec);
        for (int d = 0; d < CROWD_DAYS; d++) {
            struct json *o;
            str id;
            int64_t at = op.now - (d * 24 + p % 24) * MS_HOUR;
            if (fhir_read(&op, reading_text(&op, p, at, 60 + (d * 7 + p * 5) % 60), 0, &o) != OK ||
                record_tx_create(tx, o, &id) != OK)
                die(&op, "reading");
        }
        if (record_commit(tx) != OK)
            die(&op, "commit");
    }
}

static int64_t count_of(const struct json *said, const char *path)
{
    int64_t n = 0;
    return json_i64(json_path(said, path), &n) ? n : 0;
}

static void what_if_many(struct record *rec, struct monitor *m)
{
    struct arena *a = arena_new(256u << 20);
    static struct monitor_person people[PATIENTS];
    static char names[PATIENTS][16];
    struct monitor_trial trial = {STR("heart_rate"), NAN, 100, CROWD_DAYS, STR_NONE};
    int64_t longest = 0, whole = 0, readings = 0, answers = 0;
    keep_quarter(rec, a);
    for (int i = 0; i < PATIENTS; i++) {
        snprintf(names[i], sizeof names[i], "b%d", i);
        people[i] = (struct monitor_person){str_of(names[i]), 0, INT64_MAX};
    }
    double before = resident_mb(), most = before;
    for (size_t at = 0, done; at < PATIENTS; at += done) {
        struct op op;
        struct json *said;
        struct monitor_crowd crowd = {people + at, PATIENTS - at, CROWD_STEP_MS};
        arena_reset(a);
        op_init(&op, a, identity_system(), time_now());
        int64_t start = time_mono_ns();
        if (monitor_what_if_many(&op, m, &crowd, &trial, &done, &said) != OK)
            die(&op, "what-if of many");
        int64_t ns = time_mono_ns() - start;
        double now = resident_mb();
        longest = ns > longest ? ns : longest;
        most = now > most ? now : most;
        whole += ns;
        answers++;
        readings += count_of(said, "readings");
    }
    printf("what-if of %d patients, %d days, %lld readings: the longest of %lld answers\t%.0f\tms\t"
           "<= 500\n",
           PATIENTS, CROWD_DAYS, (long long)readings, (long long)answers, (double)longest / 1e6);
    printf("what-if of %d patients: all of them\t%.1f\ts\t<= 60\n", PATIENTS, (double)whole / 1e9);
    printf("what-if of %d patients: memory\t%.0f\tMB\t<= 256\n", PATIENTS, most - before);
    arena_free(a);
}

/* ---- mosquitto alone: one publisher, one subscriber, QoS 1 ---- */
#define MESSAGES 60000
#define MESSAGE_BYTES 600 /* as long as a reading */

static void count_message(struct mosquitto *q, void *ctx, const struct mosquitto_message *msg)
{
    (void)q;
    (void)msg;
    atomic_fetch_add((_Atomic uint64_t *)ctx, 1);
}

static void on_subscribed(struct mosquitto *q, void *ctx, int mid, int n, const int *granted)
{
    (void)q;
    (void)mid;
    (void)n;
    (void)granted;
    atomic_fetch_add((_Atomic uint64_t *)ctx, 1);
}

static struct mosquitto *client(int port, _Atomic uint64_t *count)
{
    struct mosquitto *q = mosquitto_new(NULL, true, count);
    if (!q || mosquitto_connect(q, "127.0.0.1", port, 60) != MOSQ_ERR_SUCCESS)
        return NULL;
    mosquitto_max_inflight_messages_set(q, 1000);
    mosquitto_message_callback_set(q, count_message);
    mosquitto_subscribe_callback_set(q, on_subscribed);
    return mosquitto_loop_start(q) == MOSQ_ERR_SUCCESS ? q : NULL;
}

static void drop(struct mosquitto *q)
{
    mosquitto_disconnect(q);
    mosquitto_loop_stop(q, false);
    mosquitto_destroy(q);
}

static void broker_alone(int port)
{
    static const char body[MESSAGE_BYTES] = "{\"resourceType\":\"Observation\"}";
    _Atomic uint64_t got = 0, ignored = 0;
    mosquitto_lib_init();
    struct mosquitto *in = client(port, &ignored), *out = client(port, &got);
    if (!in || !out || mosquitto_subscribe(out, NULL, "bench/#", 1) != MOSQ_ERR_SUCCESS) {
        fprintf(stderr, "monitor_bench: no broker on port %d\n", port);
        return;
    }
    while (atomic_load(&got) == 0) /* subscribed */
        usleep(1000);
    int64_t start = time_mono_ns();
    for (int i = 0; i < MESSAGES; i++) {
        while ((uint64_t)i > atomic_load(&got) + 900) /* its queue is of 1,000 */
            usleep(50);
        (void)mosquitto_publish(in, NULL, "bench/reading", sizeof body, body, 1, false);
    }
    while (atomic_load(&got) < MESSAGES + 1 && time_mono_ns() - start < INT64_C(30000000000))
        usleep(1000);
    printf("beside: mosquitto's own delivery, QoS 1, one to one\t%.0f\tmessages/s\t\n",
           (double)(atomic_load(&got) - 1) / ((double)(time_mono_ns() - start) / 1e9));
    drop(in);
    drop(out);
    mosquitto_lib_cleanup();
}

int main(int argc, char **argv)
{
    struct arena *a = arena_new(1u << 30);
    struct op op;
    struct store *store;
    struct bench b = {0};
    struct monitor *m;
    struct config *config = config_new(a);
    op_init(&op, a, identity_system(), time_now());
    log_level_set(LOG_ERROR);
    struct store_options o = {.backend = STORE_SQLITE,
                              .dir = str_of(argc > 1 ? argv[1] : "monitor-bench-data")};
    if (store_create(&op, &o) != OK || store_open(&op, &o, &store) != OK ||
        record_new(&op, store, NULL, &b.rec) != OK || !config ||
        config_set(&op, config, STR("listen"), STR("127.0.0.1:0")) != OK ||
        monitor_new(&op, b.rec, NULL, config, &m) != OK)
        die(&op, "open");
    load(&op, b.rec);
    if (monitor_start(&op, m) != OK)
        die(&op, "start");
    throughput(&b, m, 2);
    struct waited cases = {{"its case"}, until_case, 1, 0};
    latency(&b, 1000, &cases);
    latency(&b, 5000, &cases);
    rows(&b, store, config);
    monitor_stop(m);
    what_if(b.rec, m);
    what_if_many(b.rec, m);
    monitor_free(m);
    rebuild(b.rec);
    if (argc > 2)
        broker_alone((int)strtol(argv[2], NULL, 10));
    record_free(b.rec);
    store_close(store);
    arena_free(a);
    return 0;
}
