/* Private to the intake of messages: one on its way in, and whose it is when a number is shared. */
#ifndef WEFT_OUTREACH_INBOUND_INT_H
#define WEFT_OUTREACH_INBOUND_INT_H

#include "outreach/outreach_int.h"

#include "policy/content.h"

#define SHARED_MAX 500 /* a care home's number; all of them stop when one says stop */
#define WHO_MAX 8u     /* a family; more are never asked */
#define WHO_QUEUE "who"

/* What is known of the one who writes from a shared number: a named value, guarded by each commit
 * that was made from it. */
struct who_value {
    str key, was, now; /* empty key: not in play; empty text: none */
};
void who_put(struct record_tx *tx, const struct who_value *v);
/* What stands for a provider's id of words that wait. */
#define WHO_WAITS STR("waiting")

struct incoming {
    struct outreach *o;
    const struct outreach_inbound *in;
    struct outreach_inbound own; /* of words that waited */
    enum channel_kind channel;
    struct recipient *people;
    size_t n, main; /* main: whose thread it joins */
    str *sent;      /* our newest message to each of them that asks or tells, or empty */
    struct reply reply;
    int64_t at;   /* ms: when it came */
    str waited;   /* what stands for its provider's id already, or empty */
    bool awaited; /* a plan of contacts asked them and takes the words */
    str told;     /* when x->main had the helpful answer, or empty */
    bool unsure;  /* nobody knows whose words these are: a person asks */
    struct who_value who;
};

/* The number's patients, the one we wrote to last as x->main; x->n 0: nobody's. */
MUST err inbound_find(struct op *op, struct incoming *x);
/* Does a plan await the words of x->main; what were they told. */
MUST err inbound_waits_for(struct op *op, struct incoming *x);
/* Kept: Communication, case, answer, provider's id and x->who, in one transaction. */
MUST err inbound_keep(struct op *op, struct incoming *x, struct outreach_inbound_result *ret);
str inbound_seen_key(struct op *op, str channel, str provider_id);
/* Our answer to x->main, by the way it came. */
MUST err inbound_answer(struct record_tx *tx, struct op *op, struct incoming *x,
                        enum message_kind kind, str text);

/* ---- inbound_case.c ---- */
bool inbound_urgent(const struct reply *r);
/* The case of x->main that the words open or join; *ret_unread: nothing else takes them up, a
 * person reads them. */
MUST err inbound_case(struct record_tx *tx, struct op *op, struct incoming *x, const str *evidence,
                      bool *ret_unread);

/* ---- inbound_who.c ---- */
size_t who_living(const struct incoming *x);
/* Of words of a shared number: *ret_taken: they wait, or were the answer; else x->main is whose
 * they are, or x->unsure. */
MUST err who_meet(struct op *op, struct incoming *x, bool *ret_taken);
/* Words that waited under the key and whose person is known now are kept, one by one. */
MUST err who_release(struct op *op, struct outreach *o, str key);

#endif
