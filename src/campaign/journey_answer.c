/* Understands an answer to a question by transparent rules: the number, or words of
 * spec/campaign/answers.csv with their weights. Unsure is no answer: a person reads it. Where a
 * path ends with nobody looking ("I am OK"), a word of spec/campaign/doubts.csv is enough to be
 * unsure: "I'm not OK", "OK but the wound is red". Pure. */
#include "campaign/journey_int.h"

#include "policy/content.h"

#include "campaign_gen.h"

#define SURE 70
#define LEAD 20
#define NOT_REACH 5  /* words: "I dont feel all that good" */
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

/* Where the words stand from `from` on; SIZE_MAX: nowhere. */
static size_t find_words(str s, str words, size_t from)
{
    for (size_t at = str_find(s, words, from); at != SIZE_MAX; at = str_find(s, words, at + 1))
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

/* "cant" in "cant afford": words that say no themselves are not unsaid by it. */
static bool says_not(str words)
{
    for (size_t i = 0; i < sizeof doubts / sizeof *doubts; i++)
        if (doubts[i].kind == DOUBT_NOT && find_words(words, str_of(doubts[i].text), 0) == 0)
            return true;
    return false;
}

/* Is there a "not" in the few words before `at`? */
static bool unsaid(str text, size_t at)
{
    str before = str_sub(text, 0, at);
    for (size_t i = 0; i < sizeof doubts / sizeof *doubts; i++) {
        str not = str_of(doubts[i].text);
        if (doubts[i].kind != DOUBT_NOT)
            continue;
        for (size_t k = find_words(before, not, 0); k != SIZE_MAX;
             k = find_words(before, not, k + 1))
            if (count_words(str_sub(before, k + not .n, before.n)) < NOT_REACH)
                return true;
    }
    return false;
}

/* Words that say how it is all the same: a "but", or what hurts. */
static bool doubtful(str text)
{
    for (size_t i = 0; i < sizeof doubts / sizeof *doubts; i++)
        if ((doubts[i].kind == DOUBT_BUT || doubts[i].kind == DOUBT_SYMPTOM) &&
            find_words(text, str_of(doubts[i].text), 0) != SIZE_MAX)
            return true;
    return count_words(text) > PLAIN_MAX;
}

struct weighed {
    int weight;
    str matched;
    bool unsaid; /* one of its words stands behind a "not" */
};

/* The best row of a code, a little more for further ones: never a sum that beats a plain word. */
static struct weighed weigh(str text, str code)
{
    struct weighed best = {0};
    int more = 0;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        str words = str_of(answers[i].text);
        size_t at = str_eq(str_of(answers[i].code), code) ? find_words(text, words, 0) : SIZE_MAX;
        if (at == SIZE_MAX)
            continue;
        more += 5;
        best.unsaid = best.unsaid || (!says_not(words) && unsaid(text, at));
        if (answers[i].weight > best.weight) {
            best.weight = answers[i].weight;
            best.matched = words;
        }
    }
    best.weight += more > 5 ? more - 5 : 0;
    best.weight = best.weight > 100 ? 100 : best.weight;
    return best;
}

/* Does a person look, or is something more asked, when this path of the question is taken? */
static bool somebody_looks(const struct plan *p, const struct plan_step *s, int path)
{
    for (int i = p->paths[path].first; i >= 0 && i != s->next; i = p->steps[i].next)
        if (p->steps[i].kind != PLAN_MESSAGE && p->steps[i].kind != PLAN_END)
            return true;
    return false;
}

static int by_number(const struct plan *p, const struct plan_step *s, str text)
{
    int digit = content_digit(text), found = -1;
    for (int i = s->paths; digit >= 0 && i < s->paths + s->n_paths; i++)
        if (p->paths[i].key.p[0] == '0' + digit)
            found = i;
    return found;
}

static bool is_doubt(enum doubt kind, str word)
{
    for (size_t i = 0; i < sizeof doubts / sizeof *doubts; i++)
        if (doubts[i].kind == kind && str_eq(word, str_of(doubts[i].text)))
            return true;
    return false;
}

/* Beside the number ("No. 3") stands nothing but good manners and words of the question itself. */
static bool number_alone(struct op *op, const struct plan_step *s, str text)
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
        for (int l = 0; !known && l < 3 && !is_doubt(DOUBT_NOT, word); l++)
            known = find_words(asked[l].normalised, word, 0) != SIZE_MAX;
        if (!known)
            return false;
    }
    return true;
}

/* What the words say, whatever number stands among them; path -1: unsure. */
static void by_words(const struct plan *p, const struct plan_step *s, str text,
                     struct journey_answer *ret)
{
    int second = 0;
    bool no = false;
    for (int i = s->paths; i < s->paths + s->n_paths; i++) {
        struct weighed w = weigh(text, p->paths[i].code);
        if (w.weight > ret->confidence) {
            second = ret->confidence;
            no = w.unsaid;
            *ret = (struct journey_answer){i, w.weight, w.matched, false, p->paths[i].title};
        } else if (w.weight > second)
            second = w.weight;
    }
    bool sure = ret->confidence >= SURE && ret->confidence - second >= LEAD;
    if (sure && !somebody_looks(p, s, ret->path))
        sure = !no && !doubtful(text);
    if (!sure) {
        ret->path = -1;
        ret->meaning = STR_NONE;
    }
}

bool journey_understand(struct op *op, const struct plan *p, const struct plan_step *s, str text,
                        struct journey_answer *ret)
{
    struct reply reply;
    *ret = (struct journey_answer){.path = -1};
    if (!content_reply(op, text, &reply))
        return false;
    str words = reply.normalised;
    int numbered = by_number(p, s, text);
    by_words(p, s, words, ret);
    if (numbered < 0)
        return true;
    bool same = ret->path == numbered;
    bool alone = ret->path < 0 && number_alone(op, s, words) &&
                 (somebody_looks(p, s, numbered) || !doubtful(words));
    if (same || alone)
        *ret = (struct journey_answer){numbered, 100, p->paths[numbered].key, true,
                                       p->paths[numbered].title};
    ret->path = same || alone ? numbered : -1;
    ret->meaning = same || alone ? ret->meaning : STR_NONE;
    return op_check(op) == OK;
}
