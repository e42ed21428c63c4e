/* A clinic's invented patients in a real store, with what an audience's chips ask for. */
#ifndef WEFT_BENCH_CROWD_H
#define WEFT_BENCH_CROWD_H

#include "record/record.h"

/* Everybody from scratch, loaded as weft import does, by two threads; *ret_n: resources. */
MUST err crowd_fill(struct op *op, struct record *rec, uint32_t people, uint64_t *ret_n);

#endif
