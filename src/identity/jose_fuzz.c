/* Any bytes as a signed token, and as a key set: nothing is ever accepted, for nobody signed it.
 * Up to the first zero byte: the key set; after it: the token. */
#include "identity/jose.h"

#include <sodium.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A key whose other half is nowhere. */
static const char fixed[] =
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\",\"kid\":\"e\",\"x\":"
    "\"qofKIr6LBTeOscce8yCtdG4dO2KLp5uYWfdB4IJUKjhVAvJdv1UpbDpUXjhydgq3\",\"y\":"
    "\"NhfeSpYmLG9dnpi_kpLcKfj0Hb0omhR86doxE7XwuMAKYLHOHX6BnXpDHXyQ6g5f\"}]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = sodium_init() < 0 ? NULL : arena_new(64u << 20);
    struct op op;
    if (!arena)
        return 0;
    op_init(&op, arena, NULL, 0);
    str in = str_make((const char *)data, size);
    size_t zero = str_find_char(in, 0, 0);
    str keys_text = zero == SIZE_MAX ? str_of(fixed) : str_sub(in, 0, zero);
    str token = zero == SIZE_MAX ? in : str_sub(in, zero + 1, SIZE_MAX);
    struct json_limits limits = {.bytes = 65536, .depth = 16, .nodes = 5000};
    struct json *keys, *claims;
    if (json_read(&op, keys_text, &limits, &keys) == OK) {
        err checked = jose_keys_check(&op, keys);
        op_clear(&op);
        err e = jose_verify(&op, token, keys, JOSE_RS256 | JOSE_RS384 | JOSE_ES256 | JOSE_ES384,
                            &claims);
        if (e == OK && zero == SIZE_MAX)
            __builtin_trap();
        (void)checked;
    }
    arena_free(arena);
    return 0;
}
