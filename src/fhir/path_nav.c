/* FHIRPath navigation: from an item to its children by element name. Choice types go by the bare
 * name (value for valueQuantity), primitives carry their "_name" sibling along.
 * Invariant: types come from the element tables, so a tree need not be tagged but for its focus. */
#include "fhir/path_int.h"

struct path_item path_item_of(struct json *v)
{
    uint16_t type = FHIR_TAG_TYPE(v->tag);
    return (struct path_item){.v = v, .type = type ? type : fhir_type_of(v)};
}

static uint16_t row_type(uint16_t row, const struct json *v)
{
    uint16_t type = fhir_rows[row].type;
    if (type != FHIR_RESOURCE || !v)
        return type;
    fhir_type own = fhir_type_of(v);
    return own ? own : type;
}

static struct json *slot(struct json *v, uint32_t i)
{
    if (!v || (v->type == JSON_ARRAY && i >= v->n))
        return NULL;
    struct json *item = v->type == JSON_ARRAY ? &v->u.items[i] : i == 0 ? v : NULL;
    return item && item->type != JSON_NULL ? item : NULL;
}

static uint32_t slots(const struct json *v)
{
    return !v ? 0 : v->type == JSON_ARRAY ? v->n : 1;
}

static err push_pair(struct path_run *r, uint16_t row, struct json *main, struct json *sibling,
                     struct path_list *ret)
{
    uint32_t n = slots(main) > slots(sibling) ? slots(main) : slots(sibling);
    TRY(path_step(r, n + 1));
    for (uint32_t i = 0; i < n; i++) {
        struct path_item item = {.v = slot(main, i), .ext = slot(sibling, i)};
        item.type = row_type(row, item.v);
        if (item.v || item.ext)
            TRY(path_push(r, ret, item));
    }
    return OK;
}

static str bare(str member)
{
    return str_starts(member, STR("_")) ? str_sub(member, 1, member.n) : member;
}

static struct json *sibling_of(struct json *o, str name)
{
    for (uint32_t i = 0; i < o->n; i++) {
        str member = o->u.members[i].name;
        if (member.n == name.n + 1 && member.p[0] == '_' &&
            memcmp(member.p + 1, name.p, name.n) == 0)
            return &o->u.members[i].value;
    }
    return NULL;
}

/* Children of one object whose element has that word, or all when word is 0. */
static err model_children(struct path_run *r, struct json *o, uint16_t type, uint16_t word,
                          struct path_list *ret)
{
    TRY(path_step(r, o->n));
    for (uint32_t i = 0; i < o->n; i++) {
        struct json_member *m = &o->u.members[i];
        str name = bare(m->name);
        uint16_t row = fhir_row_find(type, name);
        if (!row || (word && fhir_rows[row].element != word))
            continue;
        bool primitive = fhir_rows[row].flags & ROW_PRIMITIVE;
        if (name.n == m->name.n) {
            struct json *sibling = primitive ? sibling_of(o, name) : NULL;
            TRY(push_pair(r, row, &m->value, sibling, ret));
        } else if (primitive && !json_get(o, name)) {
            TRY(push_pair(r, row, NULL, &m->value, ret));
        }
    }
    return OK;
}

/* Members of a System.Quantity or ClassInfo. */
static err system_children(struct path_run *r, const struct path_item *item, str name,
                           struct path_list *ret)
{
    for (uint32_t i = 0; i < item->v->n; i++) {
        struct json_member *m = &item->v->u.members[i];
        struct path_item child = {.v = &m->value,
                                  .type = m->value.type == JSON_NUMBER ? SYS_DECIMAL : SYS_STRING};
        if (name.n == 0 || str_eq(m->name, name))
            TRY(path_push(r, ret, child));
    }
    return OK;
}

err path_children(struct path_run *r, const struct path_item *item, const struct path_node *n,
                  struct path_list *ret)
{
    TRY(path_step(r, 1));
    if (item->ext && item->ext->type == JSON_OBJECT)
        TRY(model_children(r, item->ext, FHIR_ELEMENT, n ? n->word : 0, ret));
    if (!item->v || item->v->type != JSON_OBJECT || (n && !n->word && item->type < SYS_BOOLEAN))
        return OK;
    if (item->type >= SYS_BOOLEAN)
        return system_children(r, item, n ? n->text : STR_NONE, ret);
    return model_children(r, item->v, item->type, n ? n->word : 0, ret);
}
