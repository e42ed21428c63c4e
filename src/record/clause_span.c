/* Ranges of keys for dates, numbers and quantities, by R4's prefixes
 * (https://hl7.org/fhir/R4/search.html#prefix). A stored date is [lo, hi), the asked one [from,
 * to). Keys order dates by lo and carry the class of common lengths, so hi is known exactly for
 * those; others have a second key ordered by hi. Invariant: a range set finds every resource that
 * fhir_query_match() would, and only says `verify` where it may find more. */
#include "record/record_int.h"

#define FIRST INT64_MIN
#define LAST INT64_MAX

/* Values in [from, to) of what starts with k. */
static struct store_range times(struct range_set *s, const struct kb *k, int64_t from, int64_t to)
{
    struct kb lo = *k, hi = *k;
    if (from != FIRST)
        kb_time(&lo, from);
    if (to != LAST)
        kb_time(&hi, to);
    else
        hi.n = 0;
    return range_between(s->op->arena, k, &lo, &hi);
}

/* lo in [from, to) of one class of length, or of any (class < 0). */
static void low(struct range_set *s, int where, const struct kb *k, int64_t from, int64_t to,
                int class)
{
    if (from >= to)
        return;
    struct store_range r = times(s, k, from, to);
    if (class >= 0) {
        char byte = (char)class;
        r.mask = arena_str(s->op->arena, str_make(&byte, 1));
        r.mask_at = (uint16_t)(k->n + TIME_BYTES);
    }
    range_add(s, where, r);
}

/* hi in [from, to), of the dates of uncommon length. */
static void high(struct range_set *s, int where, const struct kb *k, int64_t from, int64_t to)
{
    struct kb ends = kb_ends(k);
    if (from < to)
        range_add(s, where, times(s, &ends, from, to));
}

#define BOTH (IN_OR | IN_AND)

/* Ends after v; what starts from `known` on is asked for already. */
static void ends_after(struct range_set *s, const struct kb *k, int64_t v, int64_t known)
{
    int64_t to = v < known ? v : known;
    low(s, BOTH, k, v, known, -1);
    for (int c = 1; c < (int)SPAN_CLASSES; c++)
        low(s, BOTH, k, v - span_ms[c] + 1, to, c);
    high(s, BOTH, k, v + 1, LAST);
}

static void ends_by(struct range_set *s, const struct kb *k, int64_t v)
{
    for (int c = 0; c < (int)SPAN_CLASSES; c++)
        low(s, BOTH, k, FIRST, v - span_ms[c] + 1, c);
    high(s, BOTH, k, FIRST, v + 1);
}

static void inside(struct range_set *s, const struct kb *k, int64_t from, int64_t to)
{
    for (int c = 0; c < (int)SPAN_CLASSES; c++)
        low(s, BOTH, k, from, to - span_ms[c] + 1, c);
    low(s, IN_OR, k, from, to, SPAN_OTHER);
    high(s, IN_AND, k, from + 1, to + 1);
    s->two_dim = true;
}

static void overlaps(struct range_set *s, const struct kb *k, int64_t from, int64_t to)
{
    for (int c = 0; c < (int)SPAN_CLASSES; c++)
        low(s, BOTH, k, from - span_ms[c] + 1, to, c);
    low(s, IN_OR, k, FIRST, to, SPAN_OTHER);
    high(s, IN_AND, k, from + 1, LAST);
    s->two_dim = true;
}

void ranges_date(struct range_set *s, const struct kb *k, const struct fhir_value *v)
{
    switch (v->prefix) {
    case PREFIX_EQ:
        inside(s, k, v->lo, v->hi);
        break;
    case PREFIX_NE:
        low(s, BOTH, k, FIRST, v->lo, -1);
        ends_after(s, k, v->hi, LAST);
        break;
    case PREFIX_GT:
        ends_after(s, k, v->hi, LAST);
        break;
    case PREFIX_GE: /* what starts from hi on starts from lo on */
        low(s, BOTH, k, v->lo, LAST, -1);
        ends_after(s, k, v->hi, v->lo);
        break;
    case PREFIX_LT:
        low(s, BOTH, k, FIRST, v->lo, -1);
        break;
    case PREFIX_LE:
        low(s, BOTH, k, FIRST, v->lo, -1);
        ends_by(s, k, v->hi);
        break;
    case PREFIX_SA:
        low(s, BOTH, k, v->hi, LAST, -1);
        break;
    case PREFIX_EB:
        ends_by(s, k, v->lo);
        break;
    case PREFIX_AP: /* the reader has widened it */
        overlaps(s, k, v->lo, v->hi);
        break;
    }
}

static str unit_mask(struct range_set *s, const struct fhir_value *v, size_t *ret_at)
{
    struct blinder b = {.store = s->rec->store};
    struct kb m;
    m.n = 0;
    if (!str_empty(v->code))
        kb_top(&m, blind(&b, BLIND_UNIT, v->code), 3);
    else
        *ret_at += 3;
    if (v->has_system)
        kb_top(&m, blind(&b, BLIND_SYSTEM, v->system), 3);
    return kb_str(s->op->arena, &m);
}

struct bounds {
    const struct kb *k;
    str mask;
    size_t mask_at;
};

/* Values in [from, to), or to the ends where has_* is false. */
static void between(struct range_set *s, const struct bounds *b, const double *from,
                    const double *to)
{
    struct kb lo = *b->k, hi = *b->k;
    if (from)
        kb_double(&lo, *from);
    if (to)
        kb_double(&hi, *to);
    else
        hi.n = 0;
    struct store_range r = range_between(s->op->arena, b->k, &lo, &hi);
    r.mask = b->mask;
    r.mask_at = (uint16_t)b->mask_at;
    range_add(s, BOTH, r);
}

/* The next double above v: makes "greater than" a closed lower bound. */
static double above(double v)
{
    uint64_t bits;
    double plain = v + 0.0;
    memcpy(&bits, &plain, sizeof bits);
    bits = bits >> 63 ? bits - 1 : bits + 1;
    if (plain == 0.0)
        bits = 1;
    memcpy(&plain, &bits, sizeof plain);
    return plain;
}

void ranges_number(struct range_set *s, const struct kb *k, const struct fhir_value *v,
                   enum fhir_param_type type)
{
    struct bounds b = {.k = k, .mask_at = k->n + 8u};
    struct fhir_value base;
    struct kb in_base = kb_ends(k);
    struct blinder blinder = {.store = s->rec->store};
    if (type == PARAM_QUANTITY && fhir_value_base(s->op->arena, v, &base)) {
        kb_top(&in_base, blind(&blinder, BLIND_UNIT, base.code), 3);
        b.k = &in_base;
        v = &base;
    } else if (type == PARAM_QUANTITY) {
        b.mask = unit_mask(s, v, &b.mask_at);
    }
    double n = v->number, next = above(n), near = above(v->num_hi);
    switch (v->prefix) {
    case PREFIX_EQ:
        between(s, &b, &v->num_lo, &v->num_hi);
        break;
    case PREFIX_NE:
        between(s, &b, NULL, &v->num_lo);
        between(s, &b, &v->num_hi, NULL);
        break;
    case PREFIX_GT:
    case PREFIX_SA:
        between(s, &b, &next, NULL);
        break;
    case PREFIX_LT:
    case PREFIX_EB:
        between(s, &b, NULL, &n);
        break;
    case PREFIX_GE:
        between(s, &b, &n, NULL);
        break;
    case PREFIX_LE:
        between(s, &b, NULL, &next);
        break;
    case PREFIX_AP:
        between(s, &b, &v->num_lo, &near);
        break;
    }
}
