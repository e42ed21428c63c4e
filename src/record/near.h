/* Small named state of a room that is read together (store/near.h): as record_tx_kv(),
 * record_tx_kv_now() and record_kv_get(), which may not find it. near: the name beside which it
 * lies, or its own. */
#ifndef WEFT_RECORD_NEAR_H
#define WEFT_RECORD_NEAR_H

#include "record/record.h"

void record_tx_kv_near(struct record_tx *tx, str key, str near, str value);
/* Of a resource that this transaction makes: nobody can have written it (store/near.h). */
void record_tx_kv_new(struct record_tx *tx, str key, str value);
void record_tx_kv_none(struct record_tx *tx, str key);
MUST err record_tx_kv_now_near(struct record_tx *tx, str key, str near, str *ret);
MUST err record_kv_get_near(struct op *op, struct record *rec, str key, str near, str *ret);

#endif
