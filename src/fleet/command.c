/* The people's doors of commands: asked for, approved or refused by somebody else, withdrawn,
 * shown. Invariants: nobody approves what they asked for, under whatever account; an implanted
 * device takes commands of its maker's service only, and each of them needs two people; what a
 * device is, is what it was registered as. */
#include "fleet/firmware_int.h"
#include "policy/authors.h"

#define TIMES_MAX 6u
#define SERVICE_ROLE "https://weft.health/fhir/service-role"

/* ---- what may be asked of it ---- */

/* The model that its first version names: the reference is text that others may write, too. */
static err registered_model(struct op *op, struct fleet *f, const struct fleet_device *d,
                            struct json **ret)
{
    struct record_doc doc;
    struct fleet_device first;
    TRY(record_vread(op, f->rec, d->doc.type, d->doc.id, STR("1"), &doc));
    TRY(device_of(op, &doc, &first));
    if (!first.model.n || !str_eq(first.model, d->model))
        return fail(op, ERR_UNPROCESSABLE,
                    "The device does not name the model that it was registered as; no command is "
                    "sent to it.");
    TRY(record_read(op, f->rec, fhir_type_parse(STR("DeviceDefinition")), d->model, &doc));
    return record_parse(op, &doc, ret);
}

/* Does the person stand in for the maker now? */
static err is_service(struct op *op, struct fleet *f, str person, str maker, bool *ret)
{
    struct record_page page;
    struct fhir_ref who = fhir_ref_parse(person), org = fhir_ref_parse(maker);
    *ret = false;
    if (who.kind != REF_LOCAL || org.kind != REF_LOCAL)
        return OK;
    TRY(record_find(
        op, f->rec, fhir_type_parse(STR("PractitionerRole")),
        arena_printf(op->arena,
                     "practitioner=%.*s&organization=%.*s&active=true&role=" SERVICE_ROLE
                     "%%7Cdevice-service&_count=10",
                     STR_ARG(person), STR_ARG(maker)),
        &page));
    for (size_t i = 0; i < page.n; i++) {
        struct json *o;
        struct time_span end;
        TRY(record_parse(op, &page.docs[i], &o));
        if (!time_parse(json_str(json_path(o, "period.end")), &end) || op->now < end.hi)
            *ret = true;
    }
    return OK;
}

static err implant_said(struct op *op, const struct json *model, bool *ret)
{
    str said = device_extension(model, "implantable", "valueCode");
    *ret = !str_eq(said, STR("no"));
    if (!*ret || str_eq(said, STR("yes")))
        return OK;
    return fail(op, ERR_UNPROCESSABLE,
                "The model's file does not say whether it is implanted; no command is sent to it.");
}

err command_model_of(struct op *op, struct fleet *f, const struct fleet_device *d,
                     bool *ret_implant)
{
    struct json *model;
    TRY(registered_model(op, f, d, &model));
    return implant_said(op, model, ret_implant);
}

err command_service(struct op *op, struct fleet *f, const struct json *model, str person,
                    bool *ret_implant)
{
    bool service;
    TRY(implant_said(op, model, ret_implant));
    if (!*ret_implant)
        return OK;
    TRY(is_service(op, f, person, json_str(json_path(model, "manufacturerReference.reference")),
                   &service));
    return service ? OK
                   : fail(op, ERR_FORBIDDEN,
                          "Only the service of its maker commands an implanted device.");
}

static err implant_rule(struct op *op, struct fleet *f, const struct fleet_device *d, str person,
                        bool *ret_implant)
{
    struct json *model;
    TRY(registered_model(op, f, d, &model));
    return command_service(op, f, model, person, ret_implant);
}

/* The contact centre only reads (DEV-13); for others the table's roles are the rule. */
static err desk_rule(struct op *op, struct fleet *f, enum command_kind kind)
{
    struct verdict v;
    struct facts *facts = facts_new(op);
    if (op->actor->role != ROLE_AGENT)
        return OK;
    facts_set_str(facts, FACT_COMMAND_CLASS, str_of(COMMANDS[kind].class));
    facts_set_bool(facts, FACT_DEVICE_ALLOWS_READ, true);
    TRY(policy_decide(op, record_rulebook(f->rec), TRIGGER_BIT(TRIGGER_DEVICE_COMMAND), facts, &v));
    if (v.decision != DECISION_ALLOW && v.n_fired)
        return fail_at(op, ERR_FORBIDDEN, str_of(v.fired[0].rule->id), "%.*s",
                       STR_ARG(v.fired[0].why));
    return OK;
}

static bool is_time(str s)
{
    uint64_t h, m;
    str hours;
    return s.n == 5 && str_take_until(&s, ':', &hours) && hours.n == 2 &&
           str_to_u64(hours, 23, &h) && str_to_u64(s, 59, &m);
}

static err args_of(struct op *op, enum command_kind kind, const struct json *in,
                   const struct firmware *r, str *ret)
{
    struct json *args = json_new(op->arena, JSON_OBJECT);
    const struct json *times = JSON_GET(in, "times"), *one;
    struct buf b;
    size_t n = 0;
    if (r) {
        *ret = firmware_args(op, r);
        return op_check(op);
    }
    if (COMMANDS[kind].args == ARGS_TIMES) {
        while ((one = json_at(times, n)) && n < TIMES_MAX && is_time(json_str(one)))
            n++;
        if (!n || one)
            return fail_at(op, ERR_INVALID, STR("times"),
                           "times is one to six times of the day, as 08:00.");
        json_set(op->arena, args, STR("times"), times);
    }
    buf_init(&b, op->arena, 1024);
    json_write(&b, args);
    *ret = buf_str(&b);
    return op_check(op);
}

/* ---- asked ---- */

str command_key(struct op *op, str device, enum command_kind kind)
{
    return arena_printf(op->arena, "fleet/command/%.*s/%s", STR_ARG(device), COMMANDS[kind].code);
}

err command_not_twice(struct op *op, struct fleet *f, struct record_tx *tx, str key)
{
    struct command before;
    str had;
    TRY(record_tx_kv_now(tx, key, &had));
    if (!had.n)
        return OK;
    TRY(command_read(op, f, had, &before));
    return command_open(&before)
               ? fail(op, ERR_CONFLICT, "A command of this kind is under way already.")
               : OK;
}

static err ask(struct op *op, struct fleet *f, const struct fleet_device *d, enum command_kind kind,
               const struct json *in, const struct actor *person)
{
    struct command_new n = {.d = d, .kind = kind, .by = person};
    struct json *detail = json_new(op->arena, JSON_OBJECT);
    struct firmware r;
    bool implant, firmware = COMMANDS[kind].args == ARGS_FIRMWARE;
    str id, key = command_key(op, d->doc.id, kind);
    TRY(implant_rule(op, f, d, person->reference, &implant));
    if (firmware)
        TRY(firmware_by_hand(op, f, d, in, &r));
    TRY(args_of(op, kind, in, firmware ? &r : NULL, &n.args));
    n.part_of = firmware ? r.doc.id : STR_NONE;
    n.wait = COMMANDS[kind].two || implant;
    struct record_tx *tx = record_begin(op, f->rec);
    TRY(command_not_twice(op, f, tx, key));
    TRY(command_make(op, f, tx, &n, &id));
    if (firmware)
        TRY(firmware_asked_by_hand(op, tx, &r, d->doc.id, id));
    record_tx_kv(tx, key, id);
    json_set_str(op->arena, detail, STR("kind"), str_of(COMMANDS[kind].code));
    json_set_str(op->arena, detail, STR("command"), id);
    op->actor = person;
    record_tx_trail(tx, STR("device-command"), d->doc.type, d->doc.id, detail);
    op->actor = fleet_system();
    return record_commit(tx);
}

err fleet_command(struct op *op, struct fleet *f, str device, const struct json *in,
                  struct json **ret)
{
    const struct actor *person = op->actor;
    struct fleet_device d;
    enum command_kind kind = command_kind_of(json_get_str(in, STR("kind")));
    if (kind == KIND_COUNT)
        return fail_at(op, ERR_INVALID, STR("kind"), "There is no such command.");
    TRY(fleet_staff(op, FLEET_READERS));
    TRY(desk_rule(op, f, kind));
    TRY(fleet_staff(op, COMMANDS[kind].roles));
    TRY(device_read(op, f, device, &d));
    if (d.life != LIFE_ACTIVE || !d.user.n)
        return fail_at(op, ERR_CONFLICT, STR("state"),
                       "Only a device in use that this server opened gets commands.");
    op->actor = fleet_system();
    err e = ask(op, f, &d, kind, in, person);
    op->actor = person;
    if (e == ERR_PRECONDITION) {
        op_clear(op);
        return fail(op, ERR_CONFLICT, "A command of this kind is under way already.");
    }
    TRY(e);
    return device_view(op, f, device, ret);
}

/* ---- steps ---- */

enum step { STEP_APPROVE, STEP_REFUSE, STEP_WITHDRAW, STEPS };
static const struct {
    const char *code;
    enum command_state to;
} STEP[STEPS] = {
    {"approve", COMMAND_QUEUED}, {"refuse", COMMAND_REFUSED}, {"withdraw", COMMAND_WITHDRAWN}};

static bool step_fits(const struct command *c, enum step s)
{
    return c->state == COMMAND_WAITING ||
           (s == STEP_WITHDRAW && (command_to_send(c) || c->state == COMMAND_HELD));
}

static uint32_t step_roles(const struct command *c, enum step s)
{
    return s == STEP_WITHDRAW ? COMMANDS[c->kind].roles : COMMANDS[c->kind].approvers;
}

/* By whichever account it was asked. */
static bool is_own(const struct command *c, const struct actor *person)
{
    return authors_is(c->by, person) || authors_is(c->by_person, person);
}

static err take_step(struct op *op, struct fleet *f, struct command *c, enum step s,
                     const struct json *in, const struct actor *person)
{
    struct json *detail = json_new(op->arena, JSON_OBJECT);
    if (s == STEP_APPROVE && is_own(c, person))
        return fail(op, ERR_FORBIDDEN, "You asked for it; a second person has to approve it.");
    if (!step_fits(c, s) || op->now >= c->until)
        return fail(op, ERR_CONFLICT, "The command is in another state by now; look again.");
    struct record_tx *tx = record_begin(op, f->rec);
    command_note(op, c, person->user, str_of(STEP[s].code));
    TRY(command_move(op, f, tx, c, STEP[s].to, json_get_str(in, STR("reason"))));
    json_set_str(op->arena, detail, STR("step"), str_of(STEP[s].code));
    json_set_str(op->arena, detail, STR("command"), c->doc.id);
    op->actor = person;
    record_tx_trail(tx, STR("device-command"), fhir_type_parse(STR("Device")), c->device, detail);
    op->actor = fleet_system();
    return record_commit(tx);
}

err fleet_command_step(struct op *op, struct fleet *f, str id, str step, const struct json *in,
                       struct json **ret)
{
    const struct actor *person = op->actor;
    struct command c;
    struct fleet_device d;
    unsigned s = 0;
    TRY(fleet_staff(op, FLEET_READERS));
    while (s < STEPS && !str_eq(step, str_of(STEP[s].code)))
        s++;
    if (s == STEPS)
        return fail(op, ERR_NOT_FOUND, "There is no such step.");
    op->actor = fleet_system();
    err e = command_read(op, f, id, &c);
    op->actor = person;
    TRY(e);
    TRY(fleet_staff(op, step_roles(&c, (enum step)s)));
    TRY(device_read(op, f, c.device, &d));
    op->actor = fleet_system();
    e = take_step(op, f, &c, (enum step)s, in, person);
    op->actor = person;
    if (e == ERR_PRECONDITION) {
        op_clear(op);
        return fail(op, ERR_CONFLICT, "The command is in another state by now; look again.");
    }
    TRY(e);
    return device_view(op, f, c.device, ret);
}

/* ---- shown ---- */

static struct json *row_of(struct op *op, const struct command *c, const struct actor *person)
{
    struct arena *a = op->arena;
    struct json *o = command_view(op, c), *may = json_new(a, JSON_ARRAY);
    for (unsigned s = 0; s < STEPS; s++)
        if (step_fits(c, (enum step)s) && step_roles(c, (enum step)s) >> person->role & 1u &&
            !(s == STEP_APPROVE && is_own(c, person)))
            json_push(a, may, json_new_str(a, str_of(STEP[s].code)));
    json_set(a, o, STR("may"), may);
    return o;
}

static err kinds_for(struct op *op, struct fleet *f, const struct fleet_device *d,
                     struct json **ret)
{
    static const char *const args[] = {"", "times", "firmware"};
    struct arena *a = op->arena;
    *ret = json_new(a, JSON_ARRAY);
    for (unsigned i = 0; d->life == LIFE_ACTIVE && d->user.n && i < KIND_COUNT; i++) {
        struct json *o = json_new(a, JSON_OBJECT), *offers;
        if (!(COMMANDS[i].roles >> op->actor->role & 1u))
            continue;
        json_set_str(a, o, STR("kind"), str_of(COMMANDS[i].code));
        json_set_str(a, o, STR("args"), str_of(args[COMMANDS[i].args]));
        json_set(a, o, STR("two"), json_new_bool(a, COMMANDS[i].two));
        if (COMMANDS[i].args == ARGS_FIRMWARE) {
            TRY(firmware_offers(op, f, d, &offers));
            if (!offers->n)
                continue;
            json_set(a, o, STR("releases"), offers);
        }
        json_push(a, *ret, o);
    }
    return op_check(op);
}

static err rows(struct op *op, struct fleet *f, const struct actor *person, str device,
                struct json *list)
{
    struct record_page page;
    TRY(command_find(op, f, device, device.n ? "" : "requested", &page));
    for (size_t i = 0; i < page.n; i++) {
        struct command c;
        TRY(command_of(op, &page.docs[i], &c));
        json_push(op->arena, list, row_of(op, &c, person));
    }
    return op_check(op);
}

err commands_show(struct op *op, struct fleet *f, const struct fleet_device *d, struct json *row)
{
    const struct actor *person = op->actor;
    struct json *list = json_new(op->arena, JSON_ARRAY), *kinds;
    TRY(kinds_for(op, f, d, &kinds));
    json_set(op->arena, row, STR("kinds"), kinds);
    op->actor = fleet_system();
    err e = rows(op, f, person, d->doc.id, list);
    op->actor = person;
    TRY(e);
    json_set(op->arena, row, STR("commands"), list);
    return op_check(op);
}

err commands_waiting(struct op *op, struct fleet *f, const struct json *devices, struct json **ret)
{
    const struct actor *person = op->actor;
    struct json *all = json_new(op->arena, JSON_ARRAY), *one;
    const struct json *d;
    *ret = json_new(op->arena, JSON_ARRAY);
    op->actor = fleet_system();
    err e = rows(op, f, person, STR_NONE, all);
    op->actor = person;
    TRY(e);
    for (size_t i = 0; (one = json_at(all, i)); i++)
        for (size_t k = 0; (d = json_at(devices, k)); k++)
            if (str_eq(json_get_str(d, STR("id")), json_get_str(one, STR("device")))) {
                json_set_str(op->arena, one, STR("name"), json_get_str(d, STR("name")));
                json_set_str(op->arena, one, STR("serial"), json_get_str(d, STR("serial")));
                json_push(op->arena, *ret, one);
            }
    return op_check(op);
}
