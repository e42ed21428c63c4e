/* The choice of a way: what they prefer, unless it came back lately; else the fastest or the
 * cheapest. Invariant: a way that is not in `may` is never chosen. */
#include "outreach/choose.h"

#include "ways_gen.h"

typedef const char *const in_languages[3];
static in_languages ways[] = {WAY_ROWS}, reasons[] = {WAY_BY_ROWS};
static const char *const names[WAY_COUNT + 1] = {WAY_NAMES};
_Static_assert(sizeof ways / sizeof *ways == WAY_COUNT + 1, "a row a way, and one for the call");
_Static_assert(sizeof reasons / sizeof *reasons == WAY_BYS, "a row a reason");

static enum way first_of(unsigned mask, bool urgent)
{
    static const enum way fast[] = {WAY_SMS, WAY_PUSH, WAY_EMAIL, WAY_LETTER},
                          cheap[] = {WAY_PUSH, WAY_EMAIL, WAY_SMS, WAY_LETTER};
    const enum way *order = urgent ? fast : cheap;
    for (size_t i = 0; i < WAY_COUNT; i++)
        if (mask & (1u << order[i]))
            return order[i];
    return WAY_COUNT;
}

enum way way_choose(const struct way_ask *q, enum way_by *ret_by)
{
    unsigned may = q->urgent ? q->may & ~(1u << WAY_LETTER) : q->may, fresh = may & ~q->used;
    if (fresh == 0 && !q->another)
        fresh = may;
    unsigned good = fresh & ~q->failing ? fresh & ~q->failing : fresh;
    unsigned want = q->prefers < WAY_COUNT ? 1u << q->prefers : 0;
    enum way k = first_of(good, q->urgent);
    if (fresh == 0)
        *ret_by = q->another && may ? WAY_BY_OTHER : WAY_BY_NONE;
    else if (good & want)
        *ret_by = q->for_purpose ? WAY_BY_PURPOSE : WAY_BY_PREFERENCE;
    else if ((fresh & (fresh - 1)) == 0)
        *ret_by = fresh == may ? WAY_BY_ONLY_ONE : WAY_BY_OTHER;
    else if (fresh & want || k != first_of(fresh, q->urgent))
        *ret_by = WAY_BY_DELIVERY;
    else
        *ret_by = q->urgent ? WAY_BY_URGENCY : WAY_BY_COST;
    return good & want ? (enum way)q->prefers : k;
}

str way_name(enum way k)
{
    return str_of(names[k <= WAY_COUNT ? k : WAY_COUNT]);
}

bool way_parse(str name, enum way *ret)
{
    for (unsigned k = 0; k < WAY_COUNT; k++)
        if (str_eq(name, str_of(names[k]))) {
            *ret = (enum way)k;
            return true;
        }
    return false;
}

str way_word(enum way k, unsigned language)
{
    return str_of(ways[k <= WAY_COUNT ? k : WAY_COUNT][language < 3 ? language : 0]);
}

str way_reason(enum way_by by, unsigned language)
{
    return str_of(reasons[by < WAY_BYS ? by : WAY_BY_NONE][language < 3 ? language : 0]);
}
