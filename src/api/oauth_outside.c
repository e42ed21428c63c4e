#include "api/oauth_outside_int.h"
str outside_issuer(const struct api *api)
{
    (void)api;
    return STR_NONE;
}
