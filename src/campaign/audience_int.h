/* Private to audience*.c: a definition taken apart, and a crowd: what came of it, row by row. */
#ifndef WEFT_CAMPAIGN_AUDIENCE_INT_H
#define WEFT_CAMPAIGN_AUDIENCE_INT_H

#include "campaign/audience.h"
#include "campaign/campaign_int.h"
#include "fhir/fhir.h"
#include "fhir/path.h"

#include <pthread.h>

#define AUDIENCE_URL "https://weft.health/fhir/StructureDefinition/audience-"

struct chip_row {
    const char *code;
    bool search;      /* else a column of the people in memory */
    const char *ask;  /* a column; or searches with spaces between */
    const char *done; /* programme that ends by it, and turned round "already done"; or NULL */
    const char *label[LANGUAGE_COUNT], *citation;
};
struct left_row {
    const char *code;
    int first; /* which is told where several hold */
    const char *title[LANGUAGE_COUNT], *say[LANGUAGE_COUNT];
};
extern const struct chip_row CHIPS[];
extern const size_t CHIP_COUNT;
extern const struct left_row LEFTS[LEFT_COUNT];

struct chip {
    const struct chip_row *row; /* NULL: a search of its own */
    str value, search, at;      /* at: FHIRPath in the definition */
    size_t group;
    bool negate, veiled;
};
struct audience {
    str name, purpose, path, seed;
    int64_t lately, hold_out;
    struct chip chips[AUDIENCE_CHIPS_MAX];
    size_t n, groups;
    bool veiled; /* for op->actor */
    const struct fhir_path *compiled;
};
/* From JSON; tells with FHIRPath what is wrong. */
MUST err audience_read(struct op *op, struct campaigns *c, const struct json *definition,
                       struct audience *ret);
/* What a chip of searches asks of the record, as of a moment: any of them holds. */
#define CHIP_ASKS_MAX 8
struct chip_ask {
    fhir_type type;
    str query;
};
struct chip;
size_t chip_asks(struct op *op, const struct chip *chip, int64_t at, struct chip_ask *ret);
/* Of "Type?query". */
fhir_type search_type(str search);
/* May op->actor search all types that the row asks? */
bool chip_may_search(struct op *op, const struct campaigns *c, const struct chip_row *row);
/* The same of "Type?query", and of every type that it asks of. */
bool chip_may_ask(struct op *op, const struct campaigns *c, str search);
const struct chip_row *chip_of(str code);
struct json *audience_to_group(struct op *op, const struct audience *a);
struct json *audience_from_group(struct op *op, const struct json *group);

/* Why somebody is left out, in a sentence; who: their name, or empty. */
str left_sentence(struct op *op, enum audience_left reason, unsigned language, str who);

/* Rows that a chip holds for. */
struct bits {
    uint64_t *at;
    size_t n; /* rows */
};
static inline bool bits_has(const struct bits *b, size_t i)
{
    return i < b->n && b->at[i / 64] >> (i % 64) & 1;
}
static inline void bits_set(struct bits *b, size_t i)
{
    b->at[i / 64] |= UINT64_C(1) << (i % 64);
}
MUST err bits_new(struct op *op, size_t n, struct bits *ret);

/* Who matches, and why they are left out. */
struct crowd {
    struct op *op;
    struct campaigns *c;
    const struct audience *a;
    size_t n; /* rows looked at */
    struct bits match, done, hidden;
    uint8_t *left; /* a row: enum audience_left, or CROWD_OUT: does not match */
};
#define CROWD_OUT 255u
/* Without a record: columns alone, nobody hidden. For figures. */
MUST err crowd_rows(struct crowd *w);
MUST err crowd_make(struct op *op, struct campaigns *c, const struct audience *a,
                    struct crowd *ret);
/* Only who may be told of it: of a veiled one perhaps an earlier crowd, see audience_told.c. */
MUST err crowd_told(struct crowd *w);
void crowd_leave(struct crowd *w); /* reasons, once match and done stand */
/* A figure as it may be told. */
uint64_t crowd_figure(const struct crowd *w, uint64_t n);

/* Pure: why somebody who matches is left out; LEFT_IN: not at all. */
struct left_ask {
    int64_t now, lately, hold_out;
    uint64_t seed;
    uint8_t permit; /* bits of person.permit any of which will do */
    bool done;
};
enum audience_left people_left_out(const struct person *p, const struct left_ask *ask);

/* ---- audience_ready.c ---- */
MUST err audience_ready_start(struct op *op, struct campaigns *c);
void audience_ready_stop(struct campaigns *c);

/* Crowds told lately of veiled audiences: 32 at most, for a day. */
struct told;
struct told *told_new(void);
void told_free(struct told *t);

#endif
