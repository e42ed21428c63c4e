/* Reading of XML in two parts: what libxml2 calls (xml_read.c) and the tree that grows
 * (xml_build.c).
 */
#ifndef WEFT_FHIR_XML_INT_H
#define WEFT_FHIR_XML_INT_H

#include "fhir_int.h"
#include "xml.h"

#define XML_LEVELS (FHIR_DEPTH_MAX * 2 + 8)

enum xml_kind {
    XML_OBJECT,    /* a resource or an element with members */
    XML_PRIMITIVE, /* value attribute, id, extensions */
    XML_HOLDER,    /* contained, entry.resource: one resource stands in it */
    XML_NARRATIVE  /* div: what stands in it is not looked at */
};
struct xml_level {
    enum xml_kind kind;
    uint16_t row, type;
    struct json *object; /* of a primitive: what stands beside it; NULL: nothing (yet) */
    struct json *value;
    str name;
    int64_t index; /* in the list it will join, or -1 */
};
struct xml_build {
    struct op *op;
    struct xml_level levels[XML_LEVELS];
    size_t n;
    uint32_t nodes;
    struct json *root;
    unsigned line, column; /* of what is being read */
};
/* FHIR element `name` begins, its attributes follow; then it ends. */
MUST err xml_begin(struct xml_build *x, str name);
MUST err xml_attribute(struct xml_build *x, str name, str value);
/* text: of a narrative, from <div to </div>. */
MUST err xml_end(struct xml_build *x, str text);
/* Says where, and always ERR_INVALID; path of the element being read. */
void xml_tell(struct xml_build *x, const char *what);
MUST static inline err xml_wrong(struct xml_build *x, const char *what)
{
    xml_tell(x, what);
    return ERR_INVALID;
}
/* ---- xml_div.c: a narrative written again, event by event ---- */
struct xml_div {
    struct buf out;
    bool open; /* the last start tag still waits for its '>' */
};
void xml_div_start(struct xml_div *d, str name);
void xml_div_attribute(struct xml_div *d, str prefix, str name, str value);
void xml_div_text(struct xml_div *d, str text);
void xml_div_end(struct xml_div *d, str name);

static inline struct xml_level *xml_top(struct xml_build *x)
{
    return x->n ? &x->levels[x->n - 1] : NULL;
}

#endif
