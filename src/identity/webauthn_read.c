/* What the browser sends, taken apart: clientDataJSON, and the attestation object (a CBOR map), of
 * which only the authenticator data counts. Depth, length and number of everything are bounded.
 * Invariant: what is not exactly as the standard says is refused, whatever it would have meant. */
#include "identity/jose.h"
#include "identity/webauthn_int.h"

#define CBOR_DEPTH_MAX 8u
#define CBOR_ITEMS_MAX 1000u

bool base64url_read(struct arena *a, str text, size_t max, str *ret)
{
    str raw = STR_NONE;
    if (text.n > max * 4 / 3 + 4 || (text.n && !jose_unb64(a, text, &raw)) || raw.n > max)
        return false;
    *ret = raw;
    return true;
}

err client_data_check(struct op *op, str client_data, str type, str origin, str *ret_challenge)
{
    struct json_limits limits = {.bytes = CLIENT_DATA_MAX, .depth = 8, .nodes = 100};
    struct json *o;
    if (client_data.n > CLIENT_DATA_MAX)
        return fail(op, ERR_INVALID, "The browser's answer is too long.");
    TRY(json_read(op, client_data, &limits, &o));
    if (!json_is(o, JSON_OBJECT) || !json_is(JSON_GET(o, "type"), JSON_STRING) ||
        !str_eq(json_get_str(o, STR("type")), type))
        return fail(op, ERR_INVALID, "The browser's answer is to another question.");
    if (!json_is(JSON_GET(o, "origin"), JSON_STRING) ||
        !str_eq(json_get_str(o, STR("origin")), origin) ||
        json_bool(JSON_GET(o, "crossOrigin"), false) || JSON_GET(o, "topOrigin"))
        return fail(op, ERR_INVALID, "The browser's answer was given on another page.");
    str challenge = json_get_str(o, STR("challenge"));
    if (!json_is(JSON_GET(o, "challenge"), JSON_STRING) || challenge.n > CHALLENGE_TEXT_MAX)
        return fail(op, ERR_INVALID, "The browser's answer holds no challenge of ours.");
    *ret_challenge = challenge;
    return OK;
}

/* Head of a CBOR item: major type and argument; definite lengths only (CTAP2 canonical form). */
static bool take_head(str *in, unsigned *ret_major, uint64_t *ret_arg)
{
    uint8_t first, b1;
    uint16_t b2;
    uint32_t b4;
    if (!take_u8(in, &first))
        return false;
    unsigned info = first & 31u;
    *ret_major = first >> 5;
    *ret_arg = info;
    if (info < 24)
        return true;
    if (info == 24 && take_u8(in, &b1)) {
        *ret_arg = b1;
        return true;
    }
    if (info == 25 && take_u16(in, &b2)) {
        *ret_arg = b2;
        return true;
    }
    if (info == 26 && take_u32(in, &b4)) {
        *ret_arg = b4;
        return true;
    }
    return info == 27 && take_u64(in, ret_arg);
}

static bool take_text(str *in, unsigned major, str *ret)
{
    unsigned got;
    uint64_t n;
    return take_head(in, &got, &n) && got == major && n <= in->n && take_bytes(in, (size_t)n, ret);
}

/* One whole item, whatever is in it: left[] counts what each open container still wants. */
static bool skip_item(str *in)
{
    uint64_t left[CBOR_DEPTH_MAX];
    unsigned depth = 0, items = 0;
    do {
        unsigned major;
        uint64_t arg;
        str bytes;
        if (++items > CBOR_ITEMS_MAX || !take_head(in, &major, &arg))
            return false;
        if ((major == 2 || major == 3) && (arg > in->n || !take_bytes(in, (size_t)arg, &bytes)))
            return false;
        if (depth)
            left[depth - 1]--;
        if (major == 4 || major == 5 || major == 6) {
            if (depth == CBOR_DEPTH_MAX || arg > CBOR_ITEMS_MAX)
                return false;
            left[depth++] = major == 6 ? 1 : major == 5 ? arg * 2 : arg;
        }
        while (depth && left[depth - 1] == 0)
            depth--;
    } while (depth);
    return true;
}

err attestation_open(struct op *op, str object, str *ret_auth_data)
{
    unsigned major;
    uint64_t n;
    str in = object, key, data = STR_NONE, fmt = STR_NONE;
    bool ok = object.n <= ATTESTATION_MAX && take_head(&in, &major, &n) && major == 5 && n == 3;
    for (uint64_t i = 0; ok && i < n; i++) {
        ok = take_text(&in, 3, &key);
        if (ok && str_eq(key, STR("authData")) && !data.n)
            ok = take_text(&in, 2, &data);
        else if (ok && str_eq(key, STR("fmt")) && !fmt.n)
            ok = take_text(&in, 3, &fmt);
        else
            ok = ok && str_eq(key, STR("attStmt")) && skip_item(&in);
    }
    if (!ok || in.n || !fmt.n || !data.n || data.n > AUTH_DATA_MAX)
        return fail(op, ERR_INVALID, "The new passkey cannot be read; try again.");
    *ret_auth_data = data;
    return OK;
}
