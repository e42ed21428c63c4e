/* JSON (RFC 8259) as a tree in an arena. Numbers are kept as written (FHIR decimals keep their
 * precision); strings are decoded UTF-8 and point into the input where nothing was escaped, so the
 * input must outlive the tree. Duplicate member names and anything after the value are errors.
 * Depth (256 at the very most), size and node count have ceilings. Parsing: yajl. */
#ifndef WEFT_BASE_JSON_H
#define WEFT_BASE_JSON_H

#include "base/buf.h"
#include "base/op.h"

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json_member;

struct json {
    uint8_t type; /* enum json_type */
    uint8_t room; /* log2 of the space for children; 0 = exactly n (base only) */
    uint32_t tag; /* free for the room that walks the tree (fhir: element row) */
    uint32_t n;   /* items or members */
    union {
        str s;                       /* NUMBER (as written), STRING */
        struct json *items;          /* ARRAY */
        struct json_member *members; /* OBJECT, in order of appearance */
    } u;
};

struct json_member {
    str name;
    struct json value;
};

struct json_limits {
    size_t bytes; /* of input */
    uint32_t depth;
    uint32_t nodes;
};

#define JSON_LIMITS_DEFAULT                                                                        \
    ((struct json_limits){.bytes = 64u << 20, .depth = 64, .nodes = 4000000})

/* Parses the whole input. Errors: ERR_INVALID (message names line and column and what was
 * expected), ERR_TOO_LARGE. */
MUST err json_read(struct op *op, str in, const struct json_limits *limits, struct json **ret);

/* Member by name or NULL; NULL and non-objects are allowed and give NULL. */
struct json *json_get(const struct json *o, str name);
/* json_get() of a literal. */
#define JSON_GET(o, lit) json_get((o), STR(lit))
/* The string of a STRING or NUMBER node; STR_NONE otherwise (NULL allowed). */
str json_str(const struct json *v);
/* json_str(json_get()). */
str json_get_str(const struct json *o, str name);
bool json_is(const struct json *v, enum json_type type);
bool json_bool(const struct json *v, bool fallback);
bool json_i64(const struct json *v, int64_t *ret);
bool json_double(const struct json *v, double *ret);
/* Item i of an array, or NULL; a non-array counts as absent. */
struct json *json_at(const struct json *a, size_t i);
/* Follows names and decimal indexes split by '.', e.g. "code.coding.0.code"; NULL when absent. */
struct json *json_path(const struct json *v, const char *path);
/* Same values, numbers compared as written, member order ignored. */
bool json_equal(const struct json *a, const struct json *b);

/* Building. Nodes come from a; set/push append (set replaces an existing member) a copy of *v that
 * shares v's children: finish a value before putting it into its parent, json_dup() what is still
 * needed elsewhere. Pointers from json_get() and json_at() into a container are stale after it has
 * grown (the ASan build stops there). When a fails, or the container
 * is none, nothing is appended. */
struct json *json_new(struct arena *a, enum json_type type);
struct json *json_new_str(struct arena *a, str s); /* s is not copied */
struct json *json_new_num(struct arena *a, str written);
struct json *json_new_i64(struct arena *a, int64_t v);
struct json *json_new_bool(struct arena *a, bool v);
void json_set(struct arena *a, struct json *o, str name, const struct json *v);
void json_set_str(struct arena *a, struct json *o, str name, str s);
void json_push(struct arena *a, struct json *arr, const struct json *v);
/* Removes a member when present. */
void json_unset(struct json *o, str name);
/* Deep copy into a (strings too). */
struct json *json_dup(struct arena *a, const struct json *v);

/* Compact text, members in order. */
void json_write(struct buf *b, const struct json *v);
/* Indented by two spaces. */
void json_write_pretty(struct buf *b, const struct json *v);

#endif
