/* A complaint comes to be: recorded in the transaction of what alleged it, or entered by a person.
 * Invariant: what was alleged is only ever added to, and the house is aware from the earliest of
 * it. */
#include "desk/complaint_int.h"

#include "base/time.h"
#include "policy/content.h"

#define TASK fhir_type_parse(STR("Task"))

/* Under it stands the complaint that more of the same source joins. */
static str key_of(struct op *op, const struct complaint_new *n)
{
    bool device = str_eq(n->source, STR("device"));
    return arena_printf(op->arena, "complaint/%s/%.*s", device ? "Device" : "Patient",
                        STR_ARG(device ? n->device : n->patient));
}

err complaint_load(struct complaint *c)
{
    struct op *op = c->op;
    struct record_doc doc;
    struct time_span t;
    TRY(record_read(op, c->rec, TASK, c->id, &doc));
    TRY(record_parse(op, &doc, &c->task));
    if (!str_eq(json_str(json_path(c->task, "code.coding.0.code")), STR("complaint")))
        return fail(op, ERR_NOT_FOUND, "There is no such complaint.");
    c->vid = doc.vid;
    c->patient = fhir_ref_parse(json_str(json_path(c->task, "for.reference"))).id;
    c->device = fhir_ref_parse(json_str(json_path(c->task, "focus.reference"))).id;
    TRY(desk_part(op, c->task, "input", "facts", &c->facts));
    TRY(desk_part(op, c->task, "output", "judgement", &c->judgement));
    if (!c->facts || !time_parse(json_str(json_path(c->task, "restriction.period.start")), &t))
        return fail(op, ERR_FAULT, "The complaint cannot be read.");
    c->aware = t.lo;
    return OK;
}

err complaint_keep(struct complaint *c)
{
    struct arena *a = c->op->arena;
    struct json *restriction = json_new(a, JSON_OBJECT), *period = json_new(a, JSON_OBJECT);
    json_set_str(a, period, STR("start"), time_format(a, c->aware));
    json_set(a, restriction, STR("period"), period);
    json_set(a, c->task, STR("restriction"), restriction);
    json_unset(c->task, STR("input"));
    json_unset(c->task, STR("output"));
    json_set_str(a, c->task, STR("lastModified"), time_format(a, c->op->now));
    TRY(desk_part_keep(c->op, c->task, "input", "facts", c->facts));
    return c->judgement ? desk_part_keep(c->op, c->task, "output", "judgement", c->judgement) : OK;
}

/* ---- recording ---- */

static void tell(struct complaint *c, const struct complaint_new *n)
{
    struct arena *a = c->op->arena;
    struct json *one = json_new(a, JSON_OBJECT);
    if (!JSON_GET(c->facts, "told"))
        json_set(a, c->facts, STR("told"), json_new(a, JSON_ARRAY));
    json_set_str(a, one, STR("at"), time_format(a, n->aware));
    json_set_str(a, one, STR("source"), n->source);
    json_set_str(a, one, STR("words"), str_utf8_cut(n->words, COMPLAINT_TEXT_MAX));
    if (n->evidence.n)
        json_set_str(a, one, STR("evidence"), n->evidence);
    json_push(a, JSON_GET(c->facts, "told"), one);
    if (n->urgent)
        json_set(a, c->facts, STR("urgent"), json_new_bool(a, true));
    if (n->cyber)
        json_set(a, c->facts, STR("cyber"), json_new_bool(a, true));
    if (n->aware < c->aware)
        c->aware = n->aware;
}

/* The one that is there and that nobody judged yet; *ret_had: what the key holds. */
static err join(struct complaint *c, const struct complaint_new *n, str key, bool *ret_joined,
                str *ret_had)
{
    struct fault before = c->op->fault;
    *ret_joined = false;
    TRY(record_kv_get(c->op, c->rec, key, ret_had));
    if (!ret_had->n)
        return OK;
    c->id = *ret_had;
    err e = complaint_load(c);
    if (e == ERR_NOT_FOUND || e == ERR_GONE || e == ERR_FAULT) { /* nothing is hidden in it */
        c->op->fault = before;
        return OK;
    }
    TRY(e);
    *ret_joined = !c->judgement && JSON_GET(c->facts, "told") &&
                  JSON_GET(c->facts, "told")->n < COMPLAINT_TOLD_MAX &&
                  str_eq(json_get_str(c->task, STR("status")), STR("in-progress"));
    if (!*ret_joined)
        return OK;
    tell(c, n);
    TRY(complaint_keep(c));
    return record_tx_update(c->tx, TASK, c->id, c->task, c->vid);
}

/* What people call it: its name and serial number, as they were then. */
static err name_device(struct complaint *c)
{
    struct record_doc doc;
    struct json *d;
    if (!c->device.n)
        return OK;
    TRY(record_read(c->op, c->rec, fhir_type_parse(STR("Device")), c->device, &doc));
    TRY(record_parse(c->op, &doc, &d));
    str name = json_str(json_path(d, "deviceName.0.name")),
        serial = json_get_str(d, STR("serialNumber")),
        udi = json_str(json_path(d, "udiCarrier.0.carrierHRF"));
    json_set_str(c->op->arena, c->facts, STR("deviceName"),
                 str_trim(arena_printf(c->op->arena, "%.*s %.*s %.*s", STR_ARG(name),
                                       STR_ARG(serial), STR_ARG(udi))));
    if (serial.n || udi.n)
        json_set(c->op->arena, c->facts, STR("identified"), json_new_bool(c->op->arena, true));
    return OK;
}

static err name_patient(struct complaint *c)
{
    struct record_doc doc;
    struct json *p;
    if (!c->patient.n)
        return OK;
    TRY(record_read(c->op, c->rec, fhir_type_parse(STR("Patient")), c->patient, &doc));
    TRY(record_parse(c->op, &doc, &p));
    json_set(c->op->arena, c->task, STR("for"),
             desk_reference(c->op, arena_cat(c->op->arena, STR("Patient/"), c->patient),
                            fhir_name_shown(c->op, p)));
    return OK;
}

static err make(struct complaint *c, const struct complaint_new *n)
{
    struct arena *a = c->op->arena;
    struct json *reason = json_new(a, JSON_OBJECT);
    bool known = str_eq(n->role, STR("manufacturer")) || str_eq(n->role, STR("importer"));
    *c = (struct complaint){.op = c->op,
                            .rec = c->rec,
                            .tx = c->tx,
                            .patient = n->patient,
                            .device = n->device,
                            .aware = n->aware,
                            .task = json_new(a, JSON_OBJECT),
                            .facts = json_new(a, JSON_OBJECT)};
    json_set_str(a, c->task, STR("resourceType"), STR("Task"));
    json_set_str(a, c->task, STR("status"), STR("in-progress"));
    json_set_str(a, c->task, STR("intent"), STR("order"));
    json_set_str(a, c->task, STR("priority"), STR("asap"));
    json_set(a, c->task, STR("code"), fhir_concept(c->op, STR(DESK_SYSTEM_CODE), STR("complaint")));
    json_set_str(a, c->task, STR("authoredOn"), time_format(a, c->op->now));
    json_set_str(a, reason, STR("text"), STR("DEV-01"));
    json_set(a, c->task, STR("reasonCode"), reason);
    json_set_str(a, c->facts, STR("source"), n->source);
    json_set_str(a, c->facts, STR("role"), known ? n->role : STR("user_facility"));
    TRY(name_patient(c));
    TRY(name_device(c));
    if (c->device.n)
        json_set(a, c->task, STR("focus"), fhir_reference_to(c->op, "Device", c->device));
    tell(c, n);
    TRY(complaint_keep(c));
    return record_tx_create(c->tx, c->task, &c->id);
}

static err record_it(struct complaint *c, const struct complaint_new *n, int64_t *ret_due)
{
    bool joined = false, joins = !str_eq(n->source, STR("entry"));
    str key = key_of(c->op, n), had = STR_NONE;
    if (joins)
        TRY(join(c, n, key, &joined, &had));
    if (!joined)
        TRY(make(c, n));
    if (joins) {
        record_tx_expect_kv(c->tx, key, had);
        record_tx_kv(c->tx, key, c->id);
    }
    return complaint_clocks(c, ret_due);
}

err complaint_record(struct record_tx *tx, struct op *op, struct record *rec,
                     const struct complaint_new *n, str *ret_id, int64_t *ret_due)
{
    struct complaint c = {.op = op, .rec = rec, .tx = tx};
    const struct actor *asker = op->actor;
    op->actor = desk_house();
    err e = record_it(&c, n, ret_due);
    op->actor = asker;
    TRY(e);
    record_tx_trail(tx, STR("complaint-opened"), TASK, c.id, NULL);
    *ret_id = c.id;
    return OK;
}

/* ---- by a person ---- */

/* What is dangerous comes before the complaint (DEV-09): a case of its own. */
static err danger(struct record_tx *tx, struct op *op, struct record *rec,
                  const struct complaint_new *n, const struct reply *said, str evidence)
{
    str id;
    bool is_new;
    struct desk_case c = {.patient = n->patient,
                          .programme = STR("message-danger"),
                          .priority = DESK_P1,
                          .why =
                              desk_say(op, said->suicidal ? SAY_DANGER_SELF : SAY_DANGER, NULL, 0),
                          .evidence = &evidence,
                          .n_evidence = 1,
                          .rule = said->suicidal ? STR("EMG-04") : STR("EMG-01")};
    return desk_open(tx, op, rec, &c, &id, &is_new);
}

static err work(struct record_tx *tx, struct op *op, struct record *rec,
                const struct complaint_new *n, str *ret_id)
{
    const struct actor *person = op->actor;
    struct reply said = {0};
    int64_t due;
    str id;
    bool is_new;
    if (!content_reply(op, n->words, &said))
        return op_check(op);
    struct complaint_new all = *n;
    all.urgent |= said.emergency || said.suicidal;
    TRY(complaint_record(tx, op, rec, &all, ret_id, &due));
    if (!n->patient.n)
        return OK;
    str evidence = arena_cat(op->arena, STR("Task/"), *ret_id);
    struct desk_case c = {.patient = n->patient,
                          .programme = STR("device-complaint"),
                          .priority = DESK_P2,
                          .why = desk_say(op, SAY_DEVICE_ENTRY, NULL, 0),
                          .evidence = &evidence,
                          .n_evidence = 1,
                          .rule = STR("DEV-01"),
                          .due = due};
    op->actor = desk_house();
    err e = desk_open(tx, op, rec, &c, &id, &is_new);
    if (e == OK && (said.emergency || said.suicidal))
        e = danger(tx, op, rec, n, &said, evidence);
    op->actor = person;
    return e;
}

/* It is about whose device it is, as far as the person may see them. */
static err whose_device(struct op *op, struct record *rec, struct complaint_new *n)
{
    struct record_doc doc;
    struct json *device;
    TRY(record_read(op, rec, fhir_type_parse(STR("Device")), n->device, &doc));
    TRY(record_parse(op, &doc, &device));
    struct fhir_ref whose = fhir_ref_parse(json_str(json_path(device, "patient.reference")));
    if (n->patient.n || whose.kind != REF_LOCAL)
        return OK;
    err e = record_read(op, rec, fhir_type_parse(STR("Patient")), whose.id, &doc);
    if (e == ERR_FORBIDDEN || e == ERR_NOT_FOUND || e == ERR_GONE) {
        op_clear(op);
        return OK;
    }
    n->patient = whose.id;
    return e;
}

/* Only about whom and what the person may see. */
static err check(struct op *op, struct record *rec, struct complaint_new *n)
{
    struct record_doc doc;
    if (!op->actor || op->actor->scopes ||
        (op->actor->role != ROLE_NURSE && op->actor->role != ROLE_AGENT))
        return fail(op, ERR_FORBIDDEN, "A nurse or an agent writes a complaint down.");
    if (!n->words.n || n->words.n > COMPLAINT_TEXT_MAX)
        return fail_at(op, ERR_INVALID, STR("words"),
                       "Say what is wrong with it, in at most 4,000 letters.");
    if (!n->patient.n && !n->device.n)
        return fail_at(op, ERR_INVALID, STR("patient"), "Say whose device it is, or which.");
    if (n->aware > op->now)
        return fail_at(op, ERR_INVALID, STR("aware"), "Nobody knew of it in the future.");
    if (n->patient.n)
        TRY(record_read(op, rec, fhir_type_parse(STR("Patient")), n->patient, &doc));
    return n->device.n ? whose_device(op, rec, n) : OK;
}

err complaint_open(struct op *op, struct record *rec, const struct json *in, str role,
                   struct json **ret)
{
    struct complaint_new n = {.patient = json_get_str(in, STR("patient")),
                              .device = json_get_str(in, STR("device")),
                              .source = STR("entry"),
                              .words = str_trim(json_get_str(in, STR("words"))),
                              .role = role,
                              .urgent = json_bool(JSON_GET(in, "harm"), false),
                              .cyber = json_bool(JSON_GET(in, "cyber"), false)};
    str id = STR_NONE;
    TRY(desk_instant(op, in, "aware", op->now, &n.aware));
    TRY(check(op, rec, &n));
    struct record_tx *tx = record_begin(op, rec);
    TRY(op_check(op));
    TRY(work(tx, op, rec, &n, &id));
    TRY(record_commit(tx));
    return complaint_get(op, rec, id, ret);
}
