/* The words of a text message on the wire: see net/sms_text.h. Does not judge what may be said or
 * what it costs (policy/content.h counts the same way; a test holds the two against each other). */
#include "net/sms_text.h"

#include "base/buf.h"

#include "gsm7_gen.h"

#define ESCAPE 0x1b
#define GSM_SINGLE 160u
#define GSM_PART 153u
#define UCS_SINGLE 140u
#define UCS_PART 134u
#define UNKNOWN 0xfffdu

static const struct gsm_row {
    uint16_t code_point;
    uint8_t septet;
    bool extended;
} ROWS[] = {GSM_ROWS};
#define ROW_COUNT (sizeof ROWS / sizeof ROWS[0])

static const struct gsm_row *row_of(uint32_t cp)
{
    size_t lo = 0, hi = ROW_COUNT;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (ROWS[mid].code_point == cp)
            return &ROWS[mid];
        if (ROWS[mid].code_point > cp)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}

/* Octets of one character, 1 to 4; 0 when the coding lacks it. */
static size_t encode(uint32_t cp, uint8_t coding, uint8_t out[4])
{
    if (coding == SMS_CODING_GSM) {
        const struct gsm_row *r = row_of(cp);
        if (!r)
            return 0;
        out[0] = r->extended ? ESCAPE : r->septet;
        out[1] = r->septet;
        return r->extended ? 2 : 1;
    }
    uint32_t high = cp > 0xffff ? 0xd800 + ((cp - 0x10000) >> 10) : cp;
    uint32_t low = 0xdc00 + ((cp - 0x10000) & 0x3ff);
    out[0] = (uint8_t)(high >> 8);
    out[1] = (uint8_t)high;
    out[2] = (uint8_t)(low >> 8);
    out[3] = (uint8_t)low;
    return cp > 0xffff ? 4 : 2;
}

static size_t octets_of(str text, uint8_t coding)
{
    uint8_t one[4];
    size_t n = 0;
    for (size_t i = 0; i < text.n;) {
        size_t k = encode(str_utf8_next(text, &i), coding, one);
        if (k == 0)
            return SIZE_MAX;
        n += k;
    }
    return n;
}

/* One part from text[*at] on; at most room octets of words. */
static str fill(struct arena *a, str text, const struct sms_parts *p, size_t room, size_t *at)
{
    struct buf b;
    uint8_t one[4];
    size_t used = 0;
    buf_init(&b, a, 256);
    if (p->header)
        buf_add(&b, STR("\x05\x00\x03\0\0\0"));
    while (*at < text.n) {
        size_t next = *at, k = encode(str_utf8_next(text, &next), p->coding, one);
        if (used + k > room)
            break;
        buf_add(&b, str_make((const char *)one, k));
        used += k;
        *at = next;
    }
    return buf_ok(&b) ? arena_str(a, buf_str(&b)) : STR_NONE;
}

bool sms_split(struct arena *a, str text, uint8_t ref, struct sms_parts *ret)
{
    struct sms_parts p = {.coding = SMS_CODING_GSM};
    size_t octets = octets_of(text, p.coding), at = 0;
    bool gsm = octets != SIZE_MAX;
    if (!gsm) {
        p.coding = SMS_CODING_UCS2;
        octets = octets_of(text, p.coding);
    }
    p.header = octets > (gsm ? GSM_SINGLE : UCS_SINGLE);
    size_t room = gsm ? GSM_SINGLE : UCS_SINGLE;
    if (p.header)
        room = gsm ? GSM_PART : UCS_PART;
    do {
        if (p.n == SMS_PARTS_MAX)
            return false;
        p.part[p.n] = fill(a, text, &p, room, &at);
        if (arena_failed(a))
            return false;
        p.n++;
    } while (at < text.n);
    for (size_t i = 0; p.header && i < p.n; i++) {
        char *h = arena_alloc(a, p.part[i].n);
        if (!h)
            return false;
        memcpy(h, p.part[i].p, p.part[i].n);
        h[3] = (char)ref;
        h[4] = (char)p.n;
        h[5] = (char)(i + 1);
        p.part[i].p = h;
    }
    *ret = p;
    return true;
}

/* By septet: the code point, UNKNOWN where there is none. */
static uint32_t of_septet(uint8_t septet, bool extended)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (ROWS[i].septet == septet && ROWS[i].extended == extended)
            return ROWS[i].code_point;
    return UNKNOWN;
}

static uint32_t next_gsm(str in, size_t *at)
{
    uint8_t c = (uint8_t)in.p[(*at)++];
    if (c != ESCAPE)
        return of_septet(c, false);
    if (*at == in.n)
        return UNKNOWN;
    c = (uint8_t)in.p[(*at)++];
    uint32_t cp = of_septet(c, true); /* what is not in the table is shown as the plain one */
    return cp != UNKNOWN ? cp : of_septet(c, false);
}

static uint32_t unit_at(str in, size_t at)
{
    return at + 1 < in.n ? ((uint32_t)(uint8_t)in.p[at] << 8) | (uint8_t)in.p[at + 1] : UNKNOWN;
}

static uint32_t next_ucs2(str in, size_t *at)
{
    uint32_t u = unit_at(in, *at), low = unit_at(in, *at + 2);
    *at += 2;
    if (u < 0xd800 || u > 0xdfff)
        return u;
    if (u > 0xdbff || low < 0xdc00 || low > 0xdfff)
        return UNKNOWN;
    *at += 2;
    return 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
}

str sms_decode(struct arena *a, uint8_t coding, str octets)
{
    struct buf b;
    buf_init(&b, a, octets.n * 4 + 16);
    for (size_t at = 0; at < octets.n;) {
        uint32_t cp;
        if (coding == SMS_CODING_UCS2)
            cp = next_ucs2(octets, &at);
        else if (coding == SMS_CODING_GSM)
            cp = next_gsm(octets, &at);
        else
            cp = (uint8_t)octets.p[at++];
        if (coding == SMS_CODING_ASCII && cp > 0x7f)
            cp = UNKNOWN;
        if (cp != 0)
            buf_utf8(&b, cp);
    }
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

bool sms_take_header(str *octets, struct sms_header *ret)
{
    struct sms_header h = {0};
    str in = *octets, elements, one;
    uint8_t length, id, n;
    if (!take_u8(&in, &length) || !take_bytes(&in, length, &elements))
        return false;
    while (elements.n) {
        if (!take_u8(&elements, &id) || !take_u8(&elements, &n) || !take_bytes(&elements, n, &one))
            return false;
        bool wide = id == 0x08 && n == 4;
        if (!wide && !(id == 0x00 && n == 3))
            continue; /* ports, language tables: nothing that joins */
        const uint8_t *p = (const uint8_t *)one.p;
        h.ref = (uint16_t)(wide ? p[0] << 8 | p[1] : p[0]);
        h.total = p[wide + 1];
        h.number = p[wide + 2];
    }
    if (h.number == 0 || h.number > h.total)
        h = (struct sms_header){0};
    *octets = in;
    *ret = h;
    return true;
}
