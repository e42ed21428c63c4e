/* Everybody who could be contacted, in memory: one row of columns a patient, so that a plan for a
 * million people asks the store nothing. A row holds what leaves somebody out or chooses how they
 * are reached; it is a forecast: what is sent is decided again from the record when it leaves.
 *
 * Rows never move and are never taken away while the process runs (PERSON_GONE); their numbers
 * count from 0. Readers hold people_read() … people_done(), short of any wait. Rows are the house's
 * own knowledge: who shows them, or counts of them, asks policy (campaign/audience.h). */
#ifndef WEFT_CAMPAIGN_PEOPLE_H
#define WEFT_CAMPAIGN_PEOPLE_H

#include "record/record.h"

enum person_channel {
    PERSON_SMS,
    PERSON_EMAIL,
    PERSON_PORTAL,
    PERSON_PUSH,
    PERSON_LETTER,
    PERSON_VOICE,
    PERSON_CHANNELS
};
static const uint8_t PERSON_OF_WAY[] = {PERSON_SMS, PERSON_EMAIL, PERSON_PUSH, PERSON_LETTER};
/* person.permit: the patient's newest word for the channel. No bit at all: they never said. */
#define PERMIT_CARE 1u
#define PERMIT_APPOINTMENT 2u
#define PERMIT_MARKETING 4u
#define PERMIT_WRITTEN 8u
#define PERMIT_REFUSED 16u /* opted out */
/* person.flags */
#define PERSON_GONE 1u /* deleted, inactive or merged into another */
#define PERSON_DECEASED 2u
#define PERSON_CONFIDENTIAL 4u /* reached in one way only (45 CFR 164.522(b)) */
#define PERSON_RESTRICTED 8u   /* has a Consent that may hide something from the house */
#define PERSON_REASSIGNED 16u  /* the number is said to be somebody else's by now */
#define PERSON_INTERPRETER 32u
#define PERSON_HELPED 64u       /* a Consent says that a helper gets the messages: person.helper */
#define PERSON_PROXY 128u       /* somebody may act for them (of minors: a parent or guardian) */
#define PERSON_HELPER_LOST 256u /* who was named to get the messages cannot be reached there */
#define PERSON_BORN_UNKNOWN INT32_MIN

enum person_line { LINE_UNKNOWN, LINE_WIRELESS, LINE_LANDLINE, LINE_VOIP, LINE_OTHER };
enum person_sex { SEX_UNKNOWN, SEX_FEMALE, SEX_MALE, SEX_OTHER };

struct person {
    uint64_t rid;       /* resource number of the Patient; rows are found by it */
    uint64_t household; /* keyed hash of the number or address they are reached by; 0 none */
    uint64_t helper;    /* resource number of the RelatedPerson who gets the messages; 0 none */
    int32_t birth;      /* day since 1970-01-01, PERSON_BORN_UNKNOWN */
    uint32_t contacted; /* minute since 1970 of the newest contact by any channel; 0 never */
    uint16_t language, area, clinic, zones, state; /* people_word(); 0 unknown */
    uint16_t flags;
    uint8_t sex, line, preferred; /* enum person_sex, person_line, person_channel */
    uint8_t channels;             /* bit a channel: there is an address for it */
    uint8_t permit[PERSON_CHANNELS];
    uint16_t wishes; /* people_word(): by which way for which purpose; 0 nothing said */
    uint8_t days[8]; /* contacts of a day (UTC), by day number % 8; see below */
};

static inline int32_t person_age(const struct person *p, int64_t now) /* years; -1 unknown */
{
    return p->birth == PERSON_BORN_UNKNOWN
               ? -1
               : (int32_t)((now / 86400000 - p->birth) * 10000 / 3652425);
}
/* Contacts of today and the six days before. */
static inline unsigned person_week(const struct person *p, int64_t now)
{
    int64_t today = now / 86400000, last = p->contacted / 1440;
    unsigned sum = 0;
    for (int64_t d = today - 6; d <= last && d <= today; d++)
        sum += d > last - 8 ? p->days[d % 8] : 0;
    return sum;
}

/* Words that rows name by number: BCP 47 languages, areas (country and the first three of the
 * postal code), clinics ("Organization/x"), sets of time zones ("Area/A Area/B"), states
 * ("US-IL"), wishes ("lab_results=letter wellness_checkup=email", by purpose). */
enum people_words {
    PEOPLE_LANGUAGE,
    PEOPLE_AREA,
    PEOPLE_CLINIC,
    PEOPLE_ZONES,
    PEOPLE_STATE,
    PEOPLE_WISHES,
    PEOPLE_WORDS
};

struct people;
/* rec NULL: nothing is followed; rows come by people_put() (figures, tests, invented crowds). It
 * outlives the people. */
MUST err people_new(struct op *op, struct record *rec, struct people **ret);
void people_free(struct people *p);
/* The follower's thread: the saved copy first, then the change feed; without a copy everybody is
 * read once. A copy is saved now and then, and at the stop. */
MUST err people_start(struct op *op, struct people *p);
void people_stop(struct people *p);
/* Everything committed up to t is in the rows: for tests and for a count right after a write.
 * ERR_UNAVAILABLE after 10 s. */
MUST err people_wait(struct op *op, struct people *p, uint64_t t);
/* False until everybody has been read once; *ret_percent of how many. */
bool people_ready(const struct people *p, unsigned *ret_percent);

void people_read(struct people *p);
void people_done(struct people *p);
/* Between those two: */
size_t people_count(const struct people *p); /* rows, those gone too */
const struct person *people_row(const struct people *p, size_t i);
/* Rows that stand together from at on: *ret_n of them, 0 past the last. */
const struct person *people_chunk(const struct people *p, size_t at, size_t *ret_n);
bool people_find(const struct people *p, uint64_t rid, size_t *ret_row);
str people_word(const struct people *p, enum people_words kind, uint16_t i); /* empty: unknown */
size_t people_word_count(const struct people *p, enum people_words kind);
/* 0: no row has it. */
uint16_t people_word_find(const struct people *p, enum people_words kind, str word);

/* Not between those two: adds or replaces the row of p->rid; the number of a word, added if new.
 * ERR_UNAVAILABLE without memory, past 16,777,216 people or 65,535 words (then: 0). */
MUST err people_put(struct op *op, struct people *p, const struct person *row);
uint16_t people_word_add(struct people *p, enum people_words kind, str word);

#endif
