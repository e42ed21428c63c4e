/* The configuration snapshot: rows of spec/config.csv, read from a file of "name = value" lines and
 * overridden by the command line. Unknown names and bad values are errors that name file and line.
 * Immutable after start. */
#ifndef WEFT_BASE_CONFIG_H
#define WEFT_BASE_CONFIG_H

#include "base/op.h"

struct config;

/* Defaults only. Lives in a. */
struct config *config_new(struct arena *a);
MUST err config_load(struct op *op, struct config *c, str path);
/* One override, e.g. from the command line. */
MUST err config_set(struct op *op, struct config *c, str name, str value);
/* name must be a row of spec/config.csv (a programmer's error otherwise: asserts). */
str config_str(const struct config *c, const char *name);
int64_t config_int(const struct config *c, const char *name);
bool config_bool(const struct config *c, const char *name);

#endif
