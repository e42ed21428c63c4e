/* The doors of fhir/terms.h and what they share with the operations. */
#ifndef WEFT_TERMS_DOORS_INT_H
#define WEFT_TERMS_DOORS_INT_H

#include "terms/terms_int.h"

struct fhir_terms doors_of(struct terms *t);
/* Block i of R4's own. */
bool archive_blob(const struct terms *t, uint32_t i, struct blob *ret);

#endif
