/* Figures in a text: phone numbers, dates, times, and readings such as 128/82 or 5 lb. A rough eye,
 * made to see too much rather than too little. */
#include "policy/content_int.h"

static bool is_digit(str t, size_t i)
{
    return i < t.n && t.p[i] >= '0' && t.p[i] <= '9';
}

/* Value of the digits at *i (at most 9999 is kept), moving past them. */
static unsigned take_number(str t, size_t *i)
{
    unsigned v = 0;
    for (; is_digit(t, *i); (*i)++)
        v = v < 1000 ? v * 10 + (unsigned)(t.p[*i] - '0') : 9999;
    return v;
}

static bool word_at(str t, size_t i, const char *word)
{
    str w = str_of(word), tail = str_sub(t, i, i + w.n);
    return str_eq_nocase(tail, w);
}

static bool is_clock_suffix(str t, size_t i)
{
    if (i < t.n && t.p[i] == ' ')
        i++;
    return word_at(t, i, "am") || word_at(t, i, "pm") || word_at(t, i, "a.m") ||
           word_at(t, i, "p.m");
}

static bool is_unit(str t, size_t i)
{
    static const char *const units[] = {"%", "kg", "lb", "mg", "mmhg", "mmol", "bpm", "ml"};
    if (i < t.n && t.p[i] == ' ')
        i++;
    for (size_t k = 0; k < sizeof units / sizeof *units; k++)
        if (word_at(t, i, units[k]))
            return true;
    return false;
}

static void scan_number(str t, size_t *i, struct content_report *ret)
{
    unsigned a = take_number(t, i), b;
    size_t after = *i + 1;
    char c = *i < t.n ? t.p[*i] : '\0';
    if ((c == '/' || c == '-') && is_digit(t, after)) {
        b = take_number(t, &after);
        if (c == '/' && a >= 60 && a <= 300 && b >= 30 && b <= 200)
            ret->has_number_reading = true;
        else if ((a >= 1 && a <= 31 && b <= 31) || (a > 1900 && a < 2200))
            ret->has_date = true;
    } else if ((c == ':' && is_digit(t, after) && is_digit(t, after + 1)) ||
               is_clock_suffix(t, *i)) {
        ret->has_time = true;
    } else if (is_unit(t, *i)) {
        ret->has_number_reading = true;
    }
}

/* Seven to fifteen digits (E.164) with the usual signs between; not an ISO date. */
static bool is_phone(str run)
{
    size_t digits = 0;
    for (size_t i = 0; i < run.n; i++)
        digits += is_digit(run, i);
    bool iso = run.n >= 10 && digits == 8 && run.p[4] == '-' && run.p[7] == '-';
    return digits >= 7 && digits <= 15 && !iso;
}

static void scan_phones(str t, struct content_report *ret)
{
    for (size_t i = 0; i < t.n; i++) {
        size_t end = i;
        while (end < t.n && (is_digit(t, end) || memchr(" ()+-.", t.p[end], 6)))
            end++;
        if (end > i && is_phone(str_trim(str_sub(t, i, end))))
            ret->has_phone = true;
        i = end;
    }
}

static void scan_plain(str text, struct content_report *ret)
{
    scan_phones(text, ret);
    for (size_t i = 0; i < text.n;) {
        if (is_digit(text, i))
            scan_number(text, &i, ret);
        else
            i++;
    }
}

static bool is_word_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '_';
}

/* The drawn word of one of our links: its letters say nothing, "7mg" among them neither. */
static bool is_drawn(str t, size_t i)
{
    size_t n = 0;
    while (i + n < t.n && n <= CONTENT_LINK_WORD && is_word_char(t.p[i + n]))
        n++;
    return n == CONTENT_LINK_WORD;
}

void content_scan_figures(str text, struct content_report *ret)
{
    const str path = STR(CONTENT_LINK_PATH);
    size_t from = 0;
    for (size_t at; (at = str_find(text, path, from)) != SIZE_MAX;) {
        from = at + path.n;
        if (!is_drawn(text, from))
            continue;
        scan_plain(str_sub(text, 0, at), ret);
        text = str_sub(text, from + CONTENT_LINK_WORD, text.n);
        from = 0;
    }
    scan_plain(text, ret);
}
