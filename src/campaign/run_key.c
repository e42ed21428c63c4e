/* Keys that messages of a plan go to outreach under: "j/<enrolment>/<step>/<try>/<second>".
 * Invariant: what comes before the step is the same in all messages of an enrolment, and the step
 * and the try can be told from each, however long names are: what waits can be taken back, and what
 * came back can be said again. */
#include "campaign/run_int.h"

#define KEY_MAX 100   /* outreach takes no longer ones */
#define PREFIX_MAX 64 /* leaves room for a sum, a try and a second */

static str sum_of(struct op *op, str name)
{
    return arena_printf(op->arena, "~%016llx", (unsigned long long)str_hash(name));
}

str message_prefix(struct op *op, const struct enrolment *e)
{
    str key = enrolment_key(op, e);
    if (key.n + sizeof MESSAGE_KEY > PREFIX_MAX)
        key = sum_of(op, key);
    return arena_printf(op->arena, MESSAGE_KEY "%.*s/", STR_ARG(key));
}

str message_key(struct op *op, const struct enrolment *e, str step, str rest)
{
    str prefix = message_prefix(op, e),
        what = arena_printf(op->arena, "%.*s/%.*s", STR_ARG(step), STR_ARG(rest));
    if (prefix.n + what.n > KEY_MAX) {
        str sum = sum_of(op, step);
        what = arena_printf(op->arena, "%.*s/%.*s", STR_ARG(sum), STR_ARG(rest));
    }
    if (prefix.n + what.n > KEY_MAX)
        what = sum_of(op, what);
    return arena_cat(op->arena, prefix, what);
}

bool message_names(struct op *op, str part, str step)
{
    return str_eq(part, step) || str_eq(part, sum_of(op, step));
}

/* The next part of a key, up to the next stroke. */
static str part_of(str *io)
{
    str part = STR_NONE;
    return str_take_until(io, '/', &part) ? part : STR_NONE;
}

bool message_parse(struct op *op, str key, struct enrolments in, struct message_name *ret)
{
    struct message_name m = {0};
    if (!str_starts(key, STR(MESSAGE_KEY)))
        return false;
    str rest = str_sub(key, sizeof MESSAGE_KEY - 1, key.n), plain = rest;
    if (str_starts(rest, STR("~"))) {
        for (size_t i = 0; i < in.n && str_empty(m.of.plan); i++)
            if (str_starts(key, message_prefix(op, &in.all[i])))
                m.of = in.all[i];
        (void)part_of(&rest);
    } else if (enrolment_parse(plain, &m.of))
        for (int i = 0; i < 3; i++)
            (void)part_of(&rest);
    m.step = part_of(&rest);
    m.attempt = part_of(&rest);
    *ret = m;
    return !str_empty(m.of.plan);
}
