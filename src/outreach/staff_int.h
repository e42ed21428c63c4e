/* Private to messages to who works here: pages (page.c) and words tried on their author (probe.c).
 * None is contact with a patient: no Communication, no ledger, no consent of a patient. */
#ifndef WEFT_OUTREACH_STAFF_INT_H
#define WEFT_OUTREACH_STAFF_INT_H

#include "outreach/outreach_int.h"

/* A named value of one of them. */
struct staff_state {
    str key, kept; /* as it was read */
    struct json *o;
};
MUST err staff_load(struct op *op, struct outreach *o, str key, struct staff_state *ret);
/* tx fails when somebody else changed it since. */
void staff_put(struct record_tx *tx, struct op *op, const struct staff_state *s);
#define STAFF_HOUR_MS (3600 * 1000LL)
/* How many instants of the list are of the last ms; it keeps no others. *ret_last: the newest, or
 * 0. A clock that was put back leaves some that are to come: they count for nothing. */
size_t staff_lately(struct op *op, struct staff_state *s, const char *list, int64_t ms,
                    int64_t *ret_last);
/* One more, now; staff_lately() made the list. */
void staff_count(struct op *op, struct staff_state *s, const char *list);

str staff_text(struct op *op, const struct json *v);
/* Where messages of a kind ("page", "probe") wait for a channel. */
str staff_queue(struct op *op, const char *kind, enum channel_kind k);
/* {id, who, to, text, subject, language, until}: p with an id that begins so. */
struct json *staff_job(struct op *op, const char *id, str who, const struct parcel *p);

struct staff_sent {
    size_t n;         /* 0: none waited */
    struct json *job; /* NULL: none left */
    struct parcel p;  /* what came of it */
};
/* The channel's thread: the next one leaves, when its number may speak now. Its job is gone before
 * it is handed over, so it goes once or not at all. */
MUST err staff_send(struct op *op, struct outreach *o, const char *kind, enum channel_kind k,
                    struct staff_sent *ret);
/* One spelling of a number or a mail address; false: it is none. */
bool staff_address(struct op *op, enum channel_kind k, str in, str *ret);

#endif
