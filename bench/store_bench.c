/* The store alone, beside a bare SQLite program that writes the same rows: load, point reads,
 * searches, size. store_bench [resources] [folder]; prints one line a figure.
 * Documents are FHIR-like Observations of invented patients, 12 keys each: 180 a patient. */
#include "base/buf.h"
#include "base/op.h"
#include "base/time.h"
#include "store/store_int.h"

#include <pthread.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#define TX 100u
#define PER_PATIENT 180u
#define TYPE_OBSERVATION 80
#define TYPE_PATIENT 90
#define IN_FLIGHT 256

static uint64_t rng = 88172645463325252u;

/* CPU time of the whole process: what a figure costs even when the machine is busy with others. */
static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

struct lap {
    int64_t wall, cpu;
};

static struct lap lap_begin(void)
{
    return (struct lap){time_mono_ns(), cpu_ns()};
}

static void lap_show(const struct lap *l, const char *what, uint64_t n, const char *more)
{
    printf("store: %s\t%.0f\t/s\t%s%.2f us CPU each\n", what,
           (double)n * 1e9 / (double)(time_mono_ns() - l->wall), more,
           (double)(cpu_ns() - l->cpu) / 1e3 / (double)n);
    fflush(stdout);
}

static uint64_t next(uint64_t below)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return (rng >> 11) % below;
}

static uint64_t blur(uint64_t x)
{
    x ^= x >> 31;
    x *= 0x9E3779B97F4A7C15u;
    return x ^ x >> 29;
}

static str key(struct arena *a, uint16_t param, uint64_t value)
{
    struct buf b;
    buf_init(&b, a, 16);
    buf_u16(&b, param);
    buf_u64(&b, value);
    return buf_str(&b);
}

static str body(struct arena *a, uint64_t i, uint64_t patient)
{
    return arena_printf(
        a,
        "{\"resourceType\":\"Observation\",\"id\":\"%016llx\",\"meta\":{\"versionId\":\"1\","
        "\"lastUpdated\":\"2026-03-%02u:11:%02u.%03uZ\"},\"status\":\"final\",\"category\":[{"
        "\"coding\":"
        "[{\"system\":\"http://terminology.hl7.org/CodeSystem/observation-category\",\"code\":"
        "\"vital-signs\",\"display\":\"Vital Signs\"}]}],\"code\":{\"coding\":[{\"system\":"
        "\"http://loinc.org\",\"code\":\"%u-%u\",\"display\":\"Reading %u\"}],\"text\":\"Reading "
        "%u\"},"
        "\"subject\":{\"reference\":\"Patient/%016llx\"},\"encounter\":{\"reference\":"
        "\"Encounter/%016llx\"},\"effectiveDateTime\":\"20%02u-%02u-%02uT%02u:%02u:00+00:00\","
        "\"issued\":\"2019-02-%02uT05:%02u:07.000+00:00\",\"valueQuantity\":{\"value\":%u.%u,"
        "\"unit\":"
        "\"mg/dL\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"mg/dL\"}}",
        (unsigned long long)blur(i), (unsigned)next(28), (unsigned)next(60), (unsigned)next(1000),
        (unsigned)next(90) + 1000, (unsigned)next(10), (unsigned)next(200), (unsigned)next(200),
        (unsigned long long)blur(patient), (unsigned long long)blur(i / 12 + 1000000000),
        (unsigned)next(30), (unsigned)next(12) + 1, (unsigned)next(28) + 1, (unsigned)next(24),
        (unsigned)next(60), (unsigned)next(28) + 1, (unsigned)next(60), (unsigned)next(200),
        (unsigned)next(1000000));
}

/* Twelve keys: two dates and a value that differ, the rest shared by many. */
static size_t keys(struct arena *a, uint64_t i, uint64_t patient, str *out)
{
    uint64_t code = next(90), day = 10000 + next(7000);
    size_t n = 0;
    out[n++] = key(a, 1, blur(code));                      /* code */
    out[n++] = key(a, 2, blur(code + 500));                /* system and code */
    out[n++] = key(a, 3, 1);                               /* status */
    out[n++] = key(a, 4, 2 + next(2));                     /* category */
    out[n++] = key(a, 5, day * 86400000 + next(86400000)); /* date */
    out[n++] = key(a, 6, patient);                         /* subject */
    out[n++] = key(a, 7, i / 12 + 1);                      /* encounter */
    out[n++] = key(a, 8, next(200000));                    /* quantity */
    out[n++] = key(a, 9, blur(code) ^ next(2000));         /* code and quantity */
    out[n++] = key(a, 10, next(40));                       /* performer */
    out[n++] = key(a, 11, i);                              /* identifier */
    out[n++] = key(a, 12, code);                           /* combo code */
    return n;
}

struct load {
    pthread_mutex_t lock;
    pthread_cond_t room;
    int in_flight;
    int failed;
};

struct sent {
    struct load *load;
    struct arena *arena;
};

static void done(void *ctx, err result, const struct store_commit *c)
{
    struct sent *sent = ctx;
    struct load *l = sent->load;
    (void)c;
    arena_free(sent->arena);
    free(sent);
    pthread_mutex_lock(&l->lock);
    l->in_flight--;
    l->failed += result != OK;
    pthread_cond_signal(&l->room);
    pthread_mutex_unlock(&l->lock);
}

static void send_one(struct load *l, struct store *s, uint64_t first, uint64_t n)
{
    struct sent *sent = malloc(sizeof *sent);
    struct op op;
    pthread_mutex_lock(&l->lock);
    while (l->in_flight >= IN_FLIGHT)
        pthread_cond_wait(&l->room, &l->lock);
    l->in_flight++;
    pthread_mutex_unlock(&l->lock);
    *sent = (struct sent){.load = l, .arena = arena_new(0)};
    op_init(&op, sent->arena, NULL, time_now());
    struct store_tx *tx = store_tx_new(&op, s);
    for (uint64_t i = first; i < first + n; i++) {
        uint64_t patient = i / PER_PATIENT + 1;
        str *k = ARENA_ARRAY(sent->arena, str, 12);
        struct store_put p = {.rid = i,
                              .type = TYPE_OBSERVATION,
                              .vid = 1,
                              .comp = patient,
                              .body = body(sent->arena, i, patient),
                              .keys = k};
        p.n_keys = keys(sent->arena, i, patient, k);
        store_tx_put(tx, &p);
    }
    store_submit(&op, tx, done, sent);
}

static void drain(struct load *l)
{
    pthread_mutex_lock(&l->lock);
    while (l->in_flight)
        pthread_cond_wait(&l->room, &l->lock);
    pthread_mutex_unlock(&l->lock);
}

static uint64_t load(struct store *s, uint64_t n)
{
    struct load l = {.in_flight = 0};
    pthread_mutex_init(&l.lock, NULL);
    pthread_cond_init(&l.room, NULL);
    uint64_t first = store_rid_new(s, n);
    struct lap lap = lap_begin();
    int64_t last = lap.wall;
    uint64_t step = n / 4 / TX * TX;
    for (uint64_t i = 0; i < n; i += TX) {
        send_one(&l, s, first + i, n - i < TX ? n - i : TX);
        if (step && (i + TX) % step == 0) {
            int64_t now = time_mono_ns();
            fprintf(stderr, "  after %llu: %.0f resources/s\n", (unsigned long long)(i + TX),
                    (double)step * 1e9 / (double)(now - last));
            fflush(stdout);
            last = now;
        }
    }
    drain(&l);
    lap_show(&lap, "load, durable", n, l.failed ? "WRONG; " : "");
    return first;
}

static void point_reads(struct store *s, uint64_t first, uint64_t n, uint64_t spread,
                        const char *what)
{
    struct arena *a = arena_new(0);
    struct op op;
    struct store_doc d;
    uint64_t bad = 0;
    struct lap lap = lap_begin();
    for (uint64_t i = 0; i < n; i++) {
        op_init(&op, a, NULL, 0);
        bad += store_get(&op, s, first + next(spread), &d) != OK;
        arena_reset(a);
    }
    lap_show(&lap, what, n, bad ? "WRONG; " : "");
    arena_free(a);
}

static void searches(struct store *s, uint64_t patients, uint64_t n, bool comp, uint16_t sort)
{
    struct arena *a = arena_new(0);
    struct op op;
    uint64_t found = 0;
    struct lap lap = lap_begin();
    for (uint64_t i = 0; i < n; i++) {
        op_init(&op, a, NULL, 0);
        uint64_t code = next(90), patient = next(patients) + 1;
        struct store_range code_is = {key(a, 1, blur(code)), key(a, 1, blur(code) + 1), STR_NONE,
                                      0};
        struct store_range since = {key(a, 5, 0), key(a, 6, 0), STR_NONE, 0};
        struct store_range of = {key(a, 6, patient), key(a, 6, patient + 1), STR_NONE, 0};
        struct store_clause c[] = {{.ranges = &since, .n_ranges = 1},
                                   {.ranges = comp ? &of : &code_is, .n_ranges = 1}};
        struct store_query q = {
            .type = TYPE_OBSERVATION,
            .comp = comp ? patient : 0,
            .clauses = c,
            .n_clauses = 2,
            .sort = {.order = ORDER_KEY, .descending = true, .param = sort, .single = sort == 5},
            .limit = 20};
        struct store_found f = {.n = 0};
        if (store_search(&op, s, &q, &f) == OK)
            found += f.n;
        arena_reset(a);
    }
    lap_show(&lap,
             comp ? "search, patient, sorted, 20 of 180" : "search, code and date, sorted by date",
             n, found ? "" : "WRONG; ");
    arena_free(a);
}

/* Exactly how many hold a token that all of them hold: keys counted a second. */
static void counts(struct store *s, uint64_t n)
{
    struct arena *a = arena_new(0);
    struct op op;
    uint64_t rounds = 1 + 20000000 / n, total = 0;
    struct lap lap = lap_begin();
    for (uint64_t i = 0; i < rounds; i++) {
        arena_reset(a);
        op_init(&op, a, NULL, 0);
        struct store_range final = {key(a, 3, 1), key(a, 3, 2), STR_NONE, 0};
        struct store_clause c = {.ranges = &final, .n_ranges = 1};
        struct store_query q = {
            .type = TYPE_OBSERVATION, .clauses = &c, .n_clauses = 1, .total = true};
        struct store_found f = {.total = 0};
        if (store_search(&op, s, &q, &f) == OK)
            total += f.total;
    }
    lap_show(&lap, "count of a token, keys", total,
             total == rounds * n ? ">= 5000000; " : "WRONG; ");
    arena_free(a);
}

/* The same documents (sealed size) and keys, written plainly: one row a document, one a key. */
static void bare(const char *dir, uint64_t n)
{
    char path[300];
    sqlite3 *db = NULL;
    sqlite3_stmt *doc = NULL, *k = NULL;
    struct arena *a = arena_new(0);
    char filler[330] = {1};
    snprintf(path, sizeof path, "%s/bare.db", dir);
    sqlite3_open(path, &db);
    sqlite3_exec(db,
                 "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                 "PRAGMA cache_size=-32768; CREATE TABLE d(k INTEGER PRIMARY KEY, v BLOB);"
                 "CREATE TABLE x(k BLOB PRIMARY KEY) WITHOUT ROWID",
                 NULL, NULL, NULL);
    sqlite3_prepare_v2(db, "INSERT INTO d VALUES(?,?)", -1, &doc, NULL);
    sqlite3_prepare_v2(db, "INSERT OR IGNORE INTO x VALUES(?)", -1, &k, NULL);
    struct lap lap = lap_begin();
    for (uint64_t i = 0; i < n; i++) {
        str ks[12];
        char row[15];
        if (i % 1000 == 0)
            sqlite3_exec(db, i ? "COMMIT;BEGIN" : "BEGIN", NULL, NULL, NULL);
        sqlite3_bind_int64(doc, 1, (int64_t)i);
        sqlite3_bind_blob(doc, 2, filler, sizeof filler, SQLITE_STATIC);
        sqlite3_step(doc);
        sqlite3_reset(doc);
        size_t n_keys = keys(a, i, i / PER_PATIENT + 1, ks);
        for (size_t j = 0; j < n_keys; j++) {
            memcpy(row, ks[j].p, 10);
            for (unsigned b = 0; b < 5; b++)
                row[10 + b] = (char)(i >> (32 - 8 * b));
            sqlite3_bind_blob(k, 1, row, sizeof row, SQLITE_STATIC);
            sqlite3_step(k);
            sqlite3_reset(k);
        }
        arena_reset(a);
    }
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    lap_show(&lap, "bare SQLite, same rows", n, "");
    sqlite3_finalize(doc);
    sqlite3_finalize(k);
    sqlite3_close(db);
    unlink(path);
    arena_free(a);
}

/* What sealing costs a read: the patient's key (remembered, or made), and the opening itself. Set
 * it against a point read, which holds one of each. */
static void seals(struct store *s, uint64_t patients)
{
    enum { N = 200000 };
    struct arena *a = arena_new(0);
    struct op op;
    char text[330] = {1};
    str sealed = STR_NONE, plain;
    uint8_t key[32];
    op_init(&op, a, NULL, 0);
    struct lap lap = lap_begin();
    for (uint64_t i = 0; i < N; i++)
        (void)ring_key(s->vault.ring, 1, 1 + i * 7919 % (patients * 200), key);
    lap_show(&lap, "a patient's key, made", N, "");
    for (unsigned one = 0; one < 2; one++) {
        lap = lap_begin();
        for (uint64_t i = 0; i < N; i++) {
            uint64_t owner = one ? 7 : 1 + i * 7919 % (patients * 200);
            if (i % 256 == 0) {
                arena_reset(a);
                op_init(&op, a, NULL, 0);
            }
            if (!one || i % 256 == 0)
                (void)!seal(&op, &s->vault, owner, STR("x"), str_make(text, sizeof text), &sealed);
            if (unseal(&op, &s->vault, owner, STR("x"), sealed, &plain) != OK)
                printf("seal: WRONG\n");
        }
        lap_show(&lap, one ? "open 330 bytes, one patient's" : "seal and open, anybody's", N, "");
    }
    arena_free(a);
}

static void sizes(struct store *s, uint64_t n)
{
    struct store_stats st;
    struct rusage use;
    store_stats(s, &st);
    for (int i = 0; i < 600 && st.tail > 64; i++) {
        usleep(100000);
        store_stats(s, &st);
    }
    getrusage(RUSAGE_SELF, &use);
    printf("store: size with its log\t%llu\tbytes/resource\t\n",
           (unsigned long long)(st.bytes_on_disk / n));
    printf("store: memory at its most\t%ld\tMB\t<= 300\n", use.ru_maxrss / 1024);
    fprintf(stderr, "merges %llu, commits %llu\n", (unsigned long long)st.merges,
            (unsigned long long)st.commits);
}

int main(int argc, char **argv)
{
    uint64_t n = 200000;
    char dir[] = "/tmp/weft-bench-XXXXXX";
    if (argc > 1 && (!str_to_u64(str_of(argv[1]), 1u << 30, &n) || n == 0))
        return 2;
    const char *at = argc > 2 ? argv[2] : mkdtemp(dir);
    struct arena *a = arena_new(0);
    struct op op;
    struct store *s = NULL;
    struct store_options o = {.backend = STORE_SQLITE, .dir = str_of(at)};
    op_init(&op, a, NULL, time_now());
    if (!at || store_create(&op, &o) != OK || store_open(&op, &o, &s) != OK) {
        fprintf(stderr, "store_bench: the folder cannot be used\n");
        return 1;
    }
    uint64_t first = load(s, n);
    sizes(s, n);
    point_reads(s, first, 200000, n < 1000 ? n : 1000, "point read, hot");
    point_reads(s, first, 200000, n, "point read, anywhere");
    seals(s, n / PER_PATIENT + 1);
    searches(s, n / PER_PATIENT + 1, 20000, true, 5);
    searches(s, n / PER_PATIENT + 1, 500, false, 5);
    counts(s, n);
    store_close(s);
    int64_t begin = time_mono_ns();
    op_init(&op, a, NULL, time_now());
    if (store_open(&op, &o, &s) == OK) {
        printf("store: open\t%.0f\tms\t<= 200\n", (double)(time_mono_ns() - begin) / 1e6);
        struct store_stats st;
        store_stats(s, &st);
        printf("store: size\t%llu\tbytes/resource\t<= 700\n",
               (unsigned long long)(st.bytes_on_disk / n));
        store_close(s);
    }
    bare(at, n);
    arena_free(a);
    return 0;
}
