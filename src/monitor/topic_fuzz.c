/* Topics as a broker may hand them over. */
#include "monitor/monitor_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str topic = str_make((const char *)data, size), device = STR_NONE;
    bool ok = intake_topic(topic, &device);
    if (ok && (device.n == 0 || device.n + 20 != size || str_find_char(device, '/', 0) != SIZE_MAX))
        __builtin_trap();
    return 0;
}
