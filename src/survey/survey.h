/* The survey room: what patients are asked after a visit or about their day, and what they answer.
 * A survey is a Questionnaire of spec/survey; asked of somebody it is a Task (code
 * complete-questionnaire); the answer is a QuestionnaireResponse. Visits that end, answers and
 * texts are followed in the change feed: asked once a visit within 72 hours, decided by outreach
 * like every message; low scores become cases of the desk, once; symptoms and medicines become
 * Observations and MedicationStatements. All results live in op->arena. */
#ifndef WEFT_SURVEY_H
#define WEFT_SURVEY_H

#include "base/language.h"
#include "campaign/campaign.h"

#define SURVEY_URL "https://weft.health/fhir/Questionnaire/"
#define SURVEY_ITEMS_MAX 32u
#define SURVEY_TEXT_MAX 1000u /* bytes of an answer in words */
#define SURVEY_NO_SCORE (-1)

/* ---- what is asked: rows of spec/survey ---------------------------------------------------- */
enum survey_part { SURVEY_SMS, SURVEY_BRIEF, SURVEY_SUBJECT, SURVEY_EMAIL, SURVEY_PARTS };
enum survey_kind { SURVEY_CHOICE, SURVEY_TEXT, SURVEY_YESNO };
enum survey_says { SAYS_NOTHING, SAYS_SYMPTOM, SAYS_MEDICINES };
struct survey_option {
    const char *code;
    int score; /* SURVEY_NO_SCORE: as if it was not answered */
    const char *loinc, *text[LANGUAGE_COUNT];
};
struct survey_item {
    const char *link; /* linkId */
    enum survey_kind kind;
    const struct survey_option *options; /* of a choice, n_options */
    size_t n_options;
    const char *loinc, *text[LANGUAGE_COUNT];
    enum survey_says says;    /* what the answer is kept as, beside itself */
    const char *code, *shown; /* of a symptom; of medicines their class or "", NULL */
};
struct survey_scale;
struct survey {
    const char *name;
    bool sensitive; /* labelled R */
    bool licensed;  /* structure only: its words are the site's (survey.texts_file) */
    bool daily;     /* about their day: asked whenever they or their nurse wish */
    const char *loinc, *title[LANGUAGE_COUNT];
    const struct survey_item *items;
    size_t n_items;
    const struct survey_scale *scales;
    size_t n_scales;
    const char *only; /* asked after a visit of those alone for whom it finds something; or "" */
    const char *message[SURVEY_PARTS][LANGUAGE_COUNT];
};
const struct survey *survey_find(str name);    /* NULL: there is none */
const struct survey *survey_of(str canonical); /* Questionnaire.url, with or without |version */
const struct survey *survey_row(size_t i);     /* NULL past the last */

/* ---- what is answered ----------------------------------------------------------------------- */
struct survey_given {
    const struct survey *of;
    int8_t choice[SURVEY_ITEMS_MAX]; /* number of the option; of a yesno 0 no, 1 yes; -1: not */
    str text[SURVEY_ITEMS_MAX];
};
void survey_given_new(const struct survey *of, struct survey_given *ret);
/* value: an option's code, "yes" or "no", or words; empty takes an answer back. ERR_INVALID at the
 * linkId: no such question or answer, or words too long or not UTF-8. */
MUST err survey_give(struct op *op, struct survey_given *g, str link, str value);
/* From a QuestionnaireResponse; an answer that does not fit its question is ERR_INVALID. *ret->of
 * stays NULL when it answers no survey of ours. */
MUST err survey_read(struct op *op, const struct json *response, struct survey_given *ret);
/* A score by its name in spec/survey/scales.csv; false: too little was answered. Exact but for the
 * last bit of a double. */
bool survey_score(const struct survey_given *g, str score, double *ret);

/* ---- the room ------------------------------------------------------------------------------- */
struct surveys;
/* The rooms and the configuration outlive it. ERR_INVALID: survey.after_visit names what is not
 * there, or survey.texts_file cannot be read. */
MUST err surveys_new(struct op *op, struct record *rec, struct outreach *outreach,
                     struct campaigns *campaigns, const struct config *config,
                     struct surveys **ret);
void surveys_free(struct surveys *s);
MUST err surveys_start(struct op *op, struct surveys *s);
void surveys_stop(struct surveys *s);
/* What its thread does, a step each: for tests with a clock of their own. */
MUST err surveys_follow(struct op *op, struct surveys *s, size_t *ret_n);
MUST err surveys_tick(struct op *op, struct surveys *s, size_t *ret_n);

/* The words of a question or an answer; language: number as in text[]. Licensed ones come from the
 * site's file. Empty: there are none. */
str survey_item_text(const struct surveys *s, const struct survey *of, size_t item, unsigned l);
str survey_option_text(const struct surveys *s, const struct survey *of, size_t item, size_t option,
                       unsigned l);
/* Can it be asked: has it words? */
bool survey_ready(const struct surveys *s, const struct survey *of);

/* Which survey a Task asks for; NULL: it is another kind of task. */
const struct survey *survey_of_task(const struct json *task);
/* What was answered to the Task so far (by text, say); else nothing. Shown to who holds its link:
 * as the house. */
MUST err survey_begun(struct op *op, struct surveys *s, str task, struct survey_given *ret);
/* The answer to a Task: a QuestionnaireResponse, once; the Task is completed with it. partial: more
 * may follow. Who may answer was asked by the caller (link_open); written as the house.
 * ERR_CONFLICT: it was answered already. */
MUST err survey_put(struct op *op, struct surveys *s, str task, const struct survey_given *g,
                    bool partial);

/* ---- about their day ------------------------------------------------------------------------ */
/* The daily surveys that fit a patient, as far as op->actor may know: [{"survey", "title": {"en",
 * "es", "ar"}, "answered": the time of the last answer, "each": {"at", "until"}, "items": [{"link",
 * "kind": choice, text or yesno, "text": {…}, "options": [{"code", "text": {…}}]}]}]. Errors as
 * record_read(). */
MUST err survey_daily(struct op *op, struct surveys *s, str patient, struct json **ret);
struct survey_asking {
    const struct survey *of;
    str patient;
    bool by_text; /* send the link, as outreach decides; else it waits in the portal */
    int64_t at;   /* which time it is asked for, a text for each hour at most; 0: now */
};
/* The Task that asks, one open at a time: ret_task. A patient asks for their own, staff with the
 * right to write Tasks; ERR_FORBIDDEN, ERR_UNPROCESSABLE: it is asked after visits alone. */
MUST err survey_ask(struct op *op, struct surveys *s, const struct survey_asking *a, str *ret_task);
/* By text each day at an hour of the patient's day ("08:00"), for 90 days from now; empty: no more.
 * A ServiceRequest, one a patient and survey: ret_request, empty where there was none to stop. Not
 * on a day that was answered, nor while the plan rests. Errors as survey_ask(); ERR_INVALID at
 * each. */
MUST err survey_each_day(struct op *op, struct surveys *s, const struct survey_asking *a, str at,
                         str *ret_request);
/* What somebody of the house wrote down of a call: {link: value}, as they are entered; the response
 * names op->actor as its author. ret_response: its id. ERR_INVALID at the linkId. */
MUST err survey_told(struct op *op, struct surveys *s, const struct survey_asking *a,
                     const struct json *answers, str *ret_response);

/* Sums over everybody who was asked in the last `days`, whole ones; no group under 30 people told:
 * {"survey", "days", "asked", "answered", "rate": {"value", "low", "high"}, "nps": {"n", "value",
 * "low", "high", "promoters", "passives", "detractors"}, "items": [{"link", "n", "mean", "low",
 * "high"}], "by": {"language", "age", "area"}: [{"code", …} or {"code", "few": true}]}; "few"
 * instead where the whole is under 30. Intervals: 95 %. For staff who plan, treat or review;
 * ERR_FORBIDDEN. */
MUST err survey_report(struct op *op, struct surveys *s, const struct survey *of, unsigned days,
                       struct json **ret);
/* May they take the report away as a file? */
bool survey_may_export(const struct actor *a);

#endif
