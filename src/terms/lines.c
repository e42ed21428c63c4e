/* Lines of a file, or of a zip's member, unpacked as it is read. */
#include "terms/load_int.h"

#include <zlib.h>

#define CHUNK (256u << 10)

struct lines {
    struct op *op;
    const struct member_file *m;
    FILE *file; /* of a folder */
    z_stream z; /* of a zip */
    bool inflating;
    str stored; /* of a zip, not packed */
    uint64_t unpacked;
    uint32_t crc;
    char *buf; /* CHUNK + LINE_MAX_BYTES */
    size_t n, at;
    uint64_t number;
    bool ended;
    err failed;
};

static void release_z(void *z)
{
    inflateEnd(z);
}

static void release_file(void *file)
{
    (void)fclose(file);
}

err lines_open(const struct release *r, const struct member_file *m, struct lines **ret)
{
    struct op *op = r->op;
    struct lines *l = ARENA_NEW(op->arena, struct lines);
    if (!l || !(l->buf = arena_alloc(op->arena, CHUNK + LINE_MAX_BYTES)))
        return op_check(op);
    l->op = op;
    l->m = m;
    *ret = l;
    if (!r->zip.n) {
        l->file = fopen(str_z(op->arena, m->name), "rbe");
        if (!l->file)
            return fail(op, ERR_NOT_FOUND, "%.*s cannot be read.", STR_ARG(m->name));
        return arena_on_reset(op->arena, release_file, l->file) ? OK : op_check(op);
    }
    str bytes = str_sub(r->zip, (size_t)m->at, (size_t)(m->at + m->packed));
    if (m->method == 0) {
        l->stored = bytes;
        return OK;
    }
    l->z.next_in = (z_const Bytef *)(uintptr_t)bytes.p;
    l->z.avail_in = (uInt)bytes.n;
    if (inflateInit2(&l->z, -15) != Z_OK)
        return fail(op, ERR_UNAVAILABLE, "No memory to unpack %.*s.", STR_ARG(m->name));
    l->inflating = true;
    return arena_on_reset(op->arena, release_z, &l->z) ? OK : op_check(op);
}

static bool fault(struct lines *l, const char *what)
{
    l->failed = fail(l->op, ERR_INVALID, "%.*s:%llu: %s.", STR_ARG(l->m->name),
                     (unsigned long long)l->number + 1, what);
    l->ended = true;
    return false;
}

static size_t inflated(struct lines *l, char *p, size_t room)
{
    l->z.next_out = (Bytef *)p;
    l->z.avail_out = (uInt)room;
    int z = inflate(&l->z, Z_NO_FLUSH);
    if (z != Z_OK && z != Z_STREAM_END && z != Z_BUF_ERROR)
        l->unpacked = UINT64_MAX; /* cannot be right any more */
    return room - l->z.avail_out;
}

/* At most room more bytes into p; 0 at the end. A zip's member is what its table of contents says,
 * to the last byte, or damaged. */
static size_t more(struct lines *l, char *p, size_t room)
{
    size_t n;
    if (l->file) {
        n = fread(p, 1, room, l->file);
        if (n < room && ferror(l->file))
            fault(l, "it cannot be read to its end");
        return n;
    }
    if (l->inflating) {
        n = inflated(l, p, room);
    } else {
        n = l->stored.n < room ? l->stored.n : room;
        memcpy(p, l->stored.p, n);
        l->stored = str_sub(l->stored, n, SIZE_MAX);
    }
    l->crc = (uint32_t)crc32(l->crc, (const Bytef *)p, (uInt)n);
    bool longer = l->unpacked > l->m->size || n > l->m->size - l->unpacked;
    l->unpacked += longer ? 0 : n;
    if (longer || (n == 0 && (l->unpacked != l->m->size || l->crc != l->m->crc))) {
        fault(l, "the zip file is damaged here");
        return 0;
    }
    return n;
}

bool lines_next(struct lines *l, str *ret)
{
    for (;;) {
        char *from = l->buf + l->at;
        char *end = l->n > l->at ? memchr(from, '\n', l->n - l->at) : NULL;
        if (l->failed != OK)
            return false;
        if (end || (l->ended && l->n > l->at)) {
            size_t n = end ? (size_t)(end - from) : l->n - l->at;
            l->at += n + (end != NULL);
            l->number++;
            *ret = str_make(from, n && from[n - 1] == '\r' ? n - 1 : n);
            return true;
        }
        if (l->ended)
            return false;
        memmove(l->buf, from, l->n - l->at);
        l->n -= l->at;
        l->at = 0;
        if (l->n >= LINE_MAX_BYTES)
            return fault(l, "the line is longer than a megabyte");
        size_t n = more(l, l->buf + l->n, CHUNK);
        l->ended = l->ended || n == 0;
        l->n += n;
    }
}

uint64_t lines_number(const struct lines *l)
{
    return l->number;
}

err lines_close(struct lines *l)
{
    return l->failed;
}
