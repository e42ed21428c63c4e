/* The door to what waits for the record: see inbox.h. It holds what nobody has judged yet, so there
 * is nothing to ask policy about; what it becomes goes through record_tx_create() as any write. */
#include "record/inbox.h"

#include "record/record_int.h"
#include "store/inbox.h"

err record_inbox_open(struct op *op, str dir, str database, str node, struct store_inbox **ret)
{
    if (!database.n)
        TRY(store_place(op, dir, &database));
    struct store_options o = {
        .backend = database.n ? STORE_POSTGRES : STORE_SQLITE, .dir = dir, .database = database};
    return store_inbox_open(op, &o, node, ret);
}

err record_inbox_of(struct op *op, struct record *rec, str node, struct store_inbox **ret)
{
    return store_inbox_of(op, rec->store, node, ret);
}

void record_inbox_close(struct store_inbox *x)
{
    store_inbox_close(x);
}

err record_inbox_join(struct op *op, struct store_inbox *x, bool *ret_new)
{
    return store_inbox_join(op, x, ret_new);
}

err record_inbox_put(struct op *op, struct store_inbox *x, str bytes)
{
    return store_inbox_put(op, x, bytes);
}

err record_inbox_take(struct op *op, struct store_inbox *x, uint64_t *ret_id, str *ret_bytes)
{
    return store_inbox_take(op, x, ret_id, ret_bytes);
}

err record_inbox_done(struct op *op, struct store_inbox *x, uint64_t id)
{
    return store_inbox_done(op, x, id);
}

err record_inbox_aside(struct op *op, struct store_inbox *x, uint64_t id)
{
    return store_inbox_aside(op, x, id);
}

err record_inbox_orphan(struct op *op, struct store_inbox *x, str *ret_node)
{
    return store_inbox_orphan(op, x, ret_node);
}

err record_inbox_buried(struct op *op, struct store_inbox *x, str node, bool settled)
{
    return store_inbox_buried(op, x, node, settled);
}
