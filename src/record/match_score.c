/* How much two descriptions of a person agree: each element at one level, each level a weight
 * (spec/ record/match.csv), their sum a probability. Pure. Invariant: what one of them does not say
 * counts neither for nor against, and every weight that counted is told. */
#include "record/match_int.h"

#include "match_gen.h"

#include <math.h>

#define CERTAIN 0.99
#define PROBABLE 0.9
#define POSSIBLE 0.3
#define PHONE_DIGITS 9u

static void keep(struct match_list *l, str s)
{
    for (size_t i = 0; i < l->n; i++)
        if (str_eq(l->at[i], s))
            return;
    if (s.n && l->n < MATCH_LIST)
        l->at[l->n++] = s;
}

static void each(struct op *op, const struct json *list, const char *member, struct match_list *to)
{
    const struct json *one;
    for (size_t i = 0; (one = json_at(list, i)); i++) {
        const struct json *v = json_get(one, str_of(member));
        if (json_is(v, JSON_STRING))
            keep(to, fhir_fold(op->arena, v->u.s));
        for (size_t k = 0; json_at(v, k); k++)
            keep(to, fhir_fold(op->arena, json_str(json_at(v, k))));
    }
}

static str digits(struct arena *a, str s)
{
    char *p = arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; p && i < s.n; i++)
        if (s.p[i] >= '0' && s.p[i] <= '9')
            p[n++] = s.p[i];
    return n > PHONE_DIGITS ? str_make(p + n - PHONE_DIGITS, PHONE_DIGITS) : str_make(p, n);
}

static void telecoms(struct op *op, const struct json *list, struct features *f)
{
    const struct json *one;
    for (size_t i = 0; (one = json_at(list, i)); i++) {
        str system = json_get_str(one, STR("system")), value = json_get_str(one, STR("value"));
        if (str_eq(system, STR("email")))
            keep(&f->emails, fhir_fold(op->arena, value));
        else if (digits(op->arena, value).n >= 7)
            keep(&f->phones, digits(op->arena, value));
    }
}

void features_of(struct op *op, const struct json *patient, struct features *ret)
{
    const struct json *ids = JSON_GET(patient, "identifier"), *one;
    *ret = (struct features){.birthdate = json_get_str(patient, STR("birthDate")),
                             .gender = json_get_str(patient, STR("gender"))};
    (void)json_i64(JSON_GET(patient, "multipleBirthInteger"), &ret->order);
    each(op, JSON_GET(patient, "name"), "family", &ret->families);
    each(op, JSON_GET(patient, "name"), "given", &ret->givens);
    each(op, JSON_GET(patient, "address"), "postalCode", &ret->postcodes);
    each(op, JSON_GET(patient, "address"), "line", &ret->streets);
    telecoms(op, JSON_GET(patient, "telecom"), ret);
    for (size_t i = 0; (one = json_at(ids, i)) && ret->values.n < MATCH_LIST; i++) {
        str value = json_get_str(one, STR("value"));
        if (!value.n)
            continue;
        ret->systems.at[ret->systems.n++] = json_get_str(one, STR("system"));
        ret->values.at[ret->values.n++] = value;
    }
}

/* Optimal string alignment of at most one: a letter more, less, another, or two swapped. */
static bool near(str a, str b)
{
    if (a.n > b.n) {
        str c = a;
        a = b;
        b = c;
    }
    if (b.n - a.n > 1 || b.n < 4)
        return false;
    size_t i = 0, tail = 0;
    while (i < a.n && a.p[i] == b.p[i])
        i++;
    while (tail < a.n - i && a.p[a.n - 1 - tail] == b.p[b.n - 1 - tail])
        tail++;
    size_t left = a.n - i - tail, right = b.n - i - tail;
    if (left <= 1 && right <= 1)
        return true;
    return left == 2 && right == 2 && a.p[i] == b.p[i + 1] && a.p[i + 1] == b.p[i];
}

/* A word of a double name is the other name. */
static bool is_part(str whole, str part)
{
    size_t at = part.n >= 3 ? str_find(whole, part, 0) : SIZE_MAX;
    if (at == SIZE_MAX || whole.n == part.n)
        return false;
    char before = at ? whole.p[at - 1] : ' ';
    char after = at + part.n < whole.n ? whole.p[at + part.n] : ' ';
    return (before == ' ' || before == '-') && (after == ' ' || after == '-');
}

static bool same_group(str a, str b)
{
    size_t n = sizeof match_nicknames / sizeof *match_nicknames;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; str_eq(a, str_of(match_nicknames[i].name)) && k < n; k++)
            if (match_nicknames[k].group == match_nicknames[i].group &&
                str_eq(b, str_of(match_nicknames[k].name)))
                return true;
    return false;
}

void match_nicknames_of(str name, struct match_list *ret)
{
    size_t n = sizeof match_nicknames / sizeof *match_nicknames;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; str_eq(name, str_of(match_nicknames[i].name)) && k < n; k++)
            if (match_nicknames[k].group == match_nicknames[i].group)
                keep(ret, str_of(match_nicknames[k].name));
}

static enum match_row family_level(str a, str b)
{
    if (str_eq(a, b))
        return MATCH_FAMILY_SAME;
    return near(a, b) || is_part(a, b) || is_part(b, a) ? MATCH_FAMILY_NEAR : MATCH_FAMILY_OTHER;
}

static enum match_row given_level(str a, str b)
{
    if (str_eq(a, b))
        return MATCH_GIVEN_SAME;
    if (same_group(a, b))
        return MATCH_GIVEN_NICKNAME;
    if (near(a, b) || is_part(a, b) || is_part(b, a))
        return MATCH_GIVEN_NEAR;
    bool initial = (a.n <= 2 || b.n <= 2) && a.n && b.n && a.p[0] == b.p[0];
    return initial ? MATCH_GIVEN_INITIAL : MATCH_GIVEN_OTHER;
}

/* The best level of any two; rows of an element stand best first. */
static enum match_row best(const struct match_list *a, const struct match_list *b,
                           enum match_row worst, enum match_row (*level)(str, str))
{
    enum match_row r = worst;
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < b->n; k++) {
            enum match_row one = level(a->at[i], b->at[k]);
            r = one < r ? one : r;
        }
    return r;
}

static bool any_same(const struct match_list *a, const struct match_list *b)
{
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < b->n; k++)
            if (str_eq(a->at[i], b->at[k]))
                return true;
    return false;
}

static enum match_row birthdate_level(str a, str b)
{
    size_t differ = 0, n = a.n < b.n ? a.n : b.n;
    for (size_t i = 0; i < n; i++)
        differ += a.p[i] != b.p[i];
    if (differ == 0)
        return a.n == b.n && n == 10 ? MATCH_BIRTHDATE_SAME : MATCH_BIRTHDATE_NEAR;
    bool swapped = a.n == 10 && b.n == 10 && memcmp(a.p, b.p, 5) == 0 &&
                   memcmp(a.p + 5, b.p + 8, 2) == 0 && memcmp(a.p + 8, b.p + 5, 2) == 0;
    if (swapped)
        return MATCH_BIRTHDATE_SWAPPED;
    return differ == 1 && n == 10 ? MATCH_BIRTHDATE_NEAR : MATCH_BIRTHDATE_OTHER;
}

struct weighing {
    struct record_agreement *why;
    size_t n, soft, hard;
    double bits;
    bool named, dated, known; /* names, birth date and identifier fully agree */
};

static void add(struct weighing *w, enum match_row row)
{
    w->why[w->n++] = (struct record_agreement){
        str_of(match_rows[row].element), str_of(match_rows[row].level), match_rows[row].weight};
    w->bits += match_rows[row].weight;
    w->soft += match_rows[row].veto == 1;
    w->hard += match_rows[row].veto == 2;
}

static void add_lists(struct weighing *w, const struct match_list *a, const struct match_list *b,
                      enum match_row same, enum match_row other)
{
    if (a->n && b->n)
        add(w, any_same(a, b) ? same : other);
}

/* One identifier in common says it all; another value in the same system says something too. */
static void identifiers(struct weighing *w, const struct features *a, const struct features *b)
{
    bool system = false;
    for (size_t i = 0; i < a->values.n; i++)
        for (size_t k = 0; k < b->values.n; k++) {
            if (!str_eq(a->systems.at[i], b->systems.at[k]))
                continue;
            system |= a->systems.at[i].n > 0;
            w->known |= str_eq(a->values.at[i], b->values.at[k]);
        }
    if (w->known)
        add(w, MATCH_IDENTIFIER_SAME);
    else if (system)
        add(w, MATCH_IDENTIFIER_OTHER);
}

static void persons(struct weighing *w, const struct features *a, const struct features *b)
{
    enum match_row family = MATCH_FAMILY_OTHER, given = MATCH_GIVEN_OTHER;
    if (a->families.n && b->families.n)
        add(w, family = best(&a->families, &b->families, family, family_level));
    if (a->givens.n && b->givens.n)
        add(w, given = best(&a->givens, &b->givens, given, given_level));
    if (a->birthdate.n >= 4 && b->birthdate.n >= 4) {
        enum match_row row = birthdate_level(a->birthdate, b->birthdate);
        w->dated = row == MATCH_BIRTHDATE_SAME;
        add(w, row);
    }
    w->named =
        family == MATCH_FAMILY_SAME && (given == MATCH_GIVEN_SAME || given == MATCH_GIVEN_NICKNAME);
    if (a->gender.n && b->gender.n)
        add(w, str_eq(a->gender, b->gender) ? MATCH_GENDER_SAME : MATCH_GENDER_OTHER);
    if (a->order && b->order)
        add(w, a->order == b->order ? MATCH_BIRTHORDER_SAME : MATCH_BIRTHORDER_OTHER);
}

void match_score(struct op *op, const struct features *a, const struct features *b,
                 struct record_matched *ret)
{
    struct weighing w = {.why = ARENA_ARRAY(op->arena, struct record_agreement, MATCH_ROWS)};
    if (!w.why)
        return;
    identifiers(&w, a, b);
    persons(&w, a, b);
    add_lists(&w, &a->postcodes, &b->postcodes, MATCH_POSTCODE_SAME, MATCH_POSTCODE_OTHER);
    add_lists(&w, &a->streets, &b->streets, MATCH_STREET_SAME, MATCH_STREET_OTHER);
    add_lists(&w, &a->phones, &b->phones, MATCH_PHONE_SAME, MATCH_PHONE_OTHER);
    add_lists(&w, &a->emails, &b->emails, MATCH_EMAIL_SAME, MATCH_EMAIL_OTHER);
    double bits = w.bits + match_rows[MATCH_PRIOR_PRIOR].weight;
    double cap = w.hard > 1 ? match_rows[MATCH_CAP_TWO].weight
                 : w.hard   ? match_rows[MATCH_CAP_HARD].weight
                 : w.soft   ? match_rows[MATCH_CAP_SOFT].weight
                            : INFINITY;
    ret->score = 1 / (1 + exp2(-fmin(bits, cap)));
    bool certain = ret->score >= CERTAIN && !w.soft && !w.hard &&
                   (w.known ? w.named || w.dated : w.named && w.dated);
    ret->grade = certain                  ? GRADE_CERTAIN
                 : ret->score >= PROBABLE ? GRADE_PROBABLE
                 : ret->score >= POSSIBLE ? GRADE_POSSIBLE
                                          : GRADE_CERTAINLY_NOT;
    if (w.hard > 1)
        ret->grade = GRADE_CERTAINLY_NOT;
    ret->why = w.why;
    ret->n_why = w.n;
}
