/* Private header of the FHIRPath engine (http://hl7.org/fhirpath/N1): tokens, the tree that
 * fhir_path_compile() makes, and what the functions and operators share.
 *
 * Three-valued logic: an empty list is "unknown" and passes through operators. Every evaluation
 * step is counted against PATH_STEPS_MAX, memory against PATH_BYTES_MAX; the depth of a tree is
 * bounded when it is compiled, so evaluation cannot run away or overflow the stack. */
#ifndef WEFT_FHIR_PATH_INT_H
#define WEFT_FHIR_PATH_INT_H

#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "fhir/fhir_int.h"
#include "fhir/ucum.h"

#define PATH_TEXT_MAX (64u << 10)
#define PATH_DEPTH_MAX 200u
#define PATH_STEPS_MAX 2000000u
#define PATH_ITEMS_MAX 1000000u
#define PATH_BYTES_MAX (64u << 20)

/* ---- values ---- */
/* Types of the System namespace, above those of the model. */
enum path_type {
    SYS_BOOLEAN = 0x7001,
    SYS_STRING,
    SYS_INTEGER,
    SYS_DECIMAL,
    SYS_DATE,
    SYS_DATETIME,
    SYS_TIME,
    SYS_QUANTITY,
    SYS_CLASS_INFO,
    SYS_END
};
struct path_item {
    struct json *v;   /* NULL when only its extensions are there */
    struct json *ext; /* "_name" beside a primitive, or NULL */
    uint16_t type;
};
struct path_list {
    struct path_item *at;
    size_t n, cap;
};

/* A decimal: m × 10^-scale; Integer has scale 0 and whole set. */
struct path_dec {
    __int128 m;
    int scale;
    bool whole;
};
/* A date, dateTime or time with the precision that was written. */
enum path_precision { PREC_YEAR = 1, PREC_MONTH, PREC_DAY, PREC_HOUR, PREC_MINUTE, PREC_SECOND };
struct path_time {
    int f[6]; /* year month day hour minute milliseconds-of-minute */
    int precision;
    bool has_zone, is_time; /* is_time: only hour … */
    int zone_min;
    bool fraction; /* written with milliseconds */
};
enum path_kind { V_OTHER, V_BOOL, V_STRING, V_NUMBER, V_DATE, V_DATETIME, V_TIME, V_QUANTITY };
/* A single item as an operator sees it. */
struct path_value {
    enum path_kind kind;
    bool b;
    str s;      /* string; unit of a quantity (UCUM code, or calendar word) */
    bool ucum;  /* s is a unit of UCUM or of the calendar, not of some other system */
    bool vague; /* a quantity with a comparator: "<5" is no number */
    struct path_dec d;
    struct path_time t;
};
enum tri { TRI_FALSE, TRI_TRUE, TRI_EMPTY };

/* ---- tree ---- */
enum path_op {
    OP_IMPLIES,
    OP_OR,
    OP_XOR,
    OP_AND,
    OP_IN,
    OP_CONTAINS,
    OP_EQ,
    OP_NE,
    OP_EQUIV,
    OP_NEQUIV,
    OP_LT,
    OP_LE,
    OP_GT,
    OP_GE,
    OP_UNION,
    OP_IS,
    OP_AS,
    OP_ADD,
    OP_SUB,
    OP_CONCAT,
    OP_MUL,
    OP_DIV,
    OP_IDIV,
    OP_MOD
};
enum path_node_kind {
    N_LITERAL,
    N_EMPTY,
    N_NAME,
    N_THIS,
    N_INDEX,
    N_TOTAL,
    N_VAR,
    N_DOT,
    N_CALL,
    N_AT,
    N_MINUS,
    N_OP,
    N_TYPE
};
struct path_fn;
struct path_node {
    uint8_t kind;       /* enum path_node_kind */
    uint8_t op;         /* enum path_op */
    bool first;         /* N_NAME: begins a path, so it may name the type of the focus */
    uint16_t word;      /* N_NAME: of the element */
    uint16_t fhir, sys; /* N_TYPE: what the specifier may mean; N_NAME: the type it may name */
    uint16_t depth, n_args;
    uint32_t at; /* position in the text */
    str text;    /* name */
    struct path_item literal;
    const struct path_fn *fn;
    const struct path_node *a, *b;
    const struct path_node *const *args;
};
struct fhir_path {
    const struct path_node *root;
    str text;
};

/* ---- lexer ---- */
enum path_token_kind {
    T_END,
    T_NAME,
    T_QUOTED_NAME,
    T_STRING,
    T_NUMBER,
    T_DATE,
    T_DOLLAR,
    T_PERCENT,
    T_SYMBOL
};
struct path_token {
    enum path_token_kind kind;
    str text; /* name, decoded string, digits, date without '@', symbol */
    uint32_t at;
};
struct path_lexer {
    struct op *op;
    str text;
    size_t at;
};
MUST err path_lex(struct path_lexer *l, struct path_token *ret);
/* Four hex digits after "\u" (and the second half of a surrogate pair) to UTF-8; false if not. */
bool path_lex_unicode(struct path_lexer *l, struct buf *b);
void path_syntax_tell(struct op *op, uint32_t at, const char *wanted);
/* Fault in the text; always ERR_INVALID. */
MUST static inline err path_syntax(struct op *op, uint32_t at, const char *wanted)
{
    path_syntax_tell(op, at, wanted);
    return ERR_INVALID;
}

/* ---- running ---- */
struct path_run {
    struct op *op;
    const struct fhir_path_env *env; /* never NULL */
    struct path_item context;        /* %context */
    struct path_item resource, root; /* %resource, %rootResource */
    bool stubs;                      /* resolve() tells type and id of what is elsewhere */
    uint64_t steps, look;            /* look: at how many steps memory is looked at again */
    size_t used;                     /* of the arena, at the start */
};
/* Variables of defineVariable(): seen by what follows in the same chain of dots, and within. */
struct path_var {
    str name;
    struct path_list value;
    struct path_var *next;
};
struct path_frame {
    const struct path_frame *up;
    struct path_var *vars;
};
struct path_scope {
    struct path_frame *frame;        /* where defineVariable() puts what it defines */
    const struct path_list *input;   /* what an invocation applies to */
    const struct path_list *context; /* $this, and where a new path begins */
    int64_t index;                   /* $index, -1 outside */
    const struct path_list *total;   /* $total, or NULL */
};
struct path_call {
    const struct path_node *node;
    const struct path_scope *scope;
    const struct path_list *input;
};
struct path_fn {
    const char *name;
    uint8_t min, max; /* arguments */
    bool types;       /* the argument is a type specifier */
    err (*run)(struct path_run *r, const struct path_call *c, struct path_list *ret);
};
const struct path_fn *path_fn_find(str name);
/* Tables of functions, each ended by a row without name. */
extern const struct path_fn path_fns_set[], path_fns_tree[], path_fns_text[], path_fns_math[],
    path_fns_convert[], path_fns_terms[], path_fns_bound[], path_fns_code[], path_fns_sort[],
    path_fns_define[];

MUST err path_eval(struct path_run *r, const struct path_node *n, const struct path_scope *s,
                   struct path_list *ret);
/* Evaluates with %resource = resource and $this = focus; resolve() gives stubs (type and id). */
MUST err path_find(struct op *op, const struct fhir_path *p, struct json *resource,
                   struct path_item focus, struct path_list *ret);
struct path_item path_item_of(struct json *v);
/* Counts n steps; ERR_TOO_COSTLY past the limit. */
MUST err path_step(struct path_run *r, uint64_t n);
MUST err path_push(struct path_run *r, struct path_list *l, struct path_item item);
MUST err path_push_all(struct path_run *r, struct path_list *l, const struct path_list *more);
/* Evaluates argument i where the call stands; path_arg_each() with one item as $this. */
MUST err path_arg(struct path_run *r, const struct path_call *c, size_t i, struct path_list *ret);
MUST err path_arg_each(struct path_run *r, const struct path_call *c, size_t i, size_t item,
                       struct path_list *ret);
/* Evaluates a node with one item of the input as $this. */
MUST err path_node_each(struct path_run *r, const struct path_call *c, const struct path_node *n,
                        size_t item, struct path_list *ret);
/* Evaluates argument i with the whole input as $this. */
MUST err path_arg_all(struct path_run *r, const struct path_call *c, size_t i,
                      struct path_list *ret);
/* The value of %name, or NULL. */
const struct path_var *path_var_find(const struct path_scope *s, str name);
bool path_var_given(const struct path_run *r, str name);
/* Single value of argument i: V_OTHER when it is empty. ERR_INVALID when it is not of that kind. */
MUST err path_arg_value(struct path_run *r, const struct path_call *c, size_t i,
                        enum path_kind kind, struct path_value *ret);
void path_fault_tell(struct path_run *r, const struct path_node *n, const char *what);
/* Fault of the evaluation at a node; always ERR_INVALID. */
MUST static inline err path_fault(struct path_run *r, const struct path_node *n, const char *what)
{
    path_fault_tell(r, n, what);
    return ERR_INVALID;
}

/* Fresh items. */
struct path_item path_bool(struct path_run *r, bool b);
struct path_item path_string(struct path_run *r, str s); /* counts its length as steps */
struct path_item path_int(struct path_run *r, int64_t v);
struct path_item path_number(struct path_run *r, struct path_dec d);
struct path_item path_quantity(struct path_run *r, struct path_dec d, str unit);
struct path_item path_moment(struct path_run *r, const struct path_time *t, uint16_t type);
MUST err path_push_bool(struct path_run *r, struct path_list *l, bool b);
MUST err path_push_tri(struct path_run *r, struct path_list *l, enum tri t);

/* ---- navigation and types (path_nav.c, path_type.c) ---- */
MUST err path_children(struct path_run *r, const struct path_item *item, const struct path_node *n,
                       struct path_list *ret);
bool path_type_is(uint16_t type, const struct path_node *spec);
MUST err path_type_resolve(struct op *op, str ns, str name, bool cast, struct path_node *ret);

/* ---- values (path_value.c, path_dec.c, path_time.c) ---- */
struct path_value path_value_of(const struct path_item *item);
/* The text of a string, or of a FHIR primitive written as one (a date too, as engines of the field
 * have it); false for all else. */
bool path_text(const struct path_item *item, str *ret);
/* One boolean of a list: empty, its value, or true for one item of another kind. */
MUST err path_truth(struct path_run *r, const struct path_node *n, const struct path_list *l,
                    enum tri *ret);
enum tri path_equal(struct path_run *r, const struct path_item *a, const struct path_item *b);
bool path_equivalent(struct path_run *r, const struct path_item *a, const struct path_item *b);
/* Whole trees, member by member: numbers by value; like: '~', so texts folded, lists in any order.
 */
bool path_trees_equal(struct path_run *r, const struct json *a, const struct json *b, bool like);
/* Membership in a list that may grow meanwhile (path_set.c). */
struct path_set {
    const struct path_list *list;
    struct map strings, numbers;
    struct path_list others; /* what neither map holds */
    size_t seen;             /* items of the list taken in */
};
void path_set_init(struct path_set *s, struct path_run *r, const struct path_list *list);
MUST err path_set_has(struct path_run *r, struct path_set *s, const struct path_item *item,
                      bool *ret);
/* Adds the items of from that ret has not got yet. */
MUST err path_set_add(struct path_run *r, const struct path_list *from, struct path_list *ret);
/* The items of from that are (keep) or are not in the other list. */
MUST err path_set_keep(struct path_run *r, const struct path_list *from, const struct path_list *in,
                       bool keep, struct path_list *ret);
/* Order of two values: false when they have none between them; *ret_empty when it is unknown. */
bool path_order(const struct path_value *a, const struct path_value *b, int *ret, bool *ret_empty);
/* The binary operators over evaluated sides. */
MUST err path_operate(struct path_run *r, const struct path_node *n, const struct path_list *a,
                      const struct path_list *b, struct path_list *ret);
MUST err path_arithmetic(struct path_run *r, const struct path_node *n, const struct path_value *a,
                         const struct path_value *b, struct path_list *ret);

/* Quantities (path_quantity.c); a number counts as one of unit 1. */
bool path_quantity_comparable(const struct path_value *a, const struct path_value *b);
bool path_quantity_order(const struct path_value *a, const struct path_value *b, int *ret);
bool path_quantity_like(const struct path_value *a, const struct path_value *b);
bool path_quantity_convert(const struct path_value *v, str unit, struct path_dec *ret);
MUST err path_quantity_arithmetic(struct path_run *r, const struct path_node *n,
                                  const struct path_value *a, const struct path_value *b,
                                  struct path_list *ret);

/* Rounded to 28 digits; false when it is too large. */
bool dec_of_num(struct ucum_num v, struct path_dec *ret);
bool dec_parse(str s, struct path_dec *ret);
bool dec_add(struct path_dec a, struct path_dec b, bool minus, struct path_dec *ret);
bool dec_mul(struct path_dec a, struct path_dec b, struct path_dec *ret);
bool dec_div(struct path_dec a, struct path_dec b, struct path_dec *ret);
bool dec_idiv(struct path_dec a, struct path_dec b, struct path_dec *ret);
int dec_cmp(struct path_dec a, struct path_dec b);
bool dec_like(struct path_dec a, struct path_dec b); /* ~: at the coarser scale */
struct path_dec dec_round(struct path_dec d, int places);
struct path_dec dec_int(int64_t v);
bool dec_from_double(double v, struct path_dec *ret);
double dec_double(struct path_dec d);
str dec_text(struct arena *a, struct path_dec d);
/* The same text for equal values. */
str dec_key(struct arena *a, struct path_dec d);
bool dec_i64(struct path_dec d, int64_t *ret);

/* "2015-02-04T14:34:28.123Z", "T14:30", a date; type tells which. False when malformed. */
bool moment_parse(str s, enum path_kind kind, struct path_time *ret);
str moment_text(struct arena *a, const struct path_time *t, enum path_kind kind);
/* -1, 0, 1; false when the precision does not decide. */
bool moment_cmp(const struct path_time *a, const struct path_time *b, int *ret);
/* "days" and "d" → "d"; other units as they are. */
str path_unit(str unit);
/* One of the calendar's words: "day", "days", … */
bool path_unit_word(str unit);
/* Adds a number of a calendar unit; false for an unknown unit or past year 9999. */
bool moment_add(struct path_time *t, enum path_kind kind, struct path_dec n, str unit);

#endif
