/* The rulebook room: may this be done, what must go with it, and why? Pure functions of facts the
 * caller hands over: no I/O, no clock, no state but const tables; thread-safe. Two doors:
 *   policy_decide()  contact, disclosure, recording, clocks: the 212 rules of spec/rules
 *   policy_access()  who may read or write which resource: the rows of spec/rules/access.csv
 * Unknown never allows: an unknown scope applies, an unknown requirement failed. Text analysis that
 * yields facts is in policy/content.h, what apps are given in policy/scope.h. */
#ifndef WEFT_POLICY_POLICY_H
#define WEFT_POLICY_POLICY_H

#include "base/json.h"
#include "base/op.h"
#include "rules_gen.h" /* enum fact, enum trigger, enum hold_kind, RULE_COUNT: from spec/rules */

/* ---- who acts ---------------------------------------------------------------------------- */
enum role {
    ROLE_NONE, /* nobody: everything is refused */
    ROLE_NURSE,
    ROLE_AGENT,
    ROLE_OUTREACH,
    ROLE_PRIVACY,
    ROLE_ADMIN,
    ROLE_PATIENT,
    ROLE_HELPER,
    ROLE_DEVICE,
    ROLE_SYSTEM, /* our own followers */
    ROLE_COUNT
};

/* HL7 v3 PurposeOfUse (http://terminology.hl7.org/CodeSystem/v3-ActReason); BTG: break the glass */
enum purpose {
    PURPOSE_NONE,
    PURPOSE_TREAT,
    PURPOSE_ETREAT,
    PURPOSE_BTG,
    PURPOSE_HPAYMT,
    PURPOSE_HOPERAT,
    PURPOSE_PATRQT,
    PURPOSE_FAMRQT,
    PURPOSE_PUBHLTH,
    PURPOSE_SYSADMIN,
    PURPOSE_COUNT
};

enum action {
    ACTION_READ, /* vread too */
    ACTION_SEARCH,
    ACTION_HISTORY,
    ACTION_CREATE,
    ACTION_UPDATE,
    ACTION_DELETE,
    ACTION_EXPORT, /* bulk, out of the system */
    ACTION_IMPORT, /* bulk, into the system */
    ACTION_AUDIT,  /* verify the trail */
    ACTION_MANAGE, /* accounts, tokens, configuration; type POLICY_TYPE_SYSTEM */
    ACTION_COUNT
};

/* Codes as stored and shown: "nurse", "TREAT", "read"; unknown values give "none"/"". Parsers leave
 * *ret alone when false ("none" is not a role one may have). */
str role_name(enum role role);
bool role_parse(str s, enum role *ret);
str purpose_name(enum purpose purpose);
bool purpose_parse(str s, enum purpose *ret);
str action_name(enum action action);
bool action_parse(str s, enum action *ret);
/* What a role works for when it does not say: nurse TREAT, patient PATRQT, admin SYSADMIN … */
enum purpose role_purpose(enum role role);

/* Set by identity once per request; everything below it only reads it through op->actor. */
struct actor {
    enum role role;
    enum purpose purpose; /* of this request */
    str user;             /* id of the account, e.g. "nurse.ada" */
    str reference;        /* "Practitioner/x", "Patient/x", "Device/x" …; may be empty */
    str session;          /* id of the session or token, for the trail */
    uint64_t patient;  /* resource number of the patient a patient, helper or device is bound to */
    uint64_t user_rid; /* resource number behind reference, 0 none */
    unsigned purposes; /* that one may state (policy/purpose.h) */
    bool strong;       /* signed in with a second factor or an equal */
    bool untrained;    /* training or agreements that the role asks for are missing (PRIV-23) */
    const struct scopes *scopes; /* an app's (policy/scope.h); NULL: the role alone */
};
/* ---- role x resource x action ------------------------------------------------------------ */
/* 1 … POLICY_TYPE_COUNT: the R4 resource types by the alphabet (spec/fhir/types.tsv, no abstract
 * ones); POLICY_TYPE_SYSTEM: no type (whole system, metadata); -1: unknown, always refused. */
#define POLICY_TYPE_SYSTEM 0
int policy_type_parse(str name);
str policy_type_name(int type);

struct access_request {
    int type;
    enum action action;
    uint64_t patient; /* of the compartment the resource is in (new content for a write); 0 none */
    bool is_own;      /* the actor's own record, or written by it, or the Device/account itself */
    bool assigned;    /* the case or task is claimed by, or assigned to, the actor */
    bool consented;   /* a Consent in force lists this type for who asks (a helper's SEARCH too) */
    bool sensitive;   /* meta.security holds a restricted label (R, V, PSY, SUD, HIV, SEX …) */
    uint64_t labels; /* label_set (policy/consent.h) of the resource, or of the worst it may have */
    bool listed;     /* READ of what a search found; HISTORY of a whole type */
    uint32_t scopes_held; /* bit i: the restriction of actor->scopes->at[i] names it */
};

struct access_verdict {
    bool allowed, joint, beside; /* the last two: of a search by scopes, see scope.h */
    bool compartment_only; /* search/history/export: the record must add the actor's compartment */
    bool own_only;         /* the same: only what the actor wrote or is */
    bool hide_sensitive;   /* the same: leave out what has a restricted label */
    uint32_t narrow;       /* search: only what one of these scopes' restrictions names; 0: all */
    uint64_t confine;      /* search: only this patient's compartment, by a scope; 0: not so */
    str rule;              /* id of the row that decided, e.g. "ACCESS-NURSE-03" or "ACCESS-DENY" */
    str citation;
    str why; /* on refusal: one plain sentence naming the rule; empty when allowed */
};

/* Never fails; no row, no access. Under 200 ns; allocates nothing. Of SEARCH and EXPORT patient and
 * the flags describe nothing yet: the answer says how to narrow it. */
void policy_access(const struct actor *actor, const struct access_request *request,
                   struct access_verdict *ret);

/* ---- facts --------------------------------------------------------------------------------*/
struct facts; /* fact id -> bool, number, string, list of strings, or unknown */

/* All unknown. NULL when memory is refused (the op is then failed). */
struct facts *facts_new(struct op *op);
void facts_clear(struct facts *f); /* everything unknown again */
/* Strings and lists are kept by reference: they must live as long as f. A NULL f is allowed. */
void facts_set_bool(struct facts *f, enum fact id, bool v);
void facts_set_num(struct facts *f, enum fact id, double v);
void facts_set_str(struct facts *f, enum fact id, str v);
void facts_set_list(struct facts *f, enum fact id, const str *items, size_t n);
void facts_unset(struct facts *f, enum fact id);
bool facts_known(const struct facts *f, enum fact id);
/* One flat object {"name": true | 1 | "x" | ["x"] | null}. ERR_INVALID naming every unknown name
 * and every value of another kind; null leaves the fact unknown. */
MUST err facts_from_json(struct op *op, const struct json *o, struct facts **ret);
/* The snapshot for the audit trail: known facts only, by name. */
struct json *facts_to_json(struct op *op, const struct facts *f);
str fact_name(enum fact id);
bool fact_parse(str name, enum fact *ret);
str trigger_name(enum trigger trigger);
bool trigger_parse(str name, enum trigger *ret);

/* ---- rules and the rulebook -------------------------------------------------------------- */
/* In order of strictness; the emergency path (EMG-10) goes before all. */
enum decision { DECISION_ALLOW, DECISION_HOLD_UNTIL, DECISION_REQUIRE, DECISION_DENY };
#define DECISION_COUNT 4
str decision_name(enum decision decision); /* "allow", "hold_until", "require", "deny" */

enum override_law { OVERRIDE_NO, OVERRIDE_STRICTER_ONLY, OVERRIDE_YES };
/* Once the emergency path is started (EMG-10): the rule stands; or it does not block for want of a
 * fact; or it does not block at all (consent, hours, frequency, verification). */
enum emergency_law { EMERGENCY_KEEPS, EMERGENCY_SUSPENDS_UNKNOWN, EMERGENCY_SUSPENDS };

struct rule_example {
    const char *name, *facts /* JSON */, *expect /* "allow" | "deny" | … */;
};

struct rule { /* one row of spec/rules/<domain>.json; const for ever */
    const char *id, *title, *domain, *condition, *detail, *why /* catalogue values */;
    const char *applies_when, *require, *params; /* as JSON text, for people */
    const char *citation, *jurisdiction, *status, *evidence, *effective_from, *effective_to;
    const char *override_name;
    enum trigger trigger;
    enum decision on_fail;
    enum hold_kind hold;
    enum override_law override;
    enum emergency_law emergency;
    const struct rule_example *examples;
    size_t n_examples;
};

const struct rule *policy_rule_at(size_t i); /* row i of RULE_COUNT, ordered by id */
const struct rule *policy_rule_find(str id); /* NULL when there is none */

/* The parameters in force. */
struct rulebook;
const struct rulebook *rulebook_default(void);
/* The catalogue with a tenant's changes: {"MSG-09": {"params": {"per_day": 2}, "reason": "…",
 * "approver": "…"}, …}. The law of each row is kept: `no` refuses any change, `stricter_only` any
 * that is not shown to be stricter, `yes` any without reason and approver ("enabled": false is
 * possible only there). ERR_INVALID lists every refused change. NULL overrides = the catalogue. The
 * book lives in the op's arena: build it with a process-long one. */
MUST err rulebook_new(struct op *op, const struct json *overrides, struct rulebook **ret);
str rulebook_params(const struct rulebook *book, const struct rule *rule); /* in force, as JSON */

/* ---- deciding ---------------------------------------------------------------------------- */
struct fired { /* a rule that applied and was not met */
    const struct rule *rule;
    enum decision decision;
    bool suspended;   /* by the emergency path: told, not enforced */
    str why, unknown; /* plain sentence: what is missing and what to do */
    str params;       /* JSON object in force, "{}" */
};

struct verdict {
    enum decision decision;
    bool emergency; /* EMG-10 path: allowed whatever fired; review is an obligation */
    size_t n_fired, n_obligations, n_missing, n_applied;
    struct fired *fired;    /* strictest first */
    const str *obligations; /* union, codes of spec/rules/obligations.csv, without doubles */
    enum fact *missing;     /* facts that fired rules ask for and nobody gave */
    bool held;              /* hold_until is known */
    int64_t hold_until;     /* ms; set by policy_hold_until() */
};

/* A set of triggers asked together, TRIGGER_BIT(a) | TRIGGER_BIT(b): a text message asks
 * OUTBOUND_ATTEMPT and OUTBOUND_SMS, a mail ATTEMPT and EMAIL, a call ATTEMPT and VOICE.
 * docs/facts.md lists the facts that an ordinary message needs. */
#define TRIGGER_BIT(t) (UINT64_C(1) << (t))
/* Book NULL = default. ERR_INVALID for an empty set. */
MUST err policy_decide(struct op *op, const struct rulebook *book, uint64_t triggers,
                       const struct facts *facts, struct verdict *ret);
/* One rule alone: what it says, and whether it applied; one that is switched off never does. */
enum decision policy_rule_decide(const struct rulebook *book, const struct rule *rule,
                                 const struct facts *facts, bool *ret_applied);
bool verdict_obliges(const struct verdict *v, str obligation);
str obligation_text(str code); /* a plain sentence; empty when there is none */
/* {"decision","fired":[ids],"obligations":[],"why":[],"missing":[],"hold":{"kinds","until"}}. */
struct json *verdict_to_json(struct op *op, const struct verdict *v);

/* ---- hours and holds --------------------------------------------------------------------- */
/* What the caller knows of when. Zones: every plausible IANA zone of the patient (address, stated
 * preference, area code). Jurisdictions: codes of spec/rules/calling-hours.csv, every plausible one
 * ("US-TX"); none plausible means unknown and takes the strictest row. */
struct hours_query {
    int64_t now; /* ms */
    const str *zones, *jurisdictions;
    size_t n_zones, n_jurisdictions;
    bool solicitation;      /* else a care message: POLICY-CARE window */
    bool automated;         /* dialled or spoken by a machine: automated-device rows too */
    const int64_t *counted; /* instants of the contacts a cap counts, any order */
    size_t n_counted;
    int64_t ready_at; /* for the kinds that wait for something else; 0 unknown */
};

/* Sets local_min_*, day_open*, window_row_found, win_*_min from the query. ERR_INVALID for an
 * unknown zone; no zone leaves all unknown. */
MUST err policy_hours_facts(struct op *op, const struct rulebook *book, const struct hours_query *q,
                            struct facts *f);
/* The earliest instant at which every hold of v is over: the latest of them, then moved into a
 * window open in every zone and jurisdiction, guard_s before closing. Sets v->held and
 * v->hold_until; held stays false when a hold has no computable end. counted may be a superset. */
MUST err policy_hold_until(struct op *op, const struct rulebook *book, const struct hours_query *q,
                           struct verdict *v);
str policy_zones(str jurisdiction); /* of "US-TX": IANA names by semicolons; may be empty */
/* Consent a recording needs in a place (0 none, 1 one party, 2 notice and continue, 3 affirmative):
 * fact required_rank_max is the highest over all legs. Unknown places give 3. */
unsigned policy_recording_rank(str place);

#endif
