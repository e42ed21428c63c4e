/* Private to the campaign room: lives of campaigns, enrolments of people, the thread that runs
 * them. */
#ifndef WEFT_CAMPAIGN_RUN_INT_H
#define WEFT_CAMPAIGN_RUN_INT_H

#include "base/loop.h"
#include "campaign/campaign_int.h"
#include "campaign/journey_int.h"
#include "campaign/run.h"
#include "fhir/make.h"
#include "outreach/reach.h"

#include <pthread.h>
#include <stdatomic.h>

#define CAMPAIGN_CURSOR "campaign"
#define CAMPAIGN_QUEUE "campaign"
#define UNDERSTOOD_URL "https://weft.health/fhir/StructureDefinition/understood"
#define CARE_PLAN_ID "https://weft.health/fhir/enrolment"

const struct actor *campaign_system(void);

/* ---- the life of a campaign: named value campaign/life/<id> ---- */
struct life {
    str id, text; /* text: as kept, empty: never saved */
    struct json *o;
    str state; /* "draft" when there is none */
};
MUST err life_load(struct op *op, struct record *rec, str id, struct life *ret);
/* Joins tx; fails at its commit when somebody else saved it since. Adds `step` to its log and the
 * trail. */
MUST err life_save(struct record_tx *tx, struct op *op, struct life *l, const char *step);
int64_t life_time(const struct life *l, const char *name);
/* op->actor wrote a part since the last approval: none of these approves it. */
MUST err life_author(struct op *op, struct life *l);
bool life_wrote(const struct life *l, const struct actor *who);
/* "steps": the names of those that op->actor may take now; "wrote", "gave": why not approve. */
void campaign_steps(struct op *op, const struct campaigns *c, const struct life *l, struct json *o);
void life_set_time(struct op *op, struct life *l, const char *name, int64_t at);
/* People are under way in it: by the version in "liveVersion". A newer one may be a draft. */
bool life_live(const struct life *l);
/* Ids of what is scheduled or running: campaign/live. */
MUST err live_list(struct op *op, struct record *rec, str **ret, size_t *ret_n);
MUST err live_change(struct record_tx *tx, struct op *op, struct record *rec, str id, bool in);

/* ---- compiled outlines of the thread ---- */
struct loaded {
    str id;
    uint32_t vid;
    const struct plan *plan;
    str title;
    bool journey;
};
#define PLANS_MAX 128u
struct campaign_run;
/* Between two rounds, when nobody holds one: room for others. */
void plans_tidy(struct campaign_run *r);
/* vid 0: the newest. *ret stays NULL when it is no longer there; it is there until the round ends.
 */
MUST err plan_load(struct op *op, struct campaigns *c, str id, uint32_t vid, struct loaded **ret);
/* In op's memory, for any thread; NULL: it is no longer there. */
MUST err plan_alone(struct op *op, struct campaigns *c, str id, uint32_t vid, struct plan **ret);

/* ---- one person in one plan: named value campaign/e/<plan>/<rid>/<trigger rid> ---- */
struct enrolment {
    str plan;
    uint32_t vid;
    uint64_t patient, trigger; /* resource numbers; trigger 0: one enrolment a person */
    struct plan_state state;
    uint32_t seq;          /* timers of earlier states do nothing */
    bool held;             /* in the hold-out: followed, never contacted */
    str care_plan, reason; /* CarePlan id; the resources that triggered, with spaces between */
    str tell;    /* still to be sent: "echo:<path>", "person", "outcome:<code>:<case>"; or empty */
    str said;    /* what the person answered last: Communication id */
    int64_t due; /* of the last promise; 0 none */
    int64_t promised; /* what the echo told, until its case is made; 0 none */
    str done;         /* row of the chips by which they left: they had it; or empty */
    str text;         /* as kept; empty: not there */
};
struct enrolments {
    struct enrolment *all;
    size_t n;
};
str enrolment_key(struct op *op, const struct enrolment *e);
MUST err enrolment_load(struct op *op, struct record *rec, struct enrolment *e);
/* Saves it and sets its timer in tx; at 0: no timer. */
void enrolment_save(struct record_tx *tx, struct op *op, struct enrolment *e, int64_t at);
/* Those of a patient, newest first: campaign/p/<rid>. */
#define ENROLMENTS_MAX 32
MUST err enrolments_of(struct op *op, struct record *rec, uint64_t patient, struct enrolment *ret,
                       size_t *ret_n, str *ret_text);
MUST err enrolments_change(struct record_tx *tx, struct op *op, const struct enrolment *e, bool in);
/* They leave with tx, and what of the plan still waits at outreach does not go. Of what they were
 * asked an answer may still come. */
MUST err enrolment_leave(struct record_tx *tx, struct op *op, struct campaigns *c,
                         struct enrolment *e, enum plan_leaving how);
/* ---- two of what a plan is about (run_order.c) ---- */
bool order_is(fhir_type type);
/* Is it one of those for which they are in it (enrolment.reason)? */
bool enrolment_for(const struct enrolment *e, str reason);
/* Is the order one of what they take already? */
MUST err order_renews(struct op *op, struct campaigns *c, const struct record_doc *doc,
                      const struct json *tree, bool *ret);
/* Is it part of a journey that has only begun? It is named there, then. */
MUST err order_joins(struct op *op, struct campaigns *c, const struct enrolment *e, int64_t anchor,
                     bool *ret);
/* It is over; *ret_last: and with it the journey. */
MUST err order_ends(struct op *op, struct campaigns *c, struct enrolment *e, str reason,
                    bool *ret_last);
/* Were the words of the step said lately, for another of the same plan? */
MUST err order_said(struct op *op, struct campaigns *c, const struct enrolment *e,
                    const struct plan_step *step, bool *ret);
/* CarePlan of a new enrolment, which names the version of its plan; and its later status. */
str plan_version_uri(struct op *op, str id, uint32_t vid);
MUST err care_plan_open(struct record_tx *tx, struct op *op, const struct loaded *l,
                        struct enrolment *e);
MUST err care_plan_status(struct record_tx *tx, struct op *op, struct record *rec, str id,
                          const char *status);

/* ---- a person as the scheduler and the words need them ---- */
struct met {
    str id, first, language, zone;
    str emergency; /* whom they call in danger, as it stands after "call" */
    unsigned lang; /* 0 en, 1 es, 2 ar */
    struct json *patient;
    struct plan_place place;
    struct plan_person who;
    bool gone; /* deleted or deceased */
    const struct outreach_reach *reach;
};
MUST err meet(struct op *op, struct campaigns *c, const struct plan *p, uint64_t patient,
              struct met *ret);
/* What a step is about; -1: the plan. */
str plan_purpose(const struct plan *p, int step);
/* Which conditions of the plan hold for them now. */
MUST err conditions_of(struct op *op, struct campaigns *c, const struct plan *p, struct met *m);
/* An address as long as a link's; and where it stands in the text, a link to a Task of the message
 * with that key. */
str link_sample(struct op *op, const struct campaigns *c);
MUST err link_into(struct op *op, struct campaigns *c, const struct met *m, str key, str *io);
str words_for(struct op *op, const struct campaigns *c, const struct plan_words *w,
              const struct met *m, int64_t due);
/* An hour as a person reads it there: with its weekday, or the date where that is a week away. */
str due_words(struct op *op, str zone, int64_t due, unsigned lang);

/* ---- the thread's parts ---- */
/* Which of them the words answer; NULL: none. */
MUST err enrolment_asked(struct op *op, struct campaigns *c, const struct outreach_words *w,
                         struct enrolments in, struct enrolment **ret);
/* Has somebody's journey asked them something? (outreach_on_words) */
MUST err run_awaits(struct op *op, void *campaigns, const struct outreach_words *w, bool *ret);
MUST err run_follow(struct op *op, struct campaigns *c, size_t *ret_n);
MUST err run_tick(struct op *op, struct campaigns *c, size_t *ret_n);
/* Old data that came late enrols nobody. */
bool enrol_late(const struct plan *p, int64_t anchor, int64_t now);
/* Enrols; false: they are in it already, or it is too soon. */
MUST err enrol(struct record_tx *tx, struct op *op, struct campaigns *c, const struct loaded *l,
               struct enrolment *e, int64_t anchor, bool *ret_done);
struct people_of { /* a campaign's frozen audience */
    const uint64_t *rids;
    size_t n;
};
MUST err campaign_people(struct op *op, struct campaigns *c, const struct life *l,
                         struct people_of *ret);

MUST err campaign_check_role(struct op *op);
/* Of an outline's audience, as op->actor: is it veiled (audience.h), and who is in it as may be
 * told; everybody in the table of people. */
MUST err people_veiled(struct op *op, struct campaigns *c, str id, bool *ret);
MUST err people_told(struct op *op, struct campaigns *c, str id, struct people_of *ret);
MUST err people_everybody(struct op *op, struct campaigns *c, struct people_of *ret);
/* What the outline's audience is called; empty where it names none, or one that is gone. */
MUST err people_name(struct op *op, struct campaigns *c, str id, str *ret);
/* Every number in o as it may be told of a veiled audience. */
void people_coarse(struct op *op, struct json *o);
/* Who is in the audience of the outline now. */
MUST err people_now(struct op *op, struct campaigns *c, str id, uint64_t **ret, size_t *ret_n);
/* How many that is goes to the life, for whoever is asked to approve; without an audience: what is
 * missing. */
MUST err people_asked(struct op *op, struct campaigns *c, struct life *l);
MUST err people_freeze(struct op *op, struct campaigns *c, struct record_tx *tx, struct life *l);
/* May it be published (rules of campaign.publish)? ERR_UNPROCESSABLE with an issue a rule. */
MUST err campaign_publish(struct op *op, struct campaigns *c, const struct life *l);
/* The next batch of an audience; *ret_more: there are others. */
MUST err people_launch(struct op *op, struct campaigns *c, struct life *l, bool *ret_more);
bool enrolment_parse(str key, struct enrolment *ret);
/* ---- keys of messages: "j/<enrolment>/<step>/<try>/<second>"; said again, the try is "a<ways
 * tried>" ---- */
#define MESSAGE_KEY "j/"
/* What those of an enrolment begin with, and no others. */
str message_prefix(struct op *op, const struct enrolment *e);
str message_key(struct op *op, const struct enrolment *e, str step, str rest);
struct message_name {
    struct enrolment of;
    str step, attempt;
};
/* Of any person's, or where its name is a sum, of one of these; false: of none that is known. */
bool message_parse(struct op *op, str key, struct enrolments in, struct message_name *ret);
/* Is that part of a key the step's? */
bool message_names(struct op *op, str part, str step);

MUST err run_new(struct op *op, struct campaigns *c);
void run_free(struct campaigns *c);
MUST err run_start(struct op *op, struct campaigns *c);
void run_stop(struct campaigns *c);

struct campaign_run {
    struct arena *plans; /* of the cache */
    struct loaded *loaded[PLANS_MAX];
    size_t n_loaded;
    uint64_t cursor;
    uint64_t seen; /* nothing up to here is left to do */
    bool cursor_known;
    int64_t unreadable_said; /* when the log was told last of an outline that cannot be read */
    struct loop loop;
};

#endif
