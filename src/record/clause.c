/* One search parameter with its values to ranges of packed keys: the reader's half of keys.c.
 * plan.c puts the clauses of a query together. Invariant: what a clause finds is what the parameter
 * means; where keys cannot tell (long starts-with, contains, composites of loose parts), the set
 * says `verify` and hits are matched against the document. */
#include "record/clause_int.h"

void range_add(struct range_set *s, int where, struct store_range r)
{
    if (where & IN_OR)
        VEC_PUSH(s->op->arena, &s->or, r);
    if (where & IN_AND)
        VEC_PUSH(s->op->arena, &s->and, r);
}

/* The first key after all that start with k; empty when there is none. No key is shorter than its
 * parameter's number. */
static str after(struct arena *a, const struct kb *k)
{
    struct kb end = *k;
    while (end.n > 0 && (unsigned char)end.p[end.n - 1] == 0xff)
        end.n--;
    if (end.n > 0)
        end.p[end.n - 1]++;
    if (end.n == 1)
        kb_u8(&end, 0);
    return kb_str(a, &end);
}

struct store_range range_prefix(struct arena *a, const struct kb *k, str mask, size_t at)
{
    return (struct store_range){
        .lo = kb_str(a, k), .hi = after(a, k), .mask = mask, .mask_at = (uint16_t)at};
}

struct store_range range_between(struct arena *a, const struct kb *k, const struct kb *lo,
                                 const struct kb *hi)
{
    return (struct store_range){.lo = kb_str(a, lo), .hi = hi->n ? kb_str(a, hi) : after(a, k)};
}

static void all_of(struct range_set *s, const struct kb *k)
{
    range_add(s, BOTH_SETS, range_prefix(s->op->arena, k, STR_NONE, 0));
}

static void token(struct range_set *s, const struct kb *k, const struct fhir_value *v)
{
    struct blinder b = {.store = s->rec->store};
    struct kb t = *k;
    if (str_empty(v->code) && v->has_system) {
        struct kb m;
        m.n = 0;
        kb_top(&m, blind(&b, BLIND_SYSTEM, v->system), 3);
        range_add(s, BOTH_SETS, range_prefix(s->op->arena, k, kb_str(s->op->arena, &m), k->n + 6u));
        return;
    }
    if (v->has_system)
        kb_token(&t, &b, v->system, v->code);
    else
        kb_top(&t, blind(&b, BLIND_CODE, v->code), 6);
    all_of(s, &t);
}

static void starts_with(struct range_set *s, const struct kb *k, str text)
{
    struct blinder b = {.store = s->rec->store};
    str folded = fhir_fold(s->op->arena, text);
    struct kb t = *k;
    size_t n = prefix_cut(folded, PREFIX_BYTES_MAX);
    if (n > 0) {
        kb_u8(&t, TAG_PREFIX);
        kb_top(&t, blind(&b, BLIND_PREFIX, str_sub(folded, 0, n)), 6);
    }
    s->verify |= n < folded.n;
    all_of(s, &t);
}

static void exact(struct range_set *s, const struct kb *k, str text)
{
    struct blinder b = {.store = s->rec->store};
    struct kb t = *k;
    kb_u8(&t, TAG_EXACT);
    kb_top(&t, blind(&b, BLIND_EXACT, text), 8);
    all_of(s, &t);
}

static void typed(struct range_set *s, const struct kb *k, const struct fhir_value *v)
{
    struct blinder b = {.store = s->rec->store};
    struct kb t = kb_ends(k);
    str system = v->has_system ? v->system : STR_NONE;
    kb_typed(&t, &b,
             arena_printf(s->op->arena, "%.*s|%.*s|%.*s", STR_ARG(system), STR_ARG(v->code),
                          STR_ARG(v->text)));
    all_of(s, &t);
}

static void uri(struct range_set *s, const struct kb *k, str text)
{
    struct blinder b = {.store = s->rec->store};
    struct kb t = *k;
    kb_top(&t, blind(&b, BLIND_URI, text), 8);
    all_of(s, &t);
}

/* All that text is equal to or below of, by the steps of a path or as a version. */
static void uri_above(struct range_set *s, const struct kb *k, str text)
{
    for (size_t i = 1; i <= text.n; i++)
        if (i == text.n || text.p[i] == '/' || text.p[i] == '|' || text.p[i - 1] == '/')
            uri(s, k, str_sub(text, 0, i));
}

static void uri_as(struct range_set *s, const struct kb *k, const struct fhir_clause *c, str text)
{
    if (c->modifier == MOD_ABOVE) {
        uri_above(s, k, text);
        return;
    }
    if (c->modifier != MOD_BELOW) {
        uri(s, k, text);
        return;
    }
    s->verify = true;
    all_of(s, k);
}

static void target(struct range_set *s, const struct kb *k, uint64_t rid)
{
    struct kb t = *k;
    kb_u8(&t, TAG_REF);
    kb_low(&t, rid, 6);
    all_of(s, &t);
}

static bool may_point_at(const struct fhir_param *p, fhir_type type)
{
    for (size_t i = 0; i < p->n_targets; i++)
        if (p->targets[i] == type)
            return true;
    return p->n_targets == 0;
}

/* "Type/id" or a bare id, which may be of any type that the parameter can point at. */
static err local(struct range_set *s, const struct kb *k, const struct fhir_clause *c,
                 const struct fhir_value *v)
{
    struct store_doc d;
    fhir_type type = v->ref.type ? v->ref.type : c->mod_type;
    if ((c->mod_type && type != c->mod_type) || (type && !may_point_at(c->param, type)))
        return OK;
    size_t n = type ? 1 : c->param->n_targets;
    for (size_t i = 0; i < n; i++) {
        err e = id_resolve(s->op, s->rec, type ? type : c->param->targets[i], v->ref.id, &d);
        if (e == OK)
            target(s, k, d.rid);
        else if (e != ERR_NOT_FOUND)
            return e;
    }
    return OK;
}

static err reference(struct range_set *s, const struct kb *k, const struct fhir_clause *c,
                     const struct fhir_value *v)
{
    if (c->modifier == MOD_IDENTIFIER) {
        struct kb t = *k;
        kb_u8(&t, TAG_REF_IDENT);
        token(s, &t, v);
        return OK;
    }
    if (v->ref.kind == REF_LOCAL)
        return local(s, k, c, v);
    struct kb t = *k;
    kb_u8(&t, TAG_REF_TEXT);
    uri(s, &t, v->ref.text);
    return OK;
}

static err plain(struct range_set *s, const struct kb *k, const struct fhir_clause *c,
                 const struct fhir_value *v);

/* All parts but the last must be one exact value to stand in front of the next; else everything
 * with the first is looked at. */
static err composite(struct range_set *s, const struct kb *k, const struct fhir_clause *c,
                     const struct fhir_value *v)
{
    struct blinder b = {.store = s->rec->store};
    struct kb t = *k;
    for (size_t i = 0; i < v->n_parts && i < c->param->n_parts; i++) {
        const struct fhir_param *part = fhir_param_get(c->param->parts[i]);
        struct fhir_clause one = {.param = part, .values = &v->parts[i], .n = 1};
        if (!part)
            break;
        struct fhir_value base;
        if (part->type == PARAM_QUANTITY && fhir_value_base(s->op->arena, &v->parts[i], &base)) {
            s->verify = true; /* parts have no keys in base units */
            all_of(s, &t);
            return OK;
        }
        if (i + 1 == v->n_parts)
            return plain(s, &t, &one, &v->parts[i]);
        if (part->type != PARAM_TOKEN || !v->parts[i].has_system || str_empty(v->parts[i].code)) {
            s->verify = true;
            return plain(s, &t, &one, &v->parts[i]);
        }
        kb_token(&t, &b, v->parts[i].system, v->parts[i].code);
    }
    return OK;
}

static err plain(struct range_set *s, const struct kb *k, const struct fhir_clause *c,
                 const struct fhir_value *v)
{
    switch ((enum fhir_param_type)c->param->type) {
    case PARAM_NUMBER:
    case PARAM_QUANTITY:
        ranges_number(s, k, v, (enum fhir_param_type)c->param->type);
        return OK;
    case PARAM_DATE:
        ranges_date(s, k, v);
        return OK;
    case PARAM_STRING:
        if (c->modifier == MOD_EXACT)
            exact(s, k, v->text);
        else
            starts_with(s, k, v->text);
        return OK;
    case PARAM_TOKEN:
        if (c->modifier == MOD_OF_TYPE)
            typed(s, k, v);
        else
            token(s, k, v);
        return OK;
    case PARAM_REFERENCE:
        return reference(s, k, c, v);
    case PARAM_COMPOSITE:
        return composite(s, k, c, v);
    case PARAM_URI:
        uri_as(s, k, c, v->text);
        return OK;
    case PARAM_SPECIAL:
        break;
    }
    ranges_near(s, k, v);
    return OK;
}

err clause_values(struct range_set *s, uint16_t number, const struct fhir_clause *c)
{
    struct kb k = kb_param(number);
    struct fhir_clause as = *c;
    if (c->param->type == PARAM_COMPOSITE) /* a union has the parts of each of its own */
        as.param = fhir_param_get(number);
    for (size_t i = 0; as.param && i < c->n; i++)
        TRY(plain(s, &k, &as, &c->values[i]));
    return OK;
}

void clause_present(struct range_set *s, uint16_t number)
{
    struct kb k = kb_param(number);
    all_of(s, &k);
    k = kb_ends(&k);
    kb_u8(&k, TAG_NAMED);
    all_of(s, &k);
}

void clause_targets(struct range_set *s, uint16_t number, const uint64_t *rids, size_t n)
{
    struct kb k = kb_param(number);
    for (size_t i = 0; i < n; i++)
        target(s, &k, rids[i]);
}

void clause_contains(struct range_set *s, uint16_t number, const struct fhir_clause *c)
{
    s->verify = true;
    for (size_t i = 0; i < c->n; i++) {
        str folded = fhir_fold(s->op->arena, c->values[i].text);
        struct store_range r[2];
        if (c->param->type == PARAM_TOKEN || folded.n < 3) {
            clause_present(s, number);
            return;
        }
        size_t n = clause_grams(s->op, s->rec, number, folded, (folded.n - 3) / 2, r);
        for (size_t j = 0; j < n; j++)
            range_add(s, BOTH_SETS, r[j]);
    }
}

/* :contains of one value: every trigram of it must be there, or the mark of a long text. */
size_t clause_grams(struct op *op, struct record *rec, uint16_t number, str folded, size_t i,
                    struct store_range ret[2])
{
    struct blinder b = {.store = rec->store};
    struct kb k = kb_param(number), mark;
    kb_u8(&k, TAG_GRAM);
    mark = k;
    kb_top(&k, blind(&b, BLIND_GRAM, str_sub(folded, i, i + 3)), 4);
    kb_low(&mark, UINT32_MAX, 4);
    kb_u8(&mark, 1);
    ret[0] = range_prefix(op->arena, &k, STR_NONE, 0);
    ret[1] = range_prefix(op->arena, &mark, STR_NONE, 0);
    return 2;
}
