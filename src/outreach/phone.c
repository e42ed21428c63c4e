/* How a patient's address is looked for: the one spelling under which the record keeps every phone
 * number and mail address beside the written one (fhir/keys_from.c). */
#include "outreach/outreach_int.h"

str address_key(struct op *op, enum channel_kind k, str address)
{
    if (k == CHANNEL_SMS)
        return arena_cat(op->arena, STR("tel:"), phone_plain(op, address));
    if (k != CHANNEL_EMAIL)
        return str_trim(address);
    str t = str_trim(address);
    char *out = arena_alloc(op->arena, t.n + 1);
    for (size_t i = 0; out && i < t.n; i++)
        out[i] = (char)(t.p[i] >= 'A' && t.p[i] <= 'Z' ? t.p[i] + 32 : t.p[i]);
    return arena_cat(op->arena, STR("mailto:"), out ? str_make(out, t.n) : STR_NONE);
}
