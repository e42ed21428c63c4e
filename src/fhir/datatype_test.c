/* Formats of every R4 primitive: what they take and what they refuse. */
#include "base/test.h"
#include "fhir_int.h"

static void each(uint16_t type, const char *const *texts, bool good)
{
    for (; *texts; texts++)
        if (fhir_format_ok(type, str_of(*texts)) != good)
            fail_msg("%.*s: '%s' should be %s", STR_ARG(fhir_word(fhir_models[type].name)), *texts,
                     good ? "taken" : "refused");
}

#define GOOD(type, ...) each(type, (const char *const[]){__VA_ARGS__, NULL}, true)
#define BAD(type, ...) each(type, (const char *const[]){__VA_ARGS__, NULL}, false)

static void texts(void **state)
{
    (void)state;
    GOOD(FHIR_STRING, "a", " a ", "line\nline\ttab\r", "\xC3\xA9");
    BAD(FHIR_STRING, "", " ", " \n\t", "a\x01z", "\x0b");
    GOOD(FHIR_MARKDOWN, "# a\n\n- b");
    BAD(FHIR_MARKDOWN, "", "\n");
    GOOD(FHIR_CODE, "a", "a b", "in-progress", "<", "a b c");
    BAD(FHIR_CODE, "", " a", "a ", "a  b", "\ta", "a\n");
    GOOD(FHIR_ID, "a", "A-1.b", "0123456789012345678901234567890123456789012345678901234567890123");
    BAD(FHIR_ID, "", "a_b", "a/b", "a b", "\xC3\xA9",
        "01234567890123456789012345678901234567890123456789012345678901234");
    assert_false(fhir_format_ok(FHIR_STRING, str_make("a\0b", 3)));
}

static void one_megabyte(void **state)
{
    (void)state;
    struct op op = test_op();
    size_t n = 1024u * 1024u;
    char *text = arena_alloc(op.arena, 2 * n + 1);
    assert_non_null(text);
    memset(text, 'a', 2 * n);
    assert_true(fhir_format_ok(FHIR_STRING, str_make(text, n)));
    assert_false(fhir_format_ok(FHIR_STRING, str_make(text, n + 1)));
    /* Characters count, not bytes. */
    for (size_t i = 0; i < n; i++)
        memcpy(text + 2 * i, "\xC3\xA9", 2);
    assert_true(fhir_format_ok(FHIR_STRING, str_make(text, 2 * n)));
    arena_free(op.arena);
}

static void addresses(void **state)
{
    (void)state;
    GOOD(FHIR_URI, "http://a.b/c?d#e", "urn:uuid:x", "a", "#x", "mailto:a@b");
    BAD(FHIR_URI, "", " ", "a b", "a\n", "\x01");
    GOOD(FHIR_URL, "https://a");
    BAD(FHIR_URL, "a b");
    GOOD(FHIR_CANONICAL, "http://a|1.0", "#x");
    BAD(FHIR_CANONICAL, "");
    GOOD(FHIR_OID, "urn:oid:1.2.3", "urn:oid:2.16.840.1.113883", "urn:oid:0.0");
    BAD(FHIR_OID, "1.2.3", "urn:oid:3.1", "urn:oid:1", "urn:oid:1.", "urn:oid:1.02",
        "urn:oid:1.2.a", "urn:oid:1..2");
    GOOD(FHIR_UUID, "urn:uuid:c757873d-ec9a-4326-a141-556f43239520");
    BAD(FHIR_UUID, "c757873d-ec9a-4326-a141-556f43239520",
        "urn:uuid:C757873D-EC9A-4326-A141-556F43239520", "urn:uuid:c757873d-ec9a-4326-a141",
        "urn:uuid:c757873dxec9a-4326-a141-556f43239520");
    GOOD(FHIR_BASE64_BINARY, "AAAA", "AA==", "AAA=", "AA AA\nBB==", "a+/9");
    BAD(FHIR_BASE64_BINARY, "", "A", "AAA", "A===", "AA=A", "AA-A", " ", "AAAA=");
}

static void times(void **state)
{
    (void)state;
    GOOD(FHIR_DATE, "2024", "2024-02", "2024-02-29", "0001-01-01");
    BAD(FHIR_DATE, "", "24", "2023-02-29", "2024-13", "2024-1-1", "2024-02-30T10:00:00Z", "0000",
        "2024-02-29 ", "2024-");
    GOOD(FHIR_DATE_TIME, "2024", "2024-02", "2024-02-29", "2024-02-29T10:00:00Z",
         "2024-02-29T10:00:00.123456+01:00", "2024-02-29T23:59:60-14:00");
    BAD(FHIR_DATE_TIME, "2024-02-29T10:00Z", "2024-02-29T10:00:00", "2024-02-29T",
        "2024-02-29T24:00:00Z", "2024-02-29t10:00:00Z", "2024-02-29T10:00:00+15:00",
        "2024-02T10:00:00Z", "now");
    GOOD(FHIR_INSTANT, "2024-02-29T10:00:00Z", "2024-02-29T10:00:00.1-05:00");
    BAD(FHIR_INSTANT, "2024-02-29", "2024", "2024-02-29T10:00Z", "2024-02-29T10:00:00");
    GOOD(FHIR_TIME, "00:00:00", "23:59:59.999", "12:00:60");
    BAD(FHIR_TIME, "", "24:00:00", "12:00", "12:60:00", "12:00:00Z", "12:00:00+01:00", "1:00:00");
}

static void numbers(void **state)
{
    (void)state;
    GOOD(FHIR_DECIMAL, "0", "-1.50", "1e3", "1.0E-3", "3.14159265358979323846");
    BAD(FHIR_DECIMAL, "1e999", "", "-",
        "0.00000000000000000000000000000000000000000000000000000000000000001");
    GOOD(FHIR_INTEGER, "0", "-2147483648", "2147483647");
    BAD(FHIR_INTEGER, "2147483648", "-2147483649", "1.0", "1e3", "-0", "");
    GOOD(FHIR_UNSIGNED_INT, "0", "5");
    BAD(FHIR_UNSIGNED_INT, "-1", "2147483648");
    GOOD(FHIR_POSITIVE_INT, "1");
    BAD(FHIR_POSITIVE_INT, "0", "-1");
}

static void wants_are_told(void **state)
{
    (void)state;
    for (uint16_t t = 1; t <= FHIR_MODEL_COUNT; t++)
        if (fhir_models[t].kind == KIND_PRIMITIVE)
            assert_true(strlen(fhir_format_wants(t)) > 10);
}

static void codes_of_outside(void **state)
{
    (void)state;
    uint16_t mime = fhir_rows[fhir_row_find(FHIR_ATTACHMENT, STR("contentType"))].set;
    uint16_t lang = fhir_rows[fhir_row_find(FHIR_PATIENT, STR("language"))].set;
    uint16_t money = fhir_rows[fhir_row_find(FHIR_MONEY, STR("currency"))].set;
    static const char *const good[] = {"text/plain",
                                       "application/fhir+json",
                                       "image/svg+xml",
                                       "text/html;charset=utf-8",
                                       "text/html charset=utf-8",
                                       "json"};
    static const char *const bad[] = {"",           "text",       "text/", "/plain", "te xt/plain",
                                      "text/pl@in", "text/ plain"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(fhir_set_has(mime, STR_NONE, str_of(good[i]), NULL));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(fhir_set_has(mime, STR_NONE, str_of(bad[i]), NULL));
    static const char *const langs[] = {"en",      "en-US",    "zh-Hant-TW", "x-klingon",
                                        "de-1996", "de-a-ext", "de-x-a"};
    static const char *const not [] = {"",   "e",         "en-",  "-en", "english_us",
                                       "12", "abcdefghi", "de-a", "x",   "de-x"};
    char longest[] =
        "a/0123456789012345678901234567890123456789012345678901234567890123456789012345"
        "678901234567890123456789012345678901234567890123450x";
    assert_false(fhir_media_type_ok(str_of(longest)));
    longest[sizeof longest - 2] = '\0';
    assert_true(fhir_media_type_ok(str_of(longest)));
    for (size_t i = 0; i < sizeof langs / sizeof *langs; i++)
        assert_true(fhir_set_has(lang, STR_NONE, str_of(langs[i]), NULL));
    for (size_t i = 0; i < sizeof not / sizeof *not ; i++)
        assert_false(fhir_set_has(lang, STR_NONE, str_of(not [i]), NULL));
    assert_true(fhir_set_has(money, STR_NONE, STR("USD"), NULL));
    assert_true(fhir_set_has(money, STR_NONE, STR("EUR"), NULL));
    assert_false(fhir_set_has(money, STR_NONE, STR("usd"), NULL));
    assert_false(fhir_set_has(money, STR_NONE, STR("DEM"), NULL));
}

static void listed_codes(void **state)
{
    (void)state;
    uint16_t gender = fhir_rows[fhir_row_find(FHIR_PATIENT, STR("gender"))].set;
    str display = STR_NONE;
    assert_true(fhir_set_has(gender, STR_NONE, STR("female"), &display));
    assert_true(str_eq(display, STR("Female")));
    assert_true(
        fhir_set_has(gender, STR("http://hl7.org/fhir/administrative-gender"), STR("other"), NULL));
    assert_false(fhir_set_has(gender, STR("http://example.org"), STR("other"), NULL));
    assert_false(fhir_set_has(gender, STR_NONE, STR("Female"), NULL));
    for (uint16_t set = 1; set <= FHIR_SET_COUNT; set++)
        for (uint16_t i = 0; i < fhir_sets[set].n; i++) {
            const struct fhir_code *c = &fhir_codes[fhir_sets[set].first + i];
            assert_true(fhir_set_has(set, fhir_word(c->system), fhir_word(c->code), NULL));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),        cmocka_unit_test(one_megabyte),
        cmocka_unit_test(addresses),    cmocka_unit_test(times),
        cmocka_unit_test(numbers),      cmocka_unit_test(wants_are_told),
        cmocka_unit_test(listed_codes), cmocka_unit_test(codes_of_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
