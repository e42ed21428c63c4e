/* Rules between the members of one object: extensions, references, required bindings of
 * CodeableConcepts, contained resources (dom-2 … dom-5 of R4). Called by the walk when the members
 * themselves have been checked; anything of the wrong shape has been reported there already. */
#include "validate_int.h"

/* ext-1: either a value or extensions. */
static void extension(struct walk *w, const struct spot *s)
{
    unsigned values = 0, extensions = 0;
    for (uint32_t i = 0; i < s->self->n; i++) {
        const struct fhir_row *r = &fhir_rows[FHIR_TAG_ROW(s->self->u.members[i].value.tag)];
        values |= (r->flags & ROW_CHOICE) != 0;
        extensions |= r->type == FHIR_EXTENSION;
    }
    if (values && extensions)
        walk_problem(w, s->frame, "An extension has either a value or extensions; keep one.");
    else if (!values && !extensions)
        walk_problem(w, s->frame, "An extension needs a value[x] or extensions; add one.");
}

bool walk_points_at(struct walk *w, str text)
{
    struct container *c = w->container;
    if (!c)
        return false;
    if (text.n == 1) {
        if (c->current)
            c->current->refers = true;
        return true;
    }
    struct contained *target = c->n ? map_get(&c->ids, str_sub(text, 1, text.n)) : NULL;
    if (target)
        target->used = true;
    return target != NULL;
}

static bool target_allowed(const struct fhir_row *r, fhir_type type)
{
    const uint16_t *t = fhir_targets + r->targets;
    if (!r->targets || !type)
        return true;
    while (*t && *t != type)
        t++;
    return *t != 0;
}

static void wrong_target(struct walk *w, const struct fhir_frame *f, const struct fhir_row *r)
{
    struct buf b;
    buf_init(&b, w->op->arena, 1024);
    for (const uint16_t *t = fhir_targets + r->targets; !walk_full(w) && *t; t++) {
        buf_add(&b, b.n ? STR(", ") : STR(""));
        buf_add(&b, fhir_word(fhir_models[*t].name));
    }
    str types = buf_ok(&b) ? buf_str(&b) : STR("");
    walk_problem(w, f,
                 "The reference points at a type of resource that is not allowed here; "
                 "allowed: %.*s.",
                 STR_ARG(types));
}

static void reference(struct walk *w, const struct spot *s)
{
    const struct fhir_row *r = &fhir_rows[s->row];
    const struct json *text = JSON_GET(s->self, "reference"), *type = JSON_GET(s->self, "type");
    struct fhir_frame f = {s->frame, STR("reference"), 0, -1}, g = {s->frame, STR("type"), 0, -1};
    fhir_type said = json_is(type, JSON_STRING) ? fhir_type_parse(type->u.s) : 0;
    fhir_type meant = said;
    if (json_is(text, JSON_STRING) && fhir_format_ok(FHIR_STRING, text->u.s)) {
        struct fhir_ref ref = fhir_ref_parse(text->u.s);
        if (ref.type)
            meant = ref.type;
        bool form = ref.kind != REF_NONE && fhir_format_ok(FHIR_URI, text->u.s) &&
                    !str_ends(text->u.s, STR("?"));
        if (!form)
            walk_problem(w, &f,
                         "Not a reference; write Type/id, an absolute address, urn:uuid:…, "
                         "urn:oid:… or #id.");
        else if (ref.kind == REF_CONTAINED && !walk_points_at(w, text->u.s))
            walk_problem(w, &f,
                         "No contained resource has this id; add it or correct the reference.");
        else if (said && ref.type && ref.type != said)
            walk_problem(w, &g,
                         "The type differs from that of the reference; correct one of them.");
    }
    if (!target_allowed(r, meant))
        wrong_target(w, meant == said ? &g : &f, r);
}

/* A coding without a system is of no set. */
static bool coding_in(uint16_t set, const struct json *coding)
{
    str system = json_get_str(coding, STR("system"));
    return fhir_set_has(set, system.p ? system : STR(""), json_get_str(coding, STR("code")), NULL);
}

static void coding(struct walk *w, const struct spot *s)
{
    uint16_t set = fhir_rows[s->row].set;
    if (set && !JSON_GET(s->self, "extension") && !coding_in(set, s->self))
        walk_problem(w, s->frame, "The coding must come from the value set %s, with its system.",
                     fhir_pool + fhir_sets[set].url);
}

/* A required binding of a CodeableConcept: one of its codings must be in the set. A concept that
 * says by extension why it has none is left alone. */
static void concept(struct walk *w, const struct spot *s)
{
    uint16_t set = fhir_rows[s->row].set;
    const struct json *codings = JSON_GET(s->self, "coding");
    if (!set || JSON_GET(s->self, "extension"))
        return;
    for (uint32_t i = 0; json_is(codings, JSON_ARRAY) && i < codings->n; i++)
        if (coding_in(set, &codings->u.items[i]))
            return;
    walk_problem(w, s->frame,
                 "One coding must come from the value set %s; add it, with its system.",
                 fhir_pool + fhir_sets[set].url);
}

void walk_rules(struct walk *w, const struct spot *s)
{
    switch (s->type) {
    case FHIR_EXTENSION:
        extension(w, s);
        break;
    case FHIR_REFERENCE:
        reference(w, s);
        break;
    case FHIR_CODING:
        coding(w, s);
        break;
    case FHIR_CODEABLE_CONCEPT:
        concept
        (w, s);
        break;
    case FHIR_BUNDLE:
        walk_bundle(w, s);
        break;
    default:
        break;
    }
}

/* dom-4, dom-5: versions and labels are the container's. */
static void served_by_container(struct walk *w, const struct fhir_frame *f, const struct json *meta)
{
    if (JSON_GET(meta, "versionId") || JSON_GET(meta, "lastUpdated") || JSON_GET(meta, "security"))
        walk_problem(w, f,
                     "A contained resource has no versionId, lastUpdated or security label of "
                     "its own (dom-4, dom-5); leave them out.");
}

/* Every "#id" is looked up among them by whoever follows it, each time from the first. */
#define CONTAINED_MAX 1000u

void walk_contain(struct walk *w, const struct fhir_frame *f, const struct json *v,
                  struct container *c)
{
    const struct json *list = JSON_GET(v, "contained");
    *c = (struct container){.n = 0};
    if (!json_is(list, JSON_ARRAY) || list->n == 0)
        return;
    if (list->n > CONTAINED_MAX) {
        walk_problem(w, f, "More than 1000 contained resources are not taken; store them each.");
        return;
    }
    c->items = ARENA_ARRAY(w->op->arena, struct contained, list->n);
    map_init(&c->ids, w->op->arena);
    if (!c->items)
        return;
    c->n = list->n;
    for (uint32_t i = 0; i < list->n; i++) {
        const struct json *id = JSON_GET(&list->u.items[i], "id");
        struct fhir_frame g = {f, STR("contained"), 0, i};
        served_by_container(w, &g, JSON_GET(&list->u.items[i], "meta"));
        if (!json_is(id, JSON_STRING))
            continue;
        if (map_get(&c->ids, id->u.s))
            walk_problem(w, &g, "Two contained resources have this id; give each its own.");
        else
            (void)map_put(&c->ids, c->items[i].id = id->u.s, &c->items[i]);
    }
}

void walk_contained_done(struct walk *w, const struct fhir_frame *f, const struct container *c)
{
    for (size_t i = 0; i < c->n; i++) {
        struct fhir_frame g = {f, STR("contained"), 0, (int64_t)i};
        if (!c->items[i].used && !c->items[i].refers)
            walk_problem(w, &g,
                         "Nothing refers to this contained resource (dom-3); refer to #id or "
                         "leave it out.");
    }
}
