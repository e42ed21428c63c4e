/* What goes out is short enough and says who we are and how to stop: every template and fixed line,
 * in every language; phone numbers are one number however they are spelt. */
#include "base/bidi.h"
#include "base/test.h"
#include "outreach/outreach_int.h"

#include "policy/content.h"

struct desk_of_words {
    struct op op;
    struct outreach o;
};

static void open_words(struct desk_of_words *w)
{
    w->op = test_op();
    struct config *c = config_new(w->op.arena);
    assert_int_equal(config_set(&w->op, c, STR("outreach.clinic"), STR("Bright River Clinic")), OK);
    assert_int_equal(config_set(&w->op, c, STR("outreach.phone"), STR("+1 503 555 0100")), OK);
    w->o = (struct outreach){.config = c};
}

static struct message composed(struct desk_of_words *w, const char *language, const char *code,
                               const char *channel, const char *text)
{
    struct recipient r = {.id = STR("p1"), .first = STR("Ann"), .language = str_of(language)};
    struct outreach_draft d = {.patient = STR("p1"),
                               .channel = str_of(channel),
                               .template_code = str_of(code),
                               .text = str_of(text)};
    struct message m;
    r.address[CHANNEL_SMS] = STR("+15035550101");
    r.address[CHANNEL_EMAIL] = STR("ann@example.org");
    assert_int_equal(message_compose(&w->op, &w->o, &r, &d, &m), OK);
    return m;
}

static bool holds(str text, const char *part)
{
    return str_find(text, str_of(part), 0) != SIZE_MAX;
}

/* One part; in Arabic two: full sentences do not go into 70 units. */
static void fits(str text, const char *what, unsigned language)
{
    struct sms_shape shape;
    content_sms_shape(text, &shape);
    if (shape.segments > content_sms_parts((enum language)language))
        print_error("%s in %s: %u parts\n", what, LANGUAGE_TAGS[language], shape.segments);
    assert_in_range(shape.segments, 1, content_sms_parts((enum language)language));
}

static void every_template_fits(void **state)
{
    (void)state;
    struct desk_of_words w;
    open_words(&w);
    for (size_t t = 0; t < OUTREACH_TEMPLATE_COUNT; t++)
        for (unsigned l = 0; l < LANGUAGE_COUNT; l++) {
            const char *code = OUTREACH_TEMPLATES[t].code;
            struct message m = composed(&w, LANGUAGE_TAGS[l], code, "sms", "");
            fits(m.text, code, l);
            assert_true(str_starts(m.text, l == LANGUAGE_AR
                                               ? STR(BIDI_RLM "Bright River Clinic" BIDI_RLM ": ")
                                               : STR("Bright River Clinic: ")));
            assert_true(holds(m.text, "STOP"));
            assert_false(holds(m.text, "{"));
        }
    test_op_done(&w.op);
}

/* From LINE_STOPPED on they are texts. */
static void every_fixed_line_fits(void **state)
{
    (void)state;
    struct desk_of_words w;
    open_words(&w);
    for (int line = LINE_STOPPED; line < LINE_COUNT; line++)
        for (unsigned l = 0; l < LANGUAGE_COUNT; l++) {
            str text = words_line(&w.op, &w.o, (enum line)line, l);
            fits(text, "a line", l);
            assert_true(holds(text, "Bright River Clinic"));
        }
    test_op_done(&w.op);
}

static void every_mail_has_subject_name_and_the_way_to_stop(void **state)
{
    (void)state;
    struct desk_of_words w;
    open_words(&w);
    for (size_t t = 0; t < OUTREACH_TEMPLATE_COUNT; t++)
        for (size_t l = 0; l < LANGUAGE_COUNT; l++) {
            struct message m =
                composed(&w, LANGUAGE_TAGS[l], OUTREACH_TEMPLATES[t].code, "email", "");
            assert_false(str_empty(m.subject));
            assert_true(holds(m.text, "STOP"));
            assert_false(holds(m.text, "{"));
        }
    test_op_done(&w.op);
}

/* Bug: phones showed it as "0100 555 503 1+", and a name of Latin letters at the start turned the
 * whole sentence round. */
static void a_number_in_arabic_keeps_its_order(void **state)
{
    (void)state;
    struct desk_of_words w;
    open_words(&w);
    struct message m = composed(&w, "ar", "please-call", "sms", "");
    assert_str(m.text,
               BIDI_RLM "Bright River Clinic" BIDI_RLM ": يرجى الاتصال بممرضتك على " BIDI_LRM
                        "+1 503 555 0100" BIDI_RLM " اليوم. أرسل STOP للإيقاف");
    struct message again = composed(&w, "ar", "", "sms", str_z(w.op.arena, m.text));
    assert_true(str_eq(again.text, m.text));
    for (size_t t = 0; t < OUTREACH_TEMPLATE_COUNT; t++)
        for (unsigned l = 0; l < LANGUAGE_COUNT; l++) {
            m = composed(&w, LANGUAGE_TAGS[l], OUTREACH_TEMPLATES[t].code, "email", "");
            bool bare = holds(m.text, " +1 503"),
                 marked = holds(m.text, BIDI_LRM "+1 503 555 0100" BIDI_RLM);
            assert_false(l == LANGUAGE_AR ? bare : marked);
        }
    test_op_done(&w.op);
}

/* Bug: a text that only mentions the word went out without the way to stop. */
static void the_word_stop_in_a_text_is_not_the_way_to_stop(void **state)
{
    (void)state;
    struct desk_of_words w;
    open_words(&w);
    struct message m = composed(&w, "en", "", "sms", "Do not STOP walking.");
    assert_true(str_ends(m.text, STR("Reply STOP to end")));
    struct message again = composed(&w, "en", "", "sms", str_z(w.op.arena, m.text));
    assert_true(str_eq(again.text, m.text)); /* an edited text keeps its lines once */
    test_op_done(&w.op);
}

static void typographic_marks_cost_nothing(void **state)
{
    (void)state;
    struct desk_of_words w;
    struct sms_shape shape;
    open_words(&w);
    struct message m =
        composed(&w, "en", "", "sms", "It\u2019s time \u2013 please call \u201cus\u201d");
    content_sms_shape(m.text, &shape);
    assert_int_equal(shape.encoding, SMS_GSM7);
    test_op_done(&w.op);
}

static void one_number_however_it_is_spelt(void **state)
{
    (void)state;
    struct op op = test_op();
    const char *const same[] = {"+15035550101",   "5035550101",     "503-555-0101",
                                "(503) 555-0101", "1 503 555 0101", " +1.503.555.0101 "};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        assert_str(phone_plain(&op, str_of(same[i])), "+15035550101");
    assert_str(phone_plain(&op, STR("+49 30 1234567")), "+49301234567");
    assert_str(phone_plain(&op, STR("ask at the door")), "ask at the door");
    assert_str(phone_plain(&op, STR("12345")), "12345");
    assert_str(phone_plain(&op, STR_NONE), "");
    test_op_done(&op);
}

static void same_finding(const struct content_report *x, const struct content_report *y)
{
    assert_int_equal(x->classes, y->classes);
    assert_int_equal(x->n_hits, y->n_hits);
    assert_int_equal(x->has_link, y->has_link);
    assert_int_equal(x->link_branded, y->link_branded);
    assert_int_equal(x->has_number_reading, y->has_number_reading);
    assert_string_equal(x->tier, y->tier);
}

/* What is known of a text is what would be found in it now, by that domain and no other. */
static void what_is_known_is_what_is_found(void **state)
{
    (void)state;
    static const char *const parts[] = {"Your HIV result is here", "50 % off, buy now",
                                        "see https://a.example/x", "128/82 today", ""};
    struct op op = test_op();
    struct scanned *s = scanned_new();
    const str domains[] = {STR("a.example"), STR("b.example"), STR_NONE};
    assert_non_null(s);
    for (unsigned i = 0; i < 6000; i++) { /* more than there is room for, each twice */
        struct content_report now, known;
        str domain = domains[i / 2 % 3];
        str text = arena_printf(op.arena, "%s %u", parts[i / 6 % 5], i / 30);
        assert_true(content_scan(&op, text, &domain, domain.n ? 1 : 0, &now));
        assert_true(scanned_report(&op, s, domain, text, &known));
        same_finding(&now, &known);
        assert_true(scanned_report(&op, s, domain, text, &known));
        same_finding(&now, &known);
    }
    scanned_free(s);
    test_op_done(&op);
}

/* 911 stood in the mail for everybody, and rings nowhere in London. */
static void whom_to_call_is_by_where_they_live(void **state)
{
    static const char *const places[][2] = {
        {"GB", "call 999."}, {"US", "call 911."}, {"", "call 911."}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct desk_of_words w;
        open_words(&w);
        struct json *patient = NULL;
        str text = arena_printf(w.op.arena, "{\"address\":[{\"country\":\"%s\"}]}", places[i][0]);
        assert_int_equal(json_read(&w.op, text, &JSON_LIMITS_DEFAULT, &patient), OK);
        struct recipient r = {.id = STR("p1"), .first = STR("Ann"), .patient = patient};
        r.address[CHANNEL_EMAIL] = STR("ann@example.org");
        struct outreach_draft d = {
            .patient = STR("p1"), .channel = STR("email"), .template_code = STR("please-call")};
        struct message m;
        assert_int_equal(message_compose(&w.op, &w.o, &r, &d, &m), OK);
        assert_true(holds(m.text, places[i][1]));
        test_op_done(&w.op);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_template_fits),
        cmocka_unit_test(every_fixed_line_fits),
        cmocka_unit_test(every_mail_has_subject_name_and_the_way_to_stop),
        cmocka_unit_test(a_number_in_arabic_keeps_its_order),
        cmocka_unit_test(the_word_stop_in_a_text_is_not_the_way_to_stop),
        cmocka_unit_test(typographic_marks_cost_nothing),
        cmocka_unit_test(one_number_however_it_is_spelt),
        cmocka_unit_test(what_is_known_is_what_is_found),
        cmocka_unit_test(whom_to_call_is_by_where_they_live),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
