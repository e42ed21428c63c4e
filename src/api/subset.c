/* Less than the whole resource, for reads and pages: what the address asks for, and the document
 * written so. https://hl7.org/fhir/R4/search.html#summary (reads take it, too) */
#include "api/api_int.h"

err subset_read(struct call *c, const struct fhir_query **ret)
{
    str rest = c->query, pair;
    struct buf b;
    buf_init(&b, c->op.arena, c->query.n + 1);
    while (str_take_until(&rest, '&', &pair))
        if (str_starts(pair, STR("_summary=")) || str_starts(pair, STR("_elements=")))
            buf_printf(&b, "%s%.*s", b.n ? "&" : "", STR_ARG(pair));
    *ret = NULL;
    if (!b.n)
        return OK;
    TRY(fhir_query_read(&c->op, c->type, buf_str(&b), c->lenient, ret));
    if ((*ret)->summary == SUMMARY_COUNT)
        return fail(&c->op, ERR_INVALID,
                    "_summary=count is for searches; a read shows a resource.");
    return OK;
}

err doc_subset(struct call *c, const struct fhir_query *q, const struct record_doc *doc,
               struct buf *b)
{
    struct json *tree;
    TRY(record_parse(&c->op, doc, &tree));
    TRY(fhir_subset(&c->op, q, tree));
    json_write(b, tree);
    return OK;
}
