/* Equality ('=') and equivalence ('~') of whole nodes in FHIRPath: all children, recursively
 * (http://hl7.org/fhirpath/N1 § 6.1). Element ids do not count for '~'.
 * Invariant: depth ends at FHIR_DEPTH_MAX, and each node compared is a step; when the steps are
 * used up the trees count as different and the next step fails. */
#include "fhir/path_int.h"

static bool trees(struct path_run *r, const struct json *a, const struct json *b, int how);

/* how: what is left of the depth, negative for '~'. */
static int deeper(int how)
{
    return how < 0 ? how + 1 : how - 1;
}

static bool scalars(struct path_run *r, const struct json *a, const struct json *b, bool like)
{
    struct path_dec x, y;
    r->steps += a->u.s.n / 64;
    if (a->type == JSON_STRING && like)
        return str_eq(fhir_fold(r->op->arena, a->u.s), fhir_fold(r->op->arena, b->u.s));
    if (a->type == JSON_NUMBER && dec_parse(a->u.s, &x) && dec_parse(b->u.s, &y))
        return like ? dec_like(x, y) : dec_cmp(x, y) == 0;
    return str_eq(a->u.s, b->u.s);
}

static bool lists(struct path_run *r, const struct json *a, const struct json *b, int how)
{
    for (uint32_t i = 0; i < a->n; i++) {
        bool same = trees(r, &a->u.items[i], &b->u.items[i], how);
        for (uint32_t k = 0; how < 0 && !same && k < b->n; k++)
            same = trees(r, &a->u.items[i], &b->u.items[k], how);
        if (!same)
            return false;
    }
    return true;
}

static bool counts(const struct json_member *m, bool like)
{
    return !like || !str_eq(m->name, STR("id"));
}

static uint32_t members(const struct json *o, bool like)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < o->n; i++)
        n += counts(&o->u.members[i], like);
    return n;
}

static bool objects(struct path_run *r, const struct json *a, const struct json *b, int how)
{
    bool like = how < 0;
    if (members(a, like) != members(b, like))
        return false;
    for (uint32_t i = 0; i < a->n; i++) {
        const struct json_member *m = &a->u.members[i];
        if (counts(m, like) && !trees(r, &m->value, json_get(b, m->name), how))
            return false;
    }
    return true;
}

static bool trees(struct path_run *r, const struct json *a, const struct json *b, int how)
{
    bool like = how < 0;
    if (!a || !b || a->type != b->type || how == 0 || ++r->steps > PATH_STEPS_MAX)
        return false;
    if (a->type == JSON_OBJECT)
        return objects(r, a, b, deeper(how));
    if (a->type == JSON_ARRAY)
        return a->n == b->n && lists(r, a, b, deeper(how));
    return a->type < JSON_NUMBER || scalars(r, a, b, like);
}

bool path_trees_equal(struct path_run *r, const struct json *a, const struct json *b, bool like)
{
    return trees(r, a, b, like ? -FHIR_DEPTH_MAX : FHIR_DEPTH_MAX);
}
