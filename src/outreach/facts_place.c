/* Where a patient may be: every plausible zone and jurisdiction, by address, by the area code of
 * the number, by the zone they stated, by that of their device. Pure. Invariant: another source
 * only ever adds a place; what does not fit the list any more makes the place unknown, which is the
 * strictest. */
#include "outreach/outreach_int.h"

#include "area_codes_gen.h"

struct area {
    int code;
    const char *places[AREA_PLACES], *zones[AREA_ZONES];
};
static const struct area AREAS[] = {AREA_ROWS};

bool place_add(str *list, size_t *n, size_t max, str what)
{
    for (size_t i = 0; i < *n; i++)
        if (str_eq(list[i], what))
            return true;
    if (*n == max)
        return false;
    list[(*n)++] = what;
    return true;
}

static const struct area *area_of(str number)
{
    int code = 0;
    if (number.n != 12 || !str_starts(number, STR("+1")))
        return NULL;
    for (size_t i = 2; i < 5; i++)
        code = code * 10 + (number.p[i] - '0');
    for (size_t i = 0; i < sizeof AREAS / sizeof AREAS[0]; i++)
        if (AREAS[i].code == code)
            return &AREAS[i];
    return NULL;
}

void place_by_number(struct recipient *r, str number)
{
    const struct area *a = area_of(number);
    for (size_t i = 0; a && i < AREA_ZONES && a->zones[i]; i++)
        r->lost |= !place_add(r->zones, &r->n_zones, ZONES_MAX, str_of(a->zones[i]));
    for (size_t i = 0; a && i < AREA_PLACES && a->places[i]; i++)
        r->lost |= !place_add(r->places, &r->n_places, PLACES_MAX, str_of(a->places[i]));
}

static void add_zones(struct recipient *r, str zones)
{
    str one;
    while (str_take_until(&zones, ';', &one))
        r->lost |= !place_add(r->zones, &r->n_zones, ZONES_MAX, one);
}

/* "US-TX" by state; other countries have one row each. An address that does not say its zone may be
 * in any of its state's. */
void place_by_address(struct op *op, struct recipient *r, str country, str state, str zone)
{
    bool by_state = str_empty(country) || str_eq(country, STR("US")) || str_eq(country, STR("USA"));
    if (!str_empty(zone))
        add_zones(r, zone);
    if (by_state && str_empty(state))
        return;
    str said = desk_state_code(str_trim(state));
    str code = by_state ? arena_cat(op->arena, STR("US-"), str_empty(said) ? state : said)
               : str_eq(country, STR("CAN")) ? STR("CA")
                                             : country;
    r->lost |= !place_add(r->places, &r->n_places, PLACES_MAX, code);
    if (str_empty(zone))
        add_zones(r, policy_zones(code));
}
