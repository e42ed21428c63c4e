/* Formats of the R4 primitive types (https://hl7.org/fhir/R4/datatypes.html#primitive): is a JSON
 * string, or a number as written, one of the type's values? No meaning, no value sets.
 * Invariant: one pass over the text, no allocation. */
#include "fhir_int.h"

/* "Strings SHALL NOT exceed 1MB (1024*1024 characters)". */
#define STRING_MAX (1024u * 1024u)
#define ID_MAX 64u
/* The longest decimal taken, far past the 18 digits that R4 asks for. */
#define DECIMAL_MAX 64u

enum byte_class { SPACE = 1, CONTROL = 2, ID = 4, BASE64 = 8, DIGIT = 16, HEX = 32 };

static const uint8_t classes[256] = {
    [0 ... 8] = CONTROL,
    ['\t'] = SPACE,
    ['\n'] = SPACE,
    [11 ... 12] = CONTROL,
    ['\r'] = SPACE,
    [14 ... 31] = CONTROL,
    [' '] = SPACE,
    ['+'] = BASE64,
    ['/'] = BASE64,
    ['-'] = ID,
    ['.'] = ID,
    ['0' ... '9'] = DIGIT | ID | BASE64 | HEX,
    ['a' ... 'f'] = HEX | ID | BASE64,
    ['g' ... 'z'] = ID | BASE64,
    ['A' ... 'Z'] = ID | BASE64,
};

static unsigned class_of(char c)
{
    return classes[(uint8_t)c];
}

static bool all_of(str s, unsigned class)
{
    for (size_t i = 0; i < s.n; i++)
        if (!(class_of(s.p[i]) & class))
            return false;
    return true;
}

static size_t characters(str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((uint8_t)s.p[i] & 0xC0) != 0x80;
    return n;
}

/* No control characters but tab and line ends, and something to read. */
static bool text_ok(str s)
{
    bool control = false, ink = false;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        control |= c < 32 && c != '\t' && c != '\r' && c != '\n';
        ink |= c > 32;
    }
    return ink && !control && (s.n <= STRING_MAX || characters(s) <= STRING_MAX);
}

static bool spaceless(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((uint8_t)s.p[i] <= 32)
            return false;
    return s.n > 0 && s.n <= STRING_MAX;
}

/* Words with single white space between: [^\s]+(\s[^\s]+)* */
static bool code_ok(str s)
{
    bool gap = true;
    for (size_t i = 0; i < s.n; i++) {
        bool space = (class_of(s.p[i]) & (SPACE | CONTROL)) != 0;
        if (space && gap)
            return false;
        gap = space;
    }
    return !gap && s.n <= STRING_MAX;
}

bool fhir_id_valid(str id)
{
    return id.n >= 1 && id.n <= ID_MAX && all_of(id, ID);
}

/* Groups of four characters with = at the end only; white space may stand anywhere. */
static bool base64_ok(str s)
{
    size_t n = 0, pad = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned class = class_of(s.p[i]);
        if (class & SPACE)
            continue;
        n++;
        pad += s.p[i] == '=';
        if (pad ? s.p[i] != '=' : !(class & BASE64))
            return false;
    }
    return n > 0 && n % 4 == 0 && pad <= 2;
}

static bool integer_ok(str s, int64_t low)
{
    int64_t v;
    return str_to_i64(s, &v) && v >= low && v <= INT32_MAX && !str_eq(s, STR("-0"));
}

static bool decimal_ok(str s)
{
    double v;
    return s.n <= DECIMAL_MAX && str_to_double(s, &v);
}

/* (0|[1-9][0-9]*) off the front. */
static bool take_arc(str *s)
{
    size_t n = 0;
    while (n < s->n && (class_of(s->p[n]) & DIGIT))
        n++;
    if (n == 0 || (n > 1 && s->p[0] == '0'))
        return false;
    *s = str_sub(*s, n, s->n);
    return true;
}

/* urn:oid:[0-2](\.(0|[1-9][0-9]*))+ */
static bool oid_ok(str s)
{
    if (!str_starts(s, STR("urn:oid:")) || s.n < 11 || s.p[8] < '0' || s.p[8] > '2')
        return false;
    s = str_sub(s, 9, s.n);
    while (s.n) {
        if (s.p[0] != '.')
            return false;
        s = str_sub(s, 1, s.n);
        if (!take_arc(&s))
            return false;
    }
    return true;
}

static bool uuid_ok(str s)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (!str_starts(s, STR("urn:uuid:")) || s.n != 9 + sizeof shape - 1)
        return false;
    for (size_t i = 0; i < sizeof shape - 1; i++) {
        char c = s.p[9 + i];
        if (shape[i] == '-' ? c != '-' : !(class_of(c) & HEX))
            return false;
    }
    return true;
}

/* hh:mm:ss(.f+)?, no zone. */
static bool time_ok(str s)
{
    struct time_span span;
    char day[32] = "2000-01-01T";
    if (s.n < 8 || s.n > 18)
        return false;
    memcpy(day + 11, s.p, s.n);
    return time_parse(str_make(day, 11 + s.n), &span) && span.precision >= TIME_SECOND &&
           !span.has_zone;
}

/* A time of day needs seconds and zone. */
static bool date_ok(str s, bool day_allowed, bool clock_allowed)
{
    struct time_span span;
    if (!time_parse(s, &span))
        return false;
    if (span.precision <= TIME_DAY)
        return day_allowed;
    return clock_allowed && span.precision >= TIME_SECOND && span.has_zone;
}

bool fhir_format_ok(uint16_t primitive, str s)
{
    switch (primitive) {
    case FHIR_STRING:
    case FHIR_MARKDOWN:
        return text_ok(s);
    case FHIR_CODE:
        return code_ok(s);
    case FHIR_URI:
    case FHIR_URL:
    case FHIR_CANONICAL:
        return spaceless(s);
    case FHIR_ID:
        return fhir_id_valid(s);
    case FHIR_DATE:
        return date_ok(s, true, false);
    case FHIR_DATE_TIME:
        return date_ok(s, true, true);
    case FHIR_INSTANT:
        return date_ok(s, false, true);
    case FHIR_TIME:
        return time_ok(s);
    case FHIR_DECIMAL:
        return decimal_ok(s);
    case FHIR_INTEGER:
        return integer_ok(s, INT32_MIN);
    case FHIR_UNSIGNED_INT:
        return integer_ok(s, 0);
    case FHIR_POSITIVE_INT:
        return integer_ok(s, 1);
    case FHIR_BASE64_BINARY:
        return base64_ok(s);
    case FHIR_OID:
        return oid_ok(s);
    case FHIR_UUID:
        return uuid_ok(s);
    default:
        return true;
    }
}

const char *fhir_format_wants(uint16_t primitive)
{
    switch (primitive) {
    case FHIR_CODE:
        return "one or more words with single spaces between them";
    case FHIR_URI:
    case FHIR_URL:
    case FHIR_CANONICAL:
        return "an address without white space";
    case FHIR_ID:
        return "1 to 64 letters, digits, '-' and '.'";
    case FHIR_DATE:
        return "YYYY, YYYY-MM or YYYY-MM-DD, a day of the calendar";
    case FHIR_DATE_TIME:
        return "YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz";
    case FHIR_INSTANT:
        return "YYYY-MM-DDThh:mm:ss.sss+zz:zz, seconds and zone included";
    case FHIR_TIME:
        return "hh:mm:ss without zone";
    case FHIR_DECIMAL:
        return "a finite number of at most 64 characters";
    case FHIR_INTEGER:
        return "a whole number from -2147483648 to 2147483647";
    case FHIR_UNSIGNED_INT:
        return "a whole number from 0 to 2147483647";
    case FHIR_POSITIVE_INT:
        return "a whole number from 1 to 2147483647";
    case FHIR_BASE64_BINARY:
        return "base64 in groups of four characters";
    case FHIR_OID:
        return "urn:oid: and numbers with dots between";
    case FHIR_UUID:
        return "urn:uuid: and a UUID in lower case";
    default:
        return "text that is not empty, without control characters, of at most 1 MB";
    }
}
