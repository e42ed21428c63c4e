/* The programme room: people who are monitored at home for some weeks. An enrolment is an
 * EpisodeOfCare (type: the programme) with a CarePlan (identifier: the episode) whose activities
 * are the steps: consent, order, kit, teaching. Its life:
 *   planned → active ⇄ onhold → finished (graduated) | cancelled (left early).
 * Time spent is a Procedure (category https://weft.health/fhir/programme-time) with a period.
 * What is billed and what came of it is reckoned from the record each time; of how well people take
 * part the days with data are kept (kept.c). Every door asks the record as op->actor; results live
 * in op->arena. Days are days of the patient's own calendar (Patient.address timezone, else
 * house.zone). */
#ifndef WEFT_PROGRAMME_H
#define WEFT_PROGRAMME_H

#include "base/config.h"
#include "base/language.h"
#include "record/record.h"

#define PROGRAMME_NOTE_MAX 2000u

struct programmes;
MUST err programmes_new(struct op *op, struct record *rec, const struct config *config,
                        struct programmes **ret);
void programmes_free(struct programmes *p);
/* The follower that keeps which days have data, for programme_list(). */
MUST err programmes_start(struct op *op, struct programmes *p);
void programmes_stop(struct programmes *p);

/* The rows of spec/programme: [{"code", "title", "least", "most", "criteria": [{"code", "bar",
 * "group", "text"}], "steps": [{"code", "kind", "text"}], "tips": [text]}]; texts are {"en", "es",
 * "ar"}. */
struct json *programme_catalogue(struct op *op);

/* ---- the life of an enrolment -----------------------------------------------------------------
 */
/* Each criterion held against the record, and where that says nothing against answers ({criterion:
 * "yes" | "no"}; may be NULL): {"programme", "fits", "criteria": [{"code", "met": "yes" | "no" |
 * "unknown", "from": "record" | "answer" | "", "evidence"}]}. ERR_NOT_FOUND: no such programme or
 * patient. */
MUST err programme_check(struct op *op, struct programmes *p, str patient, str code,
                         const struct json *answers, struct json **ret);
/* ERR_UNPROCESSABLE: does not fit; ERR_CONFLICT: is in it already. *ret: the EpisodeOfCare. */
MUST err programme_enrol(struct op *op, struct programmes *p, str patient, str code,
                         const struct json *answers, struct record_result *ret);
/* A step of the plan is done. how: of a consent, verbal or written; by: of an order, who ordered
 * ("Practitioner/…"); note may be empty. *ret: the CarePlan. */
struct programme_done {
    str step, how, by, note;
};
MUST err programme_step(struct op *op, struct programmes *p, str episode,
                        const struct programme_done *done, struct record_result *ret);
/* to: active (starts, or goes on), onhold, finished, cancelled, or longer (to the most days).
 * ERR_UNPROCESSABLE: a step is missing, too early to graduate, no reason; ERR_CONFLICT: not from
 * the state it is in. */
MUST err programme_move(struct op *op, struct programmes *p, str episode, str to, str reason,
                        struct record_result *ret);

/* Time of op->actor for a patient: kind call, video, visit (in person: these three are contacts in
 * real time), message or review. ERR_UNPROCESSABLE: no enrolment, over 4 hours, in the future, or
 * older than 30 days. *ret: the Procedure. */
struct programme_spent {
    str patient, kind, note;
    int64_t from, to;
};
MUST err programme_time(struct op *op, struct programmes *p, const struct programme_spent *s,
                        struct record_result *ret);

/* ---- what came of it --------------------------------------------------------------------------
 */
/* Everybody of a programme (code empty: of any), or the patient alone, newest first: [{"episode",
 * "patient", "name", "programme", "status", "start", "end", "due", "enrolled", "withData", "last",
 * "steps": {code: bool}}]; enrolled counts whole days in which it was active, withData those with a
 * reading of a device. */
MUST err programme_list(struct op *op, struct programmes *p, str code, str patient,
                        struct json **ret);

/* Who was in it since then, each once, in an order that is the same each time and no property of
 * theirs: the first of them are a fair sample. place: larger than that of whoever is before. */
struct programme_person {
    str patient;
    int64_t from, to; /* of their time in it, ms */
    uint64_t place;
};
struct programme_people {
    struct programme_person *at;
    size_t n;
};
MUST err programme_people(struct op *op, struct programmes *p, str code, int64_t since,
                          struct programme_people *ret);

/* The month's lines of billing: {"month", "rows": [{"patient", "name", "episode", "code", "from",
 * "to", "units", "counted", "unit", "lacks": [], "consent", "order", "days": [{"date", "readings":
 * []}], "times": [{"reference", "kind", "from", "to", "who"}]}], "without": [{"patient", "name",
 * "kinds": []}]}. A row that lacks nothing can be billed; without: enrolled people of whom a kind
 * of line is not there at all. References name versions. */
MUST err programme_bill(struct op *op, struct programmes *p, int year, int month,
                        struct json **ret);

/* 90 days before and after the start, of those whose 90 days are over, beside as many people with
 * the same diagnosis who were never in it, each as ill before: {"n", "compared", "recent",
 * "measures": [{"code": ed | admissions | days | readmission | kccq | vr12-physical |
 * vr12-mental | cost, "programme": {"n", "before", "after", "change"}, "compared": likewise,
 * "effect"}], "tables": [{"survey", "version": of the table that scored, absent: none is loaded,
 * "answers": how many there are}], "deaths": {"programme", "compared", "effect"}, "minutes"}; cost:
 * of the first 11, 22, 33 … people only; change, effect:
 * {"value", "low", "high"}, 95 % (effect.h), absent where too few. */
MUST err programme_outcomes(struct op *op, struct programmes *p, str code, struct json **ret);

#endif
