/* Which rows of spec/rules/redact.csv are about a reader and a type, and what they take. It does
 * not look into resources. Invariant: a role or purpose that is none of ours is in no row, and in
 * no row of the access table either: it sees nothing to be redacted. */
#include "policy/redact.h"

const struct redact_set *redact_find(const struct actor *actor, int type)
{
    if (!actor || (unsigned)actor->role >= ROLE_COUNT || (unsigned)actor->purpose >= PURPOSE_COUNT)
        return NULL;
    if (type < 0 || type > POLICY_TYPE_COUNT)
        return NULL;
    unsigned set = redact_cells[actor->role][actor->purpose][type];
    return set ? &redact_sets[set] : NULL;
}

const struct redact_row *redact_row(size_t i)
{
    return i < redact_n_rows ? &redact_row_list[i] : NULL;
}

/* "value[x]" is "value" and then a type. */
static bool is_choice(str name, str member)
{
    const str mark = STR("[x]");
    if (!str_ends(name, mark))
        return false;
    str stem = str_sub(name, 0, name.n - mark.n);
    if (!str_starts(member, stem) || member.n == stem.n)
        return false;
    char next = member.p[stem.n];
    return next >= 'A' && next <= 'Z';
}

bool redact_names(const struct redact_row *row, str member)
{
    if (str_starts(member, STR("_")))
        member = str_sub(member, 1, member.n);
    for (size_t i = 0; row->elements[i]; i++)
        if (str_eq(str_of(row->elements[i]), member) || is_choice(str_of(row->elements[i]), member))
            return true;
    return false;
}

bool redact_inside(const struct redact_row *row, str member, str name)
{
    if (str_starts(name, STR("_")))
        name = str_sub(name, 1, name.n);
    for (size_t i = 0; row->elements[i]; i++) {
        str element = str_of(row->elements[i]);
        size_t dot = str_find_char(element, '.', 0);
        if (dot != SIZE_MAX && str_eq(str_sub(element, 0, dot), member) &&
            (!name.n || str_eq(str_sub(element, dot + 1, element.n), name)))
            return true;
    }
    return false;
}

bool redact_takes(const struct redact_row *row, label_set labels, bool shared)
{
    if (row->labels)
        return (row->labels & labels) != 0;
    return !(row->unless && shared);
}
