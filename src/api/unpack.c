/* Request bodies that come compressed (Content-Encoding: gzip, RFC 9110 8.4.1). Invariant: what is
 * unpacked is never larger than what could have been sent plain, so a bomb stops at body_max. */
#include "api/api_int.h"

#include <zlib.h>

#define FIRST (64u << 10)

bool hold_bytes(struct call *c, size_t n)
{
    size_t max = (size_t)config_int(c->api->config, "http.inflight_max");
    c->unpacked += n;
    if (atomic_fetch_add(&c->api->unpacked, n) + n <= max)
        return true;
    (void)fail(&c->op, ERR_UNAVAILABLE,
               "The server holds as many bodies as it can; try again soon.");
    return false;
}

/* Room for more output; false past max. */
static bool room(struct call *c, z_stream *z, char **out, size_t *cap, size_t max)
{
    if (z->avail_out)
        return true;
    size_t more = *cap * 2 < max ? *cap * 2 : max;
    if (more <= *cap || !hold_bytes(c, more - *cap))
        return false;
    char *grown = arena_grow(c->op.arena, *out, *cap, more);
    if (!grown)
        return false;
    *out = grown;
    z->next_out = (Bytef *)grown + z->total_out;
    z->avail_out = (uInt)(more - z->total_out);
    *cap = more;
    return true;
}

static err inflate_all(struct call *c, z_stream *z, size_t max)
{
    size_t cap = FIRST < max ? FIRST : max;
    char *out = arena_alloc(c->op.arena, cap);
    int rc = Z_OK;
    z->next_out = (Bytef *)out;
    z->avail_out = out ? (uInt)cap : 0;
    while (rc == Z_OK) {
        if (!out || !room(c, z, &out, &cap, max))
            return c->op.fault.code != OK ? c->op.fault.code
                                          : fail(&c->op, ERR_TOO_LARGE,
                                                 "The body is, unpacked, larger than this server "
                                                 "takes; send less at once.");
        rc = inflate(z, Z_NO_FLUSH);
        if (rc == Z_BUF_ERROR && !z->avail_out)
            rc = Z_OK;
    }
    if (rc != Z_STREAM_END || z->avail_in)
        return fail(&c->op, ERR_INVALID,
                    "The body is not whole gzip, as Content-Encoding says it is.");
    c->rq->body = str_make(out, z->total_out);
    return OK;
}

err unpack_body(struct call *c)
{
    str coding = str_trim(net_header(c->rq, "Content-Encoding"));
    size_t max = (size_t)config_int(c->api->config, "body_max");
    z_stream z = {0};
    if (!c->rq->body.n || !coding.n || str_eq_nocase(coding, STR("identity")))
        return OK;
    if (!str_eq_nocase(coding, STR("gzip")) && !str_eq_nocase(coding, STR("x-gzip"))) {
        net_answer_header(c->rq, "Accept-Encoding", "gzip");
        return fail(&c->op, ERR_MEDIA_TYPE, "Bodies may come plain or compressed with gzip.");
    }
    if (inflateInit2(&z, 15 + 16) != Z_OK)
        return fail(&c->op, ERR_UNAVAILABLE, "No memory to unpack the body; try again soon.");
    z.next_in = (z_const Bytef *)(uintptr_t)c->rq->body.p;
    z.avail_in = (uInt)c->rq->body.n;
    err e = inflate_all(c, &z, max);
    inflateEnd(&z);
    return e;
}
