/* The FHIR R4 (4.0.1) room: tables generated from spec/fhir, reading, validation, FHIRPath, search
 * keys and queries, bundle plans, outcomes. Pure: no I/O, no clock, no store.
 *
 * A resource is a base/json tree in op->arena. fhir_validate() tags each node (json.tag) with its
 * element row; the other doors need a validated (tagged) tree where they say so. */
#ifndef WEFT_FHIR_H
#define WEFT_FHIR_H

#include "base/json.h"
#include "base/time.h"
#include "fhir/path.h"

/* ---- types and tables ---- */
/* Row of a resource type, 1 … FHIR_TYPE_COUNT, in alphabetical order; 0 = none. Stable for R4. */
typedef uint16_t fhir_type;
extern const fhir_type FHIR_TYPE_COUNT;
str fhir_type_name(fhir_type t);     /* "" for 0 or out of range */
fhir_type fhir_type_parse(str name); /* 0 when not an R4 resource type */
/* resourceType member of a tree; 0 when absent or unknown. */
fhir_type fhir_type_of(const struct json *resource);
/* FHIR id: [A-Za-z0-9\-\.]{1,64} */
bool fhir_id_valid(str id);

/* ---- reading and validation ---- */
/* JSON text to a validated tree. Every problem is added to op->fault with its FHIRPath (up to
 * FAULT_ISSUES_MAX); ERR_INVALID for broken JSON, ERR_UNPROCESSABLE for broken content.
 * expected 0 = any type. */
MUST err fhir_read(struct op *op, str text, fhir_type expected, struct json **ret);
/* Structural validation of a tree: elements, types, cardinality, formats, choice, bindings,
 * references, contained. Tags the tree. */
MUST err fhir_validate(struct op *op, struct json *resource);

/* ---- the stored form ----
 * The store keeps a "body": the JSON text of the resource after the part that the server assigns.
 * head + body = the resource as served:
 *   head: {"resourceType":"X","id":"…","meta":{"versionId":"3","lastUpdated":"…Z"
 *   body: ,"profile":[…]},"status":…}      (or  },"status":…}  when meta has nothing else)
 * so that a read is served without parsing. id, meta.versionId and meta.lastUpdated of the input
 * are not kept. */
void fhir_body_write(struct buf *b, const struct json *resource);
void fhir_head_write(struct buf *b, fhir_type type, str id, uint32_t vid, int64_t updated);
/* Parses head + body again; not validated, but tagged. */
MUST err fhir_stored_read(struct op *op, str head_and_body, struct json **ret);

/* OperationOutcome of op->fault (or "all OK" information when there is none). */
void fhir_outcome_write(struct buf *b, const struct op *op);

/* ---- references ---- */
enum fhir_ref_kind {
    REF_NONE,
    REF_LOCAL,      /* Type/id */
    REF_ABSOLUTE,   /* http… */
    REF_URN,        /* urn:uuid, urn:oid */
    REF_CONTAINED,  /* #id */
    REF_CONDITIONAL /* Type?query */
};
struct fhir_ref {
    enum fhir_ref_kind kind;
    fhir_type type; /* LOCAL, CONDITIONAL; ABSOLUTE when it ends in Type/id */
    str id;         /* LOCAL; ABSOLUTE likewise */
    str version;    /* of Type/id/_history/v */
    str text;       /* as written */
};
struct fhir_ref fhir_ref_parse(str text);
/* All Reference.reference nodes of a tagged tree, contained resources included. */
struct fhir_ref_node {
    struct json *node; /* the STRING node; the caller may replace node->u.s */
    struct fhir_ref ref;
    str path; /* FHIRPath of it */
};
MUST err fhir_refs(struct op *op, struct json *resource, struct fhir_ref_node **ret, size_t *ret_n);

/* ---- compartments ---- */
/* Ids of the Patient resources in whose compartment a tagged resource lives (R4
 * CompartmentDefinition/patient), the home parameter's first, no doubles; local references only.
 * A Patient is in its own (its id is not listed here). */
MUST err fhir_patients(struct op *op, const struct json *resource, str **ret_ids, size_t *ret_n);
/* True when resources of this type can be in a Patient compartment. */
bool fhir_in_patient_compartment(fhir_type t);

/* ---- search parameters ---- */
/* clang-format off */
enum fhir_param_type {
    PARAM_NUMBER, PARAM_DATE, PARAM_STRING, PARAM_TOKEN, PARAM_REFERENCE, PARAM_COMPOSITE,
    PARAM_QUANTITY, PARAM_URI, PARAM_SPECIAL
};
/* clang-format on */
struct fhir_param {
    uint16_t number;  /* 16 … 65535, stable per spec release: what keys are stored under */
    const char *code; /* "birthdate" */
    uint8_t type;     /* enum fhir_param_type */
    fhir_type base;   /* the resource type it belongs to */
    bool single;      /* the element it indexes occurs at most once */
    bool home;        /* single reference that decides the Patient compartment */
    /* composite: component params; union/rename: the params to ask instead */
    const uint16_t *parts;
    uint8_t n_parts;
    bool alias; /* parts are alternatives; nothing is stored under this number */
    const fhir_type *targets;
    uint8_t n_targets;
};
/* By type and code; NULL when R4 has no such parameter. Also _id, _lastUpdated, _profile, _tag,
 * _security, _source (of Resource) for every type. */
const struct fhir_param *fhir_param_find(fhir_type t, str code);
const struct fhir_param *fhir_param_get(uint16_t number);
/* The i-th parameter of a type, or NULL past the end (for CapabilityStatement). */
const struct fhir_param *fhir_param_at(fhir_type t, size_t i);
/* The system that every code of a code element has by its value set, empty when none: keys do not
 * carry it. */
str fhir_param_system(const struct fhir_param *p);
enum fhir_key_kind {
    KEY_TOKEN,     /* system, code (either may be empty) */
    KEY_STRING,    /* text as written; the reader normalises (fold) */
    KEY_DATE,      /* lo, hi: the instants it may mean, [lo, hi) */
    KEY_NUMBER,    /* number */
    KEY_QUANTITY,  /* number, system, code (unit text in text) */
    KEY_REFERENCE, /* ref; identifier in system/code for Reference.identifier */
    KEY_URI,       /* text */
    KEY_COMPOSITE, /* parts */
    KEY_DISPLAY,   /* text: what a token is called (display, CodeableConcept.text, type.text) */
    KEY_TYPED      /* an identifier: system and code of its type, text its value (:of-type) */
};
struct fhir_key {
    uint16_t param;
    uint8_t kind; /* enum fhir_key_kind */
    str system, code, text;
    int64_t lo, hi;
    double number;
    struct fhir_ref ref;
    const struct fhir_key *parts;
    size_t n_parts;
};
/* All search keys of a tagged tree; meaning only: blinding and packing is the record's work.
 * No keys for _id and _lastUpdated (the record knows them), aliases and references into contained
 * resources; two for a versioned canonical (with, without |version). ERR_TOO_COSTLY past 200,000.
 */
MUST err fhir_keys(struct op *op, struct json *resource, struct fhir_key **ret, size_t *ret_n);
/* Case and accents folded, spaces collapsed (R4 string search: insensitive to case and accents). */
str fhir_fold(struct arena *a, str text);

/* ---- search queries ---- */
/* clang-format off */
enum fhir_prefix {
    PREFIX_EQ, PREFIX_NE, PREFIX_GT, PREFIX_LT, PREFIX_GE, PREFIX_LE, PREFIX_SA, PREFIX_EB, PREFIX_AP
};
enum fhir_modifier {
    MOD_NONE, MOD_MISSING, MOD_EXACT, MOD_CONTAINS, MOD_NOT, MOD_TYPE, MOD_IDENTIFIER, MOD_TEXT,
    MOD_IN, MOD_NOT_IN, MOD_ABOVE, MOD_BELOW, MOD_OF_TYPE, MOD_LIST
};
/* clang-format on */

struct fhir_value {
    enum fhir_prefix prefix;
    bool has_system; /* "sys|code": system given (maybe empty: "|code") */
    str system, code, text;
    int64_t lo, hi;                /* dates: span of the value as written */
    double number, num_lo, num_hi; /* numbers: value and implicit range */
    struct fhir_ref ref;
    const struct fhir_value *parts; /* composite */
    size_t n_parts;
};
struct fhir_clause {
    const struct fhir_param *param;
    enum fhir_modifier modifier;
    fhir_type mod_type;              /* :Patient */
    bool missing;                    /* value of :missing */
    const struct fhir_value *values; /* alternatives */
    size_t n;
    /* What the reference must point at: any of n_chain queries, each of a type of its own. reverse
     * (_has): a resource of chain->type that matches must point here by param, which is its. */
    const struct fhir_query *chain;
    size_t n_chain;
    bool reverse;
};
/* Of a type whose resources lie in one another (Location.partOf): the parameter that names what one
 * is part of; NULL for others. :above and :below of references follow it. */
const struct fhir_param *fhir_param_parent(fhir_type t);
struct fhir_include {
    fhir_type source; /* whose parameter */
    const struct fhir_param *param;
    fhir_type target; /* 0 = any */
    bool reverse, iterate;
};
struct fhir_sort_key {
    const struct fhir_param *param;
    bool descending;
};
enum fhir_total { TOTAL_DEFAULT, TOTAL_NONE, TOTAL_ESTIMATE, TOTAL_ACCURATE };
enum fhir_summary { SUMMARY_FALSE, SUMMARY_TRUE, SUMMARY_TEXT, SUMMARY_DATA, SUMMARY_COUNT };
struct fhir_query {
    fhir_type type;
    const struct fhir_clause *clauses; /* all must hold */
    size_t n;
    const struct fhir_include *includes;
    size_t n_includes;
    const struct fhir_sort_key *sort;
    size_t n_sort;
    uint32_t count; /* page size, 0 … 1000; default 20 */
    enum fhir_total total;
    enum fhir_summary summary;
    str page; /* opaque paging position (_page) */
    str self; /* normalised query text without _page, for links */
};
/* _list=1 is a clause on _id with MOD_LIST, text the List's id; :of-type has system and code of the
 * type, text the value; of :in and :not-in text is the value set.
 * Parses "name=value&…" (percent-encoded). Unknown or unsupported parameter, modifier or value:
 * ERR_INVALID naming it and what is supported; with lenient it is left out with a warning issue.
 * A parameter that renames or narrows one other comes rewritten (patient=1 as subject:Patient=1:
 * MOD_TYPE, mod_type, ref.type), in _include and _sort too; unions (combo-*) stay aliases. The
 * system of a code element is taken off again, as keys do not carry it. PREFIX_AP is widened. */
MUST err fhir_query_read(struct op *op, fhir_type type, str query, bool lenient,
                         const struct fhir_query **ret);
/* Does a tagged tree match? What needs other resources or a terminology is not answered here
 * (ERR_UNSUPPORTED): chains, _list, :in, :not-in, :above and :below of tokens and references. */
MUST err fhir_query_match(struct op *op, const struct fhir_query *q, struct json *resource,
                          bool *ret);

/* ---- bundles ---- */
enum fhir_verb { VERB_GET, VERB_POST, VERB_PUT, VERB_DELETE, VERB_PATCH, VERB_HEAD };
struct fhir_entry {
    size_t index; /* in the Bundle */
    enum fhir_verb verb;
    fhir_type type;
    str id;    /* of PUT/DELETE/GET Type/id */
    str query; /* conditional url or search */
    str url;   /* as written */
    str full_url;
    str if_match, if_none_match, if_none_exist;
    struct json *resource; /* tagged; NULL for GET, DELETE */
    err code; /* not OK: this entry of a batch cannot be done (fhir_bundle_read), and why: */
    const struct issue *issues; /* paths from the entry's resource or Bundle.entry[i] */
    size_t n_issues;
};
struct fhir_plan {
    bool transaction;           /* else batch */
    struct fhir_entry *entries; /* in Bundle order */
    size_t n;
    size_t *order; /* order of work: DELETE, POST, PUT and PATCH, GET */
};
/* Validated Bundle of type transaction or batch (for import also collection: entries become PUT or
 * POST) to a plan. Duplicate fullUrls, bad urls and missing request elements are errors naming the
 * entry. */
MUST err fhir_bundle_plan(struct op *op, struct json *bundle, bool import, struct fhir_plan *ret);
/* fhir_read() and fhir_bundle_plan() in one, for POST [base]: in a batch a bad resource or request
 * spoils only its entry, which then has code and issues; fullUrls and all else must be sound. */
MUST err fhir_bundle_read(struct op *op, str text, struct fhir_plan *ret);
/* Rewrites every reference (and uri/canonical/narrative link) in resource equal to a fullUrl that
 * map (fullUrl → struct str * "Type/id") knows. */
struct map;
MUST err fhir_links_rewrite(struct op *op, struct json *resource, const struct map *links);

#endif
