/* All search keys of a resource: the trie of its type, then the few parameters that need FHIRPath.
 * _id and _lastUpdated are not made here: the server assigns them, the record knows them.
 * Invariant: for every parameter the trie and keys_by_path() give the same keys (keys_test.c). */
#include "fhir/fhir_int.h"
#include "fhir/keys_int.h"
#include "fhir/path_int.h"

/* "System.Boolean" → "boolean", any resource → "Resource". */
static str source_name(struct arena *a, uint16_t type)
{
    if (type && type <= FHIR_TYPE_COUNT)
        return STR("Resource");
    str name = fhir_path_type_name(type);
    if (!str_starts(name, STR("System.")))
        return name;
    return arena_printf(a, "%c%.*s", name.p[7] | 0x20, (int)name.n - 8, name.p + 8);
}

static void from_item(struct key_walk *w, const struct fhir_param *p, const struct path_item *item)
{
    str name = source_name(w->op->arena, item->type);
    if (!item->v)
        return;
    for (const struct key_source *s = fhir_key_sources; s->type; s++)
        if (s->param_type == p->type && str_eq(name, str_of(s->type)))
            keys_from(w, p->number, s->from, item->v);
}

static err find(struct key_walk *w, const char *expression, struct json *resource,
                struct path_item focus, struct path_list *ret)
{
    const struct fhir_path *path;
    TRY(fhir_path_compile(w->op, str_of(expression), &path));
    return path_find(w->op, path, resource, focus, ret);
}

static err composite_by_path(struct key_walk *w, const struct fhir_param *p, struct json *resource,
                             struct path_item at)
{
    const struct param_more *more = fhir_param_more(p);
    struct key_walk lists[KEY_PARTS_MAX];
    for (size_t i = 0; i < p->n_parts; i++) {
        struct path_list items;
        lists[i] = (struct key_walk){.op = w->op, .resource = resource, .part = true};
        TRY(find(w, more->inner[i], resource, at, &items));
        for (size_t k = 0; k < items.n; k++)
            from_item(&lists[i], fhir_param_get(p->parts[i]), &items.at[k]);
        if (lists[i].keys.n == 0)
            return OK;
    }
    keys_cross(w, p->number, lists, p->n_parts);
    return OK;
}

err keys_by_path(struct key_walk *w, const struct fhir_param *p, struct json *resource)
{
    struct path_list items;
    struct path_item root = path_item_of(resource);
    TRY(find(w, fhir_param_more(p)->expression, resource, root, &items));
    for (size_t i = 0; i < items.n; i++) {
        if (p->type == PARAM_COMPOSITE)
            TRY(composite_by_path(w, p, resource, items.at[i]));
        else
            from_item(w, p, &items.at[i]);
    }
    return OK;
}

err fhir_keys(struct op *op, struct json *resource, struct fhir_key **ret, size_t *ret_n)
{
    const struct param_type *t = &fhir_param_types[fhir_type_of(resource)];
    struct key_walk w = {.op = op, .resource = resource};
    if (t->n)
        keys_walk(&w, t->root, resource);
    for (size_t i = 0; i < t->n_fallback; i++)
        TRY(keys_by_path(&w, fhir_param_get(fhir_param_fallback[t->fallback + i]), resource));
    keys_words(&w, resource);
    TRY(op_check(op));
    if (w.over)
        return fail(op, ERR_TOO_COSTLY, "the resource makes more than %u search keys", KEYS_MAX);
    *ret = w.keys.at;
    *ret_n = w.keys.n;
    return OK;
}
