/* Data points as anybody may send them: checked, and what is valid becomes an Observation that
 * intake can fill. */
#include "monitor/omh_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(16u << 20);
    struct op op;
    struct json *v, *o = NULL;
    op_init(&op, a, NULL, 1772000000000LL);
    if (json_read(&op, str_make((const char *)data, size), &JSON_LIMITS_DEFAULT, &v) == OK &&
        monitor_is_point(v) && monitor_point(&op, v, &o) == OK) {
        struct reading_set set;
        reading_set_of(o, &set);
        if (!JSON_GET(o, "identifier") || !JSON_GET(o, "code"))
            __builtin_trap();
    }
    arena_free(a);
    return 0;
}
