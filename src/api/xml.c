/* XML at the edge: a body that comes as XML becomes the JSON that every handler reads, an answer
 * becomes XML after it is made. So every way in that speaks FHIR speaks both, and no handler knows.
 */
#include "fhir/xml.h"
#include "api/api_int.h"

err xml_in(struct call *c)
{
    struct json *v;
    struct buf b = answer_buf(c);
    if (!c->xml_body || !c->rq->body.n)
        return OK;
    TRY(fhir_xml_read(&c->op, c->rq->body, &v));
    json_write(&b, v);
    TRY(op_check(&c->op));
    if (!buf_ok(&b))
        return fail(&c->op, ERR_TOO_LARGE, "The body is larger than this server takes.");
    c->rq->body = buf_str(&b);
    return OK;
}

err xml_out(struct call *c, str body, str *ret)
{
    struct json *v;
    struct buf b = answer_buf(c);
    if (!body.n) {
        *ret = body;
        return OK;
    }
    if (fhir_stored_read(&c->op, body, &v) == OK) {
        fhir_xml_write(&b, v, c->pretty);
        buf_char(&b, '\n');
        if (buf_ok(&b) && b.n > 1) {
            *ret = buf_str(&b);
            return OK;
        }
    }
    return fail(&c->op, ERR_TOO_COSTLY,
                "The answer is too large for XML; ask for less at once, or for JSON.");
}
