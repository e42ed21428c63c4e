/* Who: audiences. A Group (type person, not actual) whose characteristics are chips: groups of
 * alternatives that must all hold, each chip as it is or turned round. A chip is a row of
 * spec/campaign/chips.csv, or a FHIR search of any type that the asker may search; a FHIRPath over
 * the Patient may narrow what remains.
 *
 * What may be learned from it. Counts are made of what the asker may see: hidden patients and
 * hidden resources are not counted, anywhere. A definition is veiled when it has a chip of the
 * table about a type that the asker may not search (an outreach manager and diagnoses): then only
 * chips of the table may stand in it, figures are in tens and none is told under 11 (CMS cell
 * size), two figures told within a day never differ because of fewer than 11 people, and lists name
 * nobody. ADR 28. */
#ifndef WEFT_CAMPAIGN_AUDIENCE_H
#define WEFT_CAMPAIGN_AUDIENCE_H

#include "campaign/campaign.h"

#define AUDIENCE_CHIPS_MAX 32u
#define AUDIENCE_PATH_MAX 20000u /* people whose Patient is read for a FHIRPath */
#define AUDIENCE_FEW 11u         /* fewer are not told of a veiled audience */
#define AUDIENCE_EQUITY_MIN 30u  /* no group of the equity view is smaller */

/* Rows of spec/campaign/left-out.csv. */
enum audience_left {
    LEFT_NO_CONSENT,
    LEFT_OPTED_OUT,
    LEFT_LATELY,
    LEFT_DECEASED,
    LEFT_MINOR,
    LEFT_NO_CHANNEL,
    LEFT_DONE,
    LEFT_HOLD_OUT,
    LEFT_RESTRICTION,
    LEFT_HELPER,
    LEFT_COUNT,
    LEFT_IN = LEFT_COUNT
};

/* A definition as JSON: {"name", "purpose": "care" | "appointment" | "marketing", "lately": days 0
 * … 7 without a contact (7), "holdOut": percent 0 … 50 (10), "path": FHIRPath or absent, "groups":
 * [[{"chip", "value", "not"} | {"search": "Type?query", "not"} …] …]}. Errors name the chip by
 * FHIRPath (groups[1][0]). */

/* {"matched", "reached", "left": {code: n}, "veiled", "few", "helped", "languages": {code: n},
 * "ms"} of a definition that may not be saved yet. "few": what is not told is under 11.
 * ERR_UNAVAILABLE while the table of people is being made. */
MUST err audience_count(struct op *op, struct campaigns *c, const struct json *definition,
                        struct json **ret);
/* {"people": [{"id", "name", "row", "reason", "sentence"}], "next"}: who is left out for a reason
 * (LEFT_IN: who is in), from row `after` on, at most 50. Veiled: without id and name. */
struct audience_page {
    enum audience_left reason;
    uint64_t after;
    str language; /* of the sentences */
};
MUST err audience_list(struct op *op, struct campaigns *c, const struct json *definition,
                       const struct audience_page *page, struct json **ret);
/* {"language": [{"code", "matched", "reached"}], "age": […], "area": […]}: reach, no group under 30
 * told, nor to be reckoned from the others. */
MUST err audience_equity(struct op *op, struct campaigns *c, const struct json *definition,
                         struct json **ret);
/* The chips there are, with words in a language: {"chips": [{"code", "label", "citation", "veiled",
 * "values": [{"code", "label"}]}], "left": {code: label}}. */
MUST err audience_chips(struct op *op, struct campaigns *c, str language, struct json **ret);
bool audience_left_parse(str code, enum audience_left *ret);

/* Saves the definition as a Group (id empty: new) and reads it back. */
MUST err audience_put(struct op *op, struct campaigns *c, str id, const struct json *definition,
                      struct json **ret);
MUST err audience_get(struct op *op, struct campaigns *c, str id, struct json **ret);
MUST err audience_all(struct op *op, struct campaigns *c, struct json **ret);

/* ---- for campaigns: the house's own, as the role outreach may be shown people ---- */
/* Who would be contacted now: resource numbers, ascending, without the hold-out and all who are
 * left out; matched: all who match. */
struct audience_people {
    uint64_t *rids, *held; /* held: drawn into the hold-out, otherwise to be contacted */
    size_t n, n_held;
    uint64_t matched, left[LEFT_COUNT];
};
MUST err audience_people(struct op *op, struct campaigns *c, str group,
                         struct audience_people *ret);
/* Is it veiled for op->actor? */
MUST err audience_veiled(struct op *op, struct campaigns *c, str group, bool *ret);
/* For figures shown to op->actor: as counts tell it (audience_count()). */
MUST err audience_told(struct op *op, struct campaigns *c, str group, struct audience_people *ret);
/* A figure of a veiled audience as it may be told: tens, none under AUDIENCE_FEW. */
uint64_t audience_figure(uint64_t n);
/* The same of n among `of`: nor is it told that all but a few of them are. */
uint64_t audience_figure_of(uint64_t n, uint64_t of);
/* The snapshot of an approval, kept under a name (a campaign's id); a later one replaces it. */
MUST err audience_freeze(struct op *op, struct campaigns *c, str group, str name,
                         struct audience_people *ret);
MUST err audience_frozen(struct op *op, struct campaigns *c, str name, struct audience_people *ret);
/* At sending: whom the snapshot lacks and has too many. Nobody joins after the approval; who went
 * is left out, and why is in gone[] (gone[LEFT_IN]: does not match any more). */
struct audience_diff {
    uint64_t approved, now, joined, gone[LEFT_COUNT + 1];
    uint64_t *rids; /* of the snapshot, who may still be contacted */
    size_t n;
};
MUST err audience_compare(struct op *op, struct campaigns *c, str group, str name,
                          struct audience_diff *ret);

#endif
