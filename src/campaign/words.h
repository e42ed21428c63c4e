/* What: words. A template is an ActivityDefinition (kind CommunicationRequest) whose texts stand
 * side by side by language and channel; {names} in them are variables: the house's own (first,
 * phone, clinic, link, due) or FHIRPaths over the Patient with a fallback a language. "{{" is a
 * brace.
 *
 * As JSON: {"title", "kind": "care" | "appointment" | "refill" | "marketing", "evidence", "texts":
 * {"en": {"sms", "subject", "email"} …}, "variables": [{"name", "path", "fallback": {"en": …}}]}.
 * Life: draft → submitted → active by another account than any author; a change of active words is
 * a draft beside them, and campaigns go on with what was approved. */
#ifndef WEFT_CAMPAIGN_WORDS_H
#define WEFT_CAMPAIGN_WORDS_H

#include "campaign/campaign.h"

#define WORDS_TEXT_MAX 4000u
#define WORDS_PARTS_MAX 200u
#define WORDS_NAME_MAX 32u
#define WORDS_VARIABLES_MAX 20u
#define WORDS_SEGMENTS_MAX 2u

/* Pure: a text taken apart. ERR_INVALID names the byte; texts are slices of in. */
struct words_part {
    bool variable;
    str text; /* the words, or the name */
    size_t at;
};
MUST err words_parse(struct op *op, str in, struct words_part **ret, size_t *ret_n);

/* {"ok", "findings": [{"language", "channel", "code", "level", "message", "at", "length",
 * "suggest"}], "texts": {"en": {"sms": {"grade", "encoding", "segments", "left", "words",
 * "full"}}}}. language: of the messages. Nothing is saved. */
MUST err words_lint(struct op *op, struct campaigns *c, const struct json *definition, str language,
                    struct json **ret);
/* On people who are really there, shown masked: {"people": n, "missing": {name: n}, "samples":
 * [{"language", "sms"}]}. As op->actor, at most 20 people. */
MUST err words_try(struct op *op, struct campaigns *c, const struct json *definition,
                   struct json **ret);

/* Words that are being written, to their author's own address (outreach/probe.h), with a real
 * person's variables, masked. *ret: {"to", "text", "subject"}. */
struct words_probe {
    str channel, language;
};
MUST err words_probe(struct op *op, struct campaigns *c, const struct json *definition,
                     const struct words_probe *to, struct json **ret);

/* id empty: new. With "id", "state", "version", "authors". */
MUST err words_put(struct op *op, struct campaigns *c, str id, const struct json *definition,
                   struct json **ret);
MUST err words_get(struct op *op, struct campaigns *c, str id, struct json **ret);
MUST err words_all(struct op *op, struct campaigns *c, struct json **ret);
/* "submit", "approve", "refuse". ERR_UNPROCESSABLE with one issue an error of the lint;
 * ERR_FORBIDDEN: one's own words; ERR_CONFLICT: not from this state, or changed since. */
MUST err words_step(struct op *op, struct campaigns *c, str id, str step, struct json **ret);

/* For campaigns: the approved words for one person, filled; ERR_NOT_FOUND when none are approved.
 * patient: tagged tree; language falls back to English. */
struct words_ask {
    str id, language, due;
    str link; /* address for {link}; empty: words that need one are refused */
    bool email;
    struct json *patient;
};
MUST err words_say(struct op *op, struct campaigns *c, const struct words_ask *ask, str *ret_text,
                   str *ret_subject);

#endif
