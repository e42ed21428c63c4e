/* weft import --devices: bills of materials, vulnerabilities and recalls of devices, from files. A
 * file is read twice: looked at whole, then taken in, so what is wrong with one entry keeps all of
 * the file out. Memory is that of a few entries, however large the file is. */
#include "api/import_int.h"
#include "api/json_items.h"
#include "base/config.h"
#include "base/time.h"
#include "fleet/parts.h"
#include "fleet/recall.h"

#include <zlib.h>

#define BATCH 100u
#define BATCH_BYTES ((size_t)4 << 20)
#define ROOM_BYTES ((size_t)256 << 20)

enum kind { KIND_PARTS, KIND_VULNERABILITIES, KIND_RECALLS, KIND_N };
static const char *const kinds[KIND_N] = {"parts", "vulnerabilities", "recalls"};

struct job {
    struct cli *c;
    struct fleet *fleet;
    struct arena *room; /* of a batch */
    const struct import_fleet *in;
    enum kind kind;
    const char *file;
    bool look; /* the first time: nothing is written */
    char *batch;
    size_t n, bytes;
    uint64_t line, all; /* of the batch's first entry; entries of the file */
};

/* What is done by files is done by whoever has the folder; it stands in the trail as that. */
static const struct actor *who(void)
{
    static const struct actor actor = {
        .role = ROLE_ADMIN, .purpose = PURPOSE_SYSADMIN, .user = {"weft-import", 11}};
    return &actor;
}

static bool told(const struct job *j, uint64_t line, const struct op *op)
{
    str what = op->fault.n ? op->fault.issues[0].message : STR("it cannot be taken in");
    str where = op->fault.n ? op->fault.issues[0].expression : STR_NONE;
    fprintf(stderr, "weft import: %s:%llu: %.*s%s%.*s%s\n", j->file, (unsigned long long)line,
            STR_ARG(what), where.n ? " (" : "", STR_ARG(where), where.n ? ")" : "");
    return false;
}

static err take(struct job *j, struct op *op, str document)
{
    struct json *o;
    struct parts_new p = {.model = str_of(j->in->model ? j->in->model : ""),
                          .from = str_of(j->in->from ? j->in->from : ""),
                          .to = str_of(j->in->to ? j->in->to : ""),
                          .document = document};
    if (j->kind == KIND_PARTS)
        return parts_take(op, j->fleet, &p, &o);
    if (j->kind == KIND_RECALLS)
        return j->look ? recall_look(op, document) : recall_take_part(op, j->fleet, document);
    return j->look ? vuln_look(op, document) : vuln_take_part(op, j->fleet, document);
}

static bool batch_of(struct job *j, str document, uint64_t line)
{
    struct op op;
    arena_reset(j->room);
    op_init(&op, j->room, who(), time_now());
    return take(j, &op, document) == OK || told(j, line, &op);
}

static bool flush(struct job *j)
{
    str all = str_make(j->batch, j->bytes);
    bool ok;
    if (!j->n)
        return true;
    j->batch[j->bytes++] = ']';
    all.n++;
    ok = batch_of(j, all, j->line);
    j->n = j->bytes = 0;
    return ok;
}

/* Looked at, an entry is alone, so that its line is known; taken in, a hundred go together. */
static bool entry(void *ctx, str item, uint64_t line)
{
    struct job *j = ctx;
    j->all++;
    if (j->look)
        return batch_of(j, item, line);
    if (j->n && (j->n == BATCH || j->bytes + item.n + 2 > BATCH_BYTES) && !flush(j))
        return false;
    if (!j->n)
        j->line = line;
    j->batch[j->bytes++] = j->n++ ? ',' : '[';
    memcpy(j->batch + j->bytes, item.p, item.n);
    j->bytes += item.n;
    return true;
}

static bool complain(const struct job *j, uint64_t line, const char *what)
{
    if (*what)
        fprintf(stderr, "weft import: %s:%llu: %s\n", j->file, (unsigned long long)line, what);
    return false;
}

static bool pour(struct job *j, gzFile gz, struct json_items *s)
{
    static const char damaged[] = "cannot be read to its end (damaged or cut short)";
    char chunk[65536];
    int n, code = Z_OK;
    while ((n = gzread(gz, chunk, sizeof chunk)) > 0)
        if (!json_items_add(s, str_make(chunk, (size_t)n)))
            return complain(j, s->line, s->wrong);
    (void)gzerror(gz, &code);
    if (n < 0 || (code != Z_OK && code != Z_STREAM_END))
        return complain(j, s->line, damaged);
    if (!json_items_end(s))
        return complain(j, s->line, s->wrong);
    return j->all > 0 || j->kind == KIND_RECALLS || complain(j, 1, "there is no entry in it");
}

static bool pass(struct job *j, bool look)
{
    struct json_items s = {.fn = entry, .ctx = j, .line = 1};
    gzFile gz = gzopen(j->file, "re");
    j->look = look;
    j->all = 0;
    j->n = j->bytes = 0;
    if (!gz)
        return complain(j, 1, "cannot be opened");
    (void)gzbuffer(gz, 256u << 10);
    bool ok = pour(j, gz, &s) && flush(j);
    (void)gzclose(gz);
    json_items_free(&s);
    return ok;
}

/* A bill of materials is one document: it is read whole. */
static bool whole(struct job *j)
{
    gzFile gz = gzopen(j->file, "re");
    size_t max = (size_t)PARTS_BYTES_MAX + 1, n = 0;
    char *text = gz ? malloc(max) : NULL;
    int got = 1;
    while (text && n < max && got > 0) {
        got = gzread(gz, text + n, (unsigned)(max - n < 65536 ? max - n : 65536));
        n += got > 0 ? (size_t)got : 0;
    }
    int code = Z_OK;
    if (gz)
        (void)gzerror(gz, &code);
    bool ok = text ? got >= 0 && (code == Z_OK || code == Z_STREAM_END)
                         ? n < max || complain(j, 1, "is larger than 8 MiB")
                         : complain(j, 1, "cannot be read to its end (damaged or cut short)")
                   : complain(j, 1, "cannot be opened");
    j->look = false;
    j->all = 1;
    ok = ok && batch_of(j, str_make(text, n), 1);
    free(text);
    if (gz)
        (void)gzclose(gz);
    return ok;
}

/* What was taken in part is looked for in all models once, at the end. */
static bool settle(struct job *j)
{
    struct op op;
    struct json *o;
    arena_reset(j->room);
    op_init(&op, j->room, who(), time_now());
    err e = OK;
    if (j->kind == KIND_VULNERABILITIES)
        e = vuln_take(&op, j->fleet, STR("[]"), &o);
    else if (j->kind == KIND_RECALLS)
        e = recall_take(&op, j->fleet, STR("[]"), &o);
    return e == OK || told(j, 1, &op);
}

static bool files(struct job *j, int n, char **names)
{
    bool ok = true;
    for (int i = 0; i < n; i++) {
        j->file = names[i];
        bool one = j->kind == KIND_PARTS ? whole(j) : pass(j, true) && pass(j, false);
        if (one)
            printf("%s: %llu %s\n", names[i], (unsigned long long)j->all,
                   j->kind == KIND_PARTS ? "bill of materials" : "entries");
        ok &= one;
    }
    return settle(j) && ok;
}

static int run(struct cli *c, struct job *j, int n, char **names)
{
    struct config *config = config_new(c->arena);
    if (!config || !j->room || !j->batch)
        return cli_failed("import", &c->op);
    if (fleet_new(&c->op, c->rec, c->id, config, &j->fleet) != OK)
        return cli_failed("import", &c->op);
    bool ok = files(j, n, names);
    fleet_free(j->fleet);
    return ok ? CLI_DONE : CLI_FAILED;
}

int import_fleet(const struct import_fleet *in, int n, char **names, const char *usage)
{
    struct job j = {.in = in, .kind = KIND_PARTS};
    struct cli c;
    int code;
    while (j.kind < KIND_N && !str_eq(str_of(in->kind), str_of(kinds[j.kind])))
        j.kind++;
    if (j.kind == KIND_N)
        return cli_wrong("import", usage, "--devices takes parts, vulnerabilities or recalls");
    if (j.kind == KIND_PARTS && !in->model)
        return cli_wrong("import", usage, "--devices parts needs --model");
    j.c = &c;
    j.room = arena_new(ROOM_BYTES);
    j.batch = malloc(BATCH_BYTES + JSON_ITEM_MAX + 4);
    code = cli_open(&c, in->data, 32u << 20) == OK ? run(&c, &j, n, names)
                                                   : cli_failed("import", &c.op);
    cli_close(&c);
    free(j.batch);
    arena_free(j.room);
    return code;
}
