/* Slicing: which values of a repeating (or choice) element are in which slice, by the
 * discriminators value (and pattern), exists, type and profile; how many are in each; ordered,
 * closed, open at the end; slices of slices. Source: http://hl7.org/fhir/R4/profiling.html#slicing
 * Invariant: a value belongs to the first slice whose discriminators it all meets. */
#include "fhir/profile_int.h"

/* Where a discriminator's path has come to, in the profile and in the values. */
struct place {
    const struct profile_node *n;
    const struct json *wanted; /* inside a fixed value or pattern of a node above; or NULL */
    bool fixed;
    struct profile_items items;
};

static str step_of(str *path)
{
    str step = STR("");
    size_t depth = 0, at = 0;
    for (; at < path->n; at++) {
        char ch = path->p[at];
        depth += ch == '(';
        depth -= ch == ')' && depth > 0;
        if (ch == '.' && depth == 0)
            break;
    }
    step = str_sub(*path, 0, at);
    *path = at < path->n ? str_sub(*path, at + 1, path->n) : STR("");
    return step;
}

/* Text between the brackets, without quotes. */
static str argument(str step)
{
    size_t open = str_find_char(step, '(', 0);
    str in = open < step.n ? str_sub(step, open + 1, step.n - 1) : STR("");
    if (in.n >= 2 && in.p[0] == '\'')
        in = str_sub(in, 1, in.n - 1);
    return in;
}

static const struct profile_node *child(const struct profile_node *n, str name)
{
    for (n = n ? n->children : NULL; n; n = n->next)
        if (str_eq(n->name, name))
            return n;
    return NULL;
}

/* extension('url'): the slice of extension that has this url. */
static const struct profile_node *extension_node(const struct profile_node *n, str url)
{
    n = child(n, STR("extension"));
    for (n = n ? n->slices : NULL; n; n = n->next) {
        const struct profile_node *u = child(n, STR("url"));
        bool typed = n->n_types && n->types[0].n_profiles &&
                     str_eq(str_sub(n->types[0].profiles[0], 0,
                                    str_find_char(n->types[0].profiles[0], '|', 0)),
                            url);
        if (typed || (u && json_is(u->fixed, JSON_STRING) && str_eq(u->fixed->u.s, url)))
            return n;
    }
    return NULL;
}

static void deeper(struct profile_check *c, struct place *at, uint16_t element, str only_url)
{
    struct profile_items all = {0}, some;
    for (size_t i = 0; i < at->items.n; i++) {
        check_collect(c, check_inside(&at->items.at[i]), element, &at->items.at[i].frame, &some);
        for (size_t k = 0; k < some.n; k++)
            if (str_empty(only_url) || str_eq(json_get_str(some.at[k].v, STR("url")), only_url))
                VEC_PUSH(c->lists, &all, some.at[k]);
    }
    at->items = all;
}

static void only_type(struct profile_check *c, struct place *at, str name)
{
    uint16_t type = fhir_model_find(name);
    struct profile_items some = {0};
    for (size_t i = 0; i < at->items.n; i++)
        if (type && fhir_is_a(at->items.at[i].type, type))
            VEC_PUSH(c->lists, &some, at->items.at[i]);
    at->items = some;
}

static void into(struct place *at, str name)
{
    const struct profile_node *n = child(at->n, name);
    const struct json *wanted =
        json_is(at->wanted, JSON_ARRAY) ? json_at(at->wanted, 0) : at->wanted;
    wanted = json_get(wanted, name);
    if (n && (n->fixed || n->pattern)) {
        at->fixed = n->fixed != NULL;
        wanted = n->fixed ? n->fixed : n->pattern;
    }
    at->n = n;
    at->wanted = wanted;
}

/* Follows the path; resolve() ends what can be judged here: items are then what it started from. */
static void follow(struct profile_check *c, struct place *at, str path)
{
    while (path.n) {
        str step = step_of(&path);
        if (str_eq(step, STR("$this")) || str_starts(step, STR("resolve(")))
            continue;
        if (str_starts(step, STR("extension("))) {
            at->n = extension_node(at->n, argument(step));
            at->wanted = NULL;
            deeper(c, at, fhir_word_find(STR("extension")), argument(step));
        } else if (str_starts(step, STR("ofType("))) {
            only_type(c, at, argument(step));
        } else {
            if (str_ends(step, STR("[x]")))
                step = str_sub(step, 0, step.n - 3);
            into(at, step);
            deeper(c, at, fhir_word_find(step), STR(""));
        }
    }
}

/* The url of the extension that a slice is, from its type's profile. */
static bool by_extension(const struct profile_item *item, const struct profile_node *slice,
                         const struct profile_by *by, bool *ret)
{
    if (item->type != FHIR_EXTENSION || !str_eq(by->path, STR("url")) || !slice->n_types ||
        !slice->types[0].n_profiles)
        return false;
    str url = slice->types[0].profiles[0];
    url = str_sub(url, 0, str_find_char(url, '|', 0));
    *ret = str_eq(json_get_str(item->v, STR("url")), url);
    return true;
}

/* A list in a pattern stands for its items, since a path goes through lists. */
static bool meets(const struct json *v, const struct json *wanted, bool fixed)
{
    if (json_is(wanted, JSON_ARRAY) && !json_is(v, JSON_ARRAY)) {
        for (uint32_t i = 0; i < wanted->n; i++)
            if (meets(v, &wanted->u.items[i], fixed))
                return true;
        return false;
    }
    return v && (fixed ? json_equal(v, wanted) : profile_has_pattern(v, wanted));
}

static bool by_binding(struct profile_check *c, const struct place *at)
{
    size_t before = c->problems;
    bool ok = false;
    c->quiet++;
    for (size_t i = 0; i < at->items.n && !ok; i++) {
        c->problems = before;
        check_binding(c, &at->items.at[i], &at->n->binding);
        ok = c->problems == before;
    }
    c->quiet--;
    c->problems = before;
    return ok;
}

static bool by_value(struct profile_check *c, const struct place *at)
{
    if (!at->wanted)
        return at->n && at->n->binding.strength == BIND_REQUIRED
                   ? by_binding(c, at)
                   : at->n && at->n->min > 0 && at->items.n > 0;
    for (size_t i = 0; i < at->items.n; i++)
        if (meets(at->items.at[i].v, at->wanted, at->fixed))
            return true;
    return false;
}

static bool by_type(const struct place *at)
{
    for (size_t i = 0; i < at->items.n; i++)
        for (size_t k = 0; at->n && k < at->n->n_types; k++)
            if (fhir_is_a(at->items.at[i].type, at->n->types[k].type))
                return true;
    return at->n && !at->n->n_types;
}

/* resolve() before a type: what the reference's text says it points at. */
static bool by_target(struct profile_check *c, const struct place *at)
{
    for (size_t i = 0; i < at->items.n; i++) {
        str text = json_get_str(at->items.at[i].v, STR("reference"));
        uint16_t type = fhir_ref_parse(text).type;
        for (size_t k = 0; at->n && type && k < at->n->n_types; k++)
            for (size_t t = 0; t < at->n->types[k].n_targets; t++) {
                const struct fhir_profile *p = NULL;
                uint16_t want = profile_code_type(at->n->types[k].targets[t]);
                if (!want && (p = check_find(c, at->n->types[k].targets[t])))
                    want = p->type;
                if (want && fhir_is_a(type, want))
                    return true;
            }
    }
    return false;
}

static bool by_profile(struct profile_check *c, const struct place *at)
{
    for (size_t i = 0; i < at->items.n; i++)
        for (size_t k = 0; at->n && k < at->n->n_types; k++)
            for (size_t p = 0; p < at->n->types[k].n_profiles; p++) {
                bool known;
                if (check_conforms(c, &at->items.at[i], at->n->types[k].profiles[p], &known))
                    return true;
            }
    return false;
}

static bool meets_one(struct profile_check *c, struct profile_item *item,
                      const struct profile_node *slice, const struct profile_by *by)
{
    bool ok;
    if (by_extension(item, slice, by, &ok))
        return ok;
    struct place at = {.n = slice, .items = {.at = item, .n = 1, .cap = 1}};
    at.wanted = slice->fixed ? slice->fixed : slice->pattern;
    at.fixed = slice->fixed != NULL;
    follow(c, &at, by->path);
    switch (by->kind) {
    case BY_VALUE:
        return by_value(c, &at);
    case BY_EXISTS:
        return at.n && at.n->max == 0 ? at.items.n == 0 : at.items.n > 0;
    case BY_TYPE:
        return str_find(by->path, STR("resolve()"), 0) != SIZE_MAX ? by_target(c, &at)
                                                                   : by_type(&at);
    case BY_PROFILE:
        return by_profile(c, &at);
    }
    return false;
}

static bool in_slice(struct profile_check *c, struct profile_item *item,
                     const struct profile_node *slice, const struct profile_by *by)
{
    const struct profile_by *b = by;
    while (b && meets_one(c, item, slice, b))
        b = b->next;
    return by && !b;
}

/* One slice: count, content, and its own slices. */
static void judge(struct profile_check *c, const struct profile_node *s, const struct fhir_frame *f,
                  const struct profile_items *in)
{
    if (in->n < s->min)
        check_tell(c, SEVERITY_ERROR, AT(f, s->slice),
                   "At least %u value%s of slice %.*s required, %zu given; add what is missing.",
                   s->min, s->min == 1 ? " is" : "s are", STR_ARG(s->slice), in->n);
    if (in->n > s->max)
        check_tell(c, SEVERITY_ERROR, AT(f, s->slice),
                   "At most %u value%s of slice %.*s allowed, %zu given; leave some out.", s->max,
                   s->max == 1 ? " is" : "s are", STR_ARG(s->slice), in->n);
    if (s->must_support && in->n == 0 && s->min == 0 && s->max > 0 && c->env->must_support)
        check_tell(c, SEVERITY_INFORMATION, AT(f, STR("mustSupport")),
                   "Slice %.*s of must-support is not given.", STR_ARG(s->slice));
    for (size_t i = 0; i < in->n; i++)
        check_item(c, &in->at[i], s);
    if (s->slices)
        check_slices(c, s, f, in);
}

static const struct profile_node *slice_of(struct profile_check *c, const struct profile_node *n,
                                           struct profile_item *item, size_t *ret_at)
{
    size_t at = 0;
    for (const struct profile_node *s = n->slices; s; s = s->next, at++)
        if (!str_eq(s->slice, STR("@default")) && in_slice(c, item, s, n->by)) {
            *ret_at = at;
            return s;
        }
    at = 0;
    for (const struct profile_node *s = n->slices; s; s = s->next, at++)
        if (str_eq(s->slice, STR("@default")))
            return s;
    return NULL;
}

/* Values without a slice, values out of order. */
static void judge_order(struct profile_check *c, const struct profile_node *n,
                        const struct profile_items *items, const size_t *at)
{
    size_t highest = 0;
    bool outside = false;
    for (size_t i = 0; i < items->n; i++) {
        const struct fhir_frame *f = &items->at[i].frame;
        if (at[i] == SIZE_MAX) {
            outside = true;
            if (n->rules == SLICES_CLOSED)
                check_tell(c, SEVERITY_ERROR, AT(f, STR("slicing")),
                           "The value is in none of the slices of the profile, which allows no "
                           "others; change it or leave it out.");
            continue;
        }
        if (outside && n->rules == SLICES_AT_END)
            check_tell(c, SEVERITY_ERROR, AT(f, STR("slicing")),
                       "Values in none of the slices must stand at the end; move it before them.");
        if (n->ordered && at[i] < highest)
            check_tell(c, SEVERITY_ERROR, AT(f, STR("slicing")),
                       "The values must stand in the order of the profile's slices.");
        highest = at[i] > highest ? at[i] : highest;
    }
}

void check_slices(struct profile_check *c, const struct profile_node *n, const struct fhir_frame *f,
                  const struct profile_items *items)
{
    size_t *at = ARENA_ARRAY(c->lists, size_t, items->n + 1), number = 0;
    if (!n->by || !at)
        return;
    for (size_t i = 0; i < items->n; i++) {
        at[i] = SIZE_MAX;
        (void)slice_of(c, n, &items->at[i], &at[i]);
    }
    for (const struct profile_node *s = n->slices; s; s = s->next, number++) {
        struct profile_items in = {0};
        for (size_t i = 0; i < items->n; i++)
            if (at[i] == number)
                VEC_PUSH(c->lists, &in, items->at[i]);
        if (!str_eq(s->slice, STR("@default")))
            judge(c, s, f, &in);
    }
    judge_order(c, n, items, at);
}

/* Slices of slices are told apart by what the outer one is sliced by. */
static bool named(struct profile_check *c, const struct profile_node *n, struct profile_item *item,
                  str name)
{
    size_t at;
    for (const struct profile_node *s = n->by ? slice_of(c, n, item, &at) : NULL; s;
         s = s->slices && s->by ? slice_of(c, s, item, &at) : NULL)
        if (str_eq(s->slice, name))
            return true;
    return false;
}

static bool below(struct profile_check *c, const struct profile_node *n, struct profile_item *item,
                  str name, unsigned depth)
{
    for (const struct profile_node *k = n->children; k && depth < FHIR_DEPTH_MAX; k = k->next) {
        if (k->element == fhir_rows[item->row].element && named(c, k, item, name))
            return true;
        if (!check_step(c) || below(c, k, item, name, depth + 1))
            return c->failed == OK;
    }
    for (const struct profile_node *s = n->slices; s && depth < FHIR_DEPTH_MAX; s = s->next)
        if (below(c, s, item, name, depth + 1))
            return true;
    return false;
}

bool check_in_slice(struct profile_check *c, struct profile_item *item,
                    const struct fhir_profile *p, str name)
{
    return item->row && below(c, p->root, item, name, 0) && c->failed == OK;
}
