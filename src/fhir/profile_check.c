/* Judging values by a compiled profile: for each node of the profile the values of its element are
 * collected, counted and looked at. Invariants: the walk ends with the profile's own tree, profiles
 * of profiles are followed CHECK_JUMPS_MAX deep, and every step is counted. */
#include "fhir/profile_int.h"

bool check_step(struct profile_check *c)
{
    if (c->failed != OK)
        return false;
    if (++c->steps > CHECK_STEPS_MAX)
        c->failed = fail(c->op, ERR_TOO_COSTLY,
                         "The resource takes too many steps to validate; send a smaller one.");
    else if (arena_failed(c->op->arena) || arena_failed(c->lists))
        c->failed = fail(c->op, ERR_TOO_LARGE, "Validating this takes too much memory.");
    return c->failed == OK;
}

static bool told_before(const struct fault *f, str path, str text)
{
    for (size_t i = 0; i < f->n; i++)
        if (str_eq(f->issues[i].message, text) && str_eq(f->issues[i].expression, path))
            return true;
    return false;
}

void check_tell(struct profile_check *c, enum severity severity, struct check_at at,
                const char *fmt, ...)
{
    struct arena *a = c->op->arena;
    str url = c->profile ? c->profile->url : STR("");
    va_list ap;
    if (severity == SEVERITY_ERROR)
        c->problems++;
    if (c->quiet || (severity != SEVERITY_ERROR && c->env->errors_only))
        return;
    if (severity != SEVERITY_ERROR && c->op->fault.n >= CHECK_NOTES_MAX) {
        c->left_out++;
        return;
    }
    if (c->op->fault.n >= FAULT_ISSUES_MAX) { /* only counted: spares the making of the text */
        if (severity == SEVERITY_ERROR)
            (void)fail(c->op, ERR_UNPROCESSABLE, "%s", "");
        return;
    }
    va_start(ap, fmt);
    str text = arena_vprintf(a, fmt, ap), path = fhir_frame_path(a, at.frame);
    va_end(ap);
    if (at.key.n || url.n)
        text = arena_printf(a, "%.*s [%.*s%s%.*s]", STR_ARG(text), STR_ARG(at.key),
                            at.key.n && url.n ? ", " : "", STR_ARG(url));
    if (told_before(&c->op->fault, path, text))
        return;
    if (severity == SEVERITY_ERROR)
        (void)fail_at(c->op, ERR_UNPROCESSABLE, path, "%.*s", STR_ARG(text));
    else
        op_note(c->op, severity, path, "%.*s", STR_ARG(text));
}

/* ---- collecting ---- */

static struct profile_item *item_at(struct profile_check *c, struct profile_items *l, size_t i)
{
    while (l->n <= i) {
        if (!vec_room(c->lists, (void **)&l->at, l->n, &l->cap, sizeof *l->at))
            return NULL;
        l->at[l->n++] = (struct profile_item){0};
    }
    return &l->at[i];
}

static void collect_one(struct profile_check *c, struct json *v, uint32_t tag, size_t i,
                        struct profile_items *l)
{
    struct profile_item *item = item_at(c, l, i);
    if (!item)
        return;
    item->row = FHIR_TAG_ROW(tag);
    if (tag & FHIR_TAG_SIBLING)
        item->ext = v;
    else
        item->v = v->type == JSON_NULL ? NULL : v;
}

static void collect_member(struct profile_check *c, struct json *v, size_t first,
                           struct profile_items *l)
{
    if (v->type != JSON_ARRAY) {
        collect_one(c, v, v->tag, first, l);
        return;
    }
    for (uint32_t i = 0; i < v->n; i++)
        collect_one(c, &v->u.items[i], v->tag, first + i, l);
}

void check_collect(struct profile_check *c, const struct json *v, uint16_t element,
                   const struct fhir_frame *up, struct profile_items *ret)
{
    *ret = (struct profile_items){0};
    if (!json_is(v, JSON_OBJECT))
        return;
    for (uint32_t i = 0; i < v->n; i++) {
        struct json *m = &v->u.members[i].value;
        if (m->tag && FHIR_TAG_ROW(m->tag) && fhir_rows[FHIR_TAG_ROW(m->tag)].element == element)
            collect_member(c, m, 0, ret);
    }
    for (size_t i = 0; i < ret->n; i++) {
        struct profile_item *item = &ret->at[i];
        const struct fhir_row *r = &fhir_rows[item->row];
        item->type = item->v && FHIR_TAG_TYPE(item->v->tag) ? FHIR_TAG_TYPE(item->v->tag) : r->type;
        item->frame =
            (struct fhir_frame){up, fhir_word(r->element), r->flags & ROW_CHOICE ? r->type : 0,
                                r->flags & ROW_ARRAY ? (int64_t)i : -1};
    }
}

const struct json *check_inside(const struct profile_item *item)
{
    return json_is(item->v, JSON_OBJECT) ? item->v : item->ext;
}

/* ---- judging ---- */

static void type_missed(struct profile_check *c, const struct profile_item *item,
                        const struct profile_node *n)
{
    struct buf b;
    buf_init(&b, c->op->arena, 1024);
    for (size_t i = 0; i < n->n_types; i++) {
        buf_add(&b, i ? STR(", ") : STR(""));
        buf_add(&b, fhir_word(fhir_models[n->types[i].type].name));
    }
    str names = buf_ok(&b) ? buf_str(&b) : STR("");
    check_tell(c, SEVERITY_ERROR, AT(&item->frame, STR("type")),
               "The type of this element is not allowed here; use one of: %.*s.", STR_ARG(names));
}

/* The value must conform to one of the profiles that its type is restricted to. */
static void type_profiles(struct profile_check *c, const struct profile_item *item,
                          const struct profile_type *t)
{
    bool known = false, any = false;
    if (t->n_profiles == 1) {
        check_profile(c, item, t->profiles[0], &known);
        return;
    }
    for (size_t i = 0; i < t->n_profiles; i++) {
        bool here;
        if (check_conforms(c, item, t->profiles[i], &here))
            return;
        known |= here;
        any |= !here;
    }
    if (any)
        check_tell(c, SEVERITY_WARNING, AT(&item->frame, STR("type")),
                   "Not all profiles of this element are known here, so it cannot be judged.");
    else if (known)
        check_tell(c, SEVERITY_ERROR, AT(&item->frame, STR("type")),
                   "The value conforms to none of the profiles that are allowed here.");
}

static void check_types(struct profile_check *c, const struct profile_item *item,
                        const struct profile_node *n)
{
    for (size_t i = 0; i < n->n_types; i++) {
        const struct profile_type *t = &n->types[i];
        if (!fhir_is_a(item->type, t->type))
            continue;
        if (t->n_profiles)
            type_profiles(c, item, t);
        if (t->n_targets && item->type == FHIR_REFERENCE)
            check_reference(c, item, t);
        return;
    }
    if (n->n_types)
        type_missed(c, item, n);
}

static void check_value(struct profile_check *c, const struct profile_item *item,
                        const struct profile_node *n)
{
    if (n->fixed && !(item->v && json_equal(item->v, n->fixed)))
        check_tell(c, SEVERITY_ERROR, AT(&item->frame, STR("fixed")),
                   "The element must have exactly the value that the profile gives it.");
    if (n->pattern && !(item->v && profile_has_pattern(item->v, n->pattern)))
        check_tell(c, SEVERITY_ERROR, AT(&item->frame, STR("pattern")),
                   "The element must contain what the profile's pattern says.");
    if (n->max_length != MAX_UNBOUNDED && json_is(item->v, JSON_STRING)) {
        size_t at = 0, chars = 0;
        for (; at < item->v->u.s.n; chars++)
            (void)str_utf8_next(item->v->u.s, &at);
        if (chars > n->max_length)
            check_tell(c, SEVERITY_ERROR, AT(&item->frame, STR("maxLength")),
                       "The text is longer than the %u characters allowed.", n->max_length);
    }
    if (n->binding.strength)
        check_binding(c, item, &n->binding);
    for (const struct profile_rule *r = n->constraints; r; r = r->next)
        check_rule(c, item, r);
}

static void check_count(struct profile_check *c, const struct profile_node *n,
                        const struct fhir_frame *f, size_t found)
{
    if (found < n->min)
        check_tell(c, SEVERITY_ERROR, AT(f, STR("min")),
                   "At least %u of this element %s required, %zu given; add it.", n->min,
                   n->min == 1 ? "is" : "are", found);
    if (found > n->max && n->max == 0)
        check_tell(c, SEVERITY_ERROR, AT(f, STR("max")),
                   "The profile does not allow this element; leave it out.");
    else if (found > n->max)
        check_tell(c, SEVERITY_ERROR, AT(f, STR("max")),
                   "At most %u of this element %s allowed, %zu given; leave some out.", n->max,
                   n->max == 1 ? "is" : "are", found);
    if (n->must_support && found == 0 && n->min == 0 && n->max > 0 && c->env->must_support)
        check_tell(c, SEVERITY_INFORMATION, AT(f, STR("mustSupport")),
                   "A must-support element that is not given.");
}

/* Values of one element: together, by slice, one by one. */
static void check_element(struct profile_check *c, const struct json *inside,
                          const struct fhir_frame *up, const struct profile_node *n)
{
    struct profile_items items;
    struct fhir_frame f = {up, n->name, 0, -1};
    if (!check_step(c))
        return;
    check_collect(c, inside, n->element, up, &items);
    check_count(c, n, &f, items.n);
    for (size_t i = 0; i < items.n; i++)
        check_item(c, &items.at[i], n);
    if (n->slices)
        check_slices(c, n, &f, &items);
}

/* A member of a backbone that the profile constrains where it is declared, reached by a content
 * reference and not constrained here: the same holds. */
static void check_again(struct profile_check *c, const struct profile_item *item,
                        const struct profile_node *n, const struct profile_node *declared)
{
    struct profile_items items;
    uint16_t element = 0;
    for (uint32_t i = 0; json_is(item->v, JSON_OBJECT) && i < item->v->n; i++) {
        const struct fhir_row *r = &fhir_rows[FHIR_TAG_ROW(item->v->u.members[i].value.tag)];
        if (r->type == declared->type && r->type)
            element = r->element;
    }
    for (const struct profile_node *k = n->children; k && element; k = k->next)
        if (k->element == element)
            return;
    if (!element || !check_step(c))
        return;
    check_collect(c, item->v, element, &item->frame, &items);
    for (size_t i = 0; i < items.n; i++)
        check_item(c, &items.at[i], declared);
}

void check_item(struct profile_check *c, const struct profile_item *item,
                const struct profile_node *n)
{
    if (!check_step(c))
        return;
    check_types(c, item, n);
    check_value(c, item, n);
    for (const struct profile_node *k = n->children; k; k = k->next)
        check_element(c, check_inside(item), &item->frame, k);
    for (size_t i = 0; c->profile && i < c->profile->n_again; i++)
        check_again(c, item, n, c->profile->again[i]);
}

/* ---- profiles ---- */

const struct fhir_profile *check_find(struct profile_check *c, str canonical)
{
    const struct fhir_profile *p = NULL;
    if (c->failed != OK || !c->env->profile)
        return NULL;
    err e = c->env->profile(c->op, c->env->ctx, canonical, &p);
    if (e != OK)
        c->failed = e;
    return e == OK ? p : NULL;
}

static void with_profile(struct profile_check *c, const struct profile_item *item,
                         const struct fhir_profile *p)
{
    const struct fhir_profile *outer = c->profile;
    if (c->jumps >= CHECK_JUMPS_MAX) {
        check_tell(c, SEVERITY_WARNING, AT(&item->frame, STR("")),
                   "Profiles refer to one another too deeply; the rest is not checked.");
        return;
    }
    c->jumps++;
    c->profile = p;
    if (fhir_is_a(item->type, p->type))
        check_item(c, item, p->root);
    else
        check_tell(c, SEVERITY_ERROR, AT(&item->frame, STR("type")),
                   "The profile is one of %.*s and does not fit this type.",
                   STR_ARG(fhir_profile_type(p)));
    c->profile = outer;
    c->jumps--;
}

/* "http://hl7.org/fhir/StructureDefinition/Patient" is no profile but the type itself. */
static uint16_t base_type(str canonical)
{
    return str_starts(canonical, STR("http")) ? profile_code_type(canonical) : 0;
}

void check_profile(struct profile_check *c, const struct profile_item *item, str canonical,
                   bool *ret_known)
{
    uint16_t type = base_type(canonical);
    *ret_known = true;
    if (type) {
        if (!fhir_is_a(item->type, type))
            check_tell(c, SEVERITY_ERROR, AT(&item->frame, STR("type")),
                       "The value is not of the type that is asked for.");
        return;
    }
    const struct fhir_profile *p = check_find(c, canonical);
    if (p) {
        with_profile(c, item, p);
        return;
    }
    *ret_known = false;
    if (c->failed == OK)
        check_tell(c, c->env->unknown_is_error ? SEVERITY_ERROR : SEVERITY_WARNING,
                   AT(&item->frame, STR("profile")),
                   "The profile %.*s is not known here, so nothing is said about conformance to "
                   "it; load its StructureDefinition.",
                   STR_ARG(canonical));
}

bool check_conforms(struct profile_check *c, const struct profile_item *item, str canonical,
                    bool *ret_known)
{
    size_t before = c->problems;
    c->quiet++;
    check_profile(c, item, canonical, ret_known);
    c->quiet--;
    bool ok = c->problems == before && *ret_known && c->failed == OK;
    c->problems = before;
    return ok;
}
