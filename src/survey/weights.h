/* Scoring tables: what the site loads for questionnaires whose weights are licensed
 * (survey.weights_file; the format is in spec/survey/README.md). A table is checked when it is
 * loaded and kept in the record under its version, which never stands for two tables; the one in
 * use is that of the last start. Comes with survey.h. */
#ifndef WEFT_SURVEY_WEIGHTS_H
#define WEFT_SURVEY_WEIGHTS_H

#include "survey/survey.h"

#define SURVEY_SCORES "https://weft.health/fhir/survey-score"     /* codes of its Observations */
#define SURVEY_WEIGHTS "https://weft.health/fhir/survey-weights/" /* their method: + survey */

struct survey_weights;
/* The table in use for a survey; *ret NULL: there is none, and nothing of it is scored. */
MUST err survey_weights_get(struct op *op, struct record *rec, const struct survey *of,
                            struct survey_weights **ret);
str survey_weights_version(const struct survey_weights *w);
/* A score by its name in spec/survey/scales.csv; false: no table (w NULL), no such score of it, or
 * not every question of it was answered. */
bool survey_weigh(const struct survey_weights *w, const struct survey_given *g, str score,
                  double *ret);

#endif
