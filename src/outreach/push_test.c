/* Notices as push services and browsers read them: the example of RFC 8291, Appendix A, byte for
 * byte; what is no key is refused. What an independent reader finds is in tests/40-flows. */
#include "outreach/fixture_int.h"
#include "outreach/ledger_int.h"
#include "outreach/push_int.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <sodium.h>

#define ENDPOINT "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV"
#define P256DH                                                                                     \
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define AUTH "BTBZMqHH6r4Tts7J_aSIgg"

static void bytes(const char *text, uint8_t *out, size_t n)
{
    size_t len = 0;
    assert_int_equal(sodium_base642bin(out, n, text, strlen(text), NULL, &len, NULL,
                                       sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                     0);
    assert_int_equal(len, n);
}

static EVP_PKEY *pair_of(const char *private, const char *public)
{
    uint8_t d[32], point[PUSH_POINT];
    EVP_PKEY *key = NULL;
    bytes(private, d, sizeof d);
    bytes(public, point, sizeof point);
    BIGNUM *number = BN_bin2bn(d, sizeof d, NULL);
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    assert_true(OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0));
    assert_true(OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point));
    assert_true(OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_PRIV_KEY, number));
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    assert_true(EVP_PKEY_fromdata_init(c) > 0);
    assert_true(EVP_PKEY_fromdata(c, &key, EVP_PKEY_KEYPAIR, params) > 0);
    EVP_PKEY_CTX_free(c);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(b);
    BN_free(number);
    return key;
}

static struct json *device(struct op *op, const char *p256dh, const char *auth)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, o, STR("endpoint"), STR(ENDPOINT));
    json_set_str(op->arena, o, STR("p256dh"), str_of(p256dh));
    json_set_str(op->arena, o, STR("auth"), str_of(auth));
    return o;
}

static void the_example_of_the_rfc(void **state)
{
    (void)state;
    struct op op = test_op();
    struct push_device d;
    struct push_once once = {0};
    str body;
    assert_int_equal(push_device_read(&op, device(&op, P256DH, AUTH), &d), OK);
    once.pair = pair_of("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
                        "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
                        "AC8wEqKK6PBru3jl7A8");
    bytes("DGv6ra1nlYgDCS1FRnbzlw", once.salt, sizeof once.salt);
    assert_int_equal(
        push_encrypt(&op, &d, &once, STR("When I grow up, I want to be a watermelon"), &body), OK);
    assert_str(
        push_base64(op.arena, body.p, body.n),
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLoc"
        "InmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLV"
        "WGNWQexSgSxsj_Qulcy4a-fN");
    EVP_PKEY_free(once.pair);
    test_op_done(&op);
}

static void what_is_no_key_is_refused(void **state)
{
    (void)state;
    struct op op = test_op();
    struct push_device d;
    static const char off[] = /* one bit beside the curve */
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw8";
    const char *const keys[][2] = {{"", AUTH},       {P256DH, ""}, {off, AUTH},
                                   {P256DH, P256DH}, {AUTH, AUTH}, {"?", AUTH}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        assert_int_equal(push_device_read(&op, device(&op, keys[i][0], keys[i][1]), &d),
                         ERR_INVALID);
        op_clear(&op);
    }
    test_op_done(&op);
}

static void every_notice_is_as_long_as_any_other(void **state)
{
    (void)state;
    struct op op = test_op();
    struct push_device d;
    str a, b, auth;
    struct push_once once = {.pair = push_pair_new(), .plain = PUSH_PLAIN};
    assert_int_equal(push_device_read(&op, device(&op, P256DH, AUTH), &d), OK);
    assert_int_equal(push_encrypt(&op, &d, &once, STR("a"), &a), OK);
    assert_int_equal(push_encrypt(&op, &d, &once, STR("abcdef"), &b), OK);
    assert_int_equal(a.n, b.n);
    char much[PUSH_TEXT_MAX + 1];
    memset(much, 'x', sizeof much);
    assert_int_equal(push_encrypt(&op, &d, &once, str_make(much, sizeof much), &a), ERR_TOO_LARGE);
    op_clear(&op);
    assert_int_equal(push_vapid(&op, once.pair, STR(ENDPOINT), STR("mailto:a@example.org"), &auth),
                     OK);
    assert_true(str_starts(auth, STR("vapid t=ey")));
    EVP_PKEY_free(once.pair);
    test_op_done(&op);
}

/* An account that is gone gets nothing more, on no device. */
static void devices_go_with_their_owner(void **state)
{
    struct room *r = *state;
    struct op *op = &r->op;
    struct json *list = json_new(op->arena, JSON_ARRAY);
    struct record_result gone;
    size_t n = 1;
    str text;
    EVP_PKEY *key;
    r->patient = room_put(r, STR("{\"resourceType\":\"Patient\"}"));
    room_outreach(r, (const char *const[]){"push.channel", "webpush", NULL});
    assert_int_equal(push_key(op, r->o, &key), OK); /* a browser asks for it first */
    EVP_PKEY_free(key);
    json_push(op->arena, list, device(op, P256DH, AUTH));
    struct record_tx *tx = record_begin(op, r->rec);
    assert_int_equal(push_devices_put(tx, op, r->patient, list, STR_NONE), OK);
    assert_int_equal(record_commit(tx), OK);
    struct recipient p = room_seen(r);
    assert_false(str_empty(p.address[CHANNEL_PUSH]));
    assert_int_equal(
        record_delete(op, r->rec, fhir_type_parse(STR("Patient")), r->patient, STR_NONE, &gone),
        OK);
    while (n)
        assert_int_equal(ledger_step(op, r->o, &n), OK);
    assert_int_equal(push_devices(op, r->rec, r->patient, &list, &text), OK);
    assert_int_equal(list->n, 0);
}

/* Review R255: a server that ends asks no further device, and the message is not lost. */
static void r255_an_end_waits_for_no_device(void **state)
{
    struct room *r = *state;
    struct op *op = &r->op;
    struct json *list = json_new(op->arena, JSON_ARRAY);
    r->patient = room_put(r, STR("{\"resourceType\":\"Patient\"}"));
    room_outreach(r, (const char *const[]){"push.channel", "webpush", NULL});
    json_push(op->arena, list, device(op, P256DH, AUTH));
    struct record_tx *tx = record_begin(op, r->rec);
    assert_int_equal(push_devices_put(tx, op, r->patient, list, STR_NONE), OK);
    assert_int_equal(record_commit(tx), OK);
    struct parcel p = {.id = STR("m"), .patient = r->patient, .result = SENT_LATER}, *one = &p;
    atomic_store(&r->o->senders[CHANNEL_PUSH].loop.stop, true);
    struct provider via = {.channel = &CHANNEL_WEBPUSH, .o = r->o};
    CHANNEL_WEBPUSH.send(op, &via, &one, 1);
    assert_int_equal(p.result, SENT_LATER);
    assert_true(str_empty(p.code)); /* nobody was asked */
}

static int open_room(void **state)
{
    *state = room_new();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_rfc), cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(every_notice_is_as_long_as_any_other),
        cmocka_unit_test_setup_teardown(devices_go_with_their_owner, open_room, room_close),
        cmocka_unit_test_setup_teardown(r255_an_end_waits_for_no_device, open_room, room_close)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
