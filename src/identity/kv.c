/* Named values of the store that may be absent: absence is an answer here, not a failure. */
#include "identity/identity_int.h"

err kv_get(struct op *op, struct identity *id, str key, bool *ret_found, str *ret)
{
    struct fault before = op->fault;
    str value = STR_NONE;
    err e = store_kv_get(op, id->store, key, &value);
    if (e == ERR_NOT_FOUND) {
        op->fault = before;
        *ret_found = false;
        return OK;
    }
    TRY(e);
    *ret_found = value.n > 0;
    *ret = value;
    return OK;
}

err kv_put(struct op *op, struct identity *id, str key, str value)
{
    struct store_tx *tx = store_tx_new(op, id->store);
    TRY(op_check(op));
    store_tx_kv(tx, key, value);
    struct store_commit done;
    return store_commit(op, tx, &done);
}
