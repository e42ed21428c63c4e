/* Any bytes as what a message centre sends, and as words: a link stays within its bounds and tells
 * of each message once; what can be split comes back as it was. */
#include "net/smpp.h"
#include "net/sms_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct told {
    unsigned answers, ends;
    struct arena *a;
};

static void heard(void *ctx, const struct smpp_event *e)
{
    struct told *t = ctx;
    struct smpp_receipt r;
    struct sms_header h;
    char out[32];
    t->answers += e->kind == SMPP_EVENT_ANSWER || e->kind == SMPP_EVENT_UNKNOWN;
    t->ends += e->kind == SMPP_EVENT_END;
    if (e->kind != SMPP_EVENT_DELIVER)
        return;
    str words = e->message.text;
    if (smpp_read_receipt(&e->message, &r) && (smpp_id_kept(r.id, SMPP_IDS_DECIMAL, out).n > 64 ||
                                               smpp_id_of_receipt(r.id, SMPP_IDS_HEX, out).n > 64))
        __builtin_trap();
    (void)sms_take_header(&words, &h);
    if (!str_utf8_valid(sms_decode(t->a, e->message.coding, words)))
        __builtin_trap();
}

static void link_of(struct arena *a, str in)
{
    struct told t = {.a = a};
    struct smpp_link_config c = {
        .bind = SMPP_BIND_TRANSCEIVER, .window = 4, .enquire_ms = 1000, .answer_ms = 500};
    struct smpp_link *l = smpp_link_new(a, &c, heard, &t);
    struct smpp_message m = {.to = STR("1"), .text = STR("Hi")};
    unsigned handed = 0;
    if (!l)
        return;
    smpp_link_open(l, 1);
    smpp_link_feed(l, 1, str_make("\0\0\0\x10\x80\0\0\x09\0\0\0\0\0\0\x04\0", 16));
    for (int i = 0; i < 6; i++)
        handed += smpp_link_submit(l, 1, 1, &m);
    size_t half = in.n / 2;
    smpp_link_feed(l, 2, str_sub(in, 0, half));
    smpp_link_wrote(l, smpp_link_out(l).n);
    smpp_link_feed(l, 3, str_sub(in, half, in.n));
    smpp_link_lost(l);
    if (t.answers != handed || t.ends != 1)
        __builtin_trap();
}

static void words(struct arena *a, str in)
{
    struct sms_parts p;
    str all = STR_NONE;
    if (!str_utf8_valid(in) || str_find_char(in, 0, 0) != SIZE_MAX || !sms_split(a, in, 1, &p))
        return;
    for (size_t i = 0; i < p.n; i++) {
        struct sms_header h;
        str part = p.part[i];
        if (p.header && !sms_take_header(&part, &h))
            __builtin_trap();
        all = arena_cat(a, all, sms_decode(a, p.coding, part));
    }
    if (!str_eq(all, in))
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(0);
    str in = str_make((const char *)data, n);
    if (!a)
        return 0;
    link_of(a, in);
    words(a, in);
    arena_free(a);
    return 0;
}
