/* Bodies of webhooks as anybody may send them. */
#include "api/api_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(16u << 20);
    struct form f;
    struct op op;
    if (!a)
        return 0;
    op_init(&op, a, NULL, 0);
    err e = form_read(&op, str_make((const char *)data, size), &f);
    size_t all = 0;
    for (size_t i = 0; e == OK && i < f.n; i++)
        all += f.names[i].n + f.values[i].n;
    if (e == OK ? all > size || form_field(&f, f.n ? f.names[0] : STR_NONE).n > size
                : op.fault.n == 0)
        __builtin_trap();
    arena_free(a);
    return 0;
}
