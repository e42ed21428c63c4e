/* When the house itself was away: what was silent meanwhile may have spoken, and nobody heard. Kept
 * as a sign of life in the record, so it holds over restarts and for every node on the feed. */
#ifndef WEFT_DESK_AWAY_H
#define WEFT_DESK_AWAY_H

#include "record/record.h"

struct desk_away {
    int64_t alive;       /* ms: the last sign of life; 0: none yet */
    int64_t from, until; /* the last time it was away for longer than AWAY_MIN_MS; 0: never */
};
#define AWAY_MIN_MS (INT64_C(3) * 60 * 1000)

/* Keeps a sign of life, once a minute at most; *ret: as it is by now. For loops of the house. */
MUST err desk_away_beat(struct op *op, struct record *rec, struct desk_away *ret);
/* How many ms of [since, now] the house was away. Pure. */
int64_t desk_away_in(const struct desk_away *away, int64_t since, int64_t now);

#endif
