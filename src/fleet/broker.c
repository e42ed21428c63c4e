/* The broker's own accounts, kept in step with ours by mosquitto's dynamic security plugin
 * (https://mosquitto.org/documentation/dynamic-security/): a device gets its password there, and
 * one that is closed is thrown out at once. Invariant: a change stays queued until the broker said
 * that it was made, so one that was away learns of it when it is back. */
#include "fleet/fleet_int.h"

#define LEASE_MS 5000
#define JOBS_MAX 16

/* A device speaks and hears under its own name only. The plugin knows no pattern for that, so each
 * has a role, too. */
static void add_role(struct buf *b, str user)
{
    static const struct {
        const char *type, *kind;
    } acls[] = {{"publishClientSend", "observation"},  {"publishClientSend", "status"},
                {"publishClientSend", "ack"},          {"publishClientReceive", "refused"},
                {"publishClientReceive", "command/+"}, {"subscribePattern", "refused"},
                {"subscribePattern", "command/+"}};
    buf_printf(b, "{\"command\":\"createRole\",\"rolename\":\"%.*s\",\"acls\":[", STR_ARG(user));
    for (size_t i = 0; i < sizeof acls / sizeof *acls; i++)
        buf_printf(b, "%s{\"acltype\":\"%s\",\"topic\":\"weft/v1/%.*s/%s\",\"allow\":true}",
                   i ? "," : "", acls[i].type, STR_ARG(user), acls[i].kind);
    buf_add(b, STR("]},"));
}

/* Names are ours, of small letters, digits and hyphens; what is there already is changed. */
static void add(struct buf *b, str user, str password, uint64_t job)
{
    static const char *const commands[] = {"createClient", "modifyClient"};
    if (password.n)
        add_role(b, user);
    for (size_t i = 0; password.n && i < 2; i++)
        buf_printf(b,
                   "{\"command\":\"%s\",\"username\":\"%.*s\",\"password\":\"%.*s\",\"roles\":[{"
                   "\"rolename\":\"%.*s\"}]},",
                   commands[i], STR_ARG(user), STR_ARG(password), STR_ARG(user));
    buf_printf(b, "{\"command\":\"%s\",\"username\":\"%.*s\",\"correlationData\":\"%llu\"}",
               password.n ? "enableClient" : "disableClient", STR_ARG(user),
               (unsigned long long)job);
}

str broker_key(struct op *op, str user)
{
    return arena_printf(op->arena, "fleet/broker/%.*s", STR_ARG(user));
}

/* A change that came after it may have been made already: one of yesterday would undo it. */
static err is_last(struct op *op, struct fleet *f, const struct json *o, bool *ret)
{
    str tag;
    TRY(record_kv_get(op, f->rec, broker_key(op, json_get_str(o, STR("user"))), &tag));
    *ret = str_eq(tag, json_get_str(o, STR("tag")));
    return OK;
}

err broker_tick(struct op *op, void *ctx, size_t *ret_n)
{
    struct fleet *f = ctx;
    struct record_job *jobs;
    size_t n, old = 0;
    *ret_n = 0;
    if (!f->link || !link_up(f->link) || !config_bool(f->config, "mqtt.control"))
        return OK;
    TRY(record_outbox_take(op, f->rec, STR(FLEET_BROKER_QUEUE), LEASE_MS, JOBS_MAX, &jobs, &n));
    struct record_tx *tx = record_begin(op, f->rec);
    for (size_t i = 0; i < n; i++) {
        struct json *o;
        struct buf b;
        bool last;
        int packet;
        TRY(json_read(op, jobs[i].body, &JSON_LIMITS_DEFAULT, &o));
        TRY(is_last(op, f, o, &last));
        if (!last) {
            record_tx_outbox_done(tx, jobs[i].job);
            old++;
            continue;
        }
        buf_init(&b, op->arena, 8192);
        buf_add(&b, STR("{\"commands\":["));
        add(&b, json_get_str(o, STR("user")), json_get_str(o, STR("password")), jobs[i].job);
        buf_add(&b, STR("]}"));
        if (!buf_ok(&b) || !link_send(f->link, BROKER_CONTROL, buf_str(&b), false, &packet))
            break;
    }
    *ret_n = n;
    return old ? record_commit(tx) : OK;
}

/* {"responses": [{"command", "correlationData", "error"}]}. A client that was never made there
 * needs no closing. */
err broker_heard(struct op *op, struct fleet *f, str payload)
{
    struct json *o;
    const struct json *all, *one;
    if (json_read(op, payload, &JSON_LIMITS_DEFAULT, &o) != OK) {
        op_clear(op);
        return OK;
    }
    all = JSON_GET(o, "responses");
    struct record_tx *tx = record_begin(op, f->rec);
    bool any = false;
    for (size_t i = 0; (one = json_at(all, i)); i++) {
        uint64_t job;
        bool off = str_eq(json_get_str(one, STR("command")), STR("disableClient"));
        str error = json_get_str(one, STR("error"));
        if (!str_to_u64(json_get_str(one, STR("correlationData")), UINT64_MAX, &job) ||
            (error.n && !(off && str_eq(error, STR("Client not found")))))
            continue;
        record_tx_outbox_done(tx, job);
        any = true;
    }
    return any ? record_commit(tx) : OK;
}
