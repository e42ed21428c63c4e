/* What a request is for: what is said of it (X-Purpose-Of-Use, a token's purpose/CODE) within what
 * the role may say (spec/rules/role-purposes.csv). Invariant: saying a purpose never gives one that
 * no row has, and a token that carries purposes is good for those alone. */
#include "policy/purpose.h"
#include "policy/consent_int.h"

enum purpose role_purpose(enum role role)
{
    return (unsigned)role < ROLE_COUNT ? policy_role_purposes[role].first : PURPOSE_NONE;
}

unsigned role_purposes(enum role role)
{
    return (unsigned)role < ROLE_COUNT ? policy_role_purposes[role].may : 0;
}

void purposes_carried(str scope, struct actor *a)
{
    unsigned carried = 0;
    str word;
    const str mark = STR("purpose/");
    bool any = false;
    while (str_take_until(&scope, ' ', &word)) {
        enum purpose p = PURPOSE_NONE;
        if (!str_starts(word, mark))
            continue;
        any = true;
        if (purpose_parse(str_sub(word, mark.n, word.n), &p))
            carried |= 1u << p;
    }
    if (!any && consent_role(a) == CONSENT_APP)
        a->purposes &= 1u << a->purpose;
    if (!any)
        return;
    a->purposes &= carried;
    if (a->purposes >> a->purpose & 1)
        return;
    a->purpose = PURPOSE_NONE;
    for (unsigned p = PURPOSE_COUNT; p-- > 1;)
        if (a->purposes >> p & 1)
            a->purpose = (enum purpose)p;
}

enum purpose_said purpose_state(struct actor *a, str said)
{
    enum purpose p;
    size_t bar = str_find_char(said, '|', 0);
    if (bar != SIZE_MAX) {
        if (!str_eq(str_sub(said, 0, bar),
                    STR("http://terminology.hl7.org/CodeSystem/v3-ActReason")))
            return PURPOSE_UNKNOWN;
        said = str_sub(said, bar + 1, said.n);
    }
    if (!purpose_parse(said, &p))
        return PURPOSE_UNKNOWN;
    if (!(a->purposes >> p & 1))
        return PURPOSE_REFUSED;
    a->purpose = p;
    return PURPOSE_TAKEN;
}
