/* The order of results: sort key (those without one last), then resource number, both turned round
 * when descending; and the position text that continues it. Pure but for the arena. */
#include "store/search_int.h"

#define POSITION_VERSION 1
#define INSERT_MAX 64u
#define FEW 8u /* hits there is room for at first */

static int number_order(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

int hit_order(const struct store_sort *sort, const struct hit *a, const struct hit *b)
{
    int c = 0;
    if (sort->order == ORDER_KEY) {
        if (a->keyless != b->keyless)
            return a->keyless != sort->backwards ? 1 : -1;
        c = number_order(a->lead, b->lead);
        c = c ? c : str_cmp(str_make(a->key, a->key_n), str_make(b->key, b->key_n));
    } else if (sort->order == ORDER_TIME) {
        c = number_order(a->t, b->t);
    }
    if (c == 0)
        c = number_order(a->rid, b->rid);
    return sort->descending != sort->backwards ? -c : c;
}

static uint64_t lead_of(const struct hit *h)
{
    char first[8] = {0};
    memcpy(first, h->key, h->key_n < sizeof first ? h->key_n : sizeof first);
    return u64_read(first);
}

void hit_make(const struct store_sort *sort, const struct fwd_entry *e, struct hit *ret)
{
    str set = e->set, key, best = STR_NONE;
    ret->rid = e->rid;
    ret->t = e->t;
    ret->key_n = 0;
    ret->lead = 0;
    ret->keyless = false;
    if (sort->order != ORDER_KEY)
        return;
    while (keyset_next(&set, &key)) {
        unsigned param = (unsigned)(unsigned char)key.p[0] << 8 | (unsigned char)key.p[1];
        if (param > sort->param)
            break;
        if (param == sort->param) {
            best = key;
            if (!sort->descending)
                break;
        }
    }
    ret->keyless = !best.p;
    best = str_sub(best, 2, 2 + HIT_KEY_MAX);
    ret->key_n = (uint8_t)best.n;
    if (best.n)
        memcpy(ret->key, best.p, best.n);
    ret->lead = lead_of(ret);
}

err top_init(struct op *op, struct top *t, size_t want)
{
    *t = (struct top){.arena = op->arena, .want = want, .room = want < FEW ? want + 1 : FEW};
    t->at = want ? arena_alloc(op->arena, t->room * sizeof *t->at) : NULL;
    return want && (!t->at || arena_failed(op->arena)) ? out_of_memory(op) : OK;
}

/* Most searches find few. False: as many as there may be are here; or the arena failed, which stays
 * and is asked for at the end. */
static bool more_room(struct top *t)
{
    size_t max = 2 * t->want + 16, room = 2 * t->room < max ? 2 * t->room : max;
    struct hit *grown = NULL;
    if (room > t->room)
        grown = arena_grow(t->arena, t->at, t->room * sizeof *grown, room * sizeof *grown);
    if (!grown)
        return false;
    t->at = grown;
    t->room = room;
    return true;
}

static int by_order(const void *x, const void *y, void *sort)
{
    return hit_order(sort, x, y);
}

void top_finish(struct top *t, const struct store_sort *sort)
{
    struct store_sort copy = *sort;
    if (t->n > 1 && t->want > INSERT_MAX)
        qsort_r(t->at, t->n, sizeof *t->at, by_order, &copy);
    if (t->n >= t->want) {
        t->n = t->want;
        t->full = t->want > 0;
    }
}

/* A page's worth is kept in order all the time. */
static void insert(struct top *t, const struct store_sort *sort, const struct hit *h)
{
    size_t lo = 0, hi = t->n, kept = t->n < t->want ? t->n : t->want - 1;
    if (t->n == t->want && hit_order(sort, h, &t->at[t->n - 1]) > 0)
        return;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (hit_order(sort, &t->at[mid], h) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == t->want || (kept >= t->room && !more_room(t)))
        return;
    memmove(&t->at[lo + 1], &t->at[lo], (kept - lo) * sizeof *t->at);
    t->at[lo] = *h;
    t->n = kept + 1;
}

void top_add(struct top *t, const struct store_sort *sort, const struct hit *h)
{
    if (t->want == 0)
        return;
    if (t->want <= INSERT_MAX) {
        insert(t, sort, h);
        return;
    }
    if (t->full && hit_order(sort, h, &t->at[t->want - 1]) > 0)
        return;
    if (t->n == t->room && !more_room(t)) {
        top_finish(t, sort);
        if (t->n == t->room)
            return; /* no memory */
    }
    t->at[t->n++] = *h;
}

static unsigned flags_of(const struct store_sort *sort)
{
    return (unsigned)sort->order << 3 | (sort->backwards ? 4u : 0) | (sort->descending ? 2u : 0);
}

str position_write(struct op *op, const struct store_sort *sort, uint64_t t, const struct hit *h)
{
    static const char hex[] = "0123456789abcdef";
    struct buf raw, text;
    buf_init(&raw, op->arena, 256);
    buf_init(&text, op->arena, 512);
    buf_u8(&raw, POSITION_VERSION);
    buf_u8(&raw, (uint8_t)(flags_of(sort) | (h->keyless ? 1u : 0)));
    buf_varint(&raw, sort->param);
    buf_varint(&raw, t);
    buf_varint(&raw, h->rid);
    buf_varint(&raw, h->t);
    buf_add(&raw, str_make(h->key, h->key_n));
    str bytes = buf_str(&raw);
    for (size_t i = 0; i < bytes.n; i++) {
        buf_char(&text, hex[(unsigned char)bytes.p[i] >> 4]);
        buf_char(&text, hex[bytes.p[i] & 15]);
    }
    return buf_ok(&raw) && buf_ok(&text) ? buf_str(&text) : STR_NONE;
}

str store_position(struct op *op, uint64_t t, bool end)
{
    return position_write(op, &(struct store_sort){.order = ORDER_RID, .backwards = end}, t,
                          &(struct hit){.rid = end ? RID_MAX : 0});
}

str store_position_at(struct op *op, uint64_t t, const struct store_sort *sort, const str *key)
{
    bool turned = sort->descending != sort->backwards, keys = sort->order == ORDER_KEY;
    struct hit h = {.rid = turned ? RID_MAX : 0, .t = turned ? UINT64_MAX : 0};
    str from = key ? str_sub(*key, 0, HIT_KEY_MAX) : STR_NONE;
    h.keyless = keys && (key ? from.n == 0 : sort->backwards);
    if (keys && !h.keyless && turned) {
        h.key_n = HIT_KEY_MAX;
        memset(h.key, 0xff, HIT_KEY_MAX);
    } else if (keys && !h.keyless) {
        h.key_n = (uint8_t)from.n;
    }
    if (from.n)
        memcpy(h.key, from.p, from.n);
    return position_write(op, sort, t, &h);
}

static int nibble(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct position {
    uint64_t flags, param, t;
    struct hit hit;
};

static bool decode(str text, struct position *ret)
{
    char raw[128] = {0};
    uint8_t version = 0, flags = 0;
    struct hit *h = &ret->hit;
    bool good = text.n % 2 == 0 && text.n <= 2 * sizeof raw;
    for (size_t i = 0; good && i < text.n; i += 2) {
        int hi = nibble(text.p[i]), lo = nibble(text.p[i + 1]);
        good = hi >= 0 && lo >= 0;
        raw[i / 2] = (char)(hi * 16 + lo);
    }
    str in = good ? str_make(raw, text.n / 2) : STR_NONE;
    *ret = (struct position){0};
    if (!take_u8(&in, &version) || version != POSITION_VERSION || !take_u8(&in, &flags) ||
        !take_varint(&in, &ret->param) || !take_varint(&in, &ret->t) ||
        !take_varint(&in, &h->rid) || !take_varint(&in, &h->t) || in.n > HIT_KEY_MAX)
        return false;
    ret->flags = flags & ~1u;
    h->keyless = flags & 1;
    h->key_n = (uint8_t)in.n;
    if (in.n)
        memcpy(h->key, in.p, in.n);
    h->lead = lead_of(h);
    return true;
}

err position_read(struct op *op, str text, const struct store_sort *sort, uint64_t *ret_t,
                  struct hit *ret)
{
    struct position p;
    if (!decode(text, &p) || p.flags != flags_of(sort) || p.param != sort->param)
        return fail(op, ERR_INVALID, "the page position does not belong to this search");
    *ret_t = p.t;
    *ret = p.hit;
    return OK;
}

uint64_t store_position_t(str position)
{
    struct position p;
    return decode(position, &p) ? p.t : 0;
}
