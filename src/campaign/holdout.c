/* Who is left without a campaign so that its effect can be seen, and the arithmetic of that effect.
 * Invariant: the draw depends on person, campaign and seed alone, so it is the same after restarts
 * and for people added later. */
#include "campaign/audience.h"
#include "campaign/journey_int.h"
#include "campaign/run.h"

#include <math.h>
#include <sodium.h>

#define Z95 1.959963984540054

bool campaign_held_out(uint64_t patient, str campaign, str seed, unsigned percent)
{
    uint8_t key[crypto_shorthash_KEYBYTES] = {0}, out[crypto_shorthash_BYTES], text[200];
    uint64_t h;
    size_t n = campaign.n < 150 ? campaign.n : 150;
    memcpy(key, seed.p, seed.n < sizeof key ? seed.n : sizeof key);
    memcpy(text, &patient, sizeof patient);
    memcpy(text + sizeof patient, campaign.p, n);
    crypto_shorthash(out, text, sizeof patient + n, key);
    memcpy(&h, out, sizeof h);
    return h % 10000 < percent * 100ULL;
}

void holdout_wilson(uint64_t hit, uint64_t of, double *ret_low, double *ret_high)
{
    *ret_low = 0;
    *ret_high = 1;
    if (of == 0)
        return;
    double n = (double)of, p = (double)hit / n, z2 = Z95 * Z95;
    double mid = (p + z2 / (2 * n)) / (1 + z2 / n);
    double half = Z95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);
    *ret_low = hit == 0 ? 0 : mid - half;
    *ret_high = hit == of ? 1 : mid + half;
}

void holdout_uplift(uint64_t hit, uint64_t of, uint64_t control_hit, uint64_t control_of,
                    struct holdout_uplift *ret)
{
    double l1, u1, l2, u2;
    double p1 = of ? (double)hit / (double)of : 0;
    double p2 = control_of ? (double)control_hit / (double)control_of : 0, d = p1 - p2;
    holdout_wilson(hit, of, &l1, &u1);
    holdout_wilson(control_hit, control_of, &l2, &u2);
    *ret = (struct holdout_uplift){.rate = p1,
                                   .control = p2,
                                   .difference = d,
                                   .low = d - sqrt((p1 - l1) * (p1 - l1) + (u2 - p2) * (u2 - p2)),
                                   .high = d + sqrt((u1 - p1) * (u1 - p1) + (p2 - l2) * (p2 - l2))};
}

/* The least and the greatest that a figure may stand for. */
struct tens {
    uint64_t least, most;
};
static struct tens tens_of(uint64_t hit, uint64_t of)
{
    uint64_t figure = audience_figure_of(hit, of);
    struct tens t = {figure, figure ? figure + 9 : AUDIENCE_FEW - 1};
    if (figure == audience_figure_of(of, of)) /* the last: of all that there are, too */
        t.most = of;
    return t;
}

void holdout_uplift_tens(uint64_t hit, uint64_t of, uint64_t control_hit, uint64_t control_of,
                         struct holdout_interval *ret)
{
    struct tens a = tens_of(hit, of), b = tens_of(control_hit, control_of);
    struct holdout_uplift least, most;
    holdout_uplift(a.least, of, b.most, control_of, &least);
    holdout_uplift(a.most, of, b.least, control_of, &most);
    *ret = (struct holdout_interval){least.low, most.high};
}
