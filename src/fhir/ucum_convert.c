/* Conversion of values between UCUM units, by way of the base units; canonical text; names.
 * Source: https://ucum.org/ucum § 21-22 (special units). Invariant: a conversion that has no answer
 * is refused, never approximated by something else. */
#include "base/buf.h"
#include "fhir/ucum_int.h"

#include <math.h>

bool ucum_comparable(const struct ucum_unit *a, const struct ucum_unit *b)
{
    if (memcmp(a->dim, b->dim, sizeof a->dim) != 0 || a->n_arbitrary != b->n_arbitrary)
        return false;
    for (uint8_t i = 0; i < a->n_arbitrary; i++)
        if (a->arbitrary[i].unit != b->arbitrary[i].unit ||
            a->arbitrary[i].power != b->arbitrary[i].power)
            return false;
    return true;
}

/* Zero point of a temperature scale, in its own degrees below its zero. */
static bool offset_of(uint8_t function, struct ucum_num *ret)
{
    if (function == FN_CEL)
        *ret = (struct ucum_num){.m = 27315, .e = -2};
    else if (function == FN_DEG_F)
        *ret = (struct ucum_num){.m = 45967, .e = -2};
    else if (function == FN_DEG_RE)
        *ret = (struct ucum_num){.m = 21852, .e = -2};
    else
        return false;
    return true;
}

/* A value on a special scale as a plain number of its unit, and back; NAN when there is none. */
static double unbend(enum ucum_function f, double v)
{
    switch (f) {
    case FN_TAN:
        return atan(v / 100);
    case FN_HP_X:
        return pow(10, -v);
    case FN_HP_C:
        return pow(100, -v);
    case FN_HP_M:
        return pow(1000, -v);
    case FN_HP_Q:
        return pow(50000, -v);
    case FN_PH:
        return pow(10, -v);
    case FN_LN:
        return exp(v);
    case FN_LG:
        return pow(10, v);
    case FN_LG2:
        return pow(10, v / 2);
    case FN_SQRT:
        return v * v;
    case FN_LD:
        return exp2(v);
    case FN_NONE:
    case FN_CEL:
    case FN_DEG_F:
    case FN_DEG_RE:
        break;
    }
    return v;
}

static double bend(enum ucum_function f, double v)
{
    switch (f) {
    case FN_TAN:
        return 100 * tan(v);
    case FN_HP_X:
    case FN_PH:
        return -log10(v);
    case FN_HP_C:
        return -log10(v) / 2;
    case FN_HP_M:
        return -log10(v) / 3;
    case FN_HP_Q:
        return -log10(v) / log10(50000);
    case FN_LN:
        return log(v);
    case FN_LG:
        return log10(v);
    case FN_LG2:
        return 2 * log10(v);
    case FN_SQRT:
        return sqrt(v);
    case FN_LD:
        return log2(v);
    case FN_NONE:
    case FN_CEL:
    case FN_DEG_F:
    case FN_DEG_RE:
        break;
    }
    return v;
}

static bool through_double(double (*fn)(enum ucum_function, double), uint8_t function,
                           struct ucum_num *v)
{
    double out = fn((enum ucum_function)function, ucum_num_double(*v));
    if (!isfinite(out))
        return false;
    *v = ucum_num_of(out);
    return true;
}

static bool size_ok(struct ucum_num v)
{
    return v.e > -900 && v.e < 900;
}

bool ucum_base(struct ucum_num v, const struct ucum_unit *unit, struct ucum_num *ret)
{
    struct ucum_num zero;
    if (!size_ok(v))
        return false;
    if (unit->special) {
        v = ucum_num_mul(v, unit->prefix);
        if (offset_of(unit->special, &zero))
            v = ucum_num_add(v, zero);
        else if (!through_double(unbend, unit->special, &v))
            return false;
    }
    *ret = ucum_num_mul(v, unit->factor);
    return true;
}

bool ucum_convert(struct ucum_num v, const struct ucum_unit *from, const struct ucum_unit *to,
                  struct ucum_num *ret)
{
    struct ucum_num zero, out;
    if (!ucum_comparable(from, to) || !ucum_base(v, from, &out))
        return false;
    out = ucum_num_div(out, to->factor);
    if (to->special) {
        if (offset_of(to->special, &zero)) {
            zero.m = -zero.m;
            out = ucum_num_add(out, zero);
        } else if (!through_double(bend, to->special, &out)) {
            return false;
        }
        out = ucum_num_div(out, to->prefix);
    }
    *ret = out;
    return true;
}

bool ucum_convert_code(double v, str from, str to, double *ret)
{
    struct ucum_unit a, b;
    struct ucum_num out;
    if (!isfinite(v) || ucum_parse(from, &a) || ucum_parse(to, &b) ||
        !ucum_convert(ucum_num_of(v), &a, &b, &out))
        return false;
    *ret = ucum_num_double(ucum_num_round(out, 15));
    return true;
}

/* ---- texts ---- */

static void add_part(struct buf *b, const char *code, int power)
{
    if (power == 0)
        return;
    if (b->n)
        buf_char(b, '.');
    buf_add(b, str_of(code));
    if (power != 1)
        buf_printf(b, "%d", power);
}

str ucum_base_code(struct arena *a, const struct ucum_unit *unit)
{
    struct buf b;
    buf_init(&b, a, 1024);
    for (uint8_t i = 0; i < unit->n_arbitrary; i++)
        add_part(&b, ucum_unit_name(unit->arbitrary[i].unit), unit->arbitrary[i].power);
    for (size_t i = 0; i < UCUM_BASES; i++)
        add_part(&b, ucum_base_name(i), unit->dim[i]);
    return !buf_ok(&b) ? STR_NONE : b.n ? buf_str(&b) : STR("1");
}

/* One symbol with its power at the start of *s: "mm2" → "(millimeter ^ 2)". */
static void name_symbol(struct buf *b, str *s)
{
    const struct prefix_row *prefix = NULL;
    const struct unit_row *row = NULL;
    size_t n = 0;
    bool inside = false;
    bool ten = str_starts(*s, STR("10*")) || str_starts(*s, STR("10^"));
    for (n = ten ? 3 : 0; n < s->n; n++) {
        char c = s->p[n];
        if (!inside && ((c >= '0' && c <= '9') || strchr("./(){}+-", c)))
            break;
        inside = c == '[' || (inside && c != ']');
    }
    if (n == 0 || !ucum_symbol(str_sub(*s, 0, n), &prefix, &row)) { /* a number or an operator */
        buf_char(b, s->p[0]);
        *s = str_sub(*s, 1, s->n);
        return;
    }
    *s = str_sub(*s, n, s->n);
    n = s->n && (s->p[0] == '-' || s->p[0] == '+');
    while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
        n++;
    buf_printf(b, "(%s%s", prefix ? prefix->name : "", row->name);
    if (n)
        buf_printf(b, " ^ %.*s", (int)n, s->p);
    buf_char(b, ')');
    *s = str_sub(*s, n, s->n);
}

str ucum_display(struct arena *a, str code)
{
    struct buf b;
    if (!ucum_valid(code))
        return STR_NONE;
    buf_init(&b, a, 32u << 10);
    while (code.n) {
        size_t end = code.p[0] == '{' ? str_find_char(code, '}', 0) + 1 : 0;
        if (end) {
            buf_add(&b, str_sub(code, 0, end));
            code = str_sub(code, end, code.n);
        } else if (code.p[0] == '.' || code.p[0] == '/') {
            buf_printf(&b, b.n ? " %c " : "%c ", code.p[0] == '.' ? '*' : '/');
            code = str_sub(code, 1, code.n);
        } else {
            name_symbol(&b, &code);
        }
    }
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}
