/* Private to the desk: a complaint between the files of complaint*.c. */
#ifndef WEFT_DESK_COMPLAINT_INT_H
#define WEFT_DESK_COMPLAINT_INT_H

#include "desk/clock_int.h"
#include "desk/complaint.h"

/* Read for a change; all but the reading is the house's: op->actor is put back at the end. */
struct complaint {
    struct op *op;
    struct record *rec;
    const struct actor *person;
    struct record_tx *tx;
    str id, patient, device;
    uint32_t vid;
    struct json *task, *facts, *judgement; /* judgement: NULL while there is none */
    int64_t aware;
};
MUST err complaint_load(struct complaint *c);
/* Facts and judgement back into the Task. */
MUST err complaint_keep(struct complaint *c);
struct clocks_of complaint_clocks_of(const struct complaint *c);
/* Opens the clocks of the rules that apply now, takes back those that apply no more. *ret_due: when
 * it is to be judged. */
MUST err complaint_clocks(struct complaint *c, int64_t *ret_due);
/* complaint_show.c: without clocks and trail; all of it. */
struct json *complaint_brief(struct complaint *c);
MUST err complaint_view(struct complaint *c, struct json **ret);

#endif
