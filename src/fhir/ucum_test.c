/* UCUM: units that are and are not, what compares with what, conversions with their exact results,
 * canonical texts, and the table as a whole. */
#include "base/test.h"
#include "fhir/ucum_int.h"

static const char *const good[] = {
    "m",
    "mg/dL",
    "mm[Hg]",
    "/min",
    "{beats}/min",
    "10*3/uL",
    "10^9/L",
    "[in_i'H2O]",
    "kg.m-2",
    "kg/m2",
    "mmol/mol",
    "%",
    "Cel",
    "mCel",
    "[degF]",
    "1",
    "{score}",
    "/100{WBCs}",
    "m[H2O]",
    "(8.h)",
    "mL/min/{1.73_m2}",
    "10*-3",
    "[iU]/L",
    "k[IU]/mL",
    "[pH]",
    "dB[SPL]",
    "%[slope]",
    "[m/s2/Hz^(1/2)]",
    "m2.s-1",
    "a_g",
    "g%",
    "Kibit",
    "GBy",
    "((m/s)/s)",
    "10.L/(min.m2)",
    "[lb_av]",
    "cd",
    "Pa",
    "min",
    "dar",
    "umol/min/g{Hb}",
    "'",
    "mo",
    "wk",
    "10*+3",
    "m+2",
    "2.54.cm",
};
static const char *const bad[] = {
    "",       "lbs",  "m/",    "m..s", "(m",   "m)", "{open", "[degF]2", "Cel/m",     "/Cel",
    "10.Cel", "m100", "0.5.m", "0",    "mmHg", "k%", "[in_i", "m s",     "m\xc3\xa9", "{a b}",
    "kk",     "pp",   "10**",  ".m",   "m-",   "%%", "{a{b}", "bpm",     "m99.m",
};

static void units(void **state)
{
    struct ucum_unit u;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const char *why = ucum_parse(str_of(good[i]), &u);
        if (why)
            fail_msg("%s: %s\n", good[i], why);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (ucum_valid(str_of(bad[i])))
            fail_msg("%s passes\n", bad[i]);
}

struct row {
    const char *value, *from, *to, *want; /* NULL: not comparable */
};

static void conversions(void **state)
{
    static const struct row rows[] = {
        {"1", "g", "mg", "1000"},
        {"4000.0", "mg", "g", "4"},
        {"185.5", "[lb_av]", "kg", "84.141384635"},
        {"1", "[in_i]", "cm", "2.54"},
        {"6", "[ft_i]", "[in_i]", "72"},
        {"37", "Cel", "[degF]", "98.6"},
        {"98.6", "[degF]", "Cel", "37"},
        {"-40", "[degF]", "Cel", "-40"},
        {"0", "K", "Cel", "-273.15"},
        {"25", "Cel", "K", "298.15"},
        {"25000", "mCel", "K", "298.15"},
        {"80", "[degRe]", "Cel", "100"},
        {"120", "mm[Hg]", "kPa", "15.998640"},
        {"1", "bar", "Pa", "100000"},
        {"5", "10*9/L", "10*3/uL", "5"},
        {"5", "/min", "{beats}/min", "5"},
        {"1", "mL", "cm3", "1"},
        {"1", "N", "kg.m/s2", "1"},
        {"3937", "[ft_us]", "m", "1200"},
        {"180", "deg", "[pi].rad", "1"},
        {"7", "d", "wk", "1"},
        {"1", "a", "d", "365.25"},
        {"2", "k[IU]/L", "[iU]/mL", "2"},
        {"50", "%", "1", "0.5"},
        {"7.4", "[pH]", "nmol/L", "39.81071705535"},
        {"40", "nmol/L", "[pH]", "7.397940008672"},
        {"20", "dB", "1", "100"},
        {"60", "dB[SPL]", "Pa", "0.02"},
        {"0.000000000000000000000000000001", "g", "kg", "0.000000000000000000000000000000001"},
        {"1", "g", "m", NULL},
        {"1", "[iU]", "[arb'U]", NULL},
        {"1", "[iU]/L", "[iU]", NULL},
        {"1", "mmol/L", "mg/dL", NULL},
        {"-1", "nmol/L", "[pH]", NULL},
    };
    struct op op = test_op();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ucum_unit from, to;
        struct ucum_num v, out;
        assert_null(ucum_parse(str_of(rows[i].from), &from));
        assert_null(ucum_parse(str_of(rows[i].to), &to));
        assert_true(ucum_num_parse(str_of(rows[i].value), &v));
        bool ok = ucum_convert(v, &from, &to, &out);
        str got = ok ? ucum_num_text(op.arena, out,
                                     from.special > FN_DEG_RE || to.special > FN_DEG_RE ? 13 : 28)
                     : STR("none");
        struct ucum_num want, zero = {0};
        str text = rows[i].want ? str_of(rows[i].want) : STR("none");
        bool same = rows[i].want && ok && ucum_num_parse(str_of(rows[i].want), &want) &&
                    ucum_num_parse(got, &zero) && ucum_num_cmp(want, zero) == 0;
        if (!same && !str_eq(got, text))
            fail_msg("%s %s in %s: %.*s, not %s\n", rows[i].value, rows[i].from, rows[i].to,
                     STR_ARG(got), rows[i].want);
    }
    test_op_done(&op);
}

static void doubles(void **state)
{
    double v = 0;
    (void)state;
    assert_true(ucum_convert_code(98.6, STR("[degF]"), STR("Cel"), &v));
    assert_float_equal(v, 37, 1e-12);
    assert_false(ucum_convert_code(1, STR("lbs"), STR("kg"), &v));
    assert_false(ucum_convert_code(1.0 / 0.0, STR("g"), STR("kg"), &v));
}

static void texts(void **state)
{
    struct op op = test_op();
    struct ucum_unit u;
    static const char *const rows[][2] = {
        {"mg/dL", "m-3.g"}, {"N", "m.s-2.g"},   {"%", "1"},   {"k[IU]/mL", "[iU].m-3"},
        {"Cel", "K"},       {"10*3/uL", "m-3"}, {"m/m", "1"}, {"[arb'U].[iU]", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_null(ucum_parse(str_of(rows[i][0]), &u));
        str code = ucum_base_code(op.arena, &u);
        if (rows[i][1])
            assert_true(str_eq(code, str_of(rows[i][1])));
        assert_true(ucum_valid(code)); /* canonical text is a unit, and its own canonical text */
        assert_null(ucum_parse(code, &u));
        assert_true(str_eq(ucum_base_code(op.arena, &u), code));
    }
    assert_str(ucum_display(op.arena, STR("mg/dL")), "(milligram) / (deciliter)");
    assert_str(ucum_display(op.arena, STR("kg.m-2{x}")), "(kilogram) * (meter ^ -2){x}");
    assert_str(ucum_display(op.arena, STR("/min")), "/ (minute)");
    assert_str(ucum_display(op.arena, STR("lbs")), "");
    test_op_done(&op);
}

/* Decimals: what is written is what comes back; results are rounded at 34 digits. */
static void decimals(void **state)
{
    struct op op = test_op();
    struct ucum_num a, b;
    static const char *const same[] = {"0",
                                       "1",
                                       "-1.5",
                                       "0.001",
                                       "123456789012345678901234567.5",
                                       "1000000",
                                       "-0.00000000000000000000000000012"};
    static const char *const wrong[] = {
        "", "-", ".5", "1..2", "1e", "1e9999", "x", "0x1", "12345678901234567890123456789012345"};
    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        assert_true(ucum_num_parse(str_of(same[i]), &a));
        assert_true(str_eq(ucum_num_text(op.arena, a, 34), str_of(same[i])));
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(ucum_num_parse(str_of(wrong[i]), &a));
    assert_true(ucum_num_parse(STR("1"), &a) && ucum_num_parse(STR("3"), &b));
    assert_str(ucum_num_text(op.arena, ucum_num_div(a, b), 34),
               "0.3333333333333333333333333333333333");
    assert_str(ucum_num_text(op.arena, ucum_num_mul(ucum_num_div(a, b), b), 28), "1");
    assert_true(ucum_num_parse(STR("1e40"), &a));
    assert_str(ucum_num_text(op.arena, ucum_num_add(a, b), 34),
               "10000000000000000000000000000000000000000");
    assert_int_equal(ucum_num_cmp(b, a), -1);
    assert_int_equal(ucum_num_cmp(a, a), 0);
    assert_float_equal(ucum_num_double(ucum_num_of(0.1)), 0.1, 0);
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units), cmocka_unit_test(conversions), cmocka_unit_test(doubles),
        cmocka_unit_test(texts), cmocka_unit_test(decimals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
