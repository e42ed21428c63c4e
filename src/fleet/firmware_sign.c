/* The maker's signature of a release (Ed25519, detached) over the text "model\nversion\ndigest", by
 * the key in the model's file, which administrators and the maker's service keep: pure. */
#include "fleet/firmware_int.h"

#include <sodium.h>

const char *const FIRMWARE_SIGN_CODES[FIRMWARE_SIGN_KINDS] = {"no-key", "bad-key", "missing",
                                                              "wrong", "good"};

static bool bytes_of(str hex, unsigned char *to, size_t n)
{
    size_t got = 0;
    return hex.n == 2 * n && sodium_hex2bin(to, n, hex.p, hex.n, NULL, &got, NULL) == 0 && got == n;
}

enum firmware_sign firmware_signed(struct op *op, const struct json *model,
                                   const struct firmware *r)
{
    unsigned char key[crypto_sign_PUBLICKEYBYTES], bytes[crypto_sign_BYTES];
    str hex = device_extension(model, "firmware-key", "valueString");
    str text = arena_printf(op->arena, "%.*s\n%.*s\n%.*s", STR_ARG(r->model), STR_ARG(r->version),
                            STR_ARG(r->digest));
    if (!hex.n)
        return FIRMWARE_NO_KEY;
    if (!bytes_of(hex, key, sizeof key))
        return FIRMWARE_BAD_KEY;
    if (!r->signature.n)
        return FIRMWARE_UNSIGNED;
    return bytes_of(r->signature, bytes, sizeof bytes) &&
                   crypto_sign_verify_detached(bytes, (const unsigned char *)text.p, text.n, key) ==
                       0
               ? FIRMWARE_SIGNED
               : FIRMWARE_FORGED;
}

err firmware_check_signed(struct op *op, const struct json *model, const struct firmware *r,
                          bool must)
{
    switch (firmware_signed(op, model, r)) {
    case FIRMWARE_SIGNED:
        return OK;
    case FIRMWARE_NO_KEY:
        return must ? fail(op, ERR_UNPROCESSABLE,
                           "The model's file has no firmware-key of its maker: a file that is kept "
                           "here is approved only with the maker's signature.")
                    : OK;
    case FIRMWARE_BAD_KEY:
        return fail(op, ERR_UNPROCESSABLE,
                    "The model's file has a firmware-key that is no Ed25519 key of 64 hexadecimal "
                    "digits; mend it first.");
    case FIRMWARE_UNSIGNED:
    case FIRMWARE_FORGED:
    case FIRMWARE_SIGN_KINDS:
        break;
    }
    return fail_at(op, ERR_UNPROCESSABLE, STR("signature"),
                   "The maker's signature of model, version and digest is missing or wrong; "
                   "the model's file has its key.");
}
