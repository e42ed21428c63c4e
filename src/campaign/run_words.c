/* The words of a step for one person: the text of their language (English when there is none), its
 * {names} filled; and an hour as a person reads it. */
#include "base/bidi.h"
#include "campaign/run_int.h"
#include "desk/say.h"

#define TEXT_MAX 2000

static str value_of(const struct campaigns *c, str name, const struct met *m, str due, str link)
{
    if (str_eq(name, STR("first")))
        return m->first;
    if (str_eq(name, STR("due")))
        return due;
    if (str_eq(name, STR("phone")))
        return config_str(c->config, "outreach.phone");
    if (str_eq(name, STR("clinic")))
        return config_str(c->config, "outreach.clinic");
    if (str_eq(name, STR("link")))
        return link;
    if (str_eq(name, STR("emergency")))
        return m->emergency;
    return STR_NONE;
}

str words_for(struct op *op, const struct campaigns *c, const struct plan_words *w,
              const struct met *m, int64_t due)
{
    struct buf b;
    enum language l = str_empty(w->text[m->lang]) ? LANGUAGE_EN : (enum language)m->lang;
    str in = w->text[l];
    /* a promise is of the hour where they live, not of the house's */
    str when = due_words(op, m->zone, due, m->lang), link = link_sample(op, c);
    buf_init(&b, op->arena, TEXT_MAX);
    for (size_t at = 0; at < in.n;) {
        size_t open = str_find_char(in, '{', at);
        size_t close = open == SIZE_MAX ? SIZE_MAX : str_find_char(in, '}', open);
        if (close == SIZE_MAX) {
            buf_add(&b, str_sub(in, at, in.n));
            break;
        }
        buf_add(&b, str_sub(in, at, open));
        str value = value_of(c, str_sub(in, open + 1, close), m, when, link);
        buf_add(&b, bidi_value(op, l, value));
        at = close + 1;
    }
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

str due_words(struct op *op, str zone, int64_t due, unsigned lang)
{
    static const char *const days[3][7] = {
        {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
        {"domingo", "lunes", "martes", "miercoles", "jueves", "viernes", "sabado"},
        {"الأحد", "الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت"}};
    struct time_local at;
    /* up to a quarter, before it is told where they live: all zones are whole quarters off */
    due = (due / 60000 + 14) / 15 * 15 * 60000;
    if (due <= 0 || !time_to_local(due, zone, &at))
        return STR_NONE;
    str hour = desk_say_hour(op, &at, (enum say_lang)lang), day = str_of(days[lang][at.wday]);
    if (due - op->now > 6 * PLAN_DAY_MS) /* "Wednesday" is not the one in a week */
        day = bidi_value(op, (enum language)lang,
                         arena_printf(op->arena, "%04d-%02d-%02d", at.year, at.month, at.day));
    return arena_printf(op->arena, lang == LANGUAGE_EN ? "%.*s %.*s" : "%.*s (%.*s)", STR_ARG(hour),
                        STR_ARG(day));
}
