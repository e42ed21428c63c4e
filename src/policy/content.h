/* Text analysis that yields facts about a message: what it costs to send, how hard it is to read,
 * whether the patient wants us to stop, what it gives away. Pure functions over a slice of UTF-8
 * (bad bytes count as U+FFFD); word lists are const tables made from spec/content. A finding only
 * ever raises a class: "nothing found" is never proof that a text is harmless (regulations.md 2).
 */
#ifndef WEFT_POLICY_CONTENT_H
#define WEFT_POLICY_CONTENT_H

#include "base/language.h"
#include "policy/policy.h"

/* ---- length: 3GPP TS 23.038 / 23.040 ------------------------------------------------------- */

enum sms_encoding { SMS_GSM7, SMS_UCS2 };

struct sms_shape {
    enum sms_encoding encoding;
    uint32_t septets;       /* GSM-7, extension characters count two; 0 for UCS-2 */
    uint32_t utf16_units;   /* always */
    uint32_t characters;    /* code points */
    uint32_t segments;      /* 160/153 septets, 70/67 units; pairs are never split */
    uint32_t left;          /* septets or units free in the last segment */
    uint32_t blockers;      /* code points that force UCS-2 */
    uint32_t first_blocker; /* the first of them, 0 none */
};

void content_sms_shape(str text, struct sms_shape *ret);
/* Can the language be spelled in the GSM alphabet? */
bool content_gsm_spells(enum language l);
/* Parts that our own texts of that language may have; what another says in 160 septets does not go
 * into 70 units of Arabic. As MSG-05 has it, which decides when they leave. */
uint32_t content_sms_parts(enum language l);
/* The text with typographic quotes, dashes, spaces and other lookalikes replaced so that it fits
 * GSM-7 where possible; equal to the input when there is nothing to replace. */
str content_sms_plain(struct op *op, str text);

/* ---- reading grade --------------------------------------------------------------------------- */

enum grade_method {
    GRADE_NONE,             /* too short to judge, or a language without a formula */
    GRADE_FLESCH_KINCAID,   /* en: Kincaid et al. 1975 */
    GRADE_FERNANDEZ_HUERTA, /* es: 1959, INFLESZ bands (Barrio 2008) mapped to school years */
    GRADE_SENTENCE_LENGTH   /* ar and others: words a sentence only; a rule of thumb, not a grade */
};

struct grade {
    enum grade_method method;
    double years; /* school years, 0 … 18; for SENTENCE_LENGTH a stand-in on the same scale */
    double score; /* of the formula itself (ease, or words a sentence) */
    uint32_t words, sentences, syllables;
};

/* lang: BCP 47, only the primary subtag counts. */
void content_grade(str text, str lang, struct grade *ret);

/* ---- what a patient's reply asks for ------------------------------------------------------------
 */

enum reply_intent {
    REPLY_NONE,
    REPLY_STOP,  /* end contact: 47 CFR 64.1200(a)(10) keywords and any reasonable words */
    REPLY_HELP,  /* HELP, INFO: CTIA */
    REPLY_START, /* opt in again: keyword alone, never guessed */
    REPLY_INTENT_COUNT
};

struct reply {
    enum reply_intent intent;
    bool keyword;   /* the whole message is a keyword (TCPA-REV-01), else plain words (REV-02) */
    bool emergency; /* holds words of the red-flag list (EMG-01) */
    bool suicidal;  /* EMG-04 */
    bool device;    /* names a device and trouble with it (DEV-01) */
    str normalised; /* lower case, without marks and punctuation: fact normalised_text */
    str matched;    /* row of the list that decided, e.g. "stop texting" */
    str flag_group; /* red-flag group, e.g. "heart"; empty */
};

/* Doubt goes toward REPLY_STOP. English, Spanish and Arabic are all tried, whatever the patient's
 * language. False only when memory is refused. */
bool content_reply(struct op *op, str text, struct reply *ret);

/* The only digit of the words (also Arabic-Indic ones): the number of an answer; -1: none or more.
 */
int content_digit(str text);

/* ---- what a message gives away
 * ------------------------------------------------------------------- */

enum content_class {
    CONTENT_PHI,       /* diagnosis, medicine, result, procedure or sensitive-service words */
    CONTENT_SENSITIVE, /* of these: SUD, HIV, mental and sexual health, reproductive care */
    CONTENT_FINANCIAL,
    CONTENT_MARKETING,
    CONTENT_EMERGENCY,
    CONTENT_STOP_LINE,   /* tells how to opt out */
    CONTENT_ALERT_WORDS, /* shouting, "urgent", and the like: asked to be reworded */
    CONTENT_CLASS_COUNT
};

struct content_hit {
    enum content_class class;
    str word;     /* as in the list */
    size_t at, n; /* bytes of the text */
};

#define CONTENT_HITS_MAX 32

struct content_report {
    uint32_t classes; /* bit a class: 1u << CONTENT_… */
    struct sms_shape shape;
    size_t n_hits;
    struct content_hit hits[CONTENT_HITS_MAX];
    bool has_link, link_branded, link_shortened, link_has_identifier;
    bool has_phone, has_date, has_time, has_number_reading; /* "128/82", "5 lb" */
    const char *tier; /* "conversational" | "informational" | "promotional": fact content_tier */
};

/* Our own links end in this and a drawn word of so many characters (base64url), which is not read
 * as figures. */
#define CONTENT_LINK_PATH "/go/"
#define CONTENT_LINK_WORD 22u
/* brand_domains: domains that count as ours, subdomains too. False only when memory is refused. */
bool content_scan(struct op *op, str text, const str *brand_domains, size_t n,
                  struct content_report *ret);
/* The sender's name or caller id does not tell what care it is (P2-08). */
bool content_sender_neutral(str sender);
/* Sets what the text alone shows: encoding, segments, septets, utf16_units, char_count, has_link,
 * link_domain_branded, link_contains_identifier, has_stop_instruction; adds to the list phi_fields.
 * Raises, never lowers: contains_marketing, contains_financial, contains_phi become true when found
 * and content_tier promotional; otherwise what the author attested stands, and unknown stays
 * unknown. */
void content_facts(struct op *op, const struct content_report *report, struct facts *f);

#endif
