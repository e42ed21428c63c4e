/* One person's step of the clock, and those under way together: run_step.c decides what comes,
 * run_batch.c keeps it, many people in a commit. */
#ifndef WEFT_CAMPAIGN_STEP_INT_H
#define WEFT_CAMPAIGN_STEP_INT_H

#include "campaign/run_int.h"
#include "desk/say.h"

/* One look at the clock: those of whom something waits; off: the plan last asked about is stopped;
 * first: what failed, of the plan broken. */
struct tick {
    struct op *op;
    struct campaigns *c;
    struct step **steps;
    size_t n;
    str plan, broken;
    bool off;
    err first;
};

struct step {
    struct tick *tick;
    struct op *op;
    struct campaigns *c;
    const struct record_job *job;
    struct enrolment e;
    struct loaded *l;
    struct met m;
    bool ended; /* the job is done */
    /* What waits for that of others: words, then the state that comes after a move. */
    bool speaks, keeps;
    struct outreach_draft draft;
    struct plan_move move;
    struct plan_state next;
    int64_t at;       /* of its timer; 0: none */
    const char *ends; /* the CarePlan's status then; NULL: it goes on */
};

/* Until nothing is left to do now, or the words wait for those of others. */
MUST err run_step_move_on(struct step *s);
/* Ends its job, unless something of it waits. */
MUST err run_step_finish(struct step *s);
/* The rulebook said no to the words by this way: another, or a person. */
void run_step_unsaid(struct step *s);
/* ---- what is done meanwhile (run_done.c) ---- */
/* What of the plan is in the record by now; NULL: nothing. */
MUST err run_step_done_row(struct step *s, const struct chip_row **ret);
MUST err run_step_leave_done(struct step *s, const struct chip_row *row);
/* The shot or the test is in the record, whatever the feed has come to: nothing is asked for any
 * more, and they leave. */
MUST err run_step_had_already(struct step *s, const struct plan_move *m);
/* Who left since it is done, and whose answer is heard: the rest of their path is of the plan. */
bool run_step_heard_out(const struct step *s);
struct promise {
    int64_t due;  /* of the case */
    int64_t told; /* to the patient, and to who calls: a quarter of an hour */
};
/* ms of the team's working hours from now; 0: now, or when they may next be called. */
MUST err run_promise(const struct step *s, int64_t ms, struct promise *ret);
/* What was told as staff read it: by the house's clock, and by the patient's where it is another.
 */
struct said run_promise_said(const struct step *s, int64_t told);
/* A case for a person, to call or to answer; step: of the plan, -1 none. Sets what was promised. */
MUST err run_step_case(struct step *s, struct record_tx *tx, int step, bool call);
MUST err run_step_commit(struct step *s, struct record_tx *tx);
/* Saves the state with the next timer; 0: none. */
MUST err run_step_save(struct step *s, struct record_tx *tx, int64_t at);
bool run_step_refused(err e);
/* Do they want no calls about what the step is about? */
bool run_step_no_calls(const struct step *s, int step);
/* ---- words out ---- */
#define PERSON_MS (4 * 3600000LL) /* until a person has read what was not understood */
/* like: channel, purpose, the campaign with which it ends, and whether it answers. Empty words: an
 * empty draft. */
MUST err run_step_draft(struct step *s, str text, const struct outreach_draft *like, str what,
                        struct outreach_draft *ret);
/* What the rulebook refuses is not sent, and is no error. */
MUST err run_step_hand_over(struct step *s, const struct outreach_draft *d, bool *ret_sent);
/* Did the patient write it, and not who gets their messages? The answer is theirs alone, then. */
MUST err run_step_words_own(struct step *s, bool *ret);
/* What they are still to be told of their answer (run_tell.c). */
MUST err run_step_tell(struct step *s);
bool run_step_is_case(const struct plan *p, int step);
/* A round's memory has an end: above it nothing more is begun, and what waits comes again. */
#define ROUND_GATHER (48u << 20)
#define ROUND_BYTES (128u << 20)
bool tick_crowded(const struct tick *t, size_t most);
/* What came of it; what failed is done again soon. */
void run_step_note(struct step *s, err e);
/* Keeps what waits of all, and begins anew. */
void tick_flush(struct tick *t);

#endif
