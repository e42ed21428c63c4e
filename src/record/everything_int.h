/* Private to $everything: one answer being gathered. everything.c decides and shows,
 * everything_list.c knows what belongs to a record and where a page went on. */
#ifndef WEFT_RECORD_EVERYTHING_INT_H
#define WEFT_RECORD_EVERYTHING_INT_H

#include "record/operations.h"
#include "record/record_int.h"
#include "store/reader.h"

/* Phase 0: the subject; 1: its record; 2: what that points at. */
struct place {
    unsigned phase;
    fhir_type type;
    uint64_t rid;
};
typedef VEC(struct store_member) member_vec;

struct gather {
    struct op *op;
    struct record *rec;
    const struct record_everything *q;
    struct store_reader *r;
    uint64_t t;       /* the moment shown */
    uint64_t subject; /* the Patient or Encounter */
    fhir_type subject_type;
    uint64_t patient; /* the compartment */
    str visit;        /* of an Encounter: the text that names it in a stored body */
    bool spanned, want_refs, full;
    struct arena *scratch;
    struct op inner;
    size_t opened, bytes, n_match;
    member_vec members, more;
    struct map refs; /* texts met */
    VEC(uint64_t) taken;
    VEC(struct record_doc) docs;
    struct place from, last;
};

/* Who belongs to the record: the subject first, then by type and number, each once. */
MUST err gather_members(struct gather *g);
/* By type and number, each once. */
void gather_sort(member_vec *v);
/* Is the name (text up to the id) in the body, whole? */
bool gather_names(str body, str name);
/* The position a page was asked at, and the one it ended at. */
MUST err place_take(struct gather *g, const struct fhir_query *q);
str place_text(const struct gather *g);

#endif
