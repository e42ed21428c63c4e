/* Any JSON as a facts file, then every trigger asked with it: nothing crashes, and what is not
 * known never allows more than what is. */
#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(16u << 20);
    struct op op;
    struct json *tree = NULL;
    struct facts *facts = NULL;
    if (!arena)
        return 0;
    op_init(&op, arena, NULL, 0);
    struct json_limits limits = {.bytes = 1u << 16, .depth = 8, .nodes = 4096};
    if (json_read(&op, str_make((const char *)data, size), &limits, &tree) == OK) {
        struct rulebook *book = NULL;
        struct verdict v;
        bool good = facts_from_json(&op, tree, &facts) == OK;
        op_clear(&op);
        if (rulebook_new(&op, tree, &book) != OK)
            op_clear(&op);
        for (size_t t = 0; good && t < TRIGGER_COUNT; t++)
            if (policy_decide(&op, book, TRIGGER_BIT(t), facts, &v) == OK)
                (void)verdict_to_json(&op, &v);
        if (good)
            (void)facts_to_json(&op, facts);
    }
    arena_free(arena);
    return 0;
}
