/* Small datatypes made and told (https://hl7.org/fhir/R4/datatypes.html), the same everywhere.
 * Values are in op->arena; texts are held, not copied; memory that is refused shows in op_check().
 */
#ifndef WEFT_FHIR_MAKE_H
#define WEFT_FHIR_MAKE_H

#include "base/json.h"
#include "base/language.h"
#include "base/op.h"

/* {reference} */
struct json *fhir_reference(struct op *op, str reference);
/* The same of "type/id". */
struct json *fhir_reference_to(struct op *op, const char *type, str id);
/* {system, code} */
struct json *fhir_coding(struct op *op, str system, str code);
/* {coding: [{system, code}]} */
struct json *fhir_concept(struct op *op, str system, str code);
/* The first HumanName of a Patient, Practitioner or RelatedPerson as people read it: its text, or
 * the first given name and the family's; empty without either. */
str fhir_name_shown(struct op *op, const struct json *person);
/* In which of our languages a Patient or RelatedPerson is written to: what they prefer, else the
 * first of ours that they speak, else English; told: LANGUAGE_COUNT for none of ours. */
enum language fhir_language(const struct json *person);
enum language fhir_language_told(const struct json *person);

#endif
