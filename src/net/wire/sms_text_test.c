/* Words on the wire: what is split comes back whole, nothing is cut in two. */
#include "net/sms_text.h"

#include "base/buf.h"
#include "base/test.h"

static void assert_text(const char *want, str got)
{
    if (!str_eq(str_of(want), got))
        print_error("%.*s\n", STR_ARG(got));
    assert_true(str_eq(str_of(want), got));
}

static void alphabet_both_ways(void **state)
{
    static const char all[] =
        "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTU"
        "VWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€\f";
    struct arena *a = arena_new(0);
    struct sms_parts p;
    (void)state;
    assert_true(sms_split(a, str_of(all), 1, &p));
    assert_int_equal(SMS_CODING_GSM, p.coding);
    assert_int_equal(1, p.n);
    assert_int_equal(127 + 20, p.part[0].n);
    assert_text(all, sms_decode(a, p.coding, p.part[0]));
    assert_memory_equal("\0\1\2\3", p.part[0].p, 4);
    assert_memory_equal("\x1b\x65\x1b\x0a", p.part[0].p + p.part[0].n - 4, 4);
    arena_free(a);
}

static str joined(struct arena *a, const struct sms_parts *p)
{
    str all = STR_NONE;
    for (size_t i = 0; i < p->n; i++) {
        struct sms_header h = {0};
        str words = p->part[i];
        assert_true(words.n <= (p->coding == SMS_CODING_GSM ? 160 : 140));
        if (p->header) {
            assert_true(sms_take_header(&words, &h));
            assert_int_equal(7, h.ref);
            assert_int_equal(p->n, h.total);
            assert_int_equal(i + 1, h.number);
        }
        str text = sms_decode(a, p->coding, words);
        assert_int_equal(SIZE_MAX, str_find(text, STR("\xef\xbf\xbd"), 0)); /* nothing was cut */
        all = arena_cat(a, all, text);
    }
    return all;
}

static void long_ones_come_back(void **state)
{
    static const char *const units[] = {"a", "a€", "€", "é", "ب", "🙂", "a🙂", "x[y"};
    struct arena *a = arena_new(0);
    (void)state;
    for (size_t u = 0; u < sizeof units / sizeof *units; u++)
        for (size_t n = 1; n < 400; n += 3) {
            struct sms_parts p;
            struct buf b;
            arena_reset(a);
            buf_init(&b, a, 4096);
            for (size_t i = 0; i < n; i++)
                buf_add(&b, str_of(units[u]));
            if (!sms_split(a, buf_str(&b), 7, &p)) {
                assert_true(n > 220); /* more than ten parts */
                continue;
            }
            assert_true(str_eq(buf_str(&b), joined(a, &p)));
        }
    arena_free(a);
}

static void limits(void **state)
{
    struct arena *a = arena_new(0);
    char text[2000];
    struct sms_parts p;
    (void)state;
    memset(text, 'a', sizeof text);
    assert_true(sms_split(a, str_make(text, 160), 7, &p));
    assert_true(p.n == 1 && !p.header);
    assert_true(sms_split(a, str_make(text, 161), 7, &p));
    assert_true(p.n == 2 && p.header && p.part[0].n == 6 + 153 && p.part[1].n == 6 + 8);
    assert_true(sms_split(a, str_make(text, 1530), 7, &p));
    assert_int_equal(10, p.n);
    assert_false(sms_split(a, str_make(text, 1531), 7, &p));
    assert_true(sms_split(a, STR_NONE, 7, &p));
    assert_int_equal(1, p.n);
    arena_free(a);
}

static void odd_octets(void **state)
{
    struct arena *a = arena_new(0);
    (void)state;
    assert_text("\xef\xbf\xbd", sms_decode(a, SMS_CODING_UCS2, str_make("\xd8\x3d", 2)));
    assert_text("\xef\xbf\xbd", sms_decode(a, SMS_CODING_UCS2, str_make("\xde\x42", 2)));
    assert_text("A\xef\xbf\xbd", sms_decode(a, SMS_CODING_UCS2, str_make("\0A\0", 3)));
    assert_text("\xef\xbf\xbd", sms_decode(a, SMS_CODING_GSM, str_make("\x1b", 1)));
    assert_text("a", sms_decode(a, SMS_CODING_GSM,
                                str_make("\x1b"
                                         "a",
                                         2)));
    assert_text("\xef\xbf\xbd", sms_decode(a, SMS_CODING_GSM, str_make("\xff", 1)));
    assert_text("é", sms_decode(a, SMS_CODING_LATIN1, str_make("\xe9", 1)));
    assert_text("\xef\xbf\xbd", sms_decode(a, SMS_CODING_ASCII, str_make("\xe9", 1)));
    arena_free(a);
}

static void headers(void **state)
{
    static const struct {
        const char *octets;
        size_t n, left;
        bool ok;
        struct sms_header want;
    } rows[] = {
        {"\5\0\3\x42\2\1hello", 11, 5, true, {0x42, 2, 1}},
        {"\6\x08\4\x12\x34\3\2x", 8, 1, true, {0x1234, 3, 2}},
        {"\x0a\x05\4\x0b\x84\x23\xf0\0\3\x42\2",
         11,
         11,
         false,
         {0}}, /* its length is over the end */
        {"\x0b\x05\4\x0b\x84\x23\xf0\0\3\x42\2\1", 12, 0, true, {0x42, 2, 1}},
        {"\5\0\3\x42\2\0hello", 11, 5, true, {0}}, /* part 0 */
        {"\5\0\3\x42\2\3hello", 11, 5, true, {0}}, /* 3 of 2 */
        {"\5\0\4\x42\2\1h", 7, 7, false, {0}},
        {"\0", 1, 0, true, {0}},
        {"", 0, 0, false, {0}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        str in = str_make(rows[i].octets, rows[i].n);
        struct sms_header h = {0};
        assert_int_equal(rows[i].ok, sms_take_header(&in, &h));
        assert_int_equal(rows[i].left, in.n);
        assert_memory_equal(&rows[i].want, &h, sizeof h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alphabet_both_ways),
        cmocka_unit_test(long_ones_come_back),
        cmocka_unit_test(limits),
        cmocka_unit_test(odd_octets),
        cmocka_unit_test(headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
