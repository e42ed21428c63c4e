/* The one walk over a resource that the tables drive: every member is looked up, its shape, number
 * and format are checked, and its node is tagged with its row. Rules between members are in
 * validate_rules.c. Invariants: it never stops at the first problem; recursion is capped by
 * FHIR_DEPTH_MAX; no message quotes a value. */
#include "validate_int.h"

static void resource(struct walk *w, const struct fhir_frame *f, struct json *v, uint16_t row);

static void tell(struct walk *w, const struct fhir_frame *f, enum severity severity, str text)
{
    str path = fhir_frame_path(w->op->arena, f);
    if (severity == SEVERITY_ERROR)
        (void)fail_at(w->op, ERR_UNPROCESSABLE, path, "%.*s", STR_ARG(text));
    else
        op_note(w->op, severity, path, "%.*s", STR_ARG(text));
}

void walk_problem(struct walk *w, const struct fhir_frame *f, const char *fmt, ...)
{
    va_list ap;
    if (!w->check)
        return;
    w->problems++;
    if (walk_full(w)) {
        (void)fail_at(w->op, ERR_UNPROCESSABLE, STR_NONE, "%s", "");
        return;
    }
    va_start(ap, fmt);
    tell(w, f, SEVERITY_ERROR, arena_vprintf(w->op->arena, fmt, ap));
    va_end(ap);
}

void walk_warning(struct walk *w, const struct fhir_frame *f, const char *fmt, ...)
{
    va_list ap;
    if (!w->check || walk_full(w))
        return;
    va_start(ap, fmt);
    tell(w, f, SEVERITY_WARNING, arena_vprintf(w->op->arena, fmt, ap));
    va_end(ap);
}

/* "a | b | c" of a listed value set, for the message. */
static str some_codes(struct walk *w, const struct fhir_set *set)
{
    struct buf b;
    buf_init(&b, w->op->arena, 1024);
    for (uint16_t i = 0; !walk_full(w) && i < set->n && i < 12; i++) {
        buf_add(&b, i ? STR(" | ") : STR(": "));
        buf_add(&b, fhir_word(fhir_codes[set->first + i].code));
    }
    buf_add(&b, set->n > 12 ? STR(" …") : STR(""));
    return buf_ok(&b) ? buf_str(&b) : STR("");
}

static void not_in_set(struct walk *w, const struct fhir_frame *f, uint16_t number)
{
    const struct fhir_set *set = &fhir_sets[number];
    str codes = some_codes(w, set);
    walk_problem(w, f, "The code is not in the value set %s%.*s. Use one of its codes.",
                 fhir_pool + set->url, STR_ARG(codes));
}

static bool json_type_ok(uint16_t type, const struct json *v, const char **ret_wants)
{
    switch (type) {
    case FHIR_BOOLEAN:
        *ret_wants = "true or false";
        return v->type == JSON_TRUE || v->type == JSON_FALSE;
    case FHIR_INTEGER:
    case FHIR_UNSIGNED_INT:
    case FHIR_POSITIVE_INT:
    case FHIR_DECIMAL:
        *ret_wants = "a number without quotes";
        return v->type == JSON_NUMBER;
    default:
        *ret_wants = "a text in quotes";
        return v->type == JSON_STRING;
    }
}

static void primitive(struct walk *w, const struct fhir_frame *f, struct json *v, uint16_t row)
{
    const struct fhir_row *r = &fhir_rows[row];
    const char *wants;
    v->tag = FHIR_TAG(row, r->type);
    if (!w->check)
        return;
    str type = fhir_word(fhir_models[r->type].name);
    if (!json_type_ok(r->type, v, &wants)) {
        walk_problem(w, f, "Wrong JSON type for %.*s; write %s.", STR_ARG(type), wants);
        return;
    }
    if (r->type == FHIR_BOOLEAN)
        return;
    if (r->type == FHIR_XHTML) {
        const char *fault = fhir_xhtml_fault(v->u.s);
        if (fault)
            walk_problem(w, f, "The narrative's XHTML is not allowed: %s.", fault);
        return;
    }
    if (!fhir_format_ok(r->type, v->u.s))
        walk_problem(w, f, "Not a %.*s; write %s.", STR_ARG(type), fhir_format_wants(r->type));
    else if (r->set && !fhir_set_has(r->set, STR_NONE, v->u.s, NULL))
        not_in_set(w, f, r->set);
    else if ((r->type == FHIR_CANONICAL || r->type == FHIR_URI || r->type == FHIR_URL) &&
             v->u.s.p[0] == '#')
        (void)walk_points_at(w, v->u.s);
}

static void missing(struct walk *w, const struct spot *s)
{
    const struct fhir_model *m = &fhir_models[s->type];
    uint64_t absent = m->required & ~(s->values | s->siblings);
    for (uint16_t i = 0; absent && i < m->n_rows; i++) {
        const struct fhir_row *r = &fhir_rows[fhir_lists[m->list + i]];
        uint64_t bit = (uint64_t)1 << r->ordinal;
        if (!(absent & bit))
            continue;
        absent &= ~bit;
        struct fhir_frame f = {s->frame, fhir_word(r->element), 0, -1};
        walk_problem(w, &f, "The element is required; add it.");
    }
}

static bool is_resource_type(const struct spot *s, str name)
{
    return fhir_models[s->type].kind == KIND_RESOURCE && str_eq(name, STR("resourceType"));
}

/* Of "x": "_x", of "_x": "x"; NULL when absent. */
static const struct json *partner(const struct json *object, str name)
{
    for (uint32_t i = 0; i < object->n; i++) {
        str other = object->u.members[i].name;
        bool longer = other.n == name.n + 1 && other.p[0] == '_';
        bool shorter = name.n == other.n + 1 && name.p[0] == '_';
        if ((longer && str_eq(str_sub(other, 1, other.n), name)) ||
            (shorter && str_eq(str_sub(name, 1, name.n), other)))
            return &object->u.members[i].value;
    }
    return NULL;
}

static void object(struct walk *w, const struct fhir_frame *f, struct json *v, uint32_t tag);

static void item(struct walk *w, const struct fhir_frame *f, struct json *v, uint16_t row)
{
    const struct fhir_row *r = &fhir_rows[row];
    if (r->flags & ROW_PRIMITIVE)
        primitive(w, f, v, row);
    else if (r->type == FHIR_RESOURCE)
        resource(w, f, v, row);
    else
        object(w, f, v, FHIR_TAG(row, r->type));
}

/* null in a list of primitives stands for a value that has only extensions. */
static bool null_allowed(const struct json *other, uint32_t i)
{
    const struct json *twin = json_at(other, i);
    return twin && twin->type != JSON_NULL;
}

static void sibling_item(struct walk *w, const struct fhir_frame *f, struct json *v, uint16_t row)
{
    object(w, f, v, FHIR_TAG(row, FHIR_ELEMENT) | FHIR_TAG_SIBLING);
}

static void list(struct walk *w, struct fhir_frame *f, const struct spot *s, struct json_member *m,
                 uint16_t row)
{
    struct json *v = &m->value;
    bool sibling = m->name.p[0] == '_', primitives = fhir_rows[row].flags & ROW_PRIMITIVE;
    v->tag = FHIR_TAG(row, 0) | (sibling ? FHIR_TAG_SIBLING : 0);
    if (v->type != JSON_ARRAY || v->n == 0) {
        walk_problem(w, f,
                     "The element may repeat, so it is a list; write [ … ] with at least one "
                     "item, or leave it out.");
        return;
    }
    const struct json *other = NULL;
    bool looked = false;
    for (uint32_t i = 0; i < v->n; i++) {
        struct json *one = &v->u.items[i];
        f->index = i;
        if (one->type == JSON_NULL && primitives) {
            if (!looked)
                other = partner(s->self, m->name);
            looked = true;
            if (!null_allowed(other, i))
                walk_problem(w, f,
                             "A null needs an item at the same place of the element's other "
                             "list (with or without '_'); add it or drop the null.");
        } else if (sibling) {
            sibling_item(w, f, one, row);
        } else {
            item(w, f, one, row);
        }
    }
    f->index = -1;
    if (sibling && (other = partner(s->self, m->name)) && other->n != v->n)
        walk_problem(w, f,
                     "The lists with and without '_' must have the same number of items; fill "
                     "the shorter one up with null.");
}

static void one(struct walk *w, struct fhir_frame *f, struct json_member *m, uint16_t row)
{
    if (m->value.type == JSON_ARRAY)
        walk_problem(w, f, "The element does not repeat; write one value, not a list.");
    else if (m->name.p[0] == '_')
        sibling_item(w, f, &m->value, row);
    else
        item(w, f, &m->value, row);
}

static void member(struct walk *w, struct spot *s, struct json_member *m)
{
    bool sibling = m->name.n > 1 && m->name.p[0] == '_';
    uint16_t row = fhir_row_find(s->type, sibling ? str_sub(m->name, 1, m->name.n) : m->name);
    const struct fhir_row *r = &fhir_rows[row];
    if (!row || (sibling && !(r->flags & ROW_PRIMITIVE))) {
        m->value.tag = 0;
        struct fhir_frame f = {s->frame, m->name, 0, -1};
        if (!is_resource_type(s, m->name))
            walk_problem(w, &f,
                         "%.*s has no such element; check the spelling, or use an extension.",
                         STR_ARG(fhir_word(fhir_models[s->type].name)));
        return;
    }
    struct fhir_frame f = {s->frame, fhir_word(r->element), 0, -1};
    uint64_t bit = (uint64_t)1 << r->ordinal;
    if (r->flags & ROW_CHOICE) {
        if (((s->values | s->siblings) & bit) && s->chosen[r->ordinal] != row)
            walk_problem(w, &f, "Only one type of this element may be given; keep one.");
        s->chosen[r->ordinal] = row;
        f.type = r->type;
    }
    if (sibling)
        s->siblings |= bit;
    else
        s->values |= bit;
    if (r->flags & ROW_ARRAY)
        list(w, &f, s, m, row);
    else
        one(w, &f, m, row);
}

static void object(struct walk *w, const struct fhir_frame *f, struct json *v, uint32_t tag)
{
    struct spot s = {.frame = f, .self = v, .row = FHIR_TAG_ROW(tag), .type = FHIR_TAG_TYPE(tag)};
    v->tag = tag;
    if (v->type != JSON_OBJECT || v->n == 0) {
        walk_problem(w, f, "Wrong JSON type for %.*s; write an object { … } that is not empty.",
                     STR_ARG(fhir_word(fhir_models[s.type].name)));
        return;
    }
    if (w->depth >= FHIR_DEPTH_MAX) {
        walk_problem(w, f, "Nested too deeply (%d levels are allowed); flatten it.",
                     FHIR_DEPTH_MAX);
        return;
    }
    if (v->n == 1 && str_eq(v->u.members[0].name, STR("id")) && !(tag & FHIR_TAG_SIBLING))
        walk_problem(w, f, "An element needs a value or children besides its id (ele-1).");
    w->depth++;
    for (uint32_t i = 0; i < v->n; i++)
        member(w, &s, &v->u.members[i]);
    w->depth--;
    if (!w->check)
        return;
    missing(w, &s);
    walk_rules(w, &s);
}

/* A resource in DomainResource.contained; its "#id" means the same container. */
static void inner(struct walk *w, const struct fhir_frame *f, struct json *v, uint32_t tag)
{
    struct container *c = w->container;
    struct contained *outer = c->current;
    if (outer)
        walk_problem(w, f, "A contained resource may not contain others; move them one level up.");
    else if (f->index >= 0 && (uint64_t)f->index < c->n)
        c->current = &c->items[f->index];
    object(w, f, v, tag);
    c->current = outer;
}

static void resource(struct walk *w, const struct fhir_frame *f, struct json *v, uint16_t row)
{
    fhir_type type = fhir_type_of(v);
    struct container *outer = w->container, own;
    uint32_t tag = FHIR_TAG(row, type);
    v->tag = tag;
    if (w->batch && w->depth == 2 && str_eq(f->name, STR("resource")))
        return;
    if (!type) {
        walk_problem(w, f,
                     "Not a resource; its resourceType must be one of the R4 resource types.");
    } else if (!w->check) {
        object(w, f, v, tag);
    } else if (outer && str_eq(fhir_word(fhir_rows[row].element), STR("contained"))) {
        inner(w, f, v, tag);
    } else {
        walk_contain(w, f, v, &own);
        w->container = &own;
        object(w, f, v, tag);
        walk_contained_done(w, f, &own);
        w->container = outer;
    }
}

static err validate(struct op *op, struct json *v, bool batch)
{
    struct walk w = {.op = op, .check = true, .batch = batch};
    struct fhir_frame f = {NULL, fhir_type_name(fhir_type_of(v)), 0, -1};
    if (str_empty(f.name))
        f.name = STR("Resource");
    resource(&w, &f, v, 0);
    if (w.problems)
        return ERR_UNPROCESSABLE;
    return arena_failed(op->arena) ? op_check(op) : OK;
}

err fhir_validate(struct op *op, struct json *v)
{
    return validate(op, v, false);
}

err fhir_validate_batch(struct op *op, struct json *bundle)
{
    return validate(op, bundle, true);
}

void fhir_tag(struct json *v)
{
    struct walk w = {.check = false};
    struct fhir_frame f = {NULL, STR(""), 0, -1};
    resource(&w, &f, v, 0);
}
