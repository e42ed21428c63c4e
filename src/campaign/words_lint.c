/* What is said about words while they are written and when they are to be published: can they be
 * filled, how hard are they, what do they cost, what do they give away. A finding is a row of
 * spec/campaign/lint.csv; the text is judged as it would leave, with the lines before and after.
 * Invariant: words with an error are never approved. */
#include "base/bidi.h"
#include "campaign/words_int.h"
#include "outreach/reach.h"
#include "policy/content.h"

#include "audience_gen.h"

static const struct lint_row ROWS[LINT_COUNT] = {LINT_ROWS};
static const struct plain_row PLAIN[] = {PLAIN_ROWS};

#define GRADE_MAX 6.0
#define SENTENCE_WORDS 20u
#define FINDINGS_MAX 200u
#define LONG_NUMBER 7u

struct linting {
    struct op *op;
    struct campaigns *c;
    const struct words *w;
    unsigned reader;       /* language of what is said */
    struct json *findings; /* NULL: errors become issues of op */
    unsigned errors;
    int language;
    const char *channel;
};

struct found {
    enum lint_code code;
    str what;
    double n;
    size_t at, length;
    str suggest;
};

static str said(struct linting *l, const struct found *f)
{
    struct buf b;
    str say = str_of(ROWS[f->code].say[l->reader]);
    buf_init(&b, l->op->arena, 2000);
    for (size_t i = 0; i < say.n;) {
        str rest = str_sub(say, i, say.n);
        if (str_starts(rest, STR("{n}"))) {
            buf_printf(&b, f->n == (double)(int)f->n ? "%.0f" : "%.1f", f->n);
            i += 3;
        } else if (str_starts(rest, STR("{what}"))) {
            buf_printf(&b, "“%.*s”", STR_ARG(f->what));
            i += 6;
        } else {
            buf_char(&b, say.p[i++]);
        }
    }
    return buf_str(&b);
}

static void say(struct linting *l, struct found f)
{
    struct op *op = l->op;
    bool error = ROWS[f.code].error;
    l->errors += error;
    if (!l->findings) {
        if (error)
            (void)!fail_at(op, ERR_UNPROCESSABLE,
                           arena_printf(op->arena, "texts.%s%s%s",
                                        l->language < 0 ? "" : LANGUAGE_TAGS[l->language],
                                        l->channel ? "." : "", l->channel ? l->channel : ""),
                           "%.*s", STR_ARG(said(l, &f)));
        return;
    }
    if (l->findings->n >= FINDINGS_MAX)
        return;
    struct json *o = json_new(op->arena, JSON_OBJECT);
    if (l->language >= 0)
        json_set_str(op->arena, o, STR("language"), str_of(LANGUAGE_TAGS[l->language]));
    if (l->channel)
        json_set_str(op->arena, o, STR("channel"), str_of(l->channel));
    json_set_str(op->arena, o, STR("code"), str_of(ROWS[f.code].code));
    json_set_str(op->arena, o, STR("level"), error ? STR("error") : STR("advice"));
    json_set_str(op->arena, o, STR("message"), said(l, &f));
    json_set_str(op->arena, o, STR("citation"), str_of(ROWS[f.code].citation));
    json_set(op->arena, o, STR("at"), json_new_i64(op->arena, (int64_t)f.at));
    json_set(op->arena, o, STR("length"), json_new_i64(op->arena, (int64_t)f.length));
    if (f.suggest.n)
        json_set_str(op->arena, o, STR("suggest"), f.suggest);
    json_push(op->arena, l->findings, o);
}

/* ---- variables ---- */
/* Stand-ins as long as such values are; of one's own, what stands there where there is none. */
static err stand_in(struct op *op, void *ctx, str name, str *ret)
{
    const struct linting *l = ctx;
    const struct words_variable *own = words_variable(l->w, name);
    str phone = config_str(l->c->config, "outreach.phone");
    str clinic = config_str(l->c->config, "outreach.clinic");
    str domain = config_str(l->c->config, "outreach.domain");
    if (str_eq(name, STR("phone")))
        *ret = phone.n ? phone : STR("555-555-0100");
    else if (str_eq(name, STR("clinic")))
        *ret = clinic;
    else if (str_eq(name, STR("link")))
        *ret = domain.n ? arena_printf(op->arena, "https://%.*s/go/AbCdEfGhIjKlMnOpQrStUv",
                                       STR_ARG(domain))
                        : STR("https://example.org/go/AbCdEfGhIjKlMnOpQrStUv");
    else if (own && l->language >= 0 && !str_empty(own->fallback[l->language]))
        *ret = own->fallback[l->language];
    else
        *ret = STR("Maria");
    *ret = bidi_value(op, (enum language)l->language, *ret);
    return OK;
}

static bool parts_of(struct linting *l, str text, struct words_part **parts, size_t *n)
{
    struct op *op = l->op;
    struct fault before = op->fault;
    if (words_parse(op, text, parts, n) == OK)
        return true;
    op->fault = before;
    say(l, (struct found){.code = LINT_SYNTAX});
    return false;
}

static bool lint_variables(struct linting *l, str text)
{
    struct words_part *parts;
    size_t n;
    bool person = false;
    if (!parts_of(l, text, &parts, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        str name = parts[i].text;
        if (!parts[i].variable)
            continue;
        person |= str_eq(name, STR("phone")) || str_eq(name, STR("link"));
        const struct words_variable *v = words_variable(l->w, name);
        struct found f = {.what = name, .at = parts[i].at, .length = name.n + 2};
        f.code = LINT_UNKNOWN_VARIABLE;
        if (!v && !words_own_variable(name))
            say(l, f);
        f.code = LINT_NO_FALLBACK;
        if (v && str_empty(v->fallback[l->language]))
            say(l, f);
        f.code = LINT_VARIABLE_IDENTIFIES;
        if (v && !str_empty(words_identifying(v->path)))
            say(l, f);
    }
    if (!person)
        say(l, (struct found){.code = LINT_NO_PERSON});
    return true;
}

/* ---- what it gives away ---- */
static bool long_number(str text, size_t *ret_at, size_t *ret_n)
{
    for (size_t i = 0, n = 0; i <= text.n; i++) {
        if (i < text.n && text.p[i] >= '0' && text.p[i] <= '9') {
            n++;
            continue;
        }
        if (n >= LONG_NUMBER) {
            *ret_at = i - n;
            *ret_n = n;
            return true;
        }
        n = 0;
    }
    return false;
}

static void lint_hit(struct linting *l, const struct content_hit *h)
{
    bool strict = str_eq(l->w->kind, STR("appointment")) || str_eq(l->w->kind, STR("refill"));
    struct found f = {.what = h->word, .at = h->at, .length = h->n};
    bool tell = true;
    switch (h->class) {
    case CONTENT_SENSITIVE:
        f.code = LINT_SENSITIVE;
        break;
    case CONTENT_PHI:
        f.code = strict ? LINT_PHI : LINT_HEALTH_WORDS;
        break;
    case CONTENT_FINANCIAL:
        f.code = LINT_FINANCIAL;
        break;
    case CONTENT_MARKETING:
        f.code = LINT_MARKETING;
        tell = !str_eq(l->w->kind, STR("marketing"));
        break;
    case CONTENT_EMERGENCY:
    case CONTENT_ALERT_WORDS:
        f.code = LINT_ALARM;
        break;
    case CONTENT_STOP_LINE:
    case CONTENT_CLASS_COUNT:
        tell = false;
        break;
    }
    if (tell)
        say(l, f);
}

static err lint_content(struct linting *l, str text, str full)
{
    struct content_report r;
    str domain = config_str(l->c->config, "outreach.domain");
    size_t at, n;
    if (!content_scan(l->op, text, &domain, domain.n ? 1 : 0, &r))
        return op_check(l->op);
    for (size_t i = 0; i < r.n_hits; i++)
        lint_hit(l, &r.hits[i]);
    if (long_number(text, &at, &n))
        say(l, (struct found){.code = LINT_IDENTIFIER, .at = at, .length = n});
    if (r.has_link && !r.link_branded)
        say(l, (struct found){.code = r.link_shortened ? LINT_LINK_SHORT : LINT_LINK_FOREIGN});
    if (r.link_has_identifier)
        say(l, (struct found){.code = LINT_LINK_IDENTIFIER});
    (void)full;
    return OK;
}

/* ---- how hard it is ---- */
static bool letter(str s, size_t i)
{
    unsigned char c = i < s.n ? (unsigned char)s.p[i] : ' ';
    return (c | 32) >= 'a' ? (c | 32) <= 'z' || c >= 0x80 : false;
}

static void lint_plain(struct linting *l, str text)
{
    for (size_t k = 0; k < sizeof PLAIN / sizeof *PLAIN; k++) {
        str hard = str_of(PLAIN[k].hard);
        if (PLAIN[k].language != l->language)
            continue;
        for (size_t i = 0; i + hard.n <= text.n; i++) {
            if (!str_eq_nocase(str_sub(text, i, i + hard.n), hard) || letter(text, i + hard.n) ||
                (i && letter(text, i - 1)))
                continue;
            say(l, (struct found){.code = LINT_PLAIN_WORD,
                                  .what = hard,
                                  .at = i,
                                  .length = hard.n,
                                  .suggest = str_of(PLAIN[k].plain)});
            i += hard.n - 1;
        }
    }
}

static double lint_grade(struct linting *l, str filled)
{
    struct grade g;
    uint32_t words = 0, most = 0;
    content_grade(filled, str_of(LANGUAGE_TAGS[l->language]), &g);
    for (size_t i = 0; i <= filled.n; i++) {
        char c = i < filled.n ? filled.p[i] : '.';
        bool gap = c == ' ' || c == '\n' || i == filled.n;
        words += gap && i && filled.p[i - 1] != ' ' && filled.p[i - 1] != '\n';
        most = words > most ? words : most;
        if ((c == '.' || c == '!' || c == '?') && !(i + 1 < filled.n && filled.p[i + 1] > ' '))
            words = 0;
    }
    if (g.method != GRADE_NONE && g.years > GRADE_MAX)
        say(l, (struct found){.code = LINT_GRADE, .n = (double)(int)(g.years * 10 + 0.5) / 10});
    if (most > SENTENCE_WORDS)
        say(l, (struct found){.code = LINT_LONG_SENTENCE, .n = most});
    return g.method == GRADE_NONE ? -1 : (double)(int)(g.years * 10 + 0.5) / 10;
}

static void set(struct linting *l, struct json *o, const char *name, int64_t v)
{
    json_set(l->op->arena, o, str_of(name), json_new_i64(l->op->arena, v));
}

static void lint_shape(struct linting *l, str full, str text, struct json *o)
{
    struct sms_shape s;
    str plain = content_sms_plain(l->op, full);
    size_t at = 0;
    content_sms_shape(plain, &s);
    if (!str_eq(plain, full))
        say(l, (struct found){.code = LINT_MENDED});
    if (s.segments > WORDS_SEGMENTS_MAX)
        say(l, (struct found){.code = LINT_SEGMENTS, .n = s.segments});
    str en = str_of(LANGUAGE_TAGS[l->language]);
    if (s.encoding == SMS_UCS2 && !str_eq(en, STR("ar"))) {
        struct buf b;
        buf_init(&b, l->op->arena, 8);
        buf_utf8(&b, s.first_blocker);
        at = str_find(text, buf_str(&b), 0);
        say(l, (struct found){.code = LINT_UCS2,
                              .what = buf_str(&b),
                              .at = at == SIZE_MAX ? 0 : at,
                              .length = b.n});
    }
    json_set_str(l->op->arena, o, STR("encoding"),
                 s.encoding == SMS_GSM7 ? STR("GSM-7") : STR("UCS-2"));
    set(l, o, "segments", s.segments);
    set(l, o, "characters", s.characters);
    set(l, o, "left", s.left);
}

static err lint_text(struct linting *l, str text, bool email, struct json *o)
{
    str filled, head, tail;
    if (!lint_variables(l, text))
        return OK;
    TRY(words_fill_text(l->op, text, stand_in, l, &filled));
    outreach_lines(l->op, l->c->outreach, str_of(LANGUAGE_TAGS[l->language]), email, &head, &tail);
    str full = arena_cat(l->op->arena, arena_cat(l->op->arena, head, filled), tail);
    double grade = lint_grade(l, filled);
    lint_plain(l, text);
    TRY(lint_content(l, text, full));
    if (!email)
        lint_shape(l, full, text, o);
    if (grade >= 0)
        json_set(l->op->arena, o, STR("grade"),
                 json_new_num(l->op->arena, arena_printf(l->op->arena, "%.1f", grade)));
    json_set_str(l->op->arena, o, STR("full"), full);
    return op_check(l->op);
}

static err lint_all(struct linting *l, struct json *texts)
{
    struct arena *m = l->op->arena;
    for (l->language = 0; l->language < LANGUAGE_COUNT; l->language++) {
        const struct words_text *t = &l->w->texts[l->language];
        struct json *o = json_new(m, JSON_OBJECT), *sms = json_new(m, JSON_OBJECT);
        struct json *email = json_new(m, JSON_OBJECT);
        l->channel = "sms";
        if (str_empty(t->sms))
            say(l, (struct found){.code = LINT_MISSING_LANGUAGE});
        else
            TRY(lint_text(l, t->sms, false, sms));
        l->channel = "email";
        if (t->email.n)
            TRY(lint_text(l, t->email, true, email));
        if (t->email.n && str_empty(t->subject))
            say(l, (struct found){.code = LINT_MISSING_SUBJECT});
        json_set(m, o, STR("sms"), sms);
        json_set(m, o, STR("email"), email);
        json_set(m, texts, str_of(LANGUAGE_TAGS[l->language]), o);
    }
    l->language = -1;
    l->channel = NULL;
    if (str_empty(l->w->evidence))
        say(l, (struct found){.code = LINT_NO_EVIDENCE});
    return op_check(l->op);
}

err words_lint(struct op *op, struct campaigns *c, const struct json *definition, str language,
               struct json **ret)
{
    struct words w;
    struct json *o = json_new(op->arena, JSON_OBJECT), *texts = json_new(op->arena, JSON_OBJECT);
    TRY(words_read(op, definition, &w));
    struct linting l = {.op = op, .c = c, .w = &w, .findings = json_new(op->arena, JSON_ARRAY)};
    l.reader = str_starts(language, STR("es")) ? 1 : str_starts(language, STR("ar")) ? 2 : 0;
    TRY(lint_all(&l, texts));
    json_set(op->arena, o, STR("ok"), json_new_bool(op->arena, !l.errors));
    json_set(op->arena, o, STR("findings"), l.findings);
    json_set(op->arena, o, STR("texts"), texts);
    TRY(op_check(op));
    *ret = o;
    return OK;
}

err words_errors(struct op *op, struct campaigns *c, const struct words *w)
{
    struct linting l = {.op = op, .c = c, .w = w};
    err e = lint_all(&l, json_new(op->arena, JSON_OBJECT));
    return e != OK ? e : l.errors ? ERR_UNPROCESSABLE : OK;
}
