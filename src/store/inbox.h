/* What servers that wait for the store took in for the one that has it: rows that are durable when
 * they are put, and are taken, one after the other, by that server alone. PostgreSQL only, where
 * several servers reach one database (docs/adr/0050). And which servers there are: each has a name
 * and holds a lock on it while it lives, so that another can take over what was left in its name.
 */
#ifndef WEFT_STORE_INBOX_H
#define WEFT_STORE_INBOX_H

#include "store/store.h"

#define STORE_INBOX_ROWS_MAX 4096
#define STORE_NODE_MAX 64 /* bytes of a name */

struct store_inbox; /* a connection of its own; any thread */

/* Of a server without the store; its folder has a copy of the keys. ERR_UNSUPPORTED when the store
 * is not in PostgreSQL. Connects when it is first used, and again when that was lost. */
MUST err store_inbox_open(struct op *op, const struct store_options *o, str node,
                          struct store_inbox **ret);
/* Of the server that has it; to be closed first. */
MUST err store_inbox_of(struct op *op, struct store *s, str node, struct store_inbox **ret);
void store_inbox_close(struct store_inbox *x); /* NULL allowed */

/* Takes (*ret_new), or still has, the lock on this server's name. ERR_CONFLICT: another has it. */
MUST err store_inbox_join(struct op *op, struct store_inbox *x, bool *ret_new);
/* OK: on disk. ERR_BUSY: STORE_INBOX_ROWS_MAX rows wait already. */
MUST err store_inbox_put(struct op *op, struct store_inbox *x, str bytes);
/* The oldest row; bytes.p NULL: none. It stays until it is done. ERR_FAULT: it cannot be unsealed
 * and was set aside, to be tried again by the next server that has the store. */
MUST err store_inbox_take(struct op *op, struct store_inbox *x, uint64_t *ret_id, str *ret_bytes);
MUST err store_inbox_done(struct op *op, struct store_inbox *x, uint64_t id);
MUST err store_inbox_aside(struct op *op, struct store_inbox *x, uint64_t id);
/* A name whose server is gone, locked by this one now; empty: there is none. */
MUST err store_inbox_orphan(struct op *op, struct store_inbox *x, str *ret_node);
/* Lets go of it; settled: nothing is left in that name. */
MUST err store_inbox_buried(struct op *op, struct store_inbox *x, str node, bool settled);

#endif
