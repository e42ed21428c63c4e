/* The clock: due enrolments move on by plan_next(). A message is given to outreach under a key of
 * enrolment, step and try, and the state moves in the same commit: whoever answers at once is
 * found asked. Many people share a commit; what the rulebook refuses one of them is left out. */
#include "campaign/step_int.h"
#include "campaign/words.h"

#define JOBS_MAX OUTREACH_MANY
#define LEASE_MS 60000
#define MOVES_MAX 16

err run_step_commit(struct step *s, struct record_tx *tx)
{
    record_tx_outbox_done(tx, s->job->job);
    s->ended = true;
    return record_commit(tx);
}

err run_step_save(struct step *s, struct record_tx *tx, int64_t at)
{
    enrolment_save(tx, s->op, &s->e, at);
    return run_step_commit(s, tx);
}

/* ---- words out ---- */
err run_step_draft(struct step *s, str text, const struct outreach_draft *like, str what,
                   struct outreach_draft *ret)
{
    str step = STR_NONE, rest = what;
    (void)str_take_until(&rest, '/', &step);
    *ret = (struct outreach_draft){.patient = s->m.id,
                                   .channel = like->channel,
                                   .by = like->by,
                                   .language = str_of(LANGUAGE_TAGS[s->m.lang]),
                                   .text = text,
                                   .purpose = like->purpose,
                                   .campaign = like->campaign,
                                   .answers = like->answers,
                                   .own = like->own,
                                   .programme = s->l->plan->programme,
                                   .key = message_key(s->op, &s->e, step, rest)};
    return str_empty(text) ? OK : link_into(s->op, s->c, &s->m, ret->key, &ret->text);
}

/* The rulebook says no: its line is in the trail. */
bool run_step_refused(err e)
{
    return e == ERR_UNPROCESSABLE || e == ERR_INVALID;
}

err run_step_hand_over(struct step *s, const struct outreach_draft *d, bool *ret_sent)
{
    struct record_result r;
    *ret_sent = false;
    if (str_empty(d->text))
        return OK;
    err e = outreach_send(s->op, s->c->outreach, d, &r);
    *ret_sent = e == OK;
    if (!run_step_refused(e))
        return e;
    op_clear(s->op);
    return OK;
}

/* ---- cases ---- */
static err evidence_of(struct step *s, str *refs, size_t *ret_n)
{
    static const char *const also[][2] = {{"MedicationRequest", "status=active&_count=5"},
                                          {"Coverage", "status=active&_count=1"}};
    struct arena *a = s->op->arena;
    size_t n = 0;
    if (!str_empty(s->e.said))
        refs[n++] = arena_printf(a, "Communication/%.*s", STR_ARG(s->e.said));
    if (!str_empty(s->e.care_plan))
        refs[n++] = arena_printf(a, "CarePlan/%.*s", STR_ARG(s->e.care_plan));
    for (str rest = s->e.reason, part; n < 8 && str_take_until(&rest, ' ', &part);)
        if (!str_empty(part))
            refs[n++] = part;
    for (size_t k = 0; k < 2; k++) {
        struct record_page page;
        str query = arena_printf(a, "patient=Patient/%.*s&%s", STR_ARG(s->m.id), also[k][1]);
        TRY(record_find(s->op, s->c->rec, fhir_type_parse(str_of(also[k][0])), query, &page));
        for (size_t i = 0; i < page.n && n < 12; i++)
            refs[n++] = arena_printf(a, "%s/%.*s", also[k][0], STR_ARG(page.docs[i].id));
    }
    if (n == 0)
        refs[n++] = arena_printf(a, "Patient/%.*s", STR_ARG(s->m.id));
    *ret_n = n;
    return OK;
}

/* NULL: they wrote nothing, or it is gone. */
static err said_of(struct step *s, struct json **ret)
{
    struct record_doc doc;
    *ret = NULL;
    if (str_empty(s->e.said))
        return OK;
    err e = record_read(s->op, s->c->rec, fhir_type_parse(STR("Communication")), s->e.said, &doc);
    if (e != OK) {
        op_clear(s->op);
        return OK;
    }
    return record_parse(s->op, &doc, ret);
}

/* What the patient wrote, word for word, in the sentence of the case. */
static err words_said(struct step *s, str *ret)
{
    struct json *tree;
    TRY(said_of(s, &tree));
    *ret = str_utf8_cut(json_str(json_path(tree, "payload.0.contentString")), 300);
    return OK;
}

/* Did the patient write it, and not who gets their messages? The answer is theirs alone, then. */
err run_step_words_own(struct step *s, bool *ret)
{
    struct json *tree;
    TRY(said_of(s, &tree));
    *ret = str_starts(json_get_str(JSON_GET(tree, "sender"), STR("reference")), STR("Patient/"));
    return OK;
}

/* Do they want no calls about what the step is about? */
bool run_step_no_calls(const struct step *s, int step)
{
    return s->m.reach && outreach_no_calls(s->m.reach, plan_purpose(s->l->plan, step));
}

err run_step_case(struct step *s, struct record_tx *tx, int step, bool call)
{
    struct op *op = s->op;
    const struct plan_step *p = step >= 0 ? &s->l->plan->steps[step] : NULL;
    str refs[16], id, text;
    struct promise by;
    bool fresh, quiet = run_step_no_calls(s, step);
    struct desk_case k = {.patient = s->m.id,
                          .programme = s->l->plan->programme,
                          .priority = p ? (enum desk_priority)p->priority : DESK_P3,
                          .evidence = refs,
                          .rule = s->l->plan->journey ? STR("JOURNEY") : STR("CAMPAIGN")};
    TRY(evidence_of(s, refs, &k.n_evidence));
    TRY(words_said(s, &text));
    TRY(run_promise(s, p ? p->promise : PERSON_MS, &by));
    if (s->e.promised) { /* the echo told it some seconds before */
        by.told = s->e.promised;
        by.due = by.told < by.due ? by.told : by.due;
        s->e.promised = 0;
    }
    k.due = s->e.due = by.due;
    struct said parts[] = {desk_say_same(op, s->l->title),
                           desk_say_same(op, p ? p->title : STR("")), desk_say_same(op, text),
                           run_promise_said(s, by.told)};
    k.why =
        call ? desk_say(op, quiet ? SAY_JOURNEY_NO_CALL : SAY_JOURNEY_CALL,
                        (struct said[]){parts[0], parts[1], parts[3]}, 3)
        : p  ? desk_say(op, SAY_JOURNEY_CASE, parts, 4)
             : desk_say(op, SAY_JOURNEY_UNCLEAR, (struct said[]){parts[0], parts[2], parts[3]}, 3);
    if (quiet && !call)
        k.why = desk_say(op, SAY_NO_CALLS, &k.why, 1);
    return desk_open(tx, op, s->c->rec, &k, &id, &fresh);
}

/* ---- moves ---- */
static void keep(struct step *s, const struct plan_state *next, int64_t at)
{
    s->keeps = true;
    s->next = *next;
    s->at = at;
}

static void end_of(struct step *s, const char *status)
{
    struct plan_state left = s->e.state;
    left.phase = PLAN_LEFT;
    left.since = s->op->now;
    s->ends = status;
    keep(s, &left, 0);
}

static err dropped(struct step *s, const struct plan_move *m, const char *why)
{
    struct record_tx *tx = record_begin(s->op, s->c->rec);
    struct json *detail = json_new(s->op->arena, JSON_OBJECT);
    json_set_str(s->op->arena, detail, STR("step"), s->l->plan->steps[m->step].id);
    json_set_str(s->op->arena, detail, STR("why"), str_of(why));
    record_tx_trail(tx, STR("campaign-dropped"), fhir_type_parse(STR("Patient")), s->m.id, detail);
    s->e.state = m->state;
    return run_step_save(s, tx, s->op->now);
}

/* The approved words of the library, when there are any; else the outline's own stay. */
static err library_words(struct step *s, const struct plan_step *p, enum plan_channel k, str *io)
{
    struct fhir_ref ref = fhir_ref_parse(p->words.template);
    str subject, text = *io;
    struct words_ask ask = {.id = str_empty(ref.id) ? p->words.template : ref.id,
                            .language = str_of(LANGUAGE_TAGS[s->m.lang]),
                            .link = link_sample(s->op, s->c),
                            .email = k == PLAN_EMAIL,
                            .patient = s->m.patient};
    err e = words_say(s->op, s->c, &ask, &text, &subject);
    if (e == ERR_NOT_FOUND) {
        op_clear(s->op);
        return OK;
    }
    *io = text;
    return e;
}

/* The words of a step by a way. */
static err say_step(struct step *s, const struct plan_move *m, str try, struct outreach_draft *ret)
{
    const struct plan_step *p = &s->l->plan->steps[m->step];
    str what = arena_printf(s->op->arena, "%.*s/%.*s/%lld", STR_ARG(p->id), STR_ARG(try),
                            (long long)(s->e.state.since / 1000));
    str text = words_for(s->op, s->c, &p->words, &s->m, 0);
    if (!str_empty(p->words.template))
        TRY(library_words(s, p, m->channel, &text));
    bool at_once = !p->from_anchor && p->delay == 0 && s->e.state.tries == 0;
    struct outreach_draft like = {.channel = plan_channel_name(m->channel),
                                  .by = m->by,
                                  .purpose = plan_purpose(s->l->plan, m->step),
                                  .campaign = s->l->id,
                                  .answers = at_once && !str_empty(s->e.said)};
    if (like.answers)
        TRY(run_step_words_own(s, &like.own));
    return run_step_draft(s, text, &like, what, ret);
}

/* What did not arrive, by the ways that were not tried for it; then, or to who rests, a person
 * calls. Of what is done by now nothing is said again. */
static err say_again(struct step *s)
{
    const struct plan *p = s->l->plan;
    const struct chip_row *row;
    TRY(run_step_done_row(s, &row));
    if (row && s->e.state.phase != PLAN_LEFT)
        return run_step_leave_done(s, row);
    str rest = str_sub(s->e.tell, sizeof "again:" - 1, s->e.tell.n), id;
    uint64_t tried = 0;
    bool sent = false;
    int step = 0;
    (void)str_take_until(&rest, ':', &id);
    (void)str_to_u64(rest, UINT8_MAX, &tried);
    while (step < (int)p->n_steps && !message_names(s->op, id, p->steps[step].id))
        step++;
    bool known = step < (int)p->n_steps && !row, rests = s->e.state.paused_until > s->op->now;
    for (unsigned used = (unsigned)tried; known && !rests && !sent;) {
        struct outreach_draft d;
        struct plan_move m = {.step = (int16_t)step};
        const struct plan_ways *by = &s->m.who.by[p->steps[step].about];
        struct way_ask q = {.may = by->may,
                            .failing = s->m.who.failing,
                            .used = used,
                            .another = true,
                            .urgent = p->steps[step].urgent,
                            .for_purpose = by->said,
                            .prefers = by->prefers};
        enum way k = way_choose(&q, &m.by);
        if (k == WAY_COUNT)
            break;
        str try = arena_printf(s->op->arena, "a%u", used);
        m.channel = (enum plan_channel)k;
        TRY(say_step(s, &m, try, &d));
        TRY(run_step_hand_over(s, &d, &sent));
        used |= 1u << k;
    }
    struct record_tx *tx = record_begin(s->op, s->c->rec);
    s->e.tell = STR_NONE;
    if (known && !sent && !plan_sells(p, step))
        TRY(run_step_case(s, tx, step, true));
    return run_step_save(s, tx, s->op->now);
}

static err act(struct step *s, const struct plan_move *m)
{
    struct record_tx *tx = record_begin(s->op, s->c->rec);
    bool call = s->l->plan->steps[m->step].kind != PLAN_CASE;
    TRY(run_step_case(s, tx, m->step, call));
    s->e.state = m->state;
    return run_step_save(s, tx, s->op->now);
}

/* A refusal leaves the channel out and looks again: another channel, or a person. */
void run_step_unsaid(struct step *s)
{
    uint8_t about = s->l->plan->steps[s->move.step].about;
    s->m.who.by[about].may &= (uint8_t) ~(1u << s->move.channel);
}

static err speak(struct step *s, const struct plan_move *m)
{
    str try = arena_printf(s->op->arena, "%u", (unsigned)s->e.state.tries);
    TRY(say_step(s, m, try, &s->draft));
    s->move = *m;
    s->speaks = !str_empty(s->draft.text);
    if (!s->speaks)
        run_step_unsaid(s);
    return OK;
}

/* Two medicines, two visits of a day: what was said for one is not said for the other. */
static err speak_once(struct step *s, struct plan_move *m)
{
    const struct plan *p = s->l->plan;
    bool said;
    TRY(order_said(s->op, s->c, &s->e, &p->steps[m->step], &said));
    if (!said)
        return speak(s, m);
    plan_pass(p, &s->e.state, m->step, s->op->now, &m->state);
    return dropped(s, m, "said");
}

static const char *why_dropped(const struct plan_move *m)
{
    return m->why == PLAN_WHY_EXPIRED   ? "expired"
           : m->why == PLAN_WHY_SILENCE ? "silence"
                                        : "unreachable";
}

/* Who wrote STOP, has left, or rests, is written nothing: what would be asked a person asks; mere
 * words, and questions that sell, are left out. */
static err unwritten(struct step *s, const struct plan_move *m)
{
    enum plan_kind kind = s->l->plan->steps[m->step].kind;
    bool sells = kind == PLAN_ASK && plan_sells(s->l->plan, m->step);
    const char *why = s->e.state.stopped ? "stopped" : s->e.state.out ? "left" : "paused";
    return kind == PLAN_MESSAGE || sells ? dropped(s, m, why) : act(s, m);
}

static err one_move(struct step *s)
{
    struct plan_move m;
    if (run_step_heard_out(s)) {
        end_of(s, "completed");
        return OK;
    }
    const struct plan_state *is = &s->e.state;
    bool silent = is->stopped || is->out || is->paused_until > s->op->now;
    if (silent)
        memset(s->m.who.by, 0, sizeof s->m.who.by);
    plan_next(s->l->plan, &s->m.who, &s->e.state, s->op->now, &m);
    TRY(run_step_had_already(s, &m));
    if (s->ended)
        return OK;
    if (silent && (m.kind == PLAN_DO || m.kind == PLAN_DROP))
        return unwritten(s, &m);
    switch (m.kind) {
    case PLAN_DONE:
        end_of(s, "completed");
        return OK;
    case PLAN_DROP:
        return dropped(s, &m, why_dropped(&m));
    case PLAN_DO:
        return act(s, &m);
    case PLAN_SEND:
        return speak_once(s, &m);
    case PLAN_WAIT:
    default:
        keep(s, &m.state, m.at);
        return OK;
    }
}

/* Until nothing is left to do now, or the words wait for those of others. */
err run_step_move_on(struct step *s)
{
    for (int i = 0; i < MOVES_MAX && !s->ended && !s->speaks && !s->keeps; i++)
        TRY(one_move(s));
    return OK;
}

static err stopped(struct step *s, bool *ret)
{
    struct tick *t = s->tick;
    struct life l;
    if (!str_eq(t->plan, s->e.plan)) {
        TRY(life_load(s->op, s->c->rec, s->e.plan, &l));
        t->plan = s->e.plan;
        t->off = !life_live(&l);
    }
    *ret = t->off;
    return OK;
}

err run_step_finish(struct step *s)
{
    bool over = s->ended || s->speaks || s->keeps;
    return over ? OK : run_step_commit(s, record_begin(s->op, s->c->rec));
}

/* The case that an answer is for; -1: a person reads it, -2: none. By the state, as the echo may
 * have gone already. */
static int case_of_answer(const struct step *s)
{
    int at = plan_unheard(s->l->plan, &s->e.state);
    if (at >= 0)
        return run_step_is_case(s->l->plan, at) ? at : -1;
    return str_eq(s->e.tell, STR("person")) ? -1 : -2;
}

/* The plan was stopped, or they are gone. Nothing more is said; what they had answered is heard,
 * and who had a question that nobody knows is called. */
static err stop_here(struct step *s)
{
    bool known = s->l && s->m.patient && !str_empty(s->e.said);
    int step = known ? case_of_answer(s) : -2;
    bool call = step == -2 && known && !s->m.gone && plan_untold(s->l->plan, &s->e.state) >= 0;
    if (step == -2 && !call) {
        end_of(s, "revoked");
        return OK;
    }
    struct record_tx *tx = record_begin(s->op, s->c->rec);
    TRY(run_step_case(s, tx, call ? s->e.state.step : step, call));
    s->e.tell = STR_NONE;
    s->e.due = 0; /* what comes of it is told by who has the case */
    s->e.state.phase = PLAN_LEFT;
    s->e.state.over = s->e.state.back = 0;
    return run_step_save(s, tx, s->op->now);
}

static err due_now(struct step *s)
{
    bool off;
    TRY(stopped(s, &off));
    TRY(plan_load(s->op, s->c, s->e.plan, s->e.vid, &s->l));
    if (s->l)
        TRY(meet(s->op, s->c, s->l->plan, s->e.patient, &s->m));
    if (off || !s->l || s->m.gone)
        return stop_here(s);
    if (str_starts(s->e.tell, STR("again:")))
        return say_again(s);
    if (!str_empty(s->e.tell))
        return run_step_tell(s);
    if (s->e.state.phase == PLAN_LEFT) {
        if (!s->e.due)
            end_of(s, "completed");
        return OK;
    }
    s->m.who.place = &s->m.place;
    TRY(conditions_of(s->op, s->c, s->l->plan, &s->m));
    return run_step_move_on(s);
}

/* One of a person at a time: the second is to see what came of the first. */
static bool among(const struct tick *t, uint64_t patient)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->steps[i]->e.patient == patient)
            return true;
    return false;
}

static err one_job(struct step *s)
{
    str body = s->job->body, key;
    uint64_t seq = 0;
    if (!str_take_until(&body, ' ', &key) || !str_to_u64(body, UINT32_MAX, &seq) ||
        !enrolment_parse(key, &s->e))
        return run_step_finish(s);
    if (among(s->tick, s->e.patient))
        tick_flush(s->tick);
    TRY(enrolment_load(s->op, s->c->rec, &s->e));
    if (!str_empty(s->e.text) && s->e.seq == seq && !s->e.held)
        TRY(due_now(s));
    return run_step_finish(s);
}

err run_tick(struct op *op, struct campaigns *c, size_t *ret_n)
{
    struct tick t = {.op = op, .c = c};
    struct record_job *jobs;
    TRY(record_outbox_take(op, c->rec, STR(CAMPAIGN_QUEUE), LEASE_MS, JOBS_MAX, &jobs, ret_n));
    t.steps = ARENA_ARRAY(op->arena, struct step *, *ret_n + 1);
    for (size_t i = 0; i < *ret_n && t.first == OK; i++) {
        struct step *s = ARENA_NEW(op->arena, struct step);
        TRY(op_check(op));
        *s = (struct step){.tick = &t, .op = op, .c = c, .job = &jobs[i]};
        if (tick_crowded(&t, ROUND_GATHER)) {
            run_step_note(s, ERR_BUSY);
            continue;
        }
        run_step_note(s, one_job(s));
        if (s->speaks || s->keeps)
            t.steps[t.n++] = s;
    }
    tick_flush(&t);
    return t.first == OK ? OK : fail(op, t.first, "campaign %.*s cannot go on", STR_ARG(t.broken));
}
