/* Zip files, as much as releases need: the central directory, stored and deflated members
 * (https://pkware.cachefly.net/webdocs/APPNOTE/APPNOTE-6.3.9.TXT). No encryption, no zip64: such a
 * file is to be unpacked first, and the error says so. Every offset is checked against the file,
 * and every member against its length and sum when it is read. */
#include "terms/load_int.h"

#define END_MIN 22u
#define END_SEARCH 65557u

static uint32_t le(const char *p, unsigned n)
{
    uint32_t v = 0;
    while (n-- > 0)
        v = v << 8 | (unsigned char)p[n];
    return v;
}

static err bad(const struct release *r, const char *what)
{
    return fail(r->op, ERR_INVALID, "%.*s: %s; unpack it and name the folder.", STR_ARG(r->path),
                what);
}

static const char *end_record(str zip)
{
    for (size_t back = END_MIN; back <= zip.n && back <= END_SEARCH; back++)
        if (memcmp(zip.p + zip.n - back, "PK\5\6", 4) == 0)
            return zip.p + zip.n - back;
    return NULL;
}

/* Where a member's bytes begin; false when its local head is not where it should be. */
static bool data_at(str zip, uint64_t head, uint64_t packed, uint64_t *ret)
{
    if (head > zip.n || zip.n - head < 30 || memcmp(zip.p + head, "PK\3\4", 4) != 0)
        return false;
    uint64_t at = head + 30 + le(zip.p + head + 26, 2) + le(zip.p + head + 28, 2);
    *ret = at;
    return at <= zip.n && packed <= zip.n - at;
}

static err member(struct release *r, str entry, size_t *ret_len)
{
    if (entry.n < 46 || memcmp(entry.p, "PK\1\2", 4) != 0)
        return bad(r, "its table of contents is damaged");
    size_t name = le(entry.p + 28, 2), extra = le(entry.p + 30, 2), note = le(entry.p + 32, 2);
    struct member_file m = {.packed = le(entry.p + 20, 4),
                            .size = le(entry.p + 24, 4),
                            .method = le(entry.p + 10, 2),
                            .crc = le(entry.p + 16, 4)};
    *ret_len = 46 + name + extra + note;
    if (*ret_len > entry.n)
        return bad(r, "its table of contents is damaged");
    m.name = str_make(entry.p + 46, name);
    if (str_ends(m.name, STR("/")))
        return OK;
    if (le(entry.p + 8, 2) & 1 || m.size == UINT32_MAX || m.packed == UINT32_MAX ||
        (m.method != 0 && m.method != 8))
        return bad(r, "it has members that are encrypted, packed in another way or over 4 GB");
    if (!data_at(r->zip, le(entry.p + 42, 4), m.packed, &m.at))
        return bad(r, "a member is not where its table of contents says");
    VEC_PUSH(r->op->arena, &r->members, m);
    return op_check(r->op);
}

err zip_members(struct release *r)
{
    const char *end = r->zip.n >= END_MIN ? end_record(r->zip) : NULL;
    if (!end)
        return bad(r, "it is no zip file");
    uint32_t n = le(end + 10, 2), at = le(end + 16, 4);
    if (n > MEMBERS_MAX || at > r->zip.n)
        return bad(r, "its table of contents is damaged or too long");
    str left = str_sub(r->zip, at, SIZE_MAX);
    uint64_t all = 0;
    for (uint32_t i = 0; i < n; i++) {
        size_t len = 0;
        TRY(member(r, left, &len));
        left = str_sub(left, len, SIZE_MAX);
    }
    for (size_t i = 0; i < r->members.n; i++)
        all += r->members.at[i].size;
    if (all > UNPACKED_MAX)
        return bad(r, "it would unpack to more than any release has");
    return OK;
}
