/* Bulk data over HTTP: kick-off of $export and $import, status, files, cancel. The asynchronous
 * pattern of https://hl7.org/fhir/uv/bulkdata/ (STU2). Invariant: a job is its owner's alone; to
 * anybody else it does not exist. */
#include "api/bulk_int.h"
#include "record/custom.h"

#define ERRORS_FILE STR("errors")

#define NDJSON "application/fhir+ndjson"

static bool is_ndjson(str type)
{
    str media = STR_NONE;
    str_take_until(&type, ';', &media);
    media = str_trim(media);
    return str_eq_nocase(media, STR(NDJSON)) || str_eq_nocase(media, STR("application/ndjson")) ||
           str_eq_nocase(media, STR("ndjson")) || str_eq_nocase(media, STR("application/x-ndjson"));
}

static err accepted(struct call *c, str id)
{
    str base = base_url(c);
    answer_header(c, "Content-Location", "%.*s/bulk/%.*s", STR_ARG(base), STR_ARG(id));
    op_note(&c->op, SEVERITY_INFORMATION, STR_NONE,
            "The job has begun; ask at Content-Location how far it is.");
    struct buf b = answer_buf(c);
    fhir_outcome_write(&b, &c->op);
    op_clear(&c->op);
    return answer(c, 202, &b);
}

/* "Type?query,Type?query": a comma parts two of them only where another type's query begins. */
static bool starts_query(str s)
{
    size_t mark = str_find_char(s, '?', 0);
    return mark != SIZE_MAX && fhir_type_parse(str_sub(s, 0, mark));
}

static err filters(struct call *c, const struct op_params *p, struct json *list,
                   struct record_export *x)
{
    const struct fhir_query **out = ARENA_ARRAY(c->op.arena, const struct fhir_query *, 101);
    TRY(op_check(&c->op));
    for (size_t i = 0; i < p->n; i++) {
        str rest = p->at[i].value;
        while (str_eq(p->at[i].name, STR("_typeFilter")) && rest.n) {
            size_t comma = str_find_char(rest, ',', 0);
            while (comma != SIZE_MAX && !starts_query(str_sub(rest, comma + 1, SIZE_MAX)))
                comma = str_find_char(rest, ',', comma + 1);
            str one = str_sub(rest, 0, comma);
            rest = comma == SIZE_MAX ? STR_NONE : str_sub(rest, comma + 1, SIZE_MAX);
            size_t mark = str_find_char(one, '?', 0);
            if (!starts_query(one) || x->n_filters >= 100)
                return fail(&c->op, ERR_INVALID,
                            "_typeFilter is a search, e.g. Observation?category=vital-signs; at "
                            "most 100.");
            TRY(record_criteria_read(&c->op, c->api->rec, fhir_type_parse(str_sub(one, 0, mark)),
                                     str_sub(one, mark + 1, SIZE_MAX), &out[x->n_filters++]));
            json_push(c->op.arena, list, json_new_str(c->op.arena, one));
        }
    }
    x->filters = out;
    return op_check(&c->op);
}

static err export_of(struct call *c, const struct op_params *p, struct json *o,
                     struct record_export *x)
{
    struct arena *a = c->op.arena;
    struct json *types = json_new(a, JSON_ARRAY), *list = json_new(a, JSON_ARRAY);
    struct time_span since;
    fhir_type *named;
    str format;
    bool there;
    TRY(op_one(c, p, "_outputFormat", &format));
    if (format.n && !is_ndjson(format))
        return fail(&c->op, ERR_INVALID, "_outputFormat can be " NDJSON " only.");
    TRY(op_types(c, p, "_type", &named, &x->n_types));
    x->types = named;
    for (size_t i = 0; i < x->n_types; i++)
        json_push(a, types, json_new_str(a, fhir_type_name(named[i])));
    TRY(op_time(c, p, "_since", &since, &there));
    x->since = there ? since.lo : INT64_MIN;
    TRY(filters(c, p, list, x));
    x->t = record_now_t(c->api->rec);
    json_set_str(a, o, STR("kind"), STR("export"));
    json_set(a, o, STR("types"), types);
    json_set(a, o, STR("filters"), list);
    if (there)
        bulk_set(a, o, "since", since.lo);
    json_set(a, o, STR("patients"), json_new_bool(a, x->patients));
    json_set_str(a, o, STR("group"), x->group);
    bulk_set(a, o, "t", (int64_t)x->t);
    bulk_set(a, o, "at", 1);
    return op_check(&c->op);
}

static err export(struct call *c, bool patients)
{
    struct op_params p;
    struct record_export x = {.patients = patients, .group = c->id};
    struct json *o = json_new(c->op.arena, JSON_OBJECT);
    str id, base = base_url(c);
    TRY(op_params(c, "_since _type _typeFilter _outputFormat", &p));
    TRY(export_of(c, &p, o, &x));
    json_set_str(c->op.arena, o, STR("request"),
                 arena_printf(c->op.arena, "%.*s%.*s%s%.*s", STR_ARG(base), STR_ARG(c->rq->path),
                              p.self.n ? "?" : "", STR_ARG(p.self)));
    TRY(record_export_check(&c->op, c->api->rec, &x));
    TRY(bulk_start(c, o, true, &id));
    return accepted(c, id);
}

err api_export(struct call *c)
{
    return export(c, false);
}

err api_export_patients(struct call *c)
{
    return export(c, true);
}

/* ---- status and files ---- */
static err under_way(struct call *c, const struct bulk_job *job)
{
    bool in = str_eq(json_get_str(job->o, STR("kind")), STR("import"));
    answer_header(c, "X-Progress", "%lld %s",
                  (long long)bulk_number(job->o, in ? "applied" : "looked"),
                  in ? "lines applied" : "resources looked at");
    answer_header(c, "Retry-After", "1");
    c->rq->answer.status = 202;
    return OK;
}

static void file_row(struct buf *b, const char *sep, str type, str url, int64_t n)
{
    buf_printf(b, "%s{\"type\":\"%.*s\",\"url\":\"%.*s\",\"count\":%lld}", sep, STR_ARG(type),
               STR_ARG(url), (long long)n);
}

static void output(struct call *c, struct buf *b, const struct bulk_job *job, bool deleted)
{
    const struct json *files = JSON_GET(job->o, "files"), *row;
    str base = base_url(c);
    bool first = true;
    for (size_t i = 0; (row = json_at(files, i)); i++) {
        int64_t v[4] = {0};
        for (size_t k = 0; k < 4; k++)
            (void)json_i64(json_at(row, k), &v[k]);
        if (v[1] != deleted)
            continue;
        file_row(b, first ? "" : ",", deleted ? STR("Bundle") : fhir_type_name((fhir_type)v[0]),
                 arena_printf(c->op.arena, "%.*s/bulk/%.*s/%zu.ndjson", STR_ARG(base),
                              STR_ARG(job->id), i),
                 v[3]);
        first = false;
    }
}

static err manifest(struct call *c, const struct bulk_job *job)
{
    struct buf b = answer_buf(c);
    str base = base_url(c);
    bool in = str_eq(json_get_str(job->o, STR("kind")), STR("import"));
    buf_printf(&b, "{\"transactionTime\":\"%.*s\",\"request\":",
               STR_ARG(time_format(c->op.arena, bulk_number(job->o, "started"))));
    buf_json_string(&b, json_get_str(job->o, STR("request")));
    buf_add(&b, STR(",\"requiresAccessToken\":true,\"output\":["));
    output(c, &b, job, false);
    buf_add(&b, STR("],\"deleted\":["));
    output(c, &b, job, true);
    buf_add(&b, STR("],\"error\":["));
    if (bulk_number(job->o, "errors"))
        file_row(&b, "", STR("OperationOutcome"),
                 arena_printf(c->op.arena, "%.*s/bulk/%.*s/%.*s.ndjson", STR_ARG(base),
                              STR_ARG(job->id), STR_ARG(ERRORS_FILE)),
                 bulk_number(job->o, "errors"));
    buf_add(&b, STR("]"));
    if (in)
        buf_printf(&b, ",\"extension\":{\"https://weft.health/fhir/bulk-applied\":%lld}",
                   (long long)bulk_number(job->o, "applied"));
    buf_char(&b, '}');
    return answer(c, 200, &b);
}

err api_bulk_status(struct call *c)
{
    struct bulk_job job;
    TRY(bulk_get(&c->op, c->api, c->id, &job));
    str state = json_get_str(job.o, STR("state"));
    if (str_eq(state, STR("running")))
        return under_way(c, &job);
    if (str_eq(state, STR("failed"))) {
        err e = (err)bulk_number(job.o, "code");
        return fail(&c->op, e > OK && e < ERR_COUNT ? e : ERR_FAULT, "%.*s",
                    STR_ARG(json_get_str(job.o, STR("why"))));
    }
    return manifest(c, &job);
}

/* All pieces of the errors; there are at most BULK_ERRORS_MAX of them. */
static err errors(struct call *c, const struct bulk_job *job, struct buf *b)
{
    for (int64_t i = 0; i < bulk_number(job->o, "errors_n"); i++) {
        str piece;
        TRY(record_kv_get(&c->op, c->api->rec, bulk_key(c->op.arena, job->id, "e", 0, (uint64_t)i),
                          &piece));
        buf_add(b, piece);
    }
    return OK;
}

static err resources(struct call *c, const struct bulk_job *job, uint64_t n, struct buf *b)
{
    const struct json *row = json_at(JSON_GET(job->o, "files"), (size_t)n);
    struct record_export_file f = {.t = (uint64_t)bulk_number(job->o, "t")};
    uint64_t *rids;
    int64_t deleted = 0;
    if (!row)
        return fail(&c->op, ERR_NOT_FOUND, "The job has no such file.");
    TRY(bulk_export_rids(&c->op, c->api, job->id, n, &rids, &f.n));
    (void)json_i64(json_at(row, 1), &deleted);
    f.rids = rids;
    f.deleted = deleted != 0;
    f.detail = arena_printf(c->op.arena, "%.*s/%llu", STR_ARG(job->id), (unsigned long long)n);
    return record_export_write(&c->op, c->api->rec, &f, b);
}

err api_bulk_file(struct call *c)
{
    struct bulk_job job;
    uint64_t n;
    struct buf b = answer_buf(c);
    str name = c->vid;
    TRY(bulk_get(&c->op, c->api, c->id, &job));
    if (!str_eq(json_get_str(job.o, STR("state")), STR("done")) || !str_ends(name, STR(".ndjson")))
        return fail(&c->op, ERR_NOT_FOUND, "The job has no such file.");
    name = str_sub(name, 0, name.n - 7);
    if (str_eq(name, ERRORS_FILE))
        TRY(errors(c, &job, &b));
    else if (str_to_u64(name, UINT32_MAX, &n))
        TRY(resources(c, &job, n, &b));
    else
        return fail(&c->op, ERR_NOT_FOUND, "The job has no such file.");
    TRY(answer(c, 200, &b));
    c->rq->answer.type = STR(NDJSON);
    return OK;
}

err api_bulk_delete(struct call *c)
{
    TRY(bulk_cancel(&c->op, c->api, c->id));
    TRY(record_audit_event(&c->op, c->api->rec, STR("bulk-cancel"), true, c->id));
    c->rq->answer.status = 202;
    return OK;
}

/* ---- import ---- */
/* The pieces of an upload, whole lines each, some a commit. */
static err pieces(struct call *c, str id, int64_t *ret_n)
{
    str rest = c->rq->body;
    int64_t n = 0;
    size_t waiting = 0;
    struct record_tx *tx = record_begin(&c->op, c->api->rec);
    while (rest.n) {
        size_t end = rest.n < BULK_PART ? rest.n : BULK_PART;
        size_t nl = end < rest.n ? str_find_char(rest, '\n', end - 1) : rest.n - 1;
        end = nl == SIZE_MAX ? rest.n : nl + 1;
        if (end > BULK_PART + BULK_LINE_MAX)
            return fail(&c->op, ERR_TOO_LARGE,
                        "A line has more than %u bytes; send that resource by PUT.",
                        BULK_PART + BULK_LINE_MAX);
        record_tx_kv(tx, bulk_key(c->op.arena, id, "i", 0, (uint64_t)n++), str_sub(rest, 0, end));
        waiting += end;
        rest = str_sub(rest, end, SIZE_MAX);
        if (waiting < 8 * BULK_PART && rest.n)
            continue;
        TRY(record_commit(tx));
        tx = record_begin(&c->op, c->api->rec);
        waiting = 0;
    }
    *ret_n = n;
    return OK;
}

/* An upload that failed half way holds no place. */
static err given_up(struct call *c, str id, err e)
{
    struct op op;
    op_init(&op, c->op.arena, c->op.actor, c->op.now);
    if (bulk_cancel(&op, c->api, id) != OK)
        log_event(LOG_WARN, "bulk.upload", "error=%s", err_row(op.fault.code)->name);
    return e;
}

static err upload(struct call *c, struct json *o)
{
    str id;
    int64_t n = 0;
    bulk_set(c->op.arena, o, "parts", (int64_t)(c->rq->body.n / (BULK_PART / 2) + 1));
    TRY(bulk_start(c, o, false, &id));
    err e = pieces(c, id, &n);
    if (e != OK)
        return given_up(c, id, e);
    struct bulk_job job;
    TRY(bulk_get(&c->op, c->api, id, &job));
    struct record_tx *tx = record_begin(&c->op, c->api->rec);
    bulk_set(c->op.arena, job.o, "parts", n);
    bulk_put(&c->op, tx, &job);
    TRY(record_commit(tx));
    TRY(bulk_activate(&c->op, c->api, id));
    return accepted(c, id);
}

static bool plain_name(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '/' || !s.p[i])
            return false;
    return s.n > 0 && s.n < 200 && s.p[0] != '.';
}

/* The one input of a Parameters resource: {"name": "input", part: [{"name": "url", …}]}. */
static err input_of(struct call *c, const struct op_params *p, str *ret)
{
    str url = STR_NONE;
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct json *parts, *part;
        if (!p->at[i].node || !str_eq(p->at[i].name, STR("input")))
            continue;
        n++;
        parts = JSON_GET(p->at[i].node, "part");
        for (size_t k = 0; (part = json_at(parts, k)); k++)
            for (uint32_t m = 0; str_eq(json_get_str(part, STR("name")), STR("url")) && m < part->n;
                 m++)
                if (str_starts(part->u.members[m].name, STR("value")))
                    url = json_str(&part->u.members[m].value);
    }
    if (n != 1 || !url.n)
        return fail(&c->op, ERR_INVALID,
                    "Send the NDJSON itself as " NDJSON ", or Parameters with one input and its "
                    "url.");
    if (!config_str(c->api->config, "bulk.import_dir").n)
        return fail(&c->op, ERR_INVALID,
                    "input.url: this server reads no files; send the NDJSON itself, or have "
                    "bulk.import_dir set.");
    if (str_starts(url, STR("file:")))
        url = str_sub(url, 5, SIZE_MAX);
    if (!plain_name(url))
        return fail(&c->op, ERR_INVALID,
                    "input.url is the name of a file in the import folder; nothing is fetched from "
                    "other places.");
    *ret = url;
    return OK;
}

err api_import(struct call *c)
{
    struct json *o = json_new(c->op.arena, JSON_OBJECT);
    str file, format, id, base = base_url(c);
    struct op_params p;
    json_set_str(c->op.arena, o, STR("kind"), STR("import"));
    json_set_str(c->op.arena, o, STR("request"),
                 arena_printf(c->op.arena, "%.*s%.*s", STR_ARG(base), STR_ARG(c->rq->path)));
    TRY(record_import_check(&c->op, c->api->rec));
    if (is_ndjson(net_header(c->rq, "Content-Type")))
        return str_trim(c->rq->body).n
                   ? upload(c, o)
                   : fail(&c->op, ERR_INVALID, "There is nothing to import in the body.");
    TRY(op_params(c, "inputFormat inputSource input storageDetail", &p));
    TRY(op_one(c, &p, "inputFormat", &format));
    if (format.n && !is_ndjson(format))
        return fail(&c->op, ERR_INVALID, "inputFormat can be " NDJSON " only.");
    TRY(input_of(c, &p, &file));
    json_set_str(c->op.arena, o, STR("file"), file);
    TRY(bulk_start(c, o, true, &id));
    return accepted(c, id);
}
