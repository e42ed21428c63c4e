/* Folding and phrase search: how people write is levelled before words are looked up. Knows no
 * language and draws no conclusion. Invariant: folding a folded text changes nothing (a test holds
 * every phrase of the lists to it). */
#include "policy/content_int.h"

const struct fold_row *fold_row_find(const struct fold_row *rows, size_t n, uint32_t cp)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (rows[mid].code_point == cp)
            return &rows[mid];
        if (rows[mid].code_point > cp)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}

static void put(struct folded *f, char c, size_t from)
{
    bool space_twice = c == ' ' && f->n > 0 && f->p[f->n - 1] == ' ';
    if (space_twice || f->n == f->cap)
        return;
    if (f->at)
        f->at[f->n] = (uint32_t)from;
    f->p[f->n++] = c;
}

static void put_ascii(struct folded *f, char c, size_t from)
{
    if (c >= 'A' && c <= 'Z')
        put(f, (char)(c - 'A' + 'a'), from);
    else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
        put(f, c, from);
    else if (c != '\'' && c != '`')
        put(f, ' ', from);
}

/* Symbols and pictures become spaces; letters no table row knows stay as they are. */
static void put_wide(struct folded *f, uint32_t cp, str bytes, size_t from)
{
    const struct fold_row *row = fold_row_find(content_folds, content_fold_count, cp);
    if (row)
        bytes = str_of(row->to);
    else if ((cp >= 0x2000 && cp < 0x2c00) || cp >= 0x1f000 || cp == 0xfffd)
        bytes = STR(" ");
    for (size_t i = 0; i < bytes.n; i++)
        put(f, bytes.p[i], from);
}

void content_fold(str text, struct folded *f)
{
    str in = str_sub(text, 0, CONTENT_TEXT_MAX);
    f->n = 0;
    put(f, ' ', 0);
    for (size_t i = 0; i < in.n;) {
        size_t from = i;
        uint32_t cp = str_utf8_next(in, &i);
        if (cp < 0x80)
            put_ascii(f, (char)cp, from);
        else
            put_wide(f, cp, str_sub(in, from, i), from);
    }
    put(f, ' ', in.n);
    if (f->n == f->cap && f->cap > 0)
        f->p[f->n - 1] = ' ';
}

bool content_fold_new(struct op *op, str text, struct folded *ret)
{
    size_t cap = (text.n < CONTENT_TEXT_MAX ? text.n : CONTENT_TEXT_MAX) * 4 + 2;
    ret->cap = cap;
    ret->n = 0;
    ret->p = ARENA_ARRAY(op->arena, char, cap);
    ret->at = ARENA_ARRAY(op->arena, uint32_t, cap);
    if (!ret->p || !ret->at)
        return false;
    content_fold(text, ret);
    return true;
}

/* Order of a phrase's first two bytes against those of the word. */
static int compare_start(const struct phrase *p, const char *word)
{
    return memcmp(p->text, word, 2);
}

/* Phrases that start like the word: [next, hi). Every phrase has at least two bytes. */
static void find_candidates(struct phrase_iter *it)
{
    const char *word = it->f->p + it->word + it->skip;
    size_t lo = 0, hi = content_phrase_count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (compare_start(&content_phrases[mid], word) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    it->next = lo;
    hi = content_phrase_count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (compare_start(&content_phrases[mid], word) <= 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    it->hi = lo;
}

/* Arabic joins "and", "in", "for", "so" and the article to the word. */
static const char *const prefixes[] = {"",
                                       "\xd9\x88",
                                       "\xd8\xa8",
                                       "\xd9\x84",
                                       "\xd9\x81",
                                       "\xd8\xa7\xd9\x84",
                                       "\xd9\x88\xd8\xa7\xd9\x84",
                                       "\xd8\xa8\xd8\xa7\xd9\x84"};
#define PREFIX_COUNT (sizeof prefixes / sizeof *prefixes)

/* Next reading of the same word with another prefix off, or the next word; false at the end. */
static bool advance(struct phrase_iter *it)
{
    str text = str_make(it->f->p, it->f->n);
    for (;;) {
        str rest = str_sub(text, it->word, text.n);
        while (it->prefix < PREFIX_COUNT) {
            str prefix = str_of(prefixes[it->prefix++]);
            if (str_starts(rest, prefix) && rest.n > prefix.n + 2 && rest.p[prefix.n] != ' ') {
                it->skip = prefix.n;
                find_candidates(it);
                return true;
            }
        }
        size_t space = str_find_char(text, ' ', it->word);
        if (space == SIZE_MAX || space + 1 >= text.n)
            return false;
        it->word = space + 1;
        it->prefix = 0;
    }
}

struct phrase_iter content_phrases_of(const struct folded *f)
{
    return (struct phrase_iter){.f = f, .word = 0, .prefix = PREFIX_COUNT};
}

bool content_next_phrase(struct phrase_iter *it, struct phrase_hit *ret)
{
    do {
        while (it->next < it->hi) {
            const struct phrase *p = &content_phrases[it->next++];
            size_t at = it->word + it->skip, end = at + p->n;
            if (end < it->f->n && it->f->p[end] == ' ' &&
                memcmp(it->f->p + at, p->text, p->n) == 0) {
                *ret = (struct phrase_hit){p, at};
                return true;
            }
        }
    } while (advance(it));
    return false;
}
