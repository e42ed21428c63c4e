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
/* By form alone: type/subtype[;parameters] (RFC 6838 §4.2); langtag, privateuse and grandfathered
 * (RFC 5646 §2.1). Whether anybody registered them is not asked. */
bool fhir_media_type_ok(str s);
bool fhir_language_ok(str s);

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
/* The same without tags, for who asks for members by name. */
MUST err fhir_stored_bare(struct op *op, str head_and_body, struct json **ret);
/* Tags a tree without checking it; unknown members get tag 0. */
void fhir_tag(struct json *resource);

struct fhir_query;
/* Does the query ask for less than whole resources (_summary, _elements)? */
bool fhir_subset_asked(const struct fhir_query *q);
/* Takes out of a tagged tree what was not asked for and marks it SUBSETTED. Mandatory and modifier
 * elements of the first level stay. https://hl7.org/fhir/R4/search.html#summary, #elements */
MUST err fhir_subset(struct op *op, const struct fhir_query *q, struct json *resource);
/* True when a resource of this type can have this element at its first level. */
bool fhir_has_element(fhir_type t, str name);

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
/* The search parameters that put a resource of a type into the compartment of another, as codes
 * with spaces between; empty: never (R4 CompartmentDefinition, spec/fhir/compartments.tsv). */
str fhir_compartment_params(fhir_type compartment, fhir_type type);
/* True when resources of this type can be in a Patient compartment. */
bool fhir_in_patient_compartment(fhir_type t);

/* ---- search parameters, keys and queries: fhir/query.h ---- */
#include "fhir/query.h"

#endif
