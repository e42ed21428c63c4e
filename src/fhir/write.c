/* The stored form of a resource: head (what the server assigns) and body (the rest), see fhir.h.
 * Invariant: head + body is the JSON text of the resource. */
#include "fhir_int.h"

static void put(struct buf *b, const struct json_member *m)
{
    buf_char(b, ',');
    buf_json_string(b, m->name);
    buf_char(b, ':');
    json_write(b, &m->value);
}

static bool ours(str name)
{
    return str_eq(name, STR("versionId")) || str_eq(name, STR("lastUpdated")) ||
           str_eq(name, STR("_versionId")) || str_eq(name, STR("_lastUpdated"));
}

void fhir_body_write(struct buf *b, const struct json *resource)
{
    const struct json *meta = JSON_GET(resource, "meta");
    for (uint32_t i = 0; json_is(meta, JSON_OBJECT) && i < meta->n; i++)
        if (!ours(meta->u.members[i].name))
            put(b, &meta->u.members[i]);
    buf_char(b, '}');
    for (uint32_t i = 0; i < resource->n; i++) {
        str name = resource->u.members[i].name;
        if (!str_eq(name, STR("resourceType")) && !str_eq(name, STR("id")) &&
            !str_eq(name, STR("meta")))
            put(b, &resource->u.members[i]);
    }
    buf_char(b, '}');
}

static void number(struct buf *b, uint32_t n)
{
    char text[10];
    size_t at = sizeof text;
    do
        text[--at] = (char)('0' + n % 10);
    while (n /= 10);
    buf_add(b, str_make(text + at, sizeof text - at));
}

void fhir_head_write(struct buf *b, fhir_type type, str id, uint32_t vid, int64_t updated)
{
    char time[24];
    time_format_to(time, updated);
    buf_add(b, STR("{\"resourceType\":\""));
    buf_add(b, fhir_type_name(type));
    buf_add(b, STR("\",\"id\":"));
    buf_json_string(b, id);
    buf_add(b, STR(",\"meta\":{\"versionId\":\""));
    number(b, vid);
    buf_add(b, STR("\",\"lastUpdated\":\""));
    buf_add(b, str_make(time, sizeof time));
    buf_char(b, '"');
}
