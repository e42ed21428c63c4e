/* GET /.well-known/smart-configuration. SMART App Launch requires token_endpoint,
 * grant_types_supported, capabilities and code_challenge_methods_supported in it
 * (https://hl7.org/fhir/smart-app-launch/conformance.html#metadata); this server has no OAuth
 * endpoint yet, so no document could be true. See docs/adr/0007-no-smart-yet.md. */
#include "api/api_int.h"

err api_smart(struct call *c)
{
    return fail(
        &c->op, ERR_NOT_FOUND,
        "SMART App Launch comes with a later version: this server has no OAuth endpoints. It "
        "takes bearer tokens from POST /auth/sign-in or weft token; see /fhir/metadata.");
}
