/* Reading blocks: the head is checked once, every reference when it is followed. */
#include "terms/blob_int.h"

#include <zlib.h>

static bool head_whole(const struct blob_head *h, size_t n)
{
    if (memcmp(h->magic, BLOB_MAGIC, sizeof h->magic) != 0 || h->size != n)
        return false;
    for (unsigned i = 0; i < BLOB_SECTIONS; i++) {
        uint32_t at = h->section[i].at, len = h->section[i].n;
        if (len && (at < sizeof *h || at % 4 || at > n || len > n - at))
            return false;
    }
    return h->section[SEC_FACTS].n == FACTS * sizeof(uint32_t);
}

bool blob_view(str bytes, struct blob *ret)
{
    if (bytes.n < sizeof(struct blob_head) || bytes.n > BLOB_MAX || (uintptr_t)bytes.p % 8)
        return false;
    const struct blob_head *h = (const void *)bytes.p;
    if (!head_whole(h, bytes.n))
        return false;
    *ret = (struct blob){bytes, h, (const void *)(bytes.p + h->section[SEC_FACTS].at)};
    return true;
}

bool blob_open(str bytes, struct blob *ret)
{
    struct blob b;
    size_t from = offsetof(struct blob_head, kind);
    if (!blob_view(bytes, &b) ||
        crc32_z(0, (const Bytef *)bytes.p + from, bytes.n - from) != b.head->crc)
        return false;
    *ret = b;
    return true;
}

const void *blob_rows(const struct blob *b, unsigned section, size_t size, uint32_t *ret_n)
{
    uint32_t n = b->head->section[section].n;
    *ret_n = (uint32_t)(n / size);
    return n ? b->bytes.p + b->head->section[section].at : NULL;
}

str blob_text(const struct blob *b, uint32_t ref)
{
    uint32_t n = b->head->section[SEC_POOL].n;
    uint64_t len;
    if (ref >= n)
        return STR_NONE;
    str in = str_make(b->bytes.p + b->head->section[SEC_POOL].at + ref, n - ref), text;
    if (!take_varint(&in, &len) || !take_bytes(&in, (size_t)len, &text))
        return STR_NONE;
    return text;
}

str blob_fact(const struct blob *b, enum blob_fact fact)
{
    return blob_text(b, b->facts[fact]);
}

enum blob_content blob_content(const struct blob *b)
{
    return (enum blob_content)(b->facts[FACT_FLAGS] & FLAG_CONTENT);
}
