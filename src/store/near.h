/* Named values that are read together. A value lies beside the one named near, where a back end
 * keeps rows in an order: both come with one page of the disk. near is the key itself where it is
 * not known. A value that was once written so is always written and read so. It stays where it is
 * when near changes, and is found with any near, or by store_kv_find(), only by a longer way. */
#ifndef WEFT_STORE_NEAR_H
#define WEFT_STORE_NEAR_H

#include "store/store.h"

void store_tx_kv_near(struct store_tx *tx, str key, str near, str value);
/* The same of a name that is not there yet, as far as is known: cheaper if so. near may be empty.
 */
void store_tx_kv_new(struct store_tx *tx, str key, str near, str value);
void store_tx_expect_kv_near(struct store_tx *tx, str key, str near, str expected);
MUST err store_kv_find_near(struct op *op, struct store *s, str key, str near, str *ret);
/* A name that nobody can have written yet, since it was made just now: nothing is written, but that
 * there is none is remembered with the commit, so that who asks first need not look. */
void store_tx_kv_none(struct store_tx *tx, str key);
/* store_kv_find() for a name that is never written with a near: of one that is, it may find
 * nothing. To learn that there is none is half the work. */
MUST err store_kv_find_own(struct op *op, struct store *s, str key, str *ret);

#endif
