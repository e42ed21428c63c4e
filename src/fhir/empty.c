/* Placeholder until this room has its first verb. */
typedef int weft_fhir_empty;
