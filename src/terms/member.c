/* Is a code in a value set? Decided part by part without listing anything. A part that cannot be
 * judged (its system or an imported set is not here, or not whole) makes the answer UNKNOWN unless
 * another part says yes; an exclusion that cannot be judged makes a yes UNKNOWN. */
#include "terms/set_int.h"

#include "fhir/ucum.h"

/* The sets being looked into, outermost last. */
struct stack {
    const struct set *set;
    const struct stack *up;
    unsigned depth;
};

static err has(struct ask *q, const struct stack *st, const struct probe *p, struct member *ret);

static void unknown(struct ask *q, struct member *m, const char *what, str name, const char *how)
{
    if (m->answer == TERMS_UNKNOWN)
        return;
    m->answer = TERMS_UNKNOWN;
    m->why = arena_printf(q->op->arena, "%s %.*s %s", what, STR_ARG(name), how);
}

/* A filter that cannot be worked out leaves the matter open; other errors are errors. */
static err opened(struct ask *q, err e, const struct fault *before, struct member *m)
{
    if (e != ERR_UNSUPPORTED && e != ERR_NOT_FOUND)
        return e;
    q->op->fault = *before;
    unknown(q, m, "A filter over", m->system->url, "cannot be worked out here.");
    return OK;
}

static err passes(struct ask *q, const struct set *set, const struct set_part *part,
                  const struct member *at, struct member *m)
{
    struct filter *f;
    struct fault before = q->op->fault;
    bool yes = true;
    err e = filters_ready(q, set, part, at->system, &f);
    for (uint32_t i = 0; e == OK && i < part->filter_n && yes; i++)
        e = filter_test(q->op, at->system, &f[i], at->row, &yes);
    if (e != OK)
        return opened(q, e, &before, m);
    if (yes)
        m->answer = TERMS_YES;
    return OK;
}

/* UCUM's one filter: canonical = unit, of the same kind as the unit. */
static bool unit_passes(const struct set *set, const struct set_filter *f, str code,
                        bool *ret_known)
{
    struct ucum_unit a, b;
    *ret_known = str_eq(blob_text(&set->b, f->property), STR("canonical")) &&
                 str_eq(blob_text(&set->b, f->op), STR("=")) &&
                 !ucum_parse(blob_text(&set->b, f->value), &b);
    return *ret_known && !ucum_parse(code, &a) && ucum_comparable(&a, &b);
}

static void grammar_has(struct ask *q, const struct set *set, const struct set_part *part, str code,
                        struct member *m)
{
    bool all = grammar_valid(m->system->grammar, code);
    bool known = !part->filter_n || m->system->grammar == GRAMMAR_UCUM;
    for (uint32_t i = 0; i < part->filter_n && all && known; i++)
        all = unit_passes(set, &set->filters[part->filter_first + i], code, &known);
    m->answer = all ? TERMS_YES : TERMS_NO;
    if (!known)
        unknown(q, m, "A filter over", m->system->url, "cannot be worked out here.");
}

/* A part over a system, without imports. */
static err system_has(struct ask *q, const struct set *set, const struct set_part *part,
                      const struct probe *p, struct member *m)
{
    str url = blob_text(&set->b, part->system), version = blob_text(&set->b, part->version);
    const struct set_code *c = NULL;
    if (p->system.n && !str_eq(p->system, url))
        return OK;
    TRY(system_find(q, url, version.n ? version : p->version, &m->system));
    m->system_url = url;
    m->row =
        m->system && m->system->grammar == GRAMMAR_NONE ? system_code(m->system, p->code) : NO_CODE;
    if (part->code_n) {
        /* A system that ignores case is asked how it writes the code. */
        str code = m->row == NO_CODE ? p->code : system_text(m->system, m->row);
        c = part_code(set, part, p->code);
        c = c ? c : part_code(set, part, code);
        if (!c)
            return OK;
        m->display = blob_text(&set->b, c->display);
        m->answer = TERMS_YES;
        if (!part->filter_n)
            return OK;
        m->answer = TERMS_NO;
    }
    if (!m->system) {
        unknown(q, m, "The code system", url, "is not here.");
        return OK;
    }
    if (m->system->grammar != GRAMMAR_NONE) {
        grammar_has(q, set, part, p->code, m);
        return OK;
    }
    if (m->row == NO_CODE) {
        if (!system_whole(m->system))
            unknown(q, m, "The code system", url, "is here in part only.");
        return OK;
    }
    return passes(q, set, part, m, m);
}

static err imports_have(struct ask *q, const struct stack *st, const struct set_part *part,
                        const struct probe *p, struct member *m)
{
    bool all = true;
    for (uint32_t i = 0; i < part->import_n && all; i++) {
        struct stack inner = {.up = st, .depth = st->depth + 1};
        struct set *imported;
        struct member one;
        str name = blob_text(&st->set->b, st->set->imports[part->import_first + i]);
        TRY(set_find(q, name, &imported));
        if (!imported) {
            unknown(q, m, "The value set", name, "is not here.");
            all = false;
            continue;
        }
        inner.set = imported;
        TRY(has(q, &inner, p, &one));
        all = one.answer == TERMS_YES;
        if (one.answer == TERMS_UNKNOWN) {
            m->answer = TERMS_UNKNOWN;
            m->why = one.why;
        } else if (all) {
            m->system = one.system;
            m->row = one.row;
            m->display = one.display;
            m->system_url = one.system_url;
        }
    }
    if (all)
        m->answer = TERMS_YES;
    return OK;
}

static err part_in(struct ask *q, const struct stack *st, const struct set_part *part,
                   const struct probe *p, struct member *ret)
{
    struct member m = {.answer = TERMS_NO, .row = NO_CODE};
    if (++q->steps > STEPS_MAX)
        return fail(q->op, ERR_TOO_COSTLY, "The value set has too many parts; narrow it.");
    if (part->import_n) {
        struct member imported = m;
        TRY(imports_have(q, st, part, p, &imported));
        if (imported.answer != TERMS_YES || !part->system) {
            *ret = imported;
            return OK;
        }
    }
    TRY(system_has(q, st->set, part, p, &m));
    bool active_only = st->set->active_only && m.answer == TERMS_YES && m.system;
    if (active_only && m.row != NO_CODE && system_flags(m.system, m.row) & ROW_INACTIVE)
        m.answer = TERMS_NO;
    *ret = m;
    return OK;
}

static err cycle(struct ask *q, const struct stack *st)
{
    for (const struct stack *s = st->up; s; s = s->up)
        if (st->set->url.n && str_eq(s->set->url, st->set->url) &&
            str_eq(s->set->version, st->set->version))
            return fail(q->op, ERR_UNPROCESSABLE, "The value set %.*s imports itself.",
                        STR_ARG(st->set->url));
    if (st->depth > IMPORT_DEPTH)
        return fail(q->op, ERR_TOO_COSTLY, "Value sets import one another more than %u deep.",
                    IMPORT_DEPTH);
    return OK;
}

static err has(struct ask *q, const struct stack *st, const struct probe *p, struct member *ret)
{
    struct member best = {.answer = TERMS_NO, .row = NO_CODE}, m;
    TRY(cycle(q, st));
    for (uint32_t i = 0; i < st->set->n_parts && best.answer != TERMS_YES; i++) {
        if (st->set->parts[i].exclude)
            continue;
        TRY(part_in(q, st, &st->set->parts[i], p, &m));
        if (m.answer == TERMS_YES || (m.answer == TERMS_UNKNOWN && best.answer == TERMS_NO))
            best = m;
    }
    for (uint32_t i = 0; i < st->set->n_parts && best.answer != TERMS_NO; i++) {
        if (!st->set->parts[i].exclude)
            continue;
        TRY(part_in(q, st, &st->set->parts[i], p, &m));
        if (m.answer == TERMS_YES)
            best.answer = TERMS_NO;
        else if (m.answer == TERMS_UNKNOWN && best.answer == TERMS_YES) {
            best.answer = TERMS_UNKNOWN;
            best.why = m.why;
        }
    }
    *ret = best;
    return op_check(q->op);
}

err set_has(struct ask *q, const struct set *set, const struct probe *p, struct member *ret)
{
    return has(q, &(struct stack){.set = set}, p, ret);
}

err part_has(struct ask *q, const struct set *set, const struct set_part *part,
             const struct probe *p, struct member *ret)
{
    return part_in(q, &(struct stack){.set = set}, part, p, ret);
}
