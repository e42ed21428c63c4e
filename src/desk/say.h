/* What the server says to people in each of its languages, made once, when it is stored. The words
 * are rows of spec/desk/case-words.csv; which of them a person reads is the screen's choice.
 * Invariant: English is always there; another language is empty rather than wrong. */
#ifndef WEFT_DESK_SAY_H
#define WEFT_DESK_SAY_H

#include "base/json.h"
#include "base/language.h"
#include "base/op.h"
#include "base/time.h"

#include "say_gen.h"

enum say_lang {
    SAY_EN = LANGUAGE_EN,
    SAY_ES = LANGUAGE_ES,
    SAY_AR = LANGUAGE_AR,
    SAY_LANGS = LANGUAGE_COUNT
};

struct said {
    str in[SAY_LANGS];
};

/* The sentence with its {names} filled in by parts, in the order of the English row; a part that is
 * missing there leaves its place empty. */
struct said desk_say(struct op *op, enum say_word word, const struct said *parts, size_t n);
/* A name, a code or somebody's own words: the same in each language, isolated in Arabic. */
struct said desk_say_same(struct op *op, str text);
/* With the decimal sign of the language; decimals 0 … 6. */
struct said desk_say_number(struct op *op, int decimals, double v);
/* An hour as the language writes it: "4:45 pm", "8 am"; else "16:45". */
str desk_say_hour(struct op *op, const struct time_local *at, enum say_lang lang);
/* Of a table's row of texts. */
struct said desk_say_row(const char *const row[SAY_LANGS]);
/* Both, a line each; a language that one of them lacks has its English there. */
struct said desk_say_lines(struct op *op, const struct said *a, const struct said *b);

/* Task.description and its translations (extension of FHIR R4, StructureDefinition/translation). */
void desk_say_set(struct op *op, struct json *task, const struct said *what);
struct said desk_say_get(const struct json *task);

#endif
