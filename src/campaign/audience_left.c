/* Why somebody is left out: pure, over their row. Where several reasons hold, the one that lasts
 * longest is told. Invariant: who is left in can be reached by a channel that they allow for the
 * purpose, or by a letter or a call of a person. */
#include "campaign/audience_int.h"

#include "audience_gen.h"

const struct chip_row CHIPS[] = {CHIP_ROWS};
const size_t CHIP_COUNT = sizeof CHIPS / sizeof CHIPS[0];
const struct left_row LEFTS[LEFT_COUNT] = {LEFT_ROWS};

#define ADULT_YEARS 18

static unsigned reach_of(const struct person *p, uint8_t permit)
{
    unsigned digital = 1u << PERSON_SMS | 1u << PERSON_EMAIL;
    bool refused = false;
    unsigned lost = p->flags & PERSON_HELPER_LOST ? 1u << LEFT_HELPER : 0;
    if (!p->channels)
        return lost ? lost : 1u << LEFT_NO_CHANNEL;
    if (!(p->channels & digital))
        return 0; /* a letter, or a call */
    for (int k = PERSON_SMS; k <= PERSON_EMAIL; k++) {
        if (p->channels >> k & 1 && p->permit[k] & permit)
            return 0;
        refused |= (p->channels >> k & 1) && p->permit[k] & PERMIT_REFUSED;
    }
    return lost ? lost : 1u << (refused ? LEFT_OPTED_OUT : LEFT_NO_CONSENT);
}

static bool lately(const struct person *p, int64_t now, int64_t days)
{
    int64_t today = now / 86400000, last = p->contacted / 1440;
    return days > 0 && p->contacted && last > today - days;
}

static bool drawn(uint64_t rid, const struct left_ask *ask)
{
    uint64_t h = (rid ^ ask->seed) * UINT64_C(0x9E3779B97F4A7C15);
    h = (h ^ h >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
    return (int64_t)((h ^ h >> 32) % 100) < ask->hold_out;
}

enum audience_left people_left_out(const struct person *p, const struct left_ask *ask)
{
    int32_t age = person_age(p, ask->now);
    unsigned reasons = reach_of(p, ask->permit);
    enum audience_left best = LEFT_IN;
    if (p->flags & PERSON_DECEASED)
        reasons |= 1u << LEFT_DECEASED;
    if (p->flags & (PERSON_CONFIDENTIAL | PERSON_REASSIGNED))
        reasons |= 1u << LEFT_RESTRICTION;
    if (age >= 0 && age < ADULT_YEARS && !(p->flags & PERSON_PROXY))
        reasons |= 1u << LEFT_MINOR;
    if (lately(p, ask->now, ask->lately))
        reasons |= 1u << LEFT_LATELY;
    if (ask->done)
        reasons |= 1u << LEFT_DONE;
    if (drawn(p->rid, ask))
        reasons |= 1u << LEFT_HOLD_OUT;
    for (int i = 0; i < LEFT_COUNT; i++)
        if (reasons >> i & 1 && (best == LEFT_IN || LEFTS[i].first < LEFTS[best].first))
            best = (enum audience_left)i;
    return best;
}

bool audience_left_parse(str code, enum audience_left *ret)
{
    int i = 0;
    while (i < LEFT_COUNT && !str_eq(code, str_of(LEFTS[i].code)))
        i++;
    if (i == LEFT_COUNT && !str_eq(code, STR("in")))
        return false;
    *ret = (enum audience_left)i;
    return true;
}
