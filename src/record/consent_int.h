/* Between consent*.c and access.c: one patient's Consents made ready to be asked, and what of a
 * resource they ask about. Invariant: what cannot be read or told hides, it never shows. */
#ifndef WEFT_RECORD_CONSENT_INT_H
#define WEFT_RECORD_CONSENT_INT_H

#include "policy/consent.h"
#include "record/record_int.h"

#define CONSENTS_MAX 200u         /* of one patient, in force or not */
#define CONSENT_LIST_MAX 1000u    /* entries of one element of a provision */
#define CONSENT_PARTIES_MAX 4096u /* people behind the organisations and teams that one names */
#define CONSENT_PATIENTS_MAX                                                                       \
    256u /* with a denial, before whole searches are looked at one by one */

struct consent_set {
    struct consent_set *next_free;
    struct arena *arena;
    const struct consent_rule **roots;
    size_t n;
    unsigned needs;  /* CONSENT_CODES …: of the resource */
    bool broken;     /* could not be read: hides everything */
    bool of_members; /* stands on organisations or teams */
    unsigned refs;   /* under the lock of its slot */
};

/* Is the Consent about who sees what? Contact permissions, research and treatment are not. */
bool consent_about(const struct json *consent);
/* Could it hide anything from the house? Gets a key of its own (PARAM_BINDS). */
bool consent_may_deny(const struct json *consent);
/* Takes a Consent apart, into op->arena; *ret NULL when it says nothing about access. */
MUST err consent_rule_read(struct op *op, struct record *rec, const struct json *consent,
                           struct consent_set *set, const struct consent_rule **ret);
/* Who is meant by a reference: itself and, of roles, organisations and teams, their people. */
typedef VEC(struct consent_party) consent_parties;
MUST err consent_party_add(struct op *op, struct record *rec, str reference, consent_parties *to,
                           bool *ret_members);
/* Whose data is meant: who is named, and a person's roles. */
MUST err consent_author_add(struct op *op, struct record *rec, str reference, consent_parties *to,
                            bool *ret_members);

MUST err consents_new(struct op *op, struct record *rec);
void consents_free(struct consents *c);
/* ---- consent_list.c ---- */
MUST err consent_lists_new(struct op *op, struct record *rec);
void consent_lists_free(struct consent_lists *c);
/* One of the patient's was written; a commit that writes one begins, is over either way. */
void consent_list_stale(struct record *rec, uint64_t patient);
void consent_list_enter(struct record *rec, uint64_t patient);
void consent_list_leave(struct record *rec, uint64_t patient);
/* Numbers of all the patient's Consents, at most max. */
MUST err consent_list(struct op *op, struct record *rec, uint64_t patient, size_t max,
                      struct store_found *ret);

/* The patient's, from memory or made; *ret NULL: none that could matter. Give back. */
MUST err consent_take(struct op *op, struct record *rec, uint64_t patient,
                      struct consent_set **ret);
void consent_give(struct record *rec, uint64_t patient, struct consent_set *set);

/* relation.c: who acts needs to do with the patient, and has not. */
bool relation_lacks(struct op *op, struct record *rec, uint64_t patient);
bool relation_there(struct op *op, struct record *rec, uint64_t patient);
/* A resource of the type may link somebody to a patient. */
bool relation_kind(fhir_type type);
/* access.c: a Consent hides it, and that it does may be told. */
bool access_hides_named(struct op *op, struct record *rec, const struct store_doc *doc);
/* glass.c: has who acts broken the glass for the patient, and is it still open? */
bool consent_glass_broken(struct op *op, struct record *rec, uint64_t patient);

/* What Consents and labels ask of a resource (needs: CONSENT_CODES …). */
MUST err consent_data_of(struct op *op, struct json *resource, unsigned needs,
                         struct consent_data *ret);
/* A reference as it is compared: a local one without the version that it may name. */
str consent_ref(struct op *op, str reference);
/* What an address that ends in Type/id would be if it were this house's own, whatever host it
 * names; none for anything else. It may be meant, so it can deny and never permit. */
str consent_foreign(struct op *op, str reference);
/* Labels said and brought by codes, whole. Looks at the text first, and seldom further. */
label_set label_of_body(struct op *op, str body);
label_set label_of_tree(struct op *op, const struct json *resource);

/* The question itself, of a stored document or (body empty, tree given) of one to be stored. */
struct consent_question {
    enum action action;
    const struct store_doc *doc;
    struct json *tree; /* or NULL: read from doc->body when it is needed */
    bool open;         /* allowed without being shared by name */
};
/* False: nothing hides it. */
bool consent_hides(struct op *op, struct record *rec, const struct consent_question *q,
                   struct consent_verdict *ret);
/* Of a whole type of one patient's; patient 0: of any patient. hopeful: could some be seen? */
bool consent_hides_type(struct op *op, struct record *rec, uint64_t patient, fhir_type type,
                        bool hopeful);
/* Has the patient (0: anybody) a Consent that may deny? */
bool consent_denies(struct op *op, struct record *rec, uint64_t patient);
/* Patients with a Consent that may deny; more than CONSENT_PATIENTS_MAX: *ret_many. */
MUST err consent_patients(struct op *op, struct record *rec, uint64_t *ret, size_t *ret_n,
                          bool *ret_many);

#endif
