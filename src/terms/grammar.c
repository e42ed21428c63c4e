/* Code systems that are a grammar and not a list: UCUM, BCP 47 languages, BCP 13 media types, URIs
 * (http://hl7.org/fhir/R4/terminologies-systems.html). Their codes can be judged, not listed. */
#include "terms/terms_int.h"

#include "fhir/ucum.h"

static bool alnum(char c)
{
    char low = (char)(c | 32);
    return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9');
}

/* restricted-name of RFC 6838 4.2 */
static size_t mime_name(str s)
{
    size_t n = 0;
    while (n < s.n && n < 127 && (alnum(s.p[n]) || (n && strchr("!#$&-^_.+", s.p[n]))))
        n++;
    return n;
}

static bool mime_ok(str s)
{
    size_t n = mime_name(s);
    if (n == 0 || n >= s.n || s.p[n] != '/')
        return false;
    s = str_sub(s, n + 1, s.n);
    n = mime_name(s);
    return n > 0 && (n == s.n || s.p[n] == ';');
}

/* langtag, privateuse and grandfathered of RFC 5646 2.1, by form. */
static bool language_ok(str s)
{
    size_t n = 0, tag = 0;
    bool single = false;
    for (size_t i = 0; i <= s.n; i++) {
        if (i < s.n && s.p[i] != '-') {
            if (!alnum(s.p[i]) || (tag == 0 && s.p[i] <= '9'))
                return false;
            n++;
            continue;
        }
        if (n == 0 || n > 8 || (tag == 0 && n == 1 && (i == s.n || !strchr("xXiI", s.p[0]))))
            return false;
        single = n == 1 && tag > 0;
        tag++;
        n = 0;
    }
    return !single; /* an extension has something in it */
}

/* scheme ":" … of RFC 3986; no spaces or controls. */
static bool uri_ok(str s)
{
    size_t colon = str_find_char(s, ':', 0);
    if (colon == 0 || colon == SIZE_MAX || !alnum(s.p[0]) || s.p[0] <= '9')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || strchr("<>\"{}|\\^`", s.p[i]) ||
            (i < colon && !alnum(s.p[i]) && !strchr("+-.", s.p[i])))
            return false;
    return true;
}

bool grammar_valid(enum grammar g, str code)
{
    switch (g) {
    case GRAMMAR_UCUM:
        return ucum_valid(code);
    case GRAMMAR_LANGUAGE:
        return language_ok(code);
    case GRAMMAR_MIME:
        return mime_ok(code);
    case GRAMMAR_URI:
        return uri_ok(code);
    case GRAMMAR_NONE:
        break;
    }
    return false;
}

enum grammar grammar_of(str url)
{
    static const struct {
        const char *url;
        enum grammar g;
    } rows[] = {{"http://unitsofmeasure.org", GRAMMAR_UCUM},
                {"urn:ietf:bcp:47", GRAMMAR_LANGUAGE},
                {"urn:ietf:bcp:13", GRAMMAR_MIME},
                {"urn:ietf:rfc:3986", GRAMMAR_URI}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (str_eq(url, str_of(rows[i].url)))
            return rows[i].g;
    return GRAMMAR_NONE;
}
