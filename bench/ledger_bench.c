/* Contacts counted by the ledger: look-ups a second a core (the patient's pages and the number's,
 * counted for a day, a week and a month) with few and with many patients in the store, and how many
 * attempts a second are durable. Flat: the figures are alike. 100 M rows take ten minutes and 12
 * GB: ledger_bench 10000000 DIR. Prints name, value, unit, goal. */
#include "base/log.h"
#include "base/time.h"
#include "outreach/ledger_int.h"
#include "store/store.h"

#include <time.h>

#define FEW 1000
#define ROWS_EACH 10
#define LOOKS 100000
#define POURED 100000 /* patients; of more, pages are poured in whole */

struct bench {
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
 * keeps them, so that a hundred million rows are there in minutes. */
struct place {
    uint64_t first; /* of the blind name */
    uint32_t who;   /* a patient, or patients + a number */
};

static int by_place(const void *x, const void *y)
{
    const struct place *a = x, *b = y;
    return a->first < b->first ? -1 : a->first > b->first;
}

static void rows_of(struct op *op, struct ledger_page *p, uint64_t patient, bool shared)
{
    uint64_t other = ledger_mark(shared ? patient_of(op, patient) : number_of(op, patient));
    for (int k = 0; k < ROWS_EACH; k++)
        ledger_put(p, &(struct ledger_entry){.at = op->now - k * 3LL * 86400000,
                                             .id = patient * ROWS_EACH + (uint64_t)k + 1,
                                             .number = other,
                                             .channel = LEDGER_SMS,
                                             .state = LEDGER_OUT});
}

static str name_of(struct op *op, uint64_t who, uint64_t patients)
{
    if (who < patients)
        return arena_cat(op->arena, STR("ledger/"), patient_of(op, who));
    uint64_t mark = ledger_mark(number_of(op, 2 * (who - patients)));
    return arena_printf(op->arena, "ledger#%016llx", (unsigned long long)mark);
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
    record_tx_kv(tx, name_of(op, who, patients), ledger_pack(op->arena, &p));
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
        str name = arena_cat(op.arena, STR("room/"), name_of(&op, i, patients));
        all[i] = (struct place){store_blind(store, STR("kv"), name), (uint32_t)i};
    }
    qsort(all, n, sizeof *all, by_place);
    for (uint64_t i = 0; i < n;) {
        struct op op = op_of(b);
        struct record_tx *tx = record_begin(&op, b->rec);
        for (int k = 0; k < 20000 && i < n; k++)
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

/* Each size is grown from the one before. */
static void grow(struct bench *b, uint64_t from, uint64_t to)
{
    double start = seconds();
    if (to > POURED)
        pour(b, to);
    else
        fill(b, from, to);
    if (from && to <= POURED)
        printf("contact ledger: rows written, in batches\t%.0f\trows/s/core\t\n",
               (double)(to - from) * ROWS_EACH / (seconds() - start));
    (void)looks(b, to); /* the first visit of each page is the disk's */
    printf("contact ledger: look-ups, %llu rows\t%.0f\t/s/core\t>= 50000, flat\n",
           (unsigned long long)(to * ROWS_EACH), looks(b, to));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct bench b = {.a = arena_new(256u << 20)};
    struct op op = op_of(&b);
    uint64_t many = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
    str dir = str_of(argc > 2 ? argv[2] : "/tmp/weft-ledger-bench");
    log_level_set(LOG_ERROR);
    if (record_init(&op, dir) != OK || record_open(&op, dir, 0, &b.rec) != OK)
        die("open");
    for (uint64_t n = FEW, had = 0; had < many; n *= 10) {
        uint64_t to = n < many ? n : many;
        grow(&b, had, to);
        had = to;
    }
    record_close(b.rec);
    arena_free(b.a);
    return 0;
}
