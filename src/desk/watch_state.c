/* What the watch remembers of one who looks: patients opened lately, hours worked, and how many
 * stood on the lists of this hour. Invariant: bounded, and what is forgotten makes the watch ask
 * again, never keep silent. */
#include "desk/watch_int.h"

#include <math.h>

#define VERSION 1

const struct look_row LOOK_ROW[LOOK_RULES] = {LOOK_ROWS};

static void write_recent(struct buf *b, const struct looker *l)
{
    buf_u16(b, (uint16_t)l->n);
    for (size_t i = 0; i < l->n; i++) {
        buf_varint(b, l->recent[i].patient);
        buf_u32(b, l->recent[i].minute);
        buf_u8(b, l->recent[i].strange);
    }
}

str looker_write(struct op *op, const struct looker *l)
{
    struct buf b;
    buf_init(&b, op->arena, 16384);
    buf_u8(&b, VERSION);
    buf_u8(&b, LOOK_RULES);
    write_recent(&b, l);
    for (size_t h = 0; h < 24; h++)
        buf_u32(&b, l->hours[h]);
    buf_u32(&b, l->day);
    buf_u32(&b, l->hour);
    buf_u32(&b, l->opened);
    for (size_t r = 0; r < LOOK_RULES; r++)
        buf_u32(&b, l->told[r]);
    buf_add(&b, str_make((const char *)l->crowd, sizeof l->crowd));
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

static bool read_recent(str *in, struct looker *l)
{
    uint16_t n;
    if (!take_u16(in, &n) || n > WATCH_RECENT)
        return false;
    for (l->n = 0; l->n < n; l->n++) {
        struct recent *r = &l->recent[l->n];
        uint8_t strange;
        if (!take_varint(in, &r->patient) || !take_u32(in, &r->minute) || !take_u8(in, &strange))
            return false;
        r->strange = strange;
    }
    return true;
}

static bool read_all(str in, struct looker *l)
{
    uint8_t version, rules;
    str crowd;
    bool good = take_u8(&in, &version) && version == VERSION && take_u8(&in, &rules) &&
                rules == LOOK_RULES && read_recent(&in, l);
    for (size_t h = 0; good && h < 24; h++)
        good = take_u32(&in, &l->hours[h]);
    good = good && take_u32(&in, &l->day) && take_u32(&in, &l->hour) && take_u32(&in, &l->opened);
    for (size_t r = 0; good && r < LOOK_RULES; r++)
        good = take_u32(&in, &l->told[r]);
    if (!good || !take_bytes(&in, sizeof l->crowd, &crowd))
        return false;
    memcpy(l->crowd, crowd.p, sizeof l->crowd);
    return true;
}

void looker_read(str bytes, struct looker *ret)
{
    memset(ret, 0, sizeof *ret);
    if (!read_all(bytes, ret))
        memset(ret, 0, sizeof *ret); /* nothing is remembered: all is judged anew */
}

void habit_read(str bytes, struct habit *ret)
{
    struct habit h;
    *ret = (struct habit){0};
    if (take_u64(&bytes, &h.n) && take_u64(&bytes, &h.opened) && take_u64(&bytes, &h.listed))
        *ret = h;
}

str habit_write(struct op *op, const struct habit *h)
{
    struct buf b;
    buf_init(&b, op->arena, 64);
    buf_u64(&b, h->n);
    buf_u64(&b, h->opened);
    buf_u64(&b, h->listed);
    return buf_str(&b);
}

const struct recent *looker_knows(const struct looker *l, uint64_t patient, uint32_t minute)
{
    for (size_t i = l->n; i-- > 0;)
        if (l->recent[i].patient == patient)
            return l->recent[i].minute + WATCH_AGAIN_MIN > minute ? &l->recent[i] : NULL;
    return NULL;
}

void looker_opens(struct looker *l, uint64_t patient, uint32_t minute)
{
    size_t at = 0;
    while (at < l->n && l->recent[at].patient != patient)
        at++;
    if (at == l->n && l->n == WATCH_RECENT)
        at = 0; /* the oldest goes */
    else if (at == l->n)
        l->n++;
    memmove(&l->recent[at], &l->recent[at + 1], (l->n - 1 - at) * sizeof *l->recent);
    l->recent[l->n - 1] = (struct recent){.patient = patient, .minute = minute};
}

size_t looker_opened(const struct looker *l, uint32_t since, bool strange)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++)
        n += l->recent[i].minute >= since && (!strange || l->recent[i].strange);
    return n;
}

/* Linear counting (Whang, ACM TODS 15(2) 1990): one bit a patient, by a hash of its number. */
void looker_lists(struct looker *l, uint64_t patient)
{
    uint64_t h = (patient + 1) * UINT64_C(0x9E3779B97F4A7C15); /* splitmix64's last steps */
    h = (h ^ h >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    h = (h ^ h >> 27) * UINT64_C(0x94D049BB133111EB);
    uint32_t bit = (uint32_t)(h >> 32) % (WATCH_CROWD * 8u);
    l->crowd[bit / 8] = (uint8_t)(l->crowd[bit / 8] | 1u << bit % 8);
}

unsigned looker_listed(const struct looker *l)
{
    unsigned set = 0, all = WATCH_CROWD * 8u;
    for (size_t i = 0; i < WATCH_CROWD; i++)
        set += (unsigned)__builtin_popcount(l->crowd[i]);
    if (set == 0)
        return 0;
    double free = set < all ? all - set : 1;
    return (unsigned)lround(-(double)all * log(free / all));
}

void looker_worked(struct looker *l, uint32_t day, unsigned hour)
{
    uint32_t past = day > l->day ? day - l->day : 0;
    for (size_t h = 0; past && h < 24; h++)
        l->hours[h] = past < 32 ? l->hours[h] << past : 0;
    l->day = day > l->day ? day : l->day;
    uint32_t ago = l->day - day;
    if (ago < 32)
        l->hours[hour] |= UINT32_C(1) << ago;
}

unsigned looker_usual(const struct looker *l, unsigned hour)
{
    uint32_t days = (UINT32_C(1) << (WATCH_LATE_DAYS + 1)) - 2;
    return (unsigned)__builtin_popcount(l->hours[hour] & days);
}
