/* The languages that the server speaks, and which of them a tag means. Tables of words, and rows of
 * said things, stand in this order. */
#ifndef WEFT_BASE_LANGUAGE_H
#define WEFT_BASE_LANGUAGE_H

#include "base/json.h"
#include "base/op.h"

enum language { LANGUAGE_EN, LANGUAGE_ES, LANGUAGE_AR, LANGUAGE_COUNT };
extern const char *const LANGUAGE_TAGS[LANGUAGE_COUNT];

/* Of a BCP 47 tag, "es-MX"; LANGUAGE_COUNT: none of ours. */
enum language language_of(str tag);
/* The same; English for one that is none of ours. */
enum language language_or_english(str tag);
/* {"en": …, "es": …, "ar": …} */
struct json *language_texts(struct op *op, const str text[LANGUAGE_COUNT]);

#endif
