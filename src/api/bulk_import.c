/* An import at work. The input lies in pieces of whole lines, sealed; a step takes some lines as
 * one transaction that also moves the job's place. What does not fit together is halved until the
 * bad line stands alone; a line that names what is not there yet is put off to the next pass, as
 * long as a pass still gets anything in. Invariant: a line is applied, put off or told as an error
 * in the same commit that passes it: never twice, never half, never forgotten. */
#include "api/bulk_int.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define BATCH BULK_BATCH
#define SMALL_PART (32u << 10) /* of what grows line by line */
#define TRIES 5

struct importing {
    struct op *op;    /* of one commit; lines live in the step's own arena */
    struct actor who; /* began the job: the trail names them, not us */
    struct api *api;
    str id;
    struct arena *lines;
    struct bulk_line at[BATCH];
    size_t n;
    bool last_piece; /* these lines end a piece */
    int64_t base;    /* of a file: where the lines begin */
    bool first;      /* the first pass */
};

/* ---- input ---- */
static err from_file(struct op *op, struct api *api, const struct bulk_job *job, str *ret)
{
    str dir = config_str(api->config, "bulk.import_dir");
    const char *path = str_z(op->arena, arena_printf(op->arena, "%.*s/%.*s", STR_ARG(dir),
                                                     STR_ARG(json_get_str(job->o, STR("file")))));
    char *p = arena_alloc(op->arena, BULK_PART + BULK_LINE_MAX);
    int fd = dir.n && p ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    ssize_t n =
        fd < 0 ? -1
               : pread(fd, p, BULK_PART + BULK_LINE_MAX, (off_t)bulk_number(job->o, "file_at"));
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return fail(op, ERR_UNPROCESSABLE, "The file to import cannot be read.");
    *ret = str_make(p, (size_t)n);
    return OK;
}

static err piece_of(struct op *op, struct api *api, const struct bulk_job *job, str *ret)
{
    uint64_t pass = (uint64_t)bulk_number(job->o, "pass");
    if (pass == 0 && JSON_GET(job->o, "file"))
        return from_file(op, api, job, ret);
    return record_kv_get(
        op, api->rec,
        bulk_key(op->arena, job->id, "i", pass, (uint64_t)bulk_number(job->o, "part")), ret);
}

static err split(struct importing *m, const struct bulk_job *job, str piece)
{
    struct bulk_cut cut = {.piece = piece,
                           .at = (size_t)bulk_number(job->o, "offset"),
                           .number = (uint64_t)bulk_number(job->o, "line"),
                           .numbered = bulk_number(job->o, "pass") > 0};
    TRY(bulk_split(m->op, &cut, m->at, &m->n));
    m->last_piece = cut.at >= piece.n;
    for (size_t i = 0; i < m->n; i++)
        m->at[i].text = arena_str(m->lines, m->at[i].text);
    return arena_failed(m->lines) ? fail(m->op, ERR_UNAVAILABLE, "No memory left to import.") : OK;
}

/* ---- the place ---- */
/* Lines up to and with i are passed. */
static err passed(struct importing *m, struct bulk_job *job, struct record_tx *tx, size_t i)
{
    struct arena *a = m->op->arena;
    const struct bulk_line *l = &m->at[i];
    bool file = bulk_number(job->o, "pass") == 0 && JSON_GET(job->o, "file");
    bool over = m->last_piece && i + 1 == m->n;
    bulk_set(a, job->o, "line", bulk_number(job->o, "line") + (int64_t)(i + 1));
    if (file)
        bulk_set(a, job->o, "file_at", m->base + (int64_t)l->end);
    else
        bulk_set(a, job->o, "offset", (int64_t)l->end);
    if (over && !file) {
        int64_t part = bulk_number(job->o, "part");
        record_tx_kv(tx,
                     bulk_key(a, m->id, "i", (uint64_t)bulk_number(job->o, "pass"), (uint64_t)part),
                     STR_NONE);
        bulk_set(a, job->o, "part", part + 1);
        bulk_set(a, job->o, "offset", 0);
    }
    return op_check(m->op);
}

static void count(struct importing *m, struct bulk_job *job, const char *name, int64_t more)
{
    bulk_set(m->op->arena, job->o, name, bulk_number(job->o, name) + more);
}

/* Adds a line to the last piece of a kind, or begins another. */
static err append(struct importing *m, struct bulk_job *job, struct record_tx *tx,
                  const char *counter, str line)
{
    struct arena *a = m->op->arena;
    bool error = counter[0] == 'e';
    uint64_t pass = error ? 0 : (uint64_t)bulk_number(job->o, "pass") + 1;
    int64_t n = bulk_number(job->o, counter);
    str before = STR_NONE;
    if (n)
        TRY(record_kv_get(m->op, m->api->rec,
                          bulk_key(a, m->id, error ? "e" : "i", pass, (uint64_t)n - 1), &before));
    if (!n || before.n + line.n > SMALL_PART) {
        before = STR_NONE;
        bulk_set(a, job->o, counter, ++n);
    }
    record_tx_kv(tx, bulk_key(a, m->id, error ? "e" : "i", pass, (uint64_t)n - 1),
                 arena_cat(a, before, line));
    return op_check(m->op);
}

/* The line's fault as an OperationOutcome of one line. */
static err tell(struct importing *m, struct bulk_job *job, struct record_tx *tx, size_t i)
{
    struct buf b;
    struct op *op = m->op;
    op_note(op, SEVERITY_INFORMATION, STR_NONE,
            "Line %llu of the input; nothing of it was applied.",
            (unsigned long long)m->at[i].number);
    buf_init(&b, op->arena, 256u << 10);
    fhir_outcome_write(&b, op);
    buf_char(&b, '\n');
    op_clear(op);
    count(m, job, "errors", 1);
    if (!buf_ok(&b))
        return fail(op, ERR_FAULT, "An outcome is too large.");
    return append(m, job, tx, "errors_n", buf_str(&b));
}

static err put_off(struct importing *m, struct bulk_job *job, struct record_tx *tx, size_t i)
{
    const struct bulk_line *l = &m->at[i];
    op_clear(m->op);
    count(m, job, "put_off", 1);
    return append(m, job, tx, "next",
                  arena_printf(m->op->arena, "%llu\t%.*s\n", (unsigned long long)l->number,
                               STR_ARG(l->text)));
}

/* All of a batch, in the first pass: what they name may well come later. */
static err put_off_all(struct importing *m, struct bulk_job *job, struct record_tx *tx)
{
    struct buf b;
    int64_t next = bulk_number(job->o, "next");
    buf_init(&b, m->op->arena, 4u << 20);
    for (size_t i = 0; i <= m->n; i++) {
        const struct bulk_line *l = &m->at[i < m->n ? i : 0];
        if (b.n && (i == m->n || b.n + l->text.n > BULK_PART)) {
            record_tx_kv(tx, bulk_key(m->op->arena, m->id, "i", 1, (uint64_t)next++), buf_str(&b));
            buf_init(&b, m->op->arena, 4u << 20);
        }
        if (i < m->n && l->text.n)
            buf_printf(&b, "%llu\t%.*s\n", (unsigned long long)l->number, STR_ARG(l->text));
        if (!buf_ok(&b))
            return fail(m->op, ERR_UNAVAILABLE, "No memory left to import.");
    }
    bulk_set(m->op->arena, job->o, "next", next);
    count(m, job, "put_off", (int64_t)m->n);
    return op_check(m->op);
}

/* ---- a commit ---- */
/* The job as it is now, and a fresh operation to change it in. */
static err anew(struct importing *m, struct arena *a, struct bulk_job *job)
{
    arena_reset(a);
    op_init(m->op, a, &m->who, time_now());
    return bulk_get(m->op, m->api, m->id, job);
}

/* Lines [from, to) as one. *ret_unresolved: it failed for want of what they name. */
static err try_lines(struct importing *m, struct arena *a, size_t from, size_t to,
                     bool *ret_unresolved)
{
    err e = ERR_CONFLICT;
    *ret_unresolved = false;
    for (int tries = 0; tries < TRIES && (e == ERR_CONFLICT || e == ERR_PRECONDITION); tries++) {
        struct bulk_job job;
        struct record_tx *tx = NULL;
        str texts[BATCH];
        size_t n = 0;
        TRY(anew(m, a, &job));
        for (size_t i = from; i < to; i++)
            if (m->at[i].text.n)
                texts[n++] = m->at[i].text;
        e = n ? record_import_begin(m->op, m->api->rec, texts, n, &tx) : OK;
        if (!tx)
            tx = record_begin(m->op, m->api->rec);
        if (e == OK) {
            bulk_set(a, job.o, "line", bulk_number(job.o, "line") - (int64_t)from);
            TRY(passed(m, &job, tx, to - 1));
            count(m, &job, "applied", (int64_t)n);
            count(m, &job, "in_pass", (int64_t)n);
            bulk_put(m->op, tx, &job);
            e = record_commit(tx);
        }
        *ret_unresolved = e != OK && record_tx_unresolved(tx);
    }
    return e;
}

/* One bad line: told, or put off; and passed. */
static err leave(struct importing *m, struct arena *a, size_t i, bool unresolved)
{
    struct bulk_job job;
    struct fault why = m->op->fault;
    struct op keep = *m->op;
    struct arena *b = arena_new(0);
    if (!b)
        return ERR_UNAVAILABLE;
    op_init(m->op, b, &m->who, keep.now);
    err e = bulk_get(m->op, m->api, m->id, &job);
    if (e == OK) {
        struct record_tx *tx = record_begin(m->op, m->api->rec);
        bulk_set(b, job.o, "line", bulk_number(job.o, "line") - (int64_t)i);
        e = passed(m, &job, tx, i);
        m->op->fault = why;
        if (e == OK)
            e = unresolved && !json_bool(JSON_GET(job.o, "final"), false) ? put_off(m, &job, tx, i)
                                                                          : tell(m, &job, tx, i);
        if (e == OK) {
            bulk_put(m->op, tx, &job);
            e = record_commit(tx);
        }
    }
    op_init(m->op, a, &m->who, keep.now);
    arena_free(b);
    return e;
}

/* The whole batch waits for the next pass. */
static err wait_all(struct importing *m, struct arena *a)
{
    struct bulk_job job;
    TRY(anew(m, a, &job));
    struct record_tx *tx = record_begin(m->op, m->api->rec);
    TRY(passed(m, &job, tx, m->n - 1));
    TRY(put_off_all(m, &job, tx));
    bulk_put(m->op, tx, &job);
    return record_commit(tx);
}

/* At most eight halvings deep: BATCH lines. */
static err apply(struct importing *m, struct arena *a, size_t from, size_t to)
{
    bool unresolved;
    err e = try_lines(m, a, from, to, &unresolved);
    if (e == OK || err_row(e)->retry || e == ERR_NOT_FOUND)
        return e;
    if (unresolved && m->first && to - from == m->n && m->n > 1)
        return wait_all(m, a);
    if (to - from == 1)
        return leave(m, a, from, unresolved);
    size_t middle = from + (to - from) / 2;
    TRY(apply(m, a, from, middle));
    return apply(m, a, middle, to);
}

/* ---- the step ---- */
/* The pass is over: the next, the last one (nothing moved), or the end. */
static err turn(struct op *op, struct api *api, struct bulk_job *job)
{
    struct arena *a = op->arena;
    struct record_tx *tx = record_begin(op, api->rec);
    int64_t next = bulk_number(job->o, "next");
    bool stuck = bulk_number(job->o, "pass") > 0 && !bulk_number(job->o, "in_pass");
    if (!next)
        return bulk_finish(op, api, job, tx, "done");
    bulk_set(a, job->o, "pass", bulk_number(job->o, "pass") + 1);
    bulk_set(a, job->o, "parts", next);
    bulk_set(a, job->o, "next", 0);
    bulk_set(a, job->o, "part", 0);
    bulk_set(a, job->o, "offset", 0);
    bulk_set(a, job->o, "line", 0);
    bulk_set(a, job->o, "in_pass", 0);
    bulk_set(a, job->o, "put_off", 0);
    json_set(a, job->o, STR("final"), json_new_bool(a, stuck));
    bulk_put(op, tx, job);
    return record_commit(tx);
}

static bool pass_over(const struct bulk_job *job, str piece)
{
    bool file = bulk_number(job->o, "pass") == 0 && JSON_GET(job->o, "file");
    return file ? piece.n == 0 : bulk_number(job->o, "part") >= bulk_number(job->o, "parts");
}

/* A file's window moves with the lines; a window that ends in a line ends before it. */
static err window(struct importing *m, struct bulk_job *job, str *piece)
{
    size_t end = piece->n;
    if (bulk_number(job->o, "pass") > 0 || !JSON_GET(job->o, "file") ||
        end < BULK_PART + BULK_LINE_MAX)
        return OK;
    while (end && piece->p[end - 1] != '\n')
        end--;
    *piece = str_sub(*piece, 0, end);
    return end ? OK
               : fail(m->op, ERR_TOO_LARGE, "A line has more than %u bytes.",
                      BULK_PART + BULK_LINE_MAX);
}

static err step(struct importing *m, struct arena *a, struct bulk_job *job, bool *ret_turn)
{
    str piece = STR_NONE;
    *ret_turn = false;
    if (bulk_number(job->o, "errors") >= BULK_ERRORS_MAX)
        return fail(m->op, ERR_UNPROCESSABLE, "The import stopped after %u errors.",
                    BULK_ERRORS_MAX);
    m->base = bulk_number(job->o, "file_at");
    TRY(piece_of(m->op, m->api, job, &piece));
    TRY(window(m, job, &piece));
    *ret_turn = pass_over(job, piece);
    if (*ret_turn)
        return OK;
    TRY(split(m, job, piece));
    m->first = bulk_number(job->o, "pass") == 0;
    if (m->n == 0) /* an empty piece */
        return fail(m->op, ERR_FAULT, "A piece of the input is missing.");
    return apply(m, a, 0, m->n);
}

err bulk_import_step(struct op *op, struct api *api, struct bulk_job *job)
{
    struct importing m = {.op = op, .api = api, .lines = arena_new(64u << 20)};
    struct arena *work = arena_new(0);
    struct op inner;
    bool over = false;
    err e = ERR_UNAVAILABLE;
    op_init(&inner, op->arena, op->actor, op->now);
    if (m.lines && work) {
        m.op = &inner;
        m.id = job->id;
        m.who = *identity_system();
        m.who.user = json_get_str(job->o, STR("user"));
        (void)role_parse(json_get_str(job->o, STR("role")), &m.who.role);
        e = step(&m, work, job, &over);
    }
    arena_free(m.lines);
    if (e == OK && over)
        e = turn(op, api, job);
    else if (e != OK && !err_row(e)->retry && e != ERR_CONFLICT && e != ERR_NOT_FOUND) {
        (void)fail(op, e, "%.*s",
                   STR_ARG(inner.fault.n ? inner.fault.issues[0].message
                                         : STR("The import cannot go on.")));
        e = bulk_finish(op, api, job, record_begin(op, api->rec), "failed");
    }
    arena_free(work);
    return e;
}
