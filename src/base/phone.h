/* Phone numbers: one spelling for comparing and dialling. Knows the North American plan; numbers of
 * other countries need their country code (E.164). Pure. */
#ifndef WEFT_BASE_PHONE_H
#define WEFT_BASE_PHONE_H

#include "base/arena.h"

/* "+1(312)555-0143", "312.555.0143" and "13125550143" give "+13125550143"; "447700900123",
 * "0044 7700 900123" and "011447700900123" give "+447700900123". What is no phone number
 * (other characters, fewer than 7 or more than 15 digits) comes back as it is, without white space
 * around it. */
str phone_plain_number(struct arena *a, str number);

#endif
