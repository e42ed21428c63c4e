/* Search parameters, search keys and queries of FHIR R4 (search.html). Part of fhir.h, which comes
 * first and includes it. Tables are const; what is read lives in op->arena. Meaning only: how keys
 * are hidden, packed and looked up is the record's work. */
#ifndef WEFT_FHIR_QUERY_H
#define WEFT_FHIR_QUERY_H

#include "fhir/fhir.h"

/* ---- search parameters ---- */
/* clang-format off */
enum fhir_param_type {
    PARAM_NUMBER, PARAM_DATE, PARAM_STRING, PARAM_TOKEN, PARAM_REFERENCE, PARAM_COMPOSITE,
    PARAM_QUANTITY, PARAM_URI, PARAM_SPECIAL
};
/* clang-format on */
struct fhir_param {
    uint16_t number;  /* 16 … 65535, stable per spec release: what keys are stored under */
    const char *code; /* "birthdate" */
    uint8_t type;     /* enum fhir_param_type */
    fhir_type base;   /* the resource type it belongs to */
    bool single;      /* the element it indexes occurs at most once */
    bool home;        /* single reference that decides the Patient compartment */
    /* composite: component params; union/rename: the params to ask instead */
    const uint16_t *parts;
    uint8_t n_parts;
    bool alias; /* parts are alternatives; nothing is stored under this number */
    const fhir_type *targets;
    uint8_t n_targets;
};
/* By type and code; NULL when R4 has no such parameter. Also _id, _lastUpdated, _profile, _tag,
 * _security, _source (of Resource) for every type. */
const struct fhir_param *fhir_param_find(fhir_type t, str code);
const struct fhir_param *fhir_param_get(uint16_t number);
/* The modifiers it takes, ":missing, :exact"; for people. */
str fhir_param_modifiers(struct op *op, const struct fhir_param *p);
/* The i-th parameter of a type, or NULL past the end (for CapabilityStatement). */
const struct fhir_param *fhir_param_at(fhir_type t, size_t i);
/* The system that every code of a code element has by its value set, empty when none: keys do not
 * carry it. */
str fhir_param_system(const struct fhir_param *p);
/* May the parameter tell something of an element of the first level that takes() says yes to? _text
 * and _content may tell of any. */
typedef bool (*fhir_takes_fn)(void *ctx, str element);
bool fhir_param_reads(const struct fhir_param *p, fhir_takes_fn takes, void *ctx);
enum fhir_key_kind {
    KEY_TOKEN,     /* system, code (either may be empty) */
    KEY_STRING,    /* text as written; the reader normalises (fold) */
    KEY_DATE,      /* lo, hi: the instants it may mean, [lo, hi) */
    KEY_NUMBER,    /* number */
    KEY_QUANTITY,  /* number, system, code (unit text in text) */
    KEY_REFERENCE, /* ref; identifier in system/code for Reference.identifier */
    KEY_URI,       /* text */
    KEY_COMPOSITE, /* parts */
    KEY_DISPLAY,   /* text: what a token is called (display, CodeableConcept.text, type.text); or a
                    * reference that cannot be asked for (contained, only named) */
    KEY_TYPED,     /* an identifier: system and code of its type, text its value (:of-type) */
    KEY_WORDS,     /* text: a piece of the resource's text, for _content and _text; with system
                    * and code: what that code is called */
    KEY_PLACE      /* lo, hi: latitude and longitude in units of 10^-7 degrees */
};
/* A parameter that is answered by the words of the text: _text (the narrative), _content (all). */
bool fhir_param_words(const struct fhir_param *p);
/* The next word of folded text: letters and digits; of scripts without spaces one character. */
bool fhir_word_take(str *folded, str *ret_word);
/* A full-text value: words, "phrases", begin*, AND (or nothing between), OR, NOT, parentheses. */
enum fhir_words_kind { WORDS_AND, WORDS_OR, WORDS_NOT, WORDS_PHRASE, WORDS_BEGIN };
struct fhir_words {
    enum fhir_words_kind kind;
    const str *words; /* folded; of a phrase in order, BEGIN has one */
    size_t n_words;
    const struct fhir_words *const *kids;
    size_t n_kids;
};
/* A quantity in UCUM base units, so that 1 g and 1000 mg are the same; ret_unit names the unit.
 * False where it cannot be told: another system, no unit of UCUM. */
bool fhir_quantity_base(struct arena *a, str system, str code, double value, double *ret,
                        str *ret_unit);
/* The same of a value asked for, its bounds included; ret->code names the unit. */
struct fhir_value;
bool fhir_value_base(struct arena *a, const struct fhir_value *v, struct fhir_value *ret);
/* Metres between two places on the sphere, degrees. */
double fhir_distance(double lat_a, double lon_a, double lat_b, double lon_b);
struct fhir_key {
    uint16_t param;
    uint8_t kind; /* enum fhir_key_kind */
    str system, code, text;
    int64_t lo, hi;
    double number;
    struct fhir_ref ref;
    const struct fhir_key *parts;
    size_t n_parts;
};
/* All search keys of a tagged tree; meaning only: blinding and packing is the record's work.
 * No keys for _id and _lastUpdated (the record knows them), aliases and references into contained
 * resources; two for a versioned canonical (with, without |version). ERR_TOO_COSTLY past 200,000.
 */
MUST err fhir_keys(struct op *op, struct json *resource, struct fhir_key **ret, size_t *ret_n);
/* Case and accents folded, spaces collapsed (R4 string search: insensitive to case and accents). */
str fhir_fold(struct arena *a, str text);

/* ---- search queries ---- */
/* clang-format off */
enum fhir_prefix {
    PREFIX_EQ, PREFIX_NE, PREFIX_GT, PREFIX_LT, PREFIX_GE, PREFIX_LE, PREFIX_SA, PREFIX_EB, PREFIX_AP
};
enum fhir_modifier {
    MOD_NONE, MOD_MISSING, MOD_EXACT, MOD_CONTAINS, MOD_NOT, MOD_TYPE, MOD_IDENTIFIER, MOD_TEXT,
    MOD_IN, MOD_NOT_IN, MOD_ABOVE, MOD_BELOW, MOD_OF_TYPE, MOD_LIST
};
/* clang-format on */

struct fhir_value {
    enum fhir_prefix prefix;
    bool has_system; /* "sys|code": system given (maybe empty: "|code") */
    str system, code, text;
    int64_t lo, hi;                /* dates: span of the value as written */
    double number, num_lo, num_hi; /* numbers: value and implicit range */
    struct fhir_ref ref;
    const struct fhir_value *parts; /* composite */
    size_t n_parts;
    const struct fhir_words *words; /* _text, _content */
    double lat, lon, metres;        /* near */
};
struct fhir_clause {
    const struct fhir_param *param;
    enum fhir_modifier modifier;
    fhir_type mod_type;              /* :Patient */
    bool missing;                    /* value of :missing */
    const struct fhir_value *values; /* alternatives */
    size_t n;
    /* What the reference must point at: any of n_chain queries, each of a type of its own. reverse
     * (_has): a resource of chain->type that matches must point here by param, which is its. */
    const struct fhir_query *chain;
    size_t n_chain;
    bool reverse;
};
/* Of a type whose resources lie in one another (Location.partOf): the parameter that names what one
 * is part of; NULL for others. :above and :below of references follow it. */
const struct fhir_param *fhir_param_parent(fhir_type t);
struct fhir_include {
    fhir_type source;               /* whose parameter; 0 = of any type ("*") */
    const struct fhir_param *param; /* NULL = every reference ("Type:*", "*") */
    fhir_type target;               /* 0 = any */
    bool reverse, iterate;
};
struct fhir_sort_key {
    const struct fhir_param *param;
    bool descending;
};
enum fhir_total { TOTAL_DEFAULT, TOTAL_NONE, TOTAL_ESTIMATE, TOTAL_ACCURATE };
enum fhir_summary { SUMMARY_FALSE, SUMMARY_TRUE, SUMMARY_TEXT, SUMMARY_DATA, SUMMARY_COUNT };
struct fhir_query {
    fhir_type type;
    const struct fhir_clause *clauses; /* all must hold */
    size_t n;
    const struct fhir_include *includes;
    size_t n_includes;
    const struct fhir_sort_key *sort;
    size_t n_sort;
    uint32_t count; /* page size, 0 … 1000; default 20 */
    enum fhir_total total;
    enum fhir_summary summary;
    const str *elements; /* _elements: names of the first level; never with a summary */
    size_t n_elements;
    bool explain;          /* _explain: say how it was found */
    fhir_type compartment; /* set by who asks: only what is in the compartment of this resource */
    str compartment_id;
    str page; /* opaque paging position (_page) */
    str self; /* normalised query text without _page, for links */
};
/* _list=1 is a clause on _id with MOD_LIST, text the List's id; :of-type has system and code of the
 * type, text the value; of :in and :not-in text is the value set.
 * Parses "name=value&…" (percent-encoded). Unknown or unsupported parameter, modifier or value:
 * ERR_INVALID naming it and what is supported; with lenient it is left out with a warning issue.
 * A parameter that renames or narrows one other comes rewritten (patient=1 as subject:Patient=1:
 * MOD_TYPE, mod_type, ref.type), in _include and _sort too; unions (combo-*) stay aliases. The
 * system of a code element is taken off again, as keys do not carry it. PREFIX_AP is widened. */
MUST err fhir_query_read(struct op *op, fhir_type type, str query, bool lenient,
                         const struct fhir_query **ret);
/* The same text asked of each of several types (system and compartment searches): ret has one of
 * each. Each type must have every parameter. _type is let through: the caller made the list from
 * it. customs (fhir/custom.h): posted parameters, or NULL. */
struct fhir_customs;
struct fhir_types {
    const fhir_type *at;
    size_t n;
};
MUST err fhir_query_read_types(struct op *op, const struct fhir_customs *customs,
                               const struct fhir_types *types, str query, bool lenient,
                               const struct fhir_query *const **ret);
/* Does a tagged tree match? What needs other resources or a terminology is not answered here
 * (ERR_UNSUPPORTED): chains, _list, :in, :not-in, :above and :below of tokens and references. */
MUST err fhir_query_match(struct op *op, const struct fhir_query *q, struct json *resource,
                          bool *ret);

#endif
