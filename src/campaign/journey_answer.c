/* Understands an answer to a question by transparent rules: the number, or words of
 * spec/campaign/answers.csv with their weights. Unsure is no answer: a person reads it. Pure. */
#include "campaign/journey_int.h"

#include "policy/content.h"

#include "campaign_gen.h"

#define SURE 70
#define LEAD 20

static const struct {
    const char *code, *text;
    int weight;
} answers[] = {ANSWER_ROWS};

static bool word_edge(str s, size_t i)
{
    return i == 0 || i >= s.n || s.p[i] == ' ' || s.p[i - 1] == ' ';
}

static bool has_words(str s, str words)
{
    for (size_t at = str_find(s, words, 0); at != SIZE_MAX; at = str_find(s, words, at + 1))
        if (word_edge(s, at) && word_edge(s, at + words.n))
            return true;
    return false;
}

/* The best row of a code, a little more for further ones: never a sum that beats a plain word. */
static int weight_of(str text, str code, str *ret_matched)
{
    int best = 0, more = 0;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        if (!str_eq(str_of(answers[i].code), code) || !has_words(text, str_of(answers[i].text)))
            continue;
        more += 5;
        if (answers[i].weight > best) {
            best = answers[i].weight;
            *ret_matched = str_of(answers[i].text);
        }
    }
    int sum = best + (more > 5 ? more - 5 : 0);
    return sum > 100 ? 100 : sum;
}

static int by_number(const struct plan *p, const struct plan_step *s, str text)
{
    int digit = content_digit(text), found = -1;
    for (int i = s->paths; digit >= 0 && i < s->paths + s->n_paths; i++)
        if (p->paths[i].key.p[0] == '0' + digit)
            found = i;
    return found;
}

bool journey_understand(struct op *op, const struct plan *p, const struct plan_step *s, str text,
                        struct journey_answer *ret)
{
    struct reply reply;
    int second = 0;
    *ret = (struct journey_answer){.path = -1};
    if (!content_reply(op, text, &reply))
        return false;
    int numbered = by_number(p, s, text);
    bool bare = str_trim(text).n <= 4;
    if (numbered >= 0 && (bare || reply.normalised.n <= 12)) {
        *ret = (struct journey_answer){numbered, 100, p->paths[numbered].key, true,
                                       p->paths[numbered].title};
        return true;
    }
    for (int i = s->paths; i < s->paths + s->n_paths; i++) {
        str matched = STR_NONE;
        int w = weight_of(reply.normalised, p->paths[i].code, &matched);
        if (w > ret->confidence) {
            second = ret->confidence;
            *ret = (struct journey_answer){i, w, matched, false, p->paths[i].title};
        } else if (w > second)
            second = w;
    }
    if (numbered >= 0 && numbered == ret->path)
        ret->confidence = 100;
    if (ret->confidence < SURE || ret->confidence - second < LEAD ||
        (numbered >= 0 && numbered != ret->path)) {
        ret->path = -1;
        ret->meaning = STR_NONE;
    }
    return true;
}
