/* How a text travels: GSM-7 or UCS-2, septets, units, segments (3GPP TS 23.038 6.2.1, 23.040
 * 9.2.3.24). Does not judge whether that is allowed. Invariant: an extension character or a
 * surrogate pair is never split over two segments. */
#include "policy/content_int.h"

#define GSM_SINGLE 160u
#define GSM_PART 153u
#define UCS_SINGLE 70u
#define UCS_PART 67u

static unsigned gsm_cost(uint32_t cp)
{
    size_t lo = 0, hi = content_gsm_count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (content_gsm[mid].code_point == cp)
            return content_gsm[mid].septets;
        if (content_gsm[mid].code_point > cp)
            hi = mid;
        else
            lo = mid + 1;
    }
    return 0;
}

/* Parts needed when no item may straddle two. */
static void count_segments(str text, struct sms_shape *s, uint32_t single, uint32_t part)
{
    bool gsm = s->encoding == SMS_GSM7;
    uint32_t total = gsm ? s->septets : s->utf16_units, used = 0;
    if (total <= single) {
        s->segments = total > 0;
        s->left = single - total;
        return;
    }
    s->segments = 1;
    for (size_t i = 0; i < text.n;) {
        uint32_t cp = str_utf8_next(text, &i);
        uint32_t cost = gsm ? gsm_cost(cp) : cp > 0xffff ? 2 : 1;
        if (used + cost > part) {
            s->segments++;
            used = 0;
        }
        used += cost;
    }
    s->left = part - used;
}

void content_sms_shape(str text, struct sms_shape *ret)
{
    struct sms_shape s = {.encoding = SMS_GSM7};
    for (size_t i = 0; i < text.n;) {
        uint32_t cp = str_utf8_next(text, &i), cost = gsm_cost(cp);
        s.characters++;
        s.utf16_units += cp > 0xffff ? 2 : 1;
        s.septets += cost;
        if (cost == 0 && s.blockers++ == 0)
            s.first_blocker = cp;
    }
    if (s.blockers > 0) {
        s.encoding = SMS_UCS2;
        s.septets = 0;
        count_segments(text, &s, UCS_SINGLE, UCS_PART);
    } else {
        count_segments(text, &s, GSM_SINGLE, GSM_PART);
    }
    *ret = s;
}

bool content_gsm_spells(enum language l)
{
    return l != LANGUAGE_AR;
}

uint32_t content_sms_parts(enum language l)
{
    return content_gsm_spells(l) ? 1 : 2;
}

str content_sms_plain(struct op *op, str text)
{
    struct buf b;
    bool changed = false;
    buf_init(&b, op->arena, text.n * 4 + 16);
    for (size_t i = 0; i < text.n;) {
        size_t from = i;
        uint32_t cp = str_utf8_next(text, &i);
        const struct fold_row *row =
            gsm_cost(cp) > 0 ? NULL : fold_row_find(content_plain, content_plain_count, cp);
        changed = changed || row;
        buf_add(&b, row ? str_of(row->to) : str_sub(text, from, i));
    }
    return changed && buf_ok(&b) ? buf_str(&b) : text;
}
