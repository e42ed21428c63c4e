/* One page of the contact ledger as bytes: a head and fixed rows, oldest first. It does not read or
 * write values. Invariant: at most one row an id; a page that does not read back whole is damaged,
 * never half of one. */
#include "outreach/ledger_int.h"

#define VERSION 1u
#define ROW_BYTES 48u

static void pack_row(struct buf *b, const struct ledger_entry *e)
{
    buf_u64(b, (uint64_t)e->at);
    buf_u64(b, e->id);
    buf_u64(b, e->due_key);
    buf_u64(b, e->number);
    buf_u32(b, e->programme);
    buf_u32(b, e->campaign);
    buf_u32(b, e->subject);
    buf_u8(b, e->channel);
    buf_u8(b, e->kind);
    buf_u8(b, e->state);
    buf_u8(b, (uint8_t)(e->incoming | e->ours << 1 | e->excepted << 2));
}

str ledger_pack(struct arena *a, const struct ledger_page *p)
{
    struct buf b;
    buf_init(&b, a, 1u << 16);
    buf_u8(&b, VERSION);
    buf_u32(&b, p->behind);
    buf_u64(&b, (uint64_t)p->behind_last);
    for (size_t i = 0; i < p->n; i++)
        pack_row(&b, &p->at[i]);
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

static bool unpack_row(str row, struct ledger_entry *ret)
{
    uint64_t at = 0;
    uint8_t flags = 0;
    struct ledger_entry e = {0};
    bool ok = take_u64(&row, &at) && take_u64(&row, &e.id) && take_u64(&row, &e.due_key) &&
              take_u64(&row, &e.number) && take_u32(&row, &e.programme) &&
              take_u32(&row, &e.campaign) && take_u32(&row, &e.subject) &&
              take_u8(&row, &e.channel) && take_u8(&row, &e.kind) && take_u8(&row, &e.state) &&
              take_u8(&row, &flags);
    if (!ok || e.channel >= LEDGER_CHANNEL_COUNT || e.kind > LEDGER_KEYWORD ||
        e.state > LEDGER_TAKEN_BACK || flags > 7)
        return false;
    e.at = (int64_t)at;
    e.incoming = flags & 1;
    e.ours = flags >> 1 & 1;
    e.excepted = flags >> 2;
    *ret = e;
    return true;
}

bool ledger_unpack(str bytes, struct ledger_page *ret)
{
    uint8_t version;
    uint64_t last;
    ret->behind = 0;
    ret->behind_last = 0;
    ret->n = 0;
    if (str_empty(bytes))
        return true;
    if (!take_u8(&bytes, &version) || version != VERSION || !take_u32(&bytes, &ret->behind) ||
        !take_u64(&bytes, &last) || bytes.n % ROW_BYTES != 0 ||
        bytes.n / ROW_BYTES > LEDGER_PAGE_MAX)
        return false;
    ret->behind_last = (int64_t)last;
    for (str row; take_bytes(&bytes, ROW_BYTES, &row); ret->n++)
        if (!unpack_row(row, &ret->at[ret->n]))
            return false;
    return true;
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
