/* Values of one direction in texts of the other (Unicode Standard Annex #9, rules W2, W7, N1, P2,
 * P3). Arabic is the one language here that reads from right to left. */
#include "base/bidi.h"

enum side { SIDE_NONE, SIDE_LEFT /* L */, SIDE_RIGHT /* R, AL */ };

/* Letters of right-to-left scripts and marks; what is neither these nor punctuation is L. */
static enum side side_of(uint32_t c)
{
    if (c == 0x200f || c == 0x061c || (c >= 0x0590 && c <= 0x08ff && c != 0x060c) ||
        (c >= 0xfb1d && c <= 0xfdff) || (c >= 0xfe70 && c <= 0xfefc))
        return SIDE_RIGHT;
    if (((c | 32) >= 'a' && (c | 32) <= 'z') || c == 0x200e)
        return SIDE_LEFT;
    bool apart = c < 0xc0 || c == 0xd7 || c == 0xf7 || (c >= 0x2000 && c <= 0x2fff);
    return apart || c == 0x060c ? SIDE_NONE : SIDE_LEFT;
}

static bool digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

/* Of a text: its first letter; its first and last sign; is there any of either? */
struct sides {
    enum side letter, first, last;
    bool left, right, digits;
};

static struct sides sides_of(str text)
{
    struct sides w = {.letter = SIDE_NONE};
    for (size_t i = 0; i < text.n;) {
        bool starts = i == 0;
        uint32_t c = str_utf8_next(text, &i);
        w.last = side_of(c);
        w.letter = w.letter == SIDE_NONE ? w.last : w.letter;
        w.first = starts ? w.last : w.first;
        w.left = w.left || w.last == SIDE_LEFT;
        w.right = w.right || w.last == SIDE_RIGHT;
        w.digits = w.digits || digit(c);
        if (digit(c)) /* after the mark they are L (W7) */
            w.last = SIDE_LEFT;
    }
    return w;
}

/* "911", "16:45", "1,200": digits, and between two of them one sign that W4 makes part of them. */
static bool one_number(str value)
{
    for (size_t i = 0; i < value.n; i++) {
        bool sign = i > 0 && i + 1 < value.n && memchr(":.,/", value.p[i], 4) != NULL &&
                    digit((unsigned char)value.p[i - 1]) && digit((unsigned char)value.p[i + 1]);
        if (!sign && !digit((unsigned char)value.p[i]))
            return false;
    }
    return true;
}

str bidi_value(struct op *op, enum language into, str value)
{
    if (into != LANGUAGE_AR || one_number(value) || str_find(value, STR("://"), 0) != SIZE_MAX)
        return value;
    struct sides w = sides_of(value);
    if (w.right || !(w.left || w.digits))
        return value;
    return arena_printf(op->arena, "%s%.*s%s" BIDI_RLM, w.first == SIDE_LEFT ? "" : BIDI_LRM,
                        STR_ARG(value), w.last == SIDE_LEFT ? "" : BIDI_LRM);
}

str bidi_text(struct op *op, enum language of, str text)
{
    bool turned = of == LANGUAGE_AR && sides_of(text).letter == SIDE_LEFT;
    return turned ? arena_cat(op->arena, STR(BIDI_RLM), text) : text;
}
