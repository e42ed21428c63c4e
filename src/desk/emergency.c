/* Whom to call in danger of life, where a patient lives. Pure. Invariant: a number is only said
 * where it is answered for sure; two countries with different numbers have none. */
#include "desk/hours.h"

#include "emergency_gen.h"

static const struct {
    const char *country, *alpha3, *number;
} ROWS[] = {EMERGENCY_ROWS};

static str number_of(str country)
{
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
        if (str_eq_nocase(country, str_of(ROWS[i].country)) ||
            str_eq_nocase(country, str_of(ROWS[i].alpha3)))
            return str_of(ROWS[i].number);
    return STR_NONE;
}

/* Where somebody lived once does not count. */
static bool is_old(const struct json *address)
{
    return str_eq(json_get_str(address, STR("use")), STR("old"));
}

str desk_emergency(const struct json *patient, str house)
{
    const struct json *one;
    str found = STR_NONE;
    bool any = false;
    for (size_t i = 0; (one = json_at(JSON_GET(patient, "address"), i)); i++) {
        str country = str_trim(json_get_str(one, STR("country")));
        if (is_old(one) || str_empty(country))
            continue;
        str number = number_of(country);
        if (any && !str_eq(found, number))
            return STR_NONE;
        found = number;
        any = true;
    }
    return any ? found : number_of(house);
}

struct said desk_emergency_say(struct op *op, str number)
{
    struct said s = {{number, number, number}};
    return number.n ? s : desk_say(op, SAY_EMERGENCY_LOCAL, NULL, 0);
}
