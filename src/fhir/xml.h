/* FHIR XML (https://hl7.org/fhir/R4/xml.html), in and out, by the same tables as JSON: a resource
 * read from XML is the tree that its JSON would have given, and the other way round. Narratives are
 * kept as they stand; comments and processing instructions outside of them are dropped. */
#ifndef WEFT_FHIR_XML_H
#define WEFT_FHIR_XML_H

#include "fhir/fhir.h"

#define FHIR_XML_NODES_MAX 4000000u /* elements and attributes of one document */

/* UTF-8 text, which must outlive the tree, to a tree in op->arena; not validated, not tagged.
 * Document types, entities of one's own and other encodings are refused. ERR_INVALID with line,
 * column and FHIRPath. */
MUST err fhir_xml_read(struct op *op, str text, struct json **ret);
/* A tagged tree as a document; elements in the order of the schema. Pretty: indented by two spaces.
 * Members that FHIR does not know (tag 0) are left out. */
void fhir_xml_write(struct buf *b, const struct json *resource, bool pretty);

#endif
