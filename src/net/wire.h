/* A connection out that stays: TCP, with TLS 1.2 or 1.3 when asked for (GnuTLS; the peer's name and
 * certificate are checked). Never blocks but for the look-up of a name. One thread at a time. */
#ifndef WEFT_NET_WIRE_H
#define WEFT_NET_WIRE_H

#include "base/op.h"

struct wire;
struct wire_to {
    str host;
    uint16_t port;
    bool tls;
    str ca_file; /* PEM; empty: the system's */
};
/* Begins to connect. ERR_UNAVAILABLE. */
MUST err wire_open(struct op *op, const struct wire_to *to, struct wire **ret);
/* NULL allowed. */
void wire_close(struct wire *l);
int wire_fd(const struct wire *l);
/* Goes on connecting: 1 it is open, 0 not yet, -1 it will not be. */
int wire_step(struct wire *l);
/* While it opens: what the next step waits for is room to write, else bytes to read. */
bool wire_opening_writes(const struct wire *l);
/* Bytes read or written, 0 none now, -1 it is over. */
int wire_read(struct wire *l, char *to, size_t n);
int wire_write(struct wire *l, str bytes);

#endif
