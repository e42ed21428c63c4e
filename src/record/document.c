/* Composition/$document: the Composition and everything it names, as a document needs them
 * (http://hl7.org/fhir/R4/composition-operation-document.html). Invariant: a document is whole or
 * not made: what is named and cannot be shown fails it, naming the place. */
#include "record/operations.h"
#include "record/record_int.h"

#define PARTS_MAX 1000u

struct document {
    struct op *op;
    struct record *rec;
    struct map known; /* "Type/id" */
    VEC(struct record_doc) docs;
};

static err add(struct document *d, const struct fhir_ref_node *node)
{
    static char seen;
    struct op *op = d->op;
    struct record_doc doc;
    const struct fhir_ref *ref = &node->ref;
    str key =
        arena_printf(op->arena, "%.*s/%.*s", STR_ARG(fhir_type_name(ref->type)), STR_ARG(ref->id));
    if (ref->kind != REF_LOCAL || map_get(&d->known, key))
        return OK;
    if (d->docs.n >= PARTS_MAX)
        return fail(op, ERR_TOO_COSTLY, "The document would have more than %u parts.", PARTS_MAX);
    (void)map_put(&d->known, key, &seen);
    struct fault before = op->fault;
    err e = ref->version.n ? record_vread(op, d->rec, ref->type, ref->id, ref->version, &doc)
                           : record_read(op, d->rec, ref->type, ref->id, &doc);
    if (e == ERR_NOT_FOUND || e == ERR_GONE || e == ERR_FORBIDDEN || (e == OK && doc.deleted)) {
        op->fault = before;
        return fail_at(op, ERR_UNPROCESSABLE, node->path,
                       "The document cannot be made: what stands here is not there, or not for "
                       "you to see.");
    }
    TRY(e);
    VEC_PUSH(op->arena, &d->docs, doc);
    return op_check(op);
}

err record_document(struct op *op, struct record *rec, str id, struct record_doc **ret,
                    size_t *ret_n)
{
    struct document d = {.op = op, .rec = rec};
    struct record_doc composition;
    struct json *tree;
    struct fhir_ref_node *refs;
    size_t n;
    map_init(&d.known, op->arena);
    TRY(record_read(op, rec, fhir_type_parse(STR("Composition")), id, &composition));
    TRY(record_parse(op, &composition, &tree));
    TRY(fhir_refs(op, tree, &refs, &n));
    VEC_PUSH(op->arena, &d.docs, composition);
    for (size_t pass = 0; pass < 2; pass++) /* the subject comes next */
        for (size_t i = 0; i < n; i++)
            if (pass || str_eq(refs[i].path, STR("Composition.subject.reference")) ||
                str_eq(refs[i].path, STR("Composition.subject")))
                TRY(add(&d, &refs[i]));
    TRY(op_check(op));
    *ret = d.docs.at;
    *ret_n = d.docs.n;
    return OK;
}
