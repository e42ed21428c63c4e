/* The record room: the only door to patient data. Every door asks policy for op->actor, writes the
 * audit trail (a write and its refusal in the transaction of its effect, a read or search before
 * its answer leaves) and speaks FHIR. Nothing else in Weft touches the store but identity's
 * credentials.
 *
 * Thread-safe: any number of threads, each with its own op. All results live in op->arena. */
#ifndef WEFT_RECORD_H
#define WEFT_RECORD_H

#include "fhir/bundle.h"
#include "policy/policy.h"
#include "record/search.h"

struct store;
struct record;

/* Binds a store to a rulebook (NULL = default). The caller closes the store after record_free(). */
MUST err record_new(struct op *op, struct store *store, const struct rulebook *book,
                    struct record **ret);
void record_free(struct record *rec);
/* The same with a data folder of its own, for main and the verbs of the command line:
 * record_init() makes the folder, record_open() opens it, record_close() closes all (NULL allowed).
 * cache_bytes 0 = default. Errors as store_create() and store_open(). */
MUST err record_init(struct op *op, str dir);
MUST err record_open(struct op *op, str dir, size_t cache_bytes, struct record **ret);
/* The store in PostgreSQL, the folder keeping its keys; database: libpq's connection string, empty:
 * as the folder says. */
MUST err record_init_at(struct op *op, str dir, str database);
MUST err record_open_at(struct op *op, str dir, str database, size_t cache_bytes,
                        struct record **ret);
/* The process is to end, see store_lost(). */
bool record_lost(const struct record *rec);
void record_close(struct record *rec);
/* For identity_new(), which keeps credentials there; nobody else looks inside. */
struct store *record_store(const struct record *rec);
const struct rulebook *record_rulebook(const struct record *rec);
/* Another rulebook and other restrictions (NULL: none) from now on; both outlive the record. */
struct restrictions;
void record_set_rules(struct record *rec, const struct rulebook *book,
                      const struct restrictions *access);

/* Who answers :in, :not-in, :above, :below; NULL: they are refused. It outlives the record. */
void record_set_terms(struct record *rec, const struct fhir_terms *terms);

/* ---- reading ---- */
struct record_doc {
    fhir_type type;
    str id;
    uint32_t vid;
    int64_t updated; /* ms */
    uint64_t t, rid;
    uint64_t patient;  /* resource number of its Patient compartment (a Patient: its own); 0 none */
    bool deleted;      /* head and body empty then */
    uint64_t redacted; /* rows of policy/redact.h, by number, that are about this view of it */
    str head, body;    /* the resource as served is head followed by body */
};
/* ERR_NOT_FOUND, ERR_GONE (deleted), ERR_FORBIDDEN with the rule's sentence. What an actor bound to
 * a patient may not see is ERR_NOT_FOUND, so that nothing can be inferred. */
MUST err record_read(struct op *op, struct record *rec, fhir_type type, str id,
                     struct record_doc *ret);
MUST err record_vread(struct op *op, struct record *rec, fhir_type type, str id, str vid,
                      struct record_doc *ret);
/* Newest first, at most max below version `before` (0 = newest). Deleted versions included. */
MUST err record_history(struct op *op, struct record *rec, fhir_type type, str id, uint32_t before,
                        size_t max, struct record_doc **ret, size_t *ret_n);
/* Parsed, tagged tree; bare: for who asks for members by name, or writes it, which tags it. */
MUST err record_parse(struct op *op, const struct record_doc *doc, struct json **ret);
MUST err record_parse_bare(struct op *op, const struct record_doc *doc, struct json **ret);
/* By resource number (followers). */
MUST err record_get(struct op *op, struct record *rec, uint64_t rid, struct record_doc *ret);
/* Resource number of Type/id; ERR_NOT_FOUND. No content is read, so nothing is audited. */
MUST err record_resolve(struct op *op, struct record *rec, fhir_type type, str id,
                        uint64_t *ret_rid);
/* The other way: type and id of a resource number, deleted ones too. No content, not audited. */
MUST err record_name(struct op *op, struct record *rec, uint64_t rid, fhir_type *ret_type,
                     str *ret_id);

/* ---- writing ---- */
struct record_result {
    fhir_type type;
    str id;
    uint32_t vid;
    int64_t updated;
    bool created;          /* false: updated, deleted, or an ifNoneExist match was already there */
    bool unchanged;        /* matched, nothing written */
    uint32_t deleted;      /* by a conditional delete: how many */
    struct record_doc doc; /* as stored (deleted: empty) */
};
/* resource: validated tree. Every local reference must exist (ERR_UNPROCESSABLE naming its path).
 * if_none_exist: search text or empty; one match → unchanged, several → ERR_PRECONDITION.
 * Conditions find what the actor could have searched for, or wrote. */
MUST err record_create(struct op *op, struct record *rec, struct json *resource, str if_none_exist,
                       struct record_result *ret);
/* Creates when absent (client-chosen id); but to an actor bound to a patient, what is not in that
 * patient's record and what is not there are both ERR_NOT_FOUND. if_match: version or empty. */
MUST err record_update(struct op *op, struct record *rec, fhir_type type, str id,
                       struct json *resource, str if_match, struct record_result *ret);
/* The same as FHIR's plain update: the life of a case has the desk's doors. */
MUST err record_put(struct op *op, struct record *rec, fhir_type type, str id,
                    struct json *resource, str if_match, struct record_result *ret);
/* Deleting what is absent or deleted is OK (vid 0); to a bound actor as with update. */
MUST err record_delete(struct op *op, struct record *rec, fhir_type type, str id, str if_match,
                       struct record_result *ret);

/* One answer a plan entry, in Bundle order. For GET entries: a read gives doc, a search gives page.
 */
struct record_answer {
    err code;
    struct record_result result;
    struct record_doc doc;
    struct record_page page;        /* of a history: its docs alone */
    const struct fhir_query *query; /* of a search entry */
    const struct issue *issues;     /* of a failed batch entry */
    size_t n_issues;
};
/* A transaction: all or nothing, one commit, links and conditional references resolved. A batch:
 * each entry on its own. */
MUST err record_transact(struct op *op, struct record *rec, struct fhir_plan *plan,
                         struct record_answer **ret);

/* ---- joining one transaction (care rooms) ---- */
struct record_tx;
struct record_tx *record_begin(struct op *op, struct record *rec);
/* Validates and assigns an id at once; references (those created in this transaction too) and the
 * right of the op->actor of this moment are checked by record_commit(). */
MUST err record_tx_create(struct record_tx *tx, struct json *resource, str *ret_id);
/* vid: what the new content was made from; the commit fails ERR_PRECONDITION if it moved on. */
MUST err record_tx_update(struct record_tx *tx, fhir_type type, str id, struct json *resource,
                          uint32_t vid);
/* Moves a follower's cursor; the commit fails ERR_CONFLICT if another moved it. */
void record_tx_cursor(struct record_tx *tx, str name, uint64_t from, uint64_t to);
/* Small named state of a room; empty = delete. _now: as tx leaves it, expecting what was. */
void record_tx_kv(struct record_tx *tx, str key, str value);
void record_tx_expect_kv(struct record_tx *tx, str key, str expected);
MUST err record_tx_kv_now(struct record_tx *tx, str key, str *ret);
void record_tx_outbox(struct record_tx *tx, str queue, int64_t due, str body);
void record_tx_outbox_done(struct record_tx *tx, uint64_t job);
void record_tx_outbox_later(struct record_tx *tx, uint64_t job, int64_t due, str body);
/* A line of its own in the trail: what was decided (action code, subject resource, JSON detail such
 * as a verdict). */
void record_tx_trail(struct record_tx *tx, str action, fhir_type type, str id,
                     const struct json *detail);
/* For ms from now op->actor is shown what the patient's Consents hide from them (emergency
 * treatment, 45 CFR 164.522(a)(1)(iii)). ERR_FORBIDDEN for roles that may not
 * (spec/rules/consent-roles.csv), ERR_NOT_FOUND. Whoever calls adds the review and the notice to
 * the same transaction. */
MUST err record_glass_break(struct record_tx *tx, str patient, int64_t ms, int64_t *ret_until);
/* Durable and visible, or nothing happened. _t: its changes come by the feed with it. */
MUST err record_commit(struct record_tx *tx);
uint64_t record_tx_t(const struct record_tx *tx);
/* Empty when there is no such value. */
MUST err record_kv_get(struct op *op, struct record *rec, str key, str *ret);
struct record_job {
    uint64_t job;
    int64_t due;
    uint32_t attempts;
    str body;
};
MUST err record_outbox_take(struct op *op, struct record *rec, str queue, int64_t lease_ms,
                            size_t max, struct record_job **ret, size_t *ret_n);
/* A job that lost a race comes back in a quarter of a second, or with its lease; clears op. */
void record_outbox_again(struct op *op, struct record *rec, const struct record_job *job);
MUST err record_outbox_any(struct op *op, struct record *rec, str queue, bool *ret);

/* ---- following ---- */
struct record_change {
    uint64_t t, rid, patient;
    int64_t time;
    uint32_t vid;
    fhir_type type;
    bool created, deleted;
};
/* Changes after t, whole transactions. For system actors and the live screens' fan-out (which ask
 * policy again before they show anything). */
MUST err record_feed(struct op *op, struct record *rec, uint64_t after, size_t max,
                     struct record_change **ret, size_t *ret_n);
bool record_feed_wait(struct record *rec, uint64_t after, int64_t ms);
uint64_t record_now_t(const struct record *rec);
/* A follower's durable cursor; 0 when it never ran. */
MUST err record_cursor(struct op *op, struct record *rec, str name, uint64_t *ret_t);

/* ---- acting later on somebody's word ---- */
struct record_writer {
    enum role role;
    enum purpose purpose;
    str user, reference;
};
/* Who created or updated the resource last, but for the account `except` (one's own); ERR_NOT_FOUND
 * when the trail does not name anybody (a bulk load). Shows no content. */
MUST err record_writer(struct op *op, struct record *rec, uint64_t rid, str except,
                       struct record_writer *ret);
/* Would op->actor be shown this version? Of a deleted resource: the version before, and nothing may
 * be known against it. Nothing is shown, so nothing is audited. */
MUST err record_may_read(struct op *op, struct record *rec, uint64_t rid, uint32_t vid, bool *ret);
/* Has the patient a Consent about who sees what? patient 0: yes, perhaps. Then what a role may see
 * is asked of each resource (record_may_read). */
bool record_consents_bind(struct op *op, struct record *rec, uint64_t patient);
/* Does a restriction of the tenant, or the patient's wish about results, take something of the type
 * from op->actor? The same then. */
bool record_narrows(struct op *op, struct record *rec, fhir_type type);
/* Before anything is served: whether roles that treat need to do with a patient to be shown them
 * (a team, visit, task, appointment or episode that names them); off unless set. */
void record_set_relationship(struct record *rec, bool on);
/* Types of which the patient's Consents hide something from op->actor, as far as that may be named
 * (spec/rules/labels.csv). Errors as record_read(). */
MUST err record_hidden(struct op *op, struct record *rec, str patient, fhir_type **ret,
                       size_t *ret_n);
/* The same beside an answer about the patient that has its own line in the trail: adds none. */
MUST err record_hidden_beside(struct op *op, struct record *rec, str patient, fhir_type **ret,
                              size_t *ret_n);

/* ---- trail ---- */
/* An answer that showed patient data may leave only when op->audit is durable. */
MUST err record_audit_wait(struct op *op, struct record *rec);
void record_audit_on_durable(struct record *rec, const struct tickets *owed,
                             void (*fn)(void *ctx, err result), void *ctx);
/* Entries of ops that are `gathered` go to the disk now, together. */
void record_audit_go(struct record *rec);
/* Something that is not a resource access: sign-in, sign-out, refusal at the door, token issued. */
MUST err record_audit_event(struct op *op, struct record *rec, str action, bool success,
                            str detail);
struct record_audit_check {
    uint64_t entries, bad_seq; /* bad_seq 0 = whole */
    uint64_t heads;            /* signed heads (Ed25519) that were held against it */
    char head[65];             /* hex */
};
MUST err record_audit_verify(struct op *op, struct record *rec, struct record_audit_check *ret);
/* Where the trail is now, signed, as JSON to be kept elsewhere (the bytes signed: store.h). */
MUST err record_audit_head(struct op *op, struct record *rec, str *ret_json);
/* Holds such a head against the trail: *ret_seq its entry, 0 when it is not as it was. */
MUST err record_audit_holds(struct op *op, struct record *rec, str json, uint64_t *ret_seq);
/* Lines of the trail since from that are no plain looks or writes (sign-ins, accounts, keys,
 * training, rules, exports, erasures …), newest first, at most max; *ret_more: older ones.
 * Of each: what, who (account or reference), whether it was done, and the line's detail. */
struct record_event {
    uint64_t seq;
    int64_t time;
    str code, who, role, detail;
    bool done;
};
MUST err record_audit_events(struct op *op, struct record *rec, int64_t from, size_t max,
                             struct record_event **ret, size_t *ret_n, bool *ret_more);
/* The record's signature (Ed25519; hex) over what, a line's end, text; no what: text of a line. */
struct record_signature {
    char key[65], value[129];
};
MUST err record_sign(struct op *op, struct record *rec, str what, str text,
                     struct record_signature *ret);

#endif
