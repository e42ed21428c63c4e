/* UCUM unit text → factor, dimensions and special function, by the grammar of the specification
 * (§ 7-10, case-sensitive). Does not convert (ucum_convert.c).
 * Invariant: depth, length and powers are bounded; whatever the bytes, it ends in a verdict. */
#include "fhir/ucum_int.h"

#define SYMBOL_MAX 32

struct reader {
    str text;
    size_t at;
    unsigned depth;
    const char *fault;
};

static const struct ucum_unit unity = {.factor = {.m = 1}, .prefix = {.m = 1}};

static char peek(const struct reader *r)
{
    return r->at < r->text.n ? r->text.p[r->at] : '\0';
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool fault(struct reader *r, const char *what)
{
    if (!r->fault)
        r->fault = what;
    return false;
}

/* ---- algebra ---- */

static bool power_ok(int power)
{
    return power <= UCUM_POWER_MAX && power >= -UCUM_POWER_MAX;
}

static bool factor_ok(struct ucum_num v)
{
    return v.m != 0 && v.e < 900 && v.e > -900;
}

static bool merge_arbitrary(struct ucum_unit *a, uint16_t unit, int power)
{
    uint8_t i = 0, n = a->n_arbitrary;
    while (i < n && a->arbitrary[i].unit < unit)
        i++;
    if (i < n && a->arbitrary[i].unit == unit) {
        power += a->arbitrary[i].power;
        a->arbitrary[i].power = (int16_t)power;
        if (power == 0) {
            memmove(&a->arbitrary[i], &a->arbitrary[i + 1],
                    (size_t)(n - i - 1) * sizeof a->arbitrary[0]);
            a->n_arbitrary--;
        }
        return power_ok(power);
    }
    if (n == UCUM_ARBITRARY_MAX)
        return false;
    memmove(&a->arbitrary[i + 1], &a->arbitrary[i], (size_t)(n - i) * sizeof a->arbitrary[0]);
    a->arbitrary[i].unit = unit;
    a->arbitrary[i].power = (int16_t)power;
    a->n_arbitrary++;
    return power_ok(power);
}

bool ucum_combine(const struct ucum_unit *a, const struct ucum_unit *b, bool over,
                  struct ucum_unit *ret)
{
    struct ucum_unit out = *a;
    bool ok = !a->special && !b->special;
    if (!ok)
        return false;
    out.factor = over ? ucum_num_div(a->factor, b->factor) : ucum_num_mul(a->factor, b->factor);
    ok = factor_ok(out.factor);
    for (size_t i = 0; i < UCUM_BASES; i++) {
        int power = over ? a->dim[i] - b->dim[i] : a->dim[i] + b->dim[i];
        out.dim[i] = (int16_t)power;
        ok &= power_ok(power);
    }
    for (uint8_t i = 0; ok && i < b->n_arbitrary; i++)
        ok = merge_arbitrary(&out, b->arbitrary[i].unit,
                             over ? -b->arbitrary[i].power : b->arbitrary[i].power);
    if (ok)
        *ret = out;
    return ok;
}

/* Special units stand alone, but for numbers before them: 10.Cel is refused too, as it has two
 * readings. */
static bool join(struct reader *r, struct ucum_unit *a, const struct ucum_unit *b, bool over)
{
    if (a->special || b->special)
        return fault(r, "a special unit (such as Cel or [pH]) stands alone");
    return ucum_combine(a, b, over, a) || fault(r, "its powers are too high");
}

static bool raise(struct reader *r, struct ucum_unit *u, int power)
{
    struct ucum_unit out = unity;
    if (power == 1)
        return true;
    if (u->special)
        return fault(r, "a special unit has no power");
    for (int i = power < 0 ? -power : power; i > 0; i--)
        if (!join(r, &out, u, power < 0))
            return false;
    *u = out;
    return true;
}

/* ---- grammar ---- */

static bool term(struct reader *r, struct ucum_unit *ret);

static bool annotation(struct reader *r)
{
    if (peek(r) != '{')
        return true;
    size_t end = str_find_char(r->text, '}', r->at);
    if (end == SIZE_MAX)
        return fault(r, "an annotation ends with }");
    for (size_t i = r->at + 1; i < end; i++)
        if (r->text.p[i] < '!' || r->text.p[i] > '~' || r->text.p[i] == '{')
            return fault(r, "an annotation has no white space, { or letters beyond ASCII");
    r->at = end + 1;
    return true;
}

static bool exponent(struct reader *r, int *ret)
{
    char sign = peek(r);
    uint64_t n = 0;
    if (sign == '+' || sign == '-')
        r->at++;
    else if (!digit(sign))
        return true;
    str rest = str_sub(r->text, r->at, r->text.n);
    size_t before = rest.n;
    if (!str_take_u64(&rest, UCUM_POWER_MAX, &n))
        return fault(r, "a power is a whole number of at most 99");
    r->at += before - rest.n;
    *ret = sign == '-' ? -(int)n : (int)n;
    return true;
}

/* The letters of a unit: up to an operator, a digit or a sign outside of brackets. */
static str symbol_text(struct reader *r)
{
    size_t start = r->at;
    bool inside = false;
    if (digit(peek(r))) /* 10* or 10^ */
        r->at += 3;
    for (; r->at < r->text.n; r->at++) {
        char c = peek(r);
        if (!inside && (digit(c) || strchr("./(){}+-", c)))
            break;
        if ((c == '[' && inside) || c < '!' || c > '~')
            break;
        inside = c == '[' || (inside && c != ']');
    }
    return str_sub(r->text, start, r->at);
}

static bool symbol(struct reader *r, struct ucum_unit *ret)
{
    const struct prefix_row *prefix = NULL;
    const struct unit_row *row = NULL;
    struct ucum_unit u = unity;
    int power = 1;
    str text = symbol_text(r);
    if (text.n == 0 || text.n > SYMBOL_MAX || !ucum_symbol(text, &prefix, &row))
        return fault(r, "it has a symbol that UCUM does not know");
    if (!exponent(r, &power))
        return false;
    u.factor = ucum_num_make(row->hi, row->lo, row->e);
    for (size_t i = 0; i < UCUM_BASES; i++)
        u.dim[i] = row->dim[i];
    u.special = row->function;
    if (row->arbitrary && !merge_arbitrary(&u, (uint16_t)(row->arbitrary - 1), 1))
        return fault(r, "it has too many arbitrary units");
    if (prefix && u.special)
        u.prefix = ucum_num_make(prefix->hi, prefix->lo, prefix->e);
    else if (prefix)
        u.factor = ucum_num_mul(u.factor, ucum_num_make(prefix->hi, prefix->lo, prefix->e));
    if (!raise(r, &u, power))
        return false;
    *ret = u;
    return true;
}

static bool number(struct reader *r, struct ucum_unit *ret)
{
    uint64_t n = 0;
    str rest = str_sub(r->text, r->at, r->text.n);
    size_t before = rest.n;
    if (!str_take_u64(&rest, 1000000000000000ULL, &n) || n == 0)
        return fault(r, "a number in a unit is at least 1 and at most 10^15");
    r->at += before - rest.n;
    *ret = unity;
    ret->factor.m = (__int128)n;
    return true;
}

static bool ten(const struct reader *r)
{
    str rest = str_sub(r->text, r->at, r->text.n);
    return str_starts(rest, STR("10*")) || str_starts(rest, STR("10^"));
}

static bool component(struct reader *r, struct ucum_unit *ret)
{
    bool ok;
    *ret = unity;
    if (peek(r) == '{')
        return annotation(r);
    if (peek(r) == '(') {
        r->at++;
        if (++r->depth > UCUM_DEPTH_MAX)
            return fault(r, "it is nested too deep");
        if (!term(r, ret))
            return false;
        if (peek(r) != ')')
            return fault(r, "a ( ends with )");
        r->at++;
        r->depth--;
        return annotation(r);
    }
    ok = digit(peek(r)) && !ten(r) ? number(r, ret) : symbol(r, ret);
    return ok && annotation(r);
}

static bool term(struct reader *r, struct ucum_unit *ret)
{
    struct ucum_unit all = unity, one;
    bool first = true;
    for (;;) {
        bool over = peek(r) == '/';
        if (over || (peek(r) == '.' && !first))
            r->at++;
        if (!component(r, &one))
            return false;
        if (first && !over)
            all = one;
        else if (!join(r, &all, &one, over))
            return false;
        first = false;
        if (peek(r) != '.' && peek(r) != '/')
            break;
    }
    *ret = all;
    return true;
}

const char *ucum_parse(str code, struct ucum_unit *ret)
{
    struct reader r = {.text = code};
    struct ucum_unit u;
    if (code.n == 0)
        return "it is empty";
    if (code.n > UCUM_TEXT_MAX)
        return "it is longer than 256 bytes";
    if (!term(&r, &u))
        return r.fault;
    if (r.at != code.n)
        return "it goes on after its end";
    *ret = u;
    return NULL;
}

bool ucum_valid(str code)
{
    struct ucum_unit u;
    return ucum_parse(code, &u) == NULL;
}
