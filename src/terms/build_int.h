/* Making blocks: from FHIR resources (compile_*.c) and from release files (load_*.c) alike. */
#ifndef WEFT_TERMS_BUILD_INT_H
#define WEFT_TERMS_BUILD_INT_H

#include "base/json.h"
#include "terms/blob_int.h"

/* What a block says of itself. */
struct facts_text {
    uint32_t flags;
    str text[FACTS]; /* FACT_FLAGS unused */
};
void facts_write(struct writer *w, const struct facts_text *f);
/* id, url (with its |version split off), version, name … of a resource. */
void facts_of(const struct json *resource, struct facts_text *ret);
/* "url|version" in two; no bar: version empty. */
void canonical_split(str canonical, str *ret_url, str *ret_version);

/* FHIR CodeSystem, ValueSet, ConceptMap to a block in op->arena; max as writer_init().
 * ERR_UNPROCESSABLE names what cannot be used. */
MUST err terms_compile(struct op *op, const struct json *resource, size_t max, str *ret);
MUST err compile_system(struct op *op, const struct json *cs, size_t max, str *ret);
MUST err compile_set(struct op *op, const struct json *vs, size_t max, str *ret);
MUST err compile_map(struct op *op, const struct json *cm, size_t max, str *ret);
/* R4's own: blocks sorted by kind, url and version in one. */
MUST err archive_make(struct op *op, const str *blobs, size_t n, str *ret);

/* A designation or property of a concept, in the order added. */
struct detail_note {
    struct detail_note *next;
    str lang, system, code, display, value; /* designation: use is system|code; property: Coding */
    uint32_t property;
    uint8_t type; /* enum prop_type */
};
enum prop_type {
    PROP_CODE,
    PROP_STRING,
    PROP_CODING,
    PROP_INTEGER,
    PROP_BOOLEAN,
    PROP_DATE,
    PROP_DECIMAL,
    PROP_TYPES
};
extern const char *const prop_type_names[PROP_TYPES]; /* "valueCode" … */
/* Designations and the definition as SEC_DETAIL and SEC_CODE_DETAIL have them; returns where. */
uint32_t detail_write(struct writer *w, unsigned section, str definition,
                      const struct detail_note *designations, const struct detail_note *props);

struct build_row {
    str code, display, definition;
    struct detail_note *designations, *last_designation, *props, *last_prop;
    uint32_t flags;
};
struct build_edge {
    str child, parent;
};
struct build_list {
    str name, display;
    VEC(uint32_t) rows;
};
struct build_prop {
    str code, type, description;
};
struct builder {
    struct op *op;
    struct arena *a;
    struct facts_text facts;
    struct map rows_by_code; /* row + 1 */
    VEC(struct build_row) rows;
    VEC(struct build_edge) edges;
    VEC(struct build_list *) lists;
    struct map lists_by_name;
    VEC(struct build_prop) props;
};
#define NO_ROW UINT32_MAX
void builder_init(struct builder *b, struct op *op);
/* A new concept, NO_ROW when the code stands already (or memory is refused). All texts are kept by
 * reference. */
uint32_t builder_concept(struct builder *b, str code, str display);
uint32_t builder_find(const struct builder *b, str code);
void builder_designation(struct builder *b, uint32_t row, const struct detail_note *d);
/* Number of a property by its code; made when new. */
uint32_t builder_property(struct builder *b, str code, str type, str description);
void builder_value(struct builder *b, uint32_t row, const struct detail_note *p);
/* Either may come later, or never: then the edge is left out. */
void builder_edge(struct builder *b, str child, str parent);
struct build_list *builder_list(struct builder *b, str name, str display);
void builder_list_add(struct builder *b, struct build_list *l, uint32_t row);
MUST err builder_finish(struct builder *b, size_t max, str *ret);

#endif
