/* Is a code in a value set? Listed sets come from spec/fhir/codes.tsv; for sets whose codes are
 * kept outside FHIR the form of the code is checked (MIME types RFC 6838, languages RFC 5646,
 * UCUM). */
#include "fhir/ucum.h"
#include "fhir_int.h"

static bool alnum(char c)
{
    char low = (char)(c | 32);
    return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9');
}

/* restricted-name of RFC 6838 §4.2 */
static size_t mime_name(str s)
{
    size_t n = 0;
    while (n < s.n && n < 127 && (alnum(s.p[n]) || (n && strchr("!#$&-^_.+", s.p[n]))))
        n++;
    return n;
}

bool fhir_media_type_ok(str s)
{
    size_t n = mime_name(s);
    if (n == 0 || n >= s.n || s.p[n] != '/')
        return false;
    s = str_sub(s, n + 1, s.n);
    n = mime_name(s);
    return n > 0 && (n == s.n || s.p[n] == ';');
}

/* A media type, with a space before its parameters too, and the short names that R4 uses for its
 * own formats. */
static bool mime_ok(str s)
{
    static const char *const formats[] = {"xml", "json", "ttl", "none"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (str_eq(s, str_of(formats[i])))
            return true;
    return fhir_media_type_ok(str_sub(s, 0, str_find_char(s, ' ', 0)));
}

bool fhir_language_ok(str s)
{
    size_t n = 0, tag = 0;
    bool single = false, own = false; /* own: after x everybody's subtags may be short */
    for (size_t i = 0; i <= s.n; i++) {
        if (i < s.n && s.p[i] != '-') {
            if (!alnum(s.p[i]) || (tag == 0 && s.p[i] <= '9'))
                return false;
            n++;
            continue;
        }
        if (n == 0 || n > 8 || (tag == 0 && n == 1 && (i == s.n || !strchr("xXiI", s.p[0]))))
            return false;
        single = n == 1 && tag > 0 && !own;
        own |= n == 1 && (s.p[i - 1] | 32) == 'x';
        tag++;
        n = 0;
    }
    return !single; /* an extension has something in it */
}

static bool listed(const struct fhir_set *set, str system, str code, str *ret_display)
{
    const struct fhir_hash *h = &set->hash;
    uint32_t mask = (1u << h->bits) - 1;
    uint32_t i = fhir_hash_of(code) >> (32 - h->bits);
    for (uint16_t n; (n = fhir_slots[h->at + i]); i = (i + 1) & mask) {
        const struct fhir_code *c = &fhir_codes[set->first + n - 1];
        if (!str_eq(fhir_word(c->code), code) ||
            (system.p && !str_eq(fhir_word(c->system), system)))
            continue;
        if (ret_display)
            *ret_display = str_of(fhir_pool + c->display);
        return true;
    }
    return false;
}

bool fhir_set_has(uint16_t number, str system, str code, str *ret_display)
{
    const struct fhir_set *set = &fhir_sets[number];
    switch ((enum fhir_set_rule)set->rule) {
    case SET_LISTED:
        return listed(set, system, code, ret_display);
    case SET_MIME:
        return mime_ok(code);
    case SET_LANGUAGE:
        return fhir_language_ok(code);
    case SET_UCUM:
        return ucum_valid(code);
    case SET_ANY:
        return code.n > 0;
    }
    return false;
}
