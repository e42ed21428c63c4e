/* Keys files and what is sealed in them, as somebody may have altered them: nothing may crash, and
 * a ring that was read is written as the bytes it came from. */
#include "store/store_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(0);
    struct keyfile f;
    struct ring *r = NULL;
    struct op op;
    uint8_t key[32];
    str in = str_make((const char *)data, size), out = STR_NONE;
    if (!a)
        return 0;
    op_init(&op, a, NULL, 0);
    if (keyfile_read(in, &f) && f.head.n + f.sealed.n != size)
        __builtin_trap();
    if (ring_unpack(&op, in, &r) == OK) {
        (void)ring_key(r, 1, 12345, key);
        if (ring_erase(&op, r, 12345, 1) == OK && ring_key(r, 1, 12345, key))
            __builtin_trap();
        err e = ring_pack(&op, r, &out);
        (void)e;
    }
    ring_free(r);
    arena_free(a);
    return 0;
}
