/* Challenges: random, ours, for one session (or for signing in), good for five minutes and once.
 * Nothing is kept of those given out, so nobody can crowd out another's: a challenge carries its
 * end and a keyed hash; only those that were used are remembered until they end. Invariant: no
 * challenge is honoured twice; the key dies with the process, so none outlives it; one account uses
 * up no more than its share of what can be remembered. */
#include "identity/jose.h"
#include "identity/webauthn_int.h"

#include <sodium.h>

#define CHALLENGE_MS (INT64_C(5) * 60 * 1000)
#define RANDOM_BYTES 16u
#define MAC_BYTES 16u
#define CHALLENGE_BYTES (8 + RANDOM_BYTES + MAC_BYTES)

static void mac_of(const struct identity *id, const uint8_t raw[CHALLENGE_BYTES], str whose,
                   uint8_t ret[MAC_BYTES])
{
    crypto_generichash_state s;
    crypto_generichash_init(&s, id->challenges.key, sizeof id->challenges.key, MAC_BYTES);
    crypto_generichash_update(&s, raw, CHALLENGE_BYTES - MAC_BYTES);
    crypto_generichash_update(&s, (const unsigned char *)whose.p, whose.n);
    crypto_generichash_final(&s, ret, MAC_BYTES);
}

static int64_t end_of(const uint8_t raw[CHALLENGE_BYTES])
{
    uint64_t end = 0;
    str in = str_make((const char *)raw, 8);
    (void)take_u64(&in, &end);
    return (int64_t)end;
}

str challenge_make(struct op *op, struct identity *id, str whose)
{
    uint8_t raw[CHALLENGE_BYTES];
    uint64_t end = (uint64_t)(op->now + CHALLENGE_MS);
    for (unsigned i = 0; i < 8; i++)
        raw[i] = (uint8_t)(end >> (56 - 8 * i));
    random_bytes(raw + 8, RANDOM_BYTES);
    mac_of(id, raw, whose, raw + 8 + RANDOM_BYTES);
    return jose_b64(op->arena, str_make((const char *)raw, sizeof raw));
}

static bool raw_of(const struct op *op, str challenge, uint8_t ret[CHALLENGE_BYTES])
{
    str raw;
    if (!base64url_read(op->arena, challenge, CHALLENGE_BYTES, &raw) || raw.n != CHALLENGE_BYTES)
        return false;
    memcpy(ret, raw.p, raw.n);
    return true;
}

bool challenge_holds(const struct op *op, struct identity *id, str whose, str challenge)
{
    uint8_t raw[CHALLENGE_BYTES], mac[MAC_BYTES];
    if (!raw_of(op, challenge, raw))
        return false;
    mac_of(id, raw, whose, mac);
    return sodium_memcmp(mac, raw + 8 + RANDOM_BYTES, MAC_BYTES) == 0 && op->now < end_of(raw);
}

bool challenge_spend(const struct op *op, struct identity *id, str user, str challenge)
{
    uint8_t raw[CHALLENGE_BYTES];
    struct spent_challenge *room = NULL;
    uint64_t whose = str_hash(user);
    unsigned mine = 0;
    bool fresh = raw_of(op, challenge, raw);
    pthread_mutex_lock(&id->challenges.lock);
    for (unsigned i = 0; fresh && i < SPENT_CHALLENGES; i++) {
        struct spent_challenge *s = &id->challenges.spent[i];
        if (s->end <= op->now) {
            room = s;
            continue;
        }
        fresh = memcmp(s->random, raw + 8, RANDOM_BYTES) != 0;
        mine += s->whose == whose;
    }
    fresh = fresh && room && mine < SPENT_EACH;
    if (fresh) {
        memcpy(room->random, raw + 8, RANDOM_BYTES);
        room->whose = whose;
        room->end = end_of(raw);
    }
    pthread_mutex_unlock(&id->challenges.lock);
    return fresh;
}
