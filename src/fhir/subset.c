/* Less than the whole resource: _summary and _elements
 * (https://hl7.org/fhir/R4/search.html#summary). Works on a tagged tree, in place. Which elements
 * are in a summary, mandatory or modifiers, the tables say. Invariant: what was made smaller
 * carries the tag SUBSETTED, so that nobody stores it as if it were whole. */
#include "fhir/fhir_int.h"

bool fhir_has_element(fhir_type t, str name)
{
    uint16_t word = fhir_word_find(name);
    const struct fhir_model *m = &fhir_models[t];
    for (uint16_t i = 0; t && word && i < m->n_rows; i++)
        if (fhir_rows[fhir_lists[m->list + i]].element == word)
            return true;
    return false;
}

bool fhir_subset_asked(const struct fhir_query *q)
{
    return q->n_elements || q->summary == SUMMARY_TRUE || q->summary == SUMMARY_TEXT ||
           q->summary == SUMMARY_DATA;
}

static bool listed(const struct fhir_query *q, str element)
{
    for (size_t i = 0; i < q->n_elements; i++)
        if (str_eq(q->elements[i], element))
            return true;
    return false;
}

static uint8_t flags_of(const struct json_member *m, str *ret_element)
{
    const struct fhir_row *row = &fhir_rows[FHIR_TAG_ROW(m->value.tag)];
    bool known = FHIR_TAG_ROW(m->value.tag) != 0;
    *ret_element = known ? fhir_word(row->element) : m->name;
    return known ? row->flags : 0;
}

static bool kept(const struct fhir_query *q, const struct json_member *m)
{
    str element;
    uint8_t flags = flags_of(m, &element);
    if (str_eq(m->name, STR("resourceType")) || str_eq(element, STR("id")) ||
        str_eq(element, STR("meta")))
        return true;
    bool must = flags & ROW_REQUIRED, changes = flags & ROW_MODIFIER;
    if (q->n_elements)
        return must || changes || listed(q, element);
    if (q->summary == SUMMARY_TEXT)
        return must || str_eq(element, STR("text"));
    if (q->summary == SUMMARY_DATA)
        return !str_eq(element, STR("text"));
    return must || (flags & ROW_SUMMARY) || changes;
}

/* Inside an element of a summary only what is of the summary itself; false when nothing is left. */
static bool thin(struct json *v, int depth)
{
    uint32_t n = 0;
    if (v->type != JSON_ARRAY && v->type != JSON_OBJECT)
        return true;
    if (depth >= FHIR_DEPTH_MAX)
        return false;
    for (uint32_t i = 0; v->type == JSON_ARRAY && i < v->n; i++)
        if (thin(&v->u.items[i], depth + 1))
            v->u.items[n++] = v->u.items[i];
    for (uint32_t i = 0; v->type == JSON_OBJECT && i < v->n; i++) {
        str element;
        uint8_t flags = flags_of(&v->u.members[i], &element);
        if (!(flags & (ROW_SUMMARY | ROW_REQUIRED | ROW_MODIFIER)))
            continue;
        if (thin(&v->u.members[i].value, depth + 1))
            v->u.members[n++] = v->u.members[i];
    }
    v->n = n;
    return n > 0;
}

static void mark(struct op *op, struct json *resource)
{
    struct json *meta = JSON_GET(resource, "meta");
    if (!meta) {
        json_set(op->arena, resource, STR("meta"), json_new(op->arena, JSON_OBJECT));
        meta = JSON_GET(resource, "meta");
    }
    struct json *tags = JSON_GET(meta, "tag"), *tag = json_new(op->arena, JSON_OBJECT);
    if (!tags) {
        json_set(op->arena, meta, STR("tag"), json_new(op->arena, JSON_ARRAY));
        tags = JSON_GET(meta, "tag");
    }
    json_set_str(op->arena, tag, STR("system"),
                 STR("http://terminology.hl7.org/CodeSystem/v3-ObservationValue"));
    json_set_str(op->arena, tag, STR("code"), STR("SUBSETTED"));
    json_push(op->arena, tags, tag);
}

err fhir_subset(struct op *op, const struct fhir_query *q, struct json *resource)
{
    uint32_t n = 0;
    if (!fhir_subset_asked(q) || !json_is(resource, JSON_OBJECT))
        return OK;
    for (uint32_t i = 0; i < resource->n; i++) {
        struct json_member *m = &resource->u.members[i];
        if (!kept(q, m))
            continue;
        bool whole = q->summary != SUMMARY_TRUE || str_eq(m->name, STR("meta"));
        if (whole || thin(&m->value, 0))
            resource->u.members[n++] = *m;
    }
    resource->n = n;
    mark(op, resource);
    return op_check(op);
}
