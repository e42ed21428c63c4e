/* FHIRPath string functions (http://hl7.org/fhirpath/N1 §5.6). Positions count code points.
 * Regular expressions are ICU's; their work counts as evaluation steps, so that none runs away.
 * Invariant: an empty input or an empty argument gives an empty result. */
#include "fhir/path_int.h"

#include <unicode/uregex.h>
#include <unicode/ustring.h>

#define REGEX_STACK 1000000 /* bytes */
#define REGEX_TICK_STEPS                                                                           \
    50000 /* what one tick (10,000 saved states, about a millisecond) counts                       \
           */

/* The one string a function works on; false when the input is empty. */
static err input(struct path_run *r, const struct path_call *c, str *ret, bool *ret_there)
{
    *ret_there = false;
    if (c->input->n == 0)
        return OK;
    if (c->input->n > 1 || !path_text(&c->input->at[0], ret))
        return path_fault(r, c->node, "one string is wanted");
    *ret_there = true;
    return OK;
}

/* Input and first argument, both strings. */
static err pair(struct path_run *r, const struct path_call *c, str *ret, str *ret_arg,
                bool *ret_there)
{
    struct path_value arg;
    TRY(input(r, c, ret, ret_there));
    TRY(path_arg_value(r, c, 0, V_STRING, &arg));
    *ret_arg = arg.s;
    *ret_there &= arg.kind == V_STRING;
    return OK;
}

static size_t points(str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

/* Byte offset of code point n, clamped. */
static size_t offset(str s, size_t n)
{
    size_t i = 0;
    while (i < s.n && n > 0) {
        i++;
        while (i < s.n && ((unsigned char)s.p[i] & 0xc0) == 0x80)
            i++;
        n--;
    }
    return i;
}

static err fn_index_of(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    str s, part;
    bool there;
    TRY(pair(r, c, &s, &part, &there));
    if (!there)
        return OK;
    size_t at = part.n ? str_find(s, part, 0) : 0;
    int64_t i = at == SIZE_MAX ? -1 : (int64_t)points(str_sub(s, 0, at));
    return path_push(r, ret, path_int(r, i));
}

static err fn_last_index_of(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    str s, part;
    bool there;
    TRY(pair(r, c, &s, &part, &there));
    if (!there)
        return OK;
    TRY(path_step(r, 1 + s.n / 64));
    size_t at = s.n + 1;
    while (at > 0 && !str_starts(str_sub(s, at - 1, s.n), part))
        at--;
    int64_t i = at == 0 ? -1 : (int64_t)points(str_sub(s, 0, at - 1));
    return path_push(r, ret, path_int(r, i));
}

static err fn_starts(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    str s, part;
    bool there;
    TRY(pair(r, c, &s, &part, &there));
    return there ? path_push_bool(r, ret, str_starts(s, part)) : OK;
}

static err fn_ends(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    str s, part;
    bool there;
    TRY(pair(r, c, &s, &part, &there));
    return there ? path_push_bool(r, ret, str_ends(s, part)) : OK;
}

static err fn_contains(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    str s, part;
    bool there;
    TRY(pair(r, c, &s, &part, &there));
    return there ? path_push_bool(r, ret, part.n == 0 || str_find(s, part, 0) != SIZE_MAX) : OK;
}

static err fn_substring(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    str s;
    bool there;
    struct path_value from, length = {.kind = V_OTHER};
    int64_t i, n = INT64_MAX;
    TRY(input(r, c, &s, &there));
    TRY(path_arg_value(r, c, 0, V_NUMBER, &from));
    if (c->node->n_args == 2)
        TRY(path_arg_value(r, c, 1, V_NUMBER, &length));
    if (!there || from.kind != V_NUMBER || !dec_i64(from.d, &i))
        return OK;
    if (length.kind == V_NUMBER && !dec_i64(length.d, &n))
        return OK;
    if (i < 0 || (uint64_t)i >= points(s))
        return OK;
    str rest = str_sub(s, offset(s, (size_t)i), s.n);
    size_t end = n <= 0 ? 0 : offset(rest, (size_t)n);
    return path_push(r, ret, path_string(r, str_sub(rest, 0, end)));
}

/* Upper and lower case of the root locale. */
static err change_case(struct path_run *r, const struct path_call *c, bool upper,
                       struct path_list *ret)
{
    str s;
    bool there;
    TRY(input(r, c, &s, &there));
    if (!there)
        return OK;
    struct arena *a = r->op->arena;
    UErrorCode e = U_ZERO_ERROR;
    int32_t n = 0, wide, size = 0, room = (int32_t)s.n * 3 + 1;
    UChar *in = arena_calloc(a, s.n + 1, sizeof(UChar));
    UChar *out = arena_calloc(a, (size_t)room, sizeof(UChar));
    char *text = arena_alloc(a, (size_t)room * 3 + 1);
    if (!in || !out || !text)
        return op_check(r->op);
    u_strFromUTF8WithSub(in, (int32_t)s.n + 1, &n, s.p, (int32_t)s.n, 0xfffd, NULL, &e);
    wide = upper ? u_strToUpper(out, room, in, n, "", &e) : u_strToLower(out, room, in, n, "", &e);
    u_strToUTF8(text, room * 3 + 1, &size, out, wide, &e);
    if (U_FAILURE(e))
        return path_fault(r, c->node, "the string could not be converted");
    return path_push(r, ret, path_string(r, str_make(text, (size_t)size)));
}

static err fn_upper(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return change_case(r, c, true, ret);
}

static err fn_lower(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return change_case(r, c, false, ret);
}

static err fn_length(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    str s;
    bool there;
    TRY(input(r, c, &s, &there));
    return there ? path_push(r, ret, path_int(r, (int64_t)points(s))) : OK;
}

static err fn_to_chars(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    str s;
    bool there;
    TRY(input(r, c, &s, &there));
    while (there && s.n) {
        size_t n = offset(s, 1);
        TRY(path_push(r, ret, path_string(r, str_sub(s, 0, n))));
        s = str_sub(s, n, s.n);
    }
    return OK;
}

static err fn_trim(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    str s;
    bool there;
    TRY(input(r, c, &s, &there));
    return there ? path_push(r, ret, path_string(r, str_trim(s))) : OK;
}

static err fn_split(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    str s, sep;
    bool there;
    TRY(pair(r, c, &s, &sep, &there));
    while (there) {
        size_t at = sep.n ? str_find(s, sep, 0) : SIZE_MAX;
        TRY(path_push(r, ret, path_string(r, str_sub(s, 0, at))));
        if (at == SIZE_MAX)
            break;
        s = str_sub(s, at + sep.n, s.n);
    }
    return OK;
}

static err fn_join(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct path_value sep = {.kind = V_OTHER};
    struct buf b;
    if (c->node->n_args)
        TRY(path_arg_value(r, c, 0, V_STRING, &sep));
    buf_init(&b, r->op->arena, 1u << 20);
    for (size_t i = 0; i < c->input->n; i++) {
        str s = STR_NONE;
        if (!path_text(&c->input->at[i], &s))
            return path_fault(r, c->node, "join() goes after strings");
        if (i)
            buf_add(&b, sep.s);
        buf_add(&b, s);
    }
    if (!buf_ok(&b))
        return fail(r->op, ERR_TOO_COSTLY, "FHIRPath: the joined string is too long");
    return c->input->n ? path_push(r, ret, path_string(r, buf_str(&b))) : OK;
}

/* Every part replaced; an empty part goes between all characters. */
static err fn_replace(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    str s, part;
    bool there;
    struct path_value with;
    struct buf b;
    TRY(pair(r, c, &s, &part, &there));
    TRY(path_arg_value(r, c, 1, V_STRING, &with));
    if (!there || with.kind != V_STRING)
        return OK;
    buf_init(&b, r->op->arena, 1u << 20);
    if (part.n == 0)
        buf_add(&b, with.s);
    while (s.n) {
        bool hit = part.n && str_starts(s, part);
        size_t n = hit ? part.n : offset(s, 1);
        buf_add(&b, hit ? with.s : str_sub(s, 0, n));
        if (part.n == 0)
            buf_add(&b, with.s);
        s = str_sub(s, n, s.n);
    }
    if (!buf_ok(&b))
        return fail(r->op, ERR_TOO_COSTLY, "FHIRPath: the replaced string is too long");
    return path_push(r, ret, path_string(r, buf_str(&b)));
}

/* ---- regular expressions ---- */

static UChar *wide(struct path_run *r, str s, int32_t *ret_n)
{
    UErrorCode e = U_ZERO_ERROR;
    UChar *out = arena_calloc(r->op->arena, s.n + 1, sizeof(UChar));
    if (!out)
        return NULL;
    u_strFromUTF8WithSub(out, (int32_t)s.n + 1, ret_n, s.p, (int32_t)s.n, 0xfffd, NULL, &e);
    return U_FAILURE(e) ? NULL : out;
}

static UBool regex_tick(const void *context, int32_t ticks)
{
    uint64_t *const *steps = context;
    (void)ticks;
    **steps += REGEX_TICK_STEPS;
    return **steps < PATH_STEPS_MAX;
}

static err regex_open(struct path_run *r, const struct path_call *c, str pattern, str s,
                      URegularExpression **ret)
{
    UErrorCode e = U_ZERO_ERROR;
    UParseError where;
    int32_t n_pattern = 0, n = 0;
    UChar *p = wide(r, pattern, &n_pattern), *text = wide(r, s, &n);
    uint64_t **steps = ARENA_NEW(r->op->arena, uint64_t *);
    TRY(path_step(r, 100 + (s.n + pattern.n) / 16));
    *steps = &r->steps;
    if (!p || !text)
        return path_fault(r, c->node, "the string cannot be searched");
    URegularExpression *regex = uregex_open(p, n_pattern, UREGEX_DOTALL, &where, &e);
    if (U_SUCCESS(e)) {
        uregex_setMatchCallback(regex, regex_tick, steps, &e);
        uregex_setStackLimit(regex, REGEX_STACK, &e);
        uregex_setText(regex, text, n, &e);
    }
    if (U_FAILURE(e)) {
        uregex_close(regex);
        return path_fault(r, c->node, "the regular expression is not valid");
    }
    *ret = regex;
    return OK;
}

static err regex_fault(struct path_run *r, UErrorCode e)
{
    (void)e;
    return fail(r->op, ERR_TOO_COSTLY, "FHIRPath: the regular expression takes too long");
}

static err match(struct path_run *r, const struct path_call *c, bool full, struct path_list *ret)
{
    str s, pattern;
    bool there;
    URegularExpression *regex = NULL;
    UErrorCode e = U_ZERO_ERROR;
    TRY(pair(r, c, &s, &pattern, &there));
    if (!there)
        return OK;
    if (pattern.n == 0)
        return path_push_bool(r, ret, !full || s.n == 0);
    TRY(regex_open(r, c, pattern, s, &regex));
    UBool hit = full ? uregex_matches(regex, -1, &e) : uregex_find(regex, -1, &e);
    uregex_close(regex);
    return U_FAILURE(e) ? regex_fault(r, e) : path_push_bool(r, ret, hit);
}

static err fn_matches(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return match(r, c, false, ret);
}

static err fn_matches_full(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return match(r, c, true, ret);
}

static err replace_all(struct path_run *r, URegularExpression *regex, str with,
                       struct path_list *ret)
{
    UErrorCode e = U_ZERO_ERROR;
    int32_t n_with = 0, size = 0;
    UChar *to = wide(r, with, &n_with);
    if (!to)
        return op_check(r->op);
    int32_t n = uregex_replaceAll(regex, to, n_with, NULL, 0, &e);
    if (e != U_BUFFER_OVERFLOW_ERROR && U_FAILURE(e))
        return regex_fault(r, e);
    if (n > 1 << 20)
        return fail(r->op, ERR_TOO_COSTLY, "FHIRPath: the replaced string is too long");
    UChar *out = arena_calloc(r->op->arena, (size_t)n + 1, sizeof(UChar));
    char *text = arena_alloc(r->op->arena, (size_t)n * 3 + 1);
    if (!out || !text)
        return op_check(r->op);
    e = U_ZERO_ERROR;
    n = uregex_replaceAll(regex, to, n_with, out, n + 1, &e);
    u_strToUTF8(text, n * 3 + 1, &size, out, n, &e);
    return U_FAILURE(e) ? regex_fault(r, e)
                        : path_push(r, ret, path_string(r, str_make(text, (size_t)size)));
}

static err fn_replace_matches(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    str s, pattern;
    bool there;
    struct path_value with;
    URegularExpression *regex = NULL;
    TRY(pair(r, c, &s, &pattern, &there));
    TRY(path_arg_value(r, c, 1, V_STRING, &with));
    if (!there || with.kind != V_STRING)
        return OK;
    if (pattern.n == 0)
        return path_push(r, ret, path_string(r, s));
    TRY(regex_open(r, c, pattern, s, &regex));
    err e = replace_all(r, regex, with.s, ret);
    uregex_close(regex);
    return e;
}

const struct path_fn path_fns_text[] = {
    {"indexOf", 1, 1, false, fn_index_of},
    {"lastIndexOf", 1, 1, false, fn_last_index_of},
    {"substring", 1, 2, false, fn_substring},
    {"startsWith", 1, 1, false, fn_starts},
    {"endsWith", 1, 1, false, fn_ends},
    {"contains", 1, 1, false, fn_contains},
    {"upper", 0, 0, false, fn_upper},
    {"lower", 0, 0, false, fn_lower},
    {"replace", 2, 2, false, fn_replace},
    {"matches", 1, 1, false, fn_matches},
    {"matchesFull", 1, 1, false, fn_matches_full},
    {"replaceMatches", 2, 2, false, fn_replace_matches},
    {"length", 0, 0, false, fn_length},
    {"toChars", 0, 0, false, fn_to_chars},
    {"trim", 0, 0, false, fn_trim},
    {"split", 1, 1, false, fn_split},
    {"join", 0, 1, false, fn_join},
    {0},
};
