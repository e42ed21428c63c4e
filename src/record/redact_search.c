/* Searching what is redacted: nothing may be inferred of an element that the reader is not shown.
 * A parameter that tells of an element which is always absent is refused, in clauses, orders and
 * includes, whether or not anybody has something there. Where it depends on the resource (a label,
 * what an item points to) the resource is asked as the reader sees it: a key says nothing then.
 * Invariant: what a search finds, counts and orders is what it would be over the shown views. */
#include "record/clause_int.h"
#include "record/points_int.h"

struct asked {
    fhir_type type;
    struct redact_view always, sometimes;
};

static bool by_rows(const struct redact_row *const *rows, size_t n, str element)
{
    char buf[64];
    for (size_t i = 0; i < n; i++) {
        if (redact_names(rows[i], element) || redact_inside(rows[i], element, STR_NONE))
            return true;
        if (element.n + 1 < sizeof buf) { /* "value" of the expression is value[x] */
            memcpy(buf, element.p, element.n);
            buf[element.n] = 'X';
            if (redact_names(rows[i], str_make(buf, element.n + 1)))
                return true;
        }
    }
    return false;
}

static bool takes(void *ctx, str element)
{
    const struct redact_view *v = ctx;
    bool text = str_eq(element, STR("text")) || str_eq(element, STR("contained"));
    return by_rows(v->rows, v->n, element) || by_rows(v->links, v->n_links, element) ||
           (v->n_links && text);
}

static bool any(const struct redact_view *v)
{
    return v->n || v->n_links;
}

static bool tells(const struct redact_view *v, const struct fhir_param *p)
{
    struct redact_view rows = *v;
    return any(v) && fhir_param_reads(p, takes, &rows);
}

/* The rows about a type, before any resource is seen. */
static void rows_of(struct op *op, struct record *rec, fhir_type type, struct asked *ret)
{
    const struct redact_set *set = redact_find(op->actor, (int)type);
    *ret = (struct asked){.type = type};
    for (size_t i = 0; set && i < set->n; i++) {
        const struct redact_row *row = redact_row(set->at[i]);
        bool shared = row->unless && consent_shares(op, rec, (fhir_type)row->unless);
        if (row->unshared)
            continue;
        if (row->hidden)
            ret->sometimes.links[ret->sometimes.n_links++] = row;
        else if (row->labels)
            ret->sometimes.rows[ret->sometimes.n++] = row;
        else if (redact_takes(row, 0, shared))
            ret->always.rows[ret->always.n++] = row;
    }
}

static bool may_hide(struct planner *pl, fhir_type type)
{
    return redact_may_hide(pl->op, pl->rec, type, pl->plan->q.comp) != HIDES_NOTHING;
}

static err refuse(struct op *op, struct record *rec, fhir_type type, const struct fhir_param *p,
                  const struct redact_view *v)
{
    const char *rule = v->n ? v->rows[0]->id : v->links[0]->id;
    struct audit a = {
        .action = ACTION_SEARCH, .type = type, .outcome = ERR_FORBIDDEN, .rule = str_of(rule)};
    TRY(audit_append(op, rec, &a));
    return fail(op, ERR_FORBIDDEN,
                "%.*s of %.*s tells of an element that you are not shown (%s); leave it out.",
                STR_ARG(p ? str_of(p->code) : STR("*")), STR_ARG(fhir_type_name(type)), rule);
}

/* A key that says no more than that the element is not there: the resource as shown is asked. */
static void without_absence(struct planner *pl, const struct fhir_param *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < pl->list.v.n; i++) {
        const struct store_clause *c = &pl->list.v.at[i];
        if (!(c->negate && c->label == p->number))
            pl->list.v.at[kept++] = *c;
    }
    pl->list.v.n = kept;
}

/* What may be left out for what it names: asked of the resource where there is such a one. */
static err points_of(struct planner *pl, fhir_type type, const struct fhir_clause *c)
{
    bool there = false;
    if (c->chain || !points_reads(pl->op, type, c->param, false))
        return OK;
    TRY(points_there(pl->op, pl->rec, type, pl->plan->q.comp, &there));
    if (!there)
        return OK;
    without_absence(pl, c->param);
    pl->plan->match = pl->plan->careful = true;
    return OK;
}

static err clauses_of(struct planner *pl, const struct fhir_query *q, const struct asked *a)
{
    for (size_t i = 0; i < q->n; i++) {
        const struct fhir_clause *c = &q->clauses[i];
        fhir_type type = c->reverse ? c->param->base : q->type;
        struct asked far = *a;
        if (c->reverse)
            rows_of(pl->op, pl->rec, type, &far);
        if (tells(&far.always, c->param))
            return refuse(pl->op, pl->rec, type, c->param, &far.always);
        TRY(points_of(pl, type, c));
        if (!tells(&far.sometimes, c->param))
            continue;
        if (c->chain) { /* followed by keys; what is pointed at is asked of policy by itself */
            if (far.sometimes.n)
                return refuse(pl->op, pl->rec, type, c->param, &far.sometimes);
            continue;
        }
        if (!far.sometimes.n && !may_hide(pl, type))
            continue;
        if (c->param->type == PARAM_REFERENCE &&
            (c->modifier == MOD_ABOVE || c->modifier == MOD_BELOW)) /* by keys alone, too */
            return refuse(pl->op, pl->rec, type, c->param, &far.sometimes);
        without_absence(pl, c->param);
        pl->plan->match = pl->plan->careful = true;
    }
    return OK;
}

static err orders_of(struct planner *pl, const struct fhir_query *q, const struct asked *a)
{
    for (size_t i = 0; i < q->n_sort; i++) {
        const struct fhir_param *p = q->sort[i].param;
        const struct redact_view *v = tells(&a->always, p) ? &a->always : &a->sometimes;
        bool may = v->n || may_hide(pl, q->type);
        if (may && tells(v, p))
            return refuse(pl->op, pl->rec, q->type, p, v);
        if (points_reads(pl->op, q->type, p, true))
            return fail(pl->op, ERR_FORBIDDEN,
                        "%.*s of %.*s tells of an element that is not shown to everybody; ask for "
                        "another order.",
                        STR_ARG(str_of(p->code)), STR_ARG(fhir_type_name(q->type)));
    }
    return OK;
}

static err includes_of(struct planner *pl, const struct fhir_query *q)
{
    for (size_t i = 0; i < q->n_includes; i++) {
        const struct fhir_include *inc = &q->includes[i];
        if (inc->param && redact_hides(pl->op, pl->rec, inc->param->base, inc->param, inc->reverse))
            return fail(pl->op, ERR_FORBIDDEN,
                        "%.*s of %.*s tells of an element that you are not shown; leave it out.",
                        STR_ARG(str_of(inc->param->code)),
                        STR_ARG(fhir_type_name(inc->param->base)));
    }
    return OK;
}

bool redact_hides(struct op *op, struct record *rec, fhir_type type, const struct fhir_param *p,
                  bool reverse)
{
    struct asked a;
    if (!redact_find(op->actor, (int)type))
        return false;
    rows_of(op, rec, type, &a);
    bool labelled = a.sometimes.n > 0;
    if (!reverse) /* what is hidden is not shown; what a label takes may be pointing at what is */
        a.sometimes.n_links = 0;
    return tells(&a.always, p) || (labelled && tells(&a.sometimes, p));
}

bool redact_tells(struct op *op, struct record *rec, fhir_type type, const struct fhir_param *p)
{
    struct asked a;
    if (!op->actor || !redact_find(op->actor, (int)type))
        return false;
    rows_of(op, rec, type, &a);
    return tells(&a.always, p) || tells(&a.sometimes, p);
}

err redact_query(struct planner *pl, const struct fhir_query *q)
{
    struct asked a = {0};
    if (!pl->op->actor || pl->op->actor->role == ROLE_SYSTEM)
        return OK;
    if (redact_find(pl->op->actor, (int)q->type))
        rows_of(pl->op, pl->rec, q->type, &a);
    TRY(clauses_of(pl, q, &a));
    TRY(orders_of(pl, q, &a));
    return includes_of(pl, q);
}
