/* Any bytes as a document of recalls: it ends, within its ceilings, and what was read can be held
 * against a device. */
#include "fleet/recall_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct unit units[] = {
        {.maker = {"Elm Devices", 11}, .model = {"H2", 2}, .serial = {"A100", 4}},
        {.maker = {"Elm", 3},
         .name = {"Home hub", 8},
         .di = {"00850000000010", 14},
         .lot = {"L7", 2},
         .firmware = {"3.2.1", 5}}};
    struct arena *arena = arena_new(64u << 20);
    struct op op;
    struct recalls all;
    if (!arena)
        return 0;
    op_init(&op, arena, NULL, 0);
    err e = recalls_read(&op, str_make((const char *)data, size), &all);
    if (e == OK && all.n > RECALL_MAX)
        __builtin_trap();
    for (size_t i = 0; e == OK && i < all.n && i < 50; i++)
        for (size_t k = 0; k < 2; k++)
            if (recall_match(&op, &all.all[i], &units[k]) >= RECALL_HOWS)
                __builtin_trap();
    (void)udi_part(str_make((const char *)data, size), "01");
    (void)recall_codes(&op, str_make((const char *)data, size), &units[1]);
    arena_free(arena);
    return 0;
}
