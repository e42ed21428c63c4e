/* Private header of search parameters and key extraction: the tables that tools/gen_params.py makes
 * and the doors between param_*.c, keys_*.c, ref.c and compartment.c. All tables are const; a node
 * of the trie is a place in a resource, an edge a JSON member, an action a key to make there. */
#ifndef WEFT_FHIR_KEYS_INT_H
#define WEFT_FHIR_KEYS_INT_H

#include "base/vec.h"
#include "fhir/fhir.h"

#define KEY_PARTS_MAX 4

/* What fhir_param leaves out, row by row beside fhir_param_list. */
struct param_more {
    const char *expression; /* FHIRPath, the branches of this type only */
    const char *system;     /* of a code element: the one system of its required value set */
    fhir_type restrict_to;  /* alias of a wider reference parameter: only this target */
    const char *inner[KEY_PARTS_MAX]; /* composite: expressions of its components */
};
struct param_type {
    uint16_t first, n;             /* of its parameters in fhir_param_list, sorted by code */
    uint16_t root;                 /* of its trie */
    uint16_t fallback, n_fallback; /* parameters in fhir_param_fallback that need FHIRPath */
    uint16_t patient, n_patient;   /* tries in fhir_param_patient: the Patient compartment */
};

enum key_if { IF_NONE, IF_EQUAL /* member = text */, IF_TARGET /* refers to type */, IF_INDEX };
struct key_edge {
    const char *member;
    uint16_t length;
    uint16_t child;  /* node */
    uint16_t number; /* type of IF_TARGET, index of IF_INDEX */
    uint8_t cond;    /* enum key_if */
    const char *name, *text;
};
struct key_node {
    uint16_t edge, n_edges; /* sorted by length, then bytes */
    uint16_t action, n_actions;
};
/* From which data type a key is made (named as in gen_params.py). */
enum key_from {
    KEY_FROM_CODING,
    KEY_FROM_CONCEPT,
    KEY_FROM_IDENTIFIER,
    KEY_FROM_CONTACT,
    KEY_FROM_BOOL,
    KEY_FROM_CODE,
    KEY_FROM_NAME,
    KEY_FROM_ADDRESS,
    KEY_FROM_CONCEPT_TEXT,
    KEY_FROM_TEXT,
    KEY_FROM_DATE,
    KEY_FROM_PERIOD,
    KEY_FROM_TIMING,
    KEY_FROM_NUMBER,
    KEY_FROM_RANGE,
    KEY_FROM_QUANTITY,
    KEY_FROM_MONEY,
    KEY_FROM_SAMPLED,
    KEY_FROM_REFERENCE,
    KEY_FROM_RESOURCE,
    KEY_FROM_LINK,
    KEY_FROM_URI,
    KEY_FROM_PLACE,
    KEY_FROM_COMPOSITE,
    KEY_FROM_COUNT
};
struct key_action {
    uint16_t param;
    uint8_t from; /* enum key_from */
    uint16_t composite;
};
struct key_part {
    uint16_t node; /* trie of the component's expression */
    bool outer;    /* starts at the resource, not at the composite's element */
};
struct key_composite {
    uint16_t part, n;
};

/* FHIRPath results: which data type gives which key; ended by a row without type. */
struct key_source {
    uint8_t param_type;
    const char *type;
    uint8_t from;
};
extern const struct key_source fhir_key_sources[];

extern const struct fhir_param fhir_param_list[];
extern const struct param_more fhir_param_mores[];
extern const uint16_t fhir_param_rows[]; /* number → row + 1 */
extern const uint16_t FHIR_PARAM_COUNT, FHIR_PARAM_TOP;
extern const uint16_t fhir_param_fallback[], fhir_param_patient[];
extern const uint16_t fhir_param_parts[];
extern const fhir_type fhir_param_targets[];
struct compartment_row {
    fhir_type compartment, type;
    const char *params;
};
extern const struct compartment_row fhir_compartment_rows[]; /* the last is all 0 */
extern const struct param_type fhir_param_types[];           /* by fhir_type; 0 is empty */
extern const struct key_node fhir_key_nodes[];
extern const struct key_edge fhir_key_edges[];
extern const struct key_action fhir_key_actions[];
extern const struct key_composite fhir_key_composites[];
extern const struct key_part fhir_key_parts[];

const struct param_more *fhir_param_more(const struct fhir_param *p);

/* More keys than this a resource: ERR_TOO_COSTLY. */
#define KEYS_MAX 200000u

struct key_walk {
    struct op *op;
    const struct json *resource;
    VEC(struct fhir_key) keys;
    bool over;                       /* KEYS_MAX passed */
    const struct fhir_param *custom; /* the parameter at hand when it is none of the tables */
    bool part;                       /* of a composite: values only, not what they are called */
};
/* Follows a trie from v, making keys. Depth is that of the trie. */
void keys_walk(struct key_walk *w, uint16_t node, const struct json *v);
/* Makes the keys of one value (not KEY_FROM_COMPOSITE). */
void keys_from(struct key_walk *w, uint16_t param, enum key_from from, const struct json *v);
/* The texts of a tagged resource, for _content, and those of its narrative, for _text. */
void keys_words(struct key_walk *w, const struct json *resource);
/* Appends unless KEYS_MAX is reached. */
void keys_add(struct key_walk *w, const struct fhir_key *key);
/* The keys of one parameter by its FHIRPath expression instead of the trie: for expressions that
 * the trie cannot say, and as its test oracle. */
MUST err keys_by_path(struct key_walk *w, const struct fhir_param *p, struct json *resource);
/* All ways of taking one key from each of n lists, as composite keys of param. */
void keys_cross(struct key_walk *w, uint16_t param, const struct key_walk *lists, size_t n);
/* Type that a Reference points at: by its text, its type element, or the contained resource. */
fhir_type ref_target(const struct json *resource, const struct json *reference);

#endif
