/* Reading grade, an aid for the writer, never a bar. English: Flesch-Kincaid grade (Kincaid et al.
 * 1975), syllables by vowel groups. Spanish: Fernandez Huerta (1959, 206.84 - 60 P - 1.02 F, as
 * corrected by Law 2011), brought to school years by the usual table of the Flesch ease scale.
 * Arabic and every other language: no formula is claimed to hold; only words a sentence are counted
 * and half of them is shown as a stand-in, so that 12 words a sentence reads as year 6. */
#include "policy/content_int.h"

#define WORDS_MIN 5

struct counts {
    uint32_t words, sentences, syllables;
};

static bool is_vowel(uint32_t c)
{
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y';
}

static bool is_end(uint32_t cp)
{
    return cp == '.' || cp == '!' || cp == '?' || cp == 0x61f || cp == 0x6d4 || cp == 0x3002;
}

static uint32_t syllables_en(str word)
{
    uint32_t groups = 0;
    for (size_t i = 0; i < word.n; i++)
        groups += is_vowel((unsigned char)word.p[i]) &&
                  (i == 0 || !is_vowel((unsigned char)word.p[i - 1]));
    bool silent = word.n > 2 && str_ends(word, STR("e")) && !str_ends(word, STR("le")) &&
                  !is_vowel((unsigned char)word.p[word.n - 2]);
    silent = silent || (word.n > 3 && str_ends(word, STR("ed")) && word.p[word.n - 3] != 't' &&
                        word.p[word.n - 3] != 'd');
    return groups > 1 && silent ? groups - 1 : groups > 0 ? groups : 1;
}

/* Two strong vowels side by side are two syllables; folding has taken the accents off. */
static uint32_t syllables_es(str word)
{
    uint32_t n = 0;
    for (size_t i = 0; i < word.n; i++) {
        bool strong = word.p[i] == 'a' || word.p[i] == 'e' || word.p[i] == 'o';
        bool vowel = strong || word.p[i] == 'i' || word.p[i] == 'u';
        bool after =
            i > 0 && (word.p[i - 1] == 'a' || word.p[i - 1] == 'e' || word.p[i - 1] == 'o');
        bool after_weak = i > 0 && (word.p[i - 1] == 'i' || word.p[i - 1] == 'u');
        n += vowel && ((!after && !after_weak) || (strong && after));
    }
    return n > 0 ? n : 1;
}

static void end_word(struct counts *c, str word, bool spanish)
{
    bool letters = false;
    for (size_t i = 0; i < word.n; i++)
        letters = letters || word.p[i] < '0' || word.p[i] > '9';
    if (word.n == 0 || !letters)
        return;
    c->words++;
    c->syllables += spanish ? syllables_es(word) : syllables_en(word);
}

static void count_words(str text, struct counts *c, bool spanish)
{
    char space[256];
    struct folded f = {.p = space, .cap = sizeof space};
    content_fold(text, &f);
    str rest = str_make(f.p, f.n), word;
    while (str_take_until(&rest, ' ', &word))
        end_word(c, word, spanish);
}

/* Sentences by their marks and line ends; a piece without words is none. Pieces go through a small
 * buffer, cut at white space, so that nothing is allocated. */
static void count_text(str text, struct counts *c, bool spanish)
{
    size_t start = 0;
    uint32_t before = 0;
    for (size_t i = 0; i < text.n;) {
        uint32_t cp = str_utf8_next(text, &i);
        bool inside = cp == '.' && i < text.n && text.p[i] != ' ' && text.p[i] != '\n'; /* 12.5 */
        bool end = (is_end(cp) && !inside) || cp == '\n' || i >= text.n;
        if (!end && !(i - start > 60 && cp == ' ') && i - start < 120)
            continue;
        count_words(str_sub(text, start, i), c, spanish);
        start = i;
        if (end && c->words > before) {
            c->sentences++;
            before = c->words;
        }
    }
}

/* Flesch ease to school years: 100 = 4, 90 = 5, 80 = 6, 70 = 7, 60 = 9, 50 = 12, 30 = 16, 0 = 18.
 */
static double years_of_ease(double ease)
{
    static const double scale[][2] = {{100, 4}, {90, 5},  {80, 6},  {70, 7},
                                      {60, 9},  {50, 12}, {30, 16}, {0, 18}};
    if (ease >= 100)
        return 4;
    for (size_t i = 1; i < sizeof scale / sizeof *scale; i++)
        if (ease >= scale[i][0]) {
            double part = (scale[i - 1][0] - ease) / (scale[i - 1][0] - scale[i][0]);
            return scale[i - 1][1] + part * (scale[i][1] - scale[i - 1][1]);
        }
    return 18;
}

void content_grade(str text, str lang, struct grade *ret)
{
    str in = str_sub(text, 0, CONTENT_TEXT_MAX), primary = str_sub(lang, 0, 2);
    bool spanish = str_eq_nocase(primary, STR("es")), english = str_eq_nocase(primary, STR("en"));
    struct counts c = {0};
    count_text(in, &c, spanish);
    struct grade g = {.words = c.words, .sentences = c.sentences, .syllables = c.syllables};
    if (c.words >= WORDS_MIN && c.sentences > 0) {
        double length = (double)c.words / c.sentences, load = (double)c.syllables / c.words;
        if (english) {
            g.method = GRADE_FLESCH_KINCAID;
            g.score = g.years = 0.39 * length + 11.8 * load - 15.59;
        } else if (spanish) {
            g.method = GRADE_FERNANDEZ_HUERTA;
            g.score = 206.84 - 60 * load - 1.02 * length;
            g.years = years_of_ease(g.score);
        } else {
            g.method = GRADE_SENTENCE_LENGTH;
            g.score = length;
            g.years = length / 2;
            g.syllables = 0;
        }
        g.years = g.years < 0 ? 0 : g.years > 18 ? 18 : g.years;
    }
    *ret = g;
}
