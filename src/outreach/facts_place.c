/* Where a patient may be: every plausible zone and jurisdiction, by address, by the country and
 * area code of the number, by the zone they stated, by that of their device; and which laws of
 * contact follow from there and from where the house is. Pure. Invariant: another source only ever
 * adds a place; what does not fit the list any more makes the place unknown, which is the
 * strictest. */
#include "outreach/outreach_int.h"

#include "area_codes_gen.h"

struct area {
    int code;
    const char *places[AREA_PLACES], *zones[AREA_ZONES];
};
static const struct area AREAS[] = {AREA_ROWS};
static const struct country {
    const char *code, *alpha3, *phone;
    unsigned laws;
    const char *zones;
} COUNTRIES[] = {COUNTRY_ROWS};
#define COUNTRY_COUNT (sizeof COUNTRIES / sizeof COUNTRIES[0])

/* "GB", "GBR", or "US-TX" and "CA-MB" of a place; NULL: it is not in the table. */
static const struct country *country_of(str code)
{
    str head = str_sub(code, 0, str_find_char(code, '-', 0));
    for (size_t i = 0; i < COUNTRY_COUNT; i++)
        if (str_eq(head, str_of(COUNTRIES[i].code)) || str_eq(head, str_of(COUNTRIES[i].alpha3)))
            return &COUNTRIES[i];
    return NULL;
}

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

static void add_zones(struct recipient *r, str zones)
{
    str one;
    while (str_take_until(&zones, ';', &one))
        r->lost |= !place_add(r->zones, &r->n_zones, ZONES_MAX, one);
}

static void add_place(struct recipient *r, str code)
{
    r->lost |= !place_add(r->places, &r->n_places, PLACES_MAX, code);
}

/* Where nothing says more: all zones of the country, of a state or of a province. */
static void add_zones_of(struct recipient *r, str code)
{
    const struct country *c = country_of(code);
    str zones = policy_zones(code);
    bool province = str_starts(code, STR("CA-"));
    for (size_t i = 0; province && i < sizeof AREAS / sizeof AREAS[0]; i++)
        for (size_t k = 0; k < AREA_PLACES && AREAS[i].places[k]; k++)
            for (size_t z = 0;
                 str_eq(code, str_of(AREAS[i].places[k])) && z < AREA_ZONES && AREAS[i].zones[z];
                 z++)
                add_zones(r, str_of(AREAS[i].zones[z]));
    if (!province)
        add_zones(r, str_empty(zones) && c ? str_of(c->zones) : zones);
}

/* A number of a country that is not in the table may be anywhere. */
static void place_abroad(struct recipient *r, str number)
{
    for (size_t i = 0; i < COUNTRY_COUNT; i++)
        if (str_starts(number, str_of(COUNTRIES[i].phone))) { /* E.164: no code begins another */
            add_place(r, str_of(COUNTRIES[i].code));
            add_zones_of(r, str_of(COUNTRIES[i].code));
            return;
        }
    r->elsewhere = true;
}

void place_by_number(struct recipient *r, str number)
{
    const struct area *a = area_of(number);
    if (str_starts(number, STR("+")) && !str_starts(number, STR("+1")))
        place_abroad(r, number);
    for (size_t i = 0; a && i < AREA_ZONES && a->zones[i]; i++)
        add_zones(r, str_of(a->zones[i]));
    for (size_t i = 0; a && i < AREA_PLACES && a->places[i]; i++)
        add_place(r, str_of(a->places[i]));
}

/* "US-TX" by state, "CA-MB" by province; other countries have one row each. An address that does
 * not say its zone may be in any of its state's, province's or country's. */
void place_by_address(struct op *op, struct recipient *r, str country, str state, str zone)
{
    const struct country *c = str_empty(country) ? &COUNTRIES[0] : country_of(country);
    str where = c ? str_of(c->code) : country;
    bool here = str_eq(where, STR("US"));
    if (!str_empty(zone))
        add_zones(r, zone);
    if (here && str_empty(state))
        return;
    str said = here ? desk_state_code(str_trim(state)) : STR_NONE;
    str code = here ? arena_cat(op->arena, STR("US-"), str_empty(said) ? state : said) : where;
    str province = str_trim(state);
    if (str_eq(where, STR("CA")) && province.n == 2)
        code = arena_cat(op->arena, STR("CA-"), province);
    add_place(r, code);
    if (str_empty(zone))
        add_zones_of(r, code);
}

/* What one place adds; false: nobody knows which laws hold there. */
static bool laws_of(str place, unsigned *ret)
{
    const struct country *c = country_of(place);
    *ret |= c ? c->laws : 0;
    return c != NULL;
}

void place_law_facts(const struct outreach *o, const struct recipient *r, struct facts *f)
{
    unsigned laws = 0;
    bool known = !r->lost && !r->elsewhere && (r->n_places || !str_empty(r->country));
    known &= laws_of(config_str(o->config, "house.country"), &laws);
    if (!str_empty(r->country))
        known &= laws_of(r->country, &laws);
    for (size_t i = 0; i < r->n_places; i++)
        known &= laws_of(r->places[i], &laws);
    if (known || laws & LAW_GDPR)
        facts_set_bool(f, FACT_GDPR_APPLIES, laws & LAW_GDPR);
    if (known || laws & LAW_CASL)
        facts_set_bool(f, FACT_CASL_APPLIES, laws & LAW_CASL);
}
