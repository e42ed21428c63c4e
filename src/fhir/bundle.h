/* Bundles of type transaction and batch as plans of work
 * (https://hl7.org/fhir/R4/http.html#trules): which verb on what, in which order, with which
 * conditions; and the links between entries once their ids are known. Looks nothing up. Everything
 * lives in op->arena. */
#ifndef WEFT_FHIR_BUNDLE_H
#define WEFT_FHIR_BUNDLE_H

#include "fhir/fhir.h"
#include "fhir/patch.h"

enum fhir_verb { VERB_GET, VERB_POST, VERB_PUT, VERB_DELETE, VERB_PATCH, VERB_HEAD };
struct fhir_entry {
    size_t index; /* in the Bundle */
    enum fhir_verb verb;
    fhir_type type;
    str id;       /* of PUT/PATCH/DELETE/GET Type/id */
    str vid;      /* of GET Type/id/_history/vid */
    bool history; /* GET Type/id/_history */
    str query;    /* conditional url or search */
    str url;      /* as written */
    str full_url;
    str if_match, if_none_match, if_none_exist, if_modified_since;
    struct json *resource; /* tagged; NULL for GET, DELETE, PATCH */
    const struct fhir_patch *patch;
    uint32_t many; /* a conditional DELETE may end so many; 0 = one */
    err code;      /* not OK: this entry of a batch cannot be done (fhir_bundle_read), and why: */
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
