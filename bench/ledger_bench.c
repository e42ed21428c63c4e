/* Contacts counted by the ledger: look-ups a second a core (the patient's pages and the number's,
 * counted for a day, a week and a month) with few and with many patients in the store, and how many
 * attempts a second are durable. Flat: many against a million rows, asked in turn, since a machine
 * is never equally fast for long. Twice: as a server answers, which remembers 131,072 named values
 * and so most of what a million rows ask for and next to nothing of a hundred million; and with
 * nothing remembered, which is what the rows themselves cost: no more than any index that keeps an
 * order must, which grows as log n. ledger_bench PATIENTS DIR: 100 M rows (10,000,000 patients)
 * take 6.5 GB of disk, 4 GB of memory and some minutes; a DIR that has them is used as it is.
 * Prints name, value, unit, goal. */
#include "base/log.h"
#include "base/time.h"
#include "outreach/ledger_int.h"
#include "record/near.h"
#include "store/store.h"

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FEW 1000
#define ROWS_EACH 10
#define LOOKS 100000
#define FILLED 100000 /* patients; more are poured in, whole pages */
#define TURNS 7       /* odd */
#define RAW_BYTES 8192
#define DUE 0x9E3779B97F4A7C15u /* each row has a key of its own that it was due by */

struct bench {
    struct store *store;
    struct record *rec;
    struct arena *a;
    uint64_t rows;
};

static const struct actor system_actor = {
    .role = ROLE_SYSTEM, .purpose = PURPOSE_TREAT, .user = {"bench", 5}};

static void die(const char *what)
{
    fprintf(stderr, "ledger_bench: %s\n", what);
    exit(1);
}

static struct op op_of(struct bench *b)
{
    struct op op;
    arena_reset(b->a);
    op_init(&op, b->a, &system_actor, time_now());
    return op;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static str patient_of(struct op *op, uint64_t i)
{
    return arena_printf(op->arena, "p%llu", (unsigned long long)i);
}

static str number_of(struct op *op, uint64_t i)
{
    return arena_printf(op->arena, "+1312%07llu", (unsigned long long)(i / 2));
}

static void one(struct bench *b, struct op *op, struct record_tx *tx, uint64_t patient)
{
    for (int k = 0; k < ROWS_EACH; k++) {
        struct ledger_entry e = {.at = op->now - k * 3LL * 86400000,
                                 .id = ++b->rows,
                                 .due_key = b->rows * DUE,
                                 .channel = LEDGER_SMS,
                                 .state = LEDGER_OUT};
        if (ledger_add(tx, op, patient_of(op, patient), &e, number_of(op, patient)) != OK)
            die("add");
    }
}

static void fill(struct bench *b, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to;) {
        struct op op = op_of(b);
        struct record_tx *tx = record_begin(&op, b->rec);
        for (int k = 0; k < 100 && i < to; k++)
            one(b, &op, tx, i++);
        if (record_commit(tx) != OK)
            die("commit");
    }
}

/* Of very many: whole pages, as the same calls would leave them, in the order in which the store
 * keeps them, so that a hundred million rows are there in minutes; the tree of keys, which has
 * another order, is held in memory meanwhile, and written to seldom. */
#define POURED 750000
#define POUR_ARENA ((size_t)4 << 30)
#define POUR_CACHE ((size_t)4 << 30)

struct place {
    uint64_t first; /* of the blind name beside which it lies */
    uint32_t who;   /* a patient, or patients + a number */
};

static int by_place(const void *x, const void *y)
{
    const struct place *a = x, *b = y;
    return a->first < b->first ? -1 : a->first > b->first;
}

static void rows_of(struct op *op, struct ledger_page *p, uint64_t patient, bool shared)
{
    for (uint64_t k = 0; k < ROWS_EACH; k++) {
        struct ledger_entry e = {.at = op->now - (int64_t)k * 3LL * 86400000,
                                 .id = patient * ROWS_EACH + k + 1,
                                 .number = ledger_mark(number_of(op, patient)),
                                 .channel = LEDGER_SMS,
                                 .state = LEDGER_OUT};
        e.due_key = e.id * DUE;
        if (shared)
            e = ledger_shared(&e, patient_of(op, patient));
        ledger_put(p, &e);
    }
}

static struct ledger_name name_of(struct op *op, uint64_t who, uint64_t patients)
{
    uint64_t number = ledger_mark(number_of(op, who < patients ? who : 2 * (who - patients)));
    return who < patients ? ledger_own(op, patient_of(op, who), number)
                          : ledger_of_number(op, number);
}

static void write_place(struct record_tx *tx, struct op *op, uint64_t who, uint64_t patients)
{
    struct ledger_page p = {.n = 0};
    if (who < patients) {
        rows_of(op, &p, who, false);
    } else {
        uint64_t first = 2 * (who - patients);
        rows_of(op, &p, first, true);
        if (first + 1 < patients)
            rows_of(op, &p, first + 1, true);
    }
    struct ledger_name at = name_of(op, who, patients);
    record_tx_kv_near(tx, at.key, at.near, ledger_pack(op->arena, &p));
}

static void pour(struct bench *b, uint64_t patients)
{
    uint64_t n = patients + (patients + 1) / 2;
    struct place *all = malloc(n * sizeof *all);
    struct store *store = record_store(b->rec);
    if (!all || n > UINT32_MAX)
        die("memory");
    for (uint64_t i = 0; i < n; i++) {
        struct op op = op_of(b);
        struct ledger_name at = name_of(&op, i, patients);
        str beside = arena_cat(op.arena, STR("room/"), i < patients ? at.near : at.key);
        all[i] = (struct place){store_blind(store, STR("kv"), beside), (uint32_t)i};
    }
    qsort(all, n, sizeof *all, by_place);
    for (uint64_t i = 0; i < n;) {
        struct op op = op_of(b);
        struct record_tx *tx = record_begin(&op, b->rec);
        for (int k = 0; k < POURED && i < n; k++)
            write_place(tx, &op, all[i++].who, patients);
        if (record_commit(tx) != OK)
            die("commit");
    }
    free(all);
}

static double looks(struct bench *b, uint64_t patients)
{
    uint64_t seed = 7, seen = 0;
    double start = seconds();
    for (int i = 0; i < LOOKS; i++) {
        struct op op = op_of(b);
        struct ledger_counts c;
        str zone = STR("America/Chicago");
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint64_t who = (seed >> 33) % patients;
        struct ledger_question q = {.patient = patient_of(&op, who),
                                    .address = number_of(&op, who),
                                    .zones = &zone,
                                    .n_zones = 1};
        if (ledger_load(&op, b->rec, &q, &c) != OK)
            die("look");
        seen += c.all.month;
    }
    if (seen == 0)
        die("nothing was counted");
    return LOOKS / (seconds() - start);
}

static void shut(struct bench *b)
{
    record_free(b->rec);
    store_close(b->store);
}

static void open_in(struct bench *b, str at, struct store_options o)
{
    struct op op = op_of(b);
    o.backend = STORE_SQLITE;
    o.dir = at;
    if (store_open(&op, &o, &b->store) != OK || record_new(&op, b->store, NULL, &b->rec) != OK)
        die("open");
}

/* False: it is there already. */
static bool made(struct bench *b, str at)
{
    struct op op = op_of(b);
    struct stat st;
    bool fresh = stat(at.p, &st) != 0;
    if (fresh && record_init(&op, at) != OK)
        die("init");
    return fresh;
}

static int open_file(str at)
{
    char path[4096];
    snprintf(path, sizeof path, "%.*s/weft.db", STR_ARG(at));
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* What is measured is not the disk: all of the file is read once. */
static void warm(str at)
{
    static char room[1 << 20];
    int fd = open_file(at);
    while (fd >= 0 && read(fd, room, sizeof room) > 0)
        continue;
    if (fd >= 0)
        close(fd);
}

/* The limit: a page of the file, anywhere, copied by the system, a look-up. What this costs more of
 * the larger file no program that reads it can save. */
static double raw(str folder)
{
    static char page[RAW_BYTES];
    struct stat st;
    uint64_t seed = 7;
    int fd = open_file(folder);
    if (fd < 0 || fstat(fd, &st) != 0)
        die("file");
    double start = seconds();
    for (int i = 0; i < LOOKS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint64_t at = (seed >> 24) % ((uint64_t)st.st_size / RAW_BYTES) * RAW_BYTES;
        if (pread(fd, page, sizeof page, (off_t)at) != (ssize_t)sizeof page)
            die("read");
    }
    start = seconds() - start;
    close(fd);
    return start / LOOKS * 1e6;
}

static void told(uint64_t patients, double a_second)
{
    printf("contact ledger: look-ups, %llu rows\t%.0f\t/s/core\t>= 50000\n",
           (unsigned long long)(patients * ROWS_EACH), a_second);
    fflush(stdout);
}

static void grow(struct bench *b, uint64_t from, uint64_t to)
{
    double start = seconds();
    fill(b, from, to);
    if (from)
        printf("contact ledger: rows written, in batches\t%.0f\trows/s/core\t\n",
               (double)(to - from) * ROWS_EACH / (seconds() - start));
    (void)looks(b, to); /* the first visit of each page is the disk's */
    if (to < FILLED)
        told(to, looks(b, to));
}

static int by_size(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

static double middle(double *v)
{
    qsort(v, TURNS, sizeof *v, by_size);
    return v[TURNS / 2];
}

/* One folder, and where it lies. */
struct folder {
    struct bench b;
    str at;
    uint64_t patients;
};

/* Who is asked for of the many, and how. As a server answers, of the rows of few patients the store
 * remembers most, of those of many next to none; so also the same people of both, as a day's texts
 * ask; and, forgetful, what the store's rows alone cost. */
enum asked { ANYBODY, THE_SAME, FORGETFUL };
static const char *const HOW[] = {"", ", the same people asked", ", nothing remembered"};

static void in_turn(struct folder *few, struct folder *many, enum asked asked)
{
    double a[TURNS], b[TURNS], share[TURNS];
    unsigned long long millions = many->patients * ROWS_EACH / 1000000;
    const char *how = HOW[asked];
    uint64_t of = asked == THE_SAME ? few->patients : many->patients;
    struct store_options o = {.forgetful = asked == FORGETFUL};
    open_in(&few->b, few->at, o);
    open_in(&many->b, many->at, o);
    (void)looks(&many->b, of);
    (void)looks(&few->b, few->patients);
    for (int i = 0; i < TURNS; i++) {
        a[i] = looks(&few->b, few->patients);
        b[i] = looks(&many->b, of);
        share[i] = b[i] / a[i];
    }
    double one = 1e6 / middle(a), more = 1e6 / middle(b) - one;
    if (asked == ANYBODY) {
        told(few->patients, 1e6 / one);
        told(many->patients, 1e6 / (one + more));
    }
    printf("contact ledger: %lluM rows against 1M%s\t%.2f\t\t", millions, how, middle(share));
    if (asked == FORGETFUL)
        printf(">= %.2f, flat but for log n", log(1e6) / log((double)millions * 1e6));
    printf("\n");
    printf("contact ledger: a look-up at 1M rows, and more at %lluM%s\t%.1f + %.1f\tus\t\n",
           millions, how, one, more);
    fflush(stdout);
    shut(&few->b);
    shut(&many->b);
}

static void raw_in_turn(const struct folder *few, const struct folder *many)
{
    double a[TURNS], b[TURNS];
    for (int i = 0; i < TURNS; i++) {
        a[i] = raw(few->at);
        b[i] = raw(many->at);
    }
    double one = middle(a), more = middle(b) - one;
    printf("contact ledger: any page of the file copied, 1M and more at %lluM\t%.1f + %.1f\tus\t\n",
           (unsigned long long)(many->patients * ROWS_EACH / 1000000), one, more);
}

int main(int argc, char **argv)
{
    struct folder few = {.b.a = arena_new(256u << 20), .patients = FILLED};
    struct folder many = {.b.a = arena_new(POUR_ARENA),
                          .patients = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000};
    struct arena *names = arena_new(0);
    const char *dir = argc > 2 ? argv[2] : "/tmp/weft-ledger-bench";
    log_level_set(LOG_ERROR);
    (void)mkdir(dir, 0700);
    few.at = arena_printf(names, "%s/few", dir);
    many.at = arena_printf(names, "%s/many", dir);
    if (made(&few.b, few.at)) {
        open_in(&few.b, few.at, (struct store_options){0});
        for (uint64_t n = FEW, had = 0; n <= FILLED; had = n, n *= 10)
            grow(&few.b, had, n);
        shut(&few.b);
    }
    if (made(&many.b, many.at)) {
        open_in(&many.b, many.at, (struct store_options){.cache_bytes = POUR_CACHE});
        pour(&many.b, many.patients);
        shut(&many.b);
    }
    warm(few.at);
    warm(many.at);
    in_turn(&few, &many, ANYBODY);
    in_turn(&few, &many, THE_SAME);
    in_turn(&few, &many, FORGETFUL);
    raw_in_turn(&few, &many);
    arena_free(few.b.a);
    arena_free(many.b.a);
    arena_free(names);
    return 0;
}
