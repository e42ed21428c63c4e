/* UCUM, the Unified Code for Units of Measure (https://ucum.org/ucum, case-sensitive form): reading
 * a unit, telling whether two measure the same kind of thing, converting. The whole essence table
 * (spec/ucum). Pure, no memory but what the caller gives, any thread.
 *
 * Numbers are decimals of 34 digits (as IEEE decimal128); units of temperature and all linear units
 * convert in them. Logarithmic and other special units (pH, B, Np, [p'diop], …) go through double.
 * Arbitrary units ([iU], [arb'U], …) convert only to themselves.
 *
 * For search keys of quantities: store ucum_base() of the value with ucum_base_code() of the unit
 * beside the key as written; a query value converted the same way then finds 1 g by 1000 mg. */
#ifndef WEFT_FHIR_UCUM_H
#define WEFT_FHIR_UCUM_H

#include "base/arena.h"

#define UCUM_TEXT_MAX 256u
#define UCUM_DEPTH_MAX 16u
#define UCUM_POWER_MAX 99
#define UCUM_ARBITRARY_MAX 4u
#define UCUM_BASES 7u /* m s g rad K C cd */

/* ---- decimals: m × 10^e, |m| < 10^34 ---- */
struct ucum_num {
    __int128 m;
    int e;
};
/* JSON number syntax, at most 34 digits and an exponent of three; false when it is not one. */
bool ucum_num_parse(str s, struct ucum_num *ret);
struct ucum_num ucum_num_of(double v); /* finite; 17 digits */
double ucum_num_double(struct ucum_num v);
/* Plain decimal text (no exponent) of at most digits significant ones, rounded half to even,
 * without trailing zeros; empty when it would be longer than 60 characters. */
str ucum_num_text(struct arena *a, struct ucum_num v, int digits);
struct ucum_num ucum_num_mul(struct ucum_num a, struct ucum_num b);
struct ucum_num ucum_num_div(struct ucum_num a, struct ucum_num b); /* b is not 0 */
struct ucum_num ucum_num_add(struct ucum_num a, struct ucum_num b);
struct ucum_num ucum_num_round(struct ucum_num v, int digits);
int ucum_num_cmp(struct ucum_num a, struct ucum_num b);

/* ---- units ---- */
struct ucum_unit {
    struct ucum_num factor; /* of the unit in base units; of a special unit see convert */
    struct ucum_num prefix; /* of a special unit, as in mCel; else 1 */
    int16_t dim[UCUM_BASES];
    uint8_t special; /* 0 = linear */
    uint8_t n_arbitrary;
    struct {
        uint16_t unit;
        int16_t power;
    } arbitrary[UCUM_ARBITRARY_MAX]; /* sorted by unit */
};
/* NULL when code is a UCUM unit (then *ret is set), else what is wrong with it, for a message. */
const char *ucum_parse(str code, struct ucum_unit *ret);
bool ucum_valid(str code);
bool ucum_comparable(const struct ucum_unit *a, const struct ucum_unit *b);
/* v of one unit in the other; false when they are not comparable or there is no such value. */
bool ucum_convert(struct ucum_num v, const struct ucum_unit *from, const struct ucum_unit *to,
                  struct ucum_num *ret);
/* The same by code, in double. */
bool ucum_convert_code(double v, str from, str to, double *ret);
/* v in base units, and the text of these: "g.m-3", "1", "[iU].m-3". Units are comparable when
 * their texts are equal. */
bool ucum_base(struct ucum_num v, const struct ucum_unit *unit, struct ucum_num *ret);
str ucum_base_code(struct arena *a, const struct ucum_unit *unit);
/* Product and quotient of two units, for arithmetic; false for special units or past the limits. */
bool ucum_combine(const struct ucum_unit *a, const struct ucum_unit *b, bool divide,
                  struct ucum_unit *ret);
/* What it is called: "(milligram) / (deciliter)". Empty when code is no unit. */
str ucum_display(struct arena *a, str code);

#endif
