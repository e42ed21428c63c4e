/* New keys for what is stored already: when the makers of keys learn something. Part of the store's
 * doors; see store.h. */
#ifndef WEFT_STORE_REKEY_H
#define WEFT_STORE_REKEY_H

#include "store/store.h"

/* Replaces the keys of rid, whose newest version must be vid and not deleted, or the commit fails
 * ERR_PRECONDITION. The document, its version, t and time stay, and followers hear nothing. Slices
 * are not copied; a resource once a transaction. */
void store_tx_keys(struct store_tx *tx, uint64_t rid, uint32_t vid, const str *keys, size_t n_keys);
/* The largest resource number handed out so far. */
uint64_t store_rid_last(struct store *s);

#endif
