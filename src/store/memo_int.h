/* Private to the store: named values, ids and documents known without the back end (memo.c). Every
 * door takes NULL, which knows nothing. */
#ifndef WEFT_STORE_MEMO_INT_H
#define WEFT_STORE_MEMO_INT_H

#include "store/store_int.h"

struct memo;

/* places: a power of two; a larger value is not kept. */
struct memo *memo_new(size_t places, size_t value_max);
void memo_free(struct memo *m);
/* False: not known. *ret is empty when there is no such value. */
bool memo_find(struct memo *m, struct arena *a, str name, str *ret);
/* The name will be asked for soon: its place comes out of the memory meanwhile. */
void memo_ahead(const struct memo *m, str name);
/* What was read of a snapshot, taken after the mark. */
uint64_t memo_mark(struct memo *m);
void memo_learn(struct memo *m, str name, str value, uint64_t mark);
/* The writer's: before the group that changes it commits; after; when the group is over. */
void memo_drop(struct memo *m, str name);
void memo_drop_all(struct memo *m);
void memo_keep(struct memo *m, str name, str value);
void memo_settle(struct memo *m);
/* What is kept of the name, without a change of it. */
void memo_forget(struct memo *m, str name);

/* ---- memo_doc.c: the newest versions of documents ---- */
#define MEMO_DOC_MAX 2048u /* bytes of one */
/* As store_get would say; without its text and client id as store_peek would. */
bool memo_doc_find(struct op *op, struct store *s, uint64_t rid, bool body, struct store_doc *ret);
void memo_doc_ahead(const struct store *s, uint64_t rid);
/* What was read of a snapshot, taken after the mark of s->docs. */
void memo_doc_learn(struct op *op, struct store *s, const struct store_doc *d, uint64_t mark);
/* The writer's, as above. */
void memo_doc_drop(struct store *s, uint64_t rid);
/* Of a large transaction, or of a large document, nothing stays. */
void memo_doc_keep(struct op *op, struct store *s, const struct store_tx *tx);

/* ---- kv.c: what the back end holds of a name ---- */
/* The row, by way of near, or empty; what is in it. */
MUST err kv_stored(struct op *op, struct store *s, struct store_snap *snap, str row, str near,
                   str *ret);
MUST err kv_read(struct op *op, struct store *s, str row, str value, str *ret_key, str *ret_value);

#endif
