/* Reading release files: a folder or a zip, its members as tables of texts. */
#ifndef WEFT_TERMS_LOAD_INT_H
#define WEFT_TERMS_LOAD_INT_H

#include "terms/build_int.h"
#include "terms/terms.h"

#include <stdio.h>

#define MEMBERS_MAX 20000u
#define FOLDERS_DEEP 8u
#define UNPACKED_MAX ((uint64_t)64 << 30) /* of all members; real releases have a tenth */
#define LINE_MAX_BYTES (1u << 20)         /* of one record */
#define COLUMNS_MAX 128u

struct member_file {
    str name;            /* path, or name in the zip */
    uint64_t size;       /* unpacked */
    uint64_t at, packed; /* in the zip */
    unsigned method;     /* 0 stored, 8 deflated */
    uint32_t crc;
};
struct release {
    struct op *op;
    str path;
    str zip; /* mapped; empty: a folder */
    VEC(struct member_file) members;
};
/* ERR_NOT_FOUND, ERR_INVALID (not a zip that can be read). */
MUST err release_open(struct op *op, str path, struct release *ret);
void release_close(struct release *r);
/* kept.c */
int version_cmp(str a, str b);
/* load.c: a block under its name into DATA/terms. */
MUST err load_store(struct op *op, str data, str name, str bytes);
/* zip.c: the members of r->zip. */
MUST err zip_members(struct release *r);
/* The i-th member whose base name fits a shell pattern; NULL past the last. */
const struct member_file *release_find(const struct release *r, const char *pattern, size_t i);

/* Lines of a member, without their ends. */
struct lines;
MUST err lines_open(const struct release *r, const struct member_file *m, struct lines **ret);
/* False at the end or on an error, which lines_close() then returns. The line is valid until the
 * next call. */
bool lines_next(struct lines *l, str *ret);
MUST err lines_close(struct lines *l);
uint64_t lines_number(const struct lines *l); /* of the newest line, from 1 */

/* A table with a header line, or (columns NULL) without one. */
enum table_kind { TABLE_CSV, TABLE_TAB, TABLE_PIPE };
struct table {
    struct op *op;
    struct lines *lines;
    const struct member_file *member;
    enum table_kind kind;
    size_t n_columns, n_needed;
    size_t at[COLUMNS_MAX]; /* where the wanted columns stand */
    str cells[COLUMNS_MAX];
    struct buf record;
    err failed;
};
/* columns: names wanted, NULL at the end; a name beginning with '?' may be missing (its cells are
 * then empty). Without a header line: numbers, e.g. "11". ERR_INVALID names file and column. */
MUST err table_open(const struct release *r, const struct member_file *m, enum table_kind kind,
                    const char *const *columns, struct table *ret);
/* The wanted cells of the next row in ret, in the order of columns; false at the end. Cells are
 * valid until the next call. */
bool table_next(struct table *t, str *ret);
/* The first error of the reading. */
MUST err table_close(struct table *t);

/* ---- loading ---- */
struct loading {
    struct op *op;
    struct release release;
    struct builder b;
    const struct terms_watch *watch;
    uint64_t done, all; /* bytes of the members */
    struct terms_loaded told;
};
/* Calls fn for every row of every member that fits the pattern; ret_n: members. */
typedef err (*row_fn)(struct loading *l, void *ctx, const str *cells);
struct reading {
    const char *pattern;
    enum table_kind kind;
    const char *const *columns;
    row_fn fn;
    void *ctx;
};
MUST err load_rows(struct loading *l, const struct reading *r, size_t *ret_n);
/* The same, and ERR_NOT_FOUND naming the pattern when there is no such member. */
MUST err load_needed(struct loading *l, const struct reading *r);
str keep(struct loading *l, str s); /* copied into the builder */
MUST err load_loinc(struct loading *l);
MUST err load_snomed(struct loading *l);
MUST err load_rxnorm(struct loading *l);

#endif
