/* Between the tail, its marks (marks.c) and the search that follows them (search_marks.c). */
#ifndef WEFT_STORE_MARKS_INT_H
#define WEFT_STORE_MARKS_INT_H

#include "store/store_int.h"

enum mark_kind { MARK_ORDER = 2, MARK_LOG = 3 }; /* third byte of their keys; 1: ids */
#define MARK_BYTES (3u + STORE_LEAD_BYTES)
#define MARK_LOG_BITS 4u /* transactions of one mark */
void mark_key(char out[MARK_BYTES], enum mark_kind kind, str lead);
/* Where a key (param + value) lies in the order: a mark's number. */
uint64_t mark_place(str key);
bool marks_put(struct tail_batch *b, const struct pend *p);

/* tail.c: A number joins the list of a key, unless the tail has it there. */
bool tail_join(struct tail_batch *b, uint16_t type, str key, uint64_t number);

#endif
