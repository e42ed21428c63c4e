/* What a patient wished about results: the tables of spec/rules/release.csv, and one question. */
#include "policy/release.h"

#include "release_gen.h"

#define DAY_MS INT64_C(86400000)

static const struct {
    const char *category, *whole, *coded, *codes;
    unsigned days;
} rows[] = {RELEASE_ROWS};
static const struct release_exception exceptions[] = {RELEASE_EXCEPTION_ROWS};
_Static_assert(RELEASE_ROW_COUNT <= RELEASE_MAX, "more categories than there is room for");
static const char *const hows[RELEASE_HOW_COUNT] = {"now", "written", "phone"};

size_t release_count(void)
{
    return RELEASE_ROW_COUNT;
}

str release_category(size_t i)
{
    return i < RELEASE_ROW_COUNT ? str_of(rows[i].category) : STR_NONE;
}

unsigned release_days(size_t i)
{
    return i < RELEASE_ROW_COUNT ? rows[i].days : 0;
}

str release_how_name(enum release_how how)
{
    return (unsigned)how < RELEASE_HOW_COUNT ? str_of(hows[how]) : STR_NONE;
}

bool release_how_parse(str s, enum release_how *ret)
{
    for (int i = 0; i < RELEASE_HOW_COUNT; i++)
        if (str_eq(s, str_of(hows[i]))) {
            *ret = (enum release_how)i;
            return true;
        }
    return false;
}

static bool listed(const char *list, str word)
{
    str rest = str_of(list);
    while (rest.n) {
        str one;
        if (!str_take_until(&rest, ' ', &one)) {
            one = rest;
            rest = STR_NONE;
        }
        if (str_eq(one, word))
            return true;
    }
    return false;
}

bool release_type(str type)
{
    for (size_t i = 0; i < RELEASE_ROW_COUNT; i++)
        if (listed(rows[i].whole, type) || listed(rows[i].coded, type))
            return true;
    return false;
}

size_t release_of(str type, const str *codes, size_t n, bool restricted)
{
    if (!release_type(type))
        return RELEASE_NONE;
    if (restricted)
        return 0;
    for (size_t i = 0; i < RELEASE_ROW_COUNT; i++) {
        for (size_t k = 0; k < n && listed(rows[i].coded, type); k++)
            if (listed(rows[i].codes, codes[k]))
                return i;
        if (listed(rows[i].whole, type))
            return i;
    }
    return RELEASE_NONE;
}

bool release_waits(const struct release_wish *wish, const struct release_result *r, int64_t now)
{
    if (r->told || r->category >= RELEASE_ROW_COUNT || wish->how == RELEASE_NOW)
        return false;
    return r->when >= wish->since && now - r->first < rows[r->category].days * DAY_MS;
}

bool release_answered(enum release_how wish, bool phone)
{
    return phone || wish == RELEASE_WRITTEN;
}

const struct release_exception *release_exception_of(str code)
{
    for (size_t i = 0; i < RELEASE_EXCEPTION_COUNT; i++)
        if (str_eq(code, str_of(exceptions[i].code)))
            return &exceptions[i];
    return NULL;
}

const struct release_exception *release_exception_at(size_t i)
{
    return i < RELEASE_EXCEPTION_COUNT ? &exceptions[i] : NULL;
}
