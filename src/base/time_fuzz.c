/* Any bytes into the date reader; an instant it accepts must come back from its written form. */
#include "base/time.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct time_span s, again;
    if (!time_parse(str_make((const char *)data, n), &s))
        return 0;
    char out[24];
    time_format_to(out, s.lo);
    bool writable = s.lo >= -62135596800000 && s.lo <= 253402300799999;
    if (s.hi <= s.lo || !time_parse(str_make(out, sizeof out), &again) ||
        (writable && again.lo != s.lo))
        __builtin_trap();
    return 0;
}
