/* A command as a FHIR Task: read, made, moved on. Decides nothing of who may. Invariants: what is
 * signed is made of elements that never change after the Task was made; an ended command leads
 * nowhere but to the truth that the device says later (done, failed). */
#include "fleet/firmware_int.h"
#include "fleet/health_int.h"

#define REASON_MAX 200u

const struct command_row COMMANDS[KIND_COUNT] = {FLEET_COMMAND_ROWS};
const struct command_state_row COMMAND_STATE_ROWS[COMMAND_STATES] = {
    [COMMAND_WAITING] = {"waiting", "requested"},
    [COMMAND_QUEUED] = {"queued", "ready"},
    [COMMAND_SENT] = {"sent", "ready"},
    [COMMAND_HELD] = {"held", "on-hold"},
    [COMMAND_ACCEPTED] = {"accepted", "accepted"},
    [COMMAND_DONE] = {"done", "completed"},
    [COMMAND_FAILED] = {"failed", "failed"},
    [COMMAND_REFUSED] = {"refused", "rejected"},
    [COMMAND_EXPIRED] = {"expired", "cancelled"},
    [COMMAND_WITHDRAWN] = {"withdrawn", "cancelled"},
    [COMMAND_CLOSED] = {"closed", "cancelled"},
};

static fhir_type t_task(void)
{
    return fhir_type_parse(STR("Task"));
}

enum command_kind command_kind_of(str code)
{
    unsigned i = 0;
    while (i < KIND_COUNT && !str_eq(code, str_of(COMMANDS[i].code)))
        i++;
    return (enum command_kind)i;
}

static enum command_state state_of(str code)
{
    unsigned i = 0;
    while (i < COMMAND_STATES && !str_eq(code, str_of(COMMAND_STATE_ROWS[i].code)))
        i++;
    return (enum command_state)i;
}

bool command_open(const struct command *c)
{
    return c->state <= COMMAND_ACCEPTED;
}

bool command_silent(const struct command *c)
{
    return c->state == COMMAND_ACCEPTED ||
           (c->state == COMMAND_FAILED &&
            str_eq(json_str(json_path(c->tree, "statusReason.text")), STR(COMMAND_SILENT)));
}

bool command_to_send(const struct command *c)
{
    return c->state == COMMAND_QUEUED || c->state == COMMAND_SENT;
}

static int64_t when(const struct json *tree, const char *path)
{
    struct time_span at;
    return time_parse(json_str(json_path(tree, path)), &at) ? at.lo : 0;
}

err command_of(struct op *op, const struct record_doc *doc, struct command *ret)
{
    struct command c = {.doc = *doc};
    TRY(record_parse(op, doc, &c.tree));
    c.kind = command_kind_of(json_str(json_path(c.tree, "code.coding.1.code")));
    c.state = state_of(json_str(json_path(c.tree, "businessStatus.coding.0.code")));
    if (!str_eq(json_str(json_path(c.tree, "code.coding.0.code")), STR(COMMAND_CODE)) ||
        c.kind == KIND_COUNT || c.state == COMMAND_STATES)
        return fail(op, ERR_NOT_FOUND, "There is no such command.");
    c.device = fhir_ref_parse(json_str(json_path(c.tree, "focus.reference"))).id;
    c.by = json_str(json_path(c.tree, "requester.identifier.value"));
    c.by_person = json_str(json_path(c.tree, "requester.reference"));
    c.part_of = fhir_ref_parse(json_str(json_path(c.tree, "partOf.0.reference"))).id;
    c.args = json_str(json_path(c.tree, "input.0.valueString"));
    c.asked = when(c.tree, "authoredOn");
    c.until = when(c.tree, "restriction.period.end");
    c.taken = when(c.tree, "executionPeriod.start");
    *ret = c;
    return op_check(op);
}

err command_read(struct op *op, struct fleet *f, str id, struct command *ret)
{
    struct record_doc doc;
    TRY(record_read(op, f->rec, t_task(), id, &doc));
    return command_of(op, &doc, ret);
}

err command_find(struct op *op, struct fleet *f, str device, const char *status,
                 struct record_page *ret)
{
    return record_find(op, f->rec, t_task(),
                       arena_printf(op->arena,
                                    "code=" RECORD_TASK_CODE "%%7C" COMMAND_CODE
                                    "&_sort=-authored-on&_count=%d%s%.*s%s%s",
                                    COMMAND_PAGE, device.n ? "&focus=Device/" : "", STR_ARG(device),
                                    *status ? "&status=" : "", status),
                       ret);
}

static void queue(struct op *op, struct fleet *f, struct record_tx *tx, str id)
{
    if (!str_empty(config_str(f->config, "mqtt.url")))
        record_tx_outbox(tx, STR(COMMAND_SEND_QUEUE), op->now, id);
}

err command_make(struct op *op, struct fleet *f, struct record_tx *tx, const struct command_new *n,
                 str *ret_id)
{
    struct arena *a = op->arena;
    const struct command_row *row = &COMMANDS[n->kind];
    const struct command_state_row *s =
        &COMMAND_STATE_ROWS[n->wait ? COMMAND_WAITING : COMMAND_QUEUED];
    int64_t until = op->now + INT64_C(3600000) * row->hours;
    str now = time_format(a, op->now), device = n->d->doc.id;
    struct json *task;
    str part = n->part_of.n ? arena_printf(a, "\"partOf\":[{\"reference\":\"Task/%.*s\"}],",
                                           STR_ARG(n->part_of))
                            : STR_NONE;
    struct buf args;
    buf_init(&args, a, 8192);
    buf_json_string(&args, n->args);
    str person = n->by->reference.n
                     ? arena_printf(a, "\"reference\":\"%.*s\",", STR_ARG(n->by->reference))
                     : STR_NONE;
    str text = arena_printf(
        a,
        "{\"resourceType\":\"Task\",\"status\":\"%s\",\"businessStatus\":{\"coding\":[{\"system\":"
        "\"" COMMAND_STATE "\",\"code\":\"%s\"}]},\"intent\":\"order\",\"code\":{\"coding\":[{"
        "\"system\":\"" RECORD_TASK_CODE "\",\"code\":\"" COMMAND_CODE
        "\"},{\"system\":\"" COMMAND_KIND
        "\",\"code\":\"%s\"}]},%.*s\"focus\":{\"reference\":\"Device/%.*s\"},"
        "\"authoredOn\":\"%.*s\",\"lastModified\":\"%.*s\",\"requester\":{%.*s\"identifier\":{"
        "\"system\":\"" COMMAND_ACCOUNT "\",\"value\":\"%.*s\"}},\"owner\":{\"reference\":"
        "\"Device/%.*s\"},\"restriction\":{\"period\":{\"end\":\"%.*s\"}},\"input\":[{\"type\":{"
        "\"text\":\"arguments\"},\"valueString\":%.*s}]}",
        s->status, s->code, row->code, STR_ARG(part), STR_ARG(device), STR_ARG(now), STR_ARG(now),
        STR_ARG(person), STR_ARG(n->by->user), STR_ARG(device), STR_ARG(time_format(a, until)),
        STR_ARG(buf_str(&args)));
    TRY(fhir_read(op, text, t_task(), &task));
    TRY(record_tx_create(tx, task, ret_id));
    record_tx_outbox(tx, STR(COMMAND_END_QUEUE), until, *ret_id);
    if (!n->wait)
        queue(op, f, tx, *ret_id);
    return op_check(op);
}

static void set_reason(struct op *op, struct json *tree, str reason)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    json_unset(tree, STR("statusReason"));
    if (!reason.n)
        return;
    json_set_str(op->arena, o, STR("text"), str_utf8_cut(reason, REASON_MAX));
    json_set(op->arena, tree, STR("statusReason"), o);
}

err command_move(struct op *op, struct fleet *f, struct record_tx *tx, struct command *c,
                 enum command_state to, str reason)
{
    struct arena *a = op->arena;
    struct json *coding = json_path(c->tree, "businessStatus.coding.0");
    str now = time_format(a, op->now);
    json_set_str(a, coding, STR("code"), str_of(COMMAND_STATE_ROWS[to].code));
    json_set_str(a, c->tree, STR("status"), str_of(COMMAND_STATE_ROWS[to].status));
    json_set_str(a, c->tree, STR("lastModified"), now);
    set_reason(op, c->tree, str_trim(reason));
    if (c->part_of.n)
        TRY(firmware_answered(op, f, tx, c, to));
    bool late = to == COMMAND_DONE && c->state == COMMAND_FAILED;
    if (c->kind == KIND_UPDATE && (to == COMMAND_ACCEPTED || late))
        health_update_taken(op, tx, arena_str(a, c->doc.id), late);
    if (to == COMMAND_ACCEPTED) {
        struct json *period = json_new(a, JSON_OBJECT);
        json_set_str(a, period, STR("start"), now);
        json_set(a, c->tree, STR("executionPeriod"), period);
        record_tx_outbox(tx, STR(COMMAND_END_QUEUE),
                         op->now + INT64_C(3600000) * COMMANDS[c->kind].finish,
                         arena_str(a, c->doc.id));
    } else if (to == COMMAND_QUEUED || (to != COMMAND_SENT && c->state != COMMAND_WAITING)) {
        queue(op, f, tx, arena_str(a, c->doc.id)); /* it goes there, or what is there goes */
    }
    c->state = to;
    return record_tx_update(tx, c->doc.type, c->doc.id, c->tree, c->doc.vid);
}

void command_note(struct op *op, struct command *c, str who, str what)
{
    struct arena *a = op->arena;
    struct json *one = json_new(a, JSON_OBJECT);
    if (!JSON_GET(c->tree, "note"))
        json_set(a, c->tree, STR("note"), json_new(a, JSON_ARRAY));
    json_set_str(a, one, STR("authorString"), who);
    json_set_str(a, one, STR("time"), time_format(a, op->now));
    json_set_str(a, one, STR("text"), what);
    json_push(a, JSON_GET(c->tree, "note"), one);
}

struct json *command_view(struct op *op, const struct command *c)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *args;
    const struct json *second = json_path(c->tree, "note.0");
    bool alone = str_eq(json_get_str(second, STR("text")), STR("withdraw"));
    struct {
        const char *name;
        str value;
    } parts[] = {
        {"id", c->doc.id},
        {"device", c->device},
        {"kind", str_of(COMMANDS[c->kind].code)},
        {"state", str_of(COMMAND_STATE_ROWS[c->state].code)},
        {"by", c->by},
        {"approver", alone ? STR_NONE : json_get_str(second, STR("authorString"))},
        {"reason", json_str(json_path(c->tree, "statusReason.text"))},
        {"asked", json_get_str(c->tree, STR("authoredOn"))},
        {"release", c->part_of},
        {"until", json_str(json_path(c->tree, "restriction.period.end"))},
        {"time", json_get_str(c->tree, STR("lastModified"))},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].value.n)
            json_set_str(a, o, str_of(parts[i].name), parts[i].value);
    if (json_read(op, c->args, &JSON_LIMITS_DEFAULT, &args) == OK)
        json_set(a, o, STR("args"), args);
    return o;
}
