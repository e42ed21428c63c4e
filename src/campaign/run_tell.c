/* What is still to be told to who answered: the words of their path, that a person has what they
 * wrote, and what that person did. Keeps true: what a person does for them sells nothing, whatever
 * they were asked or written last; who wants no more of what sells hears it all the same. */
#include "campaign/step_int.h"

#include "campaign_gen.h"

#define CARE "provision_of_treatment" /* of MSG-12, as are the house's own answers */

static const char *const tells[][4] = {SAY_TELL_ROWS}; /* key, en, es, ar */

static str tell_text(const struct step *s, str key)
{
    for (size_t i = 0; i < sizeof tells / sizeof *tells; i++)
        if (str_eq(str_of(tells[i][0]), key))
            return str_of(tells[i][1 + s->m.lang]);
    return STR_NONE;
}

/* The question that a path answers, or n_steps. */
static int asks(const struct plan *p, int path)
{
    int of = 0;
    while (of < (int)p->n_steps &&
           (path < p->steps[of].paths || path >= p->steps[of].paths + p->steps[of].n_paths))
        of++;
    return of;
}

/* The first of a path that is no mere words, or -1. */
static int first_of(const struct plan *p, int path)
{
    int of = asks(p, path), i = p->paths[path].first;
    int end = of < (int)p->n_steps ? p->steps[of].next : -1;
    while (i >= 0 && i != end && p->steps[i].kind == PLAN_MESSAGE)
        i = p->steps[i].next;
    return i == end || i < 0 || p->steps[i].kind == PLAN_END ? -1 : i;
}

bool run_step_is_case(const struct plan *p, int step)
{
    return step >= 0 && (p->steps[step].kind == PLAN_CASE || p->steps[step].kind == PLAN_CALL);
}

/* Who wants no calls is promised none. */
static str person_writes(const struct step *s, bool quiet, int64_t due)
{
    str row = tell_text(s, quiet ? STR("person-no-call") : STR("person"));
    struct plan_words w = {.text = {row, row, row}};
    return words_for(s->op, s->c, &w, &s->m, due);
}

static str outcome_told(const struct step *s, str outcome, int64_t due)
{
    str row = tell_text(s, outcome);
    struct plan_words w = {.text = {row, row, row}};
    return words_for(s->op, s->c, &w, &s->m, due);
}

/* The promise in it is of the case of its path; *ret_told: 0 where the words name none. */
static err echo_of(const struct step *s, int path, str *ret, int64_t *ret_told)
{
    const struct plan *p = s->l->plan;
    struct promise by = {0};
    int of = first_of(p, path);
    bool promised = run_step_is_case(p, of);
    if (promised)
        TRY(run_promise(s, p->steps[of].promise, &by));
    *ret = promised && run_step_no_calls(s, of)
               ? person_writes(s, true, by.told)
               : words_for(s->op, s->c, &p->paths[path].echo, &s->m, by.told);
    str hour = due_words(s->op, s->m.zone, by.told, s->m.lang);
    *ret_told = hour.n && str_find(*ret, hour, 0) != SIZE_MAX ? by.told : 0;
    return OK;
}

/* step: what they were written last, or of an echo its question. What a person does for them is of
 * the plan where that sells, and of care where all of the plan does. */
static str told_about(const struct plan *p, int step, bool by_person)
{
    bool known = step >= 0 && step < (int)p->n_steps, sells = known && plan_sells(p, step);
    if (!by_person || !(sells || p->marketing))
        return plan_purpose(p, known ? step : -1);
    return p->marketing ? STR(CARE) : p->purpose;
}

/* Empty words: nothing is written back. */
static err told(const struct step *s, str *ret, str *ret_purpose, int64_t *ret_promised)
{
    const struct plan *p = s->l->plan;
    str what = s->e.tell;
    uint64_t path;
    int about = s->e.state.words - 1;
    bool by_person = true;
    struct promise by;
    *ret = STR_NONE;
    *ret_promised = 0;
    TRY(run_promise(s, PERSON_MS, &by));
    if (s->e.state.stopped)
        *ret = STR_NONE; /* a person has it */
    else if (str_starts(what, STR("echo:")) && str_to_u64(str_sub(what, 5, what.n), 1000, &path) &&
             path < p->n_paths) {
        TRY(echo_of(s, (int)path, ret, ret_promised));
        about = asks(p, (int)path);
        by_person = run_step_is_case(p, first_of(p, (int)path));
    } else if (str_eq(what, STR("person")))
        *ret = person_writes(s, run_step_no_calls(s, -1), by.told);
    else if (str_starts(what, STR("outcome:"))) {
        str rest = str_sub(what, 8, what.n), code = STR_NONE;
        (void)str_take_until(&rest, ':', &code); /* which case it was is of the key alone */
        *ret = outcome_told(s, code, by.told);
    }
    *ret_purpose = told_about(p, about, by_person);
    return OK;
}

err run_step_tell(struct step *s)
{
    str what = s->e.tell, text;
    bool sent;
    int64_t promised;
    struct outreach_draft like = {0}, d; /* they wrote: it is no campaign */
    TRY(told(s, &text, &like.purpose, &promised));
    TRY(run_step_words_own(s, &like.own));
    TRY(run_step_draft(s, text, &like,
                       arena_printf(s->op->arena, "%.*s/%.*s", STR_ARG(what), STR_ARG(s->e.said)),
                       &d));
    TRY(run_step_hand_over(s, &d, &sent));
    struct record_tx *tx = record_begin(s->op, s->c->rec);
    s->e.tell = STR_NONE;
    if (promised && sent)
        s->e.promised = promised;
    if (str_eq(what, STR("person")))
        TRY(run_step_case(s, tx, -1, false));
    return run_step_save(s, tx, s->op->now);
}
