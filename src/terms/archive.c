/* Many blocks in one, found by kind, url and version: R4's own, linked into the binary. */
#include "terms/build_int.h"

#include <stdlib.h>

struct item {
    uint32_t kind;
    str url, version, bytes;
};

static int by_name(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int c;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    c = str_cmp(x->url, y->url);
    return c ? c : str_cmp(x->version, y->version);
}

err archive_make(struct op *op, const str *blobs, size_t n, str *ret)
{
    struct writer w;
    struct facts_text none = {0};
    struct item *items = ARENA_ARRAY(op->arena, struct item, n + 1);
    writer_init(&w, op->arena, 1u << 30);
    if (!items)
        return op_check(op);
    for (size_t i = 0; i < n; i++) {
        struct blob b;
        if (!blob_open(blobs[i], &b))
            return fail(op, ERR_FAULT, "Block %zu is not whole.", i);
        items[i] = (struct item){b.head->kind, blob_fact(&b, FACT_URL), blob_fact(&b, FACT_VERSION),
                                 blobs[i]};
    }
    if (n)
        qsort(items, n, sizeof *items, by_name);
    facts_write(&w, &none);
    for (size_t i = 0; i < n; i++) {
        writer_u32(&w, SEC_ENTRIES, items[i].kind);
        writer_u32(&w, SEC_ENTRIES, writer_text(&w, items[i].url));
        writer_u32(&w, SEC_ENTRIES, writer_text(&w, items[i].version));
        writer_u32(&w, SEC_ENTRIES, (uint32_t)w.section[SEC_BLOBS].n);
        writer_u32(&w, SEC_ENTRIES, (uint32_t)items[i].bytes.n);
        buf_add(&w.section[SEC_BLOBS], items[i].bytes);
    }
    return writer_finish(op, &w, BLOB_ARCHIVE, ret);
}
