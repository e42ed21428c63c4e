/* Code systems that are a grammar and not a list: UCUM, BCP 47 languages, BCP 13 media types, URIs
 * (http://hl7.org/fhir/R4/terminologies-systems.html). Their codes can be judged, not listed. */
#include "terms/terms_int.h"

#include "fhir/fhir.h"
#include "fhir/ucum.h"

static bool alnum(char c)
{
    char low = (char)(c | 32);
    return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9');
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
        return fhir_language_ok(code);
    case GRAMMAR_MIME:
        return fhir_media_type_ok(code);
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
