/* The fleet at the door: the register, a device's way through its life, its keys. What may be done
 * is the fleet's to say (fleet/fleet.h). */
#include "api/api_int.h"
#include "api/range.h"
#include "fleet/command.h"
#include "fleet/firmware.h"
#include "fleet/parts.h"

static err there(struct call *c)
{
    return c->api->fleet ? OK : fail(&c->op, ERR_UNSUPPORTED, "This server runs without a fleet.");
}

err api_fleet(struct call *c)
{
    struct json *o;
    str state = STR_NONE, after = STR_NONE;
    TRY(there(c));
    (void)query_get(c->op.arena, c->rq->query, STR("state"), &state);
    (void)query_get(c->op.arena, c->rq->query, STR("after"), &after);
    TRY(fleet_list(&c->op, c->api->fleet, state, after, &o));
    return answer_json(c, 200, o);
}

err api_fleet_get(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(fleet_get(&c->op, c->api->fleet, c->id, &o));
    return answer_json(c, 200, o);
}

err api_fleet_register(struct call *c)
{
    struct json *in, *o;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(fleet_register(&c->op, c->api->fleet, in, &o));
    return answer_json(c, 201, o);
}

err api_fleet_move(struct call *c)
{
    struct json *in, *o;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(fleet_move(&c->op, c->api->fleet, c->id, in, &o));
    return answer_json(c, 200, o);
}

err api_fleet_code(struct call *c)
{
    struct arena *a = c->op.arena;
    struct json *o = json_new(a, JSON_OBJECT);
    int64_t until;
    str code;
    TRY(there(c));
    TRY(fleet_code(&c->op, c->api->fleet, c->id, &code, &until));
    json_set_str(a, o, STR("code"), code);
    json_set_str(a, o, STR("until"), time_format(a, until));
    return answer_json(c, 201, o);
}

err api_fleet_command(struct call *c)
{
    struct json *in, *o;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(fleet_command(&c->op, c->api->fleet, c->id, in, &o));
    return answer_json(c, 201, o);
}

/* The step is the address's last word. */
static str step_in(const struct call *c)
{
    str step = c->rq->path;
    size_t at;
    while ((at = str_find_char(step, '/', 0)) != SIZE_MAX)
        step = str_sub(step, at + 1, step.n);
    return step;
}

err api_fleet_command_step(struct call *c)
{
    struct json *in, *o;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(fleet_command_step(&c->op, c->api->fleet, c->id, step_in(c), in, &o));
    return answer_json(c, 200, o);
}

err api_fleet_firmware(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(firmware_list(&c->op, c->api->fleet, &o));
    return answer_json(c, 200, o);
}

err api_fleet_firmware_get(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(firmware_get(&c->op, c->api->fleet, c->id, &o));
    return answer_json(c, 200, o);
}

err api_fleet_firmware_new(struct call *c)
{
    struct json *in, *o;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(firmware_propose(&c->op, c->api->fleet, in, &o));
    return answer_json(c, 201, o);
}

err api_fleet_firmware_bring(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(firmware_file_take(&c->op, c->api->fleet, c->id, c->rq->body, &o));
    return answer_json(c, 200, o);
}

/* ---- a file in pieces: tus 1.0.0, its core (https://tus.io/protocols/resumable-upload) ---- */

#define TUS "1.0.0"

static err upload_there(struct call *c)
{
    str version = str_trim(net_header(c->rq, "Tus-Resumable"));
    net_answer_header(c->rq, "Tus-Resumable", TUS);
    net_answer_header(c->rq, "Cache-Control", "no-store");
    TRY(there(c));
    if (!version.n || str_eq(version, STR(TUS)))
        return OK;
    net_answer_header(c->rq, "Tus-Version", TUS);
    return fail(&c->op, ERR_PRECONDITION, "Tus-Resumable is 1.0.0 here.");
}

err api_fleet_upload(struct call *c)
{
    struct json *o = json_new(c->op.arena, JSON_OBJECT);
    struct firmware_upload u;
    TRY(upload_there(c));
    TRY(firmware_upload_at(&c->op, c->api->fleet, c->id, &u));
    answer_header(c, "Upload-Offset", "%lld", (long long)u.offset);
    answer_header(c, "Upload-Length", "%lld", (long long)u.size);
    json_set(c->op.arena, o, STR("offset"), json_new_i64(c->op.arena, u.offset));
    json_set(c->op.arena, o, STR("size"), json_new_i64(c->op.arena, u.size));
    return answer_json(c, 200, o);
}

err api_fleet_upload_add(struct call *c)
{
    int64_t at = -1;
    TRY(upload_there(c));
    if (!str_eq(str_trim(net_header(c->rq, "Content-Type")),
                STR("application/offset+octet-stream")))
        return fail(&c->op, ERR_MEDIA_TYPE,
                    "A piece of a file is sent as application/offset+octet-stream.");
    if (!str_to_i64(str_trim(net_header(c->rq, "Upload-Offset")), &at) || at < 0)
        return fail(&c->op, ERR_INVALID, "Upload-Offset says at which byte the piece begins.");
    TRY(firmware_upload_add(&c->op, c->api->fleet, c->id, at, c->rq->body));
    answer_header(c, "Upload-Offset", "%lld", (long long)at + (long long)c->rq->body.n);
    c->rq->answer.status = 204;
    return OK;
}

/* A device whose link broke goes on where it was: by range, as long as the file is the same one. */
err api_fleet_firmware_file(struct call *c)
{
    struct net_request *rq = c->rq;
    struct firmware_file file;
    TRY(there(c));
    TRY(firmware_file_for(&c->op, c->api->fleet, c->id, &file));
    uint64_t size = (uint64_t)file.size, from = 0, n = size;
    str tag = arena_printf(c->op.arena, "\"%.*s\"", STR_ARG(file.digest));
    str same = str_trim(net_header(rq, "If-Range"));
    enum range part = !same.n || str_eq(same, tag)
                          ? range_read(net_header(rq, "Range"), size, &from, &n)
                          : RANGE_WHOLE;
    net_answer_header(rq, "ETag", str_z(c->op.arena, tag));
    net_answer_header(rq, "Accept-Ranges", "bytes");
    rq->answer.plain = true; /* of what is packed a range is another one */
    if (part == RANGE_NOT) {
        answer_header(c, "Content-Range", "bytes */%llu", (unsigned long long)size);
        rq->answer.status = 416;
        return OK;
    }
    if (!hold_bytes(c, (size_t)n))
        return c->op.fault.code;
    TRY(firmware_file_read(&c->op, c->api->fleet, &file, (size_t)from, (size_t)n,
                           &rq->answer.body));
    if (part == RANGE_PART)
        answer_header(c, "Content-Range", "bytes %llu-%llu/%llu", (unsigned long long)from,
                      (unsigned long long)(from + n - 1), (unsigned long long)size);
    rq->answer.status = part == RANGE_PART ? 206 : 200;
    rq->answer.type = STR("application/octet-stream");
    return OK;
}

err api_fleet_firmware_step(struct call *c)
{
    struct json *in, *o;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(firmware_step(&c->op, c->api->fleet, c->id, step_in(c), in, &o));
    return answer_json(c, 200, o);
}

err api_fleet_parts(struct call *c)
{
    struct json *o;
    str firmware = STR_NONE;
    TRY(there(c));
    (void)query_get(c->op.arena, c->rq->query, STR("firmware"), &firmware);
    TRY(parts_get(&c->op, c->api->fleet, c->id, firmware, &o));
    return answer_json(c, 200, o);
}

err api_fleet_parts_set(struct call *c)
{
    struct json *o;
    struct parts_new in = {.model = c->id, .document = c->rq->body};
    TRY(there(c));
    (void)query_get(c->op.arena, c->rq->query, STR("from"), &in.from);
    (void)query_get(c->op.arena, c->rq->query, STR("to"), &in.to);
    in.from = str_trim(in.from);
    in.to = str_trim(in.to);
    TRY(parts_take(&c->op, c->api->fleet, &in, &o));
    return answer_json(c, 201, o);
}

err api_fleet_vulnerabilities(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(vuln_list(&c->op, c->api->fleet, &o));
    return answer_json(c, 200, o);
}

/* A line a weakness and version of the firmware that devices run; one that none runs has a line,
 * too. */
static void weak_line(struct buf *b, const struct json *model, const struct json *x,
                      const struct json *run)
{
    static const char *const told[] = {"id", "severity", "score", "part", "version", "fixed"};
    int64_t n = 0;
    csv_cell(b, json_get_str(model, STR("name")), false);
    csv_cell(b, json_get_str(run, STR("firmware")), false);
    (void)json_i64(JSON_GET(run, "devices"), &n);
    buf_printf(b, "%lld,", (long long)n);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        const struct json *v = json_get(x, str_of(told[i]));
        csv_cell(b, json_is(v, JSON_NUMBER) ? v->u.s : json_str(v), false);
    }
    csv_cell(b, json_bool(JSON_GET(x, "exploited"), false) ? STR("yes") : STR("no"), false);
    csv_cell(b, json_str(json_path(x, "vex.status")), true);
}

err api_fleet_vulnerabilities_csv(struct call *c)
{
    const struct json *models, *m, *x, *run;
    struct json *o;
    struct buf b;
    TRY(there(c));
    TRY(vuln_list(&c->op, c->api->fleet, &o));
    buf_init(&b, c->op.arena, 64u << 20);
    buf_add(&b, STR("model,firmware,devices,vulnerability,severity,score,part,version,fixed,"
                    "exploited,vex\r\n"));
    models = JSON_GET(o, "models");
    for (size_t i = 0; (m = json_at(models, i)); i++)
        for (size_t k = 0; (x = json_at(JSON_GET(m, "found"), k)); k++) {
            const struct json *running = JSON_GET(x, "running");
            for (size_t j = 0; (run = json_at(running, j)); j++)
                weak_line(&b, m, x, run);
            if (!running->n)
                weak_line(&b, m, x, NULL);
        }
    if (!buf_ok(&b))
        return fail(&c->op, ERR_TOO_LARGE, "The list is larger than a file may be here.");
    TRY(op_check(&c->op));
    TRY(record_audit_event(&c->op, c->api->rec, STR("fleet-export"), true, STR_NONE));
    return answer_file(c, STR("text/csv; charset=utf-8"), "weaknesses.csv", buf_str(&b));
}

err api_fleet_vulnerabilities_take(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(vuln_take(&c->op, c->api->fleet, c->rq->body, &o));
    return answer_json(c, 201, o);
}

err api_fleet_vex(struct call *c)
{
    struct json *in, *o;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(vuln_say(&c->op, c->api->fleet, c->id, in, &o));
    return answer_json(c, 200, o);
}

err api_fleet_inbox(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(fleet_inbox(&c->op, c->api->fleet, &o));
    return answer_json(c, 200, o);
}

err api_fleet_answer(struct call *c)
{
    struct json *in;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(fleet_answer(&c->op, c->api->fleet, c->id, in));
    return answer_json(c, 200, in);
}

err api_fleet_certificate(struct call *c)
{
    struct json *in, *o;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(fleet_certificate(&c->op, c->api->fleet, c->id, json_get_str(in, STR("fingerprint"))));
    TRY(fleet_get(&c->op, c->api->fleet, c->id, &o));
    return answer_json(c, 200, o);
}

err api_fleet_provision(struct call *c)
{
    struct json *in, *o;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(fleet_provision(&c->op, c->api->fleet, json_get_str(in, STR("code")), net_peer(c->rq), &o));
    return answer_json(c, 201, o);
}

err api_fleet_rotate(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(fleet_rotate(&c->op, c->api->fleet, &o));
    return answer_json(c, 201, o);
}
