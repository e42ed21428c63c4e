/* When silence is an outage of what devices share (FLEET-STORM), and when it is over: pure.
 * Silences that lie close together are counted; those of long ago are not. */
#include "fleet/storm_int.h"

const struct storm_row FLEET_STORM = FLEET_STORM_ROW;
const struct storm_by_row FLEET_STORM_BY[STORM_BYS] = {FLEET_STORM_BY_ROWS};

static bool is_near(int64_t a, int64_t b)
{
    int64_t apart = a > b ? a - b : b - a;
    return apart <= (int64_t)FLEET_STORM.minutes * 60000;
}

size_t storm_near(const struct storm *s, int64_t at)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_out; i++)
        n += is_near(s->out[i].at, at);
    return n;
}

bool storm_is(const struct storm *s, size_t n)
{
    return n >= FLEET_STORM.devices || (n >= FLEET_STORM.least && s->of > 0 &&
                                        100 * (double)n >= FLEET_STORM.percent * (double)s->of);
}

int64_t storm_left(const struct storm *s)
{
    return s->joined + (int64_t)s->n_out;
}

bool storm_over(const struct storm *s)
{
    int64_t few = s->most / 10, least = (int64_t)FLEET_STORM.least - 1;
    return storm_left(s) <= (few < least ? few : least);
}

bool storm_remove(struct storm *s, str device)
{
    for (size_t i = 0; i < s->n_out; i++)
        if (str_eq(s->out[i].device, device)) {
            memmove(s->out + i, s->out + i + 1, (--s->n_out - i) * sizeof *s->out);
            return true;
        }
    return false;
}

void storm_add(struct storm *s, str device, int64_t at)
{
    (void)storm_remove(s, device);
    if (s->n_out == STORM_OUT)
        memmove(s->out, s->out + 1, --s->n_out * sizeof *s->out);
    s->out[s->n_out].device = device;
    s->out[s->n_out++].at = at;
}

void storm_keep_near(struct storm *s, int64_t at)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_out; i++)
        if (is_near(s->out[i].at, at))
            s->out[n++] = s->out[i];
    s->n_out = n;
}
