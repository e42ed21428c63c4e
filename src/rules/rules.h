/* The rules room: how the rulebook in force changes. A change is typed as a sentence, read back,
 * tried on the decisions of the last days, approved by somebody else, published from an effective
 * date, and taken back by itself when its time of trial ends (45 CFR 164.308(a)(8),
 * 164.316(b)(1)-(2): changes are evaluated, documented and kept). Every version stays for ever.
 *
 * A change of a parameter is under its rule's override law (policy.h); a change of access only
 * narrows what the role table gives.
 *
 * Every door asks for the right to the audit (role privacy or admin) and leaves a line in the
 * trail. Thread-safe. Results live in op->arena. A change as JSON: {"id", "sentence", "change":
 * {"rule", "params" | "enabled"} | {"role", "data", "types", "unlessVisitDays"}, "reason",
 * "status": "draft" | "submitted" | "approved" | "published" | "refused" | "ended", "author",
 * "approver", "version", "from", "until", "tried"}; instants as text. */
#ifndef WEFT_RULES_H
#define WEFT_RULES_H

#include "record/record.h"

struct rules;
/* Reads the versions and puts the one in force into the record. Needs a system actor. */
MUST err rules_new(struct op *op, struct record *rec, struct rules **ret);
void rules_free(struct rules *r);
/* Effective dates and ends of trials: call about once a second, as the system. */
MUST err rules_tick(struct op *op, struct rules *r);

/* Reads a sentence and keeps it as a draft. ERR_UNPROCESSABLE: not understood, with what may have
 * been meant; or against the rule's override law, which is named. */
MUST err rules_draft(struct op *op, struct rules *r, str sentence, str reason, struct json **ret);
/* What would have been decided otherwise in the last `days` (1-365): {"looked", "refused",
 * "held", "allowed", "complete", "who": [{"user", "role", "refused", "held", "allowed"}], "from",
 * "millis"}. Kept
 * with the draft. Stops at op->deadline; then complete is false. */
MUST err rules_try(struct op *op, struct rules *r, str id, unsigned days, struct json **ret);

enum rules_step {
    RULES_SUBMIT,
    RULES_APPROVE, /* by another account than the author's */
    RULES_REFUSE,
    RULES_PUBLISH, /* of an approved change */
    /* These two take two people: the first asks (status stays, "asked": {"step", "by", "at"}), the
     * second does it. */
    RULES_KEEP, /* a published change stays beyond its trial */
    RULES_END,  /* a published change ends now */
    RULES_STEPS
};
struct rules_when {
    int64_t from;  /* ms; 0 = now */
    int64_t until; /* end of the trial; 0 = none */
};
/* ERR_CONFLICT: the change is not where this step begins, or the rulebook moved on since it was
 * approved. ERR_FORBIDDEN: one's own change. */
MUST err rules_step(struct op *op, struct rules *r, str id, enum rules_step step,
                    const struct rules_when *when, struct json **ret);

/* {"version", "changes": […]} newest first; and one change. */
MUST err rules_list(struct op *op, struct rules *r, struct json **ret);
MUST err rules_get(struct op *op, struct rules *r, str id, struct json **ret);

/* The version of the rulebook that was in force at a moment; 0: the catalogue itself. */
MUST err rules_version_at(struct op *op, struct rules *r, int64_t when, uint32_t *ret);

#endif
