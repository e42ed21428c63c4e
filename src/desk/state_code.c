/* States and territories of the US as people write them in an address. Pure: "CO", "co" and
 * "Colorado" are one; what is none of them has no code. */
#include "desk/desk.h"

#include "desk_gen.h"

str desk_state_code(str said)
{
    static const struct {
        const char *code, *name;
    } states[] = {STATE_ROWS};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (str_eq_nocase(said, str_of(states[i].code)) ||
            str_eq_nocase(said, str_of(states[i].name)))
            return str_of(states[i].code);
    return STR_NONE;
}
