/* The answers that chips of the table ask of the record, made at the start and kept up to date, so
 * that a count in the console waits for none of them. Invariant: it is a help only: what could not
 * be made ready is asked when somebody counts, and they are told. */
#include "campaign/audience_int.h"
#include "campaign/people_int.h"
#include "record/cohort.h"

#include "base/time.h"

#define EVERY_MS 60000
#define EACH_MS 10000 /* a stop waits no longer */
#define READY_BYTES ((size_t)512 << 20)
#define READY_KEEP ((size_t)1 << 20)

static err make_ready(struct op *op, void *ctx, size_t *ret_n)
{
    struct campaigns *c = ctx;
    *ret_n = 0;
    for (size_t i = 0; i < CHIP_COUNT && !atomic_load(&c->ready.stop); i++) {
        struct chip_ask asks[CHIP_ASKS_MAX];
        struct chip chip = {.row = &CHIPS[i]};
        size_t n = CHIPS[i].search ? chip_asks(op, &chip, op->now, asks) : 0;
        for (size_t k = 0; k < n && !atomic_load(&c->ready.stop); k++) {
            op->deadline = time_now() + EACH_MS;
            if (record_cohort_ready(op, c->rec, asks[k].type, asks[k].query) != OK)
                op_clear(op);
        }
    }
    return OK;
}

static void rest(void *ctx)
{
    struct campaigns *c = ctx;
    time_rest(&c->ready.stop, EVERY_MS);
}

err audience_ready_start(struct op *op, struct campaigns *c)
{
    struct loop_plan plan = {.steps = {{"campaign.ready.failed", make_ready}},
                             .wait = rest,
                             .actor = people_system(),
                             .bytes = READY_BYTES,
                             .keep = READY_KEEP,
                             .rest_ms = EVERY_MS,
                             .ctx = c};
    return loop_start(op, &c->ready, &plan);
}

void audience_ready_stop(struct campaigns *c)
{
    loop_stop(&c->ready);
}
