/* Which network addresses the server may go to by itself: public ones, and what the configuration
 * allows by name of address or network. Server-side request forgery ends here: the question is put
 * to the address that is really connected to, after the name was resolved. Source: IANA
 * special-purpose address registries (RFC 6890), CWE-918. */
#include "net/addr.h"

#include <arpa/inet.h>

struct block {
    uint8_t net[16];
    unsigned bits;
};

/* IPv4 that is not public: this host, private, shared, loopback, link-local, protocol assignments,
 * documentation, benchmarking, multicast, reserved. */
static const struct block v4[] = {
    {{0}, 8},         {{10}, 8},       {{100, 64}, 10},      {{127}, 8},
    {{169, 254}, 16}, {{172, 16}, 12}, {{192, 0, 0}, 24},    {{192, 0, 2}, 24},
    {{192, 168}, 16}, {{198, 18}, 15}, {{198, 51, 100}, 24}, {{203, 0, 113}, 24},
    {{224}, 4},       {{240}, 4},
};
/* Of IPv6 only 2000::/3 is global unicast; inside of it what maps or tunnels, and documentation. */
static const struct block v6[] = {
    {{0x20, 0x01, 0x00, 0x00}, 23},
    {{0x20, 0x01, 0x0d, 0xb8}, 32},
    {{0x20, 0x02}, 16},
    {{0x3f, 0xff}, 20},
};

static bool inside(const uint8_t *addr, const uint8_t *net, unsigned bits)
{
    for (unsigned i = 0; i < bits; i += 8) {
        uint8_t mask = (uint8_t)(bits - i >= 8 ? 0xff : 0xff << (8 - (bits - i)));
        if ((addr[i / 8] ^ net[i / 8]) & mask)
            return false;
    }
    return true;
}

static bool listed(const uint8_t *addr, const struct block *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (inside(addr, list[i].net, list[i].bits))
            return true;
    return false;
}

bool addr_public(const uint8_t *addr, size_t n)
{
    static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff};
    if (n == 16 && inside(addr, mapped, 96)) {
        addr += 12;
        n = 4;
    }
    if (n == 16)
        return (addr[0] & 0xe0) == 0x20 && !listed(addr, v6, sizeof v6 / sizeof *v6);
    return n == 4 && !listed(addr, v4, sizeof v4 / sizeof *v4);
}

bool addr_allowed(str allow, const uint8_t *addr, size_t n)
{
    str one;
    while (str_take_until(&allow, ',', &one)) {
        char text[64];
        uint8_t net[16];
        uint64_t bits = n * 8;
        size_t slash = str_find_char(one = str_trim(one), '/', 0);
        str host = str_sub(one, 0, slash == SIZE_MAX ? one.n : slash);
        bool ok = host.n > 0 && host.n < sizeof text;
        if (slash != SIZE_MAX)
            ok = ok && str_to_u64(str_sub(one, slash + 1, one.n), n * 8, &bits);
        if (!ok)
            continue;
        memcpy(text, host.p, host.n);
        text[host.n] = 0;
        if (inet_pton(n == 4 ? AF_INET : AF_INET6, text, net) == 1 &&
            inside(addr, net, (unsigned)bits))
            return true;
    }
    return false;
}
