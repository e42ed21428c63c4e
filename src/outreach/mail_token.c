/* The sums in a return address (VERP) and a Message-ID: which message it was, which attempt, which
 * address, and that we wrote it. Invariant: a bounce or complaint without one of ours changes
 * nothing; the address itself is not in it. */
#include "outreach/mail_int.h"

#include <sodium.h>

#define ADDRESS_HEX 8u
#define SUM_HEX 16u
#define TAIL (2u + ADDRESS_HEX + SUM_HEX) /* "-", attempt, both sums */

static err hex_of(struct op *op, const struct outreach *o, str what, size_t n, char *ret)
{
    unsigned char sum[32];
    char hex[65];
    TRY(link_sum(op, o, what, sum));
    sodium_bin2hex(hex, sizeof hex, sum, sizeof sum);
    memcpy(ret, hex, n);
    ret[n] = 0;
    return OK;
}

static err address_hex(struct op *op, const struct outreach *o, str address,
                       char ret[ADDRESS_HEX + 1])
{
    str key = address_key(op, CHANNEL_EMAIL, address);
    return hex_of(op, o, arena_cat(op->arena, STR("mail-address/"), key), ADDRESS_HEX, ret);
}

static err sum_hex(struct op *op, const struct outreach *o, str body, char ret[SUM_HEX + 1])
{
    return hex_of(op, o, arena_cat(op->arena, STR("mail-token/"), body), SUM_HEX, ret);
}

err mail_token(struct op *op, const struct outreach *o, str communication, unsigned attempt,
               str address, str *ret)
{
    char to[ADDRESS_HEX + 1], sum[SUM_HEX + 1];
    TRY(address_hex(op, o, address, to));
    str body = arena_printf(op->arena, "%.*s-%u%s", STR_ARG(communication), attempt % 10, to);
    TRY(sum_hex(op, o, body, sum));
    *ret = arena_cat(op->arena, body, str_of(sum));
    return op_check(op);
}

/* "bounce+TOKEN@…", "<TOKEN@…>": before the at, after the last plus. */
static str candidate(str from)
{
    str local = str_sub(from, 0, str_find_char(from, '@', 0));
    if (str_starts(local, STR("<")))
        local = str_sub(local, 1, local.n);
    for (size_t plus; (plus = str_find_char(local, '+', 0)) != SIZE_MAX;)
        local = str_sub(local, plus + 1, local.n);
    return local;
}

err mail_token_read(struct op *op, const struct outreach *o, str from, struct mail_token *ret,
                    bool *ret_ours)
{
    char sum[SUM_HEX + 1];
    str t = candidate(from);
    *ret_ours = false;
    if (t.n <= TAIL || t.n > 64 + TAIL)
        return OK;
    size_t cut = t.n - TAIL;
    str body = str_sub(t, 0, t.n - SUM_HEX), got = str_sub(t, t.n - SUM_HEX, t.n);
    TRY(sum_hex(op, o, body, sum));
    int digit = str_hex_digit(t.p[cut + 1]);
    if (sodium_memcmp(sum, got.p, SUM_HEX) != 0 || t.p[cut] != '-' || digit < 0 || digit > 9)
        return OK;
    *ret = (struct mail_token){.communication = str_sub(t, 0, cut), .attempt = (unsigned)digit};
    memcpy(ret->address, t.p + cut + 2, ADDRESS_HEX);
    *ret_ours = fhir_id_valid(ret->communication);
    return OK;
}

err mail_token_address(struct op *op, const struct outreach *o, const struct mail_token *t,
                       const struct json *patient, str *ret)
{
    const struct json *list = JSON_GET(patient, "telecom"), *one;
    for (size_t i = 0; (one = json_at(list, i)); i++) {
        char to[ADDRESS_HEX + 1];
        str value = json_get_str(one, STR("value"));
        if (!str_eq(json_get_str(one, STR("system")), STR("email")))
            continue;
        TRY(address_hex(op, o, value, to));
        if (strcmp(to, t->address) == 0) {
            *ret = value;
            return OK;
        }
    }
    *ret = STR_NONE;
    return OK;
}
