/* A range of bytes that a client asks for (RFC 9110 14). Pure. */
#ifndef WEFT_API_RANGE_H
#define WEFT_API_RANGE_H

#include "base/str.h"

enum range { RANGE_WHOLE, RANGE_PART, RANGE_NOT };
/* Of the header Range, for what has that size: RANGE_PART with the n bytes from there; RANGE_NOT:
 * it lies behind the end (416). What is no range of bytes, or more than one, is as if it were not
 * said (14.2), and the whole is given. */
enum range range_read(str header, uint64_t size, uint64_t *ret_from, uint64_t *ret_n);

#endif
