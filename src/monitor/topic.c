/* Who speaks, by the topic of a message: weft/v1/{device}/observation (the broker's access list
 * lets a device publish under its own name only). */
#include "monitor/monitor_int.h"

bool intake_topic(str topic, str *ret_device)
{
    static const char before[] = "weft/v1/", after[] = "/observation";
    size_t ends = sizeof before - 1 + sizeof after - 1;
    if (topic.n <= ends || !str_starts(topic, STR("weft/v1/")) ||
        !str_ends(topic, STR("/observation")))
        return false;
    str device = str_sub(topic, sizeof before - 1, topic.n - (sizeof after - 1));
    for (size_t i = 0; i < device.n; i++) {
        char c = device.p[i];
        if (c == '/' || c == '+' || c == '#' || (unsigned char)c < ' ')
            return false;
    }
    *ret_device = device;
    return true;
}
