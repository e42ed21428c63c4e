/* Days of rest by place: spec/rules/holidays.csv, each with its law. */
#ifndef WEFT_POLICY_HOLIDAY_H
#define WEFT_POLICY_HOLIDAY_H

#include "base/time.h"

/* Its name, or NULL. place: a code of calling-hours.csv ("FR", "US-LA": the federal ones, too), or
 * "US": the federal ones (5 USC 6103). Asks for year, month, day and wday. Pure; static text. */
const char *policy_holiday(str place, const struct time_local *at);
bool policy_federal_holiday(const struct time_local *at);

#endif
