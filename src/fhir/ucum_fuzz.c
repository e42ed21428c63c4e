/* Any bytes as a UCUM unit: a verdict; what is a unit has a canonical text that is one too and
 * compares with it, and converts to it and back. */
#include "fhir/ucum.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(1u << 20);
    str text = str_make((const char *)data, n);
    struct ucum_unit u, base;
    struct ucum_num one = {.m = 1}, v = one, back;
    must(a != NULL);
    if (ucum_parse(text, &u) == NULL) {
        str code = ucum_base_code(a, &u);
        must(ucum_parse(code, &base) == NULL && ucum_comparable(&u, &base));
        must(ucum_display(a, text).n > 0);
        bool ok = ucum_convert(one, &u, &base, &v); /* 1 YB is no number */
        must(u.special || (ok && ucum_convert(v, &base, &u, &back) &&
                           ucum_num_cmp(ucum_num_round(back, 30), one) == 0));
        (void)ucum_num_text(a, v, 28);
    }
    (void)ucum_num_parse(text, &v);
    arena_free(a);
    return 0;
}
