/* What a patient's reply asks for, before any person or program answers it. Doubt goes to STOP
 * (rule TCPA-REV-02); START is never guessed. Invariant: a message that is a stop keyword of 47 CFR
 * 64.1200(a)(10) is always REPLY_STOP, whatever else it holds. */
#include "policy/content_int.h"

#define SHORT_WORDS 5

struct found { /* first phrase of each kind, NULL none */
    const struct phrase *whole_stop, *whole_help, *whole_start, *phrase, *word, *not, *flag;
    bool suicidal, device, trouble;
};

static size_t count_words(const struct folded *f)
{
    size_t spaces = 0;
    for (size_t i = 0; i < f->n; i++)
        spaces += f->p[i] == ' ';
    return spaces > 0 ? spaces - 1 : 0;
}

static void keep_first(const struct phrase **at, const struct phrase *p, bool counts)
{
    if (counts && !*at)
        *at = p;
}

static void note(struct found *found, const struct folded *f, size_t words, struct phrase_hit hit)
{
    const struct phrase *p = hit.phrase;
    bool first = hit.at == 1, last = hit.at + p->n + 1 == f->n, whole = first && last;
    switch (p->kind) {
    case PHRASE_STOP_KEYWORD:
        keep_first(&found->whole_stop, p, whole);
        break;
    case PHRASE_HELP_KEYWORD:
        keep_first(&found->whole_help, p, whole);
        break;
    case PHRASE_START_KEYWORD:
        keep_first(&found->whole_start, p, whole);
        break;
    case PHRASE_STOP_PHRASE:
        keep_first(&found->phrase, p, true);
        break;
    case PHRASE_STOP_MAYBE:
        keep_first(&found->word, p, true);
        break;
    case PHRASE_STOP_WORD:
        keep_first(&found->word, p, first || (last && words <= SHORT_WORDS));
        break;
    case PHRASE_STOP_NOT:
        keep_first(&found->not, p, true);
        break;
    case PHRASE_FLAG:
        keep_first(&found->flag, p, true);
        found->suicidal = found->suicidal || strcmp(p->group, "suicide") == 0;
        break;
    case PHRASE_DEVICE_NOUN:
        found->device = true;
        break;
    case PHRASE_DEVICE_TROUBLE:
        found->trouble = true;
        break;
    case PHRASE_PHI:
    case PHRASE_SENSITIVE:
    case PHRASE_FINANCIAL:
    case PHRASE_MARKETING:
    case PHRASE_STOP:
    case PHRASE_ALERT:
    case PHRASE_SENDER:
    case PHRASE_DATE:
    case PHRASE_UNIT:
        break;
    }
}

static void conclude(const struct found *found, struct reply *r)
{
    const struct phrase *decided = NULL;
    if (found->whole_stop) {
        decided = found->whole_stop;
        r->intent = REPLY_STOP;
        r->keyword = true;
    } else if (found->phrase || (found->word && !found->not )) {
        decided = found->phrase ? found->phrase : found->word;
        r->intent = REPLY_STOP;
    } else if (found->whole_help) {
        decided = found->whole_help;
        r->intent = REPLY_HELP;
        r->keyword = true;
    } else if (found->whole_start) {
        decided = found->whole_start;
        r->intent = REPLY_START;
        r->keyword = true;
    }
    r->matched = decided ? str_of(decided->text) : STR("");
    r->emergency = found->flag != NULL;
    r->suicidal = found->suicidal;
    r->device = found->device && found->trouble;
    r->flag_group = found->flag ? str_of(found->flag->group) : STR("");
}

bool content_reply(struct op *op, str text, struct reply *ret)
{
    struct folded f;
    if (!content_fold_new(op, text, &f))
        return false;
    struct found found = {0};
    struct phrase_hit hit;
    size_t words = count_words(&f);
    for (struct phrase_iter it = content_phrases_of(&f); content_next_phrase(&it, &hit);)
        note(&found, &f, words, hit);
    struct reply r = {.normalised = str_trim(str_make(f.p, f.n))};
    conclude(&found, &r);
    *ret = r;
    return true;
}

int content_digit(str text)
{
    int found = -1;
    for (size_t at = 0, digits = 0; at < text.n;) {
        uint32_t k = str_utf8_next(text, &at);
        if (k >= 0x660 && k <= 0x669)
            k = '0' + (k - 0x660);
        if (k < '0' || k > '9')
            continue;
        found = digits++ ? -1 : (int)(k - '0');
    }
    return found;
}
