/* Which groups are not told. */
#include "campaign/few.h"

void few_hide(const uint64_t *people, size_t n, bool *hidden)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += hidden[i] ? people[i] : 0;
    while (sum > 0 && sum < FEW) {
        size_t least = SIZE_MAX;
        for (size_t i = 0; i < n; i++)
            if (!hidden[i] && people[i] > 0 && (least == SIZE_MAX || people[i] < people[least]))
                least = i;
        if (least == SIZE_MAX)
            return;
        hidden[least] = true;
        sum += people[least];
    }
}
