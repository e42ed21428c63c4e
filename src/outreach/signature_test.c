/* The webhook signature against the vectors of Twilio's own documentation and libraries. */
#include "base/test.h"
#include "outreach/outreach_int.h"

#define URL "https://mycompany.com/myapp.php?foo=1&bar=2"

static const char *const FIELDS[][2] = {{"To", "+18005551212"},
                                        {"Digits", "1234"},
                                        {"From", "+14158675309"},
                                        {"CallSid", "CA1234567890ABCDE"},
                                        {"Caller", "+14158675309"}};
#define N (sizeof FIELDS / sizeof FIELDS[0])

static bool signed_ok(str token, str url, size_t n, str signature)
{
    struct outreach o = {.secret_sms = token};
    str names[N + 1], values[N + 1];
    for (size_t i = 0; i < N; i++) {
        names[i] = str_of(FIELDS[i][0]);
        values[i] = str_of(FIELDS[i][1]);
    }
    names[N] = STR("Extra");
    values[N] = STR("1");
    return outreach_signature_ok(&o, url, names, values, n, signature);
}

static void vector_of_the_documentation(void **state)
{
    (void)state;
    assert_true(signed_ok(STR("12345"), STR(URL), N, STR("RSOYDt4T1cUTdK1PDd93/VVr8B8=")));
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    str good = STR("RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    assert_false(signed_ok(STR("12346"), STR(URL), N, good));
    assert_false(signed_ok(STR("12345"), STR(URL "x"), N, good));
    assert_false(signed_ok(STR("12345"), STR(URL), N - 1, good));
    assert_false(signed_ok(STR("12345"), STR(URL), N + 1, good));
    assert_false(signed_ok(STR("12345"), STR(URL), N, STR("RSOYDt4T1cUTdK1PDd93/VVr8B9=")));
    assert_false(signed_ok(STR("12345"), STR(URL), N, str_sub(good, 0, 27)));
    assert_false(signed_ok(STR("12345"), STR(URL), N, STR_NONE));
}

static void without_a_secret_nothing_is_signed(void **state)
{
    (void)state;
    char mac[29];
    assert_true(hmac_sha1_base64(STR_NONE, STR(URL), mac));
    assert_false(signed_ok(STR_NONE, STR(URL), 0, str_of(mac)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(vector_of_the_documentation),
                                       cmocka_unit_test(anything_else_is_refused),
                                       cmocka_unit_test(without_a_secret_nothing_is_signed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
