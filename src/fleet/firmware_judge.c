/* What the counts of a ring mean. Pure: no clock, no store. Invariant: the same counts are the same
 * answer, so a server that was killed decides as it would have. */
#include "fleet/firmware_int.h"

#include <math.h>
#include <sodium.h>

const struct firmware_ring FIRMWARE_RING[FIRMWARE_RINGS] = {FIRMWARE_RING_ROWS};

size_t ring_size(size_t n, double percent)
{
    double part = ceil((double)n * percent / 100 - 1e-9); /* 10 % of 30 is 3 */
    return part >= (double)n ? n : (size_t)part;
}

bool ring_failed(const struct firmware_ring *row, const struct ring_count *c)
{
    int64_t failed = c->failed - c->forgiven;
    return failed > 0 && (double)failed * 100 > row->limit * (double)c->asked;
}

bool ring_over(const struct firmware_ring *row, const struct tally *t, size_t ring, int64_t now)
{
    const struct ring_count *c = &t->rings[ring];
    if (!t->full || !c->opened || ring_failed(row, c))
        return false;
    if (!c->asked) /* nobody to learn from */
        return true;
    return now - c->opened >= row->soak * INT64_C(3600000) &&
           c->done * 100 >= c->asked * row->answered;
}

void ring_sign(struct ring_count *c, str name)
{
    size_t i = 0;
    while (i < c->n_signs && !str_eq(c->sign[i].name, name))
        i++;
    if (i == FIRMWARE_SIGNS)
        return;
    if (i == c->n_signs)
        c->sign[c->n_signs++].name = name;
    c->sign[i].n++;
}

uint64_t ring_place(str device)
{
    unsigned char hash[16];
    uint64_t place = 0;
    crypto_generichash(hash, sizeof hash, (const unsigned char *)device.p, device.n, NULL, 0);
    for (size_t i = 0; i < 8; i++)
        place = place << 8 | hash[i];
    return place;
}
