/* Bulk data out and in, a bounded slice at a time, so that whoever runs a job can keep its place in
 * the record's named values and go on after a crash. Export finds numbers first and writes
 * documents when somebody fetches them, as of one moment: no plain text is ever kept.
 * https://hl7.org/fhir/uv/bulkdata/ (STU2) */
#ifndef WEFT_RECORD_JOBS_H
#define WEFT_RECORD_JOBS_H

#include "record/record.h"

struct record_export {
    uint64_t t;             /* the moment */
    const fhir_type *types; /* only these; n_types 0 = all */
    size_t n_types;
    int64_t since; /* ms: changed at or after, deleted ones too; INT64_MIN = ever */
    bool patients; /* what Patient compartments hold */
    str group;     /* id of a Group: its members' compartments; empty = all */
    const struct fhir_query *const *filters; /* of its type, a resource must match one */
    size_t n_filters;
};
/* May op->actor, and can this be done? One line in the trail. ERR_FORBIDDEN, ERR_NOT_FOUND (the
 * Group), ERR_INVALID (a filter by a parameter that is not searchable yet). */
MUST err record_export_check(struct op *op, struct record *rec, const struct record_export *x);
struct record_export_found {
    uint64_t rid;
    size_t bytes; /* about, on disk */
    fhir_type type;
    bool deleted; /* since */
};
/* Looks at about max resources from number `from` on; *ret_next 0: that was all. Not audited. */
MUST err record_export_slice(struct op *op, struct record *rec, const struct record_export *x,
                             uint64_t from, size_t max, struct record_export_found **ret,
                             size_t *ret_n, uint64_t *ret_next);
struct record_export_file {
    uint64_t t;
    const uint64_t *rids;
    size_t n;
    bool deleted; /* Bundles that say DELETE instead of resources */
    str detail;   /* for the trail: which file of which job */
};
/* NDJSON of what the actor may see. One line in the trail. */
MUST err record_export_write(struct op *op, struct record *rec, const struct record_export_file *f,
                             struct buf *out);

/* May op->actor import? One line in the trail. */
MUST err record_import_check(struct op *op, struct record *rec);
/* Resources, or one Bundle, as a transaction that record_commit() checks and writes, together with
 * what the caller puts into it (record_tx_kv()). *ret_unresolved, true after a failure here or
 * there: only because what they name is not there (yet). */
MUST err record_import_begin(struct op *op, struct record *rec, const str *texts, size_t n,
                             struct record_tx **ret);
bool record_tx_unresolved(const struct record_tx *tx);
/* A Bundle goes alone. */
bool record_import_bundle(str text);

/* A walk over values of that prefix, as store_kv_page(): one of the families that record/family.c
 * says are listed, and costs what that family holds. */
struct record_named {
    str name, value;
};
MUST err record_kv_page(struct op *op, struct record *rec, str prefix, str *at, size_t max,
                        struct record_named **ret, size_t *ret_n);

#endif
