/* FHIR's own writes, one door for all: create, update, patch and delete, plain and conditional
 * (https://hl7.org/fhir/R4/http.html). What an entry of a Bundle may say, a request may say. */
#ifndef WEFT_RECORD_WRITE_H
#define WEFT_RECORD_WRITE_H

#include "record/record.h"

#define RECORD_DELETE_MAX 1000u /* most that one conditional delete may end */

/* The write that an entry describes, in a transaction of its own; its index counts for nothing.
 * With a query instead of an id: what matches is looked for, and between the look and the commit
 * nothing may change that; so any number of callers make one resource. Several matches:
 * ERR_PRECONDITION (a DELETE: of more than entry->many). Tried again when others were faster. */
MUST err record_write(struct op *op, struct record *rec, const struct fhir_entry *entry,
                      struct record_result *ret);

#endif
