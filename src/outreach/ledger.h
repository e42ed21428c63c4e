/* The contact ledger: every attempt to reach a patient, by any channel, campaign, person or
 * partner, in a few packed pages: one row of pages a patient and one a number or address (the
 * household). Pages are named values, written in the transaction of the attempt, so they and the
 * Communications never differ; a follower adds the Communications that others wrote by FHIR.
 * A look-up reads two values that lie side by side, whatever the number of patients.
 * Source of the caps: rules MSG-09, MSG-10, CAP-01, CAP-02, TCPA-HC-09, TCPA-RES-02. */
#ifndef WEFT_OUTREACH_LEDGER_H
#define WEFT_OUTREACH_LEDGER_H

#include "record/record.h"

enum ledger_channel {
    LEDGER_OTHER,
    LEDGER_SMS,
    LEDGER_VOICE,
    LEDGER_EMAIL,
    LEDGER_PORTAL,
    LEDGER_PUSH,
    LEDGER_LETTER,
    LEDGER_CHANNEL_COUNT
};
/* "sms", "voice", "email", "portal", "push", "letter"; everything else is LEDGER_OTHER. */
enum ledger_channel ledger_channel_of(str code);
str ledger_channel_name(enum ledger_channel c);

/* What it was: only CARE is a contact that caps count; the others are owed, not sought. KEYWORD:
 * incoming, STOP and the like, which asks nothing. */
enum ledger_kind { LEDGER_CARE, LEDGER_STOPPED, LEDGER_HELPED, LEDGER_STARTED, LEDGER_KEYWORD };
/* LEDGER_OUT: handed over, delivered, or perhaps so. FAILED and TAKEN_BACK do not count. */
enum ledger_state { LEDGER_WAITING, LEDGER_OUT, LEDGER_FAILED, LEDGER_TAKEN_BACK };

struct ledger_entry {
    int64_t at;       /* ms: sent (waiting: written) or received */
    uint64_t id;      /* ledger_mark() of the Communication's id */
    uint64_t due_key; /* ledger_mark() of the (patient, purpose, due) key; 0 none */
    uint64_t number;  /* of the address; in a number's pages: of the patient; 0 unknown */
    uint32_t programme, campaign, subject; /* low half of ledger_mark(); 0 none */
    uint8_t channel, kind, state;
    bool incoming : 1; /* the patient wrote to us */
    bool ours : 1;     /* this room's message: the sender and receipts alone move it on */
    bool excepted : 1; /* a call that the rulebook refused, made by a named exception (call.h) */
};
/* A blind number for a name: SHA-256, first 8 bytes; never 0; 0 for the empty name. */
uint64_t ledger_mark(str name);

/* Adds the attempt, or replaces what is there with the same id, in tx; e->number is set from
 * address ("+13125550143", "a@example.org", empty unknown). Several entries in one transaction are
 * fine. The commit fails ERR_CONFLICT when somebody else wrote of the same patient or number: try
 * again. */
MUST err ledger_add(struct record_tx *tx, struct op *op, str patient, const struct ledger_entry *e,
                    str address);
/* A message of ours moved on: its row has the state and the time that the Communication says now.
 * What the ledger does not hold is left alone (the follower adds it): *ret_there is false. */
MUST err ledger_state(struct record_tx *tx, struct op *op, const struct json *communication,
                      bool *ret_there);
/* A row of what is queued and leaves within the second: it counts as out from the start, so that
 * its leaving is not written again. Whoever finds that it does not leave yet says so with
 * ledger_state(). */
void ledger_soon(const struct op *op, struct ledger_entry *e);
/* It is about to be handed over: counted from now on (rather a second later than too early), before
 * anybody knows what comes of it. */
MUST err ledger_leaves(struct record_tx *tx, struct op *op, const struct json *communication);
/* The entry that a Communication stands for; false when it is none (to a colleague, a note, without
 * a time). */
bool ledger_read(const struct json *communication, struct ledger_entry *ret);

struct ledger_question {
    str patient, address; /* address: of this attempt; empty unknown */
    str self;             /* a Communication that does not count, or empty; what waits
                             behind it does not count either: of two that wait, one goes */
    const str *zones;     /* "today" is the longest of the zones' days so far; none: UTC */
    size_t n_zones;
    str programme, subject;  /* codes; empty none */
    uint64_t due_key;        /* 0: not asked */
    int64_t confirmed_since; /* confirmations of a stop before this do not count */
    struct record_tx *tx;    /* counts what it adds, and is guarded by what was counted; or NULL */
};
struct ledger_count {
    unsigned day, week, month; /* this local day; last 7 and 30 times 24 hours */
};
struct ledger_counts {
    struct ledger_count all;       /* contacts by any channel */
    struct ledger_count spoken;    /* texts and calls together */
    struct ledger_count calls;     /* calls alone */
    struct ledger_count number;    /* texts and calls to the number, whoever they were for */
    struct ledger_count programme; /* of the programme asked about */
    unsigned subject_24h;          /* of the subject asked about */
    unsigned confirmations;        /* of a stop, since; to the patient or to the number */
    bool wrote_first;              /* the patient wrote words to us in the last 24 hours */
    bool seen;                     /* an attempt with the due key is there */
    int64_t last_out, last_in;     /* 0 never */
    int64_t counted[64];           /* instants of all.month, newest first */
    size_t n_counted;
};
/* The Communication goes to another number than it was written for: counted there from now on, and
 * no more at the old one. No such row: nothing happens. */
MUST err ledger_move(struct record_tx *tx, struct op *op, const struct json *c, str address);
/* Reads as the system: facts do not depend on who asks. ERR_UNAVAILABLE while the ledger is still
 * being made from an older record (ledger_ready()). */
MUST err ledger_load(struct op *op, struct record *rec, const struct ledger_question *q,
                     struct ledger_counts *ret);
/* The contact budget of a patient across everything, for screens: {"day": {"limit", "used",
 * "left"}, "week": …, "number": …, "next": instant or absent, "last": …, "channels": {"sms": n …}}.
 * Asks for the right to read the patient; no words and no addresses are in it. */
struct outreach;
MUST err ledger_budget(struct op *op, struct outreach *o, str patient, struct json **ret);
/* How the last attempts went, and when: for the choice of a way (choose.h). */
struct ledger_delivery {
    unsigned failing;     /* bit an enum way: the newest delivery of these 30 days came back */
    int64_t last_contact; /* of anything that went or waits; 0 none */
};
MUST err ledger_delivery(struct op *op, struct record *rec, str patient,
                         struct ledger_delivery *ret);
/* Newest first, at most max, of a patient's pages; for reports and the simulator. */
MUST err ledger_list(struct op *op, struct record *rec, str patient, size_t max,
                     struct ledger_entry **ret, size_t *ret_n);

#endif
