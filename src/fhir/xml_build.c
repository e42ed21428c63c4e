/* XML elements to a JSON tree by the tables: which member an element becomes, which list it joins,
 * what kind of scalar its value is. Order is not asked for, only what may stand where. Invariant: a
 * level is finished before it is put into the one above. */
#include "xml_int.h"

void xml_tell(struct xml_build *x, const char *what)
{
    struct fhir_frame frames[XML_LEVELS];
    const struct fhir_frame *up = NULL;
    size_t n = 0;
    for (size_t i = 0; i < x->n; i++) {
        const struct xml_level *l = &x->levels[i];
        bool inner = i && x->levels[i - 1].kind == XML_HOLDER;
        if (inner)
            continue; /* <contained><Patient> is one step of a path */
        const struct fhir_row *r = l->row ? &fhir_rows[l->row] : NULL;
        frames[n] = (struct fhir_frame){up, r ? fhir_word(r->element) : l->name,
                                        r && (r->flags & ROW_CHOICE) ? r->type : 0, l->index};
        up = &frames[n++];
    }
    (void)fail_at(x->op, ERR_INVALID, up ? fhir_frame_path(x->op->arena, up) : STR_NONE,
                  "%s (XML line %u, column %u)", what, x->line, x->column);
}

static err push(struct xml_build *x, const struct xml_level *l)
{
    if (x->n >= XML_LEVELS)
        return xml_wrong(x, "The elements are nested too deeply; flatten them.");
    if (++x->nodes > FHIR_XML_NODES_MAX)
        return fail(x->op, ERR_TOO_LARGE, "The document has too many elements; send less at once.");
    x->levels[x->n++] = *l;
    return op_check(x->op);
}

static err begin_resource(struct xml_build *x, str name)
{
    struct arena *a = x->op->arena;
    struct xml_level l = {.kind = XML_OBJECT, .type = fhir_type_parse(name), .index = -1};
    struct xml_level *up = xml_top(x);
    if (!l.type)
        return xml_wrong(x, "An R4 resource type is expected here as the element's name.");
    if (up && up->object)
        return xml_wrong(x, "Only one resource may stand here.");
    l.name = fhir_type_name(l.type);
    l.object = json_new(a, JSON_OBJECT);
    json_set_str(a, l.object, STR("resourceType"), l.name);
    return push(x, &l);
}

static str beside_of(struct xml_build *x, str name)
{
    return arena_cat(x->op->arena, STR("_"), name);
}

static uint32_t list_length(const struct json *v)
{
    return json_is(v, JSON_ARRAY) ? v->n : 0;
}

err xml_begin(struct xml_build *x, str name)
{
    struct xml_level *up = xml_top(x);
    struct xml_level l = {.kind = XML_OBJECT, .index = -1};
    if (!up || up->kind == XML_HOLDER)
        return begin_resource(x, name);
    l.row = fhir_row_find(up->kind == XML_PRIMITIVE ? (uint16_t)FHIR_ELEMENT : up->type, name);
    const struct fhir_row *r = &fhir_rows[l.row];
    l.name = l.row ? fhir_word(r->name) : arena_str(x->op->arena, name);
    l.type = r->type;
    bool attribute =
        l.row && fhir_models[up->type].kind != KIND_RESOURCE &&
        (str_eq(name, STR("id")) || (up->type == FHIR_EXTENSION && str_eq(name, STR("url"))));
    if (!l.row || attribute) {
        TRY(push(x, &l));
        return xml_wrong(x, "There is no such element here; check the spelling.");
    }
    if (up->kind == XML_PRIMITIVE && !up->object)
        up->object = json_new(x->op->arena, JSON_OBJECT);
    if (r->flags & ROW_ARRAY)
        l.index = list_length(json_get(up->object, l.name));
    if (r->type == FHIR_XHTML)
        l.kind = XML_NARRATIVE;
    else if (r->flags & ROW_PRIMITIVE)
        l.kind = XML_PRIMITIVE;
    else if (r->type == FHIR_RESOURCE)
        l.kind = XML_HOLDER;
    else
        l.object = json_new(x->op->arena, JSON_OBJECT);
    return push(x, &l);
}

/* Takes digits off *s; how many. */
static size_t digits(str *s)
{
    size_t n = 0;
    while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
        n++;
    *s = str_sub(*s, n, s->n);
    return n;
}

static bool skip(str *s, const char *any)
{
    bool there = s->n && s->p[0] && strchr(any, s->p[0]);
    if (there)
        *s = str_sub(*s, 1, s->n);
    return there;
}

/* The grammar of a JSON number. */
static bool is_number(str s)
{
    (void)skip(&s, "-");
    bool zero = s.n && s.p[0] == '0';
    size_t whole = digits(&s);
    if (!whole || (zero && whole > 1) || (skip(&s, ".") && !digits(&s)))
        return false;
    if (skip(&s, "eE")) {
        (void)skip(&s, "+-");
        if (!digits(&s))
            return false;
    }
    return s.n == 0;
}

static err scalar(struct xml_build *x, uint16_t type, str value, struct json **ret)
{
    struct arena *a = x->op->arena;
    switch (type) {
    case FHIR_BOOLEAN:
        if (!str_eq(value, STR("true")) && !str_eq(value, STR("false")))
            return xml_wrong(x, "The value must be true or false.");
        *ret = json_new_bool(a, value.n == 4);
        return OK;
    case FHIR_INTEGER:
    case FHIR_UNSIGNED_INT:
    case FHIR_POSITIVE_INT:
    case FHIR_DECIMAL:
        if (value.n > 1 && value.p[0] == '+')
            value = str_sub(value, 1, value.n); /* XML's integers may have one, JSON's not */
        if (!is_number(value))
            return xml_wrong(x, "The value must be a number.");
        *ret = json_new_num(a, arena_str(a, value));
        return OK;
    default:
        *ret = json_new_str(a, arena_str(a, value));
        return OK;
    }
}

err xml_attribute(struct xml_build *x, str name, str value)
{
    struct xml_level *l = xml_top(x);
    struct arena *a = x->op->arena;
    bool resource = l->kind == XML_OBJECT && fhir_models[l->type].kind == KIND_RESOURCE;
    bool id = str_eq(name, STR("id"));
    if (++x->nodes > FHIR_XML_NODES_MAX)
        return fail(x->op, ERR_TOO_LARGE, "The document has too many elements; send less at once.");
    if (l->kind == XML_PRIMITIVE && str_eq(name, STR("value")))
        return scalar(x, l->type, value, &l->value);
    bool url = l->kind == XML_OBJECT && l->type == FHIR_EXTENSION && str_eq(name, STR("url"));
    if (l->kind == XML_HOLDER || resource || !(id || url))
        return xml_wrong(x, "The element has an attribute that it may not have.");
    if (!l->object)
        l->object = json_new(a, JSON_OBJECT);
    json_set_str(a, l->object, id ? STR("id") : STR("url"), arena_str(a, value));
    return op_check(x->op);
}

/* Fills up with null to n items. */
static void fill(struct arena *a, struct json *list, uint32_t n)
{
    const struct json null = {.type = JSON_NULL};
    while (list && list->n < n && !arena_failed(a))
        json_push(a, list, &null);
}

static struct json *list_of(struct arena *a, struct json *o, str name)
{
    if (!json_get(o, name))
        json_set(a, o, name, json_new(a, JSON_ARRAY));
    return json_get(o, name);
}

static err join_list(struct xml_build *x, struct json *o, const struct xml_level *l,
                     const struct json *value)
{
    static const struct json null = {.type = JSON_NULL};
    struct arena *a = x->op->arena;
    const struct json *beside = l->kind == XML_PRIMITIVE ? l->object : NULL;
    struct json *list = list_of(a, o, l->name);
    TRY(op_check(x->op));
    uint32_t n = list->n;
    json_push(a, list, value ? value : &null);
    if (l->kind != XML_PRIMITIVE)
        return op_check(x->op);
    str twin = beside_of(x, l->name);
    if (!beside && !json_get(o, twin))
        return op_check(x->op);
    list = list_of(a, o, twin);
    TRY(op_check(x->op));
    fill(a, list, n);
    json_push(a, list, beside ? beside : &null);
    return op_check(x->op);
}

static err join(struct xml_build *x, struct json *o, const struct xml_level *l,
                const struct json *value)
{
    struct arena *a = x->op->arena;
    str twin = l->kind == XML_PRIMITIVE ? beside_of(x, l->name) : STR_NONE;
    if (l->index >= 0)
        return join_list(x, o, l, value);
    if (json_get(o, l->name) || (twin.n && json_get(o, twin))) {
        x->n++; /* the path is that of the second one */
        return xml_wrong(x, "The element does not repeat; keep one.");
    }
    if (value)
        json_set(a, o, l->name, value);
    if (twin.n && l->object)
        json_set(a, o, twin, l->object);
    return op_check(x->op);
}

/* A list that has nothing but nulls goes: all is said by the list beside it. */
static void drop_nulls(struct json *o)
{
    for (uint32_t i = 0; i < o->n; i++) {
        str name = o->u.members[i].name;
        if (name.p[0] != '_' || o->u.members[i].value.type != JSON_ARRAY)
            continue;
        str other = str_sub(name, 1, name.n);
        const struct json *list = json_get(o, other);
        bool only = json_is(list, JSON_ARRAY);
        for (uint32_t j = 0; only && j < list->n; j++)
            only = list->u.items[j].type == JSON_NULL;
        if (only) {
            json_unset(o, other);
            i = UINT32_MAX; /* once more: the members moved */
        }
    }
}

err xml_end(struct xml_build *x, str text)
{
    struct xml_level *l = xml_top(x), *up = x->n > 1 ? l - 1 : NULL;
    const struct json *value = l->kind == XML_PRIMITIVE ? l->value : l->object;
    if (l->kind == XML_NARRATIVE)
        value = json_new_str(x->op->arena, text);
    if (l->kind == XML_OBJECT) {
        drop_nulls(l->object);
        if (!l->object->n)
            return xml_wrong(x, "The element is empty; give it content or leave it out.");
    }
    if (l->kind == XML_HOLDER && !value)
        return xml_wrong(x, "A resource is expected in this element.");
    if (l->kind == XML_PRIMITIVE && !l->value && !l->object)
        return xml_wrong(x, "The element has neither a value nor an extension.");
    x->n--;
    if (!up) {
        x->root = l->object;
        return op_check(x->op);
    }
    if (up->kind == XML_HOLDER) {
        up->object = l->object;
        return op_check(x->op);
    }
    return join(x, up->object, l, value);
}
