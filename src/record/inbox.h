/* What came in at a server that waits for the record (store/inbox.h): kept there, sealed, until the
 * server that has the record takes it in. Nothing is read of it before: policy, trail and checks
 * are those of the write that it becomes. */
#ifndef WEFT_RECORD_INBOX_H
#define WEFT_RECORD_INBOX_H

#include "record/record.h"

struct store_inbox;
/* ERR_UNSUPPORTED: the record is not in PostgreSQL; nobody else can reach it. dir, database: as for
 * record_open_at(). */
MUST err record_inbox_open(struct op *op, str dir, str database, str node,
                           struct store_inbox **ret);
MUST err record_inbox_of(struct op *op, struct record *rec, str node, struct store_inbox **ret);
void record_inbox_close(struct store_inbox *x);
/* As store_inbox_…() */
MUST err record_inbox_join(struct op *op, struct store_inbox *x, bool *ret_new);
MUST err record_inbox_put(struct op *op, struct store_inbox *x, str bytes);
MUST err record_inbox_take(struct op *op, struct store_inbox *x, uint64_t *ret_id, str *ret_bytes);
MUST err record_inbox_done(struct op *op, struct store_inbox *x, uint64_t id);
MUST err record_inbox_aside(struct op *op, struct store_inbox *x, uint64_t id);
MUST err record_inbox_orphan(struct op *op, struct store_inbox *x, str *ret_node);
MUST err record_inbox_buried(struct op *op, struct store_inbox *x, str node, bool settled);

#endif
