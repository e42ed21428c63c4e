/* The pages between an app and a code: sign in, choose the patient, the visit, permit. No script,
 * no inline style; what people type goes in the body of a form, never into an address. Invariant:
 * every text goes through buf_html(). */
#include "api/oauth_api_int.h"
#include "fhir/make.h"

#include "api/oauth_outside_int.h"
#include "identity/helper.h"

#define PATIENTS_SHOWN 20u

static const char style[] =
    "body{font:1.125rem/1.5 system-ui,sans-serif;margin:0;background:Canvas;color:CanvasText}"
    "main{max-width:34rem;margin:2rem auto;padding:0 1rem}h1{font-size:1.5rem}"
    "label{display:block;margin:1rem 0 .25rem}input:not([type=checkbox]):not([type=radio]){"
    "font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid #767676;"
    "border-radius:.25rem}ul{list-style:none;padding:0}li label{display:flex;gap:.75rem;"
    "align-items:center;min-height:2.75rem;margin:0}li input{width:1.5rem;height:1.5rem;flex:none}"
    "select{font:inherit;width:100%;min-height:2.75rem;padding:.5rem;border:1px solid #767676;"
    "border-radius:.25rem;background:Canvas;color:CanvasText}"
    "button{font:inherit;min-height:2.75rem;padding:.5rem 1.25rem;margin-block:1rem 0;"
    "margin-inline:0 1rem;border:1px solid "
    "#1d4ed8;border-radius:.25rem;background:#1d4ed8;color:#fff}"
    "button.second{background:Canvas;color:CanvasText;border-color:#767676}"
    ":focus-visible{outline:3px solid #b45309;outline-offset:2px}"
    ".ask fieldset{border:0;padding:0;margin:1.5rem 0 0}.ask legend,.ask .legend{font-weight:600;"
    "padding:0}ul.row{display:flex;flex-wrap:wrap;gap:0 1rem;margin:.25rem 0 0}ul.row label{gap:"
    ".5rem;min-width:2.75rem}textarea{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;"
    "min-height:5rem;border:1px solid #767676;border-radius:.25rem}"
    ".alert{border:2px solid #b91c1c;padding:.5rem 1rem;border-radius:.25rem}";

err api_oauth_style(struct call *c)
{
    struct net_answer *a = &c->rq->answer;
    a->status = 200;
    a->type = STR("text/css; charset=utf-8");
    a->body = STR(style);
    net_answer_header(c->rq, "Cache-Control", "public, max-age=3600");
    return OK;
}

str oauth_origin_of(str address)
{
    size_t colon = str_find_char(address, ':', 0);
    if (!str_starts(str_sub(address, colon, SIZE_MAX), STR("://")))
        return str_sub(address, 0, colon == SIZE_MAX ? 0 : colon + 1);
    size_t end = colon + 3;
    while (end < address.n && address.p[end] != '/' && address.p[end] != '?')
        end++;
    return str_sub(address, 0, end);
}

static void open_page(struct call *c, struct buf *b, enum language l, const char *title)
{
    (void)c;
    buf_printf(b,
               "<!doctype html>\n<html lang=\"%s\" dir=\"%s\"><head><meta charset=\"utf-8\"><meta "
               "name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta "
               "name=\"color-scheme\" content=\"light dark\"><title>%s · Weft</title><link "
               "rel=\"stylesheet\" href=\"/oauth/style.css\"></head><body><main><h1>%s</h1>",
               LANGUAGE_TAGS[l], l == LANGUAGE_AR ? "rtl" : "ltr", title, title);
}

static err close_page(struct call *c, struct buf *b, int status, str action)
{
    buf_add(b, STR("</main></body></html>\n"));
    TRY(answer(c, status, b));
    c->rq->answer.type = STR("text/html; charset=utf-8");
    c->form_action = action.n ? action : STR("'self'");
    return OK;
}

static void open_form(struct buf *b, const struct oauth_launch *l)
{
    buf_printf(b,
               "<form method=\"post\" action=\"/oauth/step\"><input type=\"hidden\" name=\"l\" "
               "value=\"%.*s\">",
               STR_ARG(l->handle));
}

static void field(struct buf *b, const char *label, const char *name, const char *more)
{
    buf_printf(b, "<label for=\"%s\">%s</label><input id=\"%s\" name=\"%s\" %s>", name, label, name,
               name, more);
}

static void app_name(struct buf *b, const struct oauth_launch *l)
{
    buf_add(b, STR("<strong>"));
    buf_html(b, l->client.name);
    buf_add(b, STR("</strong>"));
}

static void sign_in(struct call *c, struct buf *b, const struct oauth_launch *l, enum language t)
{
    buf_printf(b, "<p>%s ", oauth_word(t, W_FOR_APP));
    app_name(b, l);
    buf_add(b, STR("</p>"));
    open_form(b, l);
    field(b, oauth_word(t, W_USER), "user",
          "required autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\"");
    field(b, oauth_word(t, W_PASSWORD), "password",
          "type=\"password\" required autocomplete=\"current-password\"");
    field(b, oauth_word(t, W_CODE), "code",
          "inputmode=\"numeric\" autocomplete=\"one-time-code\" maxlength=\"6\" "
          "aria-describedby=\"code-hint\"");
    buf_printf(b, "<small id=\"code-hint\">%s</small><p><button>%s</button></p></form>",
               oauth_word(t, W_CODE_HINT), oauth_word(t, W_NEXT));
    open_form(b,
              l); /* the session's cookie comes with this form only, not with the app's request */
    buf_printf(b, "<button class=\"second\" name=\"open\" value=\"1\">%s</button></form>",
               oauth_word(t, W_OPEN));
    if (outside_issuer(c->api).n)
        buf_printf(b, "<p><a href=\"/oauth/outside?l=%.*s\">%s</a></p>", STR_ARG(l->handle),
                   oauth_word(t, W_OUTSIDE));
}

static err found(struct call *c, const char *type, str query, struct record_page *ret)
{
    return record_find(&c->op, c->api->rec, fhir_type_parse(str_of(type)), query, ret);
}

static void radio(struct buf *b, const char *name, str value, str text, str more)
{
    buf_printf(b, "<li><label><input type=\"radio\" required name=\"%s\" value=\"", name);
    buf_html(b, value);
    buf_add(b, STR("\"><span>"));
    buf_html(b, text);
    if (more.n)
        buf_add(b, STR(", "));
    buf_html(b, more);
    buf_add(b, STR("</span></label></li>"));
}

/* A helper of several people says whose record the app is to see. */
static err shares(struct call *c, struct buf *b, const struct oauth_launch *l, enum language t)
{
    struct identity_helped *all;
    size_t n;
    TRY(oauth_shares(&c->op, c->api->id, l, &all, &n));
    if (!n)
        buf_printf(b, "<p role=\"status\">%s</p>", oauth_word(t, W_NO_SHARE));
    open_form(b, l);
    buf_add(b, STR("<ul>"));
    for (size_t i = 0; i < n; i++)
        radio(b, "patient", all[i].patient, all[i].name, STR_NONE);
    buf_add(b, STR("</ul>"));
    if (n)
        buf_printf(b, "<p><button>%s</button></p>", oauth_word(t, W_NEXT));
    buf_add(b, STR("</form>"));
    return OK;
}

static err patients(struct call *c, struct buf *b, const struct oauth_launch *l, enum language t,
                    str asked)
{
    struct record_page page = {0};
    struct buf q;
    open_form(b, l);
    field(b, oauth_word(t, W_NAME), "name", "required minlength=\"2\" autocomplete=\"off\"");
    buf_printf(b, "<p><button>%s</button></p></form>", oauth_word(t, W_SEARCH));
    if (!asked.n)
        return OK;
    buf_init(&q, c->op.arena, 2048);
    buf_add(&q, STR("name="));
    buf_url(&q, str_sub(asked, 0, 100));
    buf_printf(&q, "&_count=%u", PATIENTS_SHOWN);
    TRY(found(c, "Patient", buf_str(&q), &page));
    if (!page.n)
        buf_printf(b, "<p role=\"status\">%s</p>", oauth_word(t, W_NOBODY));
    if (!page.n)
        return OK;
    open_form(b, l);
    buf_add(b, STR("<ul>"));
    for (size_t i = 0; i < page.n; i++) {
        struct json *o;
        TRY(record_parse(&c->op, &page.docs[i], &o));
        radio(b, "patient", page.docs[i].id, fhir_name_shown(&c->op, o),
              arena_printf(c->op.arena, "%s %.*s", oauth_word(t, W_BORN),
                           STR_ARG(json_get_str(o, STR("birthDate")))));
    }
    buf_printf(b, "</ul><p><button>%s</button></p></form>", oauth_word(t, W_NEXT));
    return OK;
}

static err visits(struct call *c, struct buf *b, const struct oauth_launch *l, enum language t)
{
    struct record_page page = {0};
    TRY(found(c, "Encounter",
              arena_printf(c->op.arena, "patient=%.*s&_sort=-date&_count=%u", STR_ARG(l->patient),
                           PATIENTS_SHOWN),
              &page));
    open_form(b, l);
    buf_add(b, STR("<ul>"));
    for (size_t i = 0; i < page.n; i++) {
        struct json *o;
        TRY(record_parse(&c->op, &page.docs[i], &o));
        str what = json_str(json_path(o, "type.0.text"));
        radio(b, "encounter", page.docs[i].id,
              str_sub(json_str(json_path(o, "period.start")), 0, 10),
              what.n ? what : json_get_str(o, STR("status")));
    }
    radio(b, "encounter", STR("-"), str_of(oauth_word(t, W_NO_VISIT)), STR_NONE);
    buf_printf(b, "</ul><p><button>%s</button></p></form>", oauth_word(t, W_NEXT));
    return OK;
}

static void verbs(struct buf *b, unsigned letters, enum language t)
{
    static const struct {
        unsigned letters;
        enum oauth_word word;
    } rows[] = {{LETTER_READ | LETTER_SEARCH, W_SEE},
                {LETTER_CREATE, W_ADD},
                {LETTER_UPDATE, W_CHANGE},
                {LETTER_DELETE, W_DELETE}};
    const char *between = ": ";
    for (size_t i = 0; i < 4; i++)
        if (letters & rows[i].letters) {
            buf_printf(b, "%s%s", between, oauth_word(t, rows[i].word));
            between = t == LANGUAGE_AR ? "، " : ", ";
        }
}

static void tick(struct buf *b, str word, bool fixed)
{
    buf_add(b, STR("<li><label><input type=\"checkbox\" name=\"s\" checked value=\""));
    buf_html(b, word);
    buf_printf(b, "\"%s><span>", fixed ? " hidden" : "");
}

/* Scopes about resources: a sentence each, that may be taken out. */
static void about(struct buf *b, str scope, bool one, enum language t)
{
    str word;
    bool any = false;
    while (str_take_until(&scope, ' ', &word)) {
        struct scope s;
        if (!scope_parse(word, &s) || (s.level == LEVEL_PATIENT) != one)
            continue;
        if (!any)
            buf_printf(b, "<h2>%s</h2><ul>", oauth_word(t, one ? W_ABOUT_ONE : W_ABOUT_ALL));
        any = true;
        tick(b, word, false);
        buf_html(b, oauth_type_word(t, s.type));
        verbs(b, s.letters, t);
        if (s.query.n) {
            buf_printf(b, " (%s ", oauth_word(t, W_ONLY));
            buf_html(b, s.query);
            buf_char(b, ')');
        }
        buf_add(b, STR("</span></label></li>"));
    }
    if (any)
        buf_add(b, STR("</ul>"));
}

/* The others: what they mean, said once; they go with the rest. */
static void others(struct buf *b, str scope, enum language t)
{
    static const struct {
        const char *word;
        int text;
    } rows[] = {
        {"openid", W_WHO},        {"fhirUser", -1},           {"profile", -1},
        {"email", W_EMAIL},       {"launch", W_WHO_ELSE},     {"launch/patient", W_WHO_ELSE},
        {"launch/encounter", -1}, {"offline_access", W_STAY}, {"online_access", W_STAY_ONLINE}};
    bool told[W_COUNT] = {false};
    str word;
    while (str_take_until(&scope, ' ', &word)) {
        if (str_starts(word, STR("purpose/"))) /* a code of ours by now: it goes with the rest */
            buf_printf(b, "<input type=\"hidden\" name=\"s\" value=\"%.*s\">", STR_ARG(word));
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            if (!str_eq(word, str_of(rows[i].word)))
                continue;
            buf_printf(b, "<input type=\"hidden\" name=\"s\" value=\"%s\">", rows[i].word);
            if (rows[i].text >= 0 && !told[rows[i].text])
                buf_printf(b, "<p>%s</p>", oauth_word(t, (enum oauth_word)rows[i].text));
            if (rows[i].text >= 0)
                told[rows[i].text] = true;
        }
    }
}

static void consent(struct buf *b, const struct oauth_launch *l, enum language t)
{
    buf_add(b, STR("<p>"));
    app_name(b, l);
    buf_printf(b, "</p><p>%s</p>", oauth_word(t, W_ASKS));
    open_form(b, l);
    about(b, l->scope, true, t);
    about(b, l->scope, false, t);
    others(b, l->scope, t);
    buf_printf(b,
               "<p>%s</p><p><button name=\"allow\" value=\"1\">%s</button><button class=\"second\" "
               "name=\"deny\" value=\"1\">%s</button></p></form>",
               oauth_word(t, W_LATER), oauth_word(t, W_ALLOW), oauth_word(t, W_DENY));
}

err oauth_page(struct call *c, const struct oauth_launch *l, str why, str asked)
{
    static const enum oauth_word titles[] = {W_SIGN_IN, W_PATIENT, W_VISIT, W_WANTS};
    bool whose = l->step == OAUTH_PATIENT && l->account.role == ROLE_HELPER;
    enum language t = oauth_language_of(c, l);
    struct buf b = answer_buf(c);
    open_page(c, &b, t, oauth_word(t, whose ? W_WHOSE : titles[l->step]));
    if (why.n) {
        buf_add(&b, STR("<p class=\"alert\" role=\"alert\">"));
        buf_html(&b, language_say(&c->op, t, why));
        buf_add(&b, STR("</p>"));
    }
    switch (l->step) {
    case OAUTH_SIGN_IN:
        sign_in(c, &b, l, t);
        break;
    case OAUTH_PATIENT:
        TRY(oauth_as(&c->op, c->api->id, l));
        if (l->account.role == ROLE_HELPER)
            TRY(shares(c, &b, l, t));
        else
            TRY(patients(c, &b, l, t, asked));
        break;
    case OAUTH_ENCOUNTER:
        TRY(oauth_as(&c->op, c->api->id, l));
        TRY(visits(c, &b, l, t));
        break;
    case OAUTH_CONSENT:
        consent(&b, l, t);
        break;
    }
    return close_page(c, &b, why.n ? 400 : 200, oauth_origin_of(l->redirect));
}

err oauth_page_stopped(struct call *c, str why)
{
    enum language t = oauth_language_of(c, NULL);
    struct buf b = answer_buf(c);
    op_clear(&c->op);
    open_page(c, &b, t, oauth_word(t, W_STOPPED));
    buf_add(&b, STR("<p class=\"alert\" role=\"alert\">"));
    buf_html(&b, language_say(&c->op, t, why));
    buf_add(&b, STR("</p>"));
    return close_page(c, &b, 400, STR_NONE);
}
