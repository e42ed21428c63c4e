/* Codes of roles, purposes, actions, decisions, triggers and resource types, and back. Tables only.
 * Invariant: a parser accepts exactly what its name function gives, and never the "none" row. */
#include "policy/policy_int.h"

static const char *const role_names[] = {"none",  "nurse",   "agent",  "outreach", "privacy",
                                         "admin", "patient", "helper", "device",   "system"};
static const char *const purpose_names[] = {"",        "TREAT",  "ETREAT", "BTG",     "HPAYMT",
                                            "HOPERAT", "PATRQT", "FAMRQT", "PUBHLTH", "SYSADMIN"};
static const char *const action_names[] = {"read",   "search", "history", "create", "update",
                                           "delete", "export", "import",  "audit",  "manage"};
static const char *const decision_names[] = {"allow", "hold_until", "require", "deny"};

_Static_assert(sizeof role_names / sizeof *role_names == ROLE_COUNT, "one name a role");
_Static_assert(sizeof purpose_names / sizeof *purpose_names == PURPOSE_COUNT, "one a purpose");
_Static_assert(sizeof action_names / sizeof *action_names == ACTION_COUNT, "one name an action");
_Static_assert(sizeof decision_names / sizeof *decision_names == DECISION_COUNT, "one a decision");

static str name_of(const char *const *names, size_t n, size_t i)
{
    return i < n ? str_of(names[i]) : STR("");
}

/* Index from first on, or SIZE_MAX. */
static size_t find(const char *const *names, size_t first, size_t n, str s)
{
    for (size_t i = first; i < n; i++)
        if (str_eq(str_of(names[i]), s))
            return i;
    return SIZE_MAX;
}

/* The same in a sorted list. */
static size_t find_sorted(const char *const *names, size_t n, str s)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int order = str_cmp(s, str_of(names[mid]));
        if (order == 0)
            return mid;
        if (order < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return SIZE_MAX;
}

str role_name(enum role role)
{
    return (unsigned)role < ROLE_COUNT ? str_of(role_names[role]) : STR("none");
}

bool role_parse(str s, enum role *ret)
{
    size_t i = find(role_names, 1, ROLE_COUNT, s);
    if (i != SIZE_MAX)
        *ret = (enum role)i;
    return i != SIZE_MAX;
}

str purpose_name(enum purpose purpose)
{
    return name_of(purpose_names, PURPOSE_COUNT, (size_t)purpose);
}

bool purpose_parse(str s, enum purpose *ret)
{
    size_t i = find(purpose_names, 1, PURPOSE_COUNT, s);
    if (i != SIZE_MAX)
        *ret = (enum purpose)i;
    return i != SIZE_MAX;
}

str action_name(enum action action)
{
    return name_of(action_names, ACTION_COUNT, (size_t)action);
}

bool action_parse(str s, enum action *ret)
{
    size_t i = find(action_names, 0, ACTION_COUNT, s);
    if (i != SIZE_MAX)
        *ret = (enum action)i;
    return i != SIZE_MAX;
}

str decision_name(enum decision decision)
{
    return name_of(decision_names, DECISION_COUNT, (size_t)decision);
}

str trigger_name(enum trigger trigger)
{
    return name_of(policy_trigger_names, TRIGGER_COUNT, (size_t)trigger);
}

bool trigger_parse(str name, enum trigger *ret)
{
    size_t i = find_sorted(policy_trigger_names, TRIGGER_COUNT, name);
    if (i != SIZE_MAX)
        *ret = (enum trigger)i;
    return i != SIZE_MAX;
}

int policy_type_parse(str name)
{
    size_t i = find_sorted(policy_type_names, POLICY_TYPE_COUNT, name);
    return i == SIZE_MAX ? -1 : (int)i + 1;
}

str policy_type_name(int type)
{
    return type < 1 ? STR("") : name_of(policy_type_names, POLICY_TYPE_COUNT, (size_t)type - 1);
}
