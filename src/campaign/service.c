/* The room's life: what it keeps in memory at start, its threads. */
#include "campaign/audience_int.h"
#include "campaign/run_int.h"

#include <stdlib.h>

err campaigns_new(struct op *op, struct record *rec, struct outreach *outreach,
                  const struct config *config, struct campaigns **ret)
{
    struct campaigns *c = calloc(1, sizeof *c);
    if (!c)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    *c = (struct campaigns){.rec = rec, .outreach = outreach, .config = config};
    c->told = told_new();
    err e = c->told ? people_new(op, rec, &c->people) : fail(op, ERR_UNAVAILABLE, "out of memory");
    if (e == OK)
        e = run_new(op, c);
    if (e != OK) {
        campaigns_free(c);
        return e;
    }
    outreach_on_words(outreach, run_awaits, c);
    *ret = c;
    return OK;
}

void campaigns_free(struct campaigns *c)
{
    if (!c)
        return;
    outreach_off_words(c->outreach, c);
    run_free(c);
    people_free(c->people);
    told_free(c->told);
    free(c);
}

err campaigns_start(struct op *op, struct campaigns *c)
{
    TRY(people_start(op, c->people));
    TRY(audience_ready_start(op, c));
    return run_start(op, c);
}

struct people *campaigns_people(struct campaigns *c)
{
    return c->people;
}

void campaigns_stop(struct campaigns *c)
{
    loop_end(&c->ready);
    run_stop(c);
    audience_ready_stop(c);
    people_stop(c->people);
}
