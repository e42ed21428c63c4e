/* Many people's steps in one commit: words and the states that come after them together, so that
 * whoever answers at once is found asked; then the states of those who had nothing to hear. What
 * cannot be kept with the others is kept alone; what lost a race is done again at once. */
#include "campaign/step_int.h"

/* The step itself stays as it was: a commit that failed is done again. */
static err put_kept(struct record_tx *tx, struct step *s)
{
    struct enrolment e = s->e;
    e.state = s->next;
    int64_t until = plan_answered_until(&e.state), at = s->at;
    if (s->ends && until > s->op->now) /* an answer may still come */
        at = until;
    else if (s->ends && e.due == 0) /* else the outcome of the case is still told */
        TRY(enrolments_change(tx, s->op, &e, false));
    if (s->ends)
        TRY(care_plan_status(tx, s->op, s->c->rec, e.care_plan, s->ends));
    enrolment_save(tx, s->op, &e, at);
    record_tx_outbox_done(tx, s->job->job);
    return OK;
}

/* What fails for good goes to a person rather than round for ever: to be called, where it is known
 * who they are and the case is not what fails. */
static err give_up(struct step *s, bool call)
{
    struct record_tx *tx = record_begin(s->op, s->c->rec);
    struct json *detail = json_new(s->op->arena, JSON_OBJECT);
    if (call)
        TRY(run_step_case(s, tx, -1, true));
    json_set_str(s->op->arena, detail, STR("job"), s->job->body);
    record_tx_trail(tx, STR("campaign-failed"), fhir_type_parse(STR("CarePlan")), STR_NONE, detail);
    return run_step_commit(s, tx);
}

void run_step_note(struct step *s, err e)
{
    struct tick *t = s->tick;
    bool passes = err_passes(e);
    if (e == OK)
        return;
    s->speaks = s->keeps = false;
    if (arena_failed(s->op->arena)) { /* the lease ends */
        t->first = ERR_TOO_LARGE;
        t->broken = s->e.plan;
        return;
    }
    op_clear(s->op);
    if (passes)
        record_outbox_again(s->op, s->c->rec, s->job);
    if (!passes && s->job->attempts >= 5) {
        bool known = s->l && s->m.id.n;
        e = give_up(s, known);
        op_clear(s->op);
        if (e != OK && known)
            e = give_up(s, false);
        op_clear(s->op);
    }
    if (!passes && t->first == OK) {
        t->first = e;
        t->broken = s->e.plan;
    }
}

/* ---- many at once ---- */
/* Nothing goes on in memory that failed: what is made there is made over what is in use. */
bool tick_crowded(const struct tick *t, size_t most)
{
    return arena_failed(t->op->arena) || arena_used(t->op->arena) > most;
}

static err alone(struct tick *t, struct step *s,
                 err (*one)(struct tick *t, struct step *const *some, size_t n))
{
    return tick_crowded(t, ROUND_BYTES) ? ERR_BUSY : one(t, &s, 1);
}

static err say_once(struct tick *t, struct step *const *some, const struct outreach_batch *b)
{
    struct record_tx *tx = record_begin(t->op, t->c->rec);
    size_t kept = 0;
    TRY(outreach_put_many(tx, t->op, t->c->outreach, b));
    for (size_t i = 0; i < b->n; i++) {
        if (b->sent[i].code != OK)
            continue;
        some[i]->next = some[i]->move.state;
        some[i]->at = t->op->now + 1000;
        TRY(put_kept(tx, some[i]));
        kept++;
    }
    return kept ? record_commit(tx) : OK;
}

/* Words and the states that come after them. An error: nothing of it was kept. */
static err say_some(struct tick *t, struct step *const *some, size_t n)
{
    struct outreach_draft *d = ARENA_ARRAY(t->op->arena, struct outreach_draft, n + 1);
    struct outreach_sent *sent = ARENA_ARRAY(t->op->arena, struct outreach_sent, n + 1);
    err all = op_check(t->op);
    for (size_t i = 0; i < n && all == OK; i++)
        d[i] = some[i]->draft;
    if (all == OK)
        all = say_once(t, some, &(struct outreach_batch){d, n, sent});
    op_clear(t->op);
    for (size_t i = 0; i < n && all == OK; i++) {
        struct step *s = some[i];
        err e = sent[i].code;
        s->speaks = false;
        s->ended = e == OK;
        if (run_step_refused(e)) {
            run_step_unsaid(s);
            e = run_step_move_on(s);
        }
        run_step_note(s, e == OK ? run_step_finish(s) : e);
    }
    return all;
}

/* Who was refused one way comes again with the next, as often as there are ways. */
static void speak_all(struct tick *t)
{
    struct step **some = ARENA_ARRAY(t->op->arena, struct step *, t->n + 1);
    for (int round = 0; some && round <= WAY_COUNT; round++) {
        size_t n = 0;
        for (size_t i = 0; i < t->n; i++)
            if (t->steps[i]->speaks)
                some[n++] = t->steps[i];
        bool full = tick_crowded(t, ROUND_BYTES);
        err all = full ? ERR_BUSY : n ? say_some(t, some, n) : OK;
        for (size_t i = 0; all != OK && i < n; i++)
            run_step_note(some[i], alone(t, some[i], say_some));
        if (n == 0 || arena_failed(t->op->arena))
            return;
    }
}

static err keep_some(struct tick *t, struct step *const *some, size_t n)
{
    struct record_tx *tx = record_begin(t->op, t->c->rec);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (some[i]->keeps) {
            TRY(put_kept(tx, some[i]));
            kept++;
        }
    return kept ? record_commit(tx) : OK;
}

void tick_flush(struct tick *t)
{
    speak_all(t);
    err all = arena_failed(t->op->arena) ? ERR_BUSY : keep_some(t, t->steps, t->n);
    op_clear(t->op);
    for (size_t i = 0; all != OK && i < t->n; i++)
        run_step_note(t->steps[i], alone(t, t->steps[i], keep_some));
    t->n = 0;
}
