/* Does a change interest a subscription? Pure questions to the query and path engines over the
 * version of the change and the one before; only a query with chains is put to the record.
 * Invariant: the documents of a change are read once, however many subscriptions there are; what
 * a chain leads to is asked with the owner's rights, so that no event tells what the owner may not
 * find. */
#include "partners/partners_int.h"
#include "record/custom.h"

static err version(struct op *op, struct partners *p, const struct record_change *c, uint32_t vid,
                   struct record_doc *doc, struct json **ret)
{
    fhir_type type;
    str id;
    TRY(record_name(op, p->rec, c->rid, &type, &id));
    str number = arena_printf(op->arena, "%u", vid);
    err e = record_vread(op, p->rec, type, id, number, doc);
    if (e == ERR_GONE || e == ERR_NOT_FOUND) {
        op_clear(op);
        return OK;
    }
    TRY(e);
    return doc->deleted ? OK : record_parse(op, doc, ret);
}

static err look(struct op *op, struct partners *p, struct sight *s)
{
    const struct record_change *c = s->change;
    struct record_doc other = {0};
    if (s->read)
        return OK;
    s->read = true;
    if (c->deleted)
        return c->vid > 1 ? version(op, p, c, c->vid - 1, &s->doc, &s->before) : OK;
    TRY(version(op, p, c, c->vid, &s->doc, &s->now));
    return c->vid > 1 ? version(op, p, c, c->vid - 1, &other, &s->before) : OK;
}

/* A chain needs the keys of its posted parameters. While they are being made the change waits,
 * since what is passed over is never told. */
static err not_found(struct op *op, struct partners *p, fhir_type type, str text, err e)
{
    const struct fhir_query *q;
    struct op ask;
    op_init(&ask, op->arena, op->actor, op->now);
    if (e != ERR_INVALID || record_criteria_read(&ask, p->rec, type, text, &q) != OK)
        return e;
    op_clear(op);
    return fail(op, ERR_UNAVAILABLE, "A search parameter of the criteria is being made.");
}

static err query_fits(struct op *op, struct partners *p, const struct fhir_query *q,
                      const struct sight *s, struct json *tree, bool *ret)
{
    struct record_page page;
    err e = fhir_query_match(op, q, tree, ret);
    if (e != ERR_UNSUPPORTED)
        return e;
    op_clear(op);
    str text =
        arena_printf(op->arena, "%.*s&_id=%.*s&_count=1", STR_ARG(q->self), STR_ARG(s->doc.id));
    const struct actor *self = op->actor;
    op->actor = s->owner;
    e = record_find(op, p->rec, q->type, text, &page);
    op->actor = self;
    *ret = e == OK && page.n_match > 0;
    e = not_found(op, p, q->type, text, e);
    if (e == ERR_FORBIDDEN) { /* the chain leads where the owner may not look */
        op_clear(op);
        e = OK;
    }
    return e;
}

static err path_fits(struct op *op, const struct fhir_path *path, const struct sight *s, bool *ret)
{
    struct fhir_path_items items;
    struct json *focus = s->now ? s->now : s->before;
    struct fhir_path_var vars[] = {{.name = STR("current"), .value = s->now},
                                   {.name = STR("previous"), .value = s->before}};
    struct fhir_path_env env = {.vars = vars, .n_vars = 2};
    TRY(fhir_path_run(op, path, &env, focus, &items));
    *ret = items.n == 1 && json_is(items.at[0], JSON_TRUE);
    return OK;
}

static err trigger_fits(struct op *op, struct partners *p, const struct topic_trigger *t,
                        struct sight *s, bool *ret)
{
    bool current = true, previous = true;
    TRY(look(op, p, s));
    *ret = false;
    if (!s->now && !s->before)
        return OK; /* gone for good meanwhile */
    if (t->current)
        current = t->delete_passes;
    if (t->current && s->now)
        TRY(query_fits(op, p, t->current, s, s->now, &current));
    if (t->previous)
        previous = t->create_passes;
    if (t->previous && s->before)
        TRY(query_fits(op, p, t->previous, s, s->before, &previous));
    bool either = !t->both && t->current && t->previous;
    if (either ? !(current || previous) : !(current && previous))
        return OK;
    *ret = true;
    return t->path ? path_fits(op, t->path, s, ret) : OK;
}

/* Filters of one resource type are alternatives to those of another; all of a type must hold. */
static err filters_fit(struct op *op, struct partners *p, const struct subscription *sub,
                       const struct sight *s, bool *ret)
{
    struct json *tree = s->now ? s->now : s->before;
    *ret = true;
    for (size_t i = 0; i < sub->n_filters && *ret; i++)
        if (sub->filters[i]->type == s->change->type)
            TRY(query_fits(op, p, sub->filters[i], s, tree, ret));
    return OK;
}

err match_change(struct op *op, struct partners *p, const struct subscription *sub, struct sight *s,
                 bool *ret)
{
    const struct record_change *c = s->change;
    unsigned kind = c->deleted ? ON_DELETE : c->created ? ON_CREATE : ON_UPDATE;
    bool fits = false;
    for (size_t i = 0; i < sub->n_triggers && !fits; i++) {
        const struct topic_trigger *t = &sub->triggers[i];
        if (t->type == c->type && (t->interactions & kind))
            TRY(trigger_fits(op, p, t, s, &fits));
    }
    if (fits)
        TRY(filters_fit(op, p, sub, s, &fits));
    *ret = fits;
    return OK;
}
