/* The saved copy: rows and words in one file of the data folder, sealed (XChaCha20-Poly1305) with a
 * key that is a named value of the record and made anew each time. So no copy outlives the next,
 * none is in a backup, and a damaged or foreign one is only a slower start. Invariant: what is
 * loaded is whole and of this record, at the t it names; or nothing is. */
#include "base/buf.h"
#include "campaign/people_int.h"
#include "record/cohort.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define KEY_NAME STR("people/key")
#define KEY_BYTES crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define SEAL_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define ROWS_BYTES ((size_t)262144)
#define WORDS_MAX_BYTES (16u << 20)
#define FORMAT 3u

_Static_assert(ROWS_BYTES == PEOPLE_CHUNK * sizeof(struct person), "whole chunks");

struct copy {
    struct op *op;
    FILE *file;
    uint8_t key[KEY_BYTES];
    uint64_t block;
    char *sealed;
};

static str path_of(struct op *op, const struct people *p, const char *end)
{
    return arena_printf(op->arena, "%.*s/people%s", STR_ARG(record_dir(p->rec)), end);
}

static err bad(struct op *op, const char *what)
{
    return fail(op, ERR_UNAVAILABLE, "The copy of the table of people %s.", what);
}

static void nonce_of(const struct copy *c, uint8_t out[NONCE_BYTES])
{
    memset(out, 0, NONCE_BYTES);
    memcpy(out, &c->block, sizeof c->block);
}

static err put_block(struct copy *c, const void *p, size_t n)
{
    uint8_t nonce[NONCE_BYTES];
    unsigned long long made = 0;
    nonce_of(c, nonce);
    c->block++;
    crypto_aead_xchacha20poly1305_ietf_encrypt((unsigned char *)c->sealed, &made, p, n, NULL, 0,
                                               NULL, nonce, c->key);
    return fwrite(c->sealed, 1, made, c->file) == made ? OK : bad(c->op, "cannot be written");
}

static err take_block(struct copy *c, void *out, size_t n)
{
    uint8_t nonce[NONCE_BYTES];
    unsigned long long made = 0;
    nonce_of(c, nonce);
    c->block++;
    if (fread(c->sealed, 1, n + SEAL_BYTES, c->file) != n + SEAL_BYTES ||
        crypto_aead_xchacha20poly1305_ietf_decrypt(out, &made, NULL, (unsigned char *)c->sealed,
                                                   n + SEAL_BYTES, NULL, 0, nonce, c->key) != 0)
        return bad(c->op, "is not whole");
    return OK;
}

struct head {
    uint64_t format, t, rows, words_bytes;
    uint8_t key[16];
};

static str words_out(struct op *op, const struct people *p)
{
    struct buf b;
    buf_init(&b, op->arena, WORDS_MAX_BYTES);
    for (int k = 0; k < PEOPLE_WORDS; k++) {
        buf_varint(&b, p->words[k].n);
        for (size_t i = 0; i < p->words[k].n; i++) {
            buf_varint(&b, p->words[k].at[i].n);
            buf_add(&b, p->words[k].at[i]);
        }
    }
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

static bool words_in(struct people *p, str in)
{
    uint64_t n, length;
    str word;
    for (int k = 0; k < PEOPLE_WORDS; k++) {
        if (!take_varint(&in, &n) || n > PEOPLE_WORDS_MAX)
            return false;
        for (uint64_t i = 0; i < n; i++)
            if (!take_varint(&in, &length) || !take_bytes(&in, length, &word) ||
                people_word_add(p, (enum people_words)k, word) != i + 1)
                return false;
    }
    return in.n == 0;
}

static err write_copy(struct copy *c, const struct people *p)
{
    str words = words_out(c->op, p);
    if (!words.p)
        return bad(c->op, "has too many words");
    struct head h = {
        .format = FORMAT, .t = atomic_load(&p->t), .rows = p->n, .words_bytes = words.n};
    memcpy(h.key, p->key, sizeof h.key);
    TRY(put_block(c, &h, sizeof h));
    free(c->sealed);
    c->sealed = malloc((words.n > ROWS_BYTES ? words.n : ROWS_BYTES) + SEAL_BYTES);
    if (!c->sealed)
        return bad(c->op, "needs more memory");
    TRY(put_block(c, words.p, words.n));
    for (size_t i = 0; i < p->n; i += PEOPLE_CHUNK)
        TRY(put_block(c, p->chunks[i / PEOPLE_CHUNK], ROWS_BYTES));
    return fflush(c->file) == 0 ? OK : bad(c->op, "cannot be written");
}

static err keep_key(struct op *op, struct people *p, const uint8_t key[KEY_BYTES])
{
    struct record_tx *tx = record_begin(op, p->rec);
    record_tx_kv(tx, KEY_NAME, str_make((const char *)key, KEY_BYTES));
    return record_commit(tx);
}

static void done(struct copy *c)
{
    if (c->file)
        (void)fclose(c->file);
    free(c->sealed);
    explicit_bzero(c->key, sizeof c->key);
}

err people_saved_store(struct op *op, struct people *p)
{
    if (str_empty(record_dir(p->rec)))
        return OK;
    const char *fresh = str_z(op->arena, path_of(op, p, ".new"));
    const char *path = str_z(op->arena, path_of(op, p, ""));
    struct copy c = {.op = op, .file = fopen(fresh, "we"), .sealed = malloc(ROWS_BYTES)};
    randombytes_buf(c.key, sizeof c.key);
    err e = c.file && c.sealed ? OK : bad(op, "cannot be written");
    people_read(p);
    if (e == OK)
        e = write_copy(&c, p);
    people_done(p);
    if (e == OK)
        e = keep_key(op, p, c.key);
    done(&c);
    if (e == OK && rename(fresh, path) != 0)
        e = bad(op, "cannot be put in its place");
    if (e != OK)
        (void)unlink(fresh);
    return e;
}

static err read_rows(struct copy *c, struct people *p, const struct head *h)
{
    struct person *rows = arena_alloc(c->op->arena, ROWS_BYTES);
    TRY(op_check(c->op));
    for (size_t i = 0; i < h->rows; i += PEOPLE_CHUNK) {
        TRY(take_block(c, rows, ROWS_BYTES));
        for (size_t k = 0; k < PEOPLE_CHUNK && i + k < h->rows; k++)
            TRY(people_put(c->op, p, &rows[k]));
    }
    return OK;
}

static err read_copy(struct copy *c, struct people *p, struct head *h)
{
    TRY(take_block(c, h, sizeof *h));
    if (h->format != FORMAT || h->t > record_now_t(p->rec) || h->words_bytes > WORDS_MAX_BYTES ||
        h->rows > (uint64_t)PEOPLE_CHUNK * PEOPLE_CHUNKS_MAX)
        return bad(c->op, "is of another record");
    char *words = arena_alloc(c->op->arena, h->words_bytes + 1);
    free(c->sealed);
    c->sealed = malloc((h->words_bytes > ROWS_BYTES ? h->words_bytes : ROWS_BYTES) + SEAL_BYTES);
    TRY(op_check(c->op));
    if (!words || !c->sealed)
        return bad(c->op, "needs more memory");
    TRY(take_block(c, words, h->words_bytes));
    if (!words_in(p, str_make(words, h->words_bytes)))
        return bad(c->op, "is not whole");
    return read_rows(c, p, h);
}

err people_saved_load(struct op *op, struct people *p)
{
    str key;
    struct head h = {0};
    TRY(record_kv_get(op, p->rec, KEY_NAME, &key));
    if (key.n != KEY_BYTES || str_empty(record_dir(p->rec)))
        return bad(op, "is not there");
    struct copy c = {.op = op,
                     .file = fopen(str_z(op->arena, path_of(op, p, "")), "re"),
                     .sealed = malloc(sizeof h + SEAL_BYTES)};
    memcpy(c.key, key.p, KEY_BYTES);
    err e = c.file && c.sealed ? read_copy(&c, p, &h) : bad(op, "is not there");
    done(&c);
    if (e == OK) {
        memcpy(p->key, h.key, sizeof p->key);
        atomic_store(&p->t, h.t);
    }
    return e;
}
