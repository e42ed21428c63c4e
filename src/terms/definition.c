/* A value set's block back to its compose, for includeDefinition. */
#include "terms/set_int.h"

static void set_text(struct arena *a, struct json *o, const char *name, const struct blob *b,
                     uint32_t ref)
{
    str text = blob_text(b, ref);
    if (text.n)
        json_set_str(a, o, str_of(name), text);
}

static struct json *filters_of(struct arena *a, const struct set *set, const struct set_part *p)
{
    struct json *list = json_new(a, JSON_ARRAY);
    for (uint32_t i = 0; i < p->filter_n; i++) {
        const struct set_filter *f = &set->filters[p->filter_first + i];
        struct json *o = json_new(a, JSON_OBJECT);
        set_text(a, o, "property", &set->b, f->property);
        set_text(a, o, "op", &set->b, f->op);
        set_text(a, o, "value", &set->b, f->value);
        json_push(a, list, o);
    }
    return list;
}

static struct json *part_of(struct arena *a, const struct set *set, const struct set_part *p)
{
    struct json *o = json_new(a, JSON_OBJECT), *codes = json_new(a, JSON_ARRAY);
    struct json *imports = json_new(a, JSON_ARRAY), *filters = filters_of(a, set, p);
    set_text(a, o, "system", &set->b, p->system);
    set_text(a, o, "version", &set->b, p->version);
    for (uint32_t i = 0; i < p->code_n; i++) {
        struct json *c = json_new(a, JSON_OBJECT);
        set_text(a, c, "code", &set->b, set->codes[p->code_first + i].code);
        set_text(a, c, "display", &set->b, set->codes[p->code_first + i].display);
        json_push(a, codes, c);
    }
    for (uint32_t i = 0; i < p->import_n; i++)
        json_push(a, imports,
                  json_new_str(a, blob_text(&set->b, set->imports[p->import_first + i])));
    if (codes->n)
        json_set(a, o, STR("concept"), codes);
    if (filters->n)
        json_set(a, o, STR("filter"), filters);
    if (imports->n)
        json_set(a, o, STR("valueSet"), imports);
    return o;
}

struct json *definition_of(struct op *op, const struct set *set)
{
    struct arena *a = op->arena;
    struct json *out = json_new(a, JSON_OBJECT);
    struct json *lists[2] = {json_new(a, JSON_ARRAY), json_new(a, JSON_ARRAY)};
    if (set->active_only)
        json_set(a, out, STR("inactive"), json_new_bool(a, false));
    for (uint32_t i = 0; i < set->n_parts; i++)
        json_push(a, lists[set->parts[i].exclude != 0], part_of(a, set, &set->parts[i]));
    if (lists[0]->n)
        json_set(a, out, STR("include"), lists[0]);
    if (lists[1]->n)
        json_set(a, out, STR("exclude"), lists[1]);
    return out;
}
