/* What a device says of itself, and what follows from it: one technical case a patient for support,
 * and a text that helps, asked for in the change feed. Invariant: what is known, the case and the
 * request are one transaction, so a finding is told once, whatever is killed in between. */
#include "fleet/firmware_int.h"
#include "fleet/storm_int.h"

#include <sodium.h>

#define WATCH_QUEUE "fleet-watch"
#define WATCH_MAX 64
#define LEASE_MS 60000
#define PROGRAMME "device-support"
#define LOOK "look/"     /* of a device, once, beside its usual watch */
#define UPDATE "update/" /* of a command: is it done? */

static str peers_key(struct op *op, str model)
{
    return arena_printf(op->arena, "fleet/peers/%.*s", STR_ARG(model));
}

/* The references of the model's devices, with this one's put in: the one heard longest ago makes
 * room. */
static err peers(struct op *op, struct fleet *f, const struct fleet_device *d, struct health *h,
                 struct record_tx *tx)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *all = json_new(a, JSON_OBJECT);
    struct buf b;
    str text, key = peers_key(op, d->model);
    if (!h->has_reference || !d->model.n)
        return OK;
    TRY(record_kv_get(op, f->rec, key, &text));
    if (text.n)
        TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &o));
    json_unset(o, d->doc.id);
    double *v = ARENA_ARRAY(a, double, HEALTH_PEERS);
    size_t skip = o->n >= HEALTH_PEERS ? o->n - HEALTH_PEERS + 1 : 0;
    for (size_t i = skip; i < o->n; i++) {
        if (json_double(&o->u.members[i].value, &v[h->n_peers]))
            h->n_peers++;
        json_set(a, all, o->u.members[i].name, &o->u.members[i].value);
    }
    v[h->n_peers++] = h->reference;
    h->peers = v;
    json_set(a, all, d->doc.id, json_new_num(a, arena_printf(a, "%.9g", h->reference)));
    buf_init(&b, a, 32768);
    json_write(&b, all);
    record_tx_expect_kv(tx, key, text);
    record_tx_kv(tx, key, buf_str(&b));
    return op_check(op);
}

#define ACTS_MAX 8u

/* May somebody who is no clinician say it (DEV-08)? The house may allow less than the catalogue. */
err health_may_say(struct op *op, struct fleet *f, const char *words_acts, bool *ret)
{
    struct verdict v;
    struct facts *facts = facts_new(op);
    str acts[ACTS_MAX], rest = str_of(words_acts);
    size_t n = 0;
    while (n < ACTS_MAX && str_take_until(&rest, ' ', &acts[n]))
        n++;
    facts_set_str(facts, FACT_TOPIC, STR("device_support"));
    facts_set_bool(facts, FACT_SPEAKER_IS_CLINICIAN, false);
    facts_set_list(facts, FACT_UTTERANCE_ACTS, acts, n);
    TRY(policy_decide(op, record_rulebook(f->rec), TRIGGER_BIT(TRIGGER_AGENT_SAY), facts, &v));
    *ret = true;
    for (size_t i = 0; i < v.n_fired; i++)
        if (str_eq(str_of(v.fired[i].rule->id), STR("DEV-08")))
            *ret = false;
    return OK;
}

static struct said sentence(struct op *op, const struct fleet_device *d, const struct health *h,
                            const struct fleet_rule *r, bool script)
{
    double v = 0;
    (void)health_value(h, r->kind, op->now, &v);
    struct said parts[2] = {desk_say_same(op, d->serial.n ? d->serial : d->doc.id),
                            desk_say_number(op, r->kind == HEALTH_DRIFT, v)};
    struct said what = desk_say(op, r->say, parts, 2), how = desk_say_row(r->script);
    return script ? desk_say_lines(op, &what, &how) : what;
}

static err open_case(struct op *op, struct fleet *f, const struct fleet_device *d,
                     const struct health *h, uint32_t fresh, struct record_tx *tx)
{
    str id, evidence = arena_cat(op->arena, STR("Device/"), d->doc.id);
    struct desk_case c = {.patient = d->patient,
                          .programme = STR(PROGRAMME),
                          .priority = DESK_P4,
                          .technical = true,
                          .evidence = &evidence,
                          .n_evidence = 1};
    bool is_new, any = false;
    for (size_t i = 0; i < FLEET_RULES; i++) {
        const struct fleet_rule *r = &FLEET_RULE[i];
        if (!(fresh >> i & 1u))
            continue;
        bool script;
        TRY(health_may_say(op, f, r->acts, &script));
        struct said one = sentence(op, d, h, r, script);
        c.why = any ? desk_say_lines(op, &c.why, &one) : one;
        if (!any || r->priority < (int)c.priority)
            c.rule = str_of(r->id);
        if (r->priority < (int)c.priority)
            c.priority = (enum desk_priority)r->priority;
        any = true;
    }
    return desk_open(tx, op, f->rec, &c, &id, &is_new);
}

/* What it says of itself is an allegation as well (spec/fleet/rules.json). */
static err complain(struct op *op, struct fleet *f, const struct fleet_device *d,
                    const struct health *h, uint32_t fresh, struct record_tx *tx)
{
    struct complaint_new n = {.patient = d->patient,
                              .device = d->doc.id,
                              .source = STR("device"),
                              .role = config_str(f->config, "house.device_role"),
                              .evidence = arena_cat(op->arena, STR("Device/"), d->doc.id),
                              .aware = op->now};
    int64_t due;
    str id;
    for (size_t i = 0; i < FLEET_RULES; i++)
        if (fresh >> i & 1u && FLEET_RULE[i].complaint) {
            struct said one = sentence(op, d, h, &FLEET_RULE[i], true);
            n.words = n.words.n ? arena_printf(op->arena, "%.*s\n%.*s", STR_ARG(n.words),
                                               STR_ARG(one.in[SAY_EN]))
                                : one.in[SAY_EN];
            n.cyber |= FLEET_RULE[i].cyber;
        }
    return n.words.n ? complaint_record(tx, op, f->rec, &n, &id, &due) : OK;
}

static err ask_text(struct op *op, struct fleet *f, const struct fleet_device *d, uint32_t fresh,
                    struct record_tx *tx)
{
    const struct fleet_rule *r = NULL;
    str id, about = arena_cat(op->arena, STR("Device/"), d->doc.id);
    for (size_t i = 0; i < FLEET_RULES && !r; i++)
        if (fresh >> i & 1u && FLEET_RULE[i].text[0][0])
            r = &FLEET_RULE[i];
    if (!r)
        return OK;
    struct desk_text t = {.patient = d->patient,
                          .kind = "device-help",
                          .rule = r->id,
                          .about = &about,
                          .n_about = 1,
                          .words = desk_say_row(r->text)};
    return desk_text_ask(tx, op, f->rec, &t, &id);
}

/* A device that is not well after an update tells something of the update. */
static err blame(struct op *op, struct fleet *f, const struct fleet_device *d, uint32_t fresh,
                 struct record_tx *tx)
{
    for (size_t i = 0; i < FLEET_RULES; i++)
        if (fresh >> i & 1u && FLEET_RULE[i].update)
            return firmware_sign(op, f, tx,
                                 &(struct bad_sign){.device = d->doc.id,
                                                    .name = str_of(FLEET_RULE[i].id),
                                                    .at = op->now});
    return OK;
}

err health_settle(struct op *op, struct fleet *f, const struct fleet_device *d, struct health *h,
                  str was, struct record_tx *tx)
{
    uint32_t fresh;
    health_judge(h, op->now, &fresh);
    TRY(storm_settle(op, f, d, h, tx, &fresh));
    if (fresh && d->patient.n && d->life == LIFE_ACTIVE) {
        TRY(open_case(op, f, d, h, fresh, tx));
        TRY(complain(op, f, d, h, fresh, tx));
        TRY(ask_text(op, f, d, fresh, tx));
    }
    TRY(blame(op, f, d, fresh, tx));
    if (!h->timed) {
        record_tx_outbox(tx, STR(WATCH_QUEUE), op->now + 24 * HEALTH_HOUR,
                         arena_str(op->arena, d->doc.id));
        h->timed = true;
    }
    health_keep(op, tx, d->doc.id, h, was);
    return record_commit(tx);
}

/* The newest firmware stands in the Device, where the register and others see it. */
static err note_firmware(struct op *op, struct fleet_device *d, str version, struct record_tx *tx)
{
    struct arena *a = op->arena;
    struct json *list = json_new(a, JSON_ARRAY), *v = json_new(a, JSON_OBJECT);
    json_set(a, v, STR("type"), fhir_concept(op, STR(FLEET_MDC), STR(FLEET_FIRMWARE)));
    json_set_str(a, v, STR("value"), version);
    json_push(a, list, v);
    json_set(a, d->tree, STR("version"), list);
    return record_tx_update(tx, d->doc.type, d->doc.id, d->tree, d->doc.vid);
}

static err least_of(struct op *op, struct fleet *f, const struct fleet_device *d, str *ret)
{
    struct record_doc doc;
    struct json *model;
    *ret = STR_NONE;
    if (!d->model.n)
        return OK;
    TRY(record_read(op, f->rec, fhir_type_parse(STR("DeviceDefinition")), d->model, &doc));
    TRY(record_parse(op, &doc, &model));
    *ret = device_extension(model, "minimum-firmware", "valueString");
    return OK;
}

/* The clock, the count of states, the name it gives itself. */
static void identify(struct op *op, const struct fleet_device *d, const struct json *o, bool again,
                     struct health *h)
{
    struct time_span at;
    int64_t count = 0;
    str serial = json_get_str(o, STR("serial"));
    if (time_parse(json_get_str(o, STR("time")), &at))
        h->skew_s = (double)(at.lo - op->now) / 1000;
    bool counts = json_i64(JSON_GET(o, "count"), &count);
    bool back = counts && h->count && count <= h->count && !again;
    h->impostor = (serial.n && !str_eq(serial, d->serial)) || back;
    if (counts && !back)
        h->count = count;
}

/* The same state once more, as QoS 1 permits: nobody else speaks under its name. */
static bool is_again(struct op *op, struct health *h, const struct json *o, str payload)
{
    unsigned char hash[16];
    char hex[33];
    int64_t count = 0;
    crypto_generichash(hash, sizeof hash, (const unsigned char *)payload.p, payload.n, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    bool again =
        json_i64(JSON_GET(o, "count"), &count) && count == h->count && str_eq(h->said, str_of(hex));
    h->said = arena_str(op->arena, str_of(hex));
    return again;
}

/* A device that names another firmware with every word does not fill the disk with it. */
static err follow_firmware(struct op *op, struct fleet *f, struct fleet_device *d, struct health *h,
                           str version, struct record_tx *tx)
{
    if (!version.n)
        return OK;
    h->firmware = version;
    if (str_eq(version, h->awaited)) { /* it is done with what it took */
        h->stuck = 0;
        h->awaited = STR_NONE;
    }
    TRY(firmware_runs(op, f, tx, d->doc.id, version));
    if (str_eq(version, device_firmware(d->tree)) || (h->noted && op->now - h->noted < HEALTH_HOUR))
        return OK;
    h->noted = op->now;
    return note_firmware(op, d, version, tx);
}

static err take(struct op *op, struct fleet *f, struct fleet_device *d, const struct json *o,
                str payload)
{
    struct health h;
    double v;
    str was, version = str_utf8_cut(json_get_str(o, STR("firmware")), 40);
    TRY(health_load(op, f, d->doc.id, &h, &was));
    bool again = is_again(op, &h, o, payload);
    TRY(least_of(op, f, d, &h.least));
    struct record_tx *tx = record_begin(op, f->rec);
    h.stated = op->now;
    health_heard(&h, op->now, op->now);
    identify(op, d, o, again, &h);
    if (json_double(JSON_GET(o, "battery"), &v) && v >= 0 && v <= 100)
        health_add_battery(&h, op->now, v);
    h.retries = json_double(JSON_GET(o, "retries"), &v) ? v : 0;
    h.tamper = json_bool(JSON_GET(o, "tamper"), false);
    h.has_reference = json_double(JSON_GET(o, "reference"), &h.reference) || h.has_reference;
    TRY(follow_firmware(op, f, d, &h, version, tx));
    TRY(peers(op, f, d, &h, tx));
    return health_settle(op, f, d, &h, was, tx);
}

/* ---- the line ---- */

static int64_t broken_ms(void)
{
    for (size_t i = 0; i < FLEET_RULES; i++)
        if (FLEET_RULE[i].kind == HEALTH_BROKEN)
            return (int64_t)(FLEET_RULE[i].limit * 60000);
    return 0;
}

/* What nobody listened to is no silence. */
static void take_away(struct op *op, const struct desk_away *away, struct health *h)
{
    h->away = desk_away_in(away, h->heard, op->now);
    h->away_broken = h->broken ? desk_away_in(away, h->broken, op->now) : 0;
}

/* MQTT's will: the broker says that the device is gone without a goodbye, which is no word of its
 * own. When it is back within the rule's minutes nothing is told. */
static err line_broke(struct op *op, struct fleet *f, const struct fleet_device *d)
{
    struct desk_away away;
    struct health h;
    str was;
    TRY(desk_away_read(op, f->rec, &away));
    TRY(health_load(op, f, d->doc.id, &h, &was));
    if (h.broken)
        return OK;
    h.broken = op->now;
    take_away(op, &away, &h);
    struct record_tx *tx = record_begin(op, f->rec);
    health_look(op, tx, d->doc.id, &h, h.broken + broken_ms());
    return health_settle(op, f, d, &h, was, tx);
}

err device_by_user(struct op *op, struct fleet *f, str user, struct fleet_device *ret)
{
    TRY(identity_actor_device(op, f->id, user));
    struct fhir_ref ref = fhir_ref_parse(op->actor->reference);
    op->actor = fleet_system();
    return device_read(op, f, ref.id, ret);
}

err state_heard(struct op *op, struct fleet *f, const struct link_message *m)
{
    struct fleet_device d;
    struct json *o;
    err e = device_by_user(op, f, m->device, &d);
    op->actor = fleet_system();
    TRY(e);
    TRY(json_read(op, m->payload,
                  &(struct json_limits){.bytes = 16u << 10, .depth = 4, .nodes = 200}, &o));
    if (json_bool(JSON_GET(o, "will"), false))
        return line_broke(op, f, &d);
    return take(op, f, &d, o, m->payload);
}

err reading_heard(struct op *op, struct fleet *f, const struct heard *r)
{
    struct fleet_device d;
    struct health h;
    str was;
    TRY(device_read(op, f, r->device, &d));
    if (!d.user.n || !str_eq(d.patient, r->patient) ||
        fleet_too_often(f, "device", r->device, op->now, 1))
        return OK;
    TRY(health_load(op, f, r->device, &h, &was));
    health_heard(&h, r->at, op->now);
    if (!r->possible)
        health_add_odd(&h, op->now);
    if (r->future)
        h.skew_s = 301; /* the intake marks what is five minutes ahead or more */
    return health_settle(op, f, &d, &h, was, record_begin(op, f->rec));
}

void health_look(struct op *op, struct record_tx *tx, str device, struct health *h, int64_t at)
{
    if (h->look > op->now && h->look <= at)
        return;
    h->look = at;
    record_tx_outbox(tx, STR(WATCH_QUEUE), at, arena_cat(op->arena, STR(LOOK), device));
}

void health_update_taken(struct op *op, struct record_tx *tx, str command, bool now)
{
    record_tx_outbox(tx, STR(WATCH_QUEUE), op->now + (now ? 0 : HEALTH_DAY),
                     arena_cat(op->arena, STR(UPDATE), command));
}

/* ---- watched ---- */

/* A device by its id, or by the update that it took; looks: once more, beside its usual watch. */
struct watched {
    struct fleet_device d;
    struct health h;
    str was;
    bool looks;
};

static str behind(const struct record_job *job, const char *prefix)
{
    return str_sub(job->body, strlen(prefix), job->body.n);
}

/* An update that a later one took the place of is no matter any more. */
static err updated(struct op *op, struct fleet *f, const struct command *c, struct health *h)
{
    struct json *args;
    str newest;
    TRY(json_read(op, c->args, &JSON_LIMITS_DEFAULT, &args));
    TRY(record_kv_get(op, f->rec, command_key(op, c->device, KIND_UPDATE), &newest));
    str version = json_get_str(args, STR("version"));
    bool done = c->state == COMMAND_DONE || str_eq(h->firmware, version);
    if (done && str_eq(h->awaited, version)) {
        h->stuck = 0;
        h->awaited = STR_NONE;
    }
    if (!done && str_eq(newest, c->doc.id) && command_silent(c)) {
        h->stuck = c->taken;
        h->awaited = version;
    }
    return OK;
}

static err watched(struct op *op, struct fleet *f, const struct record_job *job,
                   struct watched *ret)
{
    bool update = str_starts(job->body, STR(UPDATE));
    struct command c;
    str id = job->body;
    ret->looks = update || str_starts(job->body, STR(LOOK));
    if (update) {
        TRY(command_read(op, f, behind(job, UPDATE), &c));
        id = c.device;
    } else if (ret->looks) {
        id = behind(job, LOOK);
    }
    TRY(device_read(op, f, id, &ret->d));
    TRY(health_load(op, f, id, &ret->h, &ret->was));
    if (ret->h.look <= op->now)
        ret->h.look = 0;
    return update ? updated(op, f, &c, &ret->h) : OK;
}

static err watch(struct op *op, struct fleet *f, const struct desk_away *away,
                 const struct record_job *job)
{
    struct watched w;
    TRY(watched(op, f, job, &w));
    struct health *h = &w.h;
    take_away(op, away, h);
    struct record_tx *tx = record_begin(op, f->rec);
    if (w.d.life != LIFE_ACTIVE) { /* heard again, it is watched again */
        h->timed &= w.looks;
        TRY(storm_leave(op, f, &w.d, h, tx));
        record_tx_outbox_done(tx, job->job);
        health_keep(op, tx, w.d.doc.id, h, w.was);
        return record_commit(tx);
    }
    int64_t due = h->heard + h->away + 24 * HEALTH_HOUR;
    if (w.looks)
        record_tx_outbox_done(tx, job->job);
    else
        record_tx_outbox_later(tx, job->job, due > op->now ? due : op->now + 6 * HEALTH_HOUR,
                               job->body);
    if (h->broken && w.looks && op->now - h->broken - h->away_broken < broken_ms())
        health_look(op, tx, w.d.doc.id, h, h->broken + h->away_broken + broken_ms());
    return health_settle(op, f, &w.d, h, w.was, tx);
}

err fleet_watch(struct op *op, void *ctx, size_t *ret_n)
{
    struct fleet *f = ctx;
    struct record_job *jobs;
    struct desk_away away;
    *ret_n = 0;
    if (f->link && !link_up(f->link))
        return OK; /* nobody hears them: nobody judges their silence */
    TRY(desk_away_read(op, f->rec, &away));
    TRY(record_outbox_take(op, f->rec, STR(WATCH_QUEUE), LEASE_MS, WATCH_MAX, &jobs, ret_n));
    for (size_t i = 0; i < *ret_n; i++) {
        err e = watch(op, f, &away, &jobs[i]);
        TRY(command_after(op, f, &jobs[i], e));
    }
    return OK;
}
