/* Full-text values (_text, _content): reading them, and judging a resource's texts by them. Words
 * are folded runs of letters and digits; a character of a script without spaces is a word of its
 * own. Invariant: at most QUERY_WORDS_MAX words and QUERY_WORDS_DEPTH parentheses within one
 * another. */
#include "fhir/query_int.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#define QUERY_WORDS_MAX 32u
#define QUERY_WORDS_DEPTH 8u

static bool alone(UChar32 c)
{
    return u_getIntPropertyValue(c, UCHAR_IDEOGRAPHIC) || (c >= 0x3040 && c <= 0x30ff) ||
           (c >= 0x0e00 && c <= 0x0eff) || (c >= 0x1000 && c <= 0x109f);
}

static UChar32 next_char(str s, size_t *at)
{
    int32_t i = (int32_t)*at;
    UChar32 c;
    U8_NEXT((const uint8_t *)s.p, i, (int32_t)s.n, c);
    *at = (size_t)i;
    return c;
}

static bool of_word(UChar32 c)
{
    return c > 0 && (c < 0x80 ? (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') : u_isalnum(c));
}

bool fhir_word_take(str *folded, str *ret_word)
{
    size_t from = 0, at = 0, to = 0;
    bool in = false;
    if (folded->n > INT32_MAX)
        return false;
    while (at < folded->n) {
        size_t before = at;
        UChar32 c = next_char(*folded, &at);
        bool one = c >= 0x80 && alone(c);
        if (in && (one || !of_word(c))) {
            at = before;
            break;
        }
        if (!of_word(c) && !one)
            continue;
        from = in ? from : before;
        to = at;
        in = true;
        if (one)
            break;
    }
    *ret_word = str_sub(*folded, from, to);
    *folded = str_sub(*folded, at, folded->n);
    return in;
}

bool fhir_param_words(const struct fhir_param *p)
{
    return p->code[0] == '_' &&
           (str_eq(str_of(p->code), STR("_content")) || str_eq(str_of(p->code), STR("_text")));
}

/* ---- reading ---- */

struct reader {
    struct query_read *r;
    str rest;
    unsigned depth;
    size_t words;
};

static struct fhir_words *node(struct reader *x, enum fhir_words_kind kind)
{
    struct fhir_words *w = ARENA_NEW(x->r->op->arena, struct fhir_words);
    w->kind = kind;
    return w;
}

typedef VEC(const struct fhir_words *) kid_list;

static const struct fhir_words *join(struct reader *x, enum fhir_words_kind kind, kid_list *kids)
{
    if (kids->n == 1 && kind != WORDS_NOT)
        return kids->at[0];
    struct fhir_words *w = node(x, kind);
    w->kids = kids->at;
    w->n_kids = kids->n;
    return w;
}

static void skip_blanks(struct reader *x)
{
    x->rest = str_trim(x->rest);
}

/* The operator comes next, as a word of its own. */
static bool take_operator(struct reader *x, str name)
{
    skip_blanks(x);
    char after = x->rest.n > name.n ? x->rest.p[name.n] : ' ';
    if (!str_starts(x->rest, name) || (after != ' ' && after != '(' && after != '"'))
        return false;
    x->rest = str_sub(x->rest, name.n, x->rest.n);
    return true;
}

static err words_of(struct reader *x, str text, bool begin, const struct fhir_words **ret)
{
    VEC(str) words = {0};
    str folded = fhir_fold(x->r->op->arena, text), word;
    while (fhir_word_take(&folded, &word)) {
        if (++x->words > QUERY_WORDS_MAX)
            return REFUSE(x->r, "at most %u words", QUERY_WORDS_MAX);
        VEC_PUSH(x->r->op->arena, &words, word);
    }
    if (words.n == 0)
        return REFUSE(x->r, "there is no word in a part of it");
    struct fhir_words *w = node(x, begin && words.n == 1 ? WORDS_BEGIN : WORDS_PHRASE);
    w->words = words.at;
    w->n_words = words.n;
    *ret = w;
    return OK;
}

static err read_any(struct reader *x, const struct fhir_words **ret);

static err read_one(struct reader *x, const struct fhir_words **ret)
{
    skip_blanks(x);
    if (take_operator(x, STR("NOT"))) {
        kid_list kid = {0};
        const struct fhir_words *inner;
        if (++x->depth > QUERY_WORDS_DEPTH)
            return REFUSE(x->r, "too many NOT and '(' within one another");
        TRY(read_one(x, &inner));
        x->depth--;
        VEC_PUSH(x->r->op->arena, &kid, inner);
        *ret = join(x, WORDS_NOT, &kid);
        return OK;
    }
    if (str_starts(x->rest, STR("("))) {
        if (++x->depth > QUERY_WORDS_DEPTH)
            return REFUSE(x->r, "too many NOT and '(' within one another");
        x->rest = str_sub(x->rest, 1, x->rest.n);
        TRY(read_any(x, ret));
        x->depth--;
        skip_blanks(x);
        if (!str_starts(x->rest, STR(")")))
            return REFUSE(x->r, "a ')' is missing");
        x->rest = str_sub(x->rest, 1, x->rest.n);
        return OK;
    }
    bool quoted = str_starts(x->rest, STR("\""));
    size_t end = quoted ? str_find_char(x->rest, '"', 1) : 0;
    if (quoted && end == SIZE_MAX)
        return REFUSE(x->r, "a '\"' is missing");
    while (!quoted && end < x->rest.n && !memchr(" ()\"", x->rest.p[end], 4))
        end++;
    str text = str_sub(x->rest, quoted, end);
    x->rest = str_sub(x->rest, end + quoted, x->rest.n);
    bool begin = !quoted && text.n && text.p[text.n - 1] == '*';
    return words_of(x, text, begin, ret);
}

static err read_all(struct reader *x, const struct fhir_words **ret)
{
    kid_list kids = {0};
    for (;;) {
        const struct fhir_words *kid;
        TRY(read_one(x, &kid));
        VEC_PUSH(x->r->op->arena, &kids, kid);
        str before = x->rest;
        if (take_operator(x, STR("AND")))
            continue;
        skip_blanks(x);
        if (x->rest.n == 0 || x->rest.p[0] == ')' || take_operator(x, STR("OR"))) {
            x->rest = before;
            break;
        }
    }
    *ret = join(x, WORDS_AND, &kids);
    return OK;
}

static err read_any(struct reader *x, const struct fhir_words **ret)
{
    kid_list kids = {0};
    do {
        const struct fhir_words *kid;
        TRY(read_all(x, &kid));
        VEC_PUSH(x->r->op->arena, &kids, kid);
    } while (take_operator(x, STR("OR")));
    *ret = join(x, WORDS_OR, &kids);
    return OK;
}

err query_words_read(struct query_read *r, struct fhir_value *v)
{
    struct reader x = {.r = r, .rest = v->text};
    TRY(read_any(&x, &v->words));
    skip_blanks(&x);
    return x.rest.n ? REFUSE(r, "a '(' is missing") : op_check(r->op);
}

/* ---- judging ---- */

/* The words of one text, in order. */
struct told {
    const str *at;
    size_t n;
};

static bool phrase_in(const struct fhir_words *w, const struct told *t)
{
    for (size_t i = 0; i + w->n_words <= t->n; i++) {
        size_t k = 0;
        while (k < w->n_words && (w->kind == WORDS_BEGIN ? str_starts(t->at[i], w->words[0])
                                                         : str_eq(t->at[i + k], w->words[k])))
            k++;
        if (k == w->n_words)
            return true;
    }
    return false;
}

static bool holds(const struct fhir_words *w, const struct told *texts, size_t n)
{
    bool any = false, all = true;
    for (size_t i = 0; i < w->n_kids; i++) {
        bool one = holds(w->kids[i], texts, n); /* as deep as it was read */
        any |= one;
        all &= one;
    }
    switch (w->kind) {
    case WORDS_AND:
        return all;
    case WORDS_OR:
        return any;
    case WORDS_NOT:
        return !any;
    case WORDS_PHRASE:
    case WORDS_BEGIN:
        break;
    }
    for (size_t i = 0; i < n && !any; i++)
        any = phrase_in(w, &texts[i]);
    return any;
}

bool query_words_hold(struct arena *a, const struct fhir_words *w, const struct fhir_key *keys,
                      size_t n, uint16_t param)
{
    struct told *texts = ARENA_ARRAY(a, struct told, n + 1);
    size_t count = 0;
    for (size_t i = 0; texts && i < n; i++) {
        VEC(str) words = {0};
        str folded, word;
        if (keys[i].kind != KEY_WORDS || keys[i].param != param)
            continue;
        folded = fhir_fold(a, keys[i].text);
        while (fhir_word_take(&folded, &word))
            VEC_PUSH(a, &words, word);
        texts[count++] = (struct told){words.at, words.n};
    }
    return texts && holds(w, texts, count);
}
