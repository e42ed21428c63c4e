/* A small application/x-www-form-urlencoded body, as webhooks send it: names and values in order,
 * as the signature needs them. Invariant: every field is told, or none. */
#include "api/api_int.h"

err form_read(struct op *op, str body, struct form *ret)
{
    str pair;
    ret->n = 0;
    while (str_take_until(&body, '&', &pair)) {
        size_t eq = str_find_char(pair, '=', 0);
        if (ret->n == FORM_FIELDS_MAX)
            return fail(op, ERR_TOO_LARGE, "The form has too many fields.");
        ret->names[ret->n] = url_decode(op->arena, str_sub(pair, 0, eq));
        ret->values[ret->n++] =
            eq == SIZE_MAX ? STR_NONE : url_decode(op->arena, str_sub(pair, eq + 1, SIZE_MAX));
    }
    return op_check(op);
}

str form_field(const struct form *f, str name)
{
    for (size_t i = 0; i < f->n; i++)
        if (str_eq(f->names[i], name))
            return f->values[i];
    return STR_NONE;
}
