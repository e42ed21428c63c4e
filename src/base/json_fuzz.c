/* Any bytes into the JSON reader; whatever it accepts must survive being written and read again. */
#include "base/json.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(64u << 20);
    if (!a)
        return 0;
    struct op op;
    op_init(&op, a, NULL, 0);
    struct json *v, *again;
    struct json_limits limits = {.bytes = 1u << 20, .depth = 64, .nodes = 100000};
    if (json_read(&op, str_make((const char *)data, n), &limits, &v) == OK) {
        struct buf b;
        buf_init(&b, a, 16u << 20);
        json_write(&b, v);
        limits.bytes = b.max;
        if (!buf_ok(&b) || json_read(&op, buf_str(&b), &limits, &again) != OK ||
            !json_equal(v, again) || !json_equal(v, json_dup(a, again)))
            __builtin_trap();
    } else if (op.fault.code == OK || op.fault.n != 1) {
        __builtin_trap();
    }
    arena_free(a);
    return 0;
}
