/* Does a recall concern a device? Pure. Invariant: what cannot be decided is to be checked, never
 * left out; only what the text itself rules out is not concerned. */
#include "fleet/recall_int.h"

const char *const RECALL_HOW_CODES[RECALL_HOWS] = {"",         "check", "model", "udi",
                                                   "firmware", "lot",   "serial"};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

str udi_part(str hrf, const char *ai)
{
    size_t at = 0;
    while ((at = str_find_char(hrf, '(', at)) != SIZE_MAX) {
        size_t close = str_find_char(hrf, ')', at);
        if (close == SIZE_MAX)
            return STR_NONE;
        size_t end = str_find_char(hrf, '(', close);
        if (str_eq(str_sub(hrf, at + 1, close), str_of(ai)))
            return str_trim(str_sub(hrf, close + 1, end == SIZE_MAX ? hrf.n : end));
        at = close;
    }
    return STR_NONE;
}

static str next_word(str *io)
{
    size_t from = 0, to;
    while (from < io->n && !is_word(io->p[from]))
        from++;
    for (to = from; to < io->n && is_word(io->p[to]);)
        to++;
    str word = str_sub(*io, from, to);
    *io = str_sub(*io, to, io->n);
    return word;
}

str firm_key(struct op *op, str firm)
{
    str rest = firm, word;
    while ((word = next_word(&rest)).n)
        if (word.n >= 3 && !str_eq_nocase(word, STR("the"))) {
            char *p = arena_alloc(op->arena, word.n + 1);
            for (size_t i = 0; p && i < word.n; i++)
                p[i] = (char)(word.p[i] >= 'A' && word.p[i] <= 'Z' ? word.p[i] - 'A' + 'a'
                                                                   : word.p[i]);
            return p ? str_make(p, word.n) : STR_NONE;
        }
    return STR_NONE;
}

/* Does it stand in the text, whole, in any letters? */
static bool has_phrase(str text, str phrase)
{
    if (!phrase.n)
        return false;
    for (size_t i = 0; i + phrase.n <= text.n; i++)
        if ((i == 0 || !is_word(text.p[i - 1])) &&
            (i + phrase.n == text.n || !is_word(text.p[i + phrase.n])) &&
            str_eq_nocase(str_sub(text, i, i + phrase.n), phrase))
            return true;
    return false;
}

/* ---- UDI-DI ---- */

static str as_gtin(struct op *op, str digits)
{
    return digits.n == 14
               ? digits
               : arena_printf(op->arena, "%.*s%.*s", (int)(14 - digits.n), "00", STR_ARG(digits));
}

static bool next_gtin(struct op *op, str *io, str *ret)
{
    size_t i = 0;
    while (i < io->n) {
        size_t from = i;
        while (i < io->n && is_digit(io->p[i]))
            i++;
        if (i - from >= 12 && i - from <= 14 && (from == 0 || !is_word(io->p[from - 1])) &&
            (i == io->n || !is_word(io->p[i]))) {
            *ret = as_gtin(op, str_sub(*io, from, i));
            *io = str_sub(*io, i, io->n);
            return true;
        }
        i += i == from;
    }
    *io = STR_NONE;
    return false;
}

str recall_gtin(struct op *op, const struct recall *r, size_t n)
{
    str texts[2] = {r->product, r->codes}, found;
    for (size_t t = 0; t < 2; t++)
        while (next_gtin(op, &texts[t], &found))
            if (!n--)
                return found;
    return STR_NONE;
}

/* ---- product ---- */

/* Enough of a word to say which model it is. */
static bool says_much(str model)
{
    bool digit = false;
    for (size_t i = 0; i < model.n; i++)
        digit |= is_digit(model.p[i]);
    return model.n >= 4 || (model.n >= 2 && digit);
}

static bool is_firm(struct op *op, str firm, str maker)
{
    str a = firm_key(op, firm), b = firm_key(op, maker);
    return a.n && str_eq(a, b);
}

bool recall_product(struct op *op, const struct recall *r, const struct unit *u, bool *ret_di)
{
    str texts[2] = {r->product, r->codes}, found;
    *ret_di = false;
    for (size_t t = 0; u->di.n && t < 2; t++)
        while (next_gtin(op, &texts[t], &found))
            if (str_eq(found, u->di.n < 14 && u->di.n >= 12 ? as_gtin(op, u->di) : u->di)) {
                *ret_di = true;
                return true;
            }
    if (!is_firm(op, r->firm, u->maker))
        return false;
    return (says_much(u->model) &&
            (has_phrase(r->product, u->model) || has_phrase(r->codes, u->model))) ||
           (u->name.n >= 6 && has_phrase(r->product, u->name));
}

enum recall_how recall_match(struct op *op, const struct recall *r, const struct unit *u)
{
    bool di;
    if (!recall_product(op, r, u, &di))
        return RECALL_NO;
    enum recall_how how = recall_codes(op, r->codes, u);
    if (how != RECALL_MODEL)
        return how;
    if (di)
        return RECALL_UDI;
    /* it names other devices of the maker by their numbers: this one may be one of them */
    return u->di.n && recall_gtin(op, r, 0).n ? RECALL_CHECK : RECALL_MODEL;
}
