/* Histories: the versions of one resource, of types, or of everything, newest first, page by page
 * (https://hl7.org/fhir/R4/http.html#history). Comes with record.h, whose contract holds here, too.
 */
#ifndef WEFT_RECORD_VERSIONS_H
#define WEFT_RECORD_VERSIONS_H

#include "record/record.h"

struct record_versions {
    const fhir_type *types; /* of these types; one when there is an id. AuditEvent only by itself */
    size_t n_types;
    str id;               /* of this resource only; or empty */
    int64_t since;        /* nothing older (ms); INT64_MIN: from the start */
    int64_t at_lo, at_hi; /* only what was current at some point of [at_lo, at_hi); both 0: all */
    uint32_t count;       /* versions a page; 0: none, only whether it may be asked */
    str page;             /* what a former answer gave, or empty */
    str self;             /* what was asked, as text: a position is good for the same again */
};
/* page->docs: versions shown, deleted ones (empty head and body) included; each asked of policy as
 * it was and as it is now. page->next: the older ones;
 * page->prev: of the trail the newer ones. A page may hold fewer than count and have a
 * next one: not more than RECORD_LOG_MAX changes are looked at for it. ERR_FORBIDDEN when a type's
 * history is not for the actor; ERR_GONE and ERR_INVALID as with searches. */
MUST err record_versions(struct op *op, struct record *rec, const struct record_versions *q,
                         struct record_page *ret);
/* May the actor see this type's history at all? Asked of policy only. */
bool record_may_history(struct op *op, struct record *rec, fhir_type type);

#endif
