/* Reading the input of an operation and building its answer. */
#ifndef WEFT_TERMS_PARAMS_INT_H
#define WEFT_TERMS_PARAMS_INT_H

#include "terms/set_int.h"

/* Is name one of names, one space between? */
bool str_in(const char *names, str name);
/* The names an operation takes, one space between; anything else is ERR_INVALID naming it. */
MUST err params_check(struct op *op, const struct json *in, const char *names);
/* The i-th parameter of a name, or NULL. */
const struct json *param_at(const struct json *in, str name, size_t i);
/* Its value as text, whatever primitive it is; empty when absent. */
str param_text(const struct json *in, const char *name);
bool param_bool(const struct json *in, const char *name, bool fallback);
/* valueCoding, valueCodeableConcept, resource. */
const struct json *param_object(const struct json *in, const char *name, const char *member);
/* A count; ERR_INVALID when it is none. fallback when absent. */
MUST err param_count(struct op *op, const struct json *in, const char *name, uint64_t fallback,
                     uint64_t *ret);

/* A parameter {name, <member>: value} at the end of list. */
void put_str(struct op *op, struct json *list, const char *name, const char *member, str value);
void put_bool(struct op *op, struct json *list, const char *name, bool value);
void put_coding(struct op *op, struct json *list, const char *name, const struct note *coding);
/* {name, part: parts} */
void put_parts(struct op *op, struct json *list, const char *name, const struct json *parts);
struct json *parameters(struct op *op, const struct json *list);

/* One code asked about: from coding, or code with system and version. */
struct asked {
    str system, version, code, display;
};
void asked_of(const struct json *coding, struct asked *ret);
/* The set or system the request is about: inline, instance or url. */
MUST err request_set(struct ask *q, const struct terms_request *r, struct set **ret);
/* Only when it is named by instance or inline resource; else NULL in *ret. */
MUST err request_system(struct ask *q, const struct terms_request *r, struct system **ret);

/* A code through one block, there and back; for the fuzzer. */
MUST err translate_block(struct ask *q, const struct blob *b, str code);

/* Is display one of the concept's? Case and white space do not count. */
bool display_fits(const struct system *s, uint32_t row, str display);
bool text_alike(str a, str b);

#endif
