/* Private to words*.c. */
#ifndef WEFT_CAMPAIGN_WORDS_INT_H
#define WEFT_CAMPAIGN_WORDS_INT_H

#include "campaign/campaign_int.h"
#include "campaign/words.h"
#include "fhir/fhir.h"
#include "fhir/path.h"

#define WORDS_URL "https://weft.health/fhir/StructureDefinition/words-"

struct lint_row {
    const char *code;
    bool error;
    const char *citation, *say[LANGUAGE_COUNT];
};
struct plain_row {
    int language;
    const char *hard, *plain;
};

struct words_variable {
    str name, path, fallback[LANGUAGE_COUNT];
    const struct fhir_path *compiled;
};
struct words_text {
    str sms, subject, email;
};
struct words {
    str title, kind, evidence;
    struct words_text texts[LANGUAGE_COUNT];
    struct words_variable variables[WORDS_VARIABLES_MAX];
    size_t n;
};
/* From JSON; forms only, what they say is the lint's. */
MUST err words_read(struct op *op, const struct json *definition, struct words *ret);
struct json *words_to_resource(struct op *op, const struct words *w);
struct json *words_from_resource(struct op *op, const struct json *resource);
bool words_own_variable(str name);
/* The word of a FHIRPath that would put into a message who somebody is; empty: none does. */
str words_identifying(str path);
const struct words_variable *words_variable(const struct words *w, str name);

/* A text with its variables; value of a name by fn. */
typedef err words_value_fn(struct op *op, void *ctx, str name, str *ret);
MUST err words_fill_text(struct op *op, str text, words_value_fn *fn, void *ctx, str *ret);
/* What a variable is for a Patient; empty: it is not there and has no fallback. */
MUST err words_value(struct op *op, const struct words *w, const struct words_variable *v,
                     struct json *patient, unsigned language, str *ret, bool *ret_missing);
/* One issue an error in op; *ret: there was none. */
MUST err words_errors(struct op *op, struct campaigns *c, const struct words *w);

#endif
