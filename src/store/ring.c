/* The ring of keys: trees of seeds, an epoch each, and how they lie as bytes. Does no I/O and seals
 * nothing. Invariant: a seed that leads to an erased patient's leaf is in no ring that was erased
 * from, so nobody who has that ring can make the key again (HChaCha20 goes one way). */
#include "base/buf.h"
#include "base/uuid.h"
#include "store/store_int.h"

#include <sodium.h>

#define FORMAT 1u
#define FANOUT 16u

static uint64_t span(uint32_t height)
{
    return (uint64_t)1 << (4 * height);
}

static void child(const uint8_t seed[32], uint32_t height, unsigned digit, uint8_t out[32])
{
    unsigned char in[16] = "weft data key";
    in[14] = (unsigned char)height;
    in[15] = (unsigned char)digit;
    crypto_core_hchacha20(out, in, seed, NULL);
}

static bool nodes_room(struct ring_epoch *e, size_t n)
{
    if (n <= e->cap)
        return true;
    if (n > RING_NODES_MAX)
        return false;
    struct ring_node *grown = sodium_malloc(2 * n * sizeof *grown);
    if (!grown)
        return false;
    if (e->n)
        memcpy(grown, e->nodes, e->n * sizeof *grown);
    sodium_free(e->nodes);
    e->nodes = grown;
    e->cap = 2 * n;
    return true;
}

static bool epoch_new(struct ring *r, int64_t now)
{
    struct ring_epoch *e = &r->epochs[r->n_epochs];
    *e = (struct ring_epoch){.number = r->n_epochs ? e[-1].number + 1 : 1, .made = now};
    if (!nodes_room(e, 1))
        return false;
    random_bytes(e->store, sizeof e->store);
    e->nodes[0] = (struct ring_node){.height = TREE_LEVELS};
    random_bytes(e->nodes[0].seed, sizeof e->nodes[0].seed);
    e->n = 1;
    r->n_epochs++;
    return true;
}

static struct ring *ring_bare(void)
{
    struct ring *r = sodium_init() >= 0 ? sodium_malloc(sizeof *r) : NULL;
    if (r)
        memset(r, 0, sizeof *r);
    return r;
}

struct ring *ring_new(int64_t now)
{
    struct ring *r = ring_bare();
    if (!r)
        return NULL;
    random_bytes(r->folder, sizeof r->folder);
    random_bytes(r->blind, sizeof r->blind);
    random_bytes(r->id, sizeof r->id);
    random_bytes(r->sign, sizeof r->sign);
    if (epoch_new(r, now))
        return r;
    ring_free(r);
    return NULL;
}

void ring_free(struct ring *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < RING_EPOCHS; i++)
        sodium_free(r->epochs[i].nodes);
    sodium_free(r->erased);
    sodium_free(r);
}

struct ring *ring_copy(const struct ring *from)
{
    struct ring *r = ring_bare();
    if (!r)
        return NULL;
    *r = *from;
    for (size_t i = 0; i < RING_EPOCHS; i++) {
        r->epochs[i].nodes = NULL;
        r->epochs[i].n = r->epochs[i].cap = 0;
    }
    r->erased = NULL;
    bool good = true;
    for (size_t i = 0; good && i < from->n_epochs; i++) {
        const struct ring_epoch *e = &from->epochs[i];
        good = nodes_room(&r->epochs[i], e->n + 1);
        if (good && e->n)
            memcpy(r->epochs[i].nodes, e->nodes, e->n * sizeof *e->nodes);
        r->epochs[i].n = e->n;
    }
    if (good && from->n_erased) {
        r->erased = sodium_malloc(from->n_erased * sizeof *r->erased);
        good = r->erased != NULL;
        if (good)
            memcpy(r->erased, from->erased, from->n_erased * sizeof *r->erased);
    }
    if (good)
        return r;
    ring_free(r);
    return NULL;
}

static const struct ring_epoch *epoch_of(const struct ring *r, uint32_t number)
{
    for (size_t i = r->n_epochs; i-- > 0;) {
        if (r->epochs[i].number == number)
            return &r->epochs[i];
    }
    return NULL;
}

/* The node that covers the leaf; its place in *ret. */
static bool covering(const struct ring_epoch *e, uint64_t leaf, size_t *ret)
{
    size_t lo = 0, hi = e->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (e->nodes[mid].from <= leaf)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == 0 || leaf - e->nodes[lo - 1].from >= span(e->nodes[lo - 1].height))
        return false;
    *ret = lo - 1;
    return true;
}

bool ring_key(const struct ring *r, uint32_t epoch, uint64_t owner, uint8_t out[32])
{
    const struct ring_epoch *e = epoch_of(r, epoch);
    size_t at;
    if (!e)
        return false;
    if (owner == OWNER_STORE) {
        memcpy(out, e->store, 32);
        return true;
    }
    if (owner > RID_MAX || !covering(e, owner, &at))
        return false;
    memcpy(out, e->nodes[at].seed, 32);
    ring_descend(out, e->nodes[at].height, owner);
    return true;
}

void ring_descend(uint8_t seed[32], uint32_t height, uint64_t owner)
{
    for (uint32_t h = height; h-- > 0;)
        child(seed, h, (unsigned)(owner >> (4 * h)) & (FANOUT - 1), seed);
}

bool ring_seed(const struct ring *r, uint32_t epoch, uint64_t owner, uint32_t height,
               uint8_t out[32])
{
    const struct ring_epoch *e = epoch_of(r, epoch);
    size_t at;
    if (!e || owner > RID_MAX || !covering(e, owner, &at) || e->nodes[at].height < height)
        return false;
    memcpy(out, e->nodes[at].seed, 32);
    for (uint32_t h = e->nodes[at].height; h-- > height;)
        child(out, h, (unsigned)(owner >> (4 * h)) & (FANOUT - 1), out);
    return true;
}

bool ring_holds(const struct ring *r, uint32_t epoch, uint64_t owner)
{
    const struct ring_epoch *e = epoch_of(r, epoch);
    size_t at;
    return e && owner <= RID_MAX && covering(e, owner, &at);
}

err ring_turn(struct op *op, struct ring *r, int64_t now)
{
    if (r->n_epochs == RING_EPOCHS)
        return fail(op, ERR_CONFLICT,
                    "the keys file holds %u sets of data keys, the most it may; forget old ones",
                    RING_EPOCHS);
    return epoch_new(r, now) ? OK : out_of_memory(op);
}

err ring_forget(struct op *op, struct ring *r, uint32_t number)
{
    struct ring_epoch *e = NULL;
    for (size_t i = 0; i + 1 < r->n_epochs; i++) {
        if (r->epochs[i].number == number)
            e = &r->epochs[i];
    }
    if (!e)
        return fail(op, ERR_INVALID, "there are no retired data keys with this number");
    sodium_free(e->nodes);
    e->nodes = NULL;
    e->n = e->cap = 0;
    return OK;
}

/* In the place of the node: what it covers but the leaf, ascending. */
static bool puncture(struct ring_epoch *e, uint64_t leaf)
{
    struct ring_node made[TREE_LEVELS * FANOUT];
    size_t at, n = 0;
    if (!covering(e, leaf, &at))
        return true; /* gone already */
    struct ring_node top = e->nodes[at];
    if (!nodes_room(e, e->n + top.height * (FANOUT - 1)))
        return false;
    /* Children before the way down, level by level; then those behind it, from below. */
    struct ring_node way[TREE_LEVELS + 1];
    way[top.height] = top;
    for (uint32_t h = top.height; h-- > 0;) {
        unsigned own = (unsigned)(leaf >> (4 * h)) & (FANOUT - 1);
        for (unsigned d = 0; d <= own; d++) {
            struct ring_node k = {way[h + 1].from + d * span(h), h, {0}};
            child(way[h + 1].seed, h, d, k.seed);
            if (d == own)
                way[h] = k;
            else
                made[n++] = k;
        }
    }
    for (uint32_t h = 0; h < top.height; h++) {
        for (unsigned d = ((unsigned)(leaf >> (4 * h)) & (FANOUT - 1)) + 1; d < FANOUT; d++) {
            made[n] = (struct ring_node){way[h + 1].from + d * span(h), h, {0}};
            child(way[h + 1].seed, h, d, made[n++].seed);
        }
    }
    memmove(e->nodes + at + n, e->nodes + at + 1, (e->n - at - 1) * sizeof *e->nodes);
    if (n)
        memcpy(e->nodes + at, made, n * sizeof *made);
    e->n = e->n - 1 + n;
    sodium_memzero(made, sizeof made);
    sodium_memzero(way, sizeof way);
    sodium_memzero(&top, sizeof top);
    return true;
}

bool ring_has_erased(const struct ring *r, uint64_t rid)
{
    for (size_t i = 0; i < r->n_erased; i++) {
        if (r->erased[i].rid == rid)
            return true;
    }
    return false;
}

err ring_erase(struct op *op, struct ring *r, uint64_t rid, int64_t now)
{
    if (rid == 0 || rid > RID_MAX)
        return fail(op, ERR_INVALID, "there is no such record to erase");
    if (ring_has_erased(r, rid))
        return OK;
    if (r->n_erased >= RING_ERASED_MAX)
        return fail(op, ERR_TOO_LARGE, "the keys file remembers %u erasures, the most it may",
                    RING_ERASED_MAX);
    struct ring_erased *grown = sodium_malloc((r->n_erased + 1) * sizeof *grown);
    if (!grown)
        return out_of_memory(op);
    if (r->n_erased)
        memcpy(grown, r->erased, r->n_erased * sizeof *grown);
    sodium_free(r->erased);
    r->erased = grown;
    for (size_t i = 0; i < r->n_epochs; i++) {
        if (!puncture(&r->epochs[i], rid))
            return out_of_memory(op);
    }
    r->erased[r->n_erased++] = (struct ring_erased){rid, now};
    return OK;
}

static void add_key(struct buf *b, const uint8_t key[32])
{
    buf_add(b, str_make((const char *)key, 32));
}

err ring_pack(struct op *op, const struct ring *r, str *ret)
{
    struct buf b;
    size_t room = 512 + r->n_epochs * 64 + r->n_erased * 20;
    for (size_t i = 0; i < r->n_epochs; i++)
        room += r->epochs[i].n * 48;
    buf_init(&b, op->arena, room);
    (void)buf_reserve(&b, room); /* at once: growing would leave copies of keys about */
    buf_u8(&b, FORMAT);
    buf_add(&b, str_make((const char *)r->folder, sizeof r->folder));
    buf_varint(&b, r->generation);
    add_key(&b, r->blind);
    add_key(&b, r->id);
    add_key(&b, r->sign);
    buf_u8(&b, r->has_old);
    if (r->has_old)
        add_key(&b, r->old);
    buf_varint(&b, r->n_epochs);
    for (size_t i = 0; i < r->n_epochs; i++) {
        const struct ring_epoch *e = &r->epochs[i];
        buf_varint(&b, e->number);
        buf_varint(&b, (uint64_t)e->made);
        add_key(&b, e->store);
        buf_varint(&b, e->n);
        for (size_t k = 0; k < e->n; k++) {
            buf_varint(&b, e->nodes[k].from);
            buf_u8(&b, (uint8_t)e->nodes[k].height);
            add_key(&b, e->nodes[k].seed);
        }
    }
    buf_varint(&b, r->n_erased);
    for (size_t i = 0; i < r->n_erased; i++) {
        buf_varint(&b, r->erased[i].rid);
        buf_varint(&b, (uint64_t)r->erased[i].time);
    }
    if (!buf_ok(&b))
        return out_of_memory(op);
    *ret = buf_str(&b);
    return OK;
}

static bool take_key(str *in, uint8_t out[32])
{
    str key;
    if (!take_bytes(in, 32, &key))
        return false;
    memcpy(out, key.p, 32);
    return true;
}

/* Nodes in order, apart, and each where a node of its height may stand. */
static bool take_nodes(str *in, struct ring_epoch *e)
{
    uint64_t n, next = 0;
    if (!take_varint(in, &n) || n > in->n / 34 || !nodes_room(e, (size_t)n + 1))
        return false;
    for (; e->n < n; e->n++) {
        struct ring_node *k = &e->nodes[e->n];
        uint8_t height;
        if (!take_varint(in, &k->from) || !take_u8(in, &height) || !take_key(in, k->seed) ||
            height > TREE_LEVELS || k->from > RID_MAX || k->from % span(height) || k->from < next)
            return false;
        k->height = height;
        next = k->from + span(height);
    }
    return true;
}

static bool take_epoch(str *in, struct ring *r)
{
    struct ring_epoch *e = &r->epochs[r->n_epochs];
    uint64_t number, made;
    uint32_t last = r->n_epochs ? e[-1].number : 0;
    if (!take_varint(in, &number) || number <= last || number > UINT8_MAX ||
        !take_varint(in, &made) || !take_key(in, e->store) || !take_nodes(in, e))
        return false;
    e->number = (uint32_t)number;
    e->made = (int64_t)made;
    r->n_epochs++;
    return true;
}

static bool take_erased(str *in, struct ring *r)
{
    uint64_t n, time;
    if (!take_varint(in, &n) || n > in->n / 2 || n > RING_ERASED_MAX)
        return false;
    r->erased = n ? sodium_malloc(n * sizeof *r->erased) : NULL;
    if (n && !r->erased)
        return false;
    for (; r->n_erased < n; r->n_erased++) {
        struct ring_erased *x = &r->erased[r->n_erased];
        if (!take_varint(in, &x->rid) || !take_varint(in, &time))
            return false;
        x->time = (int64_t)time;
    }
    return true;
}

static bool take_ring(str in, struct ring *r)
{
    uint8_t format, old;
    uint64_t n = 0;
    str folder;
    if (!take_u8(&in, &format) || format != FORMAT || !take_bytes(&in, sizeof r->folder, &folder) ||
        !take_varint(&in, &r->generation) || !take_key(&in, r->blind) || !take_key(&in, r->id) ||
        !take_key(&in, r->sign) || !take_u8(&in, &old) || old > 1 ||
        (old && !take_key(&in, r->old)) || !take_varint(&in, &n) || n == 0 || n > RING_EPOCHS)
        return false;
    memcpy(r->folder, folder.p, sizeof r->folder);
    r->has_old = old;
    while (r->n_epochs < n)
        if (!take_epoch(&in, r))
            return false;
    return take_erased(&in, r) && in.n == 0;
}

err ring_unpack(struct op *op, str in, struct ring **ret)
{
    struct ring *r = ring_bare();
    if (!r)
        return out_of_memory(op);
    if (!take_ring(in, r)) {
        ring_free(r);
        return fail(op, ERR_FAULT, "the keys file of the data folder is damaged");
    }
    *ret = r;
    return OK;
}
