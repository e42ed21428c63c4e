/* How one patient can be reached, as the gate sees it: for plans over many, which keep it in memory
 * (campaign/people.h). A forecast: what leaves is decided anew. Shows nothing to anybody; read as
 * the system. All in op->arena. */
#ifndef WEFT_OUTREACH_REACH_H
#define WEFT_OUTREACH_REACH_H

#include "outreach/choose.h"
#include "outreach/prefer.h"
#include "record/record.h"

struct outreach;

#define OUTREACH_HELPER_ROLE "PRCP" /* v3 ParticipationType: primary information recipient */

struct outreach_way {
    str address;       /* number in one spelling, or mail; empty: there is none */
    bool said, agrees; /* the patient's newest word for the channel, if any */
    bool care, appointment, marketing, written;
};
struct outreach_reach {
    const struct json *patient;
    str language, state, country, zones[4];
    size_t n_zones;
    bool deceased, confidential, reassigned;
    bool no_calls; /* they want no calls by a person; of one topic: outreach_no_calls() */
    struct calls_about calls;
    enum way prefers; /* tried first, when nothing is said for the purpose (outreach_prefers()) */
    bool proxy;       /* a Consent names somebody who may act for them */
    str line_type, confidential_to;
    bool helper_lost; /* of whom the helper is no number or address works */
    str helper; /* RelatedPerson/id that a contact Consent names to get the messages; or empty */
    struct outreach_way by[WAY_COUNT];
};
/* Is it the patient, or somebody of theirs who gets and writes their messages? */
bool outreach_is_theirs(str reference);
/* The key that a message of ours was sent under; empty: there is none. */
str outreach_sent_under(const struct json *communication);
/* The key that a message of ours was sent under, when it did not reach the patient and nobody
 * wanted that (an undo, a stopped campaign); *ret_way: by which it was tried. */
bool outreach_came_back(const struct json *communication, str *ret_key, enum way *ret_way);
/* Bit a way: there is a provider for it. */
unsigned outreach_ways(const struct outreach *o);
/* The lines that every message gets before and after its words, in a language. */
void outreach_lines(struct op *op, const struct outreach *o, str language, bool email,
                    str *ret_head, str *ret_tail);
MUST err outreach_reach(struct op *op, struct record *rec, str patient, struct outreach_reach *ret);
/* Do they want no calls at all, or none about this purpose? */
bool outreach_no_calls(const struct outreach_reach *r, str purpose);
/* The way tried first for a purpose: their word for it (*ret_said), else the one they are usually
 * reached by. */
enum way outreach_prefers(const struct outreach_reach *r, str purpose, bool *ret_said);

#endif
