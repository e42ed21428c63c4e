/* Value sets: what one says (set.c, implicit.c), filters (filter.c), whether a code is in it
 * (member.c), and all that is in it (gather.c). */
#ifndef WEFT_TERMS_SET_INT_H
#define WEFT_TERMS_SET_INT_H

#include "terms/terms_int.h"

struct set {
    struct blob b;
    str url, version;
    const struct set_part *parts;
    const struct set_code *codes;
    const struct set_filter *filters;
    const uint32_t *sorted, *imports;
    uint32_t n_parts, n_codes, n_filters, n_sorted, n_imports;
    bool active_only;
};
bool set_view(const struct blob *b, struct set *ret);
/* By canonical, implicit sets included; NULL in *ret when there is none. */
MUST err set_find(struct ask *q, str canonical, struct set **ret);
/* From a resource given inline. */
MUST err set_compile(struct ask *q, const struct json *resource, struct set **ret);
/* The resource that an implicit value set stands for (SNOMED CT, LOINC, UCUM, BCP 13 and 47); NULL
 * when url is none. ERR_UNSUPPORTED for expressions. */
MUST err implicit_set(struct op *op, str url, struct json **ret);
/* Listed code of a part, or NULL. */
const struct set_code *part_code(const struct set *set, const struct set_part *part, str code);

/* ---- filters ---- */
/* clang-format off */
enum filter_op {
    FILTER_EQUAL, FILTER_IS_A, FILTER_BELOW, FILTER_IS_NOT_A, FILTER_REGEX, FILTER_IN,
    FILTER_NOT_IN, FILTER_ABOVE, FILTER_EXISTS, FILTER_OPS
};
/* clang-format on */
/* clang-format off */
enum filter_on { ON_CODE, ON_PARENT, ON_CHILD, ON_DISPLAY, ON_INACTIVE, ON_PROPERTY };
/* clang-format on */
struct regex;
struct filter {
    enum filter_op op;
    enum filter_on on;
    str property, value;
    uint32_t number; /* ON_PROPERTY: of it in the system, or NO_CODE */
    uint32_t row;    /* of value, or NO_CODE */
    const struct sys_list *list;
    struct regex *regex;
};
/* The filters of a part over a system. ERR_UNSUPPORTED, ERR_INVALID. */
MUST err filters_ready(struct ask *q, const struct set *set, const struct set_part *part,
                       const struct system *s, struct filter **ret);
MUST err filter_test(struct op *op, const struct system *s, const struct filter *f, uint32_t row,
                     bool *ret);
/* All rows that pass, in a telling order; GATHER_MAX. */
MUST err filters_rows(struct op *op, const struct system *s, const struct filter *f, size_t n,
                      uint32_t **ret, size_t *ret_n);
/* regex.c: bounded in time and memory; the whole text must match. Lives in op->arena. */
MUST err regex_new(struct op *op, str pattern, struct regex **ret);
MUST err regex_match(struct op *op, struct regex *r, str text, bool *ret);

/* ---- membership ---- */
struct probe {
    str system; /* empty: any of the set */
    str version, code;
};
struct member {
    enum terms_answer answer;
    str why;               /* UNKNOWN: what is missing */
    struct system *system; /* where it was found; may be NULL */
    uint32_t row;          /* NO_CODE */
    str display;           /* the set's own, or empty */
    str system_url;        /* of the part that has it */
};
MUST err set_has(struct ask *q, const struct set *set, const struct probe *p, struct member *ret);
MUST err part_has(struct ask *q, const struct set *set, const struct set_part *part,
                  const struct probe *p, struct member *ret);

/* ---- all codes ---- */
struct source { /* a part being gathered */
    const struct set *set;
    struct system *system; /* may be NULL: listed codes of a system that is not here */
    str url, version;      /* version: as the part wants it, or empty */
};
struct hit {
    const struct source *source;
    uint32_t row;                  /* NO_CODE: only listed */
    const struct set_code *listed; /* or NULL */
};
struct seen { /* of one system */
    str url, version;
    const struct system *system;
    uint8_t *bits;    /* rows */
    struct map codes; /* without a row */
};
struct gather {
    struct ask *q;
    bool active_only;
    VEC(struct hit) hits;
    VEC(struct seen *) seen;
    size_t looked;
    int64_t until; /* time_mono() */
};
MUST err gather_set(struct gather *g, const struct set *set, unsigned depth);
str hit_code(const struct hit *h);
str hit_display(const struct hit *h, str language);
uint32_t hit_flags(const struct hit *h);
/* The compose of a set, back in FHIR. */
struct json *definition_of(struct op *op, const struct set *set);

#endif
