/* The doors that other rooms have (fhir/terms.h). They ask as the system: what is answered about a
 * code is no resource of the record. */
#include "terms/doors_int.h"
#include "terms/set_int.h"

static err door_member(struct op *op, void *ctx, str value_set, struct terms_code code,
                       enum terms_answer *ret, str *ret_display)
{
    struct ask q;
    struct set *set;
    struct member m;
    struct probe p = {.code = code.code};
    size_t bar = str_find_char(code.system, '|', 0);
    p.system = str_sub(code.system, 0, bar);
    p.version = bar == SIZE_MAX ? STR_NONE : str_sub(code.system, bar + 1, SIZE_MAX);
    struct fault before = op->fault;
    TRY(ask_begin(&q, op, ctx, true));
    err e = set_find(&q, value_set, &set);
    if (e == OK && set)
        e = set_has(&q, set, &p, &m);
    if (e == ERR_UNSUPPORTED || e == ERR_UNPROCESSABLE || (e == OK && !set)) {
        op->fault = before; /* it cannot be told, and that is the answer */
        *ret = TERMS_UNKNOWN;
        return OK;
    }
    TRY(e);
    if (ret_display)
        *ret_display = m.display.n || !m.system ? m.display : system_display(m.system, m.row);
    *ret = m.answer;
    return OK;
}

static err door_relate(struct op *op, void *ctx, str system, str a, str b, bool *ret_known,
                       enum terms_relation *ret)
{
    struct ask q;
    struct system *s;
    bool above = false, below = false;
    TRY(ask_begin(&q, op, ctx, true));
    TRY(system_find(&q, system, STR_NONE, &s));
    *ret_known = false;
    if (!s || s->grammar != GRAMMAR_NONE)
        return OK;
    uint32_t x = system_code(s, a), y = system_code(s, b);
    if (x == NO_CODE || y == NO_CODE)
        return OK;
    if (x != y) {
        TRY(system_above(op, s, x, y, &above));
        TRY(system_above(op, s, y, x, &below));
    }
    *ret_known = true;
    *ret = x == y  ? TERMS_EQUIVALENT
           : above ? TERMS_SUBSUMES
           : below ? TERMS_SUBSUMED_BY
                   : TERMS_NOT_SUBSUMED;
    return OK;
}

static err door_expand(struct op *op, void *ctx, str value_set, size_t max, struct terms_code **ret,
                       size_t *ret_n)
{
    struct ask q;
    struct set *set;
    TRY(ask_begin(&q, op, ctx, true));
    TRY(set_find(&q, value_set, &set));
    if (!set)
        return fail(op, ERR_NOT_FOUND, "The value set %.*s is not here.", STR_ARG(value_set));
    struct gather g = {.q = &q};
    TRY(gather_set(&g, set, 0));
    if (g.hits.n > max)
        return fail(op, ERR_TOO_COSTLY, "The value set %.*s has %zu codes; at most %zu here.",
                    STR_ARG(value_set), g.hits.n, max);
    struct terms_code *out = ARENA_ARRAY(op->arena, struct terms_code, g.hits.n + 1);
    for (size_t i = 0; out && i < g.hits.n; i++)
        out[i] = (struct terms_code){g.hits.at[i].source->url, hit_code(&g.hits.at[i]),
                                     hit_display(&g.hits.at[i], STR_NONE)};
    TRY(op_check(op));
    *ret = out;
    *ret_n = g.hits.n;
    return OK;
}

static err door_closure(struct op *op, void *ctx, struct terms_code code, bool below, size_t max,
                        struct terms_code **ret, size_t *ret_n)
{
    struct ask q;
    struct system *s;
    uint32_t *rows, row = NO_CODE;
    size_t n;
    TRY(ask_begin(&q, op, ctx, true));
    TRY(system_find(&q, code.system, STR_NONE, &s));
    if (s && s->grammar == GRAMMAR_NONE)
        row = system_code(s, code.code);
    if (row == NO_CODE)
        return fail(op, ERR_NOT_FOUND, "The code system %.*s, or this code of it, is not here.",
                    STR_ARG(code.system));
    TRY(system_closure(op, s, row, below, max, &rows, &n));
    struct terms_code *out = ARENA_ARRAY(op->arena, struct terms_code, n + 1);
    for (size_t i = 0; out && i < n; i++)
        out[i] = (struct terms_code){s->url, system_text(s, rows[i]), system_display(s, rows[i])};
    TRY(op_check(op));
    *ret = out;
    *ret_n = n;
    return OK;
}

struct fhir_terms doors_of(struct terms *t)
{
    return (struct fhir_terms){t, door_member, door_relate, door_expand, door_closure};
}
