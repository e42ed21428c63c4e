/* SMPP 3.4 to and from bytes: see net/smpp.h. Reads what peers really send (fields longer than the
 * specification says, absent bodies of refusals), within the bounds of one unit. Sections are of
 * the specification, issue 1.2. */
#include "net/smpp.h"

#define HEAD 16u
#define FIELD_MAX 255u
#define TAG_RECEIPTED 0x001e
#define TAG_SAR_REF 0x020c
#define TAG_SAR_TOTAL 0x020e
#define TAG_SAR_NUMBER 0x020f
#define TAG_ERROR 0x0423
#define TAG_PAYLOAD 0x0424
#define TAG_STATE 0x0427

enum smpp_taken smpp_take(str *in, struct smpp_pdu *ret)
{
    str s = *in;
    uint32_t length;
    struct smpp_pdu p;
    if (!take_u32(&s, &length))
        return SMPP_MORE;
    if (length < HEAD || length > SMPP_PDU_MAX)
        return SMPP_BROKEN;
    if (in->n < length)
        return SMPP_MORE;
    if (!take_u32(&s, &p.command) || !take_u32(&s, &p.status) || !take_u32(&s, &p.sequence) ||
        !take_bytes(&s, length - HEAD, &p.body))
        return SMPP_BROKEN;
    *in = s;
    *ret = p;
    return SMPP_TAKEN;
}

static void put_head(struct buf *out, size_t body, const struct smpp_pdu *p)
{
    buf_u32(out, (uint32_t)(HEAD + body));
    buf_u32(out, p->command);
    buf_u32(out, p->status);
    buf_u32(out, p->sequence);
}

void smpp_put(struct buf *out, const struct smpp_pdu *p)
{
    put_head(out, p->body.n, p);
    buf_add(out, p->body);
}

/* A C-octet string (3.1); an end that is missing is the end of the body. */
static bool take_string(str *in, str *ret)
{
    size_t end = str_find_char(*in, 0, 0);
    if (end == SIZE_MAX || end > FIELD_MAX)
        return false;
    *ret = str_make(in->p, end);
    *in = str_make(in->p + end + 1, in->n - end - 1);
    return true;
}

static void put_string(struct buf *out, str s)
{
    size_t end = str_find_char(s, 0, 0);
    buf_add(out, str_sub(s, 0, end < FIELD_MAX ? end : FIELD_MAX));
    buf_u8(out, 0);
}

/* Fills in the length of the unit that begins at from. */
static void close_unit(struct buf *out, size_t from)
{
    if (!buf_ok(out))
        return;
    size_t n = out->n - from;
    for (unsigned i = 0; i < 4; i++)
        out->p[from + i] = (char)(n >> (24 - 8 * i));
}

bool smpp_read_bind(str body, struct smpp_bind *ret)
{
    struct smpp_bind b;
    uint8_t version;
    if (!take_string(&body, &b.system_id) || !take_string(&body, &b.password) ||
        !take_string(&body, &b.system_type) || !take_u8(&body, &version) ||
        !take_u8(&body, &b.ton) || !take_u8(&body, &b.npi) || !take_string(&body, &b.range))
        return false;
    *ret = b;
    return true;
}

void smpp_write_bind(struct buf *out, uint32_t command, uint32_t sequence,
                     const struct smpp_bind *b)
{
    size_t from = out->n;
    put_head(out, 0, &(struct smpp_pdu){.command = command, .sequence = sequence});
    put_string(out, b->system_id);
    put_string(out, b->password);
    put_string(out, b->system_type);
    buf_u8(out, 0x34);
    buf_u8(out, b->ton);
    buf_u8(out, b->npi);
    put_string(out, b->range);
    close_unit(out, from);
}

bool smpp_read_id(str body, str *ret)
{
    if (body.n == 0) {
        *ret = STR_NONE;
        return true;
    }
    return take_string(&body, ret);
}

void smpp_write_id(struct buf *out, const struct smpp_pdu *head, str id)
{
    size_t from = out->n;
    put_head(out, 0, head);
    put_string(out, id);
    close_unit(out, from);
}

static bool take_fixed(str *in, struct smpp_message *m)
{
    str schedule;
    uint8_t replace, canned, length;
    return take_string(in, &m->service) && take_u8(in, &m->from_ton) && take_u8(in, &m->from_npi) &&
           take_string(in, &m->from) && take_u8(in, &m->to_ton) && take_u8(in, &m->to_npi) &&
           take_string(in, &m->to) && take_u8(in, &m->esm) && take_u8(in, &m->protocol) &&
           take_u8(in, &m->priority) && take_string(in, &schedule) &&
           take_string(in, &m->validity) && take_u8(in, &m->registered) && take_u8(in, &replace) &&
           take_u8(in, &m->coding) && take_u8(in, &canned) && take_u8(in, &length) &&
           take_bytes(in, length, &m->text);
}

static uint8_t octet(str v)
{
    return v.n == 1 ? (uint8_t)v.p[0] : 0;
}

static void read_parameter(uint16_t tag, str v, struct smpp_message *m)
{
    switch (tag) {
    case TAG_RECEIPTED: /* ended by a NUL, or not: both are seen */
        m->receipted = str_sub(v, 0, str_find_char(v, 0, 0));
        return;
    case TAG_STATE:
        m->state = octet(v);
        return;
    case TAG_ERROR:
        m->error = v;
        return;
    case TAG_PAYLOAD:
        if (m->text.n == 0)
            m->text = v;
        return;
    case TAG_SAR_REF:
        (void)take_u16(&v, &m->sar_ref);
        return;
    case TAG_SAR_TOTAL:
        m->sar_total = octet(v);
        return;
    case TAG_SAR_NUMBER:
        m->sar_number = octet(v);
        return;
    default: /* unknown parameters are passed over (3.3) */
        return;
    }
}

bool smpp_read_message(str body, struct smpp_message *ret)
{
    struct smpp_message m = {0};
    uint16_t tag, length;
    str v;
    if (!take_fixed(&body, &m))
        return false;
    while (body.n) {
        if (!take_u16(&body, &tag) || !take_u16(&body, &length) || !take_bytes(&body, length, &v))
            return false;
        read_parameter(tag, v, &m);
    }
    if (m.sar_number == 0 || m.sar_number > m.sar_total)
        m.sar_total = m.sar_number = 0;
    *ret = m;
    return true;
}

static void put_parameter(struct buf *out, uint16_t tag, str v)
{
    buf_u16(out, tag);
    buf_u16(out, (uint16_t)v.n);
    buf_add(out, v);
}

void smpp_write_message(struct buf *out, uint32_t command, uint32_t sequence,
                        const struct smpp_message *m)
{
    size_t from = out->n;
    bool payload = m->text.n > 254;
    put_head(out, 0, &(struct smpp_pdu){.command = command, .sequence = sequence});
    put_string(out, m->service);
    buf_u8(out, m->from_ton);
    buf_u8(out, m->from_npi);
    put_string(out, m->from);
    buf_u8(out, m->to_ton);
    buf_u8(out, m->to_npi);
    put_string(out, m->to);
    buf_u8(out, m->esm);
    buf_u8(out, m->protocol);
    buf_u8(out, m->priority);
    put_string(out, STR_NONE);
    put_string(out, m->validity);
    buf_u8(out, m->registered);
    buf_u8(out, 0);
    buf_u8(out, m->coding);
    buf_u8(out, 0);
    buf_u8(out, payload ? 0 : (uint8_t)m->text.n);
    if (!payload)
        buf_add(out, m->text);
    else
        put_parameter(out, TAG_PAYLOAD, str_sub(m->text, 0, UINT16_MAX));
    if (m->receipted.n) {
        put_parameter(out, TAG_RECEIPTED, str_sub(m->receipted, 0, FIELD_MAX));
        char state = (char)m->state;
        put_parameter(out, TAG_STATE, str_make(&state, 1));
    }
    close_unit(out, from);
}

/* message_state (5.2.28) in the words of Appendix B. */
static str state_word(uint8_t state)
{
    static const char *const words[] = {"",        "ENROUTE", "DELIVRD", "EXPIRED", "DELETED",
                                        "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD"};
    return state < sizeof words / sizeof words[0] ? str_of(words[state]) : STR_NONE;
}

/* The word after "name:", any case of the name. */
static str field(str text, str name)
{
    for (size_t i = 0; i + name.n <= text.n; i++) {
        bool starts = i == 0 || text.p[i - 1] == ' ';
        if (!starts || !str_eq_nocase(str_sub(text, i, i + name.n), name))
            continue;
        size_t from = i + name.n, end = from;
        while (end < text.n && (unsigned char)text.p[end] > ' ')
            end++;
        return str_sub(text, from, end);
    }
    return STR_NONE;
}

bool smpp_read_receipt(const struct smpp_message *m, struct smpp_receipt *ret)
{
    struct smpp_receipt r = {.id = m->receipted, .word = state_word(m->state)};
    if (!(m->esm & 0x3c) && r.id.n == 0)
        return false;
    if (r.id.n == 0) {
        r.id = field(m->text, STR("id:"));
        r.by_text = true;
    }
    if (r.word.n == 0)
        r.word = field(m->text, STR("stat:"));
    r.err = field(m->text, STR("err:"));
    if (r.id.n == 0 || r.id.n > 64 || r.word.n > 16 || r.err.n > 16)
        return false;
    *ret = r;
    return true;
}

static bool to_number(str id, unsigned base, uint64_t *ret)
{
    uint64_t v = 0;
    if (id.n == 0 || id.n > 20)
        return false;
    for (size_t i = 0; i < id.n; i++) {
        int d = str_hex_digit(id.p[i]);
        if (d < 0 || (unsigned)d >= base || v > (UINT64_MAX - (unsigned)d) / base)
            return false;
        v = v * base + (unsigned)d;
    }
    *ret = v;
    return true;
}

static str of_number(uint64_t v, unsigned base, char out[32])
{
    size_t at = 32;
    do
        out[--at] = "0123456789abcdef"[v % base];
    while ((v /= base) != 0);
    memmove(out, out + at, 32 - at);
    return str_make(out, 32 - at);
}

static str rebase(str id, unsigned from, unsigned to, char out[32])
{
    uint64_t v;
    return to_number(id, from, &v) ? of_number(v, to, out) : id;
}

str smpp_id_kept(str id, enum smpp_ids ids, char out[32])
{
    if (ids == SMPP_IDS_SAME)
        return id;
    unsigned base = ids == SMPP_IDS_DECIMAL ? 16 : 10;
    return rebase(id, base, base, out);
}

str smpp_id_of_receipt(str id, enum smpp_ids ids, char out[32])
{
    if (ids == SMPP_IDS_SAME)
        return id;
    return ids == SMPP_IDS_DECIMAL ? rebase(id, 10, 16, out) : rebase(id, 16, 10, out);
}
