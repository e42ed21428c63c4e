/* One page of the contact ledger as bytes: a head and rows, oldest first, each told by what differs
 * from the one before: of ten rows to one number 210 bytes, where fixed rows took 480. Pages of
 * before (version 1, fixed rows) are read, and written as new ones. It does not read or write
 * values. Invariant: at most one row an id; a page that does not read back whole is damaged, never
 * half of one. */
#include "outreach/ledger_int.h"

#define FIXED 1u
#define VERSION 2u
#define ROW_BYTES 48u /* of version 1 */

/* The first two bytes of a row. */
enum {
    KIND_AT = 3,
    STATE_AT = 6,
    INCOMING = 1 << 8,
    OURS = 1 << 9,
    HAS_DUE = 1 << 10,
    EXCEPTED = 1 << 11,
    HAS_COURSE =
        1 << 12, /* programme and campaign: others than those of the row before; so below */
    HAS_SUBJECT = 1 << 13,
    OTHER_NUMBER = 1 << 14, /* the one before the last: of a household two take turns */
    HAS_NUMBER = 1 << 15,
};

struct before {
    struct ledger_entry row;
    uint64_t other;
};

static void follow(struct before *b, const struct ledger_entry *e)
{
    if (e->number != b->row.number)
        b->other = b->row.number;
    b->row = *e;
}

static unsigned flags_of(const struct before *b, const struct ledger_entry *e)
{
    const struct ledger_entry *was = &b->row;
    unsigned f = e->channel | (unsigned)e->kind << KIND_AT | (unsigned)e->state << STATE_AT;
    bool course = e->programme != was->programme || e->campaign != was->campaign;
    f |= (e->incoming ? INCOMING : 0) | (e->ours ? OURS : 0) | (e->excepted ? EXCEPTED : 0);
    f |= (e->due_key ? HAS_DUE : 0) | (course ? HAS_COURSE : 0) |
         (e->subject != was->subject ? HAS_SUBJECT : 0);
    if (e->number != was->number)
        f |= e->number == b->other ? OTHER_NUMBER : HAS_NUMBER;
    return f;
}

static void pack_row(struct buf *b, const struct before *was, const struct ledger_entry *e)
{
    unsigned f = flags_of(was, e);
    buf_u16(b, (uint16_t)f);
    buf_varint(b, (uint64_t)e->at - (uint64_t)was->row.at);
    buf_u64(b, e->id);
    if (f & HAS_DUE)
        buf_u64(b, e->due_key);
    if (f & HAS_NUMBER)
        buf_u64(b, e->number);
    if (f & HAS_COURSE) {
        buf_u32(b, e->programme);
        buf_u32(b, e->campaign);
    }
    if (f & HAS_SUBJECT)
        buf_u32(b, e->subject);
}

str ledger_pack(struct arena *a, const struct ledger_page *p)
{
    struct buf b;
    struct before was = {.other = 0};
    buf_init(&b, a, 1u << 16);
    buf_u8(&b, VERSION);
    buf_varint(&b, p->behind);
    buf_varint(&b, (uint64_t)p->behind_last);
    for (size_t i = 0; i < p->n; i++) {
        pack_row(&b, &was, &p->at[i]);
        follow(&was, &p->at[i]);
    }
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

static bool codes_known(const struct ledger_entry *e)
{
    return e->channel < LEDGER_CHANNEL_COUNT && e->kind <= LEDGER_KEYWORD &&
           e->state <= LEDGER_TAKEN_BACK;
}

static bool unpack_row(str *rows, const struct before *was, struct ledger_entry *e)
{
    uint16_t f = 0;
    uint64_t later = 0;
    *e = was->row;
    if (!take_u16(rows, &f) || !take_varint(rows, &later) || !take_u64(rows, &e->id))
        return false;
    e->at = (int64_t)((uint64_t)was->row.at + later);
    e->channel = f & 7;
    e->kind = f >> KIND_AT & 7;
    e->state = f >> STATE_AT & 3;
    e->incoming = f & INCOMING;
    e->ours = f & OURS;
    e->excepted = f & EXCEPTED;
    e->due_key = 0;
    if (f & OTHER_NUMBER)
        e->number = was->other;
    return (!(f & HAS_DUE) || take_u64(rows, &e->due_key)) &&
           (!(f & HAS_NUMBER) || take_u64(rows, &e->number)) &&
           (!(f & HAS_COURSE) || (take_u32(rows, &e->programme) && take_u32(rows, &e->campaign))) &&
           (!(f & HAS_SUBJECT) || take_u32(rows, &e->subject)) && codes_known(e);
}

static bool unpack_rows(str bytes, struct ledger_page *ret)
{
    struct before was = {.other = 0};
    uint64_t behind, last;
    if (!take_varint(&bytes, &behind) || behind > UINT32_MAX || !take_varint(&bytes, &last))
        return false;
    ret->behind = (uint32_t)behind;
    ret->behind_last = (int64_t)last;
    for (; bytes.n; ret->n++) {
        if (ret->n == LEDGER_PAGE_MAX || !unpack_row(&bytes, &was, &ret->at[ret->n]))
            return false;
        follow(&was, &ret->at[ret->n]);
    }
    return true;
}

static bool unpack_fixed_row(str row, struct ledger_entry *ret)
{
    uint64_t at = 0;
    uint8_t flags = 0;
    struct ledger_entry e = {0};
    bool ok = take_u64(&row, &at) && take_u64(&row, &e.id) && take_u64(&row, &e.due_key) &&
              take_u64(&row, &e.number) && take_u32(&row, &e.programme) &&
              take_u32(&row, &e.campaign) && take_u32(&row, &e.subject) &&
              take_u8(&row, &e.channel) && take_u8(&row, &e.kind) && take_u8(&row, &e.state) &&
              take_u8(&row, &flags);
    if (!ok || !codes_known(&e) || flags > 7)
        return false;
    e.at = (int64_t)at;
    e.incoming = flags & 1;
    e.ours = flags >> 1 & 1;
    e.excepted = flags >> 2;
    *ret = e;
    return true;
}

static bool unpack_fixed(str bytes, struct ledger_page *ret)
{
    uint64_t last;
    if (!take_u32(&bytes, &ret->behind) || !take_u64(&bytes, &last) || bytes.n % ROW_BYTES != 0 ||
        bytes.n / ROW_BYTES > LEDGER_PAGE_MAX)
        return false;
    ret->behind_last = (int64_t)last;
    for (str row; take_bytes(&bytes, ROW_BYTES, &row); ret->n++)
        if (!unpack_fixed_row(row, &ret->at[ret->n]))
            return false;
    return true;
}

bool ledger_unpack(str bytes, struct ledger_page *ret)
{
    uint8_t version;
    ret->behind = 0;
    ret->behind_last = 0;
    ret->n = 0;
    if (str_empty(bytes))
        return true;
    if (!take_u8(&bytes, &version))
        return false;
    return version == VERSION ? unpack_rows(bytes, ret)
                              : version == FIXED && unpack_fixed(bytes, ret);
}

struct ledger_entry *ledger_find(struct ledger_page *p, uint64_t id)
{
    for (size_t i = p->n; i-- > 0;)
        if (p->at[i].id == id)
            return &p->at[i];
    return NULL;
}

void ledger_put(struct ledger_page *p, const struct ledger_entry *e)
{
    struct ledger_entry *old = ledger_find(p, e->id);
    size_t i = old ? (size_t)(old - p->at) : p->n;
    if (old) /* closes its place */
        memmove(old, old + 1, (--p->n - i) * sizeof *old);
    for (i = p->n; i > 0 && p->at[i - 1].at > e->at;)
        i--;
    memmove(&p->at[i + 1], &p->at[i], (p->n - i) * sizeof *e);
    p->at[i] = *e;
    p->n++;
}

bool ledger_spill(struct ledger_page *p, int64_t now, struct ledger_page *ret)
{
    bool old = p->n > LEDGER_PAGE_SOFT && p->at[LEDGER_MOVE - 1].at < now - LEDGER_MONTH_MS;
    if (!old && p->n < LEDGER_PAGE_MAX)
        return false;
    ret->behind = 0;
    ret->behind_last = 0;
    ret->n = LEDGER_MOVE;
    memcpy(ret->at, p->at, LEDGER_MOVE * sizeof p->at[0]);
    p->n -= LEDGER_MOVE;
    memmove(p->at, &p->at[LEDGER_MOVE], p->n * sizeof p->at[0]);
    p->behind++;
    if (ret->at[LEDGER_MOVE - 1].at > p->behind_last)
        p->behind_last = ret->at[LEDGER_MOVE - 1].at;
    return true;
}
