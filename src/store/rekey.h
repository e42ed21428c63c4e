/* New keys for what is stored already: when the makers of keys learn something. Part of the store's
 * doors; see store.h. */
#ifndef WEFT_STORE_REKEY_H
#define WEFT_STORE_REKEY_H

#include "store/store.h"

/* Replaces the keys and marks of of->rid, whose newest version must be of->vid and not deleted, or
 * the commit fails ERR_PRECONDITION; nothing else of it is looked at. The document, its version, t
 * and time stay, and followers hear nothing. Slices are not copied; a resource once a transaction.
 */
void store_tx_keys(struct store_tx *tx, const struct store_put *of);
/* The largest resource number handed out so far. */
uint64_t store_rid_last(struct store *s);

#endif
