/* The brake on guessing: failures are counted for each pair of account and peer, and for each peer
 * alone, in a bounded table in memory. An owner at another address is never locked out
 * (45 CFR 164.308(a)(5)(ii)(C)). A restart forgets: guessing through restarts is not a threat. */
#include "identity/identity_int.h"

#include <sodium.h>

#define FREE_PAIR 5u /* failures before waiting starts */
#define FREE_PEER 50u
#define DRAIN_MS 1000 /* one failure of a peer is forgiven in this time */
#define FORGET_MS (INT64_C(15) * 60 * 1000)

void throttle_init(struct throttle *t)
{
    pthread_mutex_init(&t->lock, NULL);
    random_bytes(t->key, sizeof t->key);
}

/* Keyed, and of both hashes side by side: who chooses names cannot choose whose slot they meet. */
static uint64_t key_of(const struct throttle *t, str user, str peer)
{
    uint64_t parts[2], key;
    unsigned char out[crypto_shorthash_BYTES];
    crypto_shorthash(out, (const unsigned char *)user.p, user.n, t->key);
    memcpy(&parts[0], out, sizeof out);
    crypto_shorthash(out, (const unsigned char *)peer.p, peer.n, t->key);
    memcpy(&parts[1], out, sizeof out);
    crypto_shorthash(out, (const unsigned char *)parts, sizeof parts, t->key);
    memcpy(&key, out, sizeof key);
    return key ? key : 1;
}

static struct throttle_slot *slot_of(struct throttle *t, uint64_t key)
{
    return &t->slots[key % THROTTLE_SLOTS];
}

static int64_t wait_of(const struct throttle_slot *s, uint64_t key, uint32_t free, int64_t now)
{
    if (s->key != key || s->fails < free || now - s->last > FORGET_MS)
        return 0;
    uint32_t over = s->fails - free;
    int64_t pause = over > 9 ? FORGET_MS : INT64_C(1000) << over;
    int64_t left = s->last + pause - now;
    return left > 0 ? left : 0;
}

/* A peer may be many people behind one address: it is let in again at a steady pace, however long
 * somebody there goes on guessing. */
static int64_t wait_of_peer(const struct throttle_slot *s, uint64_t key, int64_t now)
{
    if (s->key != key || s->fails < FREE_PEER)
        return 0;
    int64_t left = s->last + (int64_t)(s->fails - FREE_PEER + 1) * DRAIN_MS - now;
    return left > 0 ? left : 0;
}

static void drain(struct throttle_slot *s, int64_t now)
{
    int64_t n = now > s->last ? (now - s->last) / DRAIN_MS : 0;
    if (n >= s->fails) {
        s->fails = 0;
        s->last = now;
    } else {
        s->fails -= (uint32_t)n;
        s->last += n * DRAIN_MS;
    }
}

int64_t throttle_wait(struct throttle *t, str user, str peer, int64_t now)
{
    uint64_t pair = key_of(t, user, peer), alone = key_of(t, STR("*"), peer);
    pthread_mutex_lock(&t->lock);
    int64_t a = user.n ? wait_of(slot_of(t, pair), pair, FREE_PAIR, now) : 0;
    int64_t b = wait_of_peer(slot_of(t, alone), alone, now);
    pthread_mutex_unlock(&t->lock);
    return a > b ? a : b;
}

/* A slot goes to another pair only when its own has been quiet or has failed less. */
static void count(struct throttle *t, uint64_t key, int64_t now)
{
    struct throttle_slot *s = slot_of(t, key);
    if (s->key != key) {
        if (s->fails > 1 && now - s->last <= FORGET_MS) {
            s->fails--;
            return;
        }
        *s = (struct throttle_slot){.key = key};
    } else if (now - s->last > FORGET_MS) {
        s->fails = 0;
    }
    s->fails++;
    s->last = now;
}

static void count_peer(struct throttle *t, uint64_t key, int64_t now)
{
    struct throttle_slot *s = slot_of(t, key);
    if (s->key == key)
        drain(s, now);
    int64_t since = s->last;
    bool mine = s->key == key && s->fails > 0;
    count(t, key, now);
    if (mine)
        s->last = since; /* what is left of the second counts */
    if (s->key == key && s->fails > FREE_PEER)
        s->fails = FREE_PEER;
}

void throttle_fail(struct throttle *t, str user, str peer, int64_t now)
{
    pthread_mutex_lock(&t->lock);
    if (user.n)
        count(t, key_of(t, user, peer), now);
    count_peer(t, key_of(t, STR("*"), peer), now);
    pthread_mutex_unlock(&t->lock);
}

static void uncount(struct throttle *t, uint64_t key)
{
    struct throttle_slot *s = slot_of(t, key);
    if (s->key == key && s->fails > 0)
        s->fails--;
}

void throttle_give_back(struct throttle *t, str user, str peer)
{
    pthread_mutex_lock(&t->lock);
    if (user.n)
        uncount(t, key_of(t, user, peer));
    uncount(t, key_of(t, STR("*"), peer));
    pthread_mutex_unlock(&t->lock);
}

void throttle_clear(struct throttle *t, str user, str peer)
{
    pthread_mutex_lock(&t->lock);
    struct throttle_slot *s = slot_of(t, key_of(t, user, peer));
    if (s->key == key_of(t, user, peer))
        *s = (struct throttle_slot){0};
    pthread_mutex_unlock(&t->lock);
}

err identity_guess(struct op *op, struct identity *id, str peer)
{
    int64_t wait = throttle_wait(&id->throttle, STR_NONE, peer, op->now);
    if (wait > 0)
        return fail(op, ERR_BUSY, "Too many tries from here; wait %lld seconds and try again.",
                    (long long)(wait / 1000 + 1));
    throttle_fail(&id->throttle, STR_NONE, peer, op->now);
    return OK;
}

void identity_guess_right(struct identity *id, str peer)
{
    throttle_give_back(&id->throttle, STR_NONE, peer);
}
