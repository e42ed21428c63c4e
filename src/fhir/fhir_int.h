/* Private header of the fhir room: the model tables that tools/gen_fhir.py makes from spec/fhir and
 * the tags that fhir_validate() leaves in a tree. All tables are const, sorted or hashed, with u16
 * indexes into one another and one string pool. */
#ifndef WEFT_FHIR_INT_H
#define WEFT_FHIR_INT_H

#include "fhir/bundle.h"
#include "fhir/fhir.h"
#include "fhir_types.h" /* generated: FHIR_PATIENT, FHIR_HUMAN_NAME, FHIR_STRING … */

/* ---- strings: offset << 8 | length; index 0 is "" ---- */
extern const char fhir_pool[];
extern const uint32_t fhir_words[];

static inline str fhir_word(uint16_t w)
{
    return str_make(fhir_pool + (fhir_words[w] >> 8), fhir_words[w] & 0xff);
}

/* ---- hashed lists: open addressing over (1 << bits) u16 slots, 0 = free ---- */
struct fhir_hash {
    uint32_t at; /* first slot in fhir_slots */
    uint8_t bits;
};
extern const uint16_t fhir_slots[];
extern const struct fhir_hash fhir_word_hash;  /* word text → word */
extern const struct fhir_hash fhir_model_hash; /* type name → type, backbones left out */
/* The same function as in tools/gen_fhir.py: both ends of the word and its length. */
uint32_t fhir_hash_of(str s);

/* ---- types ----
 * Numbers 1 … FHIR_TYPE_COUNT are the resource types of fhir.h; behind them the abstract types,
 * the data types, the primitives and the backbone elements ("Patient.contact"). */
enum fhir_kind {
    KIND_NONE,
    KIND_RESOURCE,
    KIND_ABSTRACT,
    KIND_COMPLEX,
    KIND_PRIMITIVE,
    KIND_BACKBONE
};
struct fhir_model {
    uint16_t name; /* word; of a backbone: its path */
    uint16_t base; /* type; 0 for Element and Resource */
    uint8_t kind;
    uint8_t n;     /* elements; a choice counts once */
    uint16_t list; /* first of its rows in fhir_lists (n_rows of them, in published order) */
    uint16_t n_rows;
    struct fhir_hash hash; /* JSON member name → row */
    uint64_t required;     /* bit set of ordinals */
};
extern const struct fhir_model fhir_models[];
extern const uint16_t fhir_lists[]; /* rows */

/* ---- rows: one per element and JSON member name (a choice has one per type) ----
 * Inherited elements are shared: Patient.id and Observation.id are the row of Resource.id. */
enum fhir_row_flag {
    ROW_ARRAY = 1,    /* max is * */
    ROW_REQUIRED = 2, /* min is 1 */
    ROW_CHOICE = 4,   /* value[x] */
    ROW_MODIFIER = 8,
    ROW_SUMMARY = 16,
    ROW_PRIMITIVE = 32 /* its type is a primitive */
};
struct fhir_row {
    uint16_t name;    /* word of the JSON member: valueQuantity */
    uint16_t element; /* word of the element in FHIRPath: value */
    uint16_t type;    /* of one item; FHIR_RESOURCE = any resource */
    uint16_t set;     /* value set its codes must come from, 0 = free */
    uint16_t targets; /* first in fhir_targets (ended by 0), 0 = any */
    uint8_t ordinal;  /* of the element in its type, < 64 */
    uint8_t flags;
};
extern const struct fhir_row fhir_rows[];
extern const uint16_t fhir_targets[]; /* lists of types, each ended by 0 */

/* ---- codes ---- */
enum fhir_set_rule { SET_LISTED, SET_ANY, SET_MIME, SET_LANGUAGE, SET_UCUM };
struct fhir_set {
    uint32_t url; /* in fhir_pool, NUL-terminated, as all texts of this section */
    uint8_t rule;
    uint16_t first; /* of its codes in fhir_codes; the hash gives first-relative numbers + 1 */
    uint16_t n;
    struct fhir_hash hash;
};
struct fhir_code {
    uint16_t code;    /* word */
    uint16_t system;  /* word */
    uint32_t display; /* in fhir_pool */
};
extern const struct fhir_set fhir_sets[];
extern const struct fhir_code fhir_codes[];
extern const uint16_t FHIR_SET_COUNT;

/* ---- tags of a validated tree (json.tag) ----
 * row | type << 16 | flags. row 0: the root, or nothing known ("resourceType"). type is what the
 * node really is: of Bundle.entry.resource the resource's own type. Array nodes carry the tag of
 * their items with type 0, items the row too. FHIR_TAG_SIBLING marks "_birthDate" (row of
 * birthDate, type Element). */
#define FHIR_TAG_ROW(tag) ((uint16_t)(tag))
#define FHIR_TAG_TYPE(tag) ((uint16_t)(((tag) >> 16) & 0x7fff))
#define FHIR_TAG_SIBLING 0x80000000u
#define FHIR_TAG(row, type) ((uint32_t)(row) | (uint32_t)(type) << 16)

/* ---- doors of the model (model.c, terminology.c) ---- */
/* Row of a JSON member of a type, 0 when it has none of that name. */
uint16_t fhir_row_find(uint16_t type, str member);
/* Any type by name ("HumanName", "string", "Patient", "Resource"); 0 when unknown. */
uint16_t fhir_model_find(str name);
/* The word of a name that some element has, 0 when none has it: compare with row->element. */
uint16_t fhir_word_find(str name);
/* True when type is base or derived from it. */
bool fhir_is_a(uint16_t type, uint16_t base);
/* Is code (of system, unless that is STR_NONE) in the set? ret_display (may be NULL) is set for
 * listed codes. */
bool fhir_set_has(uint16_t set, str system, str code, str *ret_display);

/* ---- walking ---- */
#define FHIR_DEPTH_MAX 64

/* Where a walk stands, for error paths: frames live on the walker's stack. */
struct fhir_frame {
    const struct fhir_frame *up;
    str name;      /* element name; of the root the type */
    uint16_t type; /* of a choice: the type, written as ofType(); else 0 */
    int64_t index; /* in an array, or -1 */
};
/* FHIRPath of the frame, e.g. Patient.contact[0].name.family; STR_NONE when memory is refused. */
str fhir_frame_path(struct arena *a, const struct fhir_frame *f);

/* ---- formats of primitives (datatype.c); s is the JSON string or the number as written ---- */
bool fhir_format_ok(uint16_t primitive, str s);
/* What the format wants, for messages: "YYYY, YYYY-MM, …". */
const char *fhir_format_wants(uint16_t primitive);
/* NULL when the narrative is fine, else what is wrong with it (xhtml.c). */
const char *fhir_xhtml_fault(str div);

#endif
