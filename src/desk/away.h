/* When the house itself was away: what was silent meanwhile may have spoken, and nobody heard. Kept
 * as a sign of life in the record, so it holds over restarts and for every node on the feed. */
#ifndef WEFT_DESK_AWAY_H
#define WEFT_DESK_AWAY_H

#include "record/record.h"

#define AWAY_MIN_MS (INT64_C(3) * 60 * 1000)
#define AWAY_SPANS 64u                            /* the oldest makes room */
#define AWAY_KEPT_MS (INT64_C(60) * 24 * 3600000) /* no rule looks further back */
struct desk_away {
    int64_t alive; /* ms: the last sign of life; 0: none yet */
    size_t n;      /* times it was away for longer than AWAY_MIN_MS, by time */
    struct desk_away_span {
        int64_t from, until;
    } at[AWAY_SPANS];
};

/* Keeps a sign of life, once a minute at most; *ret: as it is by now. For loops of the house.
 * hears: readings can come in; a house whose line is down is away, too. */
MUST err desk_away_beat(struct op *op, struct record *rec, bool hears, struct desk_away *ret);
/* As it is by now, without a sign of life. */
MUST err desk_away_read(struct op *op, struct record *rec, struct desk_away *ret);
/* How many ms of [since, now] the house was away. Pure. */
int64_t desk_away_in(const struct desk_away *away, int64_t since, int64_t now);

#endif
