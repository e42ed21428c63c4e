/* What incidents and complaints read and keep: JSON as an input or output of a Task, by name, whole
 * or not at all, since half of it could not be read again; an instant as it was given. */
#include "desk/rights_int.h"

#include "base/time.h"

#define PART_MAX (512u << 10)

err desk_part(struct op *op, const struct json *task, const char *list, const char *name,
              struct json **ret)
{
    const struct json *all = json_get(task, str_of(list)), *one;
    *ret = NULL;
    for (size_t i = 0; (one = json_at(all, i)); i++)
        if (str_eq(json_get_str(JSON_GET(one, "type"), STR("text")), str_of(name)))
            return json_read(op, json_get_str(one, STR("valueString")), &JSON_LIMITS_DEFAULT, ret);
    return OK;
}

err desk_part_keep(struct op *op, struct json *task, const char *list, const char *name,
                   const struct json *v)
{
    struct buf b;
    buf_init(&b, op->arena, PART_MAX);
    json_write(&b, v);
    TRY(op_check(op));
    if (!buf_ok(&b))
        return fail(op, ERR_TOO_LARGE,
                    "That is more than one incident keeps (512 KB); name fewer patients in each.");
    right_add(op, task, list, str_of(name), STR("valueString"), buf_str(&b));
    return op_check(op);
}

err desk_instant(struct op *op, const struct json *in, const char *name, int64_t fallback,
                 int64_t *ret)
{
    struct time_span t;
    str text = json_get_str(in, str_of(name));
    *ret = fallback;
    if (!text.n)
        return OK;
    if (!time_parse(text, &t))
        return fail_at(op, ERR_INVALID, str_of(name), "%s is a date, or an instant with its zone.",
                       name);
    *ret = t.lo;
    return OK;
}
