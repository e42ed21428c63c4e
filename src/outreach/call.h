/* A call that a person is about to make. The rulebook is asked as of any contact (outbound.attempt,
 * outbound.voice), and whether language help is owed (call.route: ACC-01). What it refuses is
 * barred as far as this server can bar it (docs/adr/0070): number and script are not given, until
 * when and why is told; a named exception with its reason opens it, where the rulebook itself knows
 * that exception. The number stays in the record, and a call that was made can always be noted. */
#ifndef WEFT_OUTREACH_CALL_H
#define WEFT_OUTREACH_CALL_H

#include "outreach/outreach.h"

/* EMERGENCY: help cannot wait (EMG-10): who may break a glass. CALLBACK: they asked for the call;
 * caps and the house's hours yield, their own quiet hours, pause and no do not. MADE: it was made
 * before anybody asked; opens nothing, and is written down with its reason. */
enum call_exception { CALL_AS_ANY, CALL_EMERGENCY, CALL_CALLBACK, CALL_MADE, CALL_EXCEPTION_COUNT };
str call_exception_name(enum call_exception x); /* "emergency", "callback", "made"; "" of none */
bool call_exception_parse(str name, enum call_exception *ret);

struct outreach_call_ask {
    str patient;
    str about;    /* purpose of the call, as a message has one; empty: nobody said */
    bool offered; /* a free interpreter or relay help was */
    enum call_exception exception;
    str reason; /* of the exception, in words */
};
struct outreach_call {
    struct verdict verdict;  /* language help */
    struct verdict outbound; /* may they be called now? */
    uint32_t vid;            /* of the Patient: the number is from it */
    bool may;
    str number;     /* empty: barred, or the record holds none */
    unsigned opens; /* bit an exception that this actor may name: with it they may be called */
    str language;   /* they speak; empty: nobody wrote it down */
    int earliest, latest; /* minutes of their day now, over every place they may be; -1 not known */
    bool paused, quiet;   /* they asked not to be contacted now */
    bool confidential;    /* they asked to be reached in one way only: */
    str confidential_to;  /* that number or address; may be empty */
    str not_about[2 * WISH_TOPICS]; /* topics they want no calls about, or nothing at all */
    size_t n_not_about;
};
/* Asks for the right to read the patient; question, exception and answer are a line of the trail.
 * ERR_FORBIDDEN: not an exception for this actor; ERR_INVALID: one without a reason. */
MUST err outreach_call(struct op *op, struct outreach *o, const struct outreach_call_ask *ask,
                       struct outreach_call *ret);

#endif
