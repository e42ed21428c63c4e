/* Texts taken apart: words and {names}. Pure; every byte of the text is in exactly one part, or it
 * is a brace. */
#include "campaign/words_int.h"

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static err bad(struct op *op, size_t at)
{
    return fail(op, ERR_INVALID, "A brace at byte %zu is open, empty or holds more than a name.",
                at);
}

struct parsing {
    struct op *op;
    struct words_part *parts;
    size_t n;
};

static err add(struct parsing *p, bool variable, str text, size_t at)
{
    if (!variable && str_empty(text))
        return OK;
    if (p->n == WORDS_PARTS_MAX)
        return fail(p->op, ERR_TOO_LARGE, "A text has at most %u variables and pieces.",
                    WORDS_PARTS_MAX);
    p->parts[p->n++] = (struct words_part){variable, text, at};
    return OK;
}

err words_parse(struct op *op, str in, struct words_part **ret, size_t *ret_n)
{
    struct parsing p = {.op = op};
    size_t from = 0, i = 0;
    if (in.n > WORDS_TEXT_MAX)
        return fail(op, ERR_TOO_LARGE, "A text has at most %u bytes.", WORDS_TEXT_MAX);
    p.parts = ARENA_ARRAY(op->arena, struct words_part, WORDS_PARTS_MAX);
    TRY(op_check(op));
    while (i < in.n) {
        char c = in.p[i];
        if (c != '{' && c != '}') {
            i++;
            continue;
        }
        if (i + 1 < in.n && in.p[i + 1] == c) { /* a brace itself: the first of the two stays */
            TRY(add(&p, false, str_sub(in, from, i + 1), from));
            from = i += 2;
            continue;
        }
        size_t end = i + 1;
        while (end < in.n && name_char(in.p[end]))
            end++;
        if (c == '}' || end == i + 1 || end == in.n || in.p[end] != '}' ||
            end - i - 1 > WORDS_NAME_MAX)
            return bad(op, i);
        TRY(add(&p, false, str_sub(in, from, i), from));
        TRY(add(&p, true, str_sub(in, i + 1, end), i));
        from = i = end + 1;
    }
    TRY(add(&p, false, str_sub(in, from, in.n), from));
    *ret = p.parts;
    *ret_n = p.n;
    return OK;
}

err words_fill_text(struct op *op, str text, words_value_fn *fn, void *ctx, str *ret)
{
    struct words_part *parts;
    struct buf b;
    size_t n;
    TRY(words_parse(op, text, &parts, &n));
    buf_init(&b, op->arena, (size_t)4 * WORDS_TEXT_MAX);
    for (size_t i = 0; i < n; i++) {
        str value = parts[i].text;
        if (parts[i].variable)
            TRY(fn(op, ctx, parts[i].text, &value));
        buf_add(&b, value);
    }
    if (!buf_ok(&b))
        return fail(op, ERR_TOO_LARGE, "The words are too long when they are filled.");
    *ret = buf_str(&b);
    return OK;
}
