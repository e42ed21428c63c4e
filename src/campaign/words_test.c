/* Words: taken apart and filled; the lint finds what may not leave and nothing in good words; four
 * eyes; what is approved stands while a new draft is written. */
#include "base/bidi.h"
#include "campaign/fixture_int.h"
#include "campaign/words_int.h"

#include "outreach/outreach.h"

struct desk {
    struct ground *g;
    struct config *config;
    struct campaigns c;
    struct actor other, privacy;
};

static int open_desk(void **state)
{
    struct desk *d = calloc(1, sizeof *d);
    void *ground;
    assert_int_equal(ground_open(&ground), 0);
    d->g = ground;
    d->config = config_new(d->g->arena);
    assert_int_equal(outreach_new(&d->g->op, d->g->rec, d->config, &d->c.outreach), OK);
    d->c.rec = d->g->rec;
    d->c.config = d->config;
    d->other = d->g->outreach;
    d->other.user = STR("other");
    d->privacy = d->g->outreach;
    d->privacy.role = ROLE_PRIVACY;
    d->privacy.purpose = role_purpose(ROLE_PRIVACY);
    d->privacy.user = STR("privacy");
    ground_as(d->g, &d->g->outreach);
    *state = d;
    return 0;
}

static int close_desk(void **state)
{
    struct desk *d = *state;
    void *ground = d->g;
    outreach_free(d->c.outreach);
    free(d);
    return ground_close(&ground);
}

static struct json *tree(struct desk *d, const char *text)
{
    struct json *t;
    assert_int_equal(json_read(&d->g->op, str_of(text), &JSON_LIMITS_DEFAULT, &t), OK);
    return t;
}

static struct json *lint(struct desk *d, const char *definition)
{
    struct json *o = NULL;
    op_clear(&d->g->op);
    assert_int_equal(words_lint(&d->g->op, &d->c, tree(d, definition), STR("en"), &o), OK);
    return o;
}

static bool has(const struct json *o, const char *language, const char *code)
{
    const struct json *all = JSON_GET(o, "findings");
    bool found = false;
    for (size_t i = 0; i < all->n && !found; i++)
        found = str_eq(json_get_str(json_at(all, i), STR("code")), str_of(code)) &&
                str_eq(json_get_str(json_at(all, i), STR("language")), str_of(language));
    return found;
}

#define REST                                                                                               \
    "\"es\":{\"sms\":\"Su vacuna esta lista. Llame al {phone}.\"},\"ar\":{\"sms\":\"لقاحك جاهز. " \
    "اتصل {phone}.\"}"
#define GOOD(kind, sms)                                                                            \
    "{\"title\":\"Flu\",\"kind\":\"" kind                                                          \
    "\",\"evidence\":\"x\",\"texts\":{\"en\":{\"sms\":\"" sms "\"}," REST "}}"

static void texts_are_taken_apart(void **state)
{
    struct desk *d = *state;
    struct words_part *p;
    size_t n;
    struct op *op = &d->g->op;
    assert_int_equal(words_parse(op, STR("Hi {first}, call {phone}."), &p, &n), OK);
    assert_int_equal(n, 5);
    assert_true(p[1].variable);
    assert_str(p[1].text, "first");
    assert_int_equal(p[3].at, 17);
    assert_int_equal(words_parse(op, STR("{{x}} {a}"), &p, &n), OK);
    assert_str(p[0].text, "{");
    assert_str(p[1].text, "x}");
    static const char *const bad[] = {"{", "}", "{}", "{a", "{a b}", "{A}", "a}b", "{a}}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        op_clear(op);
        assert_int_equal(words_parse(op, str_of(bad[i]), &p, &n), ERR_INVALID);
    }
}

/* Property: any text with its braces doubled comes out as it was, whatever surrounds it. */
static err no_value(struct op *op, void *ctx, str name, str *ret)
{
    (void)op;
    (void)ctx;
    (void)name;
    *ret = STR("v");
    return OK;
}

static void doubled_braces_come_back(void **state)
{
    struct desk *d = *state;
    uint32_t seed = 1;
    for (int round = 0; round < 500; round++) {
        char text[64], doubled[140];
        size_t n = 0, m = 0;
        for (size_t i = 0; i < 40; i++) {
            seed = seed * 1664525u + 1013904223u;
            text[n++] = "{}ab "[seed >> 24 & 3 ? seed >> 28 & 1 : 2 + (seed >> 28) % 3];
        }
        for (size_t i = 0; i < n; i++) {
            doubled[m++] = text[i];
            if (text[i] == '{' || text[i] == '}')
                doubled[m++] = text[i];
        }
        str out;
        assert_int_equal(words_fill_text(&d->g->op, str_make(doubled, m), no_value, NULL, &out),
                         OK);
        assert_int_equal(out.n, n);
        assert_memory_equal(out.p, text, n);
    }
}

static void good_words_have_no_error(void **state)
{
    struct desk *d = *state;
    struct json *o = lint(d, GOOD("care", "Your shot is ready. Call us at {phone}."));
    for (size_t i = 0; i < JSON_GET(o, "findings")->n; i++) {
        const struct json *f = json_at(JSON_GET(o, "findings"), i);
        if (str_eq(json_get_str(f, STR("level")), STR("error")))
            print_message("%.*s\n", STR_ARG(json_get_str(f, STR("message"))));
    }
    assert_true(json_bool(JSON_GET(o, "ok"), false));
    assert_str(json_str(json_path(o, "texts.en.sms.encoding")), "GSM-7");
    assert_str(json_str(json_path(o, "texts.en.sms.segments")), "1");
    assert_str(json_str(json_path(o, "texts.ar.sms.encoding")), "UCS-2");
}

static void the_lint_finds(void **state)
{
    struct desk *d = *state;
    static const struct {
        const char *text, *code;
    } cases[] = {
        {GOOD("care", "Call {nobody}."), "unknown-variable"},
        {GOOD("care", "Call {phone"), "syntax"},
        {GOOD("care", "Please come in."), "no-person"},
        {GOOD("care", "Read https://other.example.com/x and call {phone}."), "link-foreign"},
        {GOOD("care", "Record 123456789, call {phone}."), "identifier"},
        {GOOD("appointment", "Your diabetes visit is soon. Call {phone}."), "phi"},
        {GOOD("care", "Your diabetes visit is soon. Call {phone}."), "health-words"},
        {GOOD("care", "It’s time — call {phone}."), "mended"},
        {GOOD("care", "It is time \\ud83d\\ude00 call {phone}."), "ucs2"},
        {GOOD("care", "Please obtain your shot. Call {phone}."), "plain-word"},
        {GOOD("care", "Individuals recommended for immunization administration are requested to "
                      "communicate immediately regarding availability at {phone}."),
         "grade"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json *o = lint(d, cases[i].text);
        if (!has(o, "en", cases[i].code))
            print_message("not found: %s\n", cases[i].code);
        assert_true(has(o, "en", cases[i].code));
    }
    assert_true(
        has(lint(d, "{\"texts\":{\"en\":{\"sms\":\"Call {phone}.\"}}}"), "ar", "missing-language"));
    assert_true(has(lint(d, "{\"texts\":{\"en\":{\"sms\":\"At {clinic2}.\"}},\"variables\":[{"
                            "\"name\":\"clinic2\",\"path\":\"Patient.id\"}]}"),
                    "en", "no-fallback"));
    op_clear(&d->g->op);
    /* as it leaves to somebody who has none: it stood there as a first name */
    struct json *o =
        lint(d, "{\"texts\":{\"en\":{\"sms\":\"Ready at {ours}.\"}},\"variables\":[{\"name\":"
                "\"ours\",\"path\":\"Patient.id\",\"fallback\":{\"en\":\"the desk\"}}]}");
    assert_true(str_find(json_str(json_path(o, "texts.en.sms.full")), STR("Ready at the desk."),
                         0) != SIZE_MAX);
    op_clear(&d->g->op);
    assert_int_equal(words_lint(&d->g->op, &d->c,
                                tree(d, "{\"variables\":[{\"name\":\"a\",\"path\":\"(\"}]}"),
                                STR("en"), &o),
                     ERR_INVALID);
}

static void no_variable_tells_who_they_are(void **state)
{
    struct desk *d = *state;
    static const struct {
        const char *path;
        bool told;
    } paths[] = {
        {"Patient.identifier.first().value", true},
        {"Patient.birthDate.toString()", true},
        {"Patient.telecom.where(system = 'phone').value.first()", true},
        {"Patient.`address`.city.first()", true},
        {"Patient.`b\\u0069rthDate`.toString()", true},
        {"%resource.descendants().ofType(date).first().toString()", true},
        {"Patient.name.where(use = 'official').given.first()", false},
        {"Patient.name.given.first() & 'identifier it\\'s id'", false},
        {"Patient.generalPractitioner.display.first()", false},
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct json *w =
            tree(d, "{\"texts\":{\"en\":{\"sms\":\"Hi {who}. Call {phone}.\"}},"
                    "\"variables\":[{\"name\":\"who\",\"fallback\":{\"en\":\"you\"}}]}");
        json_set_str(d->g->op.arena, json_at(JSON_GET(w, "variables"), 0), STR("path"),
                     str_of(paths[i].path));
        struct json *found;
        assert_int_equal(words_lint(&d->g->op, &d->c, w, STR("en"), &found), OK);
        if (has(found, "en", "variable-identifies") != paths[i].told)
            print_message("wrong: %s\n", paths[i].path);
        assert_true(has(found, "en", "variable-identifies") == paths[i].told);
    }
}

/* Bug: phones turned the groups of the number round. The marks are among what is counted. */
static void a_number_in_arabic_is_marked(void **state)
{
    struct desk *d = *state;
    struct op *op = &d->g->op;
    struct json *o = lint(d, GOOD("care", "Your shot is ready. Call us at {phone}."));
    str full = json_str(json_path(o, "texts.ar.sms.full"));
    int64_t characters = 0;
    assert_true(str_find(full, STR("اتصل " BIDI_LRM "555-555-0100" BIDI_RLM "."), 0) != SIZE_MAX);
    assert_true(str_find(json_str(json_path(o, "texts.es.sms.full")), STR("al 555-555-0100."), 0) !=
                SIZE_MAX);
    assert_true(json_i64(json_path(o, "texts.ar.sms.characters"), &characters));
    for (size_t i = 0; i < full.n; characters--)
        (void)str_utf8_next(full, &i);
    assert_int_equal(characters, 0);

    struct json *t = tree(d, "{\"title\":\"x\",\"kind\":\"care\",\"evidence\":\"x\",\"texts\":{"
                             "\"en\":{\"sms\":\"Hi {first}.\"},\"es\":{\"sms\":\"Hola {first}.\"},"
                             "\"ar\":{\"sms\":\"مرحبا {first}. اتصل {due}.\"}}}");
    assert_int_equal(words_put(op, &d->c, STR_NONE, t, &o), OK);
    str id = json_get_str(o, STR("id")), text, subject;
    assert_int_equal(words_step(op, &d->c, id, STR("submit"), &o), OK);
    ground_as(d->g, &d->privacy);
    assert_int_equal(words_step(op, &d->c, id, STR("approve"), &o), OK);
    struct words_ask ask = {.id = id, .language = STR("ar"), .due = STR("4 pm")};
    str who = STR("{\"resourceType\":\"Patient\",\"name\":[{\"given\":[\"Ann\"]}]}");
    assert_int_equal(fhir_read(op, who, 0, &ask.patient), OK);
    assert_int_equal(words_say(op, &d->c, &ask, &text, &subject), OK);
    assert_str(text, "مرحبا Ann" BIDI_RLM ". اتصل " BIDI_LRM "4 pm" BIDI_RLM ".");
}

static void four_eyes_see_words(void **state)
{
    struct desk *d = *state;
    struct op *op = &d->g->op;
    struct json *o, *t = tree(d, GOOD("care", "Your shot is ready, {who}. Call us at {phone}."));
    json_set(op->arena, t, STR("variables"),
             tree(d, "[{\"name\":\"who\",\"path\":\"Patient.name.given.first()\",\"fallback\":{"
                     "\"en\":\"friend\",\"es\":\"amigo\",\"ar\":\"صديق\"}}]"));
    assert_int_equal(words_put(op, &d->c, STR_NONE, t, &o), OK);
    str id = json_get_str(o, STR("id")), text, subject;
    assert_str(json_get_str(o, STR("state")), "draft");
    assert_int_equal(words_step(op, &d->c, id, STR("approve"), &o), ERR_FORBIDDEN);
    op_clear(op);
    assert_int_equal(words_step(op, &d->c, id, STR("submit"), &o), OK);
    assert_int_equal(words_step(op, &d->c, id, STR("approve"), &o), ERR_FORBIDDEN);
    ground_as(d->g, &d->g->nurse);
    assert_int_equal(words_step(op, &d->c, id, STR("approve"), &o), ERR_FORBIDDEN);
    ground_as(d->g, &d->privacy);
    assert_int_equal(words_step(op, &d->c, id, STR("approve"), &o), OK);
    assert_str(json_get_str(o, STR("state")), "active");
    assert_str(json_get_str(o, STR("version")), "1");

    struct words_ask ask = {.id = id, .language = STR("en")};
    assert_int_equal(fhir_read(op, STR("{\"resourceType\":\"Patient\"}"), 0, &ask.patient), OK);
    assert_int_equal(words_say(op, &d->c, &ask, &text, &subject), OK);
    assert_true(str_starts(text, STR("Your shot is ready, friend. Call us at")));
    /* a new draft changes nothing that leaves */
    ground_as(d->g, &d->other);
    assert_int_equal(
        words_put(op, &d->c, id, tree(d, GOOD("care", "Other words. Call {phone}.")), &o), OK);
    assert_str(json_get_str(o, STR("state")), "draft");
    assert_int_equal(words_say(op, &d->c, &ask, &text, &subject), OK);
    assert_true(str_starts(text, STR("Your shot")));
}

/* R226: what was written by FHIR's own way has no author here, so that one could approve oneself.
 */
static void words_written_elsewhere_are_not_submitted(void **state)
{
    struct desk *d = *state;
    struct op *op = &d->g->op;
    struct record_result r;
    struct record_doc doc;
    struct json *o, *t;
    fhir_type type = fhir_type_parse(STR("ActivityDefinition"));
    assert_int_equal(
        words_put(op, &d->c, STR_NONE, tree(d, GOOD("care", "It is ready. Call {phone}.")), &o),
        OK);
    str id = json_get_str(o, STR("id"));
    ground_as(d->g, &d->other);
    assert_int_equal(record_read(op, d->c.rec, type, id, &doc), OK);
    assert_int_equal(record_parse(op, &doc, &t), OK);
    json_set_str(op->arena, t, STR("title"), STR("Of my own"));
    assert_int_equal(fhir_validate(op, t), OK);
    assert_int_equal(record_update(op, d->c.rec, type, id, t, STR_NONE, &r), OK);
    assert_int_equal(words_step(op, &d->c, id, STR("submit"), &o), ERR_CONFLICT);
    op_clear(op);
    json_unset(t, STR("id"));
    json_unset(t, STR("meta"));
    assert_int_equal(fhir_validate(op, t), OK);
    assert_int_equal(record_create(op, d->c.rec, t, STR_NONE, &r), OK);
    assert_int_equal(words_step(op, &d->c, r.id, STR("submit"), &o), ERR_CONFLICT);
}

static void words_with_errors_are_not_submitted(void **state)
{
    struct desk *d = *state;
    struct op *op = &d->g->op;
    struct json *o;
    assert_int_equal(words_put(op, &d->c, STR_NONE,
                               tree(d, "{\"title\":\"x\",\"texts\":{\"en\":{\"sms\":\"Hi {first}, "
                                       "call {phone}.\"}}}"),
                               &o),
                     OK);
    str id = json_get_str(o, STR("id"));
    assert_int_equal(words_step(op, &d->c, id, STR("submit"), &o), ERR_UNPROCESSABLE);
    assert_int_equal(op->fault.n, 2); /* es and ar */
}

static void tried_on_people_who_are_masked(void **state)
{
    struct desk *d = *state;
    struct json *o;
    ground_make(d->g, "{\"resourceType\":\"Patient\",\"name\":[{\"given\":[\"Zenobia\"]}]}");
    ground_make(d->g, "{\"resourceType\":\"Patient\"}");
    assert_int_equal(
        words_try(&d->g->op, &d->c, tree(d, GOOD("care", "Hi {first}, call {phone}.")), &o), OK);
    assert_str(json_str(json_path(o, "people")), "2");
    assert_str(json_str(json_path(o, "missing.first")), "1");
    assert_true(str_starts(json_str(json_path(o, "samples.0.sms")), STR("Hi Z••••••, call")));
}

int main(void)
{
#define AT_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)
    const struct CMUnitTest tests[] = {
        AT_DESK(texts_are_taken_apart),
        AT_DESK(doubled_braces_come_back),
        AT_DESK(good_words_have_no_error),
        AT_DESK(the_lint_finds),
        AT_DESK(no_variable_tells_who_they_are),
        AT_DESK(a_number_in_arabic_is_marked),
        AT_DESK(four_eyes_see_words),
        AT_DESK(words_written_elsewhere_are_not_submitted),
        AT_DESK(words_with_errors_are_not_submitted),
        AT_DESK(tried_on_people_who_are_masked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
