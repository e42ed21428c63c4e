/* Inside of the terms room: where things are found (catalog.c, sync.c), how a code system is read
 * (system.c, grammar.c), what a value set holds (set.c, filter.c, gather.c). */
#ifndef WEFT_TERMS_INT_H
#define WEFT_TERMS_INT_H

#include "terms/blob_int.h"
#include "terms/terms.h"

#include <pthread.h>
#include <stdatomic.h>

#define KEPT_MAX (64u << 20)      /* bytes of compiled resources of the record held in memory */
#define COMPILED_MAX (128u << 20) /* of one of them */
#define EXPAND_PLAIN 10000u       /* codes of an expansion without count, and of one page */
#define GATHER_MAX 2000000u       /* codes looked at to make a page */
#define IMPORT_DEPTH 16u          /* value sets within value sets */

/* ---- what there is ---- */
enum origin { ORIGIN_SHIPPED, ORIGIN_FILE, ORIGIN_RECORD, ORIGIN_GIVEN };
/* A mapped file or a compiled resource of the record. The bytes stay while anybody refers. */
struct kept {
    atomic_uint refs;
    enum origin origin;
    uint32_t kind;                     /* enum blob_kind */
    str url, version, id, extra, more; /* the last two: FACT_EXTRA, FACT_MORE */
    uint64_t rid;
    int64_t updated;
    struct blob b; /* head NULL: not held, made when asked for */
    void *mem;
    size_t mem_n;
};
struct kept_list {
    struct kept **at; /* sorted by kind, url */
    size_t n, cap, bytes;
    size_t supplements; /* how many of them are one */
};
struct terms {
    struct record *rec;
    struct arena *arena;
    str dir; /* DATA/terms, or empty */
    struct blob archive;
    const struct archive_entry *entries;
    uint32_t n_entries;
    VEC(uint32_t) supplements; /* entries */
    pthread_rwlock_t lock;     /* what follows */
    pthread_mutex_t syncing;
    atomic_uint_fast64_t t; /* of the record: seen up to here */
    atomic_bool listed;
    atomic_int_fast64_t looked; /* ms: when DATA/terms was last looked at */
    struct timespec dir_time;
    struct kept_list list;
    struct fhir_terms doors;
};

/* kept.c: the list. All but kept_release() under the lock, held for writing where it changes. */
void kept_release(void *kept);
/* Puts one in, in place of what has its kind and rid (record) or name and version (file). False
 * when memory is refused. */
bool kept_put(struct terms *t, const struct kept *k);
void kept_remove(struct terms *t, uint64_t rid);
/* First of a kind and url, or n. */
size_t kept_find(const struct kept_list *l, uint32_t kind, str url);
/* <0, 0, >0: "4.0.1" before "4.0.10", numbers as numbers. */
int version_cmp(str a, str b);

/* files.c */
MUST err files_read(struct op *op, struct terms *t);
/* sync.c: brings the list up to the record's now. */
MUST err terms_sync(struct op *op, struct terms *t);

/* ---- one question ---- */
enum pin_mode { PIN_DEFAULT, PIN_CHECK, PIN_FORCE };
struct pin { /* system-version, check-system-version, force-system-version */
    str url, version;
    enum pin_mode mode;
};
struct ask {
    struct op *op;
    struct terms *t;
    bool trusted; /* a room asks, not a person: the record is read as the system */
    VEC(struct pin) pins;
    size_t steps;             /* value sets and parts looked into */
    struct map sets, systems; /* canonical to what it meant in this question */
};
#define STEPS_MAX 20000u
/* Syncs, then is ready to ask. */
MUST err ask_begin(struct ask *q, struct op *op, struct terms *t, bool trusted);

struct found {
    struct blob b; /* head NULL: there is none */
    enum origin origin;
    uint64_t rid;
};
/* catalog.c: by kind and canonical; not finding it is OK with b.head NULL. */
MUST err catalog_find(struct ask *q, uint32_t kind, str url, str version, struct found *ret);
/* The instance of the record; ERR_NOT_FOUND. */
MUST err catalog_instance(struct ask *q, fhir_type type, str id, struct found *ret);
/* fn for every one of a kind that is wanted by its FACT_EXTRA and FACT_MORE, record first; stops at
 * the first error. Only what is wanted is read in the asker's name. */
struct visitor {
    bool (*wanted)(const void *ctx, str extra, str more);
    err (*fn)(void *ctx, const struct blob *b);
    void *ctx;
    bool kept_only; /* not R4's own */
};
MUST err catalog_each(struct ask *q, uint32_t kind, const struct visitor *v);
/* The code system whose valueSet is url; b.head NULL when none says so. */
MUST err catalog_all_codes(struct ask *q, str url, struct found *ret);

/* ---- code systems ---- */
enum grammar { GRAMMAR_NONE, GRAMMAR_UCUM, GRAMMAR_LANGUAGE, GRAMMAR_MIME, GRAMMAR_URI };
#define SUPPLEMENTS_MAX 8u
struct system {
    str url, version;
    enum grammar grammar; /* then no rows: codes are what the grammar says */
    struct blob b;
    const struct sys_row *rows;
    uint32_t n;
    const uint32_t *order, *folded, *up_at, *up, *down_at, *down, *list_rows;
    uint32_t n_order, n_folded, n_up_at, n_up, n_down_at, n_down, n_list_rows, n_props, n_lists;
    const struct sys_prop *props;
    const struct sys_list *lists;
    enum blob_content content;
    struct system *supplements;
    size_t n_supplements;
};
#define NO_CODE UINT32_MAX
/* NULL in *ret when no such system is here (or only its name is: content not-present). */
MUST err system_find(struct ask *q, str url, str version, struct system **ret);
bool system_view(const struct blob *b, struct system *ret);
/* True when a code that is not in it is not one of its codes. */
bool system_whole(const struct system *s);
/* Row of a code, or NO_CODE. Grammars have no rows. */
uint32_t system_code(const struct system *s, str code);
/* Does the grammar allow it? */
bool grammar_valid(enum grammar g, str code);
enum grammar grammar_of(str url);
str system_text(const struct system *s, uint32_t row); /* the code as the system writes it */
str system_display(const struct system *s, uint32_t row);
uint32_t system_flags(const struct system *s, uint32_t row);
/* Neighbours in the hierarchy; all numbers are rows of it. */
const uint32_t *system_parents(const struct system *s, uint32_t row, uint32_t *ret_n);
const uint32_t *system_children(const struct system *s, uint32_t row, uint32_t *ret_n);
/* Is a above b (a itself is not)? Walks up from b. */
MUST err system_above(struct op *op, const struct system *s, uint32_t a, uint32_t b, bool *ret);
/* row and all below (or above) it, row first (it alone where the hierarchy is no is-a);
 * ERR_TOO_COSTLY past max. */
MUST err system_closure(struct op *op, const struct system *s, uint32_t row, bool below, size_t max,
                        uint32_t **ret, size_t *ret_n);
const struct sys_list *system_list(const struct system *s, str name);

/* What is noted of a concept: designations, then properties. */
struct note {
    str lang, system, code, display, value; /* as struct detail_note */
    uint32_t property;
    unsigned type;
};
struct notes {
    const struct blob *b;
    str in, definition;
    uint64_t designations, props; /* left */
};
struct notes notes_of(const struct blob *b, unsigned section, uint32_t at);
bool notes_designation(struct notes *n, struct note *ret);
bool notes_property(struct notes *n, struct note *ret); /* after all designations */
/* Display in a language (BCP 47, or empty): a designation of it, or else the display. */
str system_display_in(const struct system *s, uint32_t row, str language);
/* Does the language tag fit what is wanted: equal, or its beginning up to a hyphen? */
bool language_fits(str tag, str wanted);

#endif
