/* The table of people in memory: chunks of rows that never move, an index by resource number, lists
 * of words. Nothing here reads the record. Invariant: at most 100 bytes a person (64 a row, 6 to 16
 * of the index). */
#include "campaign/people_int.h"

#include <sodium.h>
#include <stdlib.h>

_Static_assert(sizeof(struct person) == 64, "rows are saved as they stand");

#define FIRST_SLOTS 1024u

static err no_memory(struct op *op)
{
    return fail(op, ERR_UNAVAILABLE, "No memory left for the table of people.");
}

static bool words_new(struct people *p)
{
    p->arena = arena_new(0);
    for (size_t k = 0; p->arena && k < PEOPLE_WORDS; k++)
        map_init(&p->words[k].by, p->arena);
    return p->arena != NULL;
}

err people_new(struct op *op, struct record *rec, struct people **ret)
{
    struct people *p = calloc(1, sizeof *p);
    if (!p)
        return no_memory(op);
    p->rec = rec;
    pthread_rwlock_init(&p->lock, NULL);
    p->n_slots = FIRST_SLOTS;
    p->slots = calloc(p->n_slots, sizeof *p->slots);
    randombytes_buf(p->key, sizeof p->key);
    if (!p->slots || !words_new(p)) {
        people_free(p);
        return no_memory(op);
    }
    p->ready = !rec;
    *ret = p;
    return OK;
}

void people_free(struct people *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < PEOPLE_CHUNKS_MAX; i++)
        free(p->chunks[i]);
    free(p->slots);
    arena_free(p->arena);
    pthread_rwlock_destroy(&p->lock);
    explicit_bzero(p->key, sizeof p->key);
    free(p);
}

void people_forget_all(struct people *p)
{
    pthread_rwlock_wrlock(&p->lock);
    p->n = 0;
    memset(p->slots, 0, p->n_slots * sizeof *p->slots);
    for (size_t i = 0; i < PEOPLE_CHUNKS_MAX && p->chunks[i]; i++)
        memset(p->chunks[i], 0, PEOPLE_CHUNK * sizeof **p->chunks);
    pthread_rwlock_unlock(&p->lock);
}

void people_read(struct people *p)
{
    pthread_rwlock_rdlock(&p->lock);
}

void people_done(struct people *p)
{
    pthread_rwlock_unlock(&p->lock);
}

size_t people_count(const struct people *p)
{
    return p->n;
}

const struct person *people_row(const struct people *p, size_t i)
{
    return &p->chunks[i / PEOPLE_CHUNK][i % PEOPLE_CHUNK];
}

const struct person *people_chunk(const struct people *p, size_t at, size_t *ret_n)
{
    size_t end = (at / PEOPLE_CHUNK + 1) * PEOPLE_CHUNK;
    end = end < p->n ? end : p->n;
    *ret_n = at < p->n ? end - at : 0;
    return *ret_n ? people_row(p, at) : NULL;
}

/* Numbers are the house's own, so nobody chooses collisions. */
static size_t slot_of(const struct people *p, uint64_t rid)
{
    size_t at = (size_t)(rid * 0x9E3779B97F4A7C15u >> 20) & (p->n_slots - 1);
    while (p->slots[at] && people_row(p, p->slots[at] - 1)->rid != rid)
        at = (at + 1) & (p->n_slots - 1);
    return at;
}

bool people_find(const struct people *p, uint64_t rid, size_t *ret_row)
{
    uint32_t row = p->slots[slot_of(p, rid)];
    if (row)
        *ret_row = row - 1;
    return row != 0;
}

static bool slots_grow(struct people *p)
{
    uint32_t *old = p->slots;
    size_t n = p->n_slots;
    uint32_t *fresh = calloc(2 * n, sizeof *fresh);
    if (!fresh)
        return false;
    p->slots = fresh;
    p->n_slots = 2 * n;
    for (size_t i = 0; i < n; i++)
        if (old[i])
            p->slots[slot_of(p, people_row(p, old[i] - 1)->rid)] = old[i];
    free(old);
    return true;
}

static bool row_new(struct people *p, uint64_t rid, size_t *ret)
{
    size_t chunk = p->n / PEOPLE_CHUNK;
    if (chunk >= PEOPLE_CHUNKS_MAX || (4 * p->n >= 3 * p->n_slots && !slots_grow(p)))
        return false;
    if (!p->chunks[chunk])
        p->chunks[chunk] = calloc(PEOPLE_CHUNK, sizeof **p->chunks);
    if (!p->chunks[chunk])
        return false;
    p->slots[slot_of(p, rid)] = (uint32_t)p->n + 1;
    p->chunks[chunk][p->n % PEOPLE_CHUNK].rid = rid;
    *ret = p->n++;
    return true;
}

err people_put(struct op *op, struct people *p, const struct person *row)
{
    size_t i = 0;
    pthread_rwlock_wrlock(&p->lock);
    bool ok = people_find(p, row->rid, &i) || row_new(p, row->rid, &i);
    if (ok)
        p->chunks[i / PEOPLE_CHUNK][i % PEOPLE_CHUNK] = *row;
    pthread_rwlock_unlock(&p->lock);
    return ok ? OK : no_memory(op);
}

uint16_t people_word_find(const struct people *p, enum people_words kind, str word)
{
    return (uint16_t)(uintptr_t)map_get(&p->words[kind].by, word);
}

str people_word(const struct people *p, enum people_words kind, uint16_t i)
{
    const struct word_list *l = &p->words[kind];
    return i && i <= l->n ? l->at[i - 1] : STR_NONE;
}

size_t people_word_count(const struct people *p, enum people_words kind)
{
    return p->words[kind].n;
}

static uint16_t word_new(struct people *p, struct word_list *l, str word)
{
    str kept = arena_str(p->arena, word);
    if (l->n >= PEOPLE_WORDS_MAX || arena_failed(p->arena) ||
        !vec_room(p->arena, (void **)&l->at, l->n, &l->cap, sizeof *l->at) ||
        !map_put(&l->by, kept, (void *)(uintptr_t)(l->n + 1))) /* NOLINT: a number, not a place */
        return 0;
    l->at[l->n++] = kept;
    return (uint16_t)l->n;
}

uint16_t people_word_add(struct people *p, enum people_words kind, str word)
{
    if (str_empty(word) || word.n > PEOPLE_WORD_BYTES)
        return 0;
    pthread_rwlock_wrlock(&p->lock);
    uint16_t i = people_word_find(p, kind, word);
    if (!i)
        i = word_new(p, &p->words[kind], word);
    pthread_rwlock_unlock(&p->lock);
    return i;
}
