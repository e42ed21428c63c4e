/* FHIRPath Patch (https://hl7.org/fhir/R4/fhirpatch.html): add, insert, delete, replace, move. A
 * path is evaluated on the tree as the operations before left it; what it gives must stand in the
 * tree itself. Lists of primitives keep their "_name" lists in step. Invariant: one operation
 * changes one element, or one list, or fails naming its path. */
#include "patch_int.h"

/* Where a node stands: a member of an object, and there in a list. */
struct spot {
    struct json *object;
    uint32_t member;
    int64_t index; /* in the list, or -1 */
};
struct edit {
    struct op *op;
    struct json *root;
    const struct patch_step *step;
};

static err wrong(struct edit *e, const char *what)
{
    return fail(e->op, ERR_UNPROCESSABLE, "%.*s: %s",
                STR_ARG(patch_name(e->op, e->step->at, e->step->path)), what);
}

/* Every node of the tree but the root stands in some spot. */
static bool find_spot(struct json *o, const struct json *node, unsigned depth, struct spot *ret)
{
    for (uint32_t i = 0; depth && o->type == JSON_OBJECT && i < o->n; i++) {
        struct json *m = &o->u.members[i].value;
        bool list = m->type == JSON_ARRAY;
        for (uint32_t j = 0; j < (list ? m->n : 1); j++) {
            struct json *v = list ? &m->u.items[j] : m;
            *ret = (struct spot){o, i, list ? (int64_t)j : -1};
            if (v == node || find_spot(v, node, depth - 1, ret))
                return true;
        }
    }
    return false;
}

/* The one element that a path gives; *ret NULL when it gives none. */
static err find(struct edit *e, str path, struct json **ret)
{
    const struct fhir_path *p;
    struct fhir_path_items items;
    TRY(fhir_path_compile(e->op, path, &p));
    TRY(fhir_path_eval(e->op, p, e->root, &items));
    if (items.n > 1)
        return wrong(e, "The path gives several elements; it must give one.");
    *ret = items.n ? items.at[0] : NULL;
    return OK;
}

static str beside_of(struct edit *e, str key)
{
    return arena_cat(e->op->arena, STR("_"), key);
}

/* The list of that name in o, made when it is not there. */
static struct json *list_of(struct edit *e, struct json *o, str key)
{
    if (!json_get(o, key))
        json_set(e->op->arena, o, key, json_new(e->op->arena, JSON_ARRAY));
    return json_get(o, key);
}

/* Fills up with null to n items. */
static void fill(struct edit *e, struct json *list, uint32_t n)
{
    const struct json null = {.type = JSON_NULL};
    while (list && list->n < n && !arena_failed(e->op->arena))
        json_push(e->op->arena, list, &null);
}

static uint32_t length(struct json *o, str key, str beside)
{
    const struct json *a = json_get(o, key), *b = json_get(o, beside);
    uint32_t x = json_is(a, JSON_ARRAY) ? a->n : 0, y = json_is(b, JSON_ARRAY) ? b->n : 0;
    return x > y ? x : y;
}

/* Into the list of a repeating element, at index. */
static err insert_item(struct edit *e, struct json *o, const struct patch_value *v, uint32_t index)
{
    static const struct json null = {.type = JSON_NULL};
    str key = fhir_word(fhir_rows[v->row].name), beside = beside_of(e, key);
    uint32_t n = length(o, key, beside);
    bool two = v->sibling || json_get(o, beside);
    struct json *list = list_of(e, o, key);
    TRY(op_check(e->op));
    fill(e, list, n);
    patch_list_insert(e->op->arena, list, index, v->value ? v->value : &null);
    if (!two)
        return op_check(e->op);
    list = list_of(e, o, beside);
    TRY(op_check(e->op));
    fill(e, list, n);
    patch_list_insert(e->op->arena, list, index, v->sibling ? v->sibling : &null);
    return op_check(e->op);
}

static void set_member(struct edit *e, struct json *o, const struct patch_value *v)
{
    str key = fhir_word(fhir_rows[v->row].name);
    if (v->value)
        json_set(e->op->arena, o, key, v->value);
    if (v->sibling)
        json_set(e->op->arena, o, beside_of(e, key), v->sibling);
}

/* An element of that row, or another choice of it, is there. */
static bool has_element(const struct json *o, uint16_t type, uint16_t row)
{
    for (uint32_t i = 0; i < o->n; i++) {
        str name = o->u.members[i].name;
        uint16_t other =
            fhir_row_find(type, name.n && name.p[0] == '_' ? str_sub(name, 1, name.n) : name);
        if (other && fhir_rows[other].ordinal == fhir_rows[row].ordinal)
            return true;
    }
    return false;
}

/* Of a primitive: the object beside it, which holds its extensions; made when it is not there. */
static err beside_node(struct edit *e, struct json *node, struct json **ret)
{
    struct spot at;
    struct json empty = {.type = JSON_OBJECT, .tag = FHIR_TAG(0, FHIR_ELEMENT)};
    if (!find_spot(e->root, node, FHIR_DEPTH_MAX, &at))
        return wrong(e, "The path does not give an element of the resource.");
    str beside = beside_of(e, at.object->u.members[at.member].name);
    uint32_t n = at.object->u.members[at.member].value.n;
    if (at.index < 0 && !json_get(at.object, beside))
        json_set(e->op->arena, at.object, beside, &empty);
    struct json *b = at.index < 0 ? json_get(at.object, beside) : list_of(e, at.object, beside);
    TRY(op_check(e->op));
    if (at.index >= 0) {
        fill(e, b, n);
        TRY(op_check(e->op));
        b = &b->u.items[at.index];
        if (b->type == JSON_NULL)
            *b = empty;
    }
    *ret = b;
    return OK;
}

/* The object that a path names, to put something into, and its type. */
static err find_object(struct edit *e, str path, struct json **ret, uint16_t *ret_type)
{
    struct json *o;
    TRY(find(e, path, &o));
    if (!o)
        return wrong(e, "Nothing stands there; check the path.");
    if (o->type != JSON_OBJECT) {
        TRY(beside_node(e, o, &o));
        *ret_type = FHIR_ELEMENT;
    } else {
        struct spot at;
        if (o != e->root && !find_spot(e->root, o, FHIR_DEPTH_MAX, &at))
            return wrong(e, "The path does not give an element of the resource.");
        *ret_type = FHIR_TAG_TYPE(o->tag);
    }
    *ret = o;
    return OK;
}

static err run_add(struct edit *e)
{
    struct json *o;
    uint16_t type;
    struct patch_value v;
    TRY(find_object(e, e->step->path, &o, &type));
    TRY(patch_value_make(e->op, e->step, type, e->step->name, &v));
    if (fhir_rows[v.row].flags & ROW_ARRAY) {
        str key = fhir_word(fhir_rows[v.row].name);
        return insert_item(e, o, &v, length(o, key, beside_of(e, key)));
    }
    if (has_element(o, type, v.row))
        return wrong(e, "The element is there already and does not repeat; use replace.");
    set_member(e, o, &v);
    return op_check(e->op);
}

static err run_delete(struct edit *e)
{
    struct json *node;
    struct spot at;
    TRY(find(e, e->step->path, &node));
    if (!node)
        return OK; /* "if found" */
    if (node == e->root || !find_spot(e->root, node, FHIR_DEPTH_MAX, &at))
        return wrong(e, "The path does not give an element of the resource.");
    str key = at.object->u.members[at.member].name, beside = beside_of(e, key);
    struct json *list = json_get(at.object, key), *twin = json_get(at.object, beside);
    if (at.index >= 0) {
        patch_list_remove(list, (uint32_t)at.index);
        if (json_is(twin, JSON_ARRAY))
            patch_list_remove(twin, (uint32_t)at.index);
    }
    if (at.index < 0 || list->n == 0) {
        json_unset(at.object, beside);
        json_unset(at.object, key);
    }
    return OK;
}

static err replace_item(struct edit *e, const struct spot *at, const struct patch_value *v)
{
    struct json *list = &at->object->u.members[at->member].value;
    uint32_t n = list->n;
    str beside = beside_of(e, at->object->u.members[at->member].name);
    const struct json null = {.type = JSON_NULL};
    list->u.items[at->index] = v->value ? *v->value : null;
    if (!v->sibling && !json_get(at->object, beside))
        return OK;
    struct json *twin = list_of(e, at->object, beside);
    TRY(op_check(e->op));
    fill(e, twin, n);
    TRY(op_check(e->op));
    twin->u.items[at->index] = v->sibling ? *v->sibling : null;
    return OK;
}

static err run_replace(struct edit *e)
{
    struct json *node;
    struct spot at;
    struct patch_value v;
    TRY(find(e, e->step->path, &node));
    if (!node)
        return wrong(e, "Nothing stands there; check the path.");
    if (node == e->root || !find_spot(e->root, node, FHIR_DEPTH_MAX, &at))
        return wrong(e, "The path does not give an element of the resource.");
    str key = at.object->u.members[at.member].name;
    uint16_t type = FHIR_TAG_TYPE(at.object->tag), row = fhir_row_find(type, key);
    if (!row)
        return wrong(e, "This element cannot be replaced.");
    TRY(patch_value_make(e->op, e->step, type, fhir_word(fhir_rows[row].element), &v));
    if (at.index >= 0)
        return replace_item(e, &at, &v);
    json_unset(at.object, beside_of(e, key));
    json_unset(at.object, key);
    set_member(e, at.object, &v);
    return op_check(e->op);
}

/* "Patient.contact[0].telecom" is the list telecom of Patient.contact[0]. */
static bool split(str path, str *ret_parent, str *ret_name)
{
    size_t at = path.n;
    while (at > 0 && path.p[at - 1] != '.' && path.p[at - 1] != ')' && path.p[at - 1] != ']')
        at--;
    *ret_name = str_sub(path, at, path.n);
    *ret_parent = at ? str_sub(path, 0, at - 1) : STR("$this");
    return ret_name->n && (at == 0 || path.p[at - 1] == '.');
}

static err run_insert(struct edit *e)
{
    str parent, name;
    struct json *o;
    uint16_t type;
    struct patch_value v;
    if (!split(e->step->path, &parent, &name))
        return wrong(e, "The path must end in the name of a list.");
    TRY(find_object(e, parent, &o, &type));
    TRY(patch_value_make(e->op, e->step, type, name, &v));
    if (!(fhir_rows[v.row].flags & ROW_ARRAY))
        return wrong(e, "The element does not repeat; use add or replace.");
    str key = fhir_word(fhir_rows[v.row].name);
    if (e->step->index < 0 || e->step->index > length(o, key, beside_of(e, key)))
        return wrong(e, "The index is past the end of the list.");
    return insert_item(e, o, &v, (uint32_t)e->step->index);
}

static void shift(struct json *list, uint32_t from, uint32_t to)
{
    struct json v = list->u.items[from];
    patch_list_remove(list, from);
    memmove(&list->u.items[to + 1], &list->u.items[to], (list->n - to) * sizeof v);
    list->u.items[to] = v;
    list->n++;
}

static err run_move(struct edit *e)
{
    str parent, name;
    struct json *o, *list;
    uint16_t type;
    const struct patch_step *s = e->step;
    if (!split(s->path, &parent, &name))
        return wrong(e, "The path must end in the name of a list.");
    TRY(find_object(e, parent, &o, &type));
    list = json_get(o, name);
    if (!json_is(list, JSON_ARRAY))
        return wrong(e, "No list stands there; check the path.");
    if (s->source < 0 || s->destination < 0 || s->source >= list->n || s->destination >= list->n)
        return wrong(e, "Source or destination is past the end of the list.");
    shift(list, (uint32_t)s->source, (uint32_t)s->destination);
    struct json *twin = json_get(o, beside_of(e, name));
    if (json_is(twin, JSON_ARRAY) && twin->n == list->n)
        shift(twin, (uint32_t)s->source, (uint32_t)s->destination);
    return OK;
}

err patch_path_apply(struct op *op, const struct fhir_patch *p, struct json *root)
{
    static err (*const run[])(struct edit *) = {
        [PATCH_ADD] = run_add,         [PATCH_INSERT] = run_insert, [PATCH_DELETE] = run_delete,
        [PATCH_REPLACE] = run_replace, [PATCH_MOVE] = run_move,
    };
    struct edit e = {.op = op, .root = root};
    size_t size = patch_count(root, FHIR_PATCH_NODES_MAX);
    if (size * p->n > (size_t)FHIR_PATCH_NODES_MAX * 16)
        return fail(op, ERR_TOO_COSTLY,
                    "The resource is too large for so many operations; send them in parts.");
    for (size_t i = 0; i < p->n; i++) {
        e.step = &p->steps[i];
        TRY(run[e.step->verb](&e));
        TRY(op_check(op));
        fhir_tag(root); /* the next path is evaluated on what stands there now */
    }
    return OK;
}
