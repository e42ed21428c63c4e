/* The watch over looks: a follower of the trail that applies the rows of spec/desk/looks.csv to
 * what staff looked at, innocent explanations first, and opens cases for the privacy office
 * (information system activity review, 45 CFR 164.308(a)(1)(ii)(D)). A case says who, when, which
 * rule and why, never what was seen. Reads wait for nothing here: it runs behind them, a block of
 * lines at a time. */
#ifndef WEFT_DESK_WATCH_H
#define WEFT_DESK_WATCH_H

#include "desk/desk.h"

struct desk_watch;

/* zone: IANA zone of the house's clock; must outlive the watch. Unknown zones are ERR_INVALID. */
MUST err desk_watch_new(struct op *op, struct record *rec, str zone, struct desk_watch **ret);
void desk_watch_free(struct desk_watch *w); /* NULL allowed; after desk_watch_stop() */
/* failed is told on the watch's thread, once a minute at most, of a step that is done again. */
MUST err desk_watch_start(struct op *op, struct desk_watch *w);
void desk_watch_stop(struct desk_watch *w);

/* One block: cases, what is remembered and the cursor in one transaction. op->actor is the system.
 * *ret_n: lines taken, 0 at the end of the trail. Errors are passing; the next call goes on. */
MUST err desk_watch_step(struct op *op, struct desk_watch *w, size_t *ret_n);

struct desk_watch_stats {
    uint64_t lines, judged, explained, cases, joined, skipped;
};
/* Of this process; call from the thread that steps, or after stop. */
void desk_watch_stats(const struct desk_watch *w, struct desk_watch_stats *ret);

#endif
