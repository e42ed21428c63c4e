/* A new device on the shelf. Invariant: no device of a connected model whose file lacks its parts
 * list, support end or update process (DEV-11), and no serial number twice within a model while one
 * of them is in use. */
#include "fleet/recall_int.h"

#define TEXT_MAX 120u

static err model_is_whole(struct op *op, struct fleet *f, str model, struct json **ret)
{
    struct record_doc doc;
    struct verdict v;
    struct facts *facts = facts_new(op);
    str parts;
    TRY(record_read(op, f->rec, fhir_type_parse(STR("DeviceDefinition")), model, &doc));
    TRY(record_parse(op, &doc, ret));
    facts_set_bool(facts, FACT_IS_CYBER_DEVICE, true);
    TRY(record_kv_get(op, f->rec, arena_cat(op->arena, STR(PARTS_PREFIX), model), &parts));
    facts_set_bool(facts, FACT_SBOM_PRESENT,
                   parts.n > 0 || device_extension(*ret, "sbom", "valueUri").n > 0);
    facts_set_bool(facts, FACT_SUPPORT_END_DATE,
                   device_extension(*ret, "support-end", "valueDate").n > 0);
    facts_set_bool(facts, FACT_PATCH_PROCESS_NAMED,
                   device_extension(*ret, "patch-process", "valueString").n > 0);
    TRY(policy_decide(op, record_rulebook(f->rec), TRIGGER_BIT(TRIGGER_DEVICE_REGISTER), facts,
                      &v));
    if (v.decision != DECISION_ALLOW && v.n_fired)
        return fail_at(op, ERR_UNPROCESSABLE, str_of(v.fired[0].rule->id), "%.*s",
                       STR_ARG(v.fired[0].why));
    return OK;
}

static err serial_is_free(struct op *op, struct fleet *f, str model, str serial)
{
    struct record_page page;
    struct buf q;
    buf_init(&q, op->arena, 2048);
    buf_add(&q, STR("identifier=" FLEET_EXTENSION "device-serial%7C"));
    buf_url(&q, model);
    buf_char(&q, '.');
    buf_url(&q, serial);
    buf_add(&q, STR("&_tag:not=" FLEET_LIFE "|wiped&_count=1"));
    TRY(record_find(op, f->rec, fhir_type_parse(STR("Device")), buf_str(&q), &page));
    return page.n == 0 ? OK
                       : fail_at(op, ERR_CONFLICT, STR("serial"),
                                 "A device of this model has this serial number already.");
}

static void add_extension(struct op *op, struct json *o, const char *name, const char *value,
                          str text)
{
    struct json *e = json_new(op->arena, JSON_OBJECT);
    if (!text.n)
        return;
    json_set_str(op->arena, e, STR("url"), arena_printf(op->arena, FLEET_EXTENSION "%s", name));
    json_set_str(op->arena, e, str_of(value), text);
    if (!JSON_GET(o, "extension"))
        json_set(op->arena, o, STR("extension"), json_new(op->arena, JSON_ARRAY));
    json_push(op->arena, JSON_GET(o, "extension"), e);
}

static void add_identifier(struct op *op, struct json *list, const char *system, str value)
{
    struct json *id = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, id, STR("system"), str_of(system));
    json_set_str(op->arena, id, STR("value"), value);
    json_push(op->arena, list, id);
}

static void take_from_model(struct op *op, struct json *o, const struct json *model)
{
    static const char *const same[] = {"type", "owner", "modelNumber"};
    struct arena *a = op->arena;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (json_get(model, str_of(same[i])))
            json_set(a, o, str_of(same[i]), json_get(model, str_of(same[i])));
    str maker = json_get_str(model, STR("manufacturerString"));
    if (maker.n)
        json_set_str(a, o, STR("manufacturer"), maker);
    if (json_at(JSON_GET(model, "deviceName"), 0)) {
        struct json *names = json_new(a, JSON_ARRAY);
        json_push(a, names, json_at(JSON_GET(model, "deviceName"), 0));
        json_set(a, o, STR("deviceName"), names);
    }
}

static struct json *new_device(struct op *op, const struct json *in, const struct json *model)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *ids = json_new(a, JSON_ARRAY);
    str serial = str_trim(json_get_str(in, STR("serial"))), udi = json_get_str(in, STR("udi"));
    str id = json_get_str(in, STR("model"));
    json_set_str(a, o, STR("resourceType"), STR("Device"));
    add_extension(op, o, "device-network", "valueString", json_get_str(in, STR("network")));
    add_extension(op, o, "device-warranty", "valueDate", json_get_str(in, STR("warranty")));
    if (json_get_str(in, STR("gateway")).n)
        json_set(a, o, STR("parent"),
                 fhir_reference_to(op, "Device", json_get_str(in, STR("gateway"))));
    add_identifier(op, ids, FLEET_ACCOUNT, arena_cat(a, STR("kit-"), random_token(a, 8)));
    add_identifier(op, ids, FLEET_EXTENSION "device-serial",
                   arena_printf(a, "%.*s.%.*s", STR_ARG(id), STR_ARG(serial)));
    json_set(a, o, STR("identifier"), ids);
    json_set(a, o, STR("definition"), fhir_reference_to(op, "DeviceDefinition", id));
    if (udi.n) {
        struct json *list = json_new(a, JSON_ARRAY), *c = json_new(a, JSON_OBJECT);
        str di = json_str(json_path(model, "udiDeviceIdentifier.0.deviceIdentifier"));
        if (di.n)
            json_set_str(a, c, STR("deviceIdentifier"), di);
        json_set_str(a, c, STR("carrierHRF"), udi);
        json_push(a, list, c);
        json_set(a, o, STR("udiCarrier"), list);
    }
    take_from_model(op, o, model);
    json_set_str(a, o, STR("serialNumber"), serial);
    str lot = str_trim(json_get_str(in, STR("lot")));
    if (!lot.n)
        lot = udi_part(udi, "10");
    if (lot.n)
        json_set_str(a, o, STR("lotNumber"), lot);
    return o;
}

/* What it is to speak through is here. */
static err gateway_is_there(struct op *op, struct fleet *f, str id)
{
    struct fleet_device d;
    err e = !id.n ? OK : fhir_id_valid(id) ? device_read(op, f, id, &d) : ERR_NOT_FOUND;
    if (e != ERR_NOT_FOUND && e != ERR_GONE)
        return e;
    op_clear(op);
    return fail_at(op, ERR_INVALID, STR("gateway"), "gateway is the id of a device that is here.");
}

err fleet_register(struct op *op, struct fleet *f, const struct json *in, struct json **ret)
{
    const struct actor *person = op->actor;
    struct json *model;
    str serial = str_trim(json_get_str(in, STR("serial"))), id;
    TRY(fleet_staff(op, FLEET_STATES[LIFE_STOCK].roles));
    if (!serial.n || serial.n > TEXT_MAX || json_get_str(in, STR("udi")).n > TEXT_MAX ||
        json_get_str(in, STR("network")).n > TEXT_MAX || json_get_str(in, STR("lot")).n > TEXT_MAX)
        return fail_at(op, ERR_INVALID, STR("serial"),
                       "A device has a serial number, and no text of more than 120 bytes.");
    TRY(model_is_whole(op, f, json_get_str(in, STR("model")), &model));
    op->actor = fleet_system();
    TRY(gateway_is_there(op, f, json_get_str(in, STR("gateway"))));
    TRY(serial_is_free(op, f, json_get_str(in, STR("model")), serial));
    struct fleet_device d = {.tree = new_device(op, in, model)};
    device_set_life(op, &d, LIFE_STOCK);
    struct record_tx *tx = record_begin(op, f->rec);
    TRY(record_tx_create(tx, d.tree, &id));
    recall_look_later(op, tx, id);
    op->actor = person;
    record_tx_trail(tx, STR("device-registered"), fhir_type_parse(STR("Device")), id, NULL);
    TRY(record_commit(tx));
    return device_view(op, f, id, ret);
}
