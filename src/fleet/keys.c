/* What a device shows to be let in: one account each, opened by a code that works once or by a
 * certificate, with secrets of its own that are made anew whenever either is used. Invariant: a
 * code is spent in the transaction that opens the device, and is kept as a hash only. */
#include "fleet/fleet_int.h"

#include <sodium.h>

#define TOKEN_S (INT64_C(365) * 24 * 3600)
#define CODE_BYTES 10

static str code_key(struct op *op, str code)
{
    unsigned char hash[32];
    char hex[65];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)code.p, code.n, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    return arena_printf(op->arena, "fleet/code/%s", hex);
}

static str at_key(struct op *op, const char *what, str device)
{
    return arena_printf(op->arena, "fleet/%s/%.*s", what, STR_ARG(device));
}

/* As the house: accounts are nobody's but the administrator's otherwise. */
static err as_house(struct op *op, const struct actor **ret_person)
{
    *ret_person = op->actor;
    op->actor = fleet_system();
    return op_check(op);
}

static err put_account(struct op *op, struct fleet *f, const struct fleet_device *d, bool open)
{
    struct identity_account a = {.user = d->user,
                                 .role = ROLE_DEVICE,
                                 .name = STR("Device"),
                                 .patient = d->patient,
                                 .reference = arena_cat(op->arena, STR("Device/"), d->doc.id),
                                 .disabled = !open};
    TRY(identity_account_put(op, f->id, &a, STR_NONE));
    return identity_account_sign_out(op, f->id, d->user);
}

err device_account(struct op *op, struct fleet *f, const struct fleet_device *d, bool open)
{
    const struct actor *person;
    if (!d->user.n)
        return OK;
    TRY(as_house(op, &person));
    err e = put_account(op, f, d, open);
    op->actor = person;
    return e;
}

void broker_tell(struct op *op, struct fleet *f, struct record_tx *tx, str user, str password)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    str tag = random_token(op->arena, 8);
    struct buf b;
    if (!config_bool(f->config, "mqtt.control"))
        return;
    buf_init(&b, op->arena, 4096);
    json_set_str(op->arena, o, STR("user"), user);
    json_set_str(op->arena, o, STR("password"), password);
    json_set_str(op->arena, o, STR("tag"), tag);
    record_tx_kv(tx, broker_key(op, user), tag);
    json_write(&b, o);
    record_tx_outbox(tx, STR(FLEET_BROKER_QUEUE), op->now, buf_str(&b));
}

static err may_open(struct op *op, const struct fleet_device *d)
{
    if (d->life > LIFE_DELIVERED && d->life != LIFE_ACTIVE)
        return fail_at(op, ERR_CONFLICT, STR("state"),
                       "A device that is lost, returned, wiped or revoked gets no new key.");
    return d->user.n ? OK
                     : fail(op, ERR_UNPROCESSABLE,
                            "This device was registered elsewhere and has "
                            "no account here; register it on this page.");
}

err fleet_code(struct op *op, struct fleet *f, str id, str *ret_code, int64_t *ret_until)
{
    struct fleet_device d;
    str had, code = random_token(op->arena, CODE_BYTES);
    int64_t until = op->now + FLEET_CODE_MS;
    TRY(fleet_staff(op, FLEET_STATES[LIFE_REVOKED].roles));
    TRY(device_read(op, f, id, &d));
    TRY(may_open(op, &d));
    str mine = at_key(op, "coded", id), key = code_key(op, code);
    struct record_tx *tx = record_begin(op, f->rec);
    TRY(record_tx_kv_now(tx, mine, &had));
    if (had.n)
        record_tx_kv(tx, had, STR_NONE);
    record_tx_kv(tx, mine, key);
    record_tx_kv(tx, key, arena_printf(op->arena, "%.*s %lld", STR_ARG(id), (long long)until));
    record_tx_trail(tx, STR("device-code"), d.doc.type, id, NULL);
    TRY(record_commit(tx));
    *ret_code = code;
    *ret_until = until;
    return OK;
}

/* Joins tx: the device is active, and the broker learns its password. */
static err open_device(struct op *op, struct fleet *f, struct record_tx *tx, struct fleet_device *d,
                       str password)
{
    TRY(may_open(op, d));
    device_set_life(op, d, LIFE_ACTIVE);
    TRY(record_tx_update(tx, d->doc.type, d->doc.id, d->tree, d->doc.vid));
    broker_tell(op, f, tx, d->user, password);
    record_tx_trail(tx, STR("device-provisioned"), d->doc.type, d->doc.id, NULL);
    return op_check(op);
}

/* The account with a token of its own; what there was before has ended. */
static err hand_over(struct op *op, struct fleet *f, const struct fleet_device *d, str password,
                     struct json **ret)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *mqtt = json_new(a, JSON_OBJECT);
    struct identity_session s;
    struct record_signature sign;
    TRY(put_account(op, f, d, true));
    struct identity_account as = {.user = d->user,
                                  .role = ROLE_DEVICE,
                                  .patient = d->patient,
                                  .reference = arena_cat(a, STR("Device/"), d->doc.id)};
    TRY(identity_token_issue(op, f->id, &as, STR_NONE, TOKEN_S, &s));
    TRY(record_sign(op, f->rec, STR("weft-device"), d->user, &sign));
    json_set_str(a, o, STR("device"), d->doc.id);
    json_set_str(a, o, STR("user"), d->user);
    json_set_str(a, o, STR("token"), s.token);
    json_set_str(a, o, STR("expires"), time_format(a, s.expires));
    if (config_bool(f->config, "mqtt.control")) {
        json_set_str(a, mqtt, STR("user"), d->user);
        json_set_str(a, mqtt, STR("password"), password);
        json_set(a, o, STR("mqtt"), mqtt);
    }
    json_set_str(a, o, STR("commandKey"), arena_str(a, str_of(sign.key)));
    *ret = o;
    return op_check(op);
}

static err no_code(struct op *op)
{
    return fail(op, ERR_UNAUTHENTICATED,
                "This code is not known, was used, or is too old; ask for a new one.");
}

static err provision(struct op *op, struct fleet *f, str code, struct json **ret)
{
    struct fleet_device d;
    int64_t until;
    str value, id, key = code_key(op, code), password = random_token(op->arena, 20);
    TRY(record_kv_get(op, f->rec, key, &value));
    str rest = value;
    if (!value.n || !str_take_until(&rest, ' ', &id) || !str_to_i64(rest, &until) ||
        op->now > until)
        return no_code(op);
    TRY(device_read(op, f, id, &d));
    struct record_tx *tx = record_begin(op, f->rec);
    TRY(open_device(op, f, tx, &d, password));
    record_tx_expect_kv(tx, key, value);
    record_tx_kv(tx, key, STR_NONE);
    err e = record_commit(tx);
    if (e == ERR_CONFLICT || e == ERR_PRECONDITION) { /* two came with it at once */
        op_clear(op);
        return no_code(op);
    }
    TRY(e);
    return hand_over(op, f, &d, password, ret);
}

err fleet_provision(struct op *op, struct fleet *f, str code, str peer, struct json **ret)
{
    op->actor = fleet_system();
    TRY(identity_guess(op, f->id, peer));
    pthread_mutex_lock(&f->keys);
    err e = provision(op, f, code, ret);
    pthread_mutex_unlock(&f->keys);
    if (e == OK)
        identity_guess_right(f->id, peer);
    if (e != OK && e != ERR_UNAVAILABLE)
        TRY(record_audit_event(op, f->rec, STR("device-code-refused"), false, STR_NONE));
    return e;
}

static err rotate(struct op *op, struct fleet *f, str user, str id, struct json **ret)
{
    struct fleet_device d;
    str password = random_token(op->arena, 20);
    TRY(device_read(op, f, id, &d));
    if (d.life != LIFE_ACTIVE || !str_eq(d.user, user))
        return fail(op, ERR_FORBIDDEN, "Only a device that this server opened changes its keys.");
    struct record_tx *tx = record_begin(op, f->rec);
    broker_tell(op, f, tx, d.user, password);
    record_tx_trail(tx, STR("device-rotated"), d.doc.type, id, NULL);
    TRY(record_commit(tx));
    return hand_over(op, f, &d, password, ret);
}

err fleet_rotate(struct op *op, struct fleet *f, struct json **ret)
{
    const struct actor *device = op->actor;
    struct fhir_ref ref = fhir_ref_parse(device ? device->reference : STR_NONE);
    if (!device || device->role != ROLE_DEVICE || ref.kind != REF_LOCAL)
        return fail(op, ERR_FORBIDDEN, "Only a device changes its own keys.");
    op->actor = fleet_system();
    pthread_mutex_lock(&f->keys);
    err e = rotate(op, f, device->user, ref.id, ret);
    pthread_mutex_unlock(&f->keys);
    op->actor = device;
    return e;
}

static err known_by(struct op *op, struct fleet *f, struct fleet_device *d, str fingerprint)
{
    str mine = at_key(op, "certificate", d->doc.id), had;
    TRY(record_kv_get(op, f->rec, mine, &had));
    TRY(put_account(op, f, d, d->life == LIFE_ACTIVE)); /* open only once the Device says so */
    TRY(identity_certificate_set(op, f->id, fingerprint, d->user));
    if (had.n && !str_eq_nocase(had, fingerprint))
        TRY(identity_certificate_set(op, f->id, had, STR_NONE));
    struct record_tx *tx = record_begin(op, f->rec);
    TRY(open_device(op, f, tx, d, random_token(op->arena, 20)));
    record_tx_kv(tx, mine, fingerprint);
    TRY(record_commit(tx));
    return put_account(op, f, d, true);
}

static err certificate(struct op *op, struct fleet *f, str id, str fingerprint)
{
    const struct actor *person;
    struct fleet_device d;
    TRY(device_read(op, f, id, &d));
    TRY(may_open(op, &d));
    TRY(as_house(op, &person));
    err e = known_by(op, f, &d, fingerprint);
    op->actor = person;
    TRY(e);
    return record_audit_event(op, f->rec, STR("device-certificate"), true, d.user);
}

err fleet_certificate(struct op *op, struct fleet *f, str id, str fingerprint)
{
    TRY(fleet_staff(op, FLEET_STATES[LIFE_REVOKED].roles));
    pthread_mutex_lock(&f->keys);
    err e = certificate(op, f, id, fingerprint);
    pthread_mutex_unlock(&f->keys);
    return e;
}
