/* What a browser may send of a passkey: the first byte says which reader gets the rest. */
#include "identity/webauthn_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(16u << 20);
    struct credential c;
    struct op op;
    str out = STR_NONE;
    if (!a || !size) {
        arena_free(a);
        return 0;
    }
    op_init(&op, a, NULL, 0);
    str in = str_make((const char *)data + 1, size - 1);
    err e = OK;
    if (data[0] % 3 == 0)
        e = client_data_check(&op, in, STR("webauthn.get"), STR("https://a.example"), &out);
    else if (data[0] % 3 == 1)
        e = attestation_open(&op, in, &out);
    if (e == OK && data[0] % 3 > 0)
        e = credential_read(&op, data[0] % 3 == 1 ? out : in, STR("localhost"), &c);
    if (e != OK ? op.fault.n == 0 : out.n > size)
        __builtin_trap();
    arena_free(a);
    return 0;
}
