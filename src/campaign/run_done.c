/* Right before the words of a step: is it done already? Keeps true: of what is in the record by
 * then nothing is said and nobody is called, whatever the feed has come to; and of who left since
 * it is done only what they asked for goes on. */
#include "campaign/done_int.h"
#include "campaign/step_int.h"

err run_step_done_row(struct step *s, const struct chip_row **ret)
{
    int64_t at = s->e.state.anchor ? s->e.state.anchor : s->op->now;
    return done_already(s->op, s->c, s->l->plan, s->e.patient, at, ret);
}

err run_step_leave_done(struct step *s, const struct chip_row *row)
{
    struct record_tx *tx = record_begin(s->op, s->c->rec);
    TRY(done_leave(tx, s->op, s->c, &s->e, row));
    return run_step_commit(s, tx);
}

err run_step_had_already(struct step *s, const struct plan_move *m)
{
    const struct chip_row *row;
    if ((m->kind != PLAN_SEND && m->kind != PLAN_DO) || s->e.state.out)
        return OK;
    TRY(run_step_done_row(s, &row));
    return row ? run_step_leave_done(s, row) : OK;
}

bool run_step_heard_out(const struct step *s)
{
    const struct plan_state *is = &s->e.state;
    bool open = is->phase == PLAN_READY && !is->tries;
    return open && is->out && !str_empty(s->e.done) && !plan_waits(s->l->plan, is);
}
