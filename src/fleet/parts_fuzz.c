/* Any bytes as a bill of materials and as vulnerabilities: it ends, within its ceilings, and what
 * was read can be matched. */
#include "fleet/parts_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(64u << 20);
    struct op op;
    struct parts p = {.n = 0};
    struct vulns v = {.n = 0};
    str in = str_make((const char *)data, size), fixed;
    if (!arena)
        return 0;
    op_init(&op, arena, NULL, 0);
    /* Up to the first zero byte: parts; behind it: vulnerabilities. Without one it is both. */
    size_t zero = str_find_char(in, 0, 0);
    err parts = parts_read(&op, zero == SIZE_MAX ? in : str_sub(in, 0, zero), &p);
    op_clear(&op);
    err vulns = vulns_read(&op, zero == SIZE_MAX ? in : str_sub(in, zero + 1, in.n), &v);
    if ((parts == OK && p.n > PARTS_MAX) || (vulns == OK && v.n > VULN_MAX))
        __builtin_trap();
    for (size_t i = 0; parts == OK && vulns == OK && i < p.n && i < 50; i++)
        for (size_t k = 0; k < v.n && k < 50; k++)
            (void)vuln_hits(&v.all[k], &p.all[i], &fixed);
    for (size_t i = 0; parts == OK && i + 1 < p.n && i < 50; i++)
        if (version_order(p.all[i].version, p.all[i + 1].version) !=
            -version_order(p.all[i + 1].version, p.all[i].version))
            __builtin_trap();
    arena_free(arena);
    return 0;
}
