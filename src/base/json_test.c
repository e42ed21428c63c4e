/* JSON: what is accepted, what is refused and how it is said, building, and refused memory. */
#include "base/json.h"
#include "base/test.h"

static struct json *parsed(struct op *op, str in)
{
    struct json *v = NULL;
    assert_int_equal(json_read(op, in, &JSON_LIMITS_DEFAULT, &v), OK);
    assert_non_null(v);
    return v;
}

static str text_of(struct arena *a, const struct json *v, bool pretty)
{
    struct buf b;
    buf_init(&b, a, 1u << 20);
    if (pretty)
        json_write_pretty(&b, v);
    else
        json_write(&b, v);
    assert_true(buf_ok(&b));
    return buf_str(&b);
}

static void comes_back_as_written(void **state)
{
    (void)state;
    static const char *const same[] = {"null",
                                       "true",
                                       "false",
                                       "0",
                                       "-1.50E+10",
                                       "\"\"",
                                       "[]",
                                       "{}",
                                       "[[],{},[{}]]",
                                       "{\"a\":1,\"b\":[true,null,\"x\"],\"c\":{\"d\":0.10}}",
                                       "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]",
                                       "\"\xC3\xA9\xF0\x9F\x98\x80\""};
    struct op op = test_op();
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        str in = str_of(same[i]);
        str out = text_of(op.arena, parsed(&op, in), false);
        assert_true(str_eq(in, out));
    }
    assert_str(text_of(op.arena, parsed(&op, STR(" { \"a\" : [ 1 , {} ] , \"b\":[]}\n")), true),
               "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
    test_op_done(&op);
}

static void strings_decode(void **state)
{
    (void)state;
    struct op op = test_op();
    str in = STR("[\"plain\",\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\\u00e9\\u20AC\\ud83d\\ude00\","
                 "\"\\\\\",\"x\\u0000y\",\"\\\\\\\"\\\\\",\"\\uDBFF\\uDFFF\"]");
    struct json *v = parsed(&op, in);
    assert_str(json_str(json_at(v, 0)), "plain");
    assert_true(json_at(v, 0)->u.s.p == in.p + 2); /* not copied */
    assert_str(json_str(json_at(v, 1)), "\"\\/\b\f\n\r\t");
    assert_str(json_str(json_at(v, 2)), "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    assert_str(json_str(json_at(v, 3)), "\\");
    assert_str(json_str(json_at(v, 4)), "x\0y");
    assert_str(json_str(json_at(v, 5)), "\\\"\\");
    assert_str(json_str(json_at(v, 6)), "\xF4\x8F\xBF\xBF");
    assert_str(json_str(parsed(&op, STR("\"\\n\""))), "\n");
    v = parsed(&op, STR("{\"\\u0061b\":1,\"c\\\"\":2}"));
    assert_str(json_get_str(v, STR("ab")), "1");
    assert_str(json_get_str(v, STR("c\"")), "2");
    test_op_done(&op);
}

static void refused(str in, err want, const char *place)
{
    struct op op = test_op();
    struct json *v = (struct json *)&op;
    err e = json_read(&op, in, &JSON_LIMITS_DEFAULT, &v);
    assert_int_equal(e, want);
    assert_ptr_equal(v, &op);
    assert_int_equal(op.fault.n, 1);
    str message = op.fault.issues[0].message;
    if (str_find(message, str_of(place), 0) == SIZE_MAX)
        fail_msg("%.*s does not say %s", STR_ARG(message), place);
    assert_true(str_find(message, STR("SECRET"), 0) == SIZE_MAX);
    test_op_done(&op);
}

static void refusals_name_the_place(void **state)
{
    (void)state;
    refused(STR(""), ERR_INVALID, "line 1, column 1");
    refused(STR("  "), ERR_INVALID, "line 1");
    refused(STR("{\"SECRET\":"), ERR_INVALID, "line 1, column 11");
    refused(STR("[\"SECRET"), ERR_INVALID, "line 1");
    refused(STR("[1,\n2,\n  SECRET]"), ERR_INVALID, "line 3");
    refused(STR("[1,]"), ERR_INVALID, "line 1");
    refused(STR("[01]"), ERR_INVALID, "line 1");
    refused(STR("[1.]"), ERR_INVALID, "line 1");
    refused(STR("[NaN]"), ERR_INVALID, "line 1");
    refused(STR("['SECRET']"), ERR_INVALID, "line 1");
    refused(STR("[1] SECRET"), ERR_INVALID, "line 1");
    refused(STR("{} {}"), ERR_INVALID, "line 1");
    refused(STR("/* SECRET */ 1"), ERR_INVALID, "line 1");
    refused(STR("[\"SECRET\\x\"]"), ERR_INVALID, "line 1");
    refused(STR("[\"SECRET\n\"]"), ERR_INVALID, "line 1");
    refused(STR("[1}"), ERR_INVALID, "line 1");
    refused(STR("[\"SECRET\\ud800\"]"), ERR_INVALID, "surrogate");
    refused(STR("[\"\\udc00\\ud800\"]"), ERR_INVALID, "surrogate");
    refused(STR("[\"\\ud800\\u0041\"]"), ERR_INVALID, "surrogate");
    refused(STR("[\"\\ud800\\n12345\"]"), ERR_INVALID, "surrogate");
    refused(STR("[1,\n \"SECRET \xFF\"]"), ERR_INVALID, "line 2, column 10");
    refused(STR("\"\xED\xA0\x80\""), ERR_INVALID, "UTF-8");
    refused(STR("\xEF\xBB\xBF{}"), ERR_INVALID, "line 1, column 1");
    refused(STR("{\"SECRET\":1,\n\"b\":2,\n\"SECRET\":3}"), ERR_INVALID, "line 3, column 2");
    refused(STR("[\"a\0b\"]"), ERR_INVALID, "line 1");
}

/* yajl takes these; RFC 8259 does not. */
static void what_follows_the_value(void **state)
{
    (void)state;
    refused(STR("{\"a\":1} \"SECRET"), ERR_INVALID,
            "line 1, column 16: parse error: trailing garbage");
    refused(STR("[1]\""), ERR_INVALID, "trailing garbage");
    refused(STR("[1]\n\"SECRET}"), ERR_INVALID, "line 2, column 9: parse error: trailing garbage");
    refused(STR("\"a\" \"b"), ERR_INVALID, "trailing garbage");
    refused(STR("1 \""), ERR_INVALID, "trailing garbage");
    refused(STR("null\"\\"), ERR_INVALID, "trailing garbage");
    refused(STR("[1] \"\\u12"), ERR_INVALID, "trailing garbage");
    refused(STR("[\"SECRET"), ERR_INVALID, "premature EOF"); /* the value itself is cut */
    refused(STR("\"SECRET"), ERR_INVALID, "premature EOF");
    refused(STR("[1,\n \v2]"), ERR_INVALID, "line 2, column 2: a vertical tab or form feed");
    refused(STR("\f[1]\v"), ERR_INVALID, "line 1, column 1: a vertical tab or form feed");
    refused(STR("[1]\v\f"), ERR_INVALID, "line 1, column 4: a vertical tab or form feed");
    refused(STR("[\"SECRET\f\"]"), ERR_INVALID, "line 1, column 9: a vertical tab or form feed");
    struct op op = test_op();
    parsed(&op, STR(" \t\r\n[1]\n\r\t "));
    parsed(&op, STR("17"));
    parsed(&op, STR("\"a\"\n"));
    assert_str(json_str(json_at(parsed(&op, STR("[\"\\f\\u000b\"]")), 0)), "\f\v");
    test_op_done(&op);
}

static void twice_among_many(void **state)
{
    (void)state;
    struct op op = test_op();
    struct buf b;
    buf_init(&b, op.arena, 1u << 20);
    for (int i = 0; i < 1000; i++)
        buf_printf(&b, "%c\"member%d\":%d\n", i ? ',' : '{', i, i);
    size_t whole = b.n;
    buf_add(&b, STR("}"));
    struct json *v = parsed(&op, buf_str(&b));
    assert_int_equal(v->n, 1000);
    b.n = whole;
    buf_add(&b, STR(",\"member500\":0}"));
    refused(buf_str(&b), ERR_INVALID, "line 1001, column 3");
    b.n = whole;
    buf_add(&b, STR(",\"\\u006dember500\":0}"));
    refused(buf_str(&b), ERR_INVALID, "two members");
    test_op_done(&op);
}

static void ceilings(void **state)
{
    (void)state;
    struct op op = test_op();
    struct json *v;
    struct json_limits tight = {.bytes = 20, .depth = 3, .nodes = 5};
    assert_int_equal(json_read(&op, STR("[[[1,2]]]"), &tight, &v), OK);
    assert_int_equal(json_read(&op, STR("[[[[1]]]]"), &tight, &v), ERR_TOO_LARGE);
    assert_int_equal(json_read(&op, STR("[1,2,3,4]"), &tight, &v), OK);
    assert_int_equal(json_read(&op, STR("[1,2,3,4,5]"), &tight, &v), ERR_TOO_LARGE);
    assert_int_equal(json_read(&op, STR("[1,                1]"), &tight, &v), ERR_TOO_LARGE);
    /* Deeper than any walk may go, whatever the caller allows. */
    static char deep[20000];
    memset(deep, '[', sizeof deep / 2);
    memset(deep + sizeof deep / 2, ']', sizeof deep / 2);
    struct json_limits lax = {.bytes = SIZE_MAX / 8, .depth = UINT32_MAX, .nodes = UINT32_MAX};
    assert_int_equal(json_read(&op, str_make(deep, sizeof deep), &lax, &v), ERR_TOO_LARGE);
    assert_int_equal(json_read(&op, str_make(deep + 10000 - 256, 512), &lax, &v), OK);
    test_op_done(&op);
}

static void looks_inside(void **state)
{
    (void)state;
    struct op op = test_op();
    struct json *v = parsed(&op, STR("{\"code\":{\"coding\":[{\"code\":\"8867-4\"},7]},\"t\":true,"
                                     "\"n\":-12,\"d\":36.60,\"z\":null}"));
    assert_str(json_str(json_path(v, "code.coding.0.code")), "8867-4");
    assert_null(json_path(v, "code.coding.2"));
    assert_null(json_path(v, "code.coding.x"));
    assert_null(json_path(v, "t.x"));
    assert_null(json_get(NULL, STR("a")));
    assert_null(json_get(json_at(JSON_GET(v, "code"), 0), STR("a")));
    assert_true(json_str(NULL).p == NULL && json_str(JSON_GET(v, "t")).p == NULL);
    assert_true(json_bool(JSON_GET(v, "t"), false) && json_bool(NULL, true));
    assert_false(json_bool(JSON_GET(v, "n"), false));
    int64_t i;
    double d;
    assert_true(json_i64(JSON_GET(v, "n"), &i) && i == -12);
    assert_false(json_i64(JSON_GET(v, "d"), &i) || json_i64(NULL, &i));
    assert_true(json_double(JSON_GET(v, "d"), &d) && d == 36.6);
    assert_false(json_double(JSON_GET(v, "t"), &d));
    assert_true(json_is(JSON_GET(v, "z"), JSON_NULL) && !json_is(NULL, JSON_NULL));
    test_op_done(&op);
}

static void compares(void **state)
{
    (void)state;
    struct op op = test_op();
    struct json *a = parsed(&op, STR("{\"a\":[1,{\"x\":\"y\"}],\"b\":null}"));
    assert_true(json_equal(a, parsed(&op, STR("{\"b\":null,\"a\":[1,{\"x\":\"\\u0079\"}]}"))));
    assert_false(json_equal(a, parsed(&op, STR("{\"b\":null,\"a\":[1.0,{\"x\":\"y\"}]}"))));
    assert_false(json_equal(a, parsed(&op, STR("{\"c\":null,\"a\":[1,{\"x\":\"y\"}]}"))));
    assert_false(json_equal(a, parsed(&op, STR("{\"a\":[1,{\"x\":\"y\"}]}"))));
    assert_false(json_equal(a, NULL));
    assert_true(json_equal(NULL, NULL));
    test_op_done(&op);
}

static void builds(void **state)
{
    (void)state;
    struct op op = test_op();
    struct arena *a = op.arena;
    struct json *o = json_new(a, JSON_OBJECT), *list = json_new(a, JSON_ARRAY);
    for (int i = 0; i < 9; i++)
        json_push(a, list, json_new_i64(a, i));
    json_set(a, o, STR("list"), list);
    json_set_str(a, o, STR("s"), STR("q\""));
    json_set(a, o, STR("yes"), json_new_bool(a, true));
    json_set(a, o, STR("n"), json_new_num(a, STR("1.10")));
    json_set(a, o, STR("t"), json_new_str(a, STR("t")));
    json_set_str(a, o, STR("s"), STR("again"));
    json_unset(o, STR("yes"));
    json_unset(o, STR("absent"));
    assert_str(text_of(a, o, false),
               "{\"list\":[0,1,2,3,4,5,6,7,8],\"s\":\"again\",\"n\":1.10,\"t\":\"t\"}");
    /* A parsed container grows too. */
    struct json *p = parsed(&op, STR("{\"a\":[1]}"));
    json_push(a, JSON_GET(p, "a"), json_new_i64(a, -2));
    json_set(a, p, STR("b"), json_dup(a, p));
    assert_str(text_of(a, p, false), "{\"a\":[1,-2],\"b\":{\"a\":[1,-2]}}");
    struct json *copy = json_dup(a, p);
    assert_true(json_equal(copy, p));
    json_push(a, JSON_GET(copy, "a"), json_new_i64(a, 3));
    assert_false(json_equal(copy, p));
    test_op_done(&op);
}

static void too_deep_to_write(void **state)
{
    (void)state;
    struct op op = test_op();
    struct json *v = json_new(op.arena, JSON_ARRAY);
    for (int i = 0; i < 300; i++) {
        struct json *outer = json_new(op.arena, JSON_ARRAY);
        json_push(op.arena, outer, v);
        v = outer;
    }
    struct buf b;
    buf_init(&b, op.arena, 1u << 20);
    json_write(&b, v);
    assert_false(buf_ok(&b));
    assert_false(json_equal(v, json_dup(op.arena, v)));
    test_op_done(&op);
}

static const char sample[] =
    "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"text\":\"a \\\"b\\\" "
    "c\",\"v\":[1,2,3]"
    "}},{\"x\":[[[]]],\"y\":{\"k\":null}}],\"a1\":1,\"a2\":1,\"a3\":1,\"a4\":1,\"a5\":1,\"a6\":1,"
    "\"a7\":1,\"a8\":1,\"a9\":1,\"b1\":1,\"b2\":1,\"b3\":1,\"b4\":1,\"b5\":1,\"b6\":1,\"b7\":1,"
    "\"b8\":1,\"b9\":1,\"c1\":1,\"c2\":1,\"c3\":1,\"c4\":1,\"c5\":1,\"c6\":1}";

/* A document too large for the first chunk, so that the n-th request matters without ASan too. */
static str large_document(struct arena *a)
{
    struct buf b;
    buf_init(&b, a, 4u << 20);
    buf_char(&b, '[');
    for (int i = 0; i < 1500; i++)
        buf_add(&b, str_make(sample, sizeof sample - 1)), buf_char(&b, ',');
    buf_char(&b, '"');
    for (int i = 0; i < 200000; i++)
        buf_add(&b, STR("\\n"));
    buf_add(&b, STR("\"]"));
    assert_true(buf_ok(&b));
    return buf_str(&b);
}

/* Refuses request n while reading, copying and writing in; true when nothing was refused. */
static bool tortured(str in, uint64_t n)
{
    struct op op = test_op();
    struct json *v = NULL;
    arena_fail_at(n, n % 2 != 0);
    err e = json_read(&op, in, &JSON_LIMITS_DEFAULT, &v);
    if (e == OK) {
        struct buf b;
        buf_init(&b, op.arena, 8u << 20);
        json_set_str(op.arena, json_dup(op.arena, v), STR("extra"), STR("x"));
        json_write(&b, v);
        if (!arena_failed(op.arena))
            assert_true(str_eq(buf_str(&b), in));
    } else {
        assert_int_equal(e, ERR_TOO_LARGE);
        assert_null(v);
        assert_int_equal(op.fault.code, ERR_TOO_LARGE);
    }
    bool whole = !arena_failed(op.arena);
    arena_fail_at(0, false);
    test_op_done(&op);
    return whole;
}

static void torture(void **state)
{
    (void)state;
    struct op op = test_op();
    uint64_t n = 1;
    while (!tortured(str_make(sample, sizeof sample - 1), n))
        assert_true(n++ < 5000);
    assert_true(n > 1);
    /* Under ASan every node is a request of its own: strides keep it short. */
    str in = large_document(op.arena);
    uint64_t refused_at_least = 0;
    for (n = 1; !tortured(in, n); n += 1 + n / 8)
        refused_at_least++;
    assert_true(refused_at_least > 3);
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_written),
        cmocka_unit_test(strings_decode),
        cmocka_unit_test(refusals_name_the_place),
        cmocka_unit_test(what_follows_the_value),
        cmocka_unit_test(twice_among_many),
        cmocka_unit_test(ceilings),
        cmocka_unit_test(looks_inside),
        cmocka_unit_test(compares),
        cmocka_unit_test(builds),
        cmocka_unit_test(too_deep_to_write),
        cmocka_unit_test(torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
