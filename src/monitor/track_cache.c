/* Tracks in memory, as bytes: one table of open addresses. Invariant: what is held is what the
 * store has; a full neighbourhood lets go of the patient of whom the clock has nothing to say for
 * longest, who is read again when needed. */
#include "monitor/monitor_int.h"

#define NEAR 8u /* places where a patient may stand */

static void let_go(struct cache *c, struct cache_slot *s)
{
    if (s->patient == 0)
        return;
    free(s->bytes);
    c->held--;
    c->bytes -= s->n;
    *s = (struct cache_slot){0};
}

void track_cache_clear(struct cache *c)
{
    for (size_t i = 0; i < CACHE_SLOTS; i++)
        let_go(c, &c->slots[i]);
}

bool track_cache_init(struct cache *c)
{
    *c = (struct cache){.slots = calloc(CACHE_SLOTS, sizeof *c->slots)};
    return c->slots != NULL;
}

void track_cache_free(struct cache *c)
{
    if (c->slots)
        track_cache_clear(c);
    free(c->slots);
    *c = (struct cache){0};
}

static struct cache_slot *place_of(const struct cache *c, uint64_t patient, size_t k)
{
    uint64_t h = patient * UINT64_C(0x9e3779b97f4a7c15) >> 20;
    return &c->slots[(h + k) % CACHE_SLOTS];
}

static struct cache_slot *find(const struct cache *c, uint64_t patient)
{
    for (size_t k = 0; k < NEAR; k++)
        if (place_of(c, patient, k)->patient == patient)
            return place_of(c, patient, k);
    return NULL;
}

str track_cache_get(const struct cache *c, uint64_t patient)
{
    const struct cache_slot *s = find(c, patient);
    return s ? str_make(s->bytes, s->n) : STR_NONE;
}

void track_cache_put(struct cache *c, uint64_t patient, str bytes, int64_t due)
{
    struct cache_slot *s = find(c, patient);
    for (size_t k = 0; !s && k < NEAR; k++)
        if (place_of(c, patient, k)->patient == 0)
            s = place_of(c, patient, k);
    if (!s) {
        s = place_of(c, patient, 0);
        for (size_t k = 1; k < NEAR; k++)
            if (place_of(c, patient, k)->due > s->due)
                s = place_of(c, patient, k);
        c->lost++;
        if (s->due < due)
            return; /* the clock needs each of those more */
    }
    if (s->patient != patient || s->n != bytes.n) {
        let_go(c, s);
        char *copy = malloc(bytes.n);
        if (!copy)
            return; /* the store has it */
        *s = (struct cache_slot){.patient = patient, .bytes = copy, .n = bytes.n};
        c->held++;
        c->bytes += bytes.n;
    }
    s->due = due;
    memcpy(s->bytes, bytes.p, bytes.n);
}

size_t track_cache_due(const struct cache *c, int64_t now, uint64_t *ret, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < CACHE_SLOTS && n < max; i++)
        if (c->slots[i].patient && c->slots[i].due <= now)
            ret[n++] = c->slots[i].patient;
    return n;
}

void track_cache_drop(struct cache *c, uint64_t patient)
{
    struct cache_slot *s = find(c, patient);
    if (s)
        let_go(c, s);
}
