/* Sign-in through an outside OpenID provider: between oauth_*.c files of the api room. */
#ifndef WEFT_OAUTH_OUTSIDE_INT_H
#define WEFT_OAUTH_OUTSIDE_INT_H

#include "api/api_int.h"

/* Lets identity reach the network, under guard. */
void outside_start(struct api *api);
/* Empty: none is configured. */
str outside_issuer(const struct api *api);

#endif
