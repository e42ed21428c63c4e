/* The terminology room: code systems, value sets and concept maps, and what can be asked of them
 * (http://hl7.org/fhir/R4/terminology-service.html). Three sources, in this order of right: what
 * was written to the record, releases loaded into DATA/terms by weft import (LOINC, SNOMED CT,
 * RxNorm), R4's own, which are part of the binary. A canonical with |version means that version;
 * without, the first source that has the url, there the highest version.
 *
 * What is not here, or not whole (content not-present, fragment, example), is UNKNOWN: it is told,
 * never guessed. Public knowledge, so nothing here is sealed; but what comes from the record is
 * read in the asker's name when a person asks.
 *
 * Thread-safe; results live in op->arena.
 */
#ifndef WEFT_TERMS_H
#define WEFT_TERMS_H

#include "base/json.h"
#include "fhir/terms.h"
#include "record/record.h"

struct terms;
/* dir: the data folder, or empty for none. ERR_FAULT naming a damaged file in DIR/terms. rec may be
 * NULL: then only what is shipped and loaded. Changes in the record are seen by the next question,
 * new files within two seconds. */
MUST err terms_open(struct op *op, struct record *rec, str dir, struct terms **ret);
void terms_close(struct terms *t); /* NULL allowed */
/* For record_set_terms(), FHIRPath and bindings; lives as long as t. Asks with the system's rights.
 */
const struct fhir_terms *terms_doors(const struct terms *t);

/* ---- the operations ----
 * in: the operation's Parameters, as sent or made from the query (names and value[x] of the R4
 * tables). id: the instance it was asked on, or empty. The answer is the operation's resource:
 * Parameters or ValueSet. The caller has asked policy about the type; resources of the record that
 * take part are read in op->actor's name.
 * Errors: ERR_INVALID (input), ERR_NOT_FOUND (no such system, set, map or code), ERR_UNPROCESSABLE
 * (cannot be told, and why), ERR_TOO_COSTLY, ERR_UNSUPPORTED (kind of filter). */
struct terms_request {
    fhir_type type; /* CodeSystem, ValueSet or ConceptMap */
    str id;
    const struct json *in; /* Parameters; may have no parameter */
};
/* CodeSystem/$lookup */
MUST err terms_lookup(struct op *op, struct terms *t, const struct terms_request *r,
                      struct json **ret);
/* CodeSystem/$validate-code and ValueSet/$validate-code */
MUST err terms_validate(struct op *op, struct terms *t, const struct terms_request *r,
                        struct json **ret);
/* CodeSystem/$subsumes */
MUST err terms_subsumes(struct op *op, struct terms *t, const struct terms_request *r,
                        struct json **ret);
/* ValueSet/$expand. Without count at most 10,000 codes, else ERR_TOO_COSTLY. */
MUST err terms_expand(struct op *op, struct terms *t, const struct terms_request *r,
                      struct json **ret);
/* ConceptMap/$translate */
MUST err terms_translate(struct op *op, struct terms *t, const struct terms_request *r,
                         struct json **ret);

/* ---- loading releases (weft import --terminology) ---- */
/* what: "loinc", "snomed", "rxnorm"; from: a folder or a zip file; to: the data folder. The new
 * file takes the place of an older one of the same system and version at once, or nothing changes.
 * Problems name file and line. watch.fn is told now and then (NULL allowed). */
struct terms_watch {
    void (*fn)(void *ctx, const char *what, uint64_t done, uint64_t all);
    void *ctx;
};
struct terms_loaded {
    str system, version, file;
    uint64_t codes, designations, relations, bytes;
};
MUST err terms_load(struct op *op, str what, str from, str to, const struct terms_watch *watch,
                    struct terms_loaded *ret);
/* Copies DIR/terms of one data folder to another (backup, restore), or with `to` empty only looks
 * whether that can be done; every file is checked. Nothing to copy is OK. *ret_n: files. */
MUST err terms_copy(struct op *op, str from, str to, size_t *ret_n);

#endif
