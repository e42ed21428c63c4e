/* The compact form of a code system, value set or concept map: one immutable block of bytes, the
 * same in the binary (R4's own), in a mapped file (releases loaded by weft import) and in memory
 * (from the record). Little-endian; a head with a checksum, then sections. A reference to a text is
 * its offset in the pool. Every reference, row number and range is checked where it is followed, so
 * that a damaged or hostile block gives empty answers, never a crash. */
#ifndef WEFT_TERMS_BLOB_INT_H
#define WEFT_TERMS_BLOB_INT_H

#include "base/buf.h"
#include "base/map.h"
#include "base/op.h"
#include "base/vec.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "terminology blocks are little-endian"
#endif

#define BLOB_MAGIC "WEFTTRM1"
#define BLOB_MAX UINT32_MAX /* bytes of one block */
/* clang-format off */
enum blob_kind { BLOB_NONE, BLOB_SYSTEM, BLOB_SET, BLOB_MAP, BLOB_ARCHIVE };
enum blob_section {
    SEC_FACTS, SEC_POOL,
    /* code system */
    SEC_ROWS, SEC_ORDER, SEC_FOLDED, SEC_DETAIL, SEC_UP_AT, SEC_UP, SEC_DOWN_AT, SEC_DOWN,
    SEC_PROPS, SEC_LISTS, SEC_LIST_ROWS,
    BLOB_SECTIONS,
    /* value set */
    SEC_PARTS = SEC_ROWS, SEC_CODES, SEC_SORTED, SEC_CODE_DETAIL, SEC_FILTERS, SEC_IMPORTS,
    /* concept map */
    SEC_GROUPS = SEC_ROWS, SEC_ELEMENTS, SEC_TARGETS,
    /* archive */
    SEC_ENTRIES = SEC_ROWS, SEC_BLOBS
};
/* SEC_FACTS: one u32 each; all but the flags are texts. EXTRA: the value set of all codes (system),
 * source (map); MORE: what it supplements (system), target (map). */
enum blob_fact {
    FACT_FLAGS, FACT_ID, FACT_URL, FACT_VERSION, FACT_NAME, FACT_TITLE, FACT_STATUS, FACT_DATE,
    FACT_EXTRA, FACT_MORE, FACTS
};
enum blob_content {
    CONTENT_COMPLETE, CONTENT_FRAGMENT, CONTENT_EXAMPLE, CONTENT_NOT_PRESENT, CONTENT_SUPPLEMENT
};
/* clang-format on */
#define FLAG_CONTENT 7u         /* enum blob_content */
#define FLAG_CASE_FOLDED 8u     /* caseSensitive is false */
#define FLAG_NO_SUBSUMPTION 16u /* the hierarchy means something else than is-a */
#define FLAG_ACTIVE_ONLY 32u    /* compose.inactive is false */
#define FLAG_EXPERIMENTAL 64u
#define FLAG_NOT_EXPERIMENTAL 128u

struct blob_head {
    char magic[8];
    uint32_t crc; /* of all after it */
    uint32_t kind;
    uint64_t size;
    struct {
        uint32_t at, n; /* bytes */
    } section[BLOB_SECTIONS];
};
struct blob {
    str bytes;
    const struct blob_head *head;
    const uint32_t *facts; /* FACTS of them */
};
/* Rows of the sections. */
struct sys_row {
    uint32_t code, display, detail, flags;
};
#define ROW_INACTIVE 1u
#define ROW_ABSTRACT 2u
struct sys_prop {
    uint32_t code, type, description;
};
struct sys_list { /* a reference set or answer list kept with the system; sorted by name */
    uint32_t name, display, first, n;
};
struct set_part {
    uint32_t exclude, system, version, code_first, code_n, filter_first, filter_n, import_first,
        import_n;
};
struct set_code {
    uint32_t code, display, detail;
};
struct set_filter {
    uint32_t property, op, value;
};
struct map_group {
    uint32_t source, source_version, target, target_version, element_first, element_n, unmapped,
        unmapped_code, unmapped_display, unmapped_url;
};
struct map_element {
    uint32_t code, display, target_first, target_n;
};
struct map_target {
    uint32_t code, display, equivalence, comment, depends_on, product; /* the last two: JSON */
};
struct archive_entry {
    uint32_t kind, url, version, at, n;
};

/* False when the block is not whole: wrong magic, size, section table or (blob_open) checksum.
 * bytes.p must be aligned to 8. blob_view() is for blocks that were opened before, or that stand in
 * one that was. */
bool blob_open(str bytes, struct blob *ret);
bool blob_view(str bytes, struct blob *ret);
/* The n rows of size bytes of a section; NULL and 0 when it is absent. */
const void *blob_rows(const struct blob *b, unsigned section, size_t size, uint32_t *ret_n);
/* STR_NONE for a reference to nowhere; reference 0 is the empty text. */
str blob_text(const struct blob *b, uint32_t ref);
str blob_fact(const struct blob *b, enum blob_fact fact);
enum blob_content blob_content(const struct blob *b);

/* ---- making one (writer.c) ---- */
struct writer {
    struct arena *a;
    struct buf section[BLOB_SECTIONS];
    struct map texts;
    size_t max;
};
/* max: ceiling in bytes of the whole block. Texts given are kept by reference until the end. */
void writer_init(struct writer *w, struct arena *a, size_t max);
uint32_t writer_text(struct writer *w, str text);
void writer_u32(struct writer *w, unsigned section, uint32_t v);
/* Number of rows of size bytes already in a section. */
uint32_t writer_count(const struct writer *w, unsigned section, size_t size);
/* ERR_TOO_LARGE when a ceiling was passed or memory refused. */
MUST err writer_finish(struct op *op, struct writer *w, enum blob_kind kind, str *ret);

#endif
