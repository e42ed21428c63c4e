/* Compression of documents: zstd with a dictionary trained on FHIR-like documents. Contexts are
 * costly to make, so they are pooled. Packed form: form(1), then raw bytes or a zstd frame whose
 * length of content is written in it.
 * Invariant: what pack() makes, unpack() of a packer with the same dictionary gives back. */
#include "store/store_int.h"

#define FORM_RAW 0
#define FORM_ZSTD 1
#define LEVEL 3      /* 5 % smaller than 1, for two microseconds a document */
#define RAW_MAX 128u /* lines of the trail: not worth it */
#define IDLE_MAX 16u
#define PLAIN_MAX ((size_t)256 << 20)

struct packer {
    ZSTD_CDict *cdict;
    ZSTD_DDict *ddict;
    pthread_mutex_t lock;
    ZSTD_CCtx *cctx[IDLE_MAX];
    ZSTD_DCtx *dctx[IDLE_MAX];
    unsigned n_cctx, n_dctx;
};

err packer_new(struct op *op, str dict, struct packer **ret)
{
    struct packer *p = calloc(1, sizeof *p);
    if (!p)
        return out_of_memory(op);
    pthread_mutex_init(&p->lock, NULL);
    p->cdict = ZSTD_createCDict(dict.p ? dict.p : "", dict.n, LEVEL);
    p->ddict = ZSTD_createDDict(dict.p ? dict.p : "", dict.n);
    if (!p->cdict || !p->ddict) {
        packer_free(p);
        return out_of_memory(op);
    }
    *ret = p;
    return OK;
}

void packer_free(struct packer *p)
{
    if (!p)
        return;
    while (p->n_cctx)
        ZSTD_freeCCtx(p->cctx[--p->n_cctx]);
    while (p->n_dctx)
        ZSTD_freeDCtx(p->dctx[--p->n_dctx]);
    ZSTD_freeCDict(p->cdict);
    ZSTD_freeDDict(p->ddict);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

static ZSTD_CCtx *cctx_take(struct packer *p)
{
    pthread_mutex_lock(&p->lock);
    ZSTD_CCtx *c = p->n_cctx ? p->cctx[--p->n_cctx] : NULL;
    pthread_mutex_unlock(&p->lock);
    if (c || !(c = ZSTD_createCCtx()))
        return c;
    /* There is one dictionary, which no frame needs to name. */
    if (ZSTD_isError(ZSTD_CCtx_refCDict(c, p->cdict)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_dictIDFlag, 0))) {
        ZSTD_freeCCtx(c);
        return NULL;
    }
    return c;
}

static void cctx_give(struct packer *p, ZSTD_CCtx *c)
{
    pthread_mutex_lock(&p->lock);
    if (p->n_cctx < IDLE_MAX) {
        p->cctx[p->n_cctx++] = c;
        c = NULL;
    }
    pthread_mutex_unlock(&p->lock);
    ZSTD_freeCCtx(c);
}

static ZSTD_DCtx *dctx_take(struct packer *p)
{
    pthread_mutex_lock(&p->lock);
    ZSTD_DCtx *d = p->n_dctx ? p->dctx[--p->n_dctx] : NULL;
    pthread_mutex_unlock(&p->lock);
    return d ? d : ZSTD_createDCtx();
}

static void dctx_give(struct packer *p, ZSTD_DCtx *d)
{
    pthread_mutex_lock(&p->lock);
    if (p->n_dctx < IDLE_MAX) {
        p->dctx[p->n_dctx++] = d;
        d = NULL;
    }
    pthread_mutex_unlock(&p->lock);
    ZSTD_freeDCtx(d);
}

static err pack_raw(struct op *op, str plain, str *ret)
{
    char *out = arena_alloc(op->arena, plain.n + 1);
    if (!out || arena_failed(op->arena))
        return out_of_memory(op);
    out[0] = FORM_RAW;
    if (plain.n)
        memcpy(out + 1, plain.p, plain.n);
    *ret = str_make(out, plain.n + 1);
    return OK;
}

err pack(struct op *op, struct packer *p, str plain, str *ret)
{
    if (plain.n > PLAIN_MAX)
        return fail(op, ERR_TOO_LARGE, "a document has more than %zu bytes", PLAIN_MAX);
    if (plain.n <= RAW_MAX)
        return pack_raw(op, plain, ret);
    size_t room = ZSTD_compressBound(plain.n);
    char *out = arena_alloc(op->arena, room + 1);
    ZSTD_CCtx *c = cctx_take(p);
    if (!out || !c || arena_failed(op->arena)) {
        ZSTD_freeCCtx(c);
        return out_of_memory(op);
    }
    size_t n = ZSTD_compress2(c, out + 1, room, plain.p ? plain.p : "", plain.n);
    cctx_give(p, c);
    out[0] = FORM_ZSTD;
    if (ZSTD_isError(n) || n >= plain.n) {
        out[0] = FORM_RAW;
        n = plain.n;
        if (plain.p)
            memcpy(out + 1, plain.p, n);
    }
    *ret = str_make(out, n + 1);
    return OK;
}

err unpack(struct op *op, struct packer *p, str packed, str *ret)
{
    if (packed.n == 0 || (packed.p[0] != FORM_RAW && packed.p[0] != FORM_ZSTD))
        return damaged(op, "form of a document");
    str in = str_make(packed.p + 1, packed.n - 1);
    if (packed.p[0] == FORM_RAW) {
        *ret = in;
        return OK;
    }
    unsigned long long n = ZSTD_getFrameContentSize(in.p, in.n);
    if (n > PLAIN_MAX)
        return damaged(op, "length of a document");
    char *out = arena_alloc(op->arena, (size_t)n + 1);
    ZSTD_DCtx *d = dctx_take(p);
    if (!out || !d || arena_failed(op->arena)) {
        ZSTD_freeDCtx(d);
        return out_of_memory(op);
    }
    size_t got = ZSTD_decompress_usingDDict(d, out, (size_t)n, in.p, in.n, p->ddict);
    dctx_give(p, d);
    if (ZSTD_isError(got) || got != n)
        return damaged(op, "compressed document");
    *ret = str_make(out, got);
    return OK;
}
