/* The questions of one survey as a page: one form, no script, everything may be skipped. Whoever is
 * here came through link_open(). Invariant: what people type goes in the body of the form, and
 * comes back through buf_html() alone. */
#include "api/link_int.h"
#include "desk/hours.h"

enum word { S_INTRO, S_SEND, S_THANKS, S_NOTHING, S_LONG, S_YES, S_NO, S_URGENT, S_COUNT };
/* clang-format off */
static const char *const words[S_COUNT][LANGUAGE_COUNT] = {
    [S_INTRO] = {"You may skip any question.", "Puede dejar cualquier pregunta sin responder.", "يمكنك ترك أي سؤال."},
    [S_SEND] = {"Send", "Enviar", "إرسال"},
    [S_THANKS] = {"Thank you. We read every answer.", "Gracias. Leemos cada respuesta.", "شكرا. نقرأ كل إجابة."},
    [S_NOTHING] = {"Please answer at least one question.", "Responda al menos una pregunta.", "أجب عن سؤال واحد على الأقل."},
    [S_LONG] = {"Your words are too long. Please make them shorter.", "Su texto es muy largo. Hágalo más corto.", "كلماتك طويلة جدا. اجعلها أقصر."},
    [S_YES] = {"Yes", "Sí", "نعم"},
    [S_NO] = {"No", "No", "لا"},
    [S_URGENT] = {"Need help right away? Call", "¿Necesita ayuda ya? Llame al", "هل تحتاج مساعدة الآن؟ اتصل:"},
};
/* clang-format on */

static void choice(struct buf *b, const char *link, str value, str label, bool on)
{
    buf_printf(b, "<li><label><input type=\"radio\" name=\"%s\" value=\"%.*s\"%s><span>", link,
               STR_ARG(value), on ? " checked" : "");
    buf_html(b, label);
    buf_add(b, STR("</span></label></li>"));
}

static void question(struct call *c, struct buf *b, const struct survey_page *p,
                     const struct survey_given *g, size_t i)
{
    const struct survey_item *item = &p->of->items[i];
    str text = survey_item_text(c->api->surveys, p->of, i, p->language);
    if (item->kind == SURVEY_TEXT) {
        buf_printf(b, "<label class=\"legend\" for=\"%s\">", item->link);
        buf_html(b, text);
        buf_printf(b, "</label><textarea id=\"%s\" name=\"%s\" maxlength=\"%u\" dir=\"auto\">",
                   item->link, item->link, SURVEY_TEXT_MAX / 2);
        buf_html(b, g->text[i]);
        buf_add(b, STR("</textarea>"));
        return;
    }
    buf_add(b, STR("<fieldset><legend>"));
    buf_html(b, text);
    buf_add(b, STR("</legend><ul class=\"row\">"));
    for (size_t k = 0; k < item->n_options; k++)
        choice(b, item->link, str_of(item->options[k].code),
               survey_option_text(c->api->surveys, p->of, i, k, p->language),
               g->choice[i] == (int)k);
    if (item->kind == SURVEY_YESNO) {
        choice(b, item->link, STR("yes"), str_of(words[S_YES][p->language]), g->choice[i] == 1);
        choice(b, item->link, STR("no"), str_of(words[S_NO][p->language]), g->choice[i] == 0);
    }
    buf_add(b, STR("</ul></fieldset>"));
}

/* "Need help right away? Call 911." */
static void urgent(struct call *c, struct buf *b, const struct survey_page *p)
{
    struct said number = desk_emergency_say(&c->op, p->emergency);
    buf_printf(b, "<p>%s ", words[S_URGENT][p->language]);
    buf_html(b, number.in[p->language]);
    buf_add(b, STR(".</p>"));
}

static err form(struct call *c, const struct survey_page *p, const struct survey_given *g,
                const char *alert)
{
    struct buf b = answer_buf(c);
    link_head(&b, p->language, str_of(p->of->title[p->language]));
    if (alert)
        buf_printf(&b, "<p class=\"alert\" role=\"alert\">%s</p>", alert);
    buf_printf(&b, "<p>%s</p><form class=\"ask\" method=\"post\" action=\"/go/%.*s\">",
               words[S_INTRO][p->language], STR_ARG(c->id));
    buf_add(&b, STR("<input type=\"hidden\" name=\"send\" value=\"1\"><input type=\"hidden\" "
                    "name=\"born\" value=\""));
    buf_html(&b, p->born);
    buf_add(&b, STR("\">"));
    for (size_t i = 0; i < p->of->n_items; i++)
        question(c, &b, p, g, i);
    buf_printf(&b, "<p><button>%s</button></p></form>", words[S_SEND][p->language]);
    urgent(c, &b, p);
    return link_end(c, 200, &b);
}

static err thanks(struct call *c, const struct survey_page *p)
{
    struct buf b = answer_buf(c);
    link_head(&b, p->language, str_of(p->of->title[p->language]));
    buf_printf(&b, "<p role=\"status\">%s</p>", words[S_THANKS][p->language]);
    urgent(c, &b, p);
    return link_end(c, 200, &b);
}

static bool nothing(const struct survey_given *g)
{
    for (size_t i = 0; i < g->of->n_items; i++)
        if (g->choice[i] >= 0 || g->text[i].n)
            return false;
    return true;
}

err survey_page(struct call *c, const struct survey_page *p)
{
    struct survey_given g;
    if (!c->api->surveys)
        return fail(&c->op, ERR_UNSUPPORTED, "This server runs without surveys.");
    TRY(survey_begun(&c->op, c->api->surveys, p->task, &g));
    if (!p->form)
        return form(c, p, &g, NULL);
    for (size_t i = 0; i < p->of->n_items; i++) {
        str link = str_of(p->of->items[i].link), value = form_field(p->form, link);
        if (survey_give(&c->op, &g, link, value) != OK) {
            op_clear(&c->op);
            return form(c, p, &g, words[S_LONG][p->language]);
        }
    }
    if (nothing(&g))
        return form(c, p, &g, words[S_NOTHING][p->language]);
    err e = survey_put(&c->op, c->api->surveys, p->task, &g, false);
    if (e == ERR_CONFLICT)
        op_clear(&c->op); /* sent twice: the first is there */
    else
        TRY(e);
    return thanks(c, p);
}
