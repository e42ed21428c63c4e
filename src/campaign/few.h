/* Small groups in what is told of many: no group under FEW people, and none that could be had by
 * taking the groups that are told off the whole. Pure. */
#ifndef WEFT_CAMPAIGN_FEW_H
#define WEFT_CAMPAIGN_FEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FEW 30u
/* Groups of one whole, each of its people in one of them. hidden: those that are not told; more of
 * them, the smallest first, until all that is hidden together is nobody or FEW people. */
void few_hide(const uint64_t *people, size_t n, bool *hidden);

#endif
