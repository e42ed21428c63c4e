/* A reading on its way into the record. What a device leaves out is filled from its account; a
 * reading that is late or from the future is kept and marked (meta.tag), never refused; a resend is
 * known by its identifier and changes nothing. */
#include "monitor/monitor_int.h"

#include <sodium.h>

#define READING_SYSTEM "https://weft.health/fhir/reading"
#define NOTE_SYSTEM "https://weft.health/fhir/reading-note"

static void set_reference(struct op *op, struct json *o, str name, str reference)
{
    struct json *ref = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, ref, STR("reference"), reference);
    json_set(op->arena, o, name, ref);
}

static struct json *coding_of(struct op *op, str system, str code)
{
    struct json *c = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, c, STR("system"), system);
    json_set_str(op->arena, c, STR("code"), code);
    return c;
}

static void add_tag(struct op *op, struct json *o, str code)
{
    if (!JSON_GET(o, "meta"))
        json_set(op->arena, o, STR("meta"), json_new(op->arena, JSON_OBJECT));
    struct json *meta = JSON_GET(o, "meta");
    if (!JSON_GET(meta, "tag"))
        json_set(op->arena, meta, STR("tag"), json_new(op->arena, JSON_ARRAY));
    json_push(op->arena, JSON_GET(meta, "tag"), coding_of(op, STR(NOTE_SYSTEM), code));
}

/* The same device, moment and content give the same name. */
static void add_identifier(struct op *op, struct json *o, str who)
{
    struct buf b;
    unsigned char hash[16];
    char hex[33];
    buf_init(&b, op->arena, 1u << 20);
    buf_add(&b, who);
    json_write(&b, o);
    str text = buf_str(&b);
    crypto_generichash(hash, sizeof hash, (const unsigned char *)text.p, text.n, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    struct json *id = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, id, STR("system"), STR(READING_SYSTEM));
    json_set_str(op->arena, id, STR("value"), arena_str(op->arena, str_of(hex)));
    struct json *list = json_new(op->arena, JSON_ARRAY);
    json_push(op->arena, list, id);
    json_set(op->arena, o, STR("identifier"), list);
}

static void mark_time(struct op *op, struct json *o, int64_t at)
{
    if (at > op->now + MONITOR_FUTURE_MS) {
        add_tag(op, o, STR("future-dated"));
        op_note(op, SEVERITY_WARNING, STR("Observation.effective"),
                "the reading's time is in the future; it is kept but raises no case. Check the "
                "device's clock");
    } else if (at < op->now - MONITOR_LATE_MS) {
        add_tag(op, o, STR("late"));
        op_note(op, SEVERITY_INFORMATION, STR("Observation.effective"),
                "the reading is older than 24 hours; it is charted and raises no case");
    }
}

err intake_prepare(struct op *op, const struct identity_account *account, struct json *o)
{
    if (!JSON_GET(o, "subject") && account && !str_empty(account->patient))
        set_reference(op, o, STR("subject"),
                      arena_printf(op->arena, "Patient/%.*s", STR_ARG(account->patient)));
    if (!JSON_GET(o, "device") && account && str_starts(account->reference, STR("Device/")))
        set_reference(op, o, STR("device"), account->reference);
    if (!JSON_GET(o, "subject"))
        return fail_at(op, ERR_UNPROCESSABLE, STR("Observation.subject"),
                       "a reading must say whose it is");
    struct reading_set set;
    reading_set_of(o, &set);
    if (set.at == 0)
        return fail_at(op, ERR_UNPROCESSABLE, STR("Observation.effective"),
                       "a reading must say when it was taken (effectiveDateTime)");
    if (!JSON_GET(o, "identifier"))
        add_identifier(op, o, account ? account->user : STR_NONE);
    mark_time(op, o, set.at);
    return fhir_validate(op, o);
}

str intake_name(struct op *op, const struct json *o)
{
    const struct json *id = json_at(JSON_GET(o, "identifier"), 0);
    struct buf b;
    if (str_empty(json_get_str(id, STR("value"))))
        return STR_NONE;
    buf_init(&b, op->arena, 4096);
    buf_add(&b, STR("identifier="));
    buf_url(&b, json_get_str(id, STR("system")));
    buf_add(&b, STR("%7C"));
    buf_url(&b, json_get_str(id, STR("value")));
    buf_add(&b, STR("&subject=")); /* two patients' devices may count alike */
    buf_url(&b, json_get_str(JSON_GET(o, "subject"), STR("reference")));
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

err intake_is_known(struct op *op, struct record *rec, const struct json *o, bool *ret)
{
    struct record_page page;
    const struct actor *device = op->actor;
    str name = intake_name(op, o);
    *ret = false;
    if (str_empty(name))
        return op_check(op);
    op->actor = identity_system(); /* a device may write readings but not look at them */
    str query = arena_cat(op->arena, name, STR("&_count=1"));
    err e = record_find(op, rec, fhir_type_of(o), query, &page);
    op->actor = device;
    TRY(e);
    *ret = page.n > 0;
    return OK;
}

/* Who sends it, as far as a reading is concerned: by REST the same as by MQTT. */
static err account_of(struct op *op, struct monitor *m, struct identity_account *ret)
{
    fhir_type type;
    *ret = (struct identity_account){0};
    if (!op->actor)
        return OK;
    ret->user = op->actor->user;
    ret->reference = op->actor->reference;
    return op->actor->patient ? record_name(op, m->rec, op->actor->patient, &type, &ret->patient)
                              : OK;
}

err monitor_prepare(struct op *op, struct monitor *m, struct json *o, str *ret_name)
{
    struct identity_account account;
    TRY(account_of(op, m, &account));
    TRY(intake_prepare(op, &account, o));
    *ret_name = intake_name(op, o);
    return op_check(op);
}

err monitor_intake(struct op *op, struct monitor *m, struct json *o, struct record_result *ret)
{
    str name;
    TRY(monitor_prepare(op, m, o, &name));
    return record_create(op, m->rec, o, name, ret);
}
