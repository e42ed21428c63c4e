/* Whose question words answer. Invariant: words in answer to something else, which a nurse or a
 * survey wrote after the question, are not taken for an answer to it: a person reads them. */
#include "campaign/run_int.h"

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

/* Of which enrolment the message was; *ret_ours: of one, whichever. */
static err message_of(struct op *op, struct campaigns *c, str communication, struct enrolment *ret,
                      bool *ret_ours)
{
    struct record_doc doc;
    struct json *tree;
    *ret_ours = false;
    err e = record_read(op, c->rec, fhir_type_parse(STR("Communication")), communication, &doc);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        op_clear(op);
        return OK;
    }
    TRY(e);
    TRY(record_parse(op, &doc, &tree));
    str key = outreach_sent_under(tree);
    *ret_ours = str_starts(key, STR(MESSAGE_KEY));
    if (*ret_ours && !enrolment_parse(str_sub(key, sizeof MESSAGE_KEY - 1, key.n), ret))
        *ret = (struct enrolment){0}; /* a long key is kept as a sum */
    return OK;
}

err enrolment_asked(struct op *op, struct campaigns *c, const struct outreach_words *w,
                    struct enrolments in, struct enrolment **ret)
{
    struct enrolment of = {0};
    bool ours;
    *ret = asked_last(in, op->now);
    if (!*ret || str_empty(w->answers))
        return OK;
    TRY(message_of(op, c, w->answers, &of, &ours));
    for (size_t i = 0; ours && i < in.n; i++)
        if (plan_awaits(&in.all[i].state, op->now) >= 0 && str_eq(in.all[i].plan, of.plan) &&
            in.all[i].trigger == of.trigger) {
            *ret = &in.all[i];
            return OK;
        }
    /* another plan said something after the question: a number can still be of nothing else */
    if (!ours || !(str_empty(of.plan) || is_number(w->text)))
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
