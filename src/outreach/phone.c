/* Phone numbers: one spelling to compare and to dial, and the spellings that records use. Knows the
 * North American plan only; other numbers need their country code. Pure. */
#include "outreach/outreach_int.h"

static size_t digits_of(str number, char *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < number.n && n < max; i++)
        if (number.p[i] >= '0' && number.p[i] <= '9')
            out[n++] = number.p[i];
    return n;
}

str phone_plain(struct op *op, str number)
{
    char d[32];
    str t = str_trim(number);
    for (size_t i = 0; i < t.n; i++)
        if (!memchr("+0123456789 ().-/", t.p[i], 17))
            return t;
    size_t n = digits_of(t, d, sizeof d);
    if (n < 7 || n > 15)
        return t;
    const char *lead = t.p[0] == '+' || n == 11 ? "+" : n == 10 ? "+1" : "";
    return arena_printf(op->arena, "%s%.*s", lead, (int)n, d);
}

/* form with its # replaced by the digits. */
static str shaped(struct op *op, const char *form, const char *digits)
{
    char *out = arena_alloc(op->arena, strlen(form) + 1);
    if (!out)
        return STR_NONE;
    for (size_t i = 0; i <= strlen(form); i++)
        out[i] = form[i] == '#' ? *digits++ : form[i];
    return str_of(out);
}

str phone_forms(struct op *op, str number)
{
    static const char *const forms[] = {"1##########",    "##########",        "###-###-####",
                                        "(###) ###-####", "(###)###-####",     "###.###.####",
                                        "### ### ####",   "+1 ### ### ####",   "+1-###-###-####",
                                        "1-###-###-####", "+1 (###) ###-####", "+1 ###-###-####"};
    str plain = phone_plain(op, number);
    struct buf b;
    buf_init(&b, op->arena, 4096);
    buf_url(&b, plain);
    for (size_t i = 0;
         plain.n == 12 && str_starts(plain, STR("+1")) && i < sizeof forms / sizeof forms[0]; i++) {
        buf_char(&b, ',');
        buf_url(&b, shaped(op, forms[i], plain.p + 2));
    }
    return buf_str(&b);
}
