/* Putting a block together: sections grow side by side, equal texts are kept once. */
#include "terms/blob_int.h"

#include <zlib.h>

void writer_init(struct writer *w, struct arena *a, size_t max)
{
    *w = (struct writer){.a = a, .max = max};
    for (unsigned i = 0; i < BLOB_SECTIONS; i++)
        buf_init(&w->section[i], a, max);
    map_init(&w->texts, a);
    buf_u8(&w->section[SEC_POOL], 0); /* reference 0 */
}

uint32_t writer_text(struct writer *w, str text)
{
    struct buf *pool = &w->section[SEC_POOL];
    if (!text.n)
        return 0;
    uintptr_t known = (uintptr_t)map_get(&w->texts, text);
    if (known)
        return (uint32_t)known;
    size_t at = pool->n;
    buf_varint(pool, text.n);
    buf_add(pool, text);
    if (!map_put(&w->texts, text, (void *)(uintptr_t)at))
        pool->failed = true;
    return (uint32_t)at;
}

void writer_u32(struct writer *w, unsigned section, uint32_t v)
{
    char *p = buf_reserve(&w->section[section], sizeof v);
    if (!p)
        return;
    memcpy(p, &v, sizeof v);
    buf_commit(&w->section[section], sizeof v);
}

uint32_t writer_count(const struct writer *w, unsigned section, size_t size)
{
    return (uint32_t)(w->section[section].n / size);
}

static size_t padded(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

err writer_finish(struct op *op, struct writer *w, enum blob_kind kind, str *ret)
{
    struct blob_head head = {.kind = kind};
    size_t at = sizeof head;
    for (unsigned i = 0; i < BLOB_SECTIONS; i++) {
        if (!buf_ok(&w->section[i]) || at > w->max)
            return fail(op, ERR_TOO_LARGE, "The terminology is larger than %zu bytes can hold.",
                        w->max);
        head.section[i].at = (uint32_t)at;
        head.section[i].n = (uint32_t)w->section[i].n;
        at += padded(w->section[i].n);
    }
    char *p = at <= w->max ? arena_calloc(w->a, at, 1) : NULL;
    if (!p)
        return fail(op, ERR_TOO_LARGE, "The terminology is larger than %zu bytes can hold.",
                    w->max);
    memcpy(head.magic, BLOB_MAGIC, sizeof head.magic);
    head.size = at;
    for (unsigned i = 0; i < BLOB_SECTIONS; i++)
        if (w->section[i].n)
            memcpy(p + head.section[i].at, w->section[i].p, w->section[i].n);
    memcpy(p, &head, sizeof head);
    size_t from = offsetof(struct blob_head, kind);
    head.crc = (uint32_t)crc32_z(0, (const Bytef *)p + from, at - from);
    memcpy(p, &head, sizeof head);
    *ret = str_make(p, at);
    return op_check(op);
}
