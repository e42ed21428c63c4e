/* Receipts that came over a standing connection and wait to be written: the sender takes those that
 * belong to results it is about to write, whoever brought them writes the rest, many at once. Also
 * which Communication has which provider's id, for the newest: a receipt is then found without a
 * search. In memory alone: a receipt is confirmed to the provider after it is in the record, so
 * what a crash forgets is delivered again. */
#include "outreach/outreach_int.h"

#include <stdlib.h>

#define SLOTS 4096u
#define HEADS 4096u
#define RECENT 65536u

struct recent {
    uint64_t hash;
    char communication[24];
};
struct shelf {
    pthread_mutex_t lock;
    struct receipt_slot slots[SLOTS];
    uint16_t next[SLOTS], heads[HEADS]; /* index + 1 */
    uint16_t free;                      /* list through next */
    size_t n;
    struct recent recent[RECENT];
};

struct shelf *shelf_new(void)
{
    struct shelf *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    for (unsigned i = 0; i < SLOTS; i++)
        s->next[i] = (uint16_t)(i + 2 <= SLOTS ? i + 2 : 0);
    s->free = 1;
    return s;
}

void shelf_free(struct shelf *s)
{
    if (s)
        pthread_mutex_destroy(&s->lock);
    free(s);
}

static uint16_t *head_of(struct shelf *s, str id)
{
    return &s->heads[str_hash(id) % HEADS];
}

bool shelf_put(struct shelf *s, const struct receipt_slot *r)
{
    pthread_mutex_lock(&s->lock);
    unsigned i = s->free;
    if (i) {
        uint16_t *head = head_of(s, str_of(r->id));
        s->free = s->next[i - 1];
        s->slots[i - 1] = *r;
        s->slots[i - 1].state = SLOT_WAITING;
        s->next[i - 1] = *head;
        *head = (uint16_t)i;
        s->n++;
    }
    pthread_mutex_unlock(&s->lock);
    return i != 0;
}

size_t shelf_room(struct shelf *s)
{
    pthread_mutex_lock(&s->lock);
    size_t room = SLOTS - s->n;
    pthread_mutex_unlock(&s->lock);
    return room;
}

bool shelf_claim(struct shelf *s, str id, struct receipt_slot *ret)
{
    bool found = false;
    pthread_mutex_lock(&s->lock);
    for (unsigned i = *head_of(s, id); i; i = s->next[i - 1]) {
        struct receipt_slot *r = &s->slots[i - 1];
        if (r->state != SLOT_WAITING || !str_eq(str_of(r->id), id))
            continue;
        r->state = SLOT_CLAIMED;
        *ret = *r;
        found = true;
        break;
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

void shelf_claimed(struct shelf *s, str id, bool written)
{
    pthread_mutex_lock(&s->lock);
    for (unsigned i = *head_of(s, id); i; i = s->next[i - 1])
        if (s->slots[i - 1].state == SLOT_CLAIMED && str_eq(str_of(s->slots[i - 1].id), id))
            s->slots[i - 1].state = written ? SLOT_DONE : SLOT_WAITING;
    pthread_mutex_unlock(&s->lock);
}

static void drop(struct shelf *s, unsigned i)
{
    uint16_t *at = head_of(s, str_of(s->slots[i - 1].id));
    while (*at != i)
        at = &s->next[*at - 1];
    *at = s->next[i - 1];
    s->slots[i - 1] = (struct receipt_slot){0};
    s->next[i - 1] = s->free;
    s->free = (uint16_t)i;
    s->n--;
}

static bool known(const struct shelf *s, const struct receipt_slot *r)
{
    uint64_t hash = str_hash(str_of(r->id));
    return s->recent[hash % RECENT].hash == hash;
}

size_t shelf_take(struct shelf *s, const void *owner, int64_t before, struct receipt_slot *ret,
                  size_t max)
{
    size_t n = 0, seen = 0;
    pthread_mutex_lock(&s->lock);
    for (unsigned i = 1, all = (unsigned)s->n; i <= SLOTS && n < max && seen < all; i++) {
        struct receipt_slot *r = &s->slots[i - 1];
        seen += r->state != SLOT_FREE;
        bool mine = r->owner == owner && r->state != SLOT_FREE;
        bool ready = r->state == SLOT_DONE ||
                     (r->state == SLOT_WAITING && (r->since <= before || known(s, r)));
        if (!mine || !ready)
            continue;
        ret[n++] = *r;
        drop(s, i);
    }
    pthread_mutex_unlock(&s->lock);
    return n;
}

void shelf_know(struct shelf *s, str provider_id, str communication)
{
    uint64_t hash = str_hash(provider_id);
    struct recent *r = &s->recent[hash % RECENT];
    if (communication.n >= sizeof r->communication)
        return;
    pthread_mutex_lock(&s->lock);
    *r = (struct recent){.hash = hash};
    memcpy(r->communication, communication.p, communication.n);
    pthread_mutex_unlock(&s->lock);
}

/* Two ids may share a hash: the Communication that is found must hold the id (receipt_many.c). */
str shelf_find(struct shelf *s, struct arena *a, str provider_id)
{
    uint64_t hash = str_hash(provider_id);
    const struct recent *r = &s->recent[hash % RECENT];
    str found = STR_NONE;
    pthread_mutex_lock(&s->lock);
    if (r->hash == hash)
        found = arena_str(a, str_of(r->communication));
    pthread_mutex_unlock(&s->lock);
    return found;
}
