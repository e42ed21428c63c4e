/* Between keys.c, clause_text.c, plan.c and record.c: names of codes, see phrase.c. */
#ifndef WEFT_RECORD_PHRASE_INT_H
#define WEFT_RECORD_PHRASE_INT_H

#include "record/record_int.h"

MUST err phrases_open(struct op *op, struct record *rec);
void phrases_close(struct record *rec); /* also when it was never opened */

struct phrase_writer {
    struct record *rec;
    struct store_tx *tx; /* what is new is put here */
    const struct blinder *blinder;
};
/* io_key: the key by which a resource tells of the code; empty: there is none, and it is made from
 * the name, for the caller to put. *ret false: the name has too many words or there are too many
 * names; its words must be keys. Any thread. */
MUST err phrase_key(struct op *op, const struct phrase_writer *w, const struct fhir_key *name,
                    struct kb *io_key, bool *ret);
/* Adds the keys of all names with a word that begins so (bytes of kb_word(); none: any word). What
 * is found by them must be matched. False: there is none. Any thread. */
bool phrases_with(struct range_set *s, fhir_type type, str begin);

#endif
