/* Signed tokens: what was signed here verifies, anything else does not; PKCE's own vector. */
#include "identity/jose.h"

#include "base/test.h"

#include <sodium.h>

#define ALL (JOSE_RS256 | JOSE_RS384 | JOSE_ES256 | JOSE_ES384)

static struct json *set_of(struct op *op, const struct json *key)
{
    struct json *list = json_new(op->arena, JSON_ARRAY), *set = json_new(op->arena, JSON_OBJECT);
    json_push(op->arena, list, key);
    json_set(op->arena, set, STR("keys"), list);
    return set;
}

static void signed_here(void **state)
{
    (void)state;
    assert_true(sodium_init() >= 0);
    struct op op = test_op();
    str pem, token;
    struct json *key, *set, *got, *claims = json_new(op.arena, JSON_OBJECT);
    json_set_str(op.arena, claims, STR("sub"), STR("somebody"));
    assert_int_equal(jose_key_new(&op, &pem), OK);
    assert_int_equal(jose_key_public(&op, pem, STR("k1"), &key), OK);
    assert_int_equal(json_get_str(key, STR("d")).n, 0);
    set = set_of(&op, key);
    assert_int_equal(jose_keys_check(&op, set), OK);
    assert_int_equal(jose_sign(&op, pem, STR("k1"), claims, &token), OK);
    assert_int_equal(jose_verify(&op, token, set, JOSE_RS256, &got), OK);
    assert_str(json_get_str(got, STR("sub")), "somebody");
    /* an algorithm that is not asked for, a kid that is not there, no key at all */
    assert_int_equal(jose_verify(&op, token, set, ALL & ~JOSE_RS256, &got), ERR_UNAUTHENTICATED);
    struct json *none = set_of(&op, json_new(op.arena, JSON_OBJECT));
    assert_int_equal(jose_verify(&op, token, none, ALL, &got), ERR_UNAUTHENTICATED);
    assert_int_equal(jose_verify(&op, token, NULL, ALL, &got), ERR_UNAUTHENTICATED);
    json_set_str(op.arena, key, STR("use"), STR("enc"));
    assert_int_equal(jose_verify(&op, token, set_of(&op, key), ALL, &got), ERR_UNAUTHENTICATED);
    json_unset(key, STR("use"));
    /* every character changed once */
    for (size_t i = 0; i < token.n; i++) {
        char *bent = (char *)(uintptr_t)str_z(op.arena, token);
        bent[i] = bent[i] == 'A' ? 'B' : 'A';
        op_clear(&op);
        assert_int_equal(jose_verify(&op, str_make(bent, token.n), set, ALL, &got),
                         ERR_UNAUTHENTICATED);
    }
    test_op_done(&op);
}

static void texts(void **state)
{
    (void)state;
    struct op op = test_op();
    str out;
    assert_str(jose_s256(op.arena, STR("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")),
               "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"); /* RFC 7636 appendix B */
    assert_str(jose_b64(op.arena, STR("\x14\xfb\x9c\x03\xd9\x7e")), "FPucA9l-");
    assert_true(jose_unb64(op.arena, STR("FPucA9l-"), &out));
    assert_int_equal(out.n, 6);
    static const char *const bad[] = {"",         "A",      "FPucA9l+", "FPucA9l/",
                                      "FPucAw==", "FP ucA", "FPucB1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(jose_unb64(op.arena, str_of(bad[i]), &out));
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(signed_here), cmocka_unit_test(texts)};
    return cmocka_run_group_tests_name("identity.jose", tests, NULL, NULL);
}
