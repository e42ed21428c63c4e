/* Any bytes as scopes: what is taken is bounded, within itself, and never lets more through than
 * the role alone. */
#include "policy/scope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scopes all = {.patient = 7};
    if (!scopes_parse(str_make((const char *)data, size), &all))
        return 0;
    struct actor who = {.role = ROLE_NURSE, .purpose = PURPOSE_TREAT};
    for (size_t i = 0; i < all.n; i++) {
        const struct scope *s = &all.at[i];
        if (!scope_within(s, s) || !s->letters || s->letters > 31 || s->type < 0 ||
            s->type > POLICY_TYPE_COUNT || (s->query.n && !s->type))
            __builtin_trap();
    }
    for (int type = 0; type <= POLICY_TYPE_COUNT; type += 7)
        for (int action = 0; action < ACTION_COUNT; action++) {
            struct access_request q = {
                .type = type, .action = (enum action)action, .patient = size & 1 ? 7 : 3};
            struct access_verdict alone, with;
            who.scopes = NULL;
            policy_access(&who, &q, &alone);
            who.scopes = &all;
            policy_access(&who, &q, &with);
            if (with.allowed && !alone.allowed)
                __builtin_trap();
        }
    return 0;
}
