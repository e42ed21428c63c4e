/* CodeSystem to a block. Hierarchy comes from nesting and from the properties parent, child and
 * subsumedBy (http://hl7.org/fhir/R4/codesystem-concept-properties.html); a code that stands twice
 * counts as it stands first. */
#include "terms/build_int.h"

#define NESTING_MAX 60u

static void read_properties(struct builder *b, const struct json *cs)
{
    const struct json *list = JSON_GET(cs, "property");
    for (size_t i = 0; list && i < list->n; i++) {
        const struct json *p = json_at(list, i);
        (void)builder_property(b, json_get_str(p, STR("code")), json_get_str(p, STR("type")),
                               json_get_str(p, STR("description")));
    }
}

static struct detail_note designation_of(const struct json *d)
{
    const struct json *use = JSON_GET(d, "use");
    return (struct detail_note){.lang = json_get_str(d, STR("language")),
                                .system = json_get_str(use, STR("system")),
                                .code = json_get_str(use, STR("code")),
                                .display = json_get_str(use, STR("display")),
                                .value = json_get_str(d, STR("value"))};
}

/* The value[x] of a property; false when it has none. */
static bool value_of(const struct json *p, struct detail_note *ret)
{
    for (unsigned t = 0; t < PROP_TYPES; t++) {
        const struct json *v = json_get(p, str_of(prop_type_names[t]));
        if (!v)
            continue;
        ret->type = (uint8_t)t;
        ret->value = json_str(v);
        if (t == PROP_BOOLEAN)
            ret->value = json_bool(v, false) ? STR("true") : STR("false");
        if (t == PROP_CODING) {
            ret->value = json_get_str(v, STR("code"));
            ret->system = json_get_str(v, STR("system"));
            ret->display = json_get_str(v, STR("display"));
        }
        return true;
    }
    return false;
}

/* What a property means for the concept itself. */
static void take_meaning(struct builder *b, uint32_t row, str name, str value)
{
    str code = b->rows.at[row].code;
    bool yes = str_eq(value, STR("true"));
    if (str_eq(name, STR("parent")) || str_eq(name, STR("subsumedBy")))
        builder_edge(b, code, value);
    else if (str_eq(name, STR("child")))
        builder_edge(b, value, code);
    else if ((str_eq(name, STR("inactive")) && yes) ||
             (str_eq(name, STR("status")) &&
              (str_eq(value, STR("retired")) || str_eq(value, STR("inactive")))))
        b->rows.at[row].flags |= ROW_INACTIVE;
    else if ((str_eq(name, STR("notSelectable")) || str_eq(name, STR("abstract"))) && yes)
        b->rows.at[row].flags |= ROW_ABSTRACT;
}

static void read_notes(struct builder *b, uint32_t row, const struct json *concept)
{
    const struct json *list = JSON_GET(concept, "designation");
    for (size_t i = 0; list && i < list->n; i++) {
        struct detail_note d = designation_of(json_at(list, i));
        builder_designation(b, row, &d);
    }
    list = JSON_GET(concept, "property");
    for (size_t i = 0; list && i < list->n; i++) {
        struct detail_note p = {0};
        str name = json_get_str(json_at(list, i), STR("code"));
        if (!name.n || !value_of(json_at(list, i), &p))
            continue;
        p.property = builder_property(b, name, STR_NONE, STR_NONE);
        builder_value(b, row, &p);
        take_meaning(b, row, name, p.value);
    }
}

static err read_concepts(struct builder *b, const struct json *list, str parent, unsigned depth)
{
    if (depth > NESTING_MAX)
        return fail(b->op, ERR_UNPROCESSABLE, "Concepts are nested deeper than %u.", NESTING_MAX);
    for (size_t i = 0; list && i < list->n; i++) {
        const struct json *c = json_at(list, i);
        str code = json_get_str(c, STR("code"));
        if (!code.n)
            return fail(b->op, ERR_UNPROCESSABLE, "A concept has no code.");
        uint32_t row = builder_concept(b, code, json_get_str(c, STR("display")));
        if (row != NO_ROW) {
            b->rows.at[row].definition = json_get_str(c, STR("definition"));
            read_notes(b, row, c);
        }
        if (parent.n)
            builder_edge(b, code, parent);
        TRY(read_concepts(b, JSON_GET(c, "concept"), code, depth + 1));
    }
    return op_check(b->op);
}

err compile_system(struct op *op, const struct json *cs, size_t max, str *ret)
{
    struct builder b;
    str meaning = json_get_str(cs, STR("hierarchyMeaning"));
    const struct json *sensitive = JSON_GET(cs, "caseSensitive");
    builder_init(&b, op);
    facts_of(cs, &b.facts);
    if (sensitive && !json_bool(sensitive, true))
        b.facts.flags |= FLAG_CASE_FOLDED;
    if (meaning.n && !str_eq(meaning, STR("is-a")))
        b.facts.flags |= FLAG_NO_SUBSUMPTION;
    read_properties(&b, cs);
    TRY(read_concepts(&b, JSON_GET(cs, "concept"), STR_NONE, 0));
    return builder_finish(&b, max, ret);
}
