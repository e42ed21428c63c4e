/* One request to somebody else's server, for keys and sign-in elsewhere: small answers, no
 * redirects, certificates checked, and only to addresses that net/addr.h lets through. Blocks its
 * thread for ten seconds at most. */
#ifndef WEFT_NET_FETCH_H
#define WEFT_NET_FETCH_H

#include "base/op.h"

#define NET_FETCH_MAX (256u << 10)
struct net_fetch {
    str url;
    str form;           /* of a POST, form-encoded unless a header says otherwise; empty: GET */
    const str *headers; /* whole lines */
    size_t n_headers;
    str basic; /* "user:password"; empty: none */
    str allow; /* private addresses let through all the same */
    bool allow_http;
    str ca_file;
};
/* The body of a 200. ERR_UNAVAILABLE (nothing of the address in it) otherwise. */
MUST err net_fetch(struct op *op, const struct net_fetch *f, str *ret_body);
/* Any answer; ERR_UNAVAILABLE when there was none. */
MUST err net_ask(struct op *op, const struct net_fetch *f, long *ret_status, str *ret_body);
/* Why an address that somebody gave us is none to send to: not https (nor http, where it is let
 * through), a user name in it, private and not in allow; NULL: nothing is wrong so far. A name is
 * asked again when it is connected to. */
const char *net_endpoint_wrong(struct op *op, str url, str allow, bool allow_http);

#endif
