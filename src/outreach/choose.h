/* By which way one person is contacted, and why that one: the same choice for a message that
 * somebody writes, for a plan's step, and when a delivery came back. Pure. Not a decision whether
 * they may be contacted: that is the rulebook's, asked of the way chosen. */
#ifndef WEFT_OUTREACH_CHOOSE_H
#define WEFT_OUTREACH_CHOOSE_H

#include "base/str.h"

enum way { WAY_SMS, WAY_EMAIL, WAY_PUSH, WAY_LETTER, WAY_COUNT /* none: a person calls */ };
enum way_by { /* why this one; rows of spec/outreach/ways.csv */
              WAY_BY_ASKED,
              WAY_BY_PREFERENCE,
              WAY_BY_PURPOSE, /* they chose it for what this is about */
              WAY_BY_ONLY_ONE,
              WAY_BY_COST,
              WAY_BY_URGENCY,
              WAY_BY_DELIVERY, /* what would have come first came back lately */
              WAY_BY_OTHER,    /* the others were tried */
              WAY_BY_NONE,
              WAY_BYS
};
struct way_ask {
    unsigned may;     /* bit a way: it is there, and they allow it for the purpose */
    unsigned failing; /* bit a way: the newest delivery came back */
    unsigned used;    /* bit a way: tried before, without an answer */
    bool another;     /* none of those again */
    bool urgent;      /* the fastest; a letter is no way */
    bool for_purpose; /* prefers is their word for this purpose */
    unsigned prefers; /* enum way; WAY_COUNT: nothing said */
};
enum way way_choose(const struct way_ask *q, enum way_by *ret_by);
/* "sms", "email", "push", "letter"; WAY_COUNT: "phone", which is not parsed. */
str way_name(enum way k);
bool way_parse(str name, enum way *ret);
/* A way (WAY_COUNT: a call by a person) and a reason as words, in a language: 0 en, 1 es, 2 ar. */
str way_word(enum way k, unsigned language);
str way_reason(enum way_by by, unsigned language);

#endif
