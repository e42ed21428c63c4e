/* Private to the ledger: its pages as bytes, and what is counted in them. Pure. */
#ifndef WEFT_OUTREACH_LEDGER_INT_H
#define WEFT_OUTREACH_LEDGER_INT_H

#include "outreach/ledger.h"

#define LEDGER_PAGE_MAX 200u  /* entries of the newest page */
#define LEDGER_PAGE_SOFT 64u  /* above it, what is older than a month moves behind */
#define LEDGER_MOVE 50u       /* entries that move at once */
#define LEDGER_BEHIND_MAX 64u /* pages behind that a look-up reads at most */
#define LEDGER_MONTH_MS (31 * 24 * 3600 * 1000LL)
/* What leaves counts from a second ahead, so that what is taken within it needs no second writing,
 * and none counts from before it was there. */
#define LEDGER_AHEAD_MS 1000

/* entries: oldest first. */
struct ledger_page {
    uint32_t behind;     /* pages 0 … behind-1 hold what is older */
    int64_t behind_last; /* the newest instant in them */
    size_t n;
    struct ledger_entry at[LEDGER_PAGE_MAX + 1];
};
/* Empty bytes: an empty page. False when damaged. */
bool ledger_unpack(str bytes, struct ledger_page *ret);
str ledger_pack(struct arena *a, const struct ledger_page *p);
/* Replaces the entry of the same id, or puts it where its time belongs. */
void ledger_put(struct ledger_page *p, const struct ledger_entry *e);
struct ledger_entry *ledger_find(struct ledger_page *p, uint64_t id);
/* Takes the oldest entries off to *ret when the page is too long at `now`; false: it is not. */
bool ledger_spill(struct ledger_page *p, int64_t now, struct ledger_page *ret);

/* Adds what the entry means for a question; place: of self among those that wait. */
struct ledger_place {
    int64_t at;
    uint64_t id;
};
struct ledger_sum {
    const struct ledger_question *q;
    int64_t now;
    int64_t today; /* its first instant */
    struct ledger_place place;
    uint32_t programme, subject;
    uint64_t self; /* the patient */
    struct ledger_counts counts;
};
void ledger_sum_start(struct ledger_sum *s, const struct ledger_question *q, int64_t now);
/* The patient's own entries, and those of the number. */
void ledger_sum_own(struct ledger_sum *s, const struct ledger_entry *e);
void ledger_sum_number(struct ledger_sum *s, const struct ledger_entry *e);

/* The attempt that a Task of code "call" stands for; false: it is none, or was not made. A planned
 * call is none yet; one that nobody answered is kept and is no contact, so that a text may follow.
 */
bool ledger_read_call(struct op *op, const struct json *task, str *ret_patient,
                      struct ledger_entry *ret);

/* The patient's row as it stands in the number's page, which is asked for nothing else. */
struct ledger_entry ledger_shared(const struct ledger_entry *own, str patient);
/* The row with e's id as the transaction sees it. */
MUST err ledger_entry_now(struct record_tx *tx, struct op *op, str patient,
                          const struct ledger_entry *e, struct ledger_entry *ret, bool *ret_there);
/* The pages of a patient who is gone. */
MUST err ledger_forget(struct record_tx *tx, struct op *op, str patient);
/* Names of pages: the newest of a patient or a number, and one behind it. */
str ledger_own_key(struct op *op, str patient);
str ledger_number_key(struct op *op, uint64_t number);
str ledger_behind_key(struct op *op, str key, uint32_t page);
/* The same with where they lie: a patient's pages beside those of the number (0: not known), so
 * that a look-up reads one place of the disk for both. */
struct ledger_name {
    str key, near;
};
struct ledger_name ledger_own(struct op *op, str patient, uint64_t number);
struct ledger_name ledger_of_number(struct op *op, uint64_t number);
struct ledger_name ledger_behind(struct op *op, struct ledger_name front, uint32_t page);
/* Is there a row from before? */
MUST err ledger_has_before(struct op *op, struct record *rec, str patient, int64_t before,
                           bool *ret);
/* Takes rows from before out of the patient's pages, and out of those of the numbers they were at.
 */
MUST err ledger_purge(struct record_tx *tx, struct op *op, str patient, int64_t before,
                      size_t *ret_rows);
/* One step of the follower: at most so many changes; *ret_n how many. */
MUST err ledger_step(struct op *op, struct outreach *o, size_t *ret_n);
/* Its thread, o->follower. */
MUST err ledger_start(struct op *op, struct outreach *o);
#define LEDGER_SETTLE_MS 100 /* a screen waits this long at most for the follower */
/* Waits at most ms until the follower has seen t; false: it has not. */
bool ledger_settle(const struct outreach *o, uint64_t t, int64_t ms);

_Static_assert(sizeof(struct ledger_entry) == 48, "a row has no padding");

#endif
