/* StructureDefinitions to a compiled profile: each element finds its node by id (or by path and
 * slice name) and is read into it (profile_element.c); a differential is laid over what was there.
 * Invariant: an element that the model does not have, or that cannot be placed, is an error. */
#include "fhir/profile_int.h"

#define CORE "http://hl7.org/fhir/StructureDefinition/"

static str unversioned(str canonical)
{
    return str_sub(canonical, 0, str_find_char(canonical, '|', 0));
}

/* What follows c, or nothing. */
static str after(str s, char c)
{
    size_t at = str_find_char(s, c, 0);
    return at < s.n ? str_sub(s, at + 1, s.n) : STR("");
}

static const struct json *elements_of(const struct json *definition)
{
    const struct json *e = JSON_GET(JSON_GET(definition, "snapshot"), "element");
    return json_is(e, JSON_ARRAY) ? e : JSON_GET(JSON_GET(definition, "differential"), "element");
}

str fhir_profile_needs(const struct json *definition)
{
    const struct json *snapshot = JSON_GET(JSON_GET(definition, "snapshot"), "element");
    str base = json_get_str(definition, STR("baseDefinition"));
    str name = unversioned(base);
    if (json_is(snapshot, JSON_ARRAY))
        return STR("");
    if (str_starts(name, STR(CORE)) && fhir_model_find(str_sub(name, sizeof CORE - 1, name.n)))
        return STR("");
    return base;
}

static struct profile_node *node_new(struct profile_compile *c, str name, uint16_t type)
{
    struct profile_node *n = ARENA_NEW(c->keep, struct profile_node);
    n->name = arena_str(c->keep, name);
    n->element = fhir_word_find(name);
    n->type = type;
    n->max = n->max_length = MAX_UNBOUNDED;
    c->profile->n_nodes++;
    return n;
}

static void append(struct profile_node **list, struct profile_node *n)
{
    while (*list)
        list = &(*list)->next;
    *list = n;
}

/* A row of the element in the type, 0 when it has none; *ret_type: what it is, 0 for a choice. */
static uint16_t element_row(uint16_t type, str name, uint16_t *ret_type)
{
    const struct fhir_model *m = &fhir_models[type];
    uint16_t word = fhir_word_find(name);
    for (uint16_t i = 0; word && i < m->n_rows; i++) {
        uint16_t row = fhir_lists[m->list + i];
        if (fhir_rows[row].element != word)
            continue;
        *ret_type = fhir_rows[row].flags & ROW_CHOICE ? 0 : fhir_rows[row].type;
        return row;
    }
    return 0;
}

/* A backbone where it is declared, not where a content reference repeats it. */
static void declared(struct profile_compile *c, const struct profile_node *up,
                     const struct profile_node *n)
{
    struct fhir_profile *p = c->profile;
    str whole = fhir_word(fhir_models[n->type].name), head = fhir_word(fhir_models[up->type].name);
    if (n->type && fhir_models[n->type].kind == KIND_BACKBONE && p->n_again < PROFILE_AGAIN_MAX &&
        whole.n == head.n + 1 + n->name.n && str_starts(whole, head) && str_ends(whole, n->name))
        p->again[p->n_again++] = n;
}

static struct profile_by *by_new(struct profile_compile *c, enum by_kind kind, str path)
{
    struct profile_by *by = ARENA_NEW(c->keep, struct profile_by);
    *by = (struct profile_by){.kind = kind, .path = path};
    return by;
}

/* How slices of an element are told apart where the definition need not say. */
static void default_slicing(struct profile_compile *c, struct profile_node *n, bool choice)
{
    if (n->by)
        return;
    if (choice)
        n->by = by_new(c, BY_TYPE, STR("$this"));
    else if (str_eq(n->name, STR("extension")) || str_eq(n->name, STR("modifierExtension")))
        n->by = by_new(c, BY_VALUE, STR("url"));
}

static struct profile_node *slice_of(struct profile_compile *c, struct profile_node *n, str name)
{
    for (struct profile_node *s = n->slices; s; s = s->next)
        if (str_eq(s->slice, name))
            return s;
    struct profile_node *s = node_new(c, n->name, n->type);
    s->slice = arena_str(c->keep, name);
    append(&n->slices, s);
    return s;
}

static void one_type(struct profile_compile *c, struct profile_node *n, uint16_t type)
{
    struct profile_type *t = ARENA_NEW(c->keep, struct profile_type);
    n->type = t->type = type;
    n->types = t;
    n->n_types = 1;
}

/* "a/b" is b among the values of a. typed: the row of value<Type> that the slice is named after. */
static struct profile_node *slice(struct profile_compile *c, struct profile_node *n, str name,
                                  uint16_t typed)
{
    default_slicing(c, n, typed != 0);
    size_t slash = str_find_char(name, '/', 0);
    struct profile_node *s = slice_of(c, n, str_sub(name, 0, slash));
    if (typed && !s->n_types)
        one_type(c, s, fhir_rows[typed].type);
    if (slash >= name.n)
        return s;
    if (!s->by)
        s->by = n->by;
    return slice_of(c, s, name);
}

static err no_element(struct profile_compile *c)
{
    return fail_at(c->op, ERR_UNPROCESSABLE, c->at,
                   "The profile names an element that its type does not have.");
}

/* One step of an id: "component:systolic", "value[x]:valueQuantity", "valueQuantity". */
static err descend(struct profile_compile *c, struct profile_node **at, str step)
{
    struct profile_node *up = *at, *n;
    str name = str_sub(step, 0, str_find_char(step, ':', 0)), label = after(step, ':');
    uint16_t type = 0, typed = 0, row = 0;
    if (str_ends(name, STR("[x]")))
        name = str_sub(name, 0, name.n - 3);
    if (up->type) {
        uint16_t in = fhir_models[up->type].kind == KIND_PRIMITIVE ? FHIR_ELEMENT : up->type;
        row = element_row(in, name, &type);
        typed = fhir_row_find(in, row ? label : name);
        if (typed && !(fhir_rows[typed].flags & ROW_CHOICE))
            typed = 0;
        if (!row && !typed)
            return no_element(c);
        if (!row) {
            label = str_empty(label) ? name : label;
            name = fhir_word(fhir_rows[typed].element);
        }
    } else if (!fhir_word_find(name)) {
        return no_element(c);
    }
    for (n = up->children; n && !str_eq(n->name, name); n = n->next)
        ;
    if (!n) {
        append(&up->children, n = node_new(c, name, type));
        declared(c, up, n);
    }
    *at = str_empty(label) ? n : slice(c, n, label, typed);
    return OK;
}

/* Id of an element that has none: what stands before it says in which slice a path goes on. */
static str made_id(struct profile_compile *c, const struct json *e)
{
    struct arena *a = c->op->arena;
    str path = json_get_str(e, STR("path")), label = json_get_str(e, STR("sliceName"));
    str before = c->last_id, id = STR(""), step;
    while (str_take_until(&path, '.', &step)) {
        str old = STR("");
        (void)str_take_until(&before, '.', &old);
        str plain = str_sub(old, 0, str_find_char(old, ':', 0));
        bool last = str_empty(path), same = str_eq(plain, step);
        if (!same)
            before = STR("");
        if (!last && same)
            step = old;
        else if (last && !str_empty(label))
            step = arena_printf(a, "%.*s:%.*s", STR_ARG(step), STR_ARG(label));
        id = str_empty(id) ? step : arena_printf(a, "%.*s.%.*s", STR_ARG(id), STR_ARG(step));
    }
    return id;
}

static err place(struct profile_compile *c, const struct json *e)
{
    struct profile_node *n = c->profile->root;
    str id = json_get_str(e, STR("id")), step;
    if (str_empty(id))
        id = made_id(c, e);
    c->at = c->last_id = id;
    if (!str_take_until(&id, '.', &step) || !str_eq(step, n->name))
        return fail_at(c->op, ERR_UNPROCESSABLE, c->at,
                       "The element's path does not begin with the type of the profile.");
    for (unsigned depth = 0; str_take_until(&id, '.', &step); depth++) {
        if (depth >= FHIR_DEPTH_MAX)
            return fail_at(c->op, ERR_TOO_LARGE, c->at, "The profile goes too deep.");
        TRY(descend(c, &n, step));
    }
    if (c->profile->n_nodes > FHIR_PROFILE_ELEMENTS_MAX)
        return fail(c->op, ERR_TOO_LARGE, "A profile may have %u elements at most.",
                    FHIR_PROFILE_ELEMENTS_MAX);
    return profile_element(c, e, n);
}

static err overlay(struct profile_compile *c, const struct json *definition)
{
    const struct json *list = elements_of(definition);
    uint32_t n = json_is(list, JSON_ARRAY) ? list->n : 0;
    uint16_t type = fhir_model_find(json_get_str(definition, STR("type")));
    if (!str_eq(json_get_str(definition, STR("resourceType")), STR("StructureDefinition")) ||
        !str_eq(json_get_str(definition, STR("derivation")), STR("constraint")) || !type)
        return fail_at(c->op, ERR_UNPROCESSABLE, STR("StructureDefinition"),
                       "Not a profile of an R4 type: derivation must be \"constraint\" and type "
                       "a type of FHIR 4.0.1.");
    if (c->profile->root && type != c->profile->type)
        return fail_at(c->op, ERR_UNPROCESSABLE, STR("StructureDefinition.type"),
                       "The profile's type is not that of the profile it builds on.");
    if (!c->profile->root)
        c->profile->root = node_new(c, fhir_word(fhir_models[type].name), type);
    c->profile->type = type;
    c->last_id = STR("");
    for (uint32_t i = 0; i < n; i++) {
        TRY(place(c, &list->u.items[i]));
        if (arena_failed(c->keep))
            return fail(c->op, ERR_TOO_LARGE, "The profile is too large.");
    }
    return OK;
}

err fhir_profile_compile(struct op *op, struct arena *keep, const struct json *const *definitions,
                         size_t n, const struct fhir_profile **ret)
{
    struct fhir_profile *p = ARENA_NEW(keep, struct fhir_profile);
    struct profile_compile c = {.op = op, .keep = keep, .profile = p};
    for (size_t i = 0; i < n; i++)
        TRY(overlay(&c, definitions[i]));
    if (!p->root)
        return fail(op, ERR_INVALID, "There is no definition to compile.");
    const struct json *last = definitions[n - 1];
    p->url = arena_str(keep, json_get_str(last, STR("url")));
    p->version = arena_str(keep, json_get_str(last, STR("version")));
    p->modifier = json_bool(JSON_GET(last, "modifier"), false) ||
                  json_bool(json_path(last, "snapshot.element.0.isModifier"), false) ||
                  json_bool(json_path(last, "differential.element.0.isModifier"), false);
    if (arena_failed(keep) || arena_failed(op->arena))
        return fail(op, ERR_TOO_LARGE, "The profile is too large.");
    *ret = p;
    return OK;
}

str fhir_profile_url(const struct fhir_profile *p)
{
    return p->url;
}

str fhir_profile_type(const struct fhir_profile *p)
{
    return fhir_word(fhir_models[p->type].name);
}

str fhir_profile_shipped(str canonical)
{
    str url = unversioned(canonical), version = after(canonical, '|');
    size_t lo = 0, hi = FHIR_SHIPPED_PROFILES;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const struct shipped_profile *s = &fhir_shipped_profiles[mid];
        int order = str_cmp(url, str_of(s->url));
        if (order == 0)
            return str_empty(version) || str_eq(version, str_of(s->version))
                       ? str_make(s->text, s->n)
                       : STR_NONE;
        if (order < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return STR_NONE;
}

str fhir_profile_shipped_at(size_t i)
{
    return i < FHIR_SHIPPED_PROFILES ? str_of(fhir_shipped_profiles[i].url) : STR_NONE;
}
