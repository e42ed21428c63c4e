/* Private to the sender: jobs of a step, what becomes of each, how they are written. */
#ifndef WEFT_OUTREACH_SENDER_INT_H
#define WEFT_OUTREACH_SENDER_INT_H

#include "outreach/outreach_int.h"

#include "base/map.h"

#define LEASE_MS LANE_LEASE_MS
/* A step's memory has an end (256 MiB): above these nothing more is prepared, or decided anew. */
#define STEP_PREPARE (64u << 20)
#define STEP_ANEW (160u << 20)
#define NOT_KNOWN "it is not known whether this message left; ask the patient"

/* What became of a message. */
struct outcome {
    const char *status, *why; /* why NULL: nothing to tell */
    str provider_id;          /* one, or several by blanks */
    bool left, opted_out, no_address;
    const struct json *trace;
    enum receipt_means receipt; /* one that is here already */
    str error;                  /* of it */
};

/* What is written next of a job. */
enum step { STEP_NONE, STEP_DROP, STEP_LATER, STEP_SUBMIT, STEP_FINISH };
struct job {
    const struct record_job *in; /* as it was taken from the outbox */
    uint64_t number;
    uint32_t attempts;
    struct json *body;
    str communication, patient, campaign, mark; /* mark: of the patient's newest stop or start */
    bool moved;           /* the patient has another number than when it was queued */
    bool other;           /* the patient named somebody else, or nobody any more, to get it */
    bool unwanted;        /* a helpful answer to words, and a STOP came after them */
    bool submitting;      /* it was found so: a crash may have been between */
    bool row;             /* the ledger had one when it was finished */
    struct record_tx *tx; /* that a submit would be written in */
    enum channel_kind channel;
    int64_t expires;
    struct record_doc doc;
    struct json *tree; /* the Communication */
    enum step step;
    int64_t due; /* STEP_LATER */
    struct outcome out;
    bool written;
};

/* What a batch holds: its jobs, and of those that go whose they are and where they go. */
struct aloft {
    const struct record_job *jobs;
    size_t n;
    uint64_t lowest, highest; /* numbers of the jobs */
    struct map patients, addresses;
};
/* A batch, from its decision to its results. */
struct round {
    struct lane_jobs taken;
    struct job *jobs, **some; /* some: those that are ready */
    size_t n, ready;
    bool plenty; /* as many as may be in one: there may be more */
    int64_t now,
        mono; /* when its decision began, by the house's clock and the one that never jumps */
    struct aloft aloft;
};

/* Reads the job and decides what is next, in j->tx; what failed is logged, and nothing is next. */
void sender_prepare(struct op *op, struct outreach *o, const struct record_job *in, struct job *j);
/* All of them in one transaction; when somebody was faster with one, each in its own: what was
 * finished is a fact and is written over the change, a submit is decided anew. */
void sender_write(struct record_tx *tx, struct op *op, struct outreach *o, struct job *const *jobs,
                  size_t n);
/* Asks the rulebook again and says what is next. */
MUST err sender_decide(struct op *op, struct outreach *o, struct job *j);
struct message sender_message(const struct job *j);
/* How often an e-mail came back for now. */
unsigned sender_attempt(const struct job *j);

/* ---- sender_turn.c ---- */
/* Waits for its turn; op->now goes on meanwhile. */
void sender_turn(struct op *op, pthread_mutex_t *turn);
/* Tells the mates whether there is work for them. */
void sender_plenty(struct sender *s, bool plenty);
bool sender_is_plenty(struct sender *s);
/* Until something is to be sent, or a moment; of the first thread and of the others. */
void sender_rest(void *sender);
void sender_mate_rest(void *sender);
/* Does a batch that is on its way hold a message to this patient or address? */
bool sender_holds(struct sender *s, str patient, str to);
/* From its jobs' taking to its results; what another batch holds is left out of it: a lease may end
 * while a slow provider has the job. */
void sender_rises(struct sender *s, struct lane_jobs *taken, struct aloft *a);
void sender_lands(struct sender *s, const struct aloft *a);

#endif
