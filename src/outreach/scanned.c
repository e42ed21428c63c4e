/* What the analysis of words found, for the texts lately asked about: a message is asked about when
 * it is queued and again when it leaves, and many say the same. Of the words only a keyed sum of
 * 128 bits is kept. Invariant: it is what content_scan() says of the same bytes and the same
 * domain, which is all that it depends on. */
#include "outreach/outreach_int.h"

#include <sodium.h>
#include <stdlib.h>

#define PLACES 1024u
#define SUM_BYTES crypto_shorthash_siphashx24_BYTES

struct one {
    bool there;
    unsigned char sum[SUM_BYTES];
    struct content_report report;
};

struct scanned {
    unsigned char key[crypto_shorthash_siphashx24_KEYBYTES];
    pthread_mutex_t lock;
    struct one at[PLACES];
};

struct scanned *scanned_new(void)
{
    struct scanned *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    randombytes_buf(s->key, sizeof s->key);
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void scanned_free(struct scanned *s)
{
    if (s)
        pthread_mutex_destroy(&s->lock);
    free(s);
}

static struct one *place_of(struct scanned *s, const unsigned char sum[SUM_BYTES])
{
    return &s->at[(sum[0] | (unsigned)sum[1] << 8) % PLACES];
}

static bool find(struct scanned *s, const unsigned char sum[SUM_BYTES], struct content_report *ret)
{
    const struct one *e = place_of(s, sum);
    pthread_mutex_lock(&s->lock);
    bool known = e->there && memcmp(e->sum, sum, SUM_BYTES) == 0;
    if (known)
        *ret = e->report;
    pthread_mutex_unlock(&s->lock);
    return known;
}

static void keep(struct scanned *s, const unsigned char sum[SUM_BYTES],
                 const struct content_report *r)
{
    struct one *e = place_of(s, sum);
    pthread_mutex_lock(&s->lock);
    e->there = true;
    memcpy(e->sum, sum, SUM_BYTES);
    e->report = *r;
    pthread_mutex_unlock(&s->lock);
}

bool scanned_report(struct op *op, struct scanned *s, str domain, str text,
                    struct content_report *ret)
{
    unsigned char sum[SUM_BYTES];
    if (!s) /* asked without the room */
        return content_scan(op, text, &domain, domain.n ? 1 : 0, ret);
    str said = arena_cat(op->arena, arena_cat(op->arena, domain, STR("\n")), text);
    if (!said.p)
        return false;
    crypto_shorthash_siphashx24(sum, (const unsigned char *)said.p, said.n, s->key);
    if (find(s, sum, ret))
        return true;
    if (!content_scan(op, text, &domain, domain.n ? 1 : 0, ret))
        return false;
    keep(s, sum, ret);
    return true;
}
