/* Composition/$document: a Bundle of type document, kept as a resource of its own when persist says
 * so. http://hl7.org/fhir/R4/composition-operation-document.html */
#include "api/op_int.h"

/* An answer says what it shows in part; what is kept is the document alone. */
static void in_part(struct call *c, struct buf *b, struct record_doc *docs, size_t n)
{
    struct record_page page = {.docs = docs, .n = n, .n_match = n};
    if (!hidden_any(&page))
        return;
    buf_printf(b, ",{\"fullUrl\":\"urn:uuid:%.*s\",\"resource\":", STR_ARG(uuid_new(c->op.arena)));
    hidden_outcome(c, b, &page);
    buf_char(b, '}');
}

static str document(struct call *c, struct record_doc *docs, size_t n, bool persist)
{
    struct buf b = answer_buf(c);
    str base = base_url(c), now = time_format(c->op.arena, c->op.now);
    buf_printf(&b,
               "{\"resourceType\":\"Bundle\",\"identifier\":{\"system\":\"urn:ietf:rfc:3986\","
               "\"value\":\"urn:uuid:%.*s\"},\"type\":\"document\",\"timestamp\":\"%.*s\","
               "\"entry\":[",
               STR_ARG(uuid_new(c->op.arena)), STR_ARG(now));
    for (size_t i = 0; i < n; i++) {
        buf_printf(&b, "%s{\"fullUrl\":\"%.*s/fhir/%.*s/%.*s\",\"resource\":", i ? "," : "",
                   STR_ARG(base), STR_ARG(fhir_type_name(docs[i].type)), STR_ARG(docs[i].id));
        buf_add(&b, docs[i].head);
        buf_add(&b, docs[i].body);
        buf_char(&b, '}');
    }
    if (!persist)
        in_part(c, &b, docs, n);
    buf_add(&b, STR("]}"));
    if (!buf_ok(&b))
        (void)fail(&c->op, ERR_TOO_LARGE, "The document is larger than an answer may be.");
    return buf_str(&b);
}

static err made(struct call *c, str id, bool persist)
{
    struct record_doc *docs;
    struct record_result r;
    struct json *bundle;
    size_t n;
    TRY(record_document(&c->op, c->api->rec, id, &docs, &n));
    str text = document(c, docs, n, persist);
    TRY(op_check(&c->op));
    if (persist) {
        TRY(fhir_read(&c->op, text, fhir_type_parse(STR("Bundle")), &bundle));
        TRY(record_create(&c->op, c->api->rec, bundle, STR_NONE, &r));
        return answer_result(c, &r);
    }
    struct buf b = answer_buf(c);
    buf_add(&b, text);
    return answer(c, 200, &b);
}

err api_document(struct call *c)
{
    struct op_params p;
    bool persist = false;
    str id = c->id;
    TRY(op_params(c, c->id.n ? "persist graph" : "id persist graph", &p));
    for (size_t i = 0; i < p.n; i++)
        if (str_eq(p.at[i].name, STR("graph")))
            return fail(&c->op, ERR_INVALID,
                        "graph: documents hold what the Composition names; there are no others.");
    TRY(op_bool(c, &p, "persist", &persist));
    if (!c->id.n)
        TRY(op_one(c, &p, "id", &id));
    if (str_starts(id, STR("Composition/")))
        id = str_sub(id, 12, SIZE_MAX);
    if (!fhir_id_valid(id))
        return fail(&c->op, ERR_INVALID, "Say which Composition: id.");
    return made(c, id, persist);
}
