/* A patient may wish to hear of a result from the care team before they see it themselves; nobody
 * else may put it off (CURES-01, CURES-02). Which category a result is, and whether it waits. Pure;
 * data in spec/rules/release.csv. Invariant: without a wish nothing waits; a wish holds what came
 * after it, until somebody told the patient or the row's days are over; a wish more never shows
 * more. */
#ifndef WEFT_POLICY_RELEASE_H
#define WEFT_POLICY_RELEASE_H

#include "policy/policy.h"

#define RELEASE_MAX 8u /* categories, at most */
#define RELEASE_NONE SIZE_MAX

enum release_how { RELEASE_NOW, RELEASE_WRITTEN, RELEASE_PHONE, RELEASE_HOW_COUNT };
struct release_wish {
    enum release_how how;
    int64_t since; /* ms: results from then on */
};

size_t release_count(void);
str release_category(size_t i);
unsigned release_days(size_t i);
str release_how_name(enum release_how how); /* "now", "written", "phone" */
bool release_how_parse(str s, enum release_how *ret);

/* What a clinician may name to hold one result back (spec/rules/release-exceptions.csv). NULL: it
 * is none of these. */
struct release_exception {
    const char *code, *citation;
    unsigned days; /* the longest, before it is judged anew */
};
const struct release_exception *release_exception_of(str code);
/* The i-th of them; NULL: there are no more. */
const struct release_exception *release_exception_at(size_t i);

/* Can a resource of the type be a result at all? */
bool release_type(str type);
/* Does what a clinician wrote or said end this wish's wait? A wish for a call waits for the call.
 */
bool release_answered(enum release_how wish, bool phone);
/* The category of a result; RELEASE_NONE: it is none. codes: of its category element. */
size_t release_of(str type, const str *codes, size_t n, bool restricted);
/* Does it wait now? told: somebody told the patient. */
struct release_result {
    size_t category;
    int64_t when, first; /* this version; the first one: the row's days begin there */
    bool told;
};
bool release_waits(const struct release_wish *wish, const struct release_result *r, int64_t now);

#endif
