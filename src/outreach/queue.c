/* A permitted message becomes a Communication and an outbox job in the caller's transaction, with
 * the verdict in the trail: there is never one without the others. */
#include "desk/incident.h"
#include "outreach/outreach_int.h"
#include "record/near.h"

static void set_list(struct op *op, struct json *o, str name, const struct json *item)
{
    struct json *list = json_new(op->arena, JSON_ARRAY);
    json_push(op->arena, list, item);
    json_set(op->arena, o, name, list);
}

static void set_words(struct op *op, const struct message *m, struct json *c)
{
    struct json *payload = json_new(op->arena, JSON_OBJECT),
                *topic = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, payload, STR("contentString"),
                 str_empty(m->words) ? m->text : m->words);
    if (!str_empty(m->words)) {
        struct json *notice = json_new(op->arena, JSON_OBJECT);
        json_set_str(op->arena, notice, STR("url"), STR(PORTAL_NOTICE_URL));
        json_set_str(op->arena, notice, STR("valueString"), m->text);
        set_list(op, c, STR("extension"), notice);
    }
    set_list(op, c, STR("payload"), payload);
    if (!str_empty(m->subject)) {
        json_set_str(op->arena, topic, STR("text"), m->subject);
        json_set(op->arena, c, STR("topic"), topic);
    }
}

/* What the ledger counts it under; read back from here by whoever follows (ledger_read.c). */
static void add_about(struct op *op, const struct message *m, struct json *c)
{
    struct json *categories = JSON_GET(c, "category");
    if (!str_empty(m->programme))
        json_push(op->arena, categories, fhir_concept(op, STR(PROGRAMME_SYSTEM), m->programme));
    if (!str_empty(m->subject_code))
        json_push(op->arena, categories, fhir_concept(op, STR(SUBJECT_SYSTEM), m->subject_code));
    if (!str_empty(m->campaign))
        set_list(
            op, c, STR("instantiatesCanonical"),
            json_new_str(op->arena, arena_cat(op->arena, STR("PlanDefinition/"), m->campaign)));
    if (!str_empty(m->due_key)) {
        struct json *id = json_new(op->arena, JSON_OBJECT);
        json_set_str(op->arena, id, STR("system"), STR(DUE_SYSTEM));
        json_set_str(op->arena, id, STR("value"), m->due_key);
        if (!JSON_GET(c, "identifier"))
            json_set(op->arena, c, STR("identifier"), json_new(op->arena, JSON_ARRAY));
        json_push(op->arena, JSON_GET(c, "identifier"), id);
    }
}

static struct json *communication(struct op *op, const struct recipient *r, const struct message *m,
                                  const struct outreach_draft *d)
{
    static const char *const kinds[] = {"care", "optout_confirmation", "help_reply",
                                        "optin_confirmation"};
    struct json *c = json_new(op->arena, JSON_OBJECT);
    str patient = arena_printf(op->arena, "Patient/%.*s", STR_ARG(r->id));
    json_set_str(op->arena, c, STR("resourceType"), STR("Communication"));
    if (!str_empty(d->key)) {
        struct json *id = json_new(op->arena, JSON_OBJECT);
        json_set_str(op->arena, id, STR("system"), STR(KEY_SYSTEM));
        json_set_str(op->arena, id, STR("value"), d->key);
        set_list(op, c, STR("identifier"), id);
    }
    json_set_str(op->arena, c, STR("status"), STR("preparation"));
    set_list(op, c, STR("category"), fhir_concept(op, STR(PURPOSE_SYSTEM), str_of(kinds[m->kind])));
    add_about(op, m, c);
    set_list(op, c, STR("medium"), fhir_concept(op, STR(CHANNEL_SYSTEM), channel_name(m->channel)));
    json_set(op->arena, c, STR("subject"), fhir_reference(op, patient));
    struct json *to = fhir_reference(op, recipient_reference(op, r));
    if (!str_empty(r->to_name))
        json_set_str(op->arena, to, STR("display"), r->to_name);
    set_list(op, c, STR("recipient"), to);
    if (op->actor && str_starts(op->actor->reference, STR("Practitioner/")))
        json_set(op->arena, c, STR("sender"), fhir_reference(op, op->actor->reference));
    if (!str_empty(d->follows))
        set_list(op, c, STR("partOf"),
                 fhir_reference(op, arena_cat(op->arena, STR("Communication/"), d->follows)));
    if (!str_empty(d->task))
        set_list(op, c, STR("about"),
                 fhir_reference(op, arena_printf(op->arena, "Task/%.*s", STR_ARG(d->task))));
    json_set_str(op->arena, c, STR("sent"), time_format(op->arena, op->now));
    set_words(op, m, c);
    if (d->asked)
        incident_bind(op, d->asked, json_get_str(d->asked, STR("id")), c);
    return c;
}

str message_out(const struct json *c)
{
    str notice = json_get_str(extension_at(c, STR(PORTAL_NOTICE_URL)), STR("valueString"));
    return str_empty(notice) ? json_str(json_path(c, "payload.0.contentString")) : notice;
}

static str gate_name(struct op *op, str communication)
{
    return arena_printf(op->arena, "gate@/%.*s", STR_ARG(communication));
}

err message_gate_now(struct record_tx *tx, struct op *op, str communication, str *ret)
{
    return record_tx_kv_now(tx, gate_name(op, communication), ret);
}

void message_gate_set(struct record_tx *tx, struct op *op, str communication, str value)
{
    record_tx_kv(tx, gate_name(op, communication), value);
}

static str job_body(struct op *op, const struct message *m, const struct recipient *r, str id,
                    int64_t expires)
{
    struct json *j = json_new(op->arena, JSON_OBJECT);
    struct buf b;
    json_set_str(op->arena, j, STR("communication"), id);
    json_set_str(op->arena, j, STR("patient"), r->id);
    json_set_str(op->arena, j, STR("channel"), channel_name(m->channel));
    json_set_str(op->arena, j, STR("to"), m->to);
    json_set_str(op->arena, j, STR("language"), m->language_tag);
    json_set_str(op->arena, j, STR("purpose"), m->purpose);
    json_set(op->arena, j, STR("kind"), json_new_i64(op->arena, m->kind));
    json_set(op->arena, j, STR("human"), json_new_bool(op->arena, m->human));
    json_set(op->arena, j, STR("mayText"), json_new_bool(op->arena, m->may_text));
    json_set(op->arena, j, STR("strong"), json_new_bool(op->arena, m->strong));
    json_set(op->arena, j, STR("answers"), json_new_bool(op->arena, m->answers));
    json_set(op->arena, j, STR("own"), json_new_bool(op->arena, m->own));
    json_set(op->arena, j, STR("stoppedAt"), json_new_i64(op->arena, m->stopped_at));
    if (m->ended)
        json_set(op->arena, j, STR("ended"), json_new_i64(op->arena, m->ended));
    json_set(op->arena, j, STR("expires"), json_new_i64(op->arena, expires));
    if (!str_empty(m->campaign))
        json_set_str(op->arena, j, STR("campaign"), m->campaign);
    if (!str_empty(m->programme))
        json_set_str(op->arena, j, STR("programme"), m->programme);
    if (!str_empty(m->subject_code))
        json_set_str(op->arena, j, STR("subject"), m->subject_code);
    if (!str_empty(m->due_key))
        json_set_str(op->arena, j, STR("dueKey"), m->due_key);
    buf_init(&b, op->arena, 65536);
    json_write(&b, j);
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

err message_queue(struct record_tx *tx, struct op *op, const struct outreach *o,
                  const struct recipient *r, const struct message *m,
                  const struct outreach_draft *d, int64_t due, str *ret_id)
{
    struct json *c = communication(op, r, m, d);
    TRY(record_tx_create(tx, c, ret_id));
    record_tx_kv_none(tx, gate_name(op, *ret_id)); /* the sender asks for it at once */
    int64_t life = config_int(o->config, "outreach.expiry_hours") * 3600 * 1000;
    int64_t expires = d->expires ? d->expires : (due > op->now ? due : op->now) + life;
    str body = job_body(op, m, r, *ret_id, expires);
    if (str_empty(body))
        return fail(op, ERR_TOO_LARGE, "the message is too large");
    record_tx_outbox(tx, channel_queue(op, m->channel, m->campaign), due, body);
    json_set_str(op->arena, c, STR("id"), *ret_id);
    struct ledger_entry e;
    if (!ledger_read(c, &e))
        return op_check(op);
    e.ours = true;
    if (due <= op->now && e.kind == LEDGER_CARE)
        ledger_soon(op, &e);
    if (e.at < m->confirms)
        e.at = m->confirms; /* the clock was set back: it is after the words it ends all the same */
    str number = m->channel <= CHANNEL_EMAIL ? m->to : STR_NONE; /* others are of one person */
    return ledger_add(tx, op, r->id, &e, number);
}
