/* Inside of the api room: the evidence pack, for the command line and HTTP. */
#ifndef WEFT_API_EVIDENCE_INT_H
#define WEFT_API_EVIDENCE_INT_H

#include "identity/identity.h"

#define EVIDENCE_DAYS 90
#define EVIDENCE_FORMAT "weft evidence pack 1"

/* What an inspector asks for, of the last EVIDENCE_DAYS: {"pack": …, "signature": {algorithm, key,
 * value}}; signed (Ed25519) are the line EVIDENCE_FORMAT and the text of pack as it stands there.
 * rules: the versions of the rulebook, or NULL. For whom may verify the trail. */
MUST err evidence_make(struct op *op, struct record *rec, struct identity *id,
                       const struct json *rules, str *ret_json);
/* The same to read and to print. Its last line, behind the document's end, signs all bytes before
 * it. */
MUST err evidence_pdf(struct op *op, struct record *rec, str pack, str *ret_pdf);

/* explain.c: one line of the trail as a sentence, and to the privacy office and the house with its
 * trace. */
struct rules;
struct explaining {
    struct record *rec;
    struct rules *rules; /* NULL: without the version of the rulebook */
    int language;        /* enum language; 0 English */
};
MUST err explain_entry(struct op *op, const struct explaining *in, str id, struct json **ret);

#endif
