/* An export at work: slice by slice, the numbers of what belongs to it are sorted into files by
 * type. A file is a list of numbers, kept sealed like every named value; its text is made when it
 * is fetched. Invariant: place and lists move in one commit, so a slice counts once or not at all.
 */
#include "api/bulk_int.h"
#include "record/custom.h"

#define SLICE 100000u
#define FILE_COUNT 20000u
#define FILE_BYTES (4u << 20) /* on disk; about six times that as text */
#define FILES_MAX 20000u

enum column { TYPE, DELETED, CLOSED, COUNT, BYTES, COLUMNS };

struct open_file {
    struct json *row;
    uint64_t number;
    VEC(uint64_t) rids;
};

struct exporting {
    struct op *op;
    struct api *api;
    struct bulk_job *job;
    struct json *files;
    struct open_file **open; /* by type and deleted */
    struct record_tx *tx;
};

static int64_t column(const struct json *row, enum column c)
{
    int64_t v = 0;
    (void)json_i64(json_at(row, c), &v);
    return v;
}

static void set_column(struct exporting *x, struct json *row, enum column c, int64_t v)
{
    *json_at(row, c) = *json_new_i64(x->op->arena, v);
}

static err decode(struct op *op, str list, struct open_file *f)
{
    uint64_t rid = 0, step;
    while (list.n) {
        if (!take_varint(&list, &step))
            return fail(op, ERR_FAULT, "The list of a bulk file is damaged.");
        rid += step;
        VEC_PUSH(op->arena, &f->rids, rid);
    }
    return op_check(op);
}

static err load(struct op *op, struct api *api, str id, struct open_file *f)
{
    str list;
    TRY(record_kv_get(op, api->rec, bulk_key(op->arena, id, "f", 0, f->number), &list));
    return decode(op, list, f);
}

static void store(struct exporting *x, const struct open_file *f)
{
    struct buf b;
    uint64_t before = 0;
    buf_init(&b, x->op->arena, 1u << 20);
    for (size_t i = 0; i < f->rids.n; i++) {
        buf_varint(&b, f->rids.at[i] - before);
        before = f->rids.at[i];
    }
    record_tx_kv(x->tx, bulk_key(x->op->arena, x->job->id, "f", 0, f->number), buf_str(&b));
}

/* The open file of a type: one of before, or a new one. */
static err file_for(struct exporting *x, const struct record_export_found *r,
                    struct open_file **ret)
{
    struct arena *a = x->op->arena;
    struct open_file **slot = &x->open[2u * r->type + r->deleted], *f = *slot;
    if (!f) {
        f = *slot = ARENA_NEW(a, struct open_file);
        for (uint32_t i = 0; i < x->files->n && !f->row; i++) {
            struct json *row = json_at(x->files, i);
            if (column(row, TYPE) == r->type && column(row, DELETED) == r->deleted &&
                !column(row, CLOSED)) {
                f->number = i;
                f->row = row;
            }
        }
        if (f->row)
            TRY(load(x->op, x->api, x->job->id, f));
    }
    if (!f->row) {
        struct json *row = json_new(a, JSON_ARRAY);
        int64_t first[COLUMNS] = {r->type, r->deleted, 0, 0, 0};
        if (x->files->n >= FILES_MAX)
            return fail(x->op, ERR_TOO_COSTLY, "The export would have more than %u files.",
                        FILES_MAX);
        for (size_t i = 0; i < COLUMNS; i++)
            json_push(a, row, json_new_i64(a, first[i]));
        f->number = x->files->n;
        f->rids.n = 0;
        json_push(a, x->files, row);
        for (size_t i = 0; i < 2u * FHIR_TYPE_COUNT + 2; i++) /* the list may have moved */
            if (x->open[i] && (x->open[i]->row || x->open[i] == f))
                x->open[i]->row = json_at(x->files, (size_t)x->open[i]->number);
    }
    *ret = f;
    return op_check(x->op);
}

static err sort_in(struct exporting *x, const struct record_export_found *found, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct open_file *f = NULL;
        TRY(file_for(x, &found[i], &f));
        VEC_PUSH(x->op->arena, &f->rids, found[i].rid);
        int64_t bytes = column(f->row, BYTES) + (int64_t)found[i].bytes;
        set_column(x, f->row, COUNT, (int64_t)f->rids.n);
        set_column(x, f->row, BYTES, bytes);
        if (f->rids.n < FILE_COUNT && bytes < (int64_t)FILE_BYTES)
            continue;
        set_column(x, f->row, CLOSED, 1);
        store(x, f);
        f->row = NULL;
        f->rids.n = 0;
    }
    for (size_t i = 0; i < 2u * FHIR_TYPE_COUNT + 2; i++)
        if (x->open[i] && x->open[i]->row)
            store(x, x->open[i]);
    return op_check(x->op);
}

/* What was asked for, out of the job again. */
static err asked(struct exporting *x, struct record_export *e)
{
    struct op *op = x->op;
    const struct json *o = x->job->o, *types = JSON_GET(o, "types"), *filters;
    fhir_type *list = ARENA_ARRAY(op->arena, fhir_type, FHIR_TYPE_COUNT + 1u);
    filters = JSON_GET(o, "filters");
    size_t n = filters ? filters->n : 0;
    const struct fhir_query **queries = ARENA_ARRAY(op->arena, const struct fhir_query *, n + 1);
    TRY(op_check(op));
    *e = (struct record_export){.t = (uint64_t)bulk_number(o, "t"),
                                .types = list,
                                .since = JSON_GET(o, "since") ? bulk_number(o, "since") : INT64_MIN,
                                .patients = json_bool(JSON_GET(o, "patients"), false),
                                .group = json_get_str(o, STR("group")),
                                .filters = queries,
                                .n_filters = n};
    for (size_t i = 0; types && i < types->n && e->n_types < FHIR_TYPE_COUNT; i++)
        list[e->n_types++] = fhir_type_parse(json_str(json_at(types, i)));
    for (size_t i = 0; i < n; i++) {
        str text = json_str(json_at(filters, i));
        size_t mark = str_find_char(text, '?', 0);
        TRY(record_criteria_read(op, x->api->rec, fhir_type_parse(str_sub(text, 0, mark)),
                                 str_sub(text, mark + 1, SIZE_MAX), &queries[i]));
    }
    return OK;
}

static err slice(struct exporting *x, uint64_t *ret_next)
{
    struct op *op = x->op;
    struct record_export e;
    struct record_export_found *found = NULL;
    size_t n = 0;
    const struct actor *ours = op->actor;
    const struct json *o = x->job->o;
    struct scopes scopes = {0};
    struct actor who = {.user = json_get_str(o, STR("user")),
                        .reference = json_get_str(o, STR("reference"))};
    TRY(asked(x, &e));
    if (!role_parse(json_get_str(o, STR("role")), &who.role) ||
        !purpose_parse(json_get_str(o, STR("purpose")), &who.purpose))
        return fail(op, ERR_FORBIDDEN, "The job's owner has no right any more.");
    if (JSON_GET(o, "scope")) { /* an app's: it is bound by Consents, and by what it was given */
        if (!scopes_parse(json_get_str(o, STR("scope")), &scopes))
            scopes.n = 0;
        who.scopes = &scopes;
    }
    op->actor = &who;
    err r = record_export_slice(op, x->api->rec, &e, (uint64_t)bulk_number(o, "at"), SLICE, &found,
                                &n, ret_next);
    op->actor = ours;
    TRY(r);
    bulk_set(op->arena, x->job->o, "looked", bulk_number(o, "looked") + SLICE);
    return sort_in(x, found, n);
}

err bulk_export_step(struct op *op, struct api *api, struct bulk_job *job)
{
    struct exporting x = {.op = op, .api = api, .job = job};
    uint64_t next = 0;
    const struct json *files = JSON_GET(job->o, "files");
    x.files = files ? json_dup(op->arena, files) : json_new(op->arena, JSON_ARRAY);
    x.open = ARENA_ARRAY(op->arena, struct open_file *, 2u * FHIR_TYPE_COUNT + 2);
    x.tx = record_begin(op, api->rec);
    TRY(op_check(op));
    err e = slice(&x, &next);
    if (e == ERR_UNAVAILABLE)
        return e; /* the disk may come back */
    if (e != OK)
        return bulk_finish(op, api, job, record_begin(op, api->rec), "failed");
    json_set(op->arena, job->o, STR("files"), x.files);
    bulk_set(op->arena, job->o, "file_parts", x.files->n);
    bulk_set(op->arena, job->o, "at", (int64_t)next);
    if (next == 0)
        return bulk_finish(op, api, job, x.tx, "done");
    bulk_put(op, x.tx, job);
    return record_commit(x.tx);
}

err bulk_export_rids(struct op *op, struct api *api, str id, uint64_t file, uint64_t **ret,
                     size_t *ret_n)
{
    struct open_file f = {.number = file};
    TRY(load(op, api, id, &f));
    *ret = f.rids.at;
    *ret_n = f.rids.n;
    return OK;
}
