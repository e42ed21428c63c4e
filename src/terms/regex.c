/* Regular expressions of filters, bounded: by ICU, with limits on pattern, text, steps and memory,
 * so that a bomb is an answer and not a fire. */
#include "terms/set_int.h"

#include <unicode/uregex.h>
#include <unicode/ustring.h>

#define PATTERN_MAX 512
#define TEXT_MAX 1024
#define TIME_MAX 20      /* ICU counts in units of about a millisecond's work */
#define STACK_MAX 262144 /* bytes of backtracking */

struct regex {
    URegularExpression *re;
};

static void close_regex(void *re)
{
    uregex_close(re);
}

err regex_new(struct op *op, str pattern, struct regex **ret)
{
    UChar wide[PATTERN_MAX];
    UErrorCode e = U_ZERO_ERROR;
    int32_t n = 0;
    struct regex *r = ARENA_NEW(op->arena, struct regex);
    if (!r)
        return op_check(op);
    if (pattern.n < PATTERN_MAX)
        u_strFromUTF8(wide, PATTERN_MAX, &n, pattern.p, (int32_t)pattern.n, &e);
    r->re = pattern.n && pattern.n < PATTERN_MAX && U_SUCCESS(e) ? uregex_open(wide, n, 0, NULL, &e)
                                                                 : NULL;
    if (!r->re || U_FAILURE(e))
        return fail(op, ERR_INVALID,
                    "The filter's value is no regular expression, or longer than %d characters.",
                    PATTERN_MAX - 1);
    if (!arena_on_reset(op->arena, close_regex, r->re)) {
        uregex_close(r->re);
        return fail(op, ERR_UNAVAILABLE, "No memory for the regular expression.");
    }
    uregex_setTimeLimit(r->re, TIME_MAX, &e);
    uregex_setStackLimit(r->re, STACK_MAX, &e);
    *ret = r;
    return OK;
}

err regex_match(struct op *op, struct regex *r, str text, bool *ret)
{
    UChar wide[TEXT_MAX];
    UErrorCode e = U_ZERO_ERROR;
    int32_t n = 0;
    *ret = false;
    if (text.n >= TEXT_MAX)
        return fail(op, ERR_TOO_COSTLY, "A value is too long for a regular expression.");
    u_strFromUTF8(wide, TEXT_MAX, &n, text.n ? text.p : "", (int32_t)text.n, &e);
    uregex_setText(r->re, wide, n, &e);
    UBool yes = uregex_matches(r->re, 0, &e);
    if (U_FAILURE(e))
        return fail(op, ERR_TOO_COSTLY,
                    "The filter's regular expression takes too long; write it simpler.");
    *ret = yes;
    return OK;
}
