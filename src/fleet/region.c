/* The region that an address is of, for outages (spec/fleet/regions.csv): pure. Invariants: two
 * spellings of one place (case, accents, spaces, "US-IL" and "IL") are one region; an address that
 * says too little has none. */
#include "fleet/storm_int.h"

#define REGION_MAX 40u /* bytes of a state's name that are looked at */

static const struct {
    const char *country, *alpha3, *by;
} ROWS[] = {FLEET_REGION_ROWS};

/* Folded, in capitals, as people write codes. */
static str plain(struct op *op, str text)
{
    str folded = fhir_fold(op->arena, str_utf8_cut(str_trim(text), REGION_MAX));
    char *out = arena_alloc(op->arena, folded.n + 1);
    for (size_t i = 0; out && i < folded.n; i++)
        out[i] = (char)(folded.p[i] >= 'a' && folded.p[i] <= 'z' ? folded.p[i] - 32 : folded.p[i]);
    return out ? str_make(out, folded.n) : STR_NONE;
}

static bool is_letter(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* At most n letters and digits; of a code that has fewer, nothing. */
static str prefix(struct op *op, str code, size_t n)
{
    char *out = arena_alloc(op->arena, n + 1);
    size_t k = 0;
    for (size_t i = 0; out && i < code.n && k < n; i++)
        if (is_letter(code.p[i]) || (code.p[i] >= '0' && code.p[i] <= '9'))
            out[k++] = code.p[i];
    return out && k == n ? str_make(out, n) : STR_NONE;
}

static str letters(str code)
{
    size_t n = 0;
    while (n < code.n && is_letter(code.p[n]))
        n++;
    return str_sub(code, 0, n);
}

static str state_of(struct op *op, const struct json *address, str country)
{
    str state = plain(op, json_get_str(address, STR("state")));
    bool whole = str_starts(state, country) && state.n > country.n && state.p[country.n] == '-';
    return whole ? str_sub(state, country.n + 1, state.n) : state;
}

/* Where somebody is at home now: not where they were, nor where only a bill or a letter goes. */
static bool is_home(const struct json *address, int64_t now)
{
    str use = json_get_str(address, STR("use"));
    struct time_span end;
    bool over = time_parse(json_str(json_path(address, "period.end")), &end) && end.hi <= now;
    return !over && !str_eq(use, STR("old")) && !str_eq(use, STR("billing")) &&
           !str_eq(json_get_str(address, STR("type")), STR("postal"));
}

static str region(struct op *op, const struct json *address, str house)
{
    str country = plain(op, json_get_str(address, STR("country")));
    str post = plain(op, json_get_str(address, STR("postalCode"))), found = STR_NONE;
    size_t i = 0;
    country = country.n ? country : plain(op, house);
    for (; i + 1 < sizeof ROWS / sizeof *ROWS; i++)
        if (str_eq(country, str_of(ROWS[i].country)) || str_eq(country, str_of(ROWS[i].alpha3)))
            break;
    if (ROWS[i].alpha3[0])
        country = str_of(ROWS[i].country);
    for (const char *by = ROWS[i].by; *by && !found.n; by += 2) {
        if (*by == 'C')
            return country;
        found = *by == 'S'   ? state_of(op, address, country)
                : *by == 'P' ? prefix(op, post, (size_t)(by[1] - '0'))
                             : letters(post);
    }
    if (!found.n)
        return STR_NONE;
    return arena_printf(op->arena, "%.*s%s%.*s", STR_ARG(country), country.n ? "-" : "",
                        STR_ARG(found));
}

str storm_region(struct op *op, const struct json *patient, str house)
{
    const struct json *one;
    str found = STR_NONE;
    for (size_t i = 0; !found.n && (one = json_at(JSON_GET(patient, "address"), i)); i++)
        if (is_home(one, op->now))
            found = region(op, one, house);
    return found;
}
