/* $meta of a resource, a version, a type or everything; $meta-add and $meta-delete of a resource.
 * Input and answer are Parameters (http://hl7.org/fhir/R4/resource-operation-meta.html). */
#include "api/op_int.h"

static err parameters(struct call *c, const struct json *meta)
{
    struct arena *a = c->op.arena;
    struct json *o = json_new(a, JSON_OBJECT), *list = json_new(a, JSON_ARRAY);
    struct json *part = json_new(a, JSON_OBJECT);
    json_set_str(a, part, STR("name"), STR("return"));
    json_set(a, part, STR("valueMeta"), meta);
    json_push(a, list, part);
    json_set_str(a, o, STR("resourceType"), STR("Parameters"));
    json_set(a, o, STR("parameter"), list);
    return answer_json(c, 200, o);
}

err api_meta(struct call *c)
{
    struct op_params p;
    struct record_doc doc;
    struct json *meta;
    TRY(op_params(c, "", &p));
    op_deadline(c);
    if (!c->id.n) {
        TRY(record_meta_all(&c->op, c->api->rec, c->type, &meta));
        return parameters(c, meta);
    }
    TRY(c->vid.n ? record_vread(&c->op, c->api->rec, c->type, c->id, c->vid, &doc)
                 : record_read(&c->op, c->api->rec, c->type, c->id, &doc));
    TRY(record_meta(&c->op, &doc, &meta));
    answer_version(c, doc.vid, doc.updated);
    return parameters(c, meta);
}

static err change(struct call *c, bool take_away)
{
    struct op_params p;
    struct record_doc doc;
    struct json *meta;
    struct record_meta_edit edit = {.type = c->type, .id = c->id, .take_away = take_away};
    TRY(op_params(c, "meta", &p));
    for (size_t i = 0; i < p.n; i++)
        edit.meta = p.at[i].node ? JSON_GET(p.at[i].node, "valueMeta") : NULL;
    if (p.n != 1 || !edit.meta)
        return fail(&c->op, ERR_INVALID,
                    "Send Parameters with one parameter \"meta\" and its valueMeta.");
    TRY(version_tag(c, "If-Match", &edit.if_match));
    TRY(record_meta_change(&c->op, c->api->rec, &edit, &doc));
    TRY(record_meta(&c->op, &doc, &meta));
    answer_version(c, doc.vid, doc.updated);
    return parameters(c, meta);
}

err api_meta_add(struct call *c)
{
    return change(c, false);
}

err api_meta_delete(struct call *c)
{
    return change(c, true);
}
