/* Byte forms of keys: packed key sets, escaped row keys, lists of resource numbers.
 * Row key of SPACE_KEY: type(2) + escaped key + 0x00 + rid >> 12 (4). Escaping (00 → 01 01,
 * 01 → 01 02) and the end mark keep the order of keys of any length, one a prefix of the other or
 * not. "ekey" below is type + escaped key + end mark. Pure functions. */
#ifndef WEFT_STORE_KEYS_INT_H
#define WEFT_STORE_KEYS_INT_H

#include <endian.h>

#include "base/buf.h"
#include "store/store.h"

#define RID_BYTES 5u
#define RID_MAX (((uint64_t)1 << 40) - 1) /* itself never handed out */
#define KEY_MAX 512u                      /* bytes of one key, param included */
#define CHUNK_BITS 12u
#define CHUNK_SIZE (1u << CHUNK_BITS)
#define FWD_BITS 3u /* more, and SQLite spills the row over pages of their own */

/* Keys of the store's own: param 0. */
#define KEY_ALL ((str){"\0\0", 2}) /* every living resource of the type */
#define ID_HASH_BYTES 16u
/* Type under which trail entries are keyed. */
#define TYPE_TRAIL 0xFFFFu

static inline unsigned key_param(str key)
{
    return (unsigned)(unsigned char)key.p[0] << 8 | (unsigned char)key.p[1];
}

/* ---- sets: sorted, without doubles; each key as length (varint) + bytes ---- */
/* ERR_INVALID when a key is shorter than its param or longer than KEY_MAX. */
MUST err keyset_pack(struct op *op, const str *keys, size_t n, str *ret_set);
bool keyset_next_long(str *set, str *ret_key);
/* Next key of a set; false at the end. */
static inline bool keyset_next(str *set, str *ret_key)
{
    size_t n = set->n && set->p ? (unsigned char)set->p[0] : 0;
    if (n < 2 || n >= 0x80 || n >= set->n) /* none, or not the usual short one */
        return set->n && keyset_next_long(set, ret_key);
    *ret_key = str_make(set->p + 1, n);
    *set = str_make(set->p + 1 + n, set->n - 1 - n);
    return true;
}
/* What is in a and not in b. */
void keyset_minus(struct buf *out, str a, str b);
MUST err keyset_unpack(struct op *op, str set, str **ret, size_t *ret_n);

/* ---- row keys ---- */
void ekey_write(struct buf *b, uint16_t type, str key);
/* Copies into arena; STR_NONE when memory is refused. */
str ekey_make(struct arena *a, uint16_t type, str key);
/* First possible row key behind all rows of ekey. */
str ekey_end(struct arena *a, str ekey);
/* The key (param + value) back out of an ekey; into room for ekey.n bytes. */
str ekey_key(struct arena *a, str ekey);
str ekey_key_in(char *room, str ekey);
static inline void u64_write(char out[8], uint64_t v)
{
    v = htobe64(v);
    memcpy(out, &v, 8);
}
static inline uint64_t u64_read(const char *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return be64toh(v);
}
static inline void rid_write(char out[RID_BYTES], uint64_t rid)
{
    char all[8];
    u64_write(all, rid);
    memcpy(out, all + 8 - RID_BYTES, RID_BYTES);
}
static inline uint64_t rid_read(const char *p)
{
    char all[8] = {0};
    memcpy(all + 8 - RID_BYTES, p, RID_BYTES);
    return u64_read(all);
}

/* ---- lists: the low 12 bits of the resource numbers in one row, ascending ---- */
/* Appends the stored form: gaps, or a bitmap when that is smaller. */
void list_write(struct buf *b, const uint16_t *lows, size_t n);
/* lows has room for CHUNK_SIZE. False when the bytes are not a list. */
bool list_read(str in, uint16_t *lows, size_t *ret_n);
/* A list that is a bitmap need not be read: its bits, or NULL when it is none. They are in's. */
const unsigned char *list_bits(str in);
/* The first one set at or after from; the last one before `before`. CHUNK_SIZE: there is none. */
size_t bits_next(const unsigned char *bits, size_t from);
size_t bits_last(const unsigned char *bits, size_t before);
size_t bits_count(const unsigned char *bits);

#endif
