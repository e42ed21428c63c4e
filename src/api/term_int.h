/* Between the files of the terminology operations. */
#ifndef WEFT_API_TERM_INT_H
#define WEFT_API_TERM_INT_H

#include "api/api_int.h"

/* Policy asked, then the operation's input: parameters of the address and of the body together. The
 * body is Parameters, or the one resource the operation is about (body_name: its parameter). */
MUST err term_request(struct call *c, const char *type, const char *body_name,
                      struct terms_request *ret);

#endif
