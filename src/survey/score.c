/* Scores of what was given, by the rows of spec/survey/scales.csv. Pure. Invariant: an answer
 * without a count, such as KCCQ-12's sixth, is as if it was not there. */
#include "survey/survey_int.h"

static int top_of(const struct survey_item *item)
{
    int top = item->kind == SURVEY_YESNO;
    for (size_t i = 0; i < item->n_options; i++)
        top = item->options[i].score > top ? item->options[i].score : top;
    return top;
}

static int bottom_of(const struct survey_item *item)
{
    int bottom = item->kind == SURVEY_YESNO ? 0 : top_of(item);
    for (size_t i = 0; i < item->n_options; i++)
        if (item->options[i].score != SURVEY_NO_SCORE && item->options[i].score < bottom)
            bottom = item->options[i].score;
    return bottom;
}

bool survey_count(const struct survey_given *g, size_t i, int *ret)
{
    const struct survey_item *item = &g->of->items[i];
    if (item->kind == SURVEY_TEXT || g->choice[i] < 0)
        return false;
    *ret = item->kind == SURVEY_YESNO ? g->choice[i] : item->options[g->choice[i]].score;
    return *ret != SURVEY_NO_SCORE;
}

double survey_hundred(const struct survey_item *item, int count)
{
    int low = bottom_of(item), high = top_of(item);
    return 100.0 * (count - low) / (high - low);
}

struct sum {
    unsigned n;
    double all, least, hundreds; /* hundreds: each answer on 0-100 */
};

static struct sum of_items(const struct survey_given *g, uint32_t of)
{
    struct sum s = {0};
    for (size_t i = 0; i < g->of->n_items; i++) {
        int v;
        if (!(of >> i & 1u) || !survey_count(g, i, &v))
            continue;
        s.least = s.n == 0 || v < s.least ? v : s.least;
        s.all += v;
        s.hundreds += survey_hundred(&g->of->items[i], v);
        s.n++;
    }
    return s;
}

static bool of_answers(const struct survey_given *g, const struct survey_scale *scale, double *ret)
{
    struct sum s = of_items(g, scale->of);
    if (s.n == 0 || s.n < scale->least)
        return false;
    *ret = scale->how == SCALE_LEAST  ? s.least
           : scale->how == SCALE_MEAN ? s.hundreds / s.n
                                      : s.all;
    return true;
}

static bool of_scales(const struct survey_given *g, const struct survey_scale *scale, double *ret)
{
    double sum = 0, v;
    unsigned n = 0;
    for (size_t i = 0; i < g->of->n_scales; i++)
        if (scale->of >> i & 1u && of_answers(g, &g->of->scales[i], &v)) {
            sum += v;
            n++;
        }
    if (n == 0 || n < scale->least)
        return false;
    *ret = sum / n;
    return true;
}

bool survey_score(const struct survey_given *g, str score, double *ret)
{
    for (size_t i = 0; i < g->of->n_scales; i++) {
        const struct survey_scale *scale = &g->of->scales[i];
        if (str_eq(score, str_of(scale->score)) && scale->how != SCALE_WEIGHTED)
            return scale->how == SCALE_OF_SCALES ? of_scales(g, scale, ret)
                                                 : of_answers(g, scale, ret);
    }
    return false;
}
