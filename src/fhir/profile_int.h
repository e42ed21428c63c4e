/* What the files of the profile engine share: the compiled tree and the state of one check.
 * A node holds only what a profile says beyond the base type; the structure itself has been judged
 * by fhir_validate(). Invariant: nodes are never changed after fhir_profile_compile(). */
#ifndef WEFT_FHIR_PROFILE_INT_H
#define WEFT_FHIR_PROFILE_INT_H

#include "base/vec.h"
#include "fhir/fhir_int.h"
#include "fhir/profile.h"

#define MAX_UNBOUNDED UINT32_MAX
#define PROFILE_AGAIN_MAX 16u
#define CHECK_JUMPS_MAX 24u                    /* profiles of profiles that are followed at once */
#define CHECK_NOTES_MAX (FAULT_ISSUES_MAX / 2) /* issues after which only errors are told */
#define CHECK_STEPS_MAX 20000000u              /* items looked at */

enum by_kind { BY_VALUE, BY_EXISTS, BY_TYPE, BY_PROFILE };
struct profile_by {
    struct profile_by *next;
    enum by_kind kind;
    str path; /* "$this", "code.coding", "extension('url').value", "resolve()" parts */
};
struct profile_type {
    uint16_t type;
    const str *profiles, *targets;
    size_t n_profiles, n_targets;
};
struct profile_rule {
    struct profile_rule *next;
    str key, human;
    bool error;
    uint16_t guard;               /* word of an element without which the rule holds; 0 none */
    const struct fhir_path *path; /* NULL: the expression is not understood */
};
enum strength { BIND_NONE, BIND_REQUIRED, BIND_EXTENSIBLE, BIND_PREFERRED };
struct profile_binding {
    uint8_t strength; /* enum strength */
    uint16_t known;   /* number of the set in fhir_sets, 0: not of R4's required ones */
    str set;
};
enum slice_rules { SLICES_OPEN, SLICES_CLOSED, SLICES_AT_END };
struct profile_node {
    struct profile_node *next, *children, *slices;
    str name;         /* of the element as FHIRPath has it; of the root the type */
    str slice;        /* name, or empty */
    uint16_t element; /* word of name */
    uint16_t type;    /* what its items are, as far as that is one type; else 0 */
    uint32_t min, max, max_length;
    bool must_support, ordered;
    uint8_t rules; /* enum slice_rules */
    struct profile_by *by;
    const struct json *fixed, *pattern;
    const struct profile_type *types; /* NULL: as in the base */
    size_t n_types;
    struct profile_binding binding;
    struct profile_rule *constraints;
};
struct fhir_profile {
    str url, version;
    uint16_t type;
    bool modifier; /* of an Extension */
    struct profile_node *root;
    size_t n_nodes;
    /* Nodes that content references come back to: Questionnaire.item holds for item.item too. */
    const struct profile_node *again[PROFILE_AGAIN_MAX];
    size_t n_again;
};

/* ---- compiling ---- */
struct profile_compile {
    struct op *op;
    struct arena *keep;
    struct fhir_profile *profile;
    str at;      /* id of the element in hand, for faults */
    str last_id; /* of the element before, to which a path without id is put in relation */
};
/* Reads what one ElementDefinition says into its node (profile_element.c). */
MUST err profile_element(struct profile_compile *c, const struct json *e, struct profile_node *n);
uint16_t profile_code_type(str code);
/* The number of a value set among R4's required ones, or 0. */
uint16_t profile_set_find(str canonical);

/* ---- checking ---- */
/* One value of an element. v is NULL (or null) when a primitive has only extensions. */
struct profile_item {
    struct json *v, *ext;
    uint16_t row, type;
    struct fhir_frame frame; /* up is set by the collector */
};
struct profile_items {
    struct profile_item *at;
    size_t n, cap;
};
struct profile_check {
    struct op *op;
    const struct fhir_profile_env *env;
    struct arena *scratch;                /* of the evaluations; reset after the outermost */
    struct arena *lists;                  /* of what is collected; reset after each resource */
    unsigned evaluations;                 /* under way: conformsTo() may begin another */
    struct json *root, *resource, *outer; /* of the whole; around the item; its container */
    const struct fhir_profile *profile;   /* in hand */
    unsigned jumps, quiet;                /* quiet > 0: problems are only counted */
    size_t problems, left_out; /* left_out: warnings that would have taken the room of errors */
    uint64_t steps;
    err failed; /* ERR_TOO_COSTLY, ERR_TOO_LARGE …: everything ends */
};
/* False when the check has come to its end (failed). */
bool check_step(struct profile_check *c);
/* Where an issue is, and by which rule. */
struct check_at {
    const struct fhir_frame *frame;
    str key; /* may be empty */
};
#define AT(frame, key) ((struct check_at){(frame), (key)})
/* Adds an issue; the profile in hand is named. Texts quote no values. */
void check_tell(struct profile_check *c, enum severity severity, struct check_at at,
                const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Values of an element of v (an object, or the extensions beside a primitive), in c->lists. */
void check_collect(struct profile_check *c, const struct json *v, uint16_t element,
                   const struct fhir_frame *up, struct profile_items *ret);
/* The object that holds an item's children: itself, or what stands beside a primitive. */
const struct json *check_inside(const struct profile_item *item);
/* All that a node says of one value and below it. */
void check_item(struct profile_check *c, const struct profile_item *item,
                const struct profile_node *n);
/* The same of a whole profile, found by canonical; *ret_known false: it is not to be had. */
void check_profile(struct profile_check *c, const struct profile_item *item, str canonical,
                   bool *ret_known);
/* Does it conform? Nothing is told. */
bool check_conforms(struct profile_check *c, const struct profile_item *item, str canonical,
                    bool *ret_known);
/* The profile by canonical, NULL when not to be had. */
const struct fhir_profile *check_find(struct profile_check *c, str canonical);
/* Slices of an element: which values are in which, how many, in what order (profile_slice.c). */
void check_slices(struct profile_check *c, const struct profile_node *n, const struct fhir_frame *f,
                  const struct profile_items *items);
/* Is the item in a slice of that name, wherever the profile slices the item's element? */
bool check_in_slice(struct profile_check *c, struct profile_item *item,
                    const struct fhir_profile *p, str name);
/* Boolean of a rule over an item; tells when it does not hold or cannot be known. */
void check_rule(struct profile_check *c, const struct profile_item *item,
                const struct profile_rule *rule);
void check_binding(struct profile_check *c, const struct profile_item *item,
                   const struct profile_binding *b);
void check_unit(struct profile_check *c, const struct profile_item *item);
void check_reference(struct profile_check *c, const struct profile_item *item,
                     const struct profile_type *t);
/* Every member of pattern is in v (http://hl7.org/fhir/R4/elementdefinition-definitions.html). */
bool profile_has_pattern(const struct json *v, const struct json *pattern);
/* Invariants, non-required bindings and extensions of the base types over the whole tree. */
void check_base(struct profile_check *c, struct json *resource);
void check_extension(struct profile_check *c, const struct profile_item *item, bool modifier);
/* Rules of a type, of a row; NULL: none. */
struct base_rule;
const struct profile_rule *rules_of_type(const struct fhir_rules *r, uint16_t type);
const struct profile_rule *rules_of_row(const struct fhir_rules *r, uint16_t row);
const struct profile_binding *rules_binding(const struct fhir_rules *r, uint16_t row);

/* Generated: spec/fhir/invariants.tsv, bindings.tsv and spec/profiles. */
struct rule_row {
    const char *path, *key, *severity, *expression, *human;
};
extern const struct rule_row fhir_rule_rows[];
extern const size_t FHIR_RULE_ROWS;
struct binding_row {
    const char *path, *strength, *set;
};
extern const struct binding_row fhir_binding_rows[];
extern const size_t FHIR_BINDING_ROWS;
struct shipped_profile {
    const char *url, *version, *text;
    uint32_t n;
};
extern const struct shipped_profile fhir_shipped_profiles[]; /* sorted by url */
extern const size_t FHIR_SHIPPED_PROFILES;

#endif
