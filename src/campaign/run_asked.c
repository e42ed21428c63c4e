/* Whose question words answer. Invariants: words in answer to something else, which a nurse or a
 * survey wrote after the question, are not taken for an answer to it: a person reads them; and
 * what somebody is to look after is heard for a week, also from who has left the plan. */
#include "campaign/run_int.h"

#include "base/time.h"
#include "outreach/reach.h"
#include "policy/content.h"

typedef int awaits_fn(const struct plan_state *s, int64_t now);

/* The question asked last that may still be answered. */
static struct enrolment *asked_last(struct enrolments in, int64_t now, awaits_fn *awaits)
{
    struct enrolment *best = NULL;
    for (size_t i = 0; i < in.n; i++)
        if (awaits(&in.all[i].state, now) >= 0 &&
            (!best || in.all[i].state.asked > best->state.asked))
            best = &in.all[i];
    return best;
}

static bool is_number(str text)
{
    str bare = str_trim(text);
    return bare.n > 0 && bare.n <= 2 && content_digit(bare) >= 0;
}

/* What the house says by itself, of readings that are missing or hours: it asks nothing. */
#define NOTICE_KEY "request/"

struct said_when {
    enum { BY_A_PLAN, BY_THE_HOUSE, BY_ANOTHER } by;
    int64_t at;
};
struct asking {
    const struct outreach_words *words;
    struct enrolments in;
    struct enrolment of; /* whose message they answer */
    struct said_when said;
    int64_t now;
};
/* Whose message it was, and of which enrolment, where that can be told. */
static err message_of(struct op *op, struct campaigns *c, struct asking *x)
{
    struct message_name m;
    struct record_doc doc;
    struct json *tree;
    struct time_span at;
    x->said = (struct said_when){BY_ANOTHER, INT64_MAX};
    err e = record_read(op, c->rec, fhir_type_parse(STR("Communication")), x->words->answers, &doc);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        op_clear(op);
        return OK;
    }
    TRY(e);
    TRY(record_parse(op, &doc, &tree));
    str key = outreach_sent_under(tree);
    x->said.by = str_starts(key, STR(MESSAGE_KEY))  ? BY_A_PLAN
                 : str_starts(key, STR(NOTICE_KEY)) ? BY_THE_HOUSE
                                                    : BY_ANOTHER;
    if (time_parse(json_get_str(tree, STR("sent")), &at))
        x->said.at = at.lo;
    if (message_parse(op, key, x->in, &m))
        x->of = m.of;
    return OK;
}

/* Whose message they answer; NULL: not known, or of none of these. */
static struct enrolment *told_last(const struct asking *x)
{
    for (size_t i = 0; x->said.by == BY_A_PLAN && i < x->in.n; i++)
        if (str_eq(x->in.all[i].plan, x->of.plan) && x->in.all[i].trigger == x->of.trigger)
            return &x->in.all[i];
    return NULL;
}

/* Of those who await something, whose question the words answer; NULL: of none. */
static struct enrolment *whose(const struct asking *x, awaits_fn *awaits)
{
    struct enrolment *best = asked_last(x->in, x->now, awaits), *one = told_last(x);
    if (!best || str_empty(x->words->answers))
        return best;
    if (one && awaits(&one->state, x->now) >= 0)
        return one;
    if (x->said.at < best->state.asked)
        return best; /* by another way: the newest of theirs is older than the question */
    /* another plan, or the house, said something after the question: a number is the question's
       still; where it may be that of one which lingers, a person reads it (run_follow.c) */
    bool unsaid = x->said.by == BY_A_PLAN && str_empty(x->of.plan);
    bool none = !unsaid && (x->said.by == BY_ANOTHER || !is_number(x->words->text));
    return none ? NULL : best;
}

/* Do the words say what somebody looks after? */
static err looked_after(struct op *op, struct campaigns *c, const struct enrolment *e, str text,
                        bool *ret)
{
    struct journey_answer a;
    struct plan *p;
    int of = plan_lingers(&e->state, op->now);
    *ret = false;
    TRY(plan_alone(op, c, e->plan, e->vid, &p));
    if (!p || of < 0 || of >= (int)p->n_steps)
        return OK;
    if (!journey_understand(op, p, &p->steps[of], text, &a))
        return op_check(op);
    *ret = a.path >= 0 && plan_looks_after(p, &p->steps[of], a.path);
    return OK;
}

err enrolment_asked(struct op *op, struct campaigns *c, const struct outreach_words *w,
                    struct enrolments in, struct enrolment **ret)
{
    struct asking x = {.words = w, .in = in, .now = op->now};
    struct enrolment *open, *late, *told;
    bool takes = false;
    *ret = NULL;
    if (!asked_last(in, op->now, plan_awaits) && !asked_last(in, op->now, plan_lingers))
        return OK;
    if (!str_empty(w->answers))
        TRY(message_of(op, c, &x));
    /* "write 1 if you feel worse" came last, and a question of another plan is open */
    told = told_last(&x);
    if (told && plan_awaits(&told->state, op->now) < 0)
        TRY(looked_after(op, c, told, w->text, &takes));
    *ret = takes ? told : NULL;
    if (takes)
        return OK;
    open = whose(&x, plan_awaits);
    late = open ? NULL : whose(&x, plan_lingers);
    *ret = open;
    if (!late)
        return OK;
    TRY(looked_after(op, c, late, w->text, &takes));
    *ret = takes ? late : NULL;
    return OK;
}

err run_awaits(struct op *op, void *campaigns, const struct outreach_words *w, bool *ret)
{
    struct campaigns *c = campaigns;
    struct enrolment all[ENROLMENTS_MAX], *asked;
    struct record_doc doc;
    size_t n;
    str list;
    TRY(record_read(op, c->rec, fhir_type_parse(STR("Patient")), w->patient, &doc));
    TRY(enrolments_of(op, c->rec, doc.rid, all, &n, &list));
    TRY(enrolment_asked(op, c, w, (struct enrolments){all, n}, &asked));
    *ret = asked != NULL;
    return OK;
}
