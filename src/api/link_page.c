/* The page that a secure link opens: one task, one button, and the date of birth first where it is
 * asked for. No script, no name, no number; it works on any phone. Invariant: what people type goes
 * in the body of the form, never into an address. */
#include "api/link_int.h"

enum word { L_TITLE, L_DONE, L_BUTTON, L_BORN, L_BORN_HINT, L_NEXT, L_WRONG, L_GONE, L_COUNT };
/* clang-format off */
static const char *const words[L_COUNT][LANGUAGE_COUNT] = {
    [L_TITLE] = {"One thing for you", "Una cosa para usted", "مهمة واحدة لك"},
    [L_DONE] = {"Thank you. We have noted it.", "Gracias. Lo anotamos.", "شكرا. سجلنا ذلك."},
    [L_BUTTON] = {"I have done this", "Ya lo hice", "أنجزت ذلك"},
    [L_BORN] = {"Your date of birth", "Su fecha de nacimiento", "تاريخ ميلادك"},
    [L_BORN_HINT] = {"We ask so that only you can read it.", "Lo pedimos para que solo usted lo lea.", "نسأل حتى لا يقرأها غيرك."},
    [L_NEXT] = {"Go on", "Seguir", "التالي"},
    [L_GONE] = {"This link has ended. Please call us.", "Este enlace ya no sirve. Llámenos.", "انتهى هذا الرابط. اتصل بنا."},
    [L_WRONG] = {"That date is not the one we have. Look at it again.", "Esa fecha no es la que tenemos. Revísela.", "التاريخ لا يطابق ما لدينا. راجعه."},
};
/* clang-format on */

static void form(struct call *c, struct buf *b, enum language l, const struct link_task *t,
                 str born)
{
    buf_printf(b, "<form method=\"post\" action=\"/go/%.*s\">", STR_ARG(c->id));
    if (t->ask) {
        buf_printf(b,
                   "<label for=\"born\">%s</label><input id=\"born\" name=\"born\" type=\"date\" "
                   "required autocomplete=\"bday\" aria-describedby=\"hint\"><small "
                   "id=\"hint\">%s</small>",
                   words[L_BORN][l], words[L_BORN_HINT][l]);
    } else {
        buf_add(b, STR("<input type=\"hidden\" name=\"born\" value=\""));
        buf_html(b, born);
        buf_add(b, STR("\"><input type=\"hidden\" name=\"done\" value=\"1\">"));
    }
    buf_printf(b, "<p><button>%s</button></p></form>", words[t->ask ? L_NEXT : L_BUTTON][l]);
}

void link_head(struct buf *b, enum language l, str title)
{
    buf_printf(b,
               "<!doctype html>\n<html lang=\"%s\" dir=\"%s\"><head><meta charset=\"utf-8\"><meta "
               "name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta "
               "name=\"color-scheme\" content=\"light dark\"><meta name=\"referrer\" "
               "content=\"no-referrer\"><title>",
               LANGUAGE_TAGS[l], l == LANGUAGE_AR ? "rtl" : "ltr");
    buf_html(b, title);
    buf_add(b, STR("</title><link rel=\"stylesheet\" href=\"/oauth/style.css\"></head><body><main>"
                   "<h1>"));
    buf_html(b, title);
    buf_add(b, STR("</h1>"));
}

err link_end(struct call *c, int status, struct buf *b)
{
    buf_add(b, STR("</main></body></html>\n"));
    TRY(answer(c, status, b));
    c->rq->answer.type = STR("text/html; charset=utf-8");
    c->form_action = STR("'self'");
    return OK;
}

static err gone(struct call *c)
{
    enum language l = language_wanted(c);
    struct buf b = answer_buf(c);
    op_clear(&c->op);
    link_head(&b, l, str_of(words[L_GONE][l]));
    return link_end(c, 410, &b);
}

static err page(struct call *c, const struct link_use *use, const struct form *f)
{
    struct link_task t;
    if (!c->api->campaigns)
        return fail(&c->op, ERR_UNSUPPORTED, "This server runs without campaigns.");
    err e = link_open(&c->op, c->api->campaigns, use, &t);
    if (e == ERR_GONE)
        return gone(c);
    TRY(e);
    enum language l = t.language == LANGUAGE_COUNT ? language_wanted(c) : t.language;
    struct survey_page asked = {.of = t.tree ? survey_of_task(t.tree) : NULL,
                                .language = l,
                                .task = t.task,
                                .born = use->born,
                                .emergency = t.emergency,
                                .form = f && form_field(f, STR("send")).n ? f : NULL};
    if (asked.of && !t.done)
        return survey_page(c, &asked);
    struct buf b = answer_buf(c);
    link_head(&b, l, str_of(words[L_TITLE][l]));
    if (t.ask && use->born.n)
        buf_printf(&b, "<p class=\"alert\" role=\"alert\">%s</p>", words[L_WRONG][l]);
    buf_add(&b, STR("<p dir=\"auto\">"));
    if (t.done)
        buf_printf(&b, "%s", words[L_DONE][l]);
    else
        buf_html(&b, t.text);
    buf_add(&b, STR("</p>"));
    if (!t.done)
        form(c, &b, l, &t, use->born);
    return link_end(c, 200, &b);
}

err api_link_page(struct call *c)
{
    return page(c, &(struct link_use){.word = c->id}, NULL);
}

err api_link_done(struct call *c)
{
    struct form f;
    TRY(form_read(&c->op, c->rq->body, &f));
    return page(c,
                &(struct link_use){.word = c->id,
                                   .born = form_field(&f, STR("born")),
                                   .done = form_field(&f, STR("done")).n > 0,
                                   .sent = true},
                &f);
}

err api_link_make(struct call *c)
{
    struct json *in, *o = json_new(c->op.arena, JSON_OBJECT);
    int64_t days = 7;
    str word;
    if (!c->api->campaigns)
        return fail(&c->op, ERR_UNSUPPORTED, "This server runs without campaigns.");
    TRY(body_object(c, &in));
    if (JSON_GET(in, "days") && (!json_i64(JSON_GET(in, "days"), &days) || days < 1 || days > 30))
        return fail_at(&c->op, ERR_INVALID, STR("days"), "days is 1 to 30.");
    struct link_for what = {.task = c->id, .expires = c->op.now + days * 86400000};
    TRY(link_make(&c->op, c->api->campaigns, &what, &word));
    json_set_str(c->op.arena, o, STR("path"), arena_cat(c->op.arena, STR("/go/"), word));
    return answer_json(c, 201, o);
}
