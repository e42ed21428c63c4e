/* The rule that keeps time_now() from going back, apart from the clock it is used on. */
#ifndef WEFT_BASE_TIME_INT_H
#define WEFT_BASE_TIME_INT_H

#include "base/time.h"

#include <stdatomic.h>

#define TIME_STILL_MAX_MS 3600000

struct time_guard {
    _Atomic int64_t last;  /* what was given out last */
    _Atomic int64_t since; /* monotonic ms at which time began to stand still; 0 = it runs */
};

/* The time to give out when the wall clock says wall and the monotonic clock mono (> 0).
 * *ret_followed: the clock had stood still for an hour and follows the jump now. */
int64_t time_guard_next(struct time_guard *g, int64_t wall, int64_t mono, bool *ret_followed);

#endif
