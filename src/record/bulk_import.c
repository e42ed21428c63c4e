/* Bulk import: some lines as one transaction. Parsing, links and conditions are load_stage()'s, the
 * same as of weft import; who runs the job adds its place to the transaction, so that a line is
 * applied and passed in one commit. */
#include "record/jobs.h"
#include "record/record_int.h"

err record_import_check(struct op *op, struct record *rec)
{
    TRY(access_plain(op, rec, ACTION_IMPORT, POLICY_TYPE_SYSTEM));
    struct audit a = {.action = ACTION_IMPORT, .code = STR("import")};
    return audit_append(op, rec, &a);
}

err record_import_begin(struct op *op, struct record *rec, const str *texts, size_t n,
                        struct record_tx **ret)
{
    struct record_tx *tx = record_begin(op, rec);
    *ret = tx;
    return load_stage(tx, texts, n);
}

bool record_tx_unresolved(const struct record_tx *tx)
{
    return tx && tx->unresolved;
}

bool record_import_bundle(str text)
{
    str head = str_sub(text, 0, 400);
    return str_find(head, STR("\"Bundle\""), 0) != SIZE_MAX;
}
