/* For the search model test only: a plain, slow search. It holds resources as trees, finds the
 * values of a parameter by evaluating its published FHIRPath expression on each of them, and
 * compares as FHIR R4 search.html words it. It shares no code with key extraction, key packing or
 * query reading; a condition is made as a structure and written as text only for the other side. */
#ifndef WEFT_SEARCH_MODEL_H
#define WEFT_SEARCH_MODEL_H

#include "record/fixture_int.h"

#define MODEL_RESOURCES 60000u
#define MODEL_PARAMS 4000u
#define MODEL_PARTS 3u

struct model_param {
    const char *code;
    fhir_type base;
    int type; /* enum fhir_param_type */
    const struct fhir_path *path;
    const struct model_param *parts[MODEL_PARTS];
    const struct fhir_path *inner[MODEL_PARTS];
    size_t n_parts;
    size_t slot; /* among those of its base */
};
struct model_resource {
    fhir_type type;
    str ref; /* Type/id */
    struct json *tree;
    size_t found;                   /* the search that found it last */
    struct fhir_path_items **items; /* by slot, when they have been asked for */
};
struct model {
    struct op op; /* of the trees and values */
    struct model_param params[MODEL_PARAMS];
    size_t n_params;
    struct model_resource resources[MODEL_RESOURCES];
    size_t n;
    struct map by_ref;
    uint64_t seed;
    size_t searches;
    fhir_type type; /* searched for */
};
struct model_seen {
    str kind;
    const struct json *v;
};

enum model_mod { AS_IS, IS_MISSING, EXACT, CONTAINS, NOT, TEXT, OF_TYPE, BELOW, ABOVE, IDENTIFIER };
struct model_value {
    int prefix; /* enum fhir_prefix */
    bool has_system;
    str system, code, text; /* code: also the id, the number as written, the date, the uri */
    struct model_value *parts;
};
enum model_words_how { /* of a condition of words: one, a beginning, a phrase, … */
                       WORDS_ONE,
                       WORDS_BEGINNING,
                       WORDS_TOGETHER,
                       WORDS_BOTH,
                       WORDS_EITHER,
                       WORDS_LIST,
                       WORDS_WITHOUT,
                       WORDS_NONE,
                       WORDS_ARE_MISSING,
                       WORDS_HOWS
};
struct model_words {
    enum model_words_how how;
    bool missing;
    str word[2];
};
struct model_cond {
    const struct model_words *words; /* _content, and nothing else here */
    const struct model_param *param;
    enum model_mod mod;
    bool missing, reverse;
    fhir_type target; /* :Type of a reference, or of what a chain goes on with */
    struct model_value v[3];
    size_t n;
    struct model_cond *chain;
};

/* ---- model.c ---- */
const struct fhir_path_items *model_items(struct model *m, struct model_resource *r,
                                          const struct model_param *p);
bool model_holds(struct model *m, struct model_resource *r, const struct model_cond *c);
struct model_resource *model_find(struct model *m, str ref);
/* params.c */
void model_params_read(struct model *m, const char *path);
/* A resource of its own text, which stays with the model. */
void model_add(struct model *m, str text, str id);
str model_kind(const struct fhir_path_items *items, size_t i);

/* Letters without case or accent. */
str model_plain(struct model *m, str s);

/* ---- words.c ---- */
bool model_words_hold(struct model *m, const struct model_resource *r, const struct model_words *w);
bool model_words_some(struct model *m, fhir_type type, struct model_cond *c);
void model_words_put(struct model *m, struct buf *b, const struct model_words *w);

/* ---- throw.c ---- */
uint32_t model_roll(struct model *m, uint32_t n);
const struct model_param *model_some_param(struct model *m, fhir_type type /* 0 any */,
                                           int kind /* < 0 any */);
/* A random condition on the type; false when the throw was none. */
bool model_condition(struct model *m, fhir_type type, unsigned depth, struct model_cond *c);
/* Values for a parameter and modifier that are chosen. */
bool model_values(struct model *m, fhir_type type, struct model_cond *c);
/* Asks both sides for all of m->type that meet n conditions; tells of a difference. */
bool model_compare(struct model *m, struct fixture *f, const struct model_cond *c, size_t n,
                   bool *ret_some);

#endif
