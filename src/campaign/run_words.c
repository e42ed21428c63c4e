/* The words of a step for one person: the text of their language (English when there is none), its
 * {names} filled; and a promise as an hour of the house's working days. */
#include "campaign/run_int.h"

#include "policy/holiday.h"

#define TEXT_MAX 2000
#define OPEN_H 8
#define CLOSE_H 17

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
    str in = str_empty(w->text[m->lang]) ? w->text[0] : w->text[m->lang];
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
        buf_add(&b, value_of(c, str_sub(in, open + 1, close), m, when, link));
        at = close + 1;
    }
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

static bool works(const struct time_local *t)
{
    return t->wday != 0 && t->wday != 6 && !policy_federal_holiday(t);
}

/* The start of the next working day after t. */
static int64_t next_open(int64_t t, str zone, struct time_local *at)
{
    for (int i = 0; i < 10; i++) {
        int64_t noon = t;
        struct time_local day = *at;
        day.hour = 12;
        day.minute = day.second = 0;
        (void)time_from_local(&day, zone, &noon);
        if (!time_to_local(noon + PLAN_DAY_MS, zone, at))
            break;
        if (!works(at))
            continue;
        at->hour = OPEN_H;
        at->minute = at->second = 0;
        (void)time_from_local(at, zone, &t);
        return t;
    }
    return t + PLAN_DAY_MS;
}

int64_t promise_at(const struct campaigns *c, int64_t now, int64_t ms)
{
    str zone = config_str(c->config, "house.zone");
    struct time_local at;
    int64_t t = now;
    for (int i = 0; i < 100 && time_to_local(t, zone, &at); i++) {
        int64_t minute = at.hour * 60 + at.minute, left = (CLOSE_H * 60 - minute) * 60000LL;
        if (works(&at) && minute < OPEN_H * 60) {
            at.hour = OPEN_H;
            at.minute = at.second = 0;
            if (!time_from_local(&at, zone, &t))
                break;
            continue;
        }
        if (works(&at) && left > 0) {
            if (ms <= left)
                return t + ms;
            ms -= left;
        }
        t = next_open(t, zone, &at);
    }
    return now + ms;
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
    if (lang != 0)
        return arena_printf(op->arena, "%d:%02d (%s)", at.hour, at.minute, days[lang][at.wday]);
    int twelve = at.hour % 12 ? at.hour % 12 : 12;
    str m = at.minute ? arena_printf(op->arena, ":%02d", at.minute) : STR_NONE;
    return arena_printf(op->arena, "%d%.*s %s %s", twelve, STR_ARG(m), at.hour < 12 ? "am" : "pm",
                        days[0][at.wday]);
}
