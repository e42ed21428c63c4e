/* Text analysis: segments, plain text, reading grade, replies, words that give away. */
#include "base/test.h"
#include "policy/content_int.h"

static struct sms_shape shape(const char *text)
{
    struct sms_shape s;
    content_sms_shape(str_of(text), &s);
    return s;
}

/* n copies of unit, then tail. */
static struct sms_shape repeated(struct op *op, const char *unit, size_t n, const char *tail)
{
    struct buf b;
    buf_init(&b, op->arena, 1u << 20);
    for (size_t i = 0; i < n; i++)
        buf_add(&b, str_of(unit));
    buf_add(&b, str_of(tail));
    struct sms_shape s;
    content_sms_shape(buf_str(&b), &s);
    return s;
}

static void segments_by_the_standard(void **state)
{
    (void)state;
    struct op op = test_op();
    assert_int_equal(shape("").segments, 0);
    assert_int_equal(repeated(&op, "a", 160, "").segments, 1);
    assert_int_equal(repeated(&op, "a", 160, "").left, 0);
    assert_int_equal(repeated(&op, "a", 161, "").segments, 2);
    assert_int_equal(repeated(&op, "a", 306, "").segments, 2);
    assert_int_equal(repeated(&op, "a", 307, "").segments, 3);
    assert_int_equal(repeated(&op, "a", 158, "€").septets, 160);
    assert_int_equal(repeated(&op, "a", 159, "€").segments, 2);
    /* 152 + an extension character does not fit a part of 153: it moves on whole. */
    assert_int_equal(repeated(&op, "a", 152, "{").segments, 1);
    struct sms_shape s = repeated(&op, "a", 152, "{aaaaaaa");
    assert_int_equal(s.segments, 2);
    assert_int_equal(s.left, 153 - 9);
    /* One curly quote turns all to UCS-2. */
    s = repeated(&op, "a", 69, "\xe2\x80\x99");
    assert_int_equal(s.encoding, SMS_UCS2);
    assert_int_equal(s.segments, 1);
    assert_int_equal(s.first_blocker, 0x2019);
    assert_int_equal(repeated(&op, "a", 70, "\xe2\x80\x99").segments, 2);
    /* Pictures are two units and are not split: 66 + pair + 3 = 71 units over parts of 67. */
    s = repeated(&op, "a", 66, "\xf0\x9f\x98\x80zzz");
    assert_int_equal(s.utf16_units, 71);
    assert_int_equal(s.segments, 2);
    assert_int_equal(s.left, 67 - 5);
    s = shape("ñ\xc3\xa9\xc3\x87@£\n");
    assert_int_equal(s.encoding, SMS_GSM7);
    assert_int_equal(s.septets, 6);
    assert_int_equal(shape("ç").encoding, SMS_UCS2); /* only the capital is in the alphabet */
    assert_int_equal(shape("مرحبا").utf16_units, 5);
    test_op_done(&op);
}

static void plain_text_fits_gsm(void **state)
{
    (void)state;
    struct op op = test_op();
    str out = content_sms_plain(
        &op, STR("\xe2\x80\x9cIt\xe2\x80\x99s ready\xe2\x80\x9d \xe2\x80\x93 ok\xe2\x80\xa6"));
    assert_str(out, "\"It's ready\" - ok...");
    struct sms_shape s;
    content_sms_shape(out, &s);
    assert_int_equal(s.encoding, SMS_GSM7);
    str same = STR("ma\xc3\xb1"
                   "ana \xc3\xa0 7");
    assert_ptr_equal(content_sms_plain(&op, same).p, same.p);
    str smile = STR("ok \xf0\x9f\x98\x80");
    assert_ptr_equal(content_sms_plain(&op, smile).p, smile.p);
    /* Every replacement of the table is itself GSM. */
    for (size_t i = 0; i < content_plain_count; i++) {
        content_sms_shape(str_of(content_plain[i].to), &s);
        assert_int_equal(s.encoding, SMS_GSM7);
    }
    test_op_done(&op);
}

static struct grade grade(const char *text, const char *lang)
{
    struct grade g;
    content_grade(str_of(text), str_of(lang), &g);
    return g;
}

static void reading_grade(void **state)
{
    (void)state;
    struct grade g = grade("The cat sat on the mat. The dog ran to the big red barn.", "en-US");
    assert_int_equal(g.method, GRADE_FLESCH_KINCAID);
    assert_int_equal(g.words, 14);
    assert_int_equal(g.sentences, 2);
    assert_true(g.years < 2);
    struct grade hard = grade("Discontinuation of anticoagulation necessitates consideration of "
                              "individualised thromboembolic complications.",
                              "en");
    assert_true(hard.years > 15);
    g = grade("Your weight rose 2.5 lb since 1.11. Call us today please.", "en");
    assert_int_equal(g.sentences, 2); /* not cut at 2.5 */
    g = grade("El sol sale de día. La luna sale de noche.", "es");
    assert_int_equal(g.method, GRADE_FERNANDEZ_HUERTA);
    assert_true(g.years <= 5);
    struct grade larga = grade("La insuficiencia cardiaca congestiva descompensada requiere "
                               "hospitalización inmediata y monitorización hemodinámica invasiva.",
                               "es");
    assert_true(larga.years > 12 && larga.score < g.score);
    g = grade("من فضلك اتصل بنا غدا صباحا. شكرا لك على وقتك معنا.", "ar");
    assert_int_equal(g.method, GRADE_SENTENCE_LENGTH);
    assert_int_equal(g.words, 11);
    assert_int_equal(g.sentences, 2);
    assert_int_equal(grade("Too short.", "en").method, GRADE_NONE);
    assert_int_equal(grade("", "en").method, GRADE_NONE);
    assert_int_equal(grade("1 2 3 4 5 6 7.", "en").words, 0);
}

static struct reply reply(struct op *op, const char *text)
{
    struct reply r;
    assert_true(content_reply(op, str_of(text), &r));
    return r;
}

static const char *const stops[] = {"STOP",
                                    "stop.",
                                    " Stop!! ",
                                    "\"STOP\"",
                                    "Quit",
                                    "END",
                                    "Revoke",
                                    "opt out",
                                    "OPT-OUT",
                                    "optout",
                                    "Cancel",
                                    "unsubscribe",
                                    "stopall",
                                    "Stop All",
                                    "please stop texting me",
                                    "stop. thank you",
                                    "STOP please",
                                    "por favor paren",
                                    "No me escriban más",
                                    "ya no quiero mensajes",
                                    "BASTA",
                                    "¡Alto!",
                                    "déjenme en paz",
                                    "dejenme en paz",
                                    "توقف",
                                    "قف",
                                    "من فضلكم توقفوا",
                                    "لا ترسلوا لي رسائل",
                                    "أوقفوا الرسائل",
                                    "إلغاء الاشتراك",
                                    "take me off your list",
                                    "Remove me",
                                    "leave me alone!!!",
                                    "I don\xe2\x80\x99t want these messages",
                                    "dont text me again",
                                    "Wrong number",
                                    "ok stop",
                                    "ＳＴＯＰ",
                                    "S\xe2\x80\x8bTOP",
                                    "st0p",
                                    "Stop, I never signed up for this and I do not know you",
                                    "\xf0\x9f\x9b\x91",
                                    "please cancel",
                                    "i really mean it stop",
                                    "Enough",
                                    "توقف عن هذا",
                                    "Can you please stop this"};

static const char *const others[] = {"Should I stop taking the water pill?",
                                     "I can't stop coughing",
                                     "the bleeding won't stop",
                                     "Can I stop my furosemide",
                                     "I will be there at the end of the week",
                                     "cancel my visit on Friday",
                                     "Yes",
                                     "",
                                     "   ",
                                     "Gracias, todo bien",
                                     "para mañana está bien",
                                     "شكرا جزيلا",
                                     "I have not had enough sleep",
                                     "My son stops by tomorrow, he will help",
                                     "bus stop is far",
                                     "The doctor says this cough will soon stop",
                                     "could the nurse please stop by tomorrow",
                                     "توقف الألم اليوم",
                                     "Please cancel my Friday visit",
                                     "I stopped taking it yesterday",
                                     "Enough water, I think"};

static void stop_in_words_people_use(void **state)
{
    (void)state;
    struct op op = test_op();
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++)
        if (reply(&op, stops[i]).intent != REPLY_STOP)
            fail_msg("not read as stop: %s", stops[i]);
    assert_true(reply(&op, "STOP").keyword);
    assert_str(reply(&op, "  Opt-Out. ").normalised, "opt out");
    assert_false(reply(&op, "please stop texting me").keyword);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (reply(&op, others[i]).intent == REPLY_STOP)
            fail_msg("read as stop: %s", others[i]);
    test_op_done(&op);
}

/* Rule TCPA-REV-01's own keywords, and nothing else in the rulebook, decide what a keyword is. */
static void every_legal_keyword_is_known(void **state)
{
    (void)state;
    struct op op = test_op();
    struct json *params = NULL;
    const struct rule *rule = policy_rule_find(STR("TCPA-REV-01"));
    assert_int_equal(json_read(&op, str_of(rule->params), &JSON_LIMITS_DEFAULT, &params), OK);
    const struct json *words = JSON_GET(params, "keywords");
    assert_true(words->n >= 7);
    for (uint32_t i = 0; i < words->n; i++) {
        struct reply r;
        assert_true(content_reply(&op, words->u.items[i].u.s, &r));
        assert_int_equal(r.intent, REPLY_STOP);
        assert_true(r.keyword);
        assert_true(str_eq(r.normalised, words->u.items[i].u.s));
    }
    test_op_done(&op);
}

static void help_start_and_red_flags(void **state)
{
    (void)state;
    struct op op = test_op();
    assert_int_equal(reply(&op, "Help!").intent, REPLY_HELP);
    assert_int_equal(reply(&op, "info").intent, REPLY_HELP);
    assert_true(reply(&op, "info").keyword && reply(&op, "Subscribe").keyword);
    assert_int_equal(reply(&op, "Ayuda").intent, REPLY_HELP);
    assert_int_equal(reply(&op, "مساعدة").intent, REPLY_HELP);
    assert_int_equal(reply(&op, "can you help me with my scale").intent, REPLY_NONE);
    assert_int_equal(reply(&op, "START").intent, REPLY_START);
    assert_int_equal(reply(&op, "I want to start again").intent, REPLY_NONE); /* never guessed */
    struct reply r = reply(&op, "STOP. I can't breathe");
    assert_int_equal(r.intent, REPLY_STOP);
    assert_true(r.emergency && !r.suicidal);
    assert_str(r.flag_group, "breathing");
    r = reply(&op, "I have chest pain since noon");
    assert_int_equal(r.intent, REPLY_NONE);
    assert_true(r.emergency);
    assert_true(reply(&op, "no puedo respirar bien").emergency);
    assert_true(reply(&op, "لا أستطيع التنفس").emergency);
    assert_true(reply(&op, "quiero morir").suicidal);
    assert_true(reply(&op, "I want to die").suicidal);
    assert_false(reply(&op, "Feeling fine today").emergency);
    assert_true(reply(&op, "My cuff gives wrong readings").device);
    assert_true(reply(&op, "El aparato no funciona").device);
    assert_false(reply(&op, "My cuff arrived").device);
    assert_false(reply(&op, "My leg is broken").device);
    test_op_done(&op);
}

static struct content_report scan(struct op *op, const char *text)
{
    static const str brands[] = {{"weft.example", 12}, {"clinic.example", 14}};
    struct content_report r;
    assert_true(content_scan(op, str_of(text), brands, 2, &r));
    return r;
}

static bool has(const struct content_report *r, enum content_class class)
{
    return r->classes >> class & 1;
}

static void words_that_give_away(void **state)
{
    (void)state;
    struct op op = test_op();
    const char *text = "Your INSULIN order is ready";
    struct content_report r = scan(&op, text);
    assert_true(has(&r, CONTENT_PHI) && !has(&r, CONTENT_SENSITIVE));
    assert_int_equal(r.n_hits, 1);
    assert_memory_equal(text + r.hits[0].at, "INSULIN", r.hits[0].n);
    assert_str(r.hits[0].word, "insulin");
    r = scan(&op, "Your HIV test");
    assert_true(has(&r, CONTENT_PHI) && has(&r, CONTENT_SENSITIVE));
    r = scan(&op, "Su cita de diálisis es mañana");
    assert_true(has(&r, CONTENT_PHI) && r.has_date);
    r = scan(&op, "موعدك بالسكري غدا");
    assert_true(has(&r, CONTENT_PHI) && r.has_date);
    r = scan(&op, "Your co-pay is overdue");
    assert_true(has(&r, CONTENT_FINANCIAL) && !has(&r, CONTENT_MARKETING));
    r = scan(&op, "20 percent off whitening with this coupon");
    assert_true(has(&r, CONTENT_MARKETING));
    assert_string_equal(r.tier, "promotional");
    r = scan(&op, "Harbor Clinic: please call us at 555-010-1234. Reply STOP to opt out.");
    assert_true(has(&r, CONTENT_STOP_LINE) && r.has_phone);
    assert_false(has(&r, CONTENT_PHI) || has(&r, CONTENT_MARKETING) || r.has_link || r.has_date);
    assert_string_equal(r.tier, "informational");
    r = scan(&op, "URGENT: act now");
    assert_true(has(&r, CONTENT_ALERT_WORDS));
    assert_true(content_sender_neutral(STR("Harbor Clinic")));
    assert_false(content_sender_neutral(STR("Harbor Recovery & Detox")));
    assert_false(content_sender_neutral(STR("عيادة الصحة النفسية")));
    test_op_done(&op);
}

static void figures(void **state)
{
    (void)state;
    struct op op = test_op();
    struct content_report r = scan(&op, "Your blood pressure was 128/82");
    assert_true(r.has_number_reading && !r.has_date && has(&r, CONTENT_PHI));
    r = scan(&op, "You gained 5 lb");
    assert_true(r.has_number_reading);
    assert_true(scan(&op, "SpO2 was 88%").has_number_reading);
    r = scan(&op, "See you 11/21 at 9:30");
    assert_true(r.has_date && r.has_time && !r.has_number_reading && !r.has_phone);
    assert_true(scan(&op, "See you at 9 am").has_time);
    assert_true(scan(&op, "See you at 9pm").has_time);
    r = scan(&op, "Since 2026-11-21");
    assert_true(r.has_date && !r.has_phone);
    assert_true(scan(&op, "Call (555) 010-1234").has_phone);
    assert_true(scan(&op, "+34 600 000 000").has_phone);
    r = scan(&op, "We have 3 rooms and 12 beds");
    assert_false(r.has_phone || r.has_date || r.has_time || r.has_number_reading);
    test_op_done(&op);
}

/* Bug: one link in a hundred was refused, as its drawn word seemed to hold a dose or a date. */
static void drawn_words_are_no_figures(void **state)
{
    (void)state;
    struct op op = test_op();
    struct content_report r = scan(&op, "See https://weft.example/go/qiIXBLWbZkx7mgamqnkalg now");
    assert_false(r.has_number_reading || r.has_date || r.has_time || r.has_phone);
    r = scan(&op, "https://weft.example/go/CUM-VAjlk3-9y0OWF6MGvc");
    assert_false(r.has_number_reading || r.has_date);
    assert_true(scan(&op, "/go/qiIXBLWbZkx7mgamqnkalg 128/82").has_number_reading);
    assert_true(scan(&op, "5 mg /go/qiIXBLWbZkx7mgamqnkalg").has_number_reading);
    assert_true(scan(&op, "https://weft.example/go/128/82").has_number_reading);
    assert_true(scan(&op, "https://weft.example/go/qiIXBLWbZkx7mgamqnkalgx").has_number_reading);
    test_op_done(&op);
}

static void links(void **state)
{
    (void)state;
    struct op op = test_op();
    struct content_report r = scan(&op, "Open https://portal.weft.example/m now");
    assert_true(r.has_link && r.link_branded && !r.link_shortened && !r.link_has_identifier);
    r = scan(&op, "weft.example/m or http://other.example/x");
    assert_true(r.has_link && !r.link_branded);
    r = scan(&op, "http://other.example/x or weft.example/m");
    assert_false(r.link_branded);
    r = scan(&op, "https://evilweft.example/");
    assert_true(r.has_link && !r.link_branded);
    r = scan(&op, "see (BIT.LY/3xYz)");
    assert_true(r.has_link && r.link_shortened);
    assert_true(scan(&op, "https://weft.example/?MRN=12").link_has_identifier);
    assert_true(scan(&op, "https://weft.example/p/5550101234").link_has_identifier);
    assert_true(scan(&op, "https://weft.example/?q=a@b").link_has_identifier);
    assert_false(scan(&op, "Come at 9. Call first. Weight e.g. 80").has_link);
    assert_false(scan(&op, "mail ann@weft.example").has_link);
    test_op_done(&op);
}

static void facts_only_raise(void **state)
{
    (void)state;
    struct op op = test_op();
    struct facts *f = facts_new(&op);
    const char *text = "Harbor Clinic: call 555-010-1234. Reply STOP to opt out.";
    struct content_report r = scan(&op, text);
    content_facts(&op, &r, f);
    assert_false(facts_known(f, FACT_CONTAINS_MARKETING)); /* nobody attested */
    assert_false(facts_known(f, FACT_CONTENT_TIER));
    str before[] = {STR("patient_name"), STR("optout_line")};
    facts_set_list(f, FACT_PHI_FIELDS, before, 2);
    facts_set_bool(f, FACT_CONTAINS_MARKETING, false);
    facts_set_str(f, FACT_CONTENT_TIER, STR("informational"));
    content_facts(&op, &r, f);
    struct json *j = facts_to_json(&op, f);
    assert_true(json_is(JSON_GET(j, "contains_marketing"), JSON_FALSE));
    assert_str(json_get_str(j, STR("encoding")), "gsm7");
    assert_str(json_get_str(j, STR("segments")), "1");
    assert_true(json_is(JSON_GET(j, "has_stop_instruction"), JSON_TRUE));
    assert_int_equal(JSON_GET(j, "phi_fields")->n, 4); /* name, opt-out once, action, number */
    text = "Your invoice for dialysis is overdue";
    r = scan(&op, text);
    facts_set_bool(f, FACT_CONTAINS_FINANCIAL, false);
    content_facts(&op, &r, f);
    j = facts_to_json(&op, f);
    assert_true(json_is(JSON_GET(j, "contains_financial"), JSON_TRUE));
    assert_true(json_is(JSON_GET(j, "contains_phi"), JSON_TRUE));
    text = "Special offer: buy now";
    r = scan(&op, text);
    content_facts(&op, &r, f);
    j = facts_to_json(&op, f);
    assert_true(json_is(JSON_GET(j, "contains_marketing"), JSON_TRUE));
    assert_str(json_get_str(j, STR("content_tier")), "promotional");
    content_facts(&op, &r, NULL);
    test_op_done(&op);
}

static void phrases_are_folded_and_bad_bytes_harmless(void **state)
{
    (void)state;
    struct op op = test_op();
    for (size_t i = 0; i < content_phrase_count; i++) {
        struct folded f;
        str text = str_make(content_phrases[i].text, content_phrases[i].n);
        assert_true(text.n >= 2);
        assert_true(content_fold_new(&op, text, &f));
        assert_true(str_eq(str_trim(str_make(f.p, f.n)), text));
    }
    assert_int_equal(reply(&op, "\xff\xfeSTOP\xc3").intent, REPLY_STOP);
    char tiny[4];
    struct folded f = {.p = tiny, .cap = sizeof tiny};
    content_fold(STR("abcdefgh"), &f);
    assert_int_equal(f.n, 4);
    assert_int_equal(f.p[3], ' ');
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_by_the_standard),
        cmocka_unit_test(plain_text_fits_gsm),
        cmocka_unit_test(reading_grade),
        cmocka_unit_test(stop_in_words_people_use),
        cmocka_unit_test(every_legal_keyword_is_known),
        cmocka_unit_test(help_start_and_red_flags),
        cmocka_unit_test(words_that_give_away),
        cmocka_unit_test(figures),
        cmocka_unit_test(drawn_words_are_no_figures),
        cmocka_unit_test(links),
        cmocka_unit_test(facts_only_raise),
        cmocka_unit_test(phrases_are_folded_and_bad_bytes_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
