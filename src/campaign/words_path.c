/* Does a variable's FHIRPath name an element that says who somebody is
 * (spec/campaign/identifying.csv)? Words are compared, not meanings: what merely mentions one is
 * refused, too. Invariant: an element written otherwise (in backticks, with escapes) is not missed.
 */
#include "campaign/words_int.h"

#include "audience_gen.h"

static const char *const IDENTIFYING[] = {IDENTIFYING_WORDS};

static bool in_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool listed(str word)
{
    for (size_t i = 0; i < sizeof IDENTIFYING / sizeof *IDENTIFYING; i++)
        if (str_eq(word, str_of(IDENTIFYING[i])))
            return true;
    return false;
}

/* The first index after the text in quotes that begins at i. */
static size_t past_quotes(str path, size_t i)
{
    for (i++; i < path.n && path.p[i] != '\''; i++)
        i += path.p[i] == '\\';
    return i + 1;
}

str words_identifying(str path)
{
    for (size_t i = 0; i < path.n;) {
        size_t from = i;
        if (path.p[i] == '\'') {
            i = past_quotes(path, i);
            continue;
        }
        if (path.p[i] == '\\') /* an element spelt with escapes */
            return path;
        while (i < path.n && in_word(path.p[i]))
            i++;
        if (listed(str_sub(path, from, i)))
            return str_sub(path, from, i);
        i += i == from;
    }
    return STR_NONE;
}
