/* Private to the store: named values and ids known without the back end (memo.c). Every door takes
 * NULL, which knows nothing. */
#ifndef WEFT_STORE_MEMO_INT_H
#define WEFT_STORE_MEMO_INT_H

#include "base/arena.h"

struct memo;

struct memo *memo_new(void);
void memo_free(struct memo *m);
/* False: not known. *ret is empty when there is no such value. */
bool memo_find(struct memo *m, struct arena *a, str name, str *ret);
/* What was read of a snapshot, taken after the mark. */
uint64_t memo_mark(struct memo *m);
void memo_learn(struct memo *m, str name, str value, uint64_t mark);
/* The writer's: before the group that changes it commits; after; when the group is over. */
void memo_drop(struct memo *m, str name);
void memo_drop_all(struct memo *m);
void memo_keep(struct memo *m, str name, str value);
void memo_settle(struct memo *m);

#endif
