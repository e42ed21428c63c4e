/* Days of rest by place: spec/rules/holidays.csv, each with its law. */
#ifndef WEFT_POLICY_HOLIDAY_H
#define WEFT_POLICY_HOLIDAY_H

#include "base/time.h"

/* Its name, or NULL. place: a country ("FR"; "US": the federal ones, 5 USC 6103) or one with its
 * region ("CA-MB", "US-LA": those of the country, too). Asks for year, month, day and wday. Pure;
 * static text. */
const char *policy_holiday(str place, const struct time_local *at);
bool policy_federal_holiday(const struct time_local *at);

#endif
