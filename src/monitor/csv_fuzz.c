/* Lines of a clinic's table: refused with a reason, or an Observation that the rules can read. */
#include "monitor/monitor_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(4u << 20);
    struct op op;
    struct json *o = NULL;
    op_init(&op, a, NULL, 1772000000000LL);
    if (monitor_csv_line(&op, str_make((const char *)data, size), &o) == OK) {
        struct reading_set set;
        reading_set_of(o, &set);
        if (set.n + set.implausible != 1 || set.unit_unknown)
            __builtin_trap();
    }
    arena_free(a);
    return 0;
}
