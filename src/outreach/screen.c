/* The built-in screen of the demonstration: messages "arrive" on a phone and in a mail client drawn
 * by the console. It is a channel like the others; what it shows is the record itself, so a message
 * is on the screen exactly when it is in the record, once. */
#include "outreach/outreach_int.h"

static void send_screen(struct op *op, struct provider *via, struct parcel *const *parcels,
                        size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool may = parcel_may_go(via->o, parcels[i]);
        parcels[i]->provider_id = arena_printf(op->arena, "screen-%.*s", STR_ARG(parcels[i]->id));
        /* the Communication that says so is the delivery */
        parcels[i]->result = may ? SENT_OK : SENT_STOPPED;
    }
}

const struct channel CHANNEL_SCREEN_SMS = {
    .name = "screen", .kind = CHANNEL_SMS, .repeatable = true, .batch = 64, .send = send_screen};
const struct channel CHANNEL_SCREEN_EMAIL = {
    .name = "screen", .kind = CHANNEL_EMAIL, .repeatable = true, .batch = 64, .send = send_screen};

static bool shown(const struct json *c)
{
    str status = json_get_str(c, STR("status"));
    return str_eq(status, STR("in-progress")) || str_eq(status, STR("completed"));
}

static void set_address(struct op *op, struct outreach *o, struct json *row, const struct json *c,
                        bool in)
{
    struct recipient r;
    enum channel_kind k;
    str patient = fhir_ref_parse(json_get_str(JSON_GET(c, "subject"), STR("reference"))).id;
    str channel = json_str(json_path(c, "medium.0.coding.0.code"));
    if (!channel_parse(channel, &k) || recipient_load(op, o->rec, patient, &r) != OK) {
        op_clear(op);
        return;
    }
    str ours = k == CHANNEL_SMS ? bucket_number(o, r.id) : config_str(o->config, "smtp.from");
    json_set_str(op->arena, row, STR("channel"), channel);
    json_set_str(op->arena, row, STR("to"), in ? ours : r.address[k]);
    json_set_str(op->arena, row, STR("from"), in ? r.address[k] : ours);
    json_set_str(op->arena, row, STR("language"), r.language);
}

static struct json *screen_row(struct op *op, struct outreach *o, const struct json *c)
{
    struct json *row = json_new(op->arena, JSON_OBJECT);
    bool in = str_starts(json_get_str(JSON_GET(c, "sender"), STR("reference")), STR("Patient/"));
    str time = json_get_str(c, in ? STR("received") : STR("sent"));
    json_set_str(op->arena, row, STR("id"), json_get_str(c, STR("id")));
    json_set_str(op->arena, row, STR("direction"), in ? STR("in") : STR("out"));
    json_set_str(op->arena, row, STR("status"), json_get_str(c, STR("status")));
    json_set_str(op->arena, row, STR("time"), time);
    json_set_str(op->arena, row, STR("text"), message_out(c));
    json_set_str(op->arena, row, STR("subject"), json_str(json_path(c, "topic.text")));
    set_address(op, o, row, c, in);
    return row;
}

bool outreach_screen_there(const struct outreach *o)
{
    return str_eq(config_str(o->config, "sms.channel"), STR("screen")) ||
           str_eq(config_str(o->config, "smtp.channel"), STR("screen"));
}

err outreach_screen(struct op *op, struct outreach *o, size_t max, struct json **ret)
{
    struct record_page page;
    struct json *list = json_new(op->arena, JSON_ARRAY);
    if (!outreach_screen_there(o))
        return fail(op, ERR_NOT_FOUND,
                    "there is no built-in screen: this server sends through real channels");
    str query = arena_printf(op->arena, "_sort=-_lastUpdated&_count=%zu", max < 200 ? max : 200);
    TRY(record_find(op, o->rec, fhir_type_parse(STR("Communication")), query, &page));
    for (size_t i = 0; i < page.n; i++) {
        struct json *c;
        TRY(record_parse(op, &page.docs[i], &c));
        if (shown(c))
            json_push(op->arena, list, screen_row(op, o, c));
    }
    *ret = list;
    return op_check(op);
}
