/* Understands an answer to a question by transparent rules: the number, or words of
 * spec/campaign/answers.csv with their weights. Unsure is no answer: a person reads it. Where a
 * path ends with nobody looking ("I am OK"), a word of spec/campaign/doubts.csv beside the words
 * that say so, or a question, is enough to be unsure: "I'm not OK", "OK but the wound is red",
 * "Better? No". Pure. */
#include "campaign/journey_int.h"

#include "policy/content.h"

#include "campaign_gen.h"

#define SURE 70
#define LEAD 20
#define PLAIN_MAX 12 /* words; who writes more says more than that all is well */

static const struct {
    const char *code, *text;
    int weight;
} answers[] = {ANSWER_ROWS};

enum doubt { DOUBT_NOT, DOUBT_BUT, DOUBT_SYMPTOM, DOUBT_POLITE };
static const struct {
    enum doubt kind;
    const char *text;
} doubts[] = {DOUBT_ROWS};

static bool word_edge(str s, size_t i)
{
    return i == 0 || i >= s.n || s.p[i] == ' ' || s.p[i - 1] == ' ';
}

/* Where the words stand; SIZE_MAX: nowhere. */
static size_t find_words(str s, str words)
{
    for (size_t at = str_find(s, words, 0); at != SIZE_MAX; at = str_find(s, words, at + 1))
        if (word_edge(s, at) && word_edge(s, at + words.n))
            return at;
    return SIZE_MAX;
}

static size_t count_words(str s)
{
    str word;
    size_t n = 0;
    while (str_take_until(&s, ' ', &word))
        n += word.n > 0;
    return n;
}

static bool is_doubt(enum doubt kind, str word)
{
    for (size_t i = 0; i < sizeof doubts / sizeof *doubts; i++)
        if (doubts[i].kind == kind && str_eq(word, str_of(doubts[i].text)))
            return true;
    return false;
}

static bool doubts_in(str text)
{
    for (size_t i = 0; i < sizeof doubts / sizeof *doubts; i++)
        if (doubts[i].kind != DOUBT_POLITE && find_words(text, str_of(doubts[i].text)) != SIZE_MAX)
            return true;
    return false;
}

static bool only_polite(str text)
{
    str word;
    while (str_take_until(&text, ' ', &word))
        if (word.n && !is_doubt(DOUBT_POLITE, word))
            return false;
    return true;
}

/* Is more said than the words that were matched? A "no" that is the answer ("no, no insulin left")
 * can be told from one that is not only where nothing else stands. */
static bool doubtful(str text, str matched)
{
    size_t at = find_words(text, matched);
    str before = str_sub(text, 0, at), after = str_sub(text, at + matched.n, text.n);
    str first, rest = matched;
    (void)str_take_until(&rest, ' ', &first);
    if (is_doubt(DOUBT_NOT, first))
        return !only_polite(before) || !only_polite(after);
    return doubts_in(before) || doubts_in(after) || count_words(text) > PLAIN_MAX;
}

struct weighed {
    int weight;
    str matched;
};

/* The best row of a code, a little more for further ones: never a sum that beats a plain word. */
static struct weighed weigh(str text, str code)
{
    struct weighed best = {0};
    int more = 0;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        str words = str_of(answers[i].text);
        if (!str_eq(str_of(answers[i].code), code) || find_words(text, words) == SIZE_MAX)
            continue;
        more += 5;
        if (answers[i].weight > best.weight) {
            best.weight = answers[i].weight;
            best.matched = words;
        }
    }
    best.weight += more > 5 ? more - 5 : 0;
    best.weight = best.weight > 100 ? 100 : best.weight;
    return best;
}

static int by_number(const struct plan *p, const struct plan_step *s, str text)
{
    int digit = content_digit(text), found = -1;
    for (int i = s->paths; digit >= 0 && i < s->paths + s->n_paths; i++)
        if (p->paths[i].key.p[0] == '0' + digit)
            found = i;
    return found;
}

/* What the question calls the path: from its number on to the next one. */
static str option_of(str asked, str key)
{
    size_t at = find_words(asked, key), from = at == SIZE_MAX ? asked.n : at + key.n;
    str rest = str_sub(asked, from, asked.n), word, all = rest;
    while (str_take_until(&rest, ' ', &word))
        if (content_digit(word) >= 0)
            return str_sub(all, 0, (size_t)(word.p - all.p));
    return all;
}

/* Beside the number ("No. 3") stands nothing but good manners and words of the question: where
 * nobody looks, of this path alone, as "I have 1 question" has words of another. */
static bool number_alone(struct op *op, const struct plan_step *s, str text, str key)
{
    struct reply asked[3];
    str word, rest = str_starts(text, STR("no ")) ? str_sub(text, 3, text.n) : text;
    if (content_digit(str_sub(rest, 0, 1)) < 0)
        rest = text;
    for (int l = 0; l < 3; l++)
        if (!content_reply(op, s->words.text[l], &asked[l]))
            return false;
    while (str_take_until(&rest, ' ', &word)) {
        bool known = word.n == 0 || (word.n <= 2 && content_digit(word) >= 0) ||
                     is_doubt(DOUBT_POLITE, word);
        for (int l = 0; !known && l < 3 && !is_doubt(DOUBT_NOT, word); l++) {
            str of = asked[l].normalised;
            known = find_words(key.n ? option_of(of, key) : of, word) != SIZE_MAX;
        }
        if (!known)
            return false;
    }
    return true;
}

/* ---- the words of an option ---- */
/* As it stands in the question: from behind its number to the next one, or the sentence's end. */
static str option_in(str words, str key)
{
    for (size_t i = 0; i + 1 < words.n; i++) {
        bool begins = words.p[i] == key.p[0] && words.p[i + 1] == ' ' && word_edge(words, i);
        size_t end = i + 2;
        while (begins && end < words.n && words.p[end] != '.' &&
               (words.p[end] < '0' || words.p[end] > '9'))
            end++;
        if (begins)
            return str_sub(words, i + 2, end);
    }
    return STR_NONE;
}

/* The next word that is no mere good manners. */
static str said_word(str *io)
{
    str word;
    while (str_take_until(io, ' ', &word))
        if (word.n && !is_doubt(DOUBT_POLITE, word))
            return word;
    return STR_NONE;
}

static bool same_said(str a, str b)
{
    str x, y;
    bool any = false;
    if (str_eq(str_trim(a), str_trim(b)))
        return !str_empty(str_trim(a));
    do {
        x = said_word(&a);
        y = said_word(&b);
        any = any || x.n;
    } while (x.n && str_eq(x, y));
    return any && x.n == 0 && y.n == 0;
}

/* Whoever writes an option instead of its number has chosen it. */
static bool by_option(struct op *op, const struct plan *p, const struct plan_step *s, str text,
                      struct journey_answer *ret)
{
    for (int k = s->paths * 3; k < (s->paths + s->n_paths) * 3; k++) {
        const struct plan_path *path = &p->paths[k / 3];
        struct reply option;
        str words = option_in(s->words.text[k % 3], path->key);
        if (!content_reply(op, words, &option))
            return false;
        if (ret->path < 0 && same_said(text, option.normalised))
            *ret = (struct journey_answer){k / 3, 100, str_trim(words), false, path->title};
    }
    return true;
}

static void unsure(struct journey_answer *a)
{
    a->path = -1;
    a->meaning = STR_NONE;
}

/* What the words say, whatever number stands among them; path -1: unsure. */
static void by_words(const struct plan *p, const struct plan_step *s, str text,
                     struct journey_answer *ret)
{
    int second = 0;
    for (int i = s->paths; i < s->paths + s->n_paths; i++) {
        struct weighed w = weigh(text, p->paths[i].code);
        if (w.weight > ret->confidence) {
            second = ret->confidence;
            *ret = (struct journey_answer){i, w.weight, w.matched, false, p->paths[i].title};
        } else if (w.weight > second)
            second = w.weight;
    }
    bool sure = ret->confidence >= SURE && ret->confidence - second >= LEAD;
    if (sure && !plan_looks_after(p, s, ret->path))
        sure = !doubtful(text, ret->matched);
    if (!sure)
        unsure(ret);
}

bool journey_understand(struct op *op, const struct plan *p, const struct plan_step *s, str text,
                        struct journey_answer *ret)
{
    struct reply reply;
    *ret = (struct journey_answer){.path = -1};
    if (!content_reply(op, text, &reply))
        return false;
    bool asks = str_find_char(text, '?', 0) != SIZE_MAX || str_find(text, STR("؟"), 0) != SIZE_MAX;
    str words = reply.normalised;
    int numbered = by_number(p, s, text);
    if (!by_option(op, p, s, words, ret))
        return false;
    if (ret->path < 0)
        by_words(p, s, words, ret);
    if (asks && ret->path >= 0 && !plan_looks_after(p, s, ret->path))
        unsure(ret);
    if (numbered < 0)
        return true;
    bool same = ret->path == numbered;
    str key = plan_looks_after(p, s, numbered) ? STR_NONE : p->paths[numbered].key;
    bool alone = ret->path < 0 && !(asks && key.n) && number_alone(op, s, words, key);
    if (same || alone)
        *ret = (struct journey_answer){numbered, 100, p->paths[numbered].key, true,
                                       p->paths[numbered].title};
    if (!same && !alone)
        unsure(ret);
    return op_check(op) == OK;
}
