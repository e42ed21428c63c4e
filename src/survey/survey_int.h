/* Private to the survey room. */
#ifndef WEFT_SURVEY_INT_H
#define WEFT_SURVEY_INT_H

#include "base/loop.h"
#include "base/time.h"
#include "fhir/fhir.h"
#include "fhir/make.h"
#include "survey/survey.h"

#include <pthread.h>
#include <stdatomic.h>

#define SURVEY_CURSOR "survey"
#define SURVEY_QUEUE "survey"
#define SURVEY_HOUR 3600000LL
#define SURVEY_WINDOW (72 * SURVEY_HOUR) /* from the end of the visit to the message */
#define SURVEY_TASK_SYSTEM "http://hl7.org/fhir/uv/sdc/CodeSystem/temp"
#define SURVEY_TASK_CODE "complete-questionnaire"
#define SURVEY_ANSWERS "https://weft.health/fhir/survey-answer/"

enum survey_how { SCALE_ONE, SCALE_LEAST, SCALE_SUM, SCALE_MEAN, SCALE_OF_SCALES, SCALE_WEIGHTED };
struct survey_scale {
    const char *score;
    enum survey_how how;
    uint32_t of; /* bit an item, or a scale of the same survey */
    unsigned least;
};
enum limit_how { LIMIT_AT_MOST, LIMIT_AT_LEAST, LIMIT_UNDER, LIMIT_DROP };
struct survey_limit {
    const char *rule, *score;
    enum limit_how how;
    double limit;
    bool contact; /* only of those who let us contact them */
    const char *programme;
    int priority, hours;
    enum say_word say;
};
const struct survey_limit *survey_limit_row(size_t i); /* NULL past the last */
struct survey_medicine {
    const char *class, *system, *code;
    bool exact; /* else what begins so */
};
const struct survey_medicine *survey_medicine_row(size_t i); /* NULL past the last */
/* The first answer in words; empty: none. */
str survey_words(const struct survey_given *g);
/* What an answer counts; a yes 1, a no 0. False: nothing. */
bool survey_count(const struct survey_given *g, size_t item, int *ret);
/* A count of the item's answers, put on 0-100. */
double survey_hundred(const struct survey_item *item, int count);
/* Number of a choice's option; -1: it has none of this code. */
int survey_option_of(const struct survey_item *item, str code);
/* Of a table alone, or not at all (survey/weights.h)? */
bool survey_is_weighted(const struct survey *of);

struct surveys {
    struct record *rec;
    struct outreach *outreach;
    struct campaigns *campaigns;
    const struct config *config;
    struct arena *arena;      /* of texts */
    const struct json *texts; /* survey.texts_file; NULL: none */
    uint64_t cursor, seen;
    bool cursor_known;
    bool caught_up; /* weights_catch_up() */
    struct loop loop;
};
const struct actor *survey_system(void);

/* questionnaire.c: the Questionnaire is in the record as it is in spec/survey and the site's file;
 * *ret_id its id. */
MUST err questionnaire_keep(struct op *op, struct surveys *s, const struct survey *of);
struct json *questionnaire_reference(struct op *op, const struct survey *of);
/* texts.c: a file of the site's that a setting names; STR_NONE where it names none. */
MUST err site_file(struct op *op, const struct surveys *s, const char *setting, str *ret);
MUST err texts_load(struct op *op, struct surveys *s);
/* weights.c: the tables of survey.weights_file are checked and kept, and those alone are in use. */
MUST err weights_load(struct op *op, struct surveys *s);
/* Answers from before a table are scored by it, once a table. */
MUST err weights_catch_up(struct op *op, struct surveys *s);
/* The message: parts as in struct survey.message, the address of the link in it. */
str texts_message(struct op *op, const struct survey *of, enum survey_part part, unsigned l,
                  str link);

/* ask.c */
MUST err survey_check_settings(struct op *op, const struct surveys *s);
struct visit {
    str patient, encounter;
    uint64_t patient_rid, encounter_rid;
    int64_t end;
    const struct json *tree;
};
/* Every survey of survey.after_visit, once each. */
MUST err visit_ended(struct op *op, struct surveys *s, const struct visit *v);
/* Is there what survey.only looks for, as far as op->actor may see? */
MUST err survey_concerns(struct op *op, struct surveys *s, const struct survey *of, str patient,
                         bool *ret);
/* The Task that asks, and the timer of its message. v: encounter empty where there was none. */
struct json *survey_task_new(struct op *op, const struct survey *of, const struct visit *v);
void survey_message_at(struct op *op, struct record_tx *tx, str task, int64_t due, int64_t end);
/* daily.c: when it was last answered, as far as op->actor may know; empty: never. */
MUST err survey_answered(struct op *op, struct surveys *s, const struct survey *of, str patient,
                         str *ret);
/* each_day.c: a ServiceRequest changed; its hour has come (body: of the job, after EACH_JOB). */
#define EACH_JOB "@" /* no id begins so */
MUST err request_came(struct op *op, struct surveys *s, const struct record_doc *doc);
MUST err each_day_job(struct op *op, struct surveys *s, const struct record_job *job, str body);
/* The active request for a survey that op->actor sees; *ret_tree NULL: none. */
MUST err survey_each_now(struct op *op, struct surveys *s, const struct survey *of, str patient,
                         struct record_doc *ret, struct json **ret_tree);
/* answer.c */
bool survey_task_open(const struct json *task);
/* survey_put() of what op->actor was told; *ret_id the response. */
MUST err survey_put_told(struct op *op, struct surveys *s, str task, const struct survey_given *g,
                         str *ret_id);
/* follow.c: is it the answer to a text of ours? (outreach_on_words) */
MUST err survey_awaits(struct op *op, void *surveys, const struct outreach_words *w, bool *ret);
/* observe.c: symptoms and medicines in a response, kept as what they are, once a version. */
MUST err response_observe(struct op *op, struct surveys *s, const struct record_doc *doc,
                          const struct json *tree);
/* judge.c: limits and danger in a response, each once. */
MUST err response_judge(struct op *op, struct surveys *s, const struct record_doc *doc,
                        const struct json *tree);

#endif
