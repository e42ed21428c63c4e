/* Word lists and folding, private to the policy room. Tables are made from spec/content by
 * tools/gen_content.py. */
#ifndef WEFT_POLICY_CONTENT_INT_H
#define WEFT_POLICY_CONTENT_INT_H

#include "policy/content.h"
#include "policy/policy_int.h"

#define CONTENT_TEXT_MAX (256u << 10) /* bytes looked at; what comes after is not analysed */

enum phrase_kind {
    PHRASE_STOP_KEYWORD,
    PHRASE_STOP_PHRASE,
    PHRASE_STOP_MAYBE,
    PHRASE_STOP_WORD,
    PHRASE_STOP_NOT,
    PHRASE_HELP_KEYWORD,
    PHRASE_START_KEYWORD,
    PHRASE_FLAG,
    PHRASE_PHI,
    PHRASE_SENSITIVE,
    PHRASE_FINANCIAL,
    PHRASE_MARKETING,
    PHRASE_STOP,
    PHRASE_ALERT,
    PHRASE_SENDER,
    PHRASE_DATE,
    PHRASE_UNIT,
    PHRASE_DEVICE_NOUN,
    PHRASE_DEVICE_TROUBLE
};

struct phrase { /* sorted by text; folded */
    const char *text;
    uint32_t n;
    enum phrase_kind kind;
    const char *group;
};

struct fold_row {
    uint32_t code_point;
    const char *to;
};

struct gsm_row {
    uint32_t code_point;
    uint8_t septets;
};

/* A text folded: words split by one space, with a space at either end. at[i] is the byte of the
 * original that byte i came from. */
struct folded {
    char *p;
    uint32_t *at; /* may be NULL */
    size_t n, cap;
};

/* Fills f up to its cap; what does not fit is left out. */
void content_fold(str text, struct folded *f);
/* The same in fresh memory; false when it is refused. */
bool content_fold_new(struct op *op, str text, struct folded *ret);

struct phrase_hit {
    const struct phrase *phrase;
    size_t at; /* byte in the folded text */
};

/* Pulls every phrase of the lists out of a folded text, whole words, in order. */
struct phrase_iter {
    const struct folded *f;
    size_t word;     /* start of the word looked at */
    size_t skip;     /* bytes of an Arabic prefix left out */
    size_t next, hi; /* candidates in content_phrases */
    unsigned prefix;
};

struct phrase_iter content_phrases_of(const struct folded *f);
bool content_next_phrase(struct phrase_iter *it, struct phrase_hit *ret);

/* Links and figures: parts of content_scan(). */
void content_scan_links(str text, const str *brands, size_t n, struct content_report *ret);
void content_scan_figures(str text, struct content_report *ret);

extern const struct fold_row content_folds[];
extern const size_t content_fold_count;
extern const struct phrase content_phrases[];
extern const size_t content_phrase_count;
extern const struct gsm_row content_gsm[];
extern const size_t content_gsm_count;
extern const struct fold_row content_plain[];
extern const size_t content_plain_count;
extern const char *const content_shorteners[];
extern const size_t content_shortener_count;

const struct fold_row *fold_row_find(const struct fold_row *rows, size_t n, uint32_t cp);

#endif
