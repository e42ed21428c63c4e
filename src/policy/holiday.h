/* Days on which the federal offices of the US are closed. */
#ifndef WEFT_POLICY_HOLIDAY_H
#define WEFT_POLICY_HOLIDAY_H

#include "base/time.h"

/* A federal holiday (5 USC 6103(a), (b)): the date itself or the weekday that stands for it. Asks
 * for year, month, day and wday. Pure. */
bool policy_federal_holiday(const struct time_local *at);

#endif
