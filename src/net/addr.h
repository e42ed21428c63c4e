/* Which network addresses this server may go to by itself (SSRF, CWE-918): for all rooms that send
 * requests. Pure; thread-safe. */
#ifndef WEFT_NET_ADDR_H
#define WEFT_NET_ADDR_H

#include "base/str.h"

/* An address of 4 or 16 bytes is public by the IANA special-purpose registries (RFC 6890). */
bool addr_public(const uint8_t *addr, size_t n);
/* It is in one of the addresses or networks ("10.1.0.0/16, fd00::/8") of allow. */
bool addr_allowed(str allow, const uint8_t *addr, size_t n);

#endif
