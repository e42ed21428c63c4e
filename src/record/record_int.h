/* Private to the record room: how its files meet. A write is staged (struct staged) in a record_tx,
 * its references resolved to targets, checked, packed into keys and put into one store transaction.
 * Invariant: nothing reaches the store that policy has not been asked about. */
#ifndef WEFT_RECORD_INT_H
#define WEFT_RECORD_INT_H

#include "base/map.h"
#include "base/vec.h"
#include "record/record.h"
#include "store/store.h"

#include <stdatomic.h>

struct profile_shelf;
struct customs;
struct custom_set;
struct consents;
struct fhir_customs;
struct record {
    struct store *store;
    _Atomic(const struct rulebook *) book;
    _Atomic(const struct restrictions *) restrictions; /* a tenant's; may be NULL */
    struct visits *visits;                             /* restrict.c */
    fhir_type t_patient, t_audit, t_task, t_consent, t_definition, t_parameter, t_team,
        t_organization, t_staff_role, t_form, t_note, t_note_request; /* rows asked for often */
    uint16_t *home;                         /* by type: number of the home parameter, 0 none */
    struct store_marks *marks;              /* by type: what the store marks */
    const struct fhir_terms *_Atomic terms; /* who knows codes; NULL nobody */
    struct customs *customs;                /* posted search parameters */
    bool owns_store, relationship;          /* relationship: relation.c asks */
    struct consents *consents;              /* consent.c */
    struct consent_lists *consent_lists;    /* consent_list.c */
    struct releases *releases;              /* release.c */
    struct cohort_kept *cohorts;            /* cohort_kept.c */
    struct profile_shelf *profiles;         /* compiled invariants and profiles */
    struct phrases *phrases;                /* phrase.c */
    struct blind_memo *memo;                /* hashes of codes and the like; NULL none */
    size_t chain_few, chain_many;           /* see chain.c; tests make them small */
    unsigned char page_key[32];             /* seals positions: page.c */
};

/* Ceilings (blueprint section 7, "bounded"). */
#define RECORD_CANDIDATES_MAX 10000u /* resources looked at one by one for one page */
#define RECORD_LOOKS_MAX 2000000u    /* for one order or count; the deadline comes before */
#define RECORD_INCLUDES_MAX 1000u
#define RECORD_LOG_MAX 100000u   /* changes looked at for one page of a history */
#define RECORD_GUARDED_MAX 1000u /* resources looked at, and guarded, for one condition */
#define RECORD_RETRIES 100       /* each time somebody else got through */
#define CHAIN_FEW 1000u          /* one side of a chain: found first without a second thought */
#define CHAIN_MANY 10000u        /* found first when the other side is many, too */
#define RECORD_BODY_MAX (64u << 20)

/* ---- pack.c: the bytes of keys ---- */
enum blind_domain {
    BLIND_CODE,
    BLIND_SYSTEM,
    BLIND_EXACT,
    BLIND_PREFIX,
    BLIND_GRAM,
    BLIND_URI,
    BLIND_UNIT,
    BLIND_USER,
    BLIND_TYPED,
    BLIND_WORD,
    BLIND_BEGIN,
    BLIND_PHRASE,
    BLIND_COUNT
};
/* A small memory of hashes made before: codes and systems repeat. Any thread; free() it. */
struct blind_memo;
struct blind_memo *blind_memo_new(void);
struct blinder {
    struct store *store;
    struct blind_memo *memo; /* may be NULL */
};
uint64_t blind(const struct blinder *b, enum blind_domain domain, str text);

#define KEY_MAX 96u
/* One key being written; longer ones are cut (never happens: parts are bounded). */
struct kb {
    uint8_t n;
    char p[KEY_MAX];
};
struct kb kb_param(uint16_t number);
void kb_u8(struct kb *k, uint8_t v);
void kb_top(struct kb *k, uint64_t v, unsigned bytes); /* the highest bytes of v */
void kb_low(struct kb *k, uint64_t v, unsigned bytes); /* the lowest bytes, big-endian */
void kb_time(struct kb *k, int64_t ms);
void kb_double(struct kb *k, double v);
void kb_token(struct kb *k, const struct blinder *b, str system, str code);
/* A word of the text: how it begins, then all of it. Returns where the beginning ends. */
size_t kb_word(struct kb *k, const struct blinder *b, str word);
#define WORD_BEGIN_BYTES 3u
/* A place: bits of latitude and longitude in turn, so that a cell is what starts alike. */
#define PLACE_BITS 24u
uint64_t place_cell(int64_t lat, int64_t lon); /* units of 10^-7 degrees; 2 * PLACE_BITS bits */
/* An identifier with its type, "system|code|value", after kb_ends(); no system: of any. */
void kb_typed(struct kb *k, const struct blinder *b, str whole);
str kb_str(struct arena *a, const struct kb *k);

/* Values start with these tags where a parameter has several forms. */
#define TAG_EXACT 'x'
#define TAG_PREFIX 'p'
#define TAG_GRAM 't'
#define TAG_REF 'r'
#define TAG_REF_TEXT 'u'
#define TAG_REF_IDENT 'i'
/* In the second space of a token, after kb_ends(). */
#define TAG_TYPED 'o'
#define TAG_NAMED 'w' /* has no code, but is called something */

/* Dates: first instant and length class, so that the keys of a parameter sort by when it began. A
 * span of no common length has its end as a second key, under the parameter's number with the top
 * bit set. */
#define TIME_BYTES 7u
struct kb kb_ends(const struct kb *k);
/* Marks a resource whose home parameter does not name the compartment it lives in, so that "patient
 * = X" may be answered by the compartment alone. Numbers under 16 are ours. */
#define PARAM_STRAY 1u
/* A Consent that may hide something from the house; and, of any resource, its labels (BLIND_CODE),
 * said or brought by its codes. */
#define PARAM_BINDS 2u
#define PARAM_LABEL 3u
#define PREFIX_BYTES_MAX 16u /* longer starts-with queries are verified on the document */
#define GRAM_TEXT_MAX 128u   /* longer texts carry a mark instead of trigrams */
/* The common lengths of a date; a span of another length is of class SPAN_OTHER. */
#define SPAN_CLASSES 4u
#define SPAN_OTHER SPAN_CLASSES
extern const int64_t span_ms[SPAN_CLASSES];
uint8_t span_class(int64_t lo, int64_t hi);
/* Longest prefix of s of at most max bytes that ends between characters. */
size_t prefix_cut(str s, size_t max);
struct store_marks *marks_of_types(void); /* marks.c: by type; NULL without memory */

/* ---- keys.c: resource to keys ---- */
struct phrase_writer;
typedef bool (*key_target_fn)(void *ctx, const struct fhir_ref *ref, uint64_t *ret_rid);
struct key_source {
    const struct fhir_customs *customs; /* or NULL */
    const struct blinder *blinder;
    key_target_fn target;
    void *ctx;
    const struct phrase_writer *writer; /* NULL: keys are not stored; words stand for names */
};
MUST err keys_of_resource(struct op *op, const struct key_source *src, struct json *resource,
                          str **ret, size_t *ret_n);
/* ---- reindex.c: keys made again for what is stored ---- */
/* Of the living resources after *rid, about max of them and of the types wanted (NULL: all); *rid
 * moves on. The number reached is stored in the same transaction. */
struct reindex {
    uint64_t rid, until; /* done so far; the last to do */
    const bool *types;   /* by fhir_type */
    str kv, prefix;      /* where the number reached is kept, and what stands before it there */
};
MUST err reindex_some(struct op *op, struct record *rec, struct reindex *r, size_t max);
/* Keys of an older format are made again, where it stopped last time; new stores are marked. */
MUST err reindex_format(struct op *op, struct record *rec);
/* The same of a stored document, for w->tx of w->rec. */
MUST err keys_to_store(struct op *op, struct phrase_writer *w, const struct store_doc *doc,
                       str **ret, size_t *ret_n);
/* store_keys_fn; ctx is the struct record. */
err keys_of_stored(struct op *op, void *ctx, const struct store_doc *doc, str **ret, size_t *ret_n);

/* ---- clause.c: query to store clauses ---- */
struct plan {
    struct store_query q;
    bool empty;                     /* nothing can match */
    bool verify;                    /* hits must be asked plan_holds() too */
    bool careful;                   /* hits may be hidden: each is asked, to be counted too */
    bool joint;                     /* an app's scopes of both levels: each is asked (scopes.c) */
    bool own;                       /* finds what the actor wrote, and nothing else */
    bool match;                     /* keys cannot tell all: the document itself is asked */
    uint64_t home;                  /* compartment that a home parameter named; 0 none */
    const struct fhir_query *asked; /* what the document is asked: value sets in, chains out */
    struct chain_filters *filters;  /* chains asked of each candidate; NULL none */
    uint64_t t;                     /* what else is looked at is as of it; 0: as it is now */
};
/* Access is asked for and put in. t: the moment that chains and lists are judged as of; 0: now. */
MUST err plan_make(struct op *op, struct record *rec, const struct fhir_query *q, uint64_t t,
                   struct plan *ret);
/* The same but for what Consents hide, which cohort.c takes out itself. */
MUST err plan_crowd(struct op *op, struct record *rec, const struct fhir_query *q,
                    struct plan *ret);
/* For conditional writes and references: as a search; who may not search the type finds only what
 * they wrote themselves (a device its own readings). */
MUST err plan_condition(struct op *op, struct record *rec, const struct fhir_query *q,
                        struct plan *ret);
/* Does a document that the keys found match? */
MUST err plan_holds(struct op *op, struct record *rec, const struct plan *plan,
                    const struct store_doc *d, bool *ret);
struct clause_list {
    VEC(struct store_clause) v;
};
void clause_push(struct op *op, struct clause_list *l, struct store_clause c);

/* Ranges of one clause: `and` is a second set that must hold too (two_dim). */
struct range_set {
    struct op *op;
    struct record *rec;
    VEC(struct store_range) or, and;
    bool two_dim;
    bool verify;
};
#define IN_OR 1
#define IN_AND 2
void range_add(struct range_set *s, int where, struct store_range r);
/* All keys that start with k, masked when mask.n > 0 (at: offset in the key). */
struct store_range range_prefix(struct arena *a, const struct kb *k, str mask, size_t at);
/* lo <= key < hi; an empty hi means: to the end of what starts with k. */
struct store_range range_between(struct arena *a, const struct kb *k, const struct kb *lo,
                                 const struct kb *hi);
void ranges_date(struct range_set *s, const struct kb *k, const struct fhir_value *v);
void ranges_number(struct range_set *s, const struct kb *k, const struct fhir_value *v,
                   enum fhir_param_type type);

/* ---- access.c: policy asked, refusals told ---- */
/* Reads of one stored document. ERR_FORBIDDEN or, for an actor bound to a patient, ERR_NOT_FOUND;
 * both are in the trail then. */
MUST err access_doc(struct op *op, struct record *rec, enum action action,
                    const struct store_doc *doc);
/* The same question without an answer that leaves: no trail, no fault. plan: of the search that
 * found it, which knows already whether a helper's Consent is there; or NULL. */
bool access_may_see(struct op *op, struct record *rec, const struct plan *plan,
                    const struct store_doc *doc);
/* The same of one after the other of what a search found: what type and patient alone have settled
 * is not asked again of the next of the same. Consents are asked of each. */
struct access_known {
    bool let;
    fhir_type type;
    uint64_t comp;
};
bool access_may_see_next(struct op *op, struct record *rec, const struct store_doc *doc,
                         struct access_known *io);
/* ---- bulk_filter.c: filters of an export that are searches ---- */
struct export_filter {
    const struct fhir_query *q;
    uint64_t t;
};
/* Does it ask more than the resource itself? */
bool export_searches(const struct fhir_query *q);
MUST err export_filter_check(struct op *op, struct record *rec, const struct fhir_query *q);
/* Which of rids (ascending) hold as of f->t; sets, never clears. */
MUST err export_filter(struct op *op, struct record *rec, const struct export_filter *f,
                       const uint64_t *rids, size_t n, bool *ret_holds);
/* A search or history of a type: adds what narrows it. */
MUST err access_search(struct op *op, struct record *rec, enum action action, fhir_type type,
                       struct clause_list *clauses, struct plan *plan);
/* One more clause: nothing that has one of these labels. */
void access_without(struct op *op, struct record *rec, uint64_t labels, struct clause_list *l);
/* The same for a condition: see plan_condition(). */
MUST err access_condition(struct op *op, struct record *rec, fhir_type type,
                          struct clause_list *clauses, struct plan *plan);
struct staged;
#define LABELS_ALL UINT64_MAX /* a label_set: what may have any */

/* ---- redact.c, redact_write.c, redact_search.c ---- */
void doc_redact(struct op *op, struct record *rec, const struct store_doc *d,
                struct record_doc *doc);
/* What the writer did not see is put back into what it sends. */
MUST err redact_restore(struct op *op, struct record *rec, struct staged *s);
/* Does the reference parameter tell of an element of the type that op->actor is not shown? */
bool redact_hides(struct op *op, struct record *rec, fhir_type type, const struct fhir_param *p,
                  bool reverse);
/* Does the parameter tell of an element of the type that may be absent for op->actor? */
bool redact_tells(struct op *op, struct record *rec, fhir_type type, const struct fhir_param *p);
/* ---- scopes.c: what the scopes of an app's token need to know of a resource ---- */
struct actor;
/* The patient that a question about a whole type is asked with. */
uint64_t scopes_patient(const struct actor *actor);
/* Which restricted scopes of op->actor name the resource: access_request.scopes_held. */
uint32_t scopes_held(struct op *op, struct record *rec, fhir_type type, struct json *resource);
uint32_t scopes_held_doc(struct op *op, struct record *rec, const struct store_doc *d);
/* A search comes down to what v->confine and v->narrow leave. */
/* Of a hit of a joint plan: do the scopes that give searching name it? */
bool scopes_find(struct op *op, struct record *rec, const struct store_doc *d);
MUST err scopes_narrow(struct op *op, struct record *rec, fhir_type type,
                       const struct access_verdict *v, struct clause_list *clauses,
                       struct plan *plan);
/* ---- consent.c ---- could a helper be shown some of the type? hopes: or is each asked of? */
bool consent_shares(struct op *op, struct record *rec, fhir_type type);
bool consent_hopes(struct op *op, struct record *rec, fhir_type type);
/* After the commit of a resource of the type in the patient's record. */
void consents_stale(struct record *rec, fhir_type type, uint64_t patient);
/* consent_hide.c: what Consents hide, taken out of a plan that is otherwise done. */
MUST err consent_hide(struct op *op, struct record *rec, fhir_type type, struct plan *plan);
/* ---- author.c: who says what a resource says ---- */
/* The i-th search parameter that names the author, NULL past the last. */
const struct fhir_param *author_param(const struct op *op, fhir_type type, size_t i);
/* The actor is named as the author, and nobody else is. */
bool author_is_actor(const struct op *op, const struct staged *s);
/* Of what is there alone, before anything about it can be told; s->rid 0: nothing is there, and the
 * question is whether the actor could ever do this to such a thing. */
MUST err access_change(struct op *op, struct record *rec, const struct staged *s);
MUST err access_write(struct op *op, struct record *rec, const struct staged *s);
/* Management and bulk questions. */
MUST err access_plain(struct op *op, struct record *rec, enum action action, int type);
bool access_bound(const struct op *op);

/* ---- audit.c: the trail ---- */
struct audit {
    enum action action;
    err outcome;
    fhir_type type;
    uint64_t rid;
    uint32_t vid;
    const uint64_t *patients;
    size_t n_patients;
    str id;       /* as asked, when there is no rid */
    bool unnamed; /* of a refusal: that there is something is not told */
    bool glass;   /* of a refusal: by a Consent, which a broken glass may lift */
    str rule;     /* id of the rule row that decided */
    str code;     /* of a line that is no resource access */
    str detail;   /* parameter names, JSON of a verdict, count */
};
/* Appends; op->audit is set. Does nothing for reads of our own followers. */
MUST err audit_append(struct op *op, struct record *rec, const struct audit *a);
/* In the transaction of the effect. */
void audit_put(struct op *op, struct record *rec, struct store_tx *tx, const struct audit *a);
/* A refusal: appended, then told as ERR_FORBIDDEN or, to a bound actor, ERR_NOT_FOUND. */
MUST err audit_refuse(struct op *op, struct record *rec, struct audit a, str why);
/* One entry taken apart again; slices point into the entry. */
struct audit_line {
    uint8_t action, outcome, role, purpose;
    fhir_type type;
    uint64_t rid, trace;
    uint32_t vid;
    uint64_t patients[64];
    size_t n_patients;
    str user, reference, session, id, rule, code, detail;
};
bool audit_decode(str entry, struct audit_line *ret);
enum audit_param { AUDIT_PATIENT = 1, AUDIT_AGENT, AUDIT_ENTITY, AUDIT_ACTION, AUDIT_FAILED };
struct kb audit_key(struct record *rec, enum audit_param param, uint64_t number);
uint64_t audit_user(struct record *rec, str user);
/* AuditEvent resources made from the trail. */
MUST err audit_event_read(struct op *op, struct record *rec, str id, struct record_doc *ret);
MUST err audit_event_search(struct op *op, struct record *rec, const struct fhir_query *q,
                            struct record_page *ret);
MUST err audit_event_doc(struct op *op, struct record *rec, uint64_t seq, int64_t time,
                         const struct audit_line *line, struct record_doc *ret);
/* Of a line, only the patient that a bound actor is bound to; false when it is not about them. */
bool audit_narrow(const struct op *op, struct audit_line *line);
str audit_action_code(uint8_t action);
str audit_subtype_code(const struct audit_line *l);
MUST err audit_look(struct op *op, struct record *rec, struct plan *plan);

/* ---- record.c ---- */
/* As op->actor is shown it, redacted; op->fault is set, and nothing is in it, where that fails. */
void doc_fill(struct op *op, struct record *rec, const struct store_doc *d, struct record_doc *ret);
str doc_id(struct op *op, struct record *rec, uint64_t rid, str client_id);
/* The same whole, for what never leaves the room. */
void doc_whole(struct op *op, struct record *rec, const struct store_doc *d,
               struct record_doc *ret);
/* Type/id to a number; ERR_NOT_FOUND without a fault. *ret is a peek (no body). */
MUST err id_resolve(struct op *op, struct record *rec, fhir_type type, str id,
                    struct store_doc *ret);
/* The number alone, which costs less. */
MUST err id_number(struct op *op, struct record *rec, fhir_type type, str id, uint64_t *ret);
/* By number, with the client's id if there is one: what doc_id() needs. */
MUST err peek_named(struct op *op, struct record *rec, uint64_t rid, struct store_doc *ret);
/* The same with the body. */
MUST err id_get(struct op *op, struct record *rec, fhir_type type, str id, struct store_doc *ret);
MUST err fail_not_found(struct op *op);
/* Whole; tree_shown() as op->actor is shown it. */
MUST err tree_of(struct op *op, struct record *rec, const struct store_doc *d, struct json **ret);
MUST err tree_shown(struct op *op, struct record *rec, const struct store_doc *d,
                    struct json **ret);

/* ---- read.c ---- */
/* Policy, trail, then the document as served. */
MUST err read_doc(struct op *op, struct record *rec, enum action action, const struct store_doc *d,
                  struct record_doc *ret);
MUST err read_missing(struct op *op, struct record *rec, fhir_type type, str id);

/* ---- search.c ---- */
/* Numbers of what matches, access already in the plan: the first max, or with 0 all of them
 * (ERR_TOO_COSTLY past RECORD_CANDIDATES_MAX). Not audited. */
MUST err search_rids(struct op *op, struct record *rec, const struct fhir_query *q,
                     struct plan *plan, size_t max, uint64_t **ret, size_t *ret_n);
/* The document as it was at t (0 = now); *ret_ok false when it was not there, does not match, or
 * may not be seen, as it was then or as it is now. */
MUST err search_fetch(struct op *op, struct record *rec, const struct fhir_query *q,
                      const struct plan *plan, uint64_t rid, uint64_t t, struct store_doc *ret,
                      bool *ret_ok);
/* The same for all that the store found at once, from one moment: ret[i] is of found->rids[i]. */
struct search_wanted {
    const struct fhir_query *q;
    const struct plan *plan;
    uint64_t t;
};
struct search_got {
    struct store_doc doc;
    bool ok;
};
MUST err search_fetch_all(struct op *op, struct record *rec, const struct search_wanted *w,
                          const struct store_found *found, struct search_got *ret);
/* ---- each.c ---- */
/* Every match of a part, one after the other, in the order and from the position that the plan's
 * query names, as of the moment of its first answer. fn sees the document in memory that is taken
 * back soon after; *ret_stop ends the walk. ERR_TOO_COSTLY past RECORD_LOOKS_MAX. */
struct each {
    struct op *op;
    struct record *rec;
    struct search_part *part;
    err (*fn)(struct op *op, struct each *e, const struct store_doc *d, bool *ret_stop);
    void *ctx;
    uint64_t t; /* of what is seen; out */
    bool stopped;
    struct arena *batch, *few; /* each.c's own */
    size_t looked;
};
MUST err search_each(struct each *e);
/* How many match as of t (0: now), looking at each. */
MUST err search_count(struct op *op, struct record *rec, struct search_part *p, uint64_t t,
                      uint64_t *ret);
/* ---- page.c: positions as the client holds them ---- */
void page_key_make(struct record *rec); /* once, when the record is opened */
/* Marked for this actor and query; empty stays empty. */
str page_give(struct op *op, struct record *rec, const struct fhir_query *q, str position);
/* What was given, out of q->page: ERR_INVALID when it is another's or was altered, ERR_GONE after
 * an hour. */
MUST err page_take(struct op *op, struct record *rec, const struct fhir_query *q, str *ret);
struct audit;
/* One type of a search, and what looking cost: documents read, kept; steps of the store. */
struct search_part {
    const struct fhir_query *q;
    struct plan plan;
    uint64_t steps, read, kept;
    enum store_lead lead;
    uint16_t led;
};
/* Names of the parameters of a search, never their values. */
str search_names(struct op *op, const struct fhir_query *q);
/* The line of a search in the trail, naming the patients on the page. */
MUST err search_told(struct op *op, struct record *rec, const struct search_part *parts, size_t n,
                     const struct record_page *page);
/* The same line for any page: its action and type, whom it is about beside those on the page. */
MUST err page_told(struct op *op, struct record *rec, const struct audit *line, uint64_t about,
                   const struct record_page *page);
/* search_cost.c: how it was found, for who may know: nothing of a value. start: time_mono_ns(). */
MUST err search_explain(struct op *op, struct record *rec, const struct search_part *parts,
                        size_t n, struct record_page *page, int64_t start);
/* search_cost.c: ERR_TIMEOUT past op->deadline; looked at every few candidates (i counts them). */
MUST err search_late(struct op *op, size_t i);
/* True when the store has no order for what is asked. */
bool sort_in_memory(const struct fhir_query *q);
struct store_sort sort_in_store(const struct fhir_query *q);
/* The moment of a position that search_sorted() gave; 0 when it is none. */
uint64_t sort_page_t(str page);
MUST err search_sorted(struct op *op, struct record *rec, struct search_part *parts, size_t n,
                       struct record_page *ret);
MUST err search_include(struct op *op, struct record *rec, const struct fhir_query *q,
                        struct record_page *page);
/* compartment.c: only what is in the compartment that the query names. */
MUST err plan_compartment(struct op *op, struct record *rec, const struct fhir_query *q,
                          struct clause_list *l, struct plan *plan);
/* Labels of store clauses that are no parameter's (those start at 16). */
#define LABEL_ACCESS 2u
#define LABEL_COMPARTMENT 3u
#define LABEL_CHAIN 4u

/* ---- tx.c, links.c, home.c, stage.c: writing ---- */
struct target {
    uint64_t rid, comp;
    fhir_type type;
    bool found;
    struct staged *staged; /* written by this transaction; its comp counts */
};
struct ref_use {
    struct target *target;
    str path;
};
struct staged {
    enum action action;        /* ACTION_CREATE, ACTION_UPDATE, ACTION_DELETE */
    const struct actor *actor; /* who wrote it: op->actor of that moment */
    fhir_type type;
    str id;
    bool client_id;
    bool versioned; /* If-Match named the version before */
    uint64_t rid;
    uint32_t vid;        /* of the version written */
    uint64_t comp;       /* where it will live */
    uint64_t old_comp;   /* where it lives */
    bool homed;          /* comp is settled */
    bool revived, alone; /* over a deleted version; no version before it stays */
    struct json *resource;
    const struct guard *none; /* nothing else may match this at commit */
    struct ref_use *refs;
    size_t n_refs;
    str where; /* "Bundle.entry[3]" or empty */
    str rule;  /* that allowed it */
    str body;
};
struct record_tx {
    struct op *op;
    struct record *rec;
    struct store_tx *stx;
    struct map targets; /* "Type/id" */
    struct map values;  /* named values it read or wrote */
    VEC(struct staged *) staged;
    VEC(struct audit *) lines;    /* of record_tx_trail(): put at commit */
    bool unresolved;              /* a reference found nothing */
    bool consents;                /* consent_list_enter() was said of what it writes */
    bool raced;                   /* every check passed: a failure now is others' doing */
    bool definitions;             /* a StructureDefinition is among them */
    bool parameters;              /* a SearchParameter is among them */
    struct custom_set *customs;   /* keys are made by it: custom_enter() */
    bool bundle;                  /* conditional references are allowed */
    bool plain;                   /* written by FHIR's own interactions: plain_check() */
    bool bulk;                    /* one line in the trail for all; policy was asked for the run */
    uint64_t next_rid, rids_left; /* numbers reserved for what is to be made */
    uint64_t t;                   /* of the commit */
    err failed;                   /* sticky, for the doors that return nothing */
};
struct staged *stage_new(struct record_tx *tx, enum action action, fhir_type type,
                         struct json *resource);
/* New number and id; client_id empty = made from the number. */
void stage_name(struct record_tx *tx, struct staged *s, str client_id);
/* Takes number, version and compartment of what is stored. */
void stage_over(struct record_tx *tx, struct staged *s, const struct store_doc *old);
struct target *target_get(struct record_tx *tx, fhir_type type, str id);
/* FHIRPath of an element of s as the sender sees it. */
str links_path(struct record_tx *tx, const struct staged *s, str path);
/* ---- profile.c ---- */
/* Invariants of R4, and the profiles of strict types, of all that is staged: every problem told. */
MUST err profile_check_all(struct record_tx *tx);
void profile_shelf_stale(struct profile_shelf *s);

MUST err links_resolve(struct record_tx *tx, struct staged *s);
MUST err home_find(struct record_tx *tx, struct staged *s);
MUST err home_check(struct record_tx *tx, struct staged *s);
/* Every staged write: references, compartment, policy, keys, body, trail; into the store tx. */
MUST err stage_all(struct record_tx *tx);
/* After a commit, whichever way it went, or when none comes after stage_all(): what stands on
 * definitions is made anew. */
void stage_committed(struct record_tx *tx);
MUST err stage_commit(struct record_tx *tx, struct store_commit *ret);
void stage_result(struct record_tx *tx, const struct staged *s, const struct store_commit *c,
                  struct record_result *ret);
/* A commit that failed because somebody was faster is tried again; past RECORD_RETRIES *e becomes
 * ERR_UNAVAILABLE: the client set no condition that failed, it shall try again. */
bool commit_may_retry(struct op *op, err *e, int attempt);
/* Issues of the fault from the given one on, which were born inside of an entry, name it. */
void fault_where(struct record_tx *tx, str where, size_t from);
/* ---- custom.c: posted search parameters ---- */
struct fhir_custom;
/* Ready or not; NULL when no posted parameter has the number. */
const struct fhir_custom *custom_by_number(const struct record *rec, uint16_t number);
MUST err custom_new(struct op *op, struct record *rec);
void custom_free(struct customs *c);
/* After the commit of a SearchParameter. */
void custom_stale(struct record *rec);
/* Those known now; NULL while the record is being opened. */
const struct fhir_customs *custom_now(const struct record *rec);
/* Around the making of keys and their commit, however it ends; leaving twice is leaving once. */
void custom_enter(struct record_tx *tx);
void custom_leave(struct record_tx *tx);
const struct fhir_customs *custom_of(const struct record_tx *tx);
/* A SearchParameter that is to be searched by can be. */
MUST err custom_check(struct record_tx *tx, struct staged *s);
/* ---- guard.c: conditions that hold until the commit ---- */
struct guard {
    struct store_query none;
    uint64_t *seen; /* read one by one, at these versions */
    uint32_t *vids;
    size_t n_seen;
};
struct guard_found {
    uint64_t *rids;
    size_t n;                  /* max + 1: more than max */
    const struct guard *guard; /* of "nothing else matches"; NULL when nothing ever can */
};
MUST err guard_look(struct op *op, struct record *rec, const struct fhir_query *q,
                    struct plan *plan, size_t max, struct guard_found *ret);
void guard_put(struct store_tx *stx, const struct guard *g);
/* ---- match.c ---- */
/* One conditional question: 0, 1 or 2 (several) matches, of what the actor could have searched for;
 * it is in the trail as a search. */
MUST err match_one(struct op *op, struct record *rec, fhir_type type, str query, size_t *ret_n,
                   struct store_doc *ret, const struct guard **ret_guard);
MUST err version_check(struct op *op, str if_match, uint32_t vid);

/* ---- transact.c ---- */
/* Stages the entries of a plan; by_entry keeps numbers over retries (NULL: nothing staged). */
MUST err transact_stage(struct record_tx *tx, const struct fhir_plan *plan,
                        struct record_answer *answers, struct staged **by_entry);
/* By which door a write comes: a care room's, FHIR's own, FHIR's own in a transaction. */
enum road { ROAD_ROOM, ROAD_PLAIN, ROAD_BUNDLE };
/* One entry as a transaction of its own. */
MUST err transact_one(struct op *op, struct record *rec, const struct fhir_entry *entry,
                      enum road road, struct record_answer *ret);
/* ---- load.c: texts of a bulk run (one Bundle, or any number of resources), staged in tx ---- */
MUST err load_stage(struct record_tx *tx, const str *texts, size_t n);
/* ---- plain.c: what FHIR's own interactions may not write ---- */
MUST err plain_check(struct record_tx *tx, struct staged *s);
/* Has the Task this code of RECORD_TASK_CODE? */
bool task_is(const struct json *task, const char *code);
bool type_many(fhir_type type, bool *ret_one);

#endif
