/* Text folded for string search: case and accents do not count, white space is collapsed (R4
 * search.html#string). ASCII takes a short way; the rest goes through ICU's NFKD and case folding.
 * Invariant: folding twice gives the same as folding once; invalid UTF-8 becomes U+FFFD. */
#include "base/buf.h"
#include "fhir/fhir.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

static bool ascii(str s)
{
    unsigned char any = 0;
    for (size_t i = 0; i < s.n; i++)
        any |= (unsigned char)s.p[i];
    return any < 0x80;
}

static bool blank(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static str fold_ascii(struct arena *a, str s)
{
    char *out = arena_alloc(a, s.n + 1);
    size_t n = 0;
    if (!out)
        return STR_NONE;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!blank((unsigned char)c))
            out[n++] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
        else if (n && out[n - 1] != ' ')
            out[n++] = ' ';
    }
    if (n && out[n - 1] == ' ')
        n--;
    return str_make(out, n);
}

/* Accents and vowel points; not the signs that make other letters (kana voicing, nukta, Indic and
 * Thai vowels). By canonical combining class. */
static bool accent(UChar32 c)
{
    uint8_t class = u_getCombiningClass(c);
    return class >= 200 || (class >= 10 && class <= 36);
}

/* NFKD and case folding of UTF-16; NULL when memory is refused. */
static const UChar *decompose(struct arena *a, const UChar *in, int32_t n, int32_t *ret_n)
{
    UErrorCode e = U_ZERO_ERROR;
    const UNormalizer2 *nfkd = unorm2_getNFKDInstance(&e);
    int32_t size = unorm2_normalize(nfkd, in, n, NULL, 0, &e);
    if (e != U_BUFFER_OVERFLOW_ERROR && U_FAILURE(e))
        return NULL;
    UChar *out = arena_calloc(a, (size_t)size + 1, sizeof(UChar));
    e = U_ZERO_ERROR;
    if (!out)
        return NULL;
    *ret_n = unorm2_normalize(nfkd, in, n, out, size + 1, &e);
    return U_FAILURE(e) ? NULL : out;
}

static void put_utf8(char *out, size_t *n, UChar32 c)
{
    if (blank((uint32_t)c) || u_isUWhiteSpace(c)) {
        if (*n && out[*n - 1] != ' ')
            out[(*n)++] = ' ';
        return;
    }
    int32_t at = 0;
    UChar32 safe = c < 0 ? 0xfffd : c;
    U8_APPEND_UNSAFE((uint8_t *)out + *n, at, (uint32_t)safe);
    *n += (size_t)at;
}

/* Folds once: a fold may open new decompositions, so the caller repeats. */
static str fold_pass(struct arena *a, str s)
{
    UErrorCode e = U_ZERO_ERROR;
    int32_t n = 0, wide = 0;
    UChar *in = arena_calloc(a, s.n + 1, sizeof(UChar));
    if (!in || s.n > INT32_MAX / 4)
        return STR_NONE;
    u_strFromUTF8WithSub(in, (int32_t)s.n + 1, &n, s.p, (int32_t)s.n, 0xfffd, NULL, &e);
    const UChar *flat = U_FAILURE(e) ? NULL : decompose(a, in, n, &wide);
    if (!flat)
        return STR_NONE;
    /* A folded character is at most three, each at most four bytes. */
    int32_t folded = u_strFoldCase(NULL, 0, flat, wide, U_FOLD_CASE_DEFAULT, &e);
    UChar *lower = arena_calloc(a, (size_t)folded + 1, sizeof(UChar));
    char *out = arena_alloc(a, (size_t)folded * 4 + 4);
    e = U_ZERO_ERROR;
    if (!lower || !out)
        return STR_NONE;
    folded = u_strFoldCase(lower, folded + 1, flat, wide, U_FOLD_CASE_DEFAULT, &e);
    size_t size = 0;
    for (int32_t i = 0; U_SUCCESS(e) && i < folded;) {
        uint32_t c = lower[i++];
        if (U16_IS_LEAD(c) && i < folded && U16_IS_TRAIL(lower[i]))
            c = (uint32_t)U16_GET_SUPPLEMENTARY(c, lower[i++]);
        if (!accent((UChar32)c))
            put_utf8(out, &size, (UChar32)c);
    }
    return str_make(out, size && out[size - 1] == ' ' ? size - 1 : size);
}

str fhir_fold(struct arena *a, str text)
{
    if (ascii(text))
        return fold_ascii(a, text);
    str once = fold_pass(a, text);
    return ascii(once) ? once : fold_pass(a, once);
}
