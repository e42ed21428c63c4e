/* What a patient's Consents say of one request, and which labels the codes of a resource bring.
 * A Consent arrives taken apart (struct consent_rule); how FHIR writes one is the record's to know.
 * Pure: no clock, no I/O. Source: FHIR R4 Consent.provision (a rule, its exceptions, theirs …),
 * 45 CFR 164.522(a), 42 CFR 2.13; data in spec/rules/consent-roles.csv, purposes.csv, labels.csv,
 * label-codes.csv. Invariant: the strictest wins; what cannot be told for sure denies and never
 * permits, so one denial more, or one permission less, never shows more. */
#ifndef WEFT_POLICY_CONSENT_H
#define WEFT_POLICY_CONSENT_H

#include "policy/policy.h"

/* ---- labels ---- */
typedef uint64_t label_set; /* one bit for each row of labels.csv */
#define LABEL_NORMAL 1u
#define LABEL_RESTRICTED 2u
/* The label's bit; 0 for a word that is none of ours. */
label_set label_parse(str code);
str label_name(size_t i); /* empty past the last */
/* What codes bring, by label-codes.csv; 0 nothing. */
label_set label_of_code(str system, str code);
/* Could any system's code read so? Cheap; for looking through a text. */
bool label_code_maybe(str code);
/* Whole: a sensitive one is restricted, too; what is not restricted is normal. */
label_set label_close(label_set said);
bool label_is_restricted(label_set s);
/* May one who is refused be told that there is something? */
bool label_is_named(label_set s);
/* The labels that keep what is of this type from the role, whatever its row says. */
label_set label_kept(enum role role, int type);
/* Of the lists: search keys made by another are made anew. */
unsigned label_version(void);

/* ---- a Consent, taken apart ---- */
struct consent_code {
    str system, code; /* no code: this server cannot tell what is meant */
    bool begins;      /* the code stands for all that start so */
};
struct consent_party {
    bool author;   /* the data's author, not who asks for it */
    str reference; /* none: this server cannot tell who */
};
struct consent_span {
    int64_t lo, hi; /* ms, [lo, hi) */
};
enum consent_meaning { MEANS_INSTANCE, MEANS_DEPENDENTS, MEANS_UNCLEAR };
struct consent_datum {
    enum consent_meaning meaning;
    str reference;
};
#define CONSENT_PURPOSES 1u
#define CONSENT_ACTIONS 2u
#define CONSENT_CLASSES 4u
#define CONSENT_CODES 8u
#define CONSENT_LABELS 16u
#define CONSENT_DATA 32u
#define CONSENT_DATED 64u
#define CONSENT_ACTORS 128u
struct consent_rule {
    bool permits, denies; /* neither: only its exceptions speak */
    bool unclear;         /* holds something that this server cannot keep */
    unsigned has;         /* CONSENT_PURPOSES …: narrowed by these */
    struct consent_span period, dated;
    unsigned purposes, purposes_maybe; /* by enum purpose */
    unsigned actions, actions_maybe;   /* by enum action */
    bool disclosing;                   /* those actions only when it leaves the house */
    label_set labels;
    bool labels_unclear;
    const struct consent_party *actors;
    const str *classes; /* resource types; empty: cannot tell */
    const struct consent_code *codes;
    const struct consent_datum *data;
    const struct consent_rule *exceptions;
    size_t n_actors, n_classes, n_codes, n_data, n_exceptions;
};
#define CONSENT_DEPTH_MAX 8u /* exceptions of exceptions; deeper ones are unclear */
/* Masks of a purpose's code; both 0 when it is of none of ours. False for an unknown word. */
bool consent_purpose(str code, unsigned *ret_yes, unsigned *ret_maybe);

/* ---- a request ---- */
struct consent_data {
    str self; /* "Observation/x" */
    const struct consent_code *codes;
    const str *refs;    /* what it names */
    const str *foreign; /* what it names at an address, as if that were this house's: "Type/id" */
    size_t n_codes, n_refs, n_foreign;
    label_set labels; /* closed */
    bool dated;
    struct consent_span when;
};
struct consent_request {
    enum role role;
    enum purpose purpose;
    enum action action;
    bool outside;     /* who asks is not of the house */
    const str *names; /* "Practitioner/x" and what else stands for who asks */
    size_t n_names;
    int64_t now;
    bool open;   /* allowed without being shared by name */
    bool listed; /* only what a permission that lists the type shares; open or not */
    str type;    /* of the data */
    const struct consent_data *data; /* NULL: any of that type */
    bool hopeful; /* with data NULL: could some be shown? Otherwise: surely all? */
};

enum consent_effect { CONSENT_SILENT, CONSENT_PERMIT, CONSENT_SHARE, CONSENT_DENY };
/* What one Consent says. SHARE: a permission that names who asks; of a request `listed`, one that
 * lists the type by its class. */
enum consent_effect consent_ask(const struct consent_rule *root, const struct consent_request *r);

struct consent_verdict {
    bool hidden;
    bool free;     /* who asks is bound by no Consent */
    size_t by;     /* which one denied; n when none did */
    str rule, why; /* row of consent-roles.csv */
    str citation;
};
/* All Consents in force of one patient. glass: this person broke the glass for this patient. */
void consent_decide(const struct consent_rule *const *roots, size_t n, bool glass,
                    const struct consent_request *r, struct consent_verdict *ret);
/* As whom Consents take somebody: their role; but a service with scopes and the role system is no
 * part of the house. The doors below and consent_request.role take this. */
#define CONSENT_APP ((enum role)ROLE_COUNT)
enum role consent_role(const struct actor *actor);
/* Is the role bound by Consents at all? */
bool consent_binds(enum role role);
bool consent_needs_share(enum role role);
/* Is the type the actor's only where each patient shares it (scope `shared` of access.csv)? Then
 * the request is `listed`, a search asks of each, and a refusal tells of nothing. */
bool policy_by_share(const struct actor *actor, enum action action, int type);
/* The types that some role has so, in a row; 0 past the last. */
int policy_shared_type(size_t i);
/* Does the role need to do with the patient, where the house says so? Then refused by this row. */
bool consent_needs_relation(enum role role);
void consent_no_relation(struct consent_verdict *ret);
/* May who has the role break the glass? */
bool consent_glass(enum role role);

#endif
