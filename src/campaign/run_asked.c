/* Whose question words answer. Invariant: words in answer to something else, which a nurse or a
 * survey wrote after the question, are not taken for an answer to it: a person reads them. */
#include "campaign/run_int.h"

#include "base/time.h"
#include "outreach/reach.h"
#include "policy/content.h"

/* The question asked last that may still be answered. */
static struct enrolment *asked_last(struct enrolments in, int64_t now)
{
    struct enrolment *best = NULL;
    for (size_t i = 0; i < in.n; i++)
        if (plan_awaits(&in.all[i].state, now) >= 0 &&
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
/* Whose message it was, and of which enrolment, where that can be told. */
static err message_of(struct op *op, struct campaigns *c, str communication, struct enrolment *ret,
                      struct said_when *ret_by)
{
    struct record_doc doc;
    struct json *tree;
    struct time_span at;
    *ret_by = (struct said_when){BY_ANOTHER, INT64_MAX};
    err e = record_read(op, c->rec, fhir_type_parse(STR("Communication")), communication, &doc);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        op_clear(op);
        return OK;
    }
    TRY(e);
    TRY(record_parse(op, &doc, &tree));
    str key = outreach_sent_under(tree);
    ret_by->by = str_starts(key, STR(MESSAGE_KEY))  ? BY_A_PLAN
                 : str_starts(key, STR(NOTICE_KEY)) ? BY_THE_HOUSE
                                                    : BY_ANOTHER;
    if (time_parse(json_get_str(tree, STR("sent")), &at))
        ret_by->at = at.lo;
    if (ret_by->by == BY_A_PLAN &&
        !enrolment_parse(str_sub(key, sizeof MESSAGE_KEY - 1, key.n), ret))
        *ret = (struct enrolment){0}; /* a long key is kept as a sum */
    return OK;
}

err enrolment_asked(struct op *op, struct campaigns *c, const struct outreach_words *w,
                    struct enrolments in, struct enrolment **ret)
{
    struct enrolment of = {0};
    struct said_when said;
    *ret = asked_last(in, op->now);
    if (!*ret || str_empty(w->answers))
        return OK;
    TRY(message_of(op, c, w->answers, &of, &said));
    for (size_t i = 0; said.by == BY_A_PLAN && i < in.n; i++)
        if (plan_awaits(&in.all[i].state, op->now) >= 0 && str_eq(in.all[i].plan, of.plan) &&
            in.all[i].trigger == of.trigger) {
            *ret = &in.all[i];
            return OK;
        }
    if (said.at < (*ret)->state.asked)
        return OK; /* by another way: the newest of theirs is older than the question */
    /* another plan, or the house, said something after the question: a number can still be of
       nothing else */
    bool unsaid = said.by == BY_A_PLAN && str_empty(of.plan);
    if (!unsaid && (said.by == BY_ANOTHER || !is_number(w->text)))
        *ret = NULL;
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
