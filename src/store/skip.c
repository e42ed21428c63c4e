/* The skip list (see skip_int.h). Order: key ascending, then seq descending, so the first node of a
 * key that a view may see is its newest version. Links are published with release and read with
 * acquire; a node is complete before it can be reached. */
#include "store/skip_int.h"

#define HEIGHT_MAX 14u
#define FINGERS 512u
#define VALUES 4096u
#define TAIL_BYTES 5u /* of a key: the number behind a value */
#define FINGER_LEVELS 6u

struct skip_node {
    uint64_t seq, head; /* head: the first bytes of the key, as head_of() has them */
    uint32_t key_n, value_n;
    atomic_bool dead;
    bool gone;
    uint8_t height;
    const char *bytes; /* key, then value */
    _Atomic(struct skip_node *) next[];
};

/* The first eight bytes as a number, zeros where there are none: where two differ, their keys are
 * in the same order. */
static uint64_t head_of(str key)
{
    unsigned char first[8] = {0};
    uint64_t head = 0;
    memcpy(first, key.n ? key.p : "", key.n < sizeof first ? key.n : sizeof first);
    for (size_t i = 0; i < sizeof first; i++)
        head = head << 8 | first[i];
    return head;
}

static struct skip_node *node_new(struct arena *a, unsigned height, str key, const str *value)
{
    size_t links = height * sizeof(_Atomic(struct skip_node *));
    size_t value_n = value ? value->n : 0;
    char *p = arena_alloc(a, sizeof(struct skip_node) + links + key.n + value_n);
    if (!p || arena_failed(a))
        return NULL;
    struct skip_node *n = (struct skip_node *)(void *)p;
    memset(n, 0, sizeof *n + links);
    char *bytes = p + sizeof *n + links;
    if (key.n)
        memcpy(bytes, key.p, key.n);
    if (value_n)
        memcpy(bytes + key.n, value->p, value_n);
    n->bytes = bytes;
    n->head = head_of(key);
    n->key_n = (uint32_t)key.n;
    n->value_n = (uint32_t)value_n;
    n->gone = !value;
    n->height = (uint8_t)height;
    return n;
}

/* Where the last key with the same beginning went: keys of one parameter come one after another,
 * and mostly go near each other; those of one value mostly right behind each other. Of each level a
 * node that reaches so high, the head at first. */
struct skip_finger {
    uint64_t of;
    struct skip_node *at[FINGER_LEVELS];
};

static void finger_reset(const struct skip *s, struct skip_finger *f, uint64_t of)
{
    f->of = of;
    for (size_t level = 0; level < FINGER_LEVELS; level++)
        f->at[level] = s->head;
}

static bool fingers_init(struct skip *s)
{
    s->fingers = arena_alloc(s->arena, (FINGERS + VALUES) * sizeof *s->fingers);
    for (size_t i = 0; s->fingers && i < FINGERS + VALUES; i++)
        finger_reset(s, &s->fingers[i], 0);
    s->values = s->fingers ? s->fingers + FINGERS : NULL;
    return s->fingers != NULL;
}

/* The value's finger, emptied when it was another's. */
static struct skip_finger *value_finger(const struct skip *s, str key, bool *ret_known)
{
    size_t n = key.n > TAIL_BYTES ? key.n - TAIL_BYTES : key.n, at = 0;
    uint64_t of = n;
    for (uint64_t part; at < n; at += sizeof part) {
        part = 0;
        memcpy(&part, key.p + at, n - at < sizeof part ? n - at : sizeof part);
        of = (of ^ part) * UINT64_C(0x9E3779B97F4A7C15);
        of ^= of >> 29;
    }
    struct skip_finger *f = &s->values[of % VALUES];
    *ret_known = f->of == of;
    if (!*ret_known)
        finger_reset(s, f, of);
    return f;
}

static struct skip_finger *finger_of(const struct skip *s, uint64_t head)
{
    return &s->fingers[((head >> 24) * UINT64_C(0x9E3779B97F4A7C15)) >> 55];
}

bool skip_init(struct skip *s, struct arena *a)
{
    s->arena = a;
    s->rng = 0x9E3779B97F4A7C15u;
    atomic_init(&s->height, 1);
    s->head = node_new(a, HEIGHT_MAX, STR_NONE, NULL);
    return s->head && fingers_init(s);
}

static int compare(const struct skip_node *n, str key)
{
    size_t least = n->key_n < key.n ? n->key_n : key.n;
    int c = least ? memcmp(n->bytes, key.p, least) : 0;
    if (c != 0)
        return c;
    return n->key_n < key.n ? -1 : n->key_n > key.n;
}

/* Does n stand before (key, seq)? */
static bool before(const struct skip_node *n, uint64_t head, str key, uint64_t seq)
{
    if (n->head != head)
        return n->head < head;
    int c = compare(n, key);
    return c < 0 || (c == 0 && n->seq > seq);
}

static struct skip_node *next_of(const struct skip_node *n, unsigned level)
{
    return atomic_load_explicit(&n->next[level], memory_order_acquire);
}

/* Last node before (key, seq); at each level into prev when asked. */
static struct skip_node *find_before(const struct skip *s, str key, uint64_t seq,
                                     struct skip_node **prev)
{
    struct skip_node *n = s->head;
    uint64_t head = head_of(key);
    for (unsigned level = atomic_load_explicit(&s->height, memory_order_relaxed); level-- > 0;) {
        for (struct skip_node *next; (next = next_of(n, level)) && before(next, head, key, seq);)
            n = next;
        if (prev)
            prev[level] = n;
    }
    return n;
}

/* Like find_before() for a new node, up from the finger to the first level, not below the node's
 * highest, at which the place is known, and down again. False when that takes too many levels. */
static bool find_near(const struct skip *s, const struct skip_finger *finger,
                      const struct skip_node *fresh, struct skip_node **prev)
{
    str key = str_make(fresh->bytes, fresh->key_n);
    for (unsigned level = 0; level < FINGER_LEVELS; level++) {
        struct skip_node *n = finger->at[level], *next = next_of(n, level);
        if (level + 1 < fresh->height ||
            (n != s->head && !before(n, fresh->head, key, fresh->seq)) ||
            (next && before(next, fresh->head, key, fresh->seq)))
            continue;
        prev[level] = n;
        while (level-- > 0) {
            while ((next = next_of(n, level)) && before(next, fresh->head, key, fresh->seq))
                n = next;
            prev[level] = n;
        }
        return true;
    }
    return false;
}

static unsigned random_height(struct skip *s)
{
    s->rng ^= s->rng << 13;
    s->rng ^= s->rng >> 7;
    s->rng ^= s->rng << 17;
    unsigned height = 1;
    for (uint64_t r = s->rng; height < HEIGHT_MAX && (r & 3) == 0; r >>= 2)
        height++;
    return height;
}

struct skip_node *skip_put(struct skip *s, str key, uint64_t seq, const str *value)
{
    struct skip_node *prev[HEIGHT_MAX];
    unsigned height = random_height(s);
    struct skip_node *n = node_new(s->arena, height, key, value);
    if (!n)
        return NULL;
    n->seq = seq;
    bool known = false;
    struct skip_finger *finger = finger_of(s, n->head), *near = value_finger(s, key, &known);
    if (!(known && find_near(s, near, n, prev)) && !find_near(s, finger, n, prev))
        find_before(s, key, seq, prev);
    unsigned now = atomic_load_explicit(&s->height, memory_order_relaxed);
    for (unsigned level = now; level < height; level++)
        prev[level] = s->head;
    if (height > now)
        atomic_store_explicit(&s->height, height, memory_order_relaxed);
    for (unsigned level = 0; level < height; level++) {
        atomic_store_explicit(&n->next[level], next_of(prev[level], level), memory_order_relaxed);
        atomic_store_explicit(&prev[level]->next[level], n, memory_order_release);
    }
    for (unsigned level = 0; level < height && level < FINGER_LEVELS; level++)
        finger->at[level] = near->at[level] = n;
    return n;
}

void skip_kill(struct skip_node *node)
{
    atomic_store_explicit(&node->dead, true, memory_order_release);
}

void skip_iter_init(struct skip_iter *it, const struct skip *s, uint64_t view)
{
    *it = (struct skip_iter){.s = s, .view = view, .until = UINT64_MAX};
}

void skip_iter_until(struct skip_iter *it, str key)
{
    it->until = head_of(key);
}

static bool seen(const struct skip_iter *it, const struct skip_node *n)
{
    return n->seq <= it->view && !atomic_load_explicit(&n->dead, memory_order_acquire);
}

static str key_of(const struct skip_node *n)
{
    return str_make(n->bytes, n->key_n);
}

static void settle(struct skip_iter *it, const struct skip_node *n)
{
    it->node = n;
    it->valid = n != NULL;
    if (!n)
        return;
    it->gone = n->gone;
    it->seq = n->seq;
    it->key = key_of(n);
    it->value = str_make(n->bytes + n->key_n, n->value_n);
}

/* From n on, the first node that can be seen. */
static const struct skip_node *first_seen(const struct skip_iter *it, const struct skip_node *n)
{
    while (n && !seen(it, n))
        n = n->head > it->until ? NULL : next_of(n, 0);
    return n;
}

/* The newest version that can be seen of the last key before key. */
static void settle_before(struct skip_iter *it, str key)
{
    for (;;) {
        const struct skip_node *n = find_before(it->s, key, UINT64_MAX, NULL);
        if (n == it->s->head) {
            settle(it, NULL);
            return;
        }
        key = key_of(n);
        const struct skip_node *first = next_of(find_before(it->s, key, it->view, NULL), 0);
        while (first && compare(first, key) == 0 && !seen(it, first))
            first = next_of(first, 0);
        if (first && compare(first, key) == 0) {
            settle(it, first);
            return;
        }
    }
}

void skip_seek(struct skip_iter *it, str key, bool reverse)
{
    it->reverse = reverse;
    if (reverse)
        settle_before(it, key);
    else
        settle(it, first_seen(it, next_of(find_before(it->s, key, UINT64_MAX, NULL), 0)));
}

void skip_next(struct skip_iter *it)
{
    if (it->reverse) {
        settle_before(it, it->key);
        return;
    }
    const struct skip_node *n = it->node;
    do
        n = first_seen(it, next_of(n, 0));
    while (n && compare(n, it->key) == 0);
    settle(it, n);
}
