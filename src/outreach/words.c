/* Templates and fixed lines in the patient's language. Invariant: whatever is sent begins with who
 * we are and ends with how to stop. */
#include "base/bidi.h"
#include "desk/hours.h"
#include "outreach/outreach_int.h"

const struct template_row OUTREACH_TEMPLATES[] = {TEMPLATE_ROWS};
const size_t OUTREACH_TEMPLATE_COUNT = sizeof OUTREACH_TEMPLATES / sizeof OUTREACH_TEMPLATES[0];
static const char *const LINES[LINE_COUNT][LANGUAGE_COUNT] = {LINE_ROWS};

unsigned words_language(str language)
{
    return language_or_english(language);
}

const struct template_row *words_template(str code)
{
    for (size_t i = 0; i < OUTREACH_TEMPLATE_COUNT; i++)
        if (str_eq(code, str_of(OUTREACH_TEMPLATES[i].code)))
            return &OUTREACH_TEMPLATES[i];
    return NULL;
}

struct about {
    enum language language;
    str first, emergency, link;
};

static str value_of(const struct outreach *o, str name, const struct about *about)
{
    if (str_eq(name, STR("first")))
        return about->first;
    if (str_eq(name, STR("emergency")))
        return about->emergency;
    if (str_eq(name, STR("link")))
        return about->link;
    if (str_eq(name, STR("phone")))
        return config_str(o->config, "outreach.phone");
    if (str_eq(name, STR("clinic")))
        return config_str(o->config, "outreach.clinic");
    return STR_NONE;
}

static str fill(struct op *op, const struct outreach *o, const char *text,
                const struct about *about)
{
    struct buf b;
    str in = str_of(text);
    buf_init(&b, op->arena, TEXT_MAX);
    for (size_t at = 0; at < in.n;) {
        size_t open = str_find_char(in, '{', at), close = str_find_char(in, '}', at);
        if (open == SIZE_MAX || close == SIZE_MAX || close < open) {
            buf_add(&b, str_sub(in, at, in.n));
            break;
        }
        buf_add(&b, str_sub(in, at, open));
        str value = value_of(o, str_sub(in, open + 1, close), about);
        buf_add(&b, bidi_value(op, about->language, value));
        at = close + 1;
    }
    return bidi_text(op, about->language, buf_str(&b));
}

str words_fill(struct op *op, const struct outreach *o, const char *text, const struct recipient *r,
               unsigned language)
{
    str house = config_str(o->config, "house.country");
    str number = desk_emergency(r ? r->patient : NULL, house);
    struct about about = {.language = (enum language)language,
                          .first = r ? r->first : STR("…"),
                          .emergency = desk_emergency_say(op, number).in[language]};
    return fill(op, o, text, &about);
}

str words_line_staff(struct op *op, const struct outreach *o, enum line line, unsigned language,
                     str what)
{
    str domain = config_str(o->config, "outreach.domain");
    struct about about = {.language = (enum language)language, .first = what};
    if (domain.n)
        about.link = arena_printf(op->arena, " https://%.*s/console/?show=up", STR_ARG(domain));
    return fill(op, o, LINES[line][language], &about);
}

str words_line_to(struct op *op, const struct outreach *o, enum line line,
                  const struct recipient *r, str first)
{
    unsigned l = words_language(r->language);
    str number = desk_emergency(r->patient, config_str(o->config, "house.country"));
    struct about about = {.language = (enum language)l,
                          .first = first,
                          .emergency = desk_emergency_say(op, number).in[l]};
    return fill(op, o, LINES[line][l], &about);
}

str words_line_about(struct op *op, const struct outreach *o, enum line line, unsigned language,
                     str first)
{
    struct about about = {.language = (enum language)language, .first = first};
    return fill(op, o, LINES[line][language], &about);
}

str words_line(struct op *op, const struct outreach *o, enum line line, unsigned language)
{
    return words_line_about(op, o, line, language, STR_NONE);
}

static struct outreach_template row_of(struct op *op, const struct outreach *o,
                                       const struct template_row *t, unsigned language,
                                       enum channel_kind k)
{
    bool sms = k == CHANNEL_SMS;
    return (struct outreach_template){
        .code = str_of(t->code),
        .purpose = str_of(t->purpose),
        .channel = channel_name(k),
        .language = str_of(LANGUAGE_TAGS[language]),
        .title = str_of(t->title[language]),
        .text = words_fill(op, o, sms ? t->sms[language] : t->email[language], NULL, language),
        .subject = sms ? STR_NONE : str_of(t->subject[language])};
}

err outreach_templates(struct op *op, struct outreach *o, str language,
                       struct outreach_template **ret, size_t *ret_n)
{
    unsigned lang = words_language(language);
    struct outreach_template *rows = ARENA_ARRAY(op->arena, struct outreach_template,
                                                 OUTREACH_TEMPLATE_COUNT * CHANNEL_KIND_COUNT);
    size_t n = 0;
    for (size_t i = 0; rows && i < OUTREACH_TEMPLATE_COUNT; i++)
        for (unsigned k = 0; k < CHANNEL_KIND_COUNT; k++)
            rows[n++] = row_of(op, o, &OUTREACH_TEMPLATES[i], lang, (enum channel_kind)k);
    TRY(op_check(op));
    *ret = rows;
    *ret_n = n;
    return OK;
}
