/* Marks around values in Arabic texts: the code points, and what a phone makes of them by ICU's
 * bidirectional algorithm, which is independent of ours. */
#include "base/bidi.h"
#include "base/test.h"

#include <unicode/ubidi.h>
#include <unicode/ustring.h>

#define DRAWN 512

/* As a phone draws one paragraph whose direction it takes from the first letter, left to right,
 * without the marks. */
static str drawn(struct op *op, str text)
{
    UChar in[DRAWN], out[DRAWN];
    char back[DRAWN * 3];
    int32_t n = 0, got;
    UErrorCode e = U_ZERO_ERROR;
    UBiDi *b = ubidi_open();
    u_strFromUTF8(in, DRAWN, &n, text.p, (int32_t)text.n, &e);
    ubidi_setPara(b, in, n, UBIDI_DEFAULT_LTR, NULL, &e);
    got = ubidi_writeReordered(b, out, DRAWN, UBIDI_REMOVE_BIDI_CONTROLS, &e);
    u_strToUTF8(back, sizeof back, &n, out, got, &e);
    assert_true(U_SUCCESS(e));
    ubidi_close(b);
    return arena_str(op->arena, str_make(back, (size_t)n));
}

static bool holds(str in, str part)
{
    return str_find(in, part, 0) != SIZE_MAX;
}

static void a_value_is_marked_in_arabic_alone(void **state)
{
    static const struct {
        const char *value, *marked;
    } rows[] = {{"+1 503 555 0100", BIDI_LRM "+1 503 555 0100" BIDI_RLM},
                {"312-555-0100", BIDI_LRM "312-555-0100" BIDI_RLM},
                {"(503) 555-0100", BIDI_LRM "(503) 555-0100" BIDI_RLM},
                {"4:45 pm", BIDI_LRM "4:45 pm" BIDI_RLM},
                {"2.5 kg", BIDI_LRM "2.5 kg" BIDI_RLM},
                {"2026-11-24", BIDI_LRM "2026-11-24" BIDI_RLM},
                {"Ann", "Ann" BIDI_RLM},
                {"Émile", "Émile" BIDI_RLM},
                {"M•••", "M•••" BIDI_LRM BIDI_RLM},
                {"Bright River Clinic", "Bright River Clinic" BIDI_RLM},
                /* as they are */
                {"", ""},
                {"…", "…"},
                {"911", "911"},
                {"16:45", "16:45"},
                {"1,200", "1,200"},
                {"16:45 (الأربعاء)", "16:45 (الأربعاء)"},
                {"عمر", "عمر"},
                {"https://a.example/go/x1", "https://a.example/go/x1"},
                {BIDI_LRM "+1 503 555 0100" BIDI_RLM, BIDI_LRM "+1 503 555 0100" BIDI_RLM}};
    struct op op = test_op();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        str value = str_of(rows[i].value);
        assert_true(str_eq(bidi_value(&op, LANGUAGE_AR, value), str_of(rows[i].marked)));
        assert_true(str_eq(bidi_value(&op, LANGUAGE_EN, value), value));
        assert_true(str_eq(bidi_value(&op, LANGUAGE_ES, value), value));
    }
    test_op_done(&op);
}

static void a_text_reads_from_right_to_left(void **state)
{
    struct op op = test_op();
    (void)state;
    assert_str(bidi_text(&op, LANGUAGE_AR, STR("Weft: نعم")), BIDI_RLM "Weft: نعم");
    assert_str(bidi_text(&op, LANGUAGE_AR, STR("1 Weft نعم")), BIDI_RLM "1 Weft نعم");
    assert_str(bidi_text(&op, LANGUAGE_AR, STR("نعم Weft")), "نعم Weft");
    assert_str(bidi_text(&op, LANGUAGE_AR, STR(BIDI_RLM "Weft")), BIDI_RLM "Weft");
    assert_str(bidi_text(&op, LANGUAGE_AR, STR("1 2")), "1 2");
    assert_str(bidi_text(&op, LANGUAGE_EN, STR("Weft: نعم")), "Weft: نعم");
    test_op_done(&op);
}

/* The groups of a number stood the other way round, and what came after it before it. */
static void a_phone_keeps_the_order(void **state)
{
    static const char *const values[] = {
        "+1 503 555 0100", "503-555-0100", "(503) 555-0100", "4:45 pm", "2.5 kg", "2026-11-24",
        "Ann Lee",         "911",          "16:45",          "7",       "A.B.",
    };
    static const char *const sentences[][2] = {
        {"اتصل على ", " في أي وقت."}, {"اتصل على ", ". 1 نعم 2 لا"},
        {"رد 1 أو ", ". STOP"},       {"", ": اتصل"},
        {"نعم 5 ", "، 9 لا"},
    };
    struct op op = test_op();
    (void)state;
    assert_false(holds(drawn(&op, STR("اتصل على +1 503 555 0100 الآن")), STR("+1 503 555 0100")));
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        for (size_t k = 0; k < sizeof sentences / sizeof *sentences; k++) {
            str value = str_of(values[i]);
            str text =
                arena_cat(op.arena, str_of(sentences[k][0]), bidi_value(&op, LANGUAGE_AR, value));
            text = arena_cat(op.arena, text, str_of(sentences[k][1]));
            str shown = drawn(&op, bidi_text(&op, LANGUAGE_AR, text));
            size_t at = str_find(shown, value, 0);
            if (at == SIZE_MAX)
                print_error("%.*s in %.*s\n", STR_ARG(value), STR_ARG(shown));
            assert_true(at != SIZE_MAX);
            /* what is written after it stands left of it, what before it right */
            str next = drawn(&op, bidi_text(&op, LANGUAGE_AR, str_of(sentences[k][1])));
            assert_true(str_eq(str_sub(shown, 0, at), next));
        }
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_value_is_marked_in_arabic_alone),
                                       cmocka_unit_test(a_text_reads_from_right_to_left),
                                       cmocka_unit_test(a_phone_keeps_the_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
