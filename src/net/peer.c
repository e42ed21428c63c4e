/* Who is at the other end: the peer of the socket or, when that is a proxy the operator trusts, the
 * nearest address in X-Forwarded-For that is none. Invariant: nothing that an untrusted peer writes
 * into a header decides for whom it is held. */
#include "net/net_int.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/* IPv4 as the IPv6 address it is mapped to, so that both are compared alike. */
struct address {
    uint8_t b[16];
};

static bool take_address(str text, struct address *ret)
{
    char z[INET6_ADDRSTRLEN] = "";
    struct in_addr v4;
    text = str_trim(text);
    if (text.n >= sizeof z || text.n == 0)
        return false;
    memcpy(z, text.p, text.n);
    if (inet_pton(AF_INET, z, &v4) == 1) {
        *ret = (struct address){.b = {[10] = 0xff, [11] = 0xff}};
        memcpy(ret->b + 12, &v4, 4);
        return true;
    }
    return inet_pton(AF_INET6, z, ret->b) == 1;
}

/* "10.0.0.0/8", "::1": one entry of the list. */
static bool take_block(str entry, struct address *ret, unsigned *ret_bits)
{
    str address;
    uint64_t bits = 0;
    entry = str_trim(entry);
    bool whole = str_find_char(entry, '/', 0) == SIZE_MAX;
    if (!str_take_until(&entry, '/', &address) || !take_address(address, ret))
        return false;
    unsigned width = str_find_char(address, ':', 0) == SIZE_MAX ? 32 : 128;
    if (!whole && !str_to_u64(entry, width, &bits))
        return false;
    *ret_bits = 128 - width + (whole ? width : (unsigned)bits);
    return true;
}

bool peer_list_valid(str list)
{
    str entry;
    struct address a;
    unsigned bits;
    if (str_empty(list))
        return true;
    while (str_take_until(&list, ',', &entry))
        if (!take_block(entry, &a, &bits))
            return false;
    return true;
}

static bool inside(const struct address *a, const struct address *block, unsigned bits)
{
    for (unsigned i = 0; i < bits; i++)
        if ((a->b[i / 8] ^ block->b[i / 8]) >> (7 - i % 8) & 1)
            return false;
    return true;
}

static bool trusted(str list, const struct address *a)
{
    str entry;
    struct address block;
    unsigned bits;
    while (str_take_until(&list, ',', &entry))
        if (take_block(entry, &block, &bits) && inside(a, &block, bits))
            return true;
    return false;
}

str peer_behind(str list, str socket, str forwarded)
{
    struct address a;
    str nearest = socket;
    while (take_address(nearest, &a) && trusted(list, &a) && forwarded.n) {
        size_t at = forwarded.n;
        while (at > 0 && forwarded.p[at - 1] != ',')
            at--;
        str next = str_trim(str_sub(forwarded, at, forwarded.n));
        forwarded = str_sub(forwarded, 0, at ? at - 1 : 0);
        if (!take_address(next, &a))
            break; /* the trusted one vouches for no address: it stays the last known */
        nearest = next;
    }
    return nearest;
}

str peer_network(struct arena *a, str peer)
{
    struct address address;
    char text[INET6_ADDRSTRLEN] = "";
    if (str_find_char(peer, ':', 0) == SIZE_MAX || !take_address(peer, &address))
        return peer;
    struct in6_addr v6;
    memcpy(&v6, address.b, sizeof v6);
    if (IN6_IS_ADDR_V4MAPPED(&v6))
        return peer;
    memset(v6.s6_addr + 8, 0, 8);
    inet_ntop(AF_INET6, &v6, text, sizeof text);
    return arena_printf(a, "%s/64", text);
}

/* Several headers of the name count as one list, in their order. */
static enum MHD_Result join(void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct buf *b = ctx;
    (void)kind;
    if (!str_eq_nocase(str_of(name), STR("X-Forwarded-For")))
        return MHD_YES;
    if (b->n)
        buf_char(b, ',');
    buf_add(b, str_of(value));
    return MHD_YES;
}

static str of_socket(struct request *r)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char text[INET6_ADDRSTRLEN] = "";
    if (info && info->client_addr->sa_family == AF_INET) {
        const void *in = info->client_addr;
        inet_ntop(AF_INET, &((const struct sockaddr_in *)in)->sin_addr, text, sizeof text);
    } else if (info && info->client_addr->sa_family == AF_INET6) {
        const void *in = info->client_addr;
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)in)->sin6_addr, text, sizeof text);
    }
    return arena_str(r->pub.arena, str_of(text));
}

str net_peer(struct net_request *rq)
{
    struct request *r = (struct request *)rq;
    str peer = of_socket(r);
    if (r->server->o.trusted_proxy.n) {
        struct buf b;
        buf_init(&b, rq->arena, r->server->o.head_max + 16);
        MHD_get_connection_values(r->conn, MHD_HEADER_KIND, join, &b);
        peer = peer_behind(r->server->o.trusted_proxy, peer, buf_ok(&b) ? buf_str(&b) : STR_NONE);
    }
    return peer_network(rq->arena, peer);
}
