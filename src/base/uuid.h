/* Random identifiers from the system's generator (libsodium). Thread-safe. */
#ifndef WEFT_BASE_UUID_H
#define WEFT_BASE_UUID_H

#include "base/arena.h"

/* Fills out with random bytes. */
void random_bytes(void *out, size_t n);
uint64_t random_u64(void);
/* RFC 9562 version 4, 36 characters. */
str uuid_new(struct arena *a);
/* Crockford base-32 text, lower case, 26 characters for 128 bits. */
str random_token(struct arena *a, size_t bytes);

#endif
