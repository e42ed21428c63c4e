/* Windows in which a contact may start: shared by hours.c (facts) and hold.c (the next legal
 * instant). Private to the policy room. */
#ifndef WEFT_POLICY_HOURS_INT_H
#define WEFT_POLICY_HOURS_INT_H

#include "base/time.h"
#include "policy/holiday.h"
#include "policy/policy_int.h"

#define JURISDICTIONS_MAX 16
#define WINDOWS_MAX (2 * JURISDICTIONS_MAX + 2)

struct windows {
    size_t n;
    bool found;    /* every plausible jurisdiction has a row */
    int64_t guard; /* ms before closing in which nothing new starts */
    struct hours_row at[WINDOWS_MAX];
};

/* The rows that bind q, with the book's parameters. ERR_INVALID for too many jurisdictions. */
MUST err windows_of(struct op *op, const struct rulebook *book, const struct hours_query *q,
                    struct windows *ret);
/* Minutes of the day in which row is open on that local date; empty when closed. */
struct span window_span(const struct hours_row *row, const struct time_local *at);
/* First instant from t on at which every window is open in every zone; false when none comes
 * within a month. */
bool windows_next(const struct windows *w, const struct hours_query *q, int64_t t, int64_t *ret);

#endif
