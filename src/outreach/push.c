/* A patient's devices for notices, and the server's key. Invariant: a device and the consent it
 * stands for are written in one transaction, under what was there before. */
#include "outreach/push.h"

#include "outreach/outreach_int.h"
#include "outreach/push_int.h"

#include <openssl/x509.h>
#include <sodium.h>

#define KEY_NAME STR("push/key")

static str devices_key(struct op *op, str patient)
{
    return arena_cat(op->arena, STR("push/of/"), patient);
}

err push_devices(struct op *op, struct record *rec, str patient, struct json **ret, str *ret_text)
{
    TRY(record_kv_get(op, rec, devices_key(op, patient), ret_text));
    *ret = json_new(op->arena, JSON_ARRAY);
    return str_empty(*ret_text) ? OK : json_read(op, *ret_text, &JSON_LIMITS_DEFAULT, ret);
}

err push_in_use(struct op *op, struct record *rec, bool *ret)
{
    str der;
    TRY(record_kv_get(op, rec, KEY_NAME, &der));
    *ret = !str_empty(der);
    return OK;
}

err push_devices_put(struct record_tx *tx, struct op *op, str patient, const struct json *list,
                     str before)
{
    struct buf b;
    buf_init(&b, op->arena, 65536);
    json_write(&b, list);
    if (!buf_ok(&b))
        return fail(op, ERR_TOO_LARGE, "the devices are too many");
    record_tx_expect_kv(tx, devices_key(op, patient), before);
    record_tx_kv(tx, devices_key(op, patient), list->n ? buf_str(&b) : STR_NONE);
    return OK;
}

struct json *push_without(struct op *op, const struct json *list, str endpoint)
{
    struct json *rest = json_new(op->arena, JSON_ARRAY);
    for (size_t i = 0; i < list->n; i++)
        if (!str_eq(json_get_str(json_at(list, i), STR("endpoint")), endpoint))
            json_push(op->arena, rest, json_at(list, i));
    return rest;
}

void push_forget(struct record_tx *tx, struct op *op, str patient)
{
    record_tx_kv(tx, devices_key(op, patient), STR_NONE);
}

static err key_make(struct op *op, const struct outreach *o)
{
    EVP_PKEY *fresh = push_pair_new();
    unsigned char *der = NULL;
    int n = fresh ? i2d_PrivateKey(fresh, &der) : 0;
    EVP_PKEY_free(fresh);
    if (n <= 0)
        return fail(op, ERR_UNAVAILABLE, "no key for notices can be made");
    struct record_tx *tx = record_begin(op, o->rec);
    record_tx_expect_kv(tx, KEY_NAME, STR_NONE);
    record_tx_kv(tx, KEY_NAME, arena_str(op->arena, str_make((const char *)der, (size_t)n)));
    err e = record_commit(tx);
    OPENSSL_clear_free(der, (size_t)n);
    if (e != ERR_CONFLICT && e != ERR_PRECONDITION)
        return e;
    op_clear(op); /* another thread made it in this moment */
    return OK;
}

err push_key(struct op *op, const struct outreach *o, EVP_PKEY **ret)
{
    str der = STR_NONE;
    TRY(record_kv_get(op, o->rec, KEY_NAME, &der));
    if (str_empty(der)) {
        TRY(key_make(op, o));
        TRY(record_kv_get(op, o->rec, KEY_NAME, &der));
    }
    const unsigned char *p = (const unsigned char *)der.p;
    *ret = d2i_AutoPrivateKey(NULL, &p, (long)der.n);
    return *ret ? OK : fail(op, ERR_FAULT, "the server's key of notices cannot be read");
}

static err key_text(struct op *op, struct outreach *o, str *ret)
{
    uint8_t point[PUSH_POINT];
    EVP_PKEY *key;
    TRY(push_key(op, o, &key));
    bool good = push_point(key, point);
    EVP_PKEY_free(key);
    *ret = push_base64(op->arena, point, sizeof point);
    return good ? op_check(op) : fail(op, ERR_FAULT, "the server's key of notices cannot be used");
}

err push_state(struct op *op, struct outreach *o, str patient, struct json **ret)
{
    struct json *list, *out = json_new(op->arena, JSON_OBJECT);
    str text, key;
    TRY(outreach_is_self(op, o, patient));
    TRY(push_devices(op, o->rec, patient, &list, &text));
    if (provider_any(o, CHANNEL_PUSH)) {
        TRY(key_text(op, o, &key));
        json_set_str(op->arena, out, STR("key"), key);
    }
    json_set(op->arena, out, STR("devices"), json_new_i64(op->arena, (int64_t)list->n));
    *ret = out;
    return op_check(op);
}

/* The devices as they are now, and the word for the channel when it changed. */
static err write(struct op *op, struct outreach *o, str patient, const struct json *list,
                 str before, const struct stop_word *word)
{
    struct recipient r;
    TRY(recipient_load(op, o->rec, patient, &r));
    struct record_tx *tx = record_begin(op, o->rec);
    TRY(push_devices_put(tx, op, patient, list, before));
    if (word)
        TRY(stop_record(tx, op, &r, CHANNEL_PUSH, word));
    struct json *detail = json_new(op->arena, JSON_OBJECT);
    json_set(op->arena, detail, STR("devices"), json_new_i64(op->arena, (int64_t)list->n));
    record_tx_trail(tx, STR("notices-chosen"), fhir_type_parse(STR("Patient")), patient, detail);
    return record_commit(tx);
}

err push_turn_on(struct op *op, struct outreach *o, str patient, const struct json *device)
{
    static const struct stop_word yes = {
        .evidence = {"turned on by the patient for this device in the portal", 54}};
    struct push_device d;
    struct json *list, *one = json_new(op->arena, JSON_OBJECT);
    str text;
    TRY(outreach_is_self(op, o, patient));
    if (!provider_any(o, CHANNEL_PUSH))
        return fail(op, ERR_UNPROCESSABLE, "This server sends no notices.");
    TRY(push_device_read(op, device, &d));
    TRY(push_endpoint_check(op, o, d.endpoint));
    TRY(push_devices(op, o->rec, patient, &list, &text));
    list = push_without(op, list, d.endpoint);
    json_set_str(op->arena, one, STR("endpoint"), d.endpoint);
    json_set_str(op->arena, one, STR("p256dh"), push_base64(op->arena, d.point, sizeof d.point));
    json_set_str(op->arena, one, STR("auth"), push_base64(op->arena, d.auth, sizeof d.auth));
    json_push(op->arena, list, one);
    if (list->n > PUSH_DEVICES_MAX)
        list = push_without(op, list, json_get_str(json_at(list, 0), STR("endpoint")));
    return write(op, o, patient, list, text, &yes);
}

err push_turn_off(struct op *op, struct outreach *o, str patient, str endpoint)
{
    static const struct stop_word no = {
        .stop = true, .evidence = {"turned off by the patient in the portal", 39}};
    struct json *list;
    str text;
    TRY(outreach_is_self(op, o, patient));
    TRY(push_devices(op, o->rec, patient, &list, &text));
    struct json *rest = push_without(op, list, endpoint);
    if (rest->n == list->n)
        return OK;
    return write(op, o, patient, rest, text, rest->n ? NULL : &no);
}
