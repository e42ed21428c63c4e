/* The preference centre by a link: one page with one form, for the patient who holds the link. No
 * name, no number, no script; it works on any phone. What is not ticked is taken back. Invariant:
 * what people type goes in the body of the form; the link itself opens this task and nothing else.
 */
#include "api/link_int.h"

enum word {
    P_TITLE,
    P_INTRO,
    P_SMS,
    P_EMAIL,
    P_LETTER,
    P_PUSH,
    P_CALLS,
    P_CALLS_FULL,
    P_LANGUAGE,
    P_SAME,
    P_QUIET,
    P_FROM,
    P_UNTIL,
    P_LONGER,
    P_TOPICS,
    P_APPOINTMENTS,
    P_CARE,
    P_MEDICINES,
    P_RESULTS,
    P_WELLNESS,
    P_BY,
    P_AS_USUAL,
    P_PAUSE,
    P_SAVE,
    P_SAVED,
    P_NOTE,
    P_COUNT
};
/* clang-format off */
static const char *const words[P_COUNT][LANGUAGE_COUNT] = {
    [P_TITLE] = {"How we may reach you", "Cómo podemos contactarle", "كيف نتواصل معك"},
    [P_INTRO] = {"Choose what suits you. You can change it at any time.", "Elija lo que prefiera. Puede cambiarlo cuando quiera.", "اختر ما يناسبك. يمكنك تغييره في أي وقت."},
    [P_SMS] = {"Text messages", "Mensajes de texto", "الرسائل النصية"},
    [P_EMAIL] = {"E-mail", "Correo electrónico", "البريد الإلكتروني"},
    [P_LETTER] = {"Letters by post", "Cartas por correo postal", "رسائل بالبريد"},
    [P_PUSH] = {"Notices on your device", "Avisos en su dispositivo", "الإشعارات على جهازك"},
    [P_CALLS] = {"Phone calls", "Llamadas", "المكالمات"},
    [P_CALLS_FULL] = {"You said no to calls about so many topics that we do not call you at all. To change this, write to us.", "Dijo no a llamadas sobre tantos temas que no le llamamos nunca. Para cambiarlo, escríbanos.", "رفضت المكالمات حول مواضيع كثيرة، لذلك لا نتصل بك أبدا. لتغيير ذلك، اكتب إلينا."},
    [P_LANGUAGE] = {"Language", "Idioma", "اللغة"},
    [P_SAME] = {"As it is", "Como está", "كما هي"},
    [P_QUIET] = {"Quiet hours", "Horas de silencio", "ساعات الهدوء"},
    [P_FROM] = {"From", "Desde", "من"},
    [P_UNTIL] = {"Until", "Hasta", "إلى"},
    [P_LONGER] = {"With this link quiet hours and a pause can only get longer. To make them shorter, sign in to the portal.", "Con este enlace las horas de silencio y la pausa solo pueden ser más largas. Para acortarlas, entre al portal.", "بهذا الرابط يمكن فقط إطالة ساعات الهدوء والإيقاف. لتقصيرها، سجل الدخول إلى البوابة."},
    [P_TOPICS] = {"What we may contact you about", "De qué temas podemos hablarle", "ما يمكننا التواصل معك بشأنه"},
    [P_APPOINTMENTS] = {"Appointments", "Citas", "المواعيد"},
    [P_CARE] = {"Care at home", "Cuidado en casa", "الرعاية في المنزل"},
    [P_MEDICINES] = {"Medicines", "Medicinas", "الأدوية"},
    [P_RESULTS] = {"Test results", "Resultados", "نتائج الفحوص"},
    [P_WELLNESS] = {"Check-ups", "Chequeos", "الفحوص الدورية"},
    [P_BY] = {"by", "por", "عبر"},
    [P_AS_USUAL] = {"As usual", "Como siempre", "كالمعتاد"},
    [P_PAUSE] = {"Pause everything until", "Pausar todo hasta", "إيقاف كل شيء حتى"},
    [P_SAVE] = {"Save", "Guardar", "حفظ"},
    [P_SAVED] = {"Saved.", "Guardado.", "تم الحفظ."},
    [P_NOTE] = {"Your care stays the same whatever you choose.", "Su atención no cambia, elija lo que elija.", "لن تتغير رعايتك مهما اخترت."},
};
static const struct {
    const char *code;
    enum word word;
} topics[] = {
    {"appointment_or_exam_confirm_remind", P_APPOINTMENTS},
    {"home_healthcare_instructions", P_CARE},
    {"prescription_notification", P_MEDICINES},
    {"lab_results", P_RESULTS},
    {"wellness_checkup", P_WELLNESS},
};
/* clang-format on */
#define TOPICS (sizeof topics / sizeof topics[0])

static const char *say(enum language l, enum word w)
{
    return words[w][l];
}

/* fixed: what it says can be seen and not changed. */
static void tick(struct buf *b, const char *name, const char *label, bool on, bool fixed)
{
    buf_printf(b, "<li><label><input type=\"checkbox\" name=\"%s\" value=\"1\"%s%s><span>", name,
               on ? " checked" : "", fixed ? " disabled" : "");
    buf_add(b, str_of(label));
    buf_add(b, STR("</span></label></li>"));
}

static void input(struct buf *b, const char *name, const char *label, const char *type, str value)
{
    buf_printf(b, "<label for=\"%s\">%s</label><input id=\"%s\" name=\"%s\" type=\"%s\" value=\"",
               name, label, name, name, type);
    buf_html(b, value);
    buf_add(b, STR("\">"));
}

static void note(struct buf *b, const char *text)
{
    buf_printf(b, "<p>%s</p>", text);
}

static bool in_list(const struct json *list, str code)
{
    for (size_t i = 0; list && i < list->n; i++)
        if (str_eq(json_str(json_at(list, i)), code))
            return true;
    return false;
}

static void languages(struct buf *b, enum language l)
{
    static const char *const names[LANGUAGE_COUNT] = {"English", "Español", "العربية"};
    buf_printf(b,
               "<label for=\"language\">%s</label><select id=\"language\" name=\"language\">"
               "<option value=\"\">%s</option>",
               say(l, P_LANGUAGE), say(l, P_SAME));
    for (size_t i = 0; i < LANGUAGE_COUNT; i++)
        buf_printf(b, "<option value=\"%s\" lang=\"%s\">%s</option>", LANGUAGE_TAGS[i],
                   LANGUAGE_TAGS[i], names[i]);
    buf_add(b, STR("</select>"));
}

struct shown {
    str patient;
    bool agrees, saved;
    str from, until; /* the quiet hours that were asked for just now */
};

/* By which way they are written to about a topic: those there is a number or address for. The one
 * that holds is always there; where it cannot be chosen now, it says nothing and stays. */
static void way_of_topic(struct buf *b, enum language l, const struct json *w, size_t topic)
{
    static const struct {
        const char *way;
        enum word word;
    } ways[] = {{"sms", P_SMS}, {"email", P_EMAIL}, {"push", P_PUSH}, {"letter", P_LETTER}};
    str now = json_get_str(JSON_GET(w, "ways"), str_of(topics[topic].code));
    bool there = str_empty(now);
    enum word held = P_SAME;
    buf_printf(
        b, "<li><select name=\"by-%s\" aria-label=\"%s, %s\"><option value=\"none\">%s</option>",
        topics[topic].code, say(l, topics[topic].word), say(l, P_BY), say(l, P_AS_USUAL));
    for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
        bool is = str_eq(now, str_of(ways[k].way));
        held = is ? ways[k].word : held;
        if (!in_list(JSON_GET(w, "reach"), str_of(ways[k].way)))
            continue;
        there |= is;
        buf_printf(b, "<option value=\"%s\"%s>%s</option>", ways[k].way, is ? " selected" : "",
                   say(l, ways[k].word));
    }
    if (!there)
        buf_printf(b, "<option value=\"\" selected>%s</option>", say(l, held));
    buf_add(b, STR("</select></li>"));
}

/* A letter and a call need no word of theirs: without one they may come. */
static bool unless_no(const struct json *w, const char *name)
{
    return json_bool(json_get(w, str_of(name)), true);
}

/* Nobody calls about it, whatever the word about such calls is: its box can say nothing. */
static bool call_is_off(const struct json *w, str topic)
{
    return !unless_no(w, "voice") || in_list(JSON_GET(w, "refused"), topic);
}

/* Whether somebody may call about it; a link that cannot say yes shows a no and keeps it. */
static void call_of_topic(struct buf *b, enum language l, const struct shown *s,
                          const struct json *w, size_t topic)
{
    bool no = in_list(JSON_GET(w, "noCalls"), str_of(topics[topic].code));
    bool off = call_is_off(w, str_of(topics[topic].code));
    if (!in_list(JSON_GET(w, "reach"), STR("sms"))) /* calls go where texts go */
        return;
    buf_printf(b,
               "<li><label><input type=\"checkbox\" name=\"call-%s\" value=\"1\"%s%s>"
               "<span>%s: %s</span></label></li>",
               topics[topic].code, no || off ? "" : " checked",
               off || (no && !s->agrees) ? " disabled" : "", say(l, P_CALLS),
               say(l, topics[topic].word));
}

/* What may be written about, by which way, and whether somebody may call about it. */
static void about_topics(struct buf *b, enum language l, const struct shown *s,
                         const struct json *w)
{
    buf_printf(b, "<fieldset><legend>%s</legend><ul>", say(l, P_TOPICS));
    for (size_t i = 0; i < TOPICS; i++) {
        bool no = in_list(JSON_GET(w, "refused"), str_of(topics[i].code));
        tick(b, topics[i].code, say(l, topics[i].word), !no, no && !s->agrees);
        way_of_topic(b, l, w, i);
        call_of_topic(b, l, s, w, i);
    }
    buf_add(b, STR("</ul>"));
    if (in_list(JSON_GET(w, "reach"), STR("sms"))) /* these boxes were on the page */
        buf_add(b, STR("<input type=\"hidden\" name=\"calls\" value=\"1\">"));
    buf_add(b, STR("</fieldset>"));
}

static void form(struct call *c, struct buf *b, enum language l, const struct shown *s,
                 const struct json *w)
{
    bool sms = json_bool(JSON_GET(w, "sms"), false), mail = json_bool(JSON_GET(w, "email"), false);
    bool letters = unless_no(w, "letter"), calls = unless_no(w, "voice");
    buf_printf(b, "<form method=\"post\" action=\"/contact/%.*s\"><ul>", STR_ARG(c->id));
    tick(b, "sms", say(l, P_SMS), sms, !sms && !s->agrees);
    tick(b, "email", say(l, P_EMAIL), mail, !mail && !s->agrees);
    tick(b, "letter", say(l, P_LETTER), letters, !letters && !s->agrees);
    bool full = json_bool(JSON_GET(w, "callsFull"), false);
    tick(b, "voice", say(l, P_CALLS), calls, full || (!calls && !s->agrees));
    buf_add(b, STR("</ul>"));
    if (full)
        note(b, say(l, P_CALLS_FULL));
    about_topics(b, l, s, w);
    buf_printf(b, "<fieldset><legend>%s</legend>", say(l, P_QUIET));
    input(b, "quietFrom", say(l, P_FROM), "time", json_get_str(w, STR("quietFrom")));
    input(b, "quietUntil", say(l, P_UNTIL), "time", json_get_str(w, STR("quietUntil")));
    buf_add(b, STR("</fieldset>"));
    input(b, "pausedUntil", say(l, P_PAUSE), "date",
          str_sub(json_get_str(w, STR("pausedUntil")), 0, 10));
    if (!s->agrees)
        note(b, say(l, P_LONGER));
    languages(b, l);
    buf_printf(b, "<p><button>%s</button></p></form><p>%s</p>", say(l, P_SAVE), say(l, P_NOTE));
}

static err page(struct call *c, const struct shown *s)
{
    struct json *w;
    struct buf b = answer_buf(c);
    c->op.actor = identity_system();
    TRY(outreach_wishes(&c->op, c->api->outreach, s->patient, &w));
    enum language l = language_wanted(c);
    link_head(&b, l, str_of(say(l, P_TITLE)));
    bool kept = s->from.n && (!str_eq(s->from, json_get_str(w, STR("quietFrom"))) ||
                              !str_eq(s->until, json_get_str(w, STR("quietUntil"))));
    buf_printf(&b, "<p%s>%s%s%s</p>", s->saved ? " role=\"status\"" : "",
               say(l, s->saved ? P_SAVED : P_INTRO), kept ? " " : "", kept ? say(l, P_LONGER) : "");
    form(c, &b, l, s, w);
    return link_end(c, 200, &b);
}

static err open_link(struct call *c, struct shown *ret)
{
    if (!c->api->outreach)
        return fail(&c->op, ERR_UNSUPPORTED, "This server runs without outreach.");
    return outreach_wish_open(&c->op, c->api->outreach, c->id, &ret->patient, &ret->agrees);
}

err api_wish_page(struct call *c)
{
    struct shown s = {0};
    TRY(open_link(c, &s));
    return page(c, &s);
}

/* A box that was not touched says nothing new: no Consent is written for what stays. */
static enum outreach_word box(const struct form *f, const char *name, bool had)
{
    bool on = form_field(f, str_of(name)).n > 0;
    return on == had ? WORD_SAME : on ? WORD_YES : WORD_NO;
}

/* What is not in the form stays as it is. */
static void ways_of_topics(struct call *c, const struct form *f, struct wish_way ways[TOPICS],
                           struct outreach_wish *w)
{
    for (size_t i = 0; i < TOPICS; i++)
        ways[i] =
            (struct wish_way){str_of(topics[i].code),
                              form_field(f, arena_printf(c->op.arena, "by-%s", topics[i].code))};
    w->ways = ways;
    w->n_ways = TOPICS;
}

/* Topics that are not wanted, written about or called about, each once. */
struct boxes {
    bool calls;
    str no[TOPICS + WISH_TOPICS];
    size_t n;
    bool changed; /* a box says something new */
};

static void not_wanted(struct boxes *b, str code)
{
    for (size_t i = 0; i < b->n; i++)
        if (str_eq(b->no[i], code))
            return;
    b->no[b->n++] = code;
}

static bool has_box(str code)
{
    for (size_t k = 0; k < TOPICS; k++)
        if (str_eq(code, str_of(topics[k].code)))
            return true;
    return false;
}

/* What was unticked, and of what was refused before that which the page does not show. */
static void boxes_read(struct call *c, const struct form *f, const struct json *was,
                       struct boxes *io)
{
    const struct json *had = json_get(was, io->calls ? STR("noCalls") : STR("refused"));
    for (size_t i = 0; i < TOPICS; i++) {
        str code = str_of(topics[i].code);
        str name = arena_printf(c->op.arena, "%s%s", io->calls ? "call-" : "", topics[i].code);
        bool before = in_list(had, code), no = form_field(f, name).n == 0;
        if (io->calls && call_is_off(was, code))
            no = before;
        io->changed |= no != before;
        if (no)
            not_wanted(io, code);
    }
    for (size_t i = 0; had && i < had->n && i < WISH_TOPICS; i++)
        if (!has_box(json_str(json_at(had, i))))
            not_wanted(io, json_str(json_at(had, i)));
}

/* What the page showed and what came back the same stays as it is, also what cannot be read and
 * was shown as empty. */
static void hours_and_pause(const struct form *f, const struct json *was, struct outreach_wish *w)
{
    str from = form_field(f, STR("quietFrom")), until = form_field(f, STR("quietUntil"));
    str pause = form_field(f, STR("pausedUntil"));
    if (!str_eq(from, json_get_str(was, STR("quietFrom"))) ||
        !str_eq(until, json_get_str(was, STR("quietUntil")))) {
        w->quiet_from = from.n && until.n ? from : STR("none");
        w->quiet_until = until;
    }
    if (!str_eq(pause, str_sub(json_get_str(was, STR("pausedUntil")), 0, 10)))
        w->pause = pause.n ? pause : STR("none");
}

/* RFC 8058 3.2: the mail program's request has this field and no other; it may come as a form with
 * parts, and long after the page was closed. */
static bool one_click(str body)
{
    return body.n < 2000 && str_find(body, STR("List-Unsubscribe"), 0) != SIZE_MAX &&
           str_find(body, STR("One-Click"), 0) != SIZE_MAX;
}

static err unsubscribe(struct call *c)
{
    struct buf b = answer_buf(c);
    TRY(outreach_unsubscribe(&c->op, c->api->outreach, c->id));
    buf_add(&b,
            STR("<!doctype html>\n<html lang=\"en\"><title>Saved</title><p>Saved.</p></html>\n"));
    TRY(answer(c, 200, &b));
    c->rq->answer.type = STR("text/html; charset=utf-8");
    return OK;
}

err api_wish_save(struct call *c)
{
    struct form f;
    struct json *was;
    struct shown s = {.saved = true};
    struct boxes no = {.calls = false}, quiet = {.calls = true};
    struct wish_way ways[TOPICS];
    struct outreach_wish w = {.refused = no.no, .no_calls = quiet.no};
    if (c->api->outreach && one_click(c->rq->body))
        return unsubscribe(c);
    TRY(open_link(c, &s));
    TRY(form_read(&c->op, c->rq->body, &f));
    c->op.actor = identity_system();
    TRY(outreach_wishes(&c->op, c->api->outreach, s.patient, &was));
    boxes_read(c, &f, was, &no);
    boxes_read(c, &f, was, &quiet);
    w.n_refused = no.n;
    w.topics_said = no.changed;
    w.n_no_calls = quiet.n;
    w.calls_said = quiet.changed && form_field(&f, STR("calls")).n > 0 &&
                   in_list(JSON_GET(was, "reach"), STR("sms"));
    ways_of_topics(c, &f, ways, &w);
    hours_and_pause(&f, was, &w);
    w.language = form_field(&f, STR("language"));
    w.by[WAY_SMS] = box(&f, "sms", json_bool(JSON_GET(was, "sms"), false));
    w.by[WAY_EMAIL] = box(&f, "email", json_bool(JSON_GET(was, "email"), false));
    w.by[WAY_LETTER] = box(&f, "letter", unless_no(was, "letter"));
    w.by[WISH_CALLS] = box(&f, "voice", unless_no(was, "voice"));
    TRY(outreach_wish_by_link(&c->op, c->api->outreach, c->id, &w));
    if (!s.agrees) {
        s.from = w.quiet_from;
        s.until = w.quiet_until;
    }
    return page(c, &s);
}
