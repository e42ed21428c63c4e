/* Buffers: the ceiling, the binary forms and their readers, the two encodings, refused memory. */
#include "base/buf.h"
#include "base/test.h"

static void grows_to_its_ceiling(void **state)
{
    (void)state;
    struct op op = test_op();
    struct buf b;
    buf_init(&b, op.arena, 1000);
    assert_str(buf_str(&b), "");
    for (int i = 0; i < 1000; i++)
        buf_char(&b, 'x');
    assert_true(buf_ok(&b));
    assert_int_equal(buf_str(&b).n, 1000);
    buf_char(&b, 'x');
    assert_false(buf_ok(&b));
    buf_add(&b, STR(""));
    assert_null(buf_reserve(&b, 0));
    assert_int_equal(buf_str(&b).n, 1000);
    buf_clear(&b);
    assert_true(buf_ok(&b));
    buf_printf(&b, "%s %d", "text", 12);
    assert_str(buf_str(&b), "text 12");
    buf_printf(&b, "%900d", 1);
    assert_int_equal(buf_str(&b).n, 907);
    char *to = buf_reserve(&b, 93);
    assert_non_null(to);
    memset(to, 'y', 93);
    buf_commit(&b, 93);
    assert_int_equal(buf_str(&b).n, 1000);
    assert_null(buf_reserve(&b, 1));
    test_op_done(&op);
}

static void numbers_come_back(void **state)
{
    (void)state;
    struct op op = test_op();
    struct buf b;
    buf_init(&b, op.arena, 1 << 16);
    static const uint64_t values[] = {0, 1, 127, 128, 255, 300, 65535, 1u << 31, UINT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        buf_u8(&b, (uint8_t)values[i]);
        buf_u16(&b, (uint16_t)values[i]);
        buf_u32(&b, (uint32_t)values[i]);
        buf_u64(&b, values[i]);
        buf_varint(&b, values[i]);
    }
    str in = buf_str(&b), part;
    uint8_t v8;
    uint16_t v16;
    uint32_t v32;
    uint64_t v64;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        assert_true(take_u8(&in, &v8) && v8 == (uint8_t)values[i]);
        assert_true(take_u16(&in, &v16) && v16 == (uint16_t)values[i]);
        assert_true(take_u32(&in, &v32) && v32 == (uint32_t)values[i]);
        assert_true(take_u64(&in, &v64) && v64 == values[i]);
        assert_true(take_varint(&in, &v64) && v64 == values[i]);
    }
    assert_int_equal(in.n, 0);
    assert_false(take_u8(&in, &v8));
    in = STR("\x01\x02\x03");
    assert_false(take_u32(&in, &v32) || take_u64(&in, &v64) || take_bytes(&in, 4, &part));
    assert_true(take_u16(&in, &v16) && v16 == 0x0102);
    assert_true(take_bytes(&in, 1, &part) && part.p[0] == 3);
    test_op_done(&op);
}

static void bad_varints(void **state)
{
    (void)state;
    uint64_t v = 0;
    str unfinished = STR("\x80\x80"), large = STR("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"),
        endless = STR("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01");
    assert_false(take_varint(&unfinished, &v));
    assert_false(take_varint(&large, &v));
    assert_false(take_varint(&endless, &v));
    assert_int_equal(unfinished.n, 2);
}

static str quoted(struct arena *a, str s)
{
    struct buf b;
    buf_init(&b, a, 1000);
    buf_json_string(&b, s);
    assert_true(buf_ok(&b));
    return buf_str(&b);
}

static void encodings(void **state)
{
    (void)state;
    struct op op = test_op();
    assert_str(quoted(op.arena, STR("")), "\"\"");
    assert_str(quoted(op.arena, STR("a\"\\\b\f\n\r\t\x01\x1Fz")),
               "\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001fz\"");
    assert_str(quoted(op.arena, STR("\xC3\xA9 \xF0\x9F\x98\x80 \x7F")),
               "\"\xC3\xA9 \xF0\x9F\x98\x80 \x7F\"");
    assert_str(quoted(op.arena, STR("a\xFF\xE2\x82z\xEF\xBF\xBD")),
               "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\xEF\xBF\xBD\"");
    struct buf b;
    buf_init(&b, op.arena, 1000);
    buf_url(&b, STR("aZ09-._~ /?&=\xC3\xA9"));
    assert_str(buf_str(&b), "aZ09-._~%20%2F%3F%26%3D%C3%A9");
    buf_clear(&b);
    buf_html(&b, STR("<a href=\"x\">Q&A</a> it's \xC3\xA9"));
    assert_str(buf_str(&b), "&lt;a href=&quot;x&quot;&gt;Q&amp;A&lt;/a&gt; it's \xC3\xA9");
    test_op_done(&op);
}

/* Refuse the n-th memory request for every n: the buffer says so and holds what it held. */
static void characters_come_back(void **state)
{
    struct arena *a = arena_new(0);
    (void)state;
    for (uint32_t c = 0; c <= 0x10ffff; c += c < 0x900 ? 1 : 61) {
        struct buf b;
        size_t at = 0;
        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        buf_init(&b, a, 8);
        buf_utf8(&b, c);
        assert_true(buf_ok(&b) && str_utf8_valid(buf_str(&b)));
        assert_int_equal(str_utf8_next(buf_str(&b), &at), c);
        assert_int_equal(at, b.n);
    }
    arena_free(a);
}

static void torture(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        struct arena *a = arena_new(0);
        struct buf b;
        buf_init(&b, a, 4u << 20);
        arena_fail_at(n, n % 2 != 0);
        for (int i = 0; i < 100000; i++)
            buf_printf(&b, "%d,", i);
        arena_fail_at(0, false);
        bool ok = buf_ok(&b);
        assert_int_equal(ok, !arena_failed(a));
        assert_true(buf_str(&b).n <= 4u << 20);
        assert_true(str_starts(STR("0,1,2,3,"), str_sub(buf_str(&b), 0, 8)));
        arena_free(a);
        if (ok)
            break;
        assert_true(n < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_to_its_ceiling), cmocka_unit_test(numbers_come_back),
        cmocka_unit_test(bad_varints),          cmocka_unit_test(encodings),
        cmocka_unit_test(characters_come_back), cmocka_unit_test(torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
