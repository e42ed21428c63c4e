/* Marks that keep a number, a name or an address in one piece, and in its own order, where it
 * stands in a text that reads from right to left. Without them "+1 503 555 0100" in an Arabic
 * sentence is shown as "0100 555 503 1+": digits after Arabic letters are Arabic numbers (UAX #9,
 * W2) and the spaces between them go the way of the sentence (N1). Marks, not the isolates U+2066 …
 * U+2069: old phones draw those as boxes. */
#ifndef WEFT_BASE_BIDI_H
#define WEFT_BASE_BIDI_H

#include "base/language.h"

#define BIDI_LRM "\xE2\x80\x8E" /* U+200E, left-to-right mark */
#define BIDI_RLM "\xE2\x80\x8F" /* U+200F, right-to-left mark */

/* The value as it stands in a text of that language: as it is, or with a mark before it and one
 * after, so that what follows goes on in the direction of the text. As it is, too: what has letters
 * from right to left itself, digits in one piece ("911", "16:45"), which keep their order anyway,
 * and a link, since a phone that makes it one to touch takes a mark for part of the address. */
str bidi_value(struct op *op, enum language into, str value);
/* The text, which begins with a mark where its first letter would else make the whole of it read
 * from left to right (P2, P3): "Bright River Clinic: …". */
str bidi_text(struct op *op, enum language of, str text);

#endif
