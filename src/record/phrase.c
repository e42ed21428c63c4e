/* What codes are called, for full text (_content). The words of a name are kept once for all
 * resources that have the code: a row says which key a resource has (of the code as a token, or,
 * where no parameter tells of it, of the name) and which words a name with that key holds. A search
 * asks for those keys and then the documents, since a code may have other names, or none.
 * Does not read documents. Invariants: rows hold keyed hashes only; a row is on disk before, or in
 * the transaction of, whatever relies on it; past PHRASES_MAX names give keys of words instead. */
#include "record/phrase_int.h"

#include <pthread.h>
#include <stdatomic.h>

#define PHRASES_MAX 32768u
#define SLOTS 8192u
#define WORDS_MAX 24u /* so that a row fits in a name of the store */
#define WORD_BYTES 6u /* of kb_word() */
#define ROOM STR("phrase/")
#define NAME_KEY 0x6fu /* first byte of the key of a name: no parameter has such a number */

struct phrase {
    struct phrase *next;
    uint64_t id;
    atomic_bool kept; /* on disk for sure */
    str row;          /* name in the store: room, length of the key, key, words */
    str key, words;   /* in row */
};

struct phrases {
    pthread_rwlock_t lock;
    size_t n;
    struct phrase *slots[SLOTS];
};

static uint64_t id_of(const struct blinder *b, struct op *op, const struct kb *key, str text)
{
    return blind(b, BLIND_PHRASE,
                 key->n ? arena_cat(op->arena, str_make(key->p, key->n), text) : text);
}

static struct phrase *find(const struct phrases *ps, uint64_t id)
{
    struct phrase *p = ps->slots[id % SLOTS];
    while (p && p->id != id)
        p = p->next;
    return p;
}

/* False: out of memory, or too many. The caller has the lock. */
static bool add(struct phrases *ps, uint64_t id, str row, bool kept)
{
    struct phrase *p = ps->n < PHRASES_MAX ? malloc(sizeof *p + row.n) : NULL;
    size_t at = ROOM.n;
    if (!p)
        return false;
    char *bytes = (char *)(p + 1);
    memcpy(bytes, row.p, row.n);
    size_t key = (unsigned char)bytes[at++];
    p->row = str_make(bytes, row.n);
    p->key = str_sub(p->row, at, at + key);
    p->words = str_sub(p->row, at + key, row.n);
    p->id = id;
    p->next = ps->slots[id % SLOTS];
    atomic_init(&p->kept, kept);
    ps->slots[id % SLOTS] = p;
    ps->n++;
    return true;
}

static bool row_good(str row)
{
    size_t at = ROOM.n + 8;
    size_t key = row.n > at ? (unsigned char)row.p[at] : 0;
    return key >= 2 && row.n > at + 1 + key && (row.n - at - 1 - key) % WORD_BYTES == 0;
}

/* On disk the id stands between room and key. */
static str on_disk(struct arena *a, uint64_t id, str row)
{
    char bytes[8];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (char)(id >> (56 - 8 * i));
    return arena_cat(a, arena_cat(a, ROOM, str_make(bytes, 8)), str_sub(row, ROOM.n, row.n));
}

static uint64_t id_read(str row)
{
    uint64_t id = 0;
    for (unsigned i = 0; i < 8; i++)
        id = id << 8 | (unsigned char)row.p[ROOM.n + i];
    return id;
}

err phrases_open(struct op *op, struct record *rec)
{
    str *rows;
    size_t n;
    struct phrases *ps = calloc(1, sizeof *ps);
    if (!ps)
        return fail(op, ERR_UNAVAILABLE, "No memory left to open the record.");
    pthread_rwlock_init(&ps->lock, NULL);
    rec->phrases = ps;
    TRY(store_kv_list(op, rec->store, ROOM, PHRASES_MAX, &rows, &n));
    for (size_t i = 0; i < n; i++)
        if (row_good(rows[i]) &&
            !add(ps, id_read(rows[i]),
                 arena_cat(op->arena, ROOM, str_sub(rows[i], ROOM.n + 8, rows[i].n)), true))
            return fail(op, ERR_UNAVAILABLE, "No memory left to open the record.");
    return op_check(op);
}

void phrases_close(struct record *rec)
{
    struct phrases *ps = rec->phrases;
    if (!ps)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        for (struct phrase *p = ps->slots[i], *next; p; p = next) {
            next = p->next;
            free(p);
        }
    pthread_rwlock_destroy(&ps->lock);
    free(ps);
}

/* The words of a name; nothing when there are none or too many. */
static str row_of(struct op *op, const struct blinder *b, const struct kb *key, str text)
{
    char bytes[1 + KEY_MAX + WORDS_MAX * WORD_BYTES];
    size_t n = 0, words = 0;
    str folded = fhir_fold(op->arena, text), word;
    bytes[n++] = (char)key->n;
    memcpy(bytes + n, key->p, key->n);
    n += key->n;
    while (fhir_word_take(&folded, &word)) {
        struct kb k = {.n = 0};
        if (words++ == WORDS_MAX)
            return STR_NONE;
        (void)kb_word(&k, b, word);
        memcpy(bytes + n, k.p, WORD_BYTES);
        n += WORD_BYTES;
    }
    return words ? arena_cat(op->arena, ROOM, str_make(bytes, n)) : STR_NONE;
}

/* Into the transaction, unless it is there already. */
static err keep(struct op *op, struct record *rec, struct store_tx *tx, struct phrase *p)
{
    struct fault before = op->fault;
    str name = on_disk(op->arena, p->id, p->row), had;
    TRY(op_check(op));
    err e = store_kv_get(op, rec->store, name, &had);
    if (e != OK && e != ERR_NOT_FOUND)
        return e;
    op->fault = before;
    if (e == OK)
        atomic_store(&p->kept, true);
    else
        store_tx_kv(tx, name, STR("1"));
    return OK;
}

err phrase_key(struct op *op, const struct phrase_writer *w, const struct fhir_key *name,
               struct kb *io_key, bool *ret)
{
    struct phrases *ps = w->rec->phrases;
    uint64_t id = id_of(w->blinder, op, io_key, name->text);
    if (io_key->n == 0) {
        kb_u8(io_key, NAME_KEY);
        kb_top(io_key, id, 3);
    }
    pthread_rwlock_rdlock(&ps->lock);
    struct phrase *p = find(ps, id); /* rows are never taken away */
    pthread_rwlock_unlock(&ps->lock);
    if (!p) {
        str row = row_of(op, w->blinder, io_key, name->text);
        TRY(op_check(op));
        if (row.n) {
            pthread_rwlock_wrlock(&ps->lock);
            p = find(ps, id);
            if (!p && add(ps, id, row, false))
                p = find(ps, id);
            pthread_rwlock_unlock(&ps->lock);
        }
    }
    if (p && !atomic_load(&p->kept))
        TRY(keep(op, w->rec, w->tx, p));
    *ret = p != NULL;
    return OK;
}

static bool holds(const struct phrase *p, str begin)
{
    for (size_t i = 0; begin.n && i < p->words.n; i += WORD_BYTES)
        if (memcmp(p->words.p + i, begin.p, begin.n) == 0)
            return true;
    return begin.n == 0;
}

bool phrases_with(struct range_set *s, fhir_type type, str begin)
{
    struct phrases *ps = s->rec->phrases;
    bool any = false;
    pthread_rwlock_rdlock(&ps->lock);
    for (size_t i = 0; i < SLOTS; i++)
        for (const struct phrase *p = ps->slots[i]; p; p = p->next) {
            uint16_t number =
                (uint16_t)((unsigned char)p->key.p[0] << 8 | (unsigned char)p->key.p[1]);
            const struct fhir_param *of = fhir_param_get(number);
            struct kb k = {.n = (uint8_t)p->key.n};
            if ((number >> 8 != NAME_KEY && (!of || of->base != type)) || !holds(p, begin))
                continue;
            memcpy(k.p, p->key.p, p->key.n);
            range_add(s, IN_OR, range_prefix(s->op->arena, &k, STR_NONE, 0));
            any = true;
        }
    pthread_rwlock_unlock(&ps->lock);
    return any;
}
