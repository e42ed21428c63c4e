/* A master key that never leaves its PKCS#11 token (v2.40): an AES-256 key made there, sensitive
 * and not extractable, wraps and unwraps (AES key wrap, RFC 3394) the 32 bytes that seal the ring.
 * The token's module is loaded for each use, at open and when keys change, and let go. Nothing of a
 * token's objects but our own key is looked at. Invariant: the PIN and the ring's key are wiped
 * from what is ours of memory. */
#include "store/store_int.h"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <sodium.h>

#define SLOTS_MAX 64u
#define WRAPPED_MAX 64u

struct token {
    void *module;
    CK_FUNCTION_LIST *f;
    bool ready;
    CK_SESSION_HANDLE session; /* 0 = none */
};

static err refused(struct op *op, const char *what, CK_RV rv)
{
    return fail(op, rv == CKR_PIN_INCORRECT ? ERR_FORBIDDEN : ERR_UNAVAILABLE,
                "the token with the master key: %s (PKCS#11 0x%lx)", what, (unsigned long)rv);
}

static void token_close(struct token *t)
{
    if (t->session)
        (void)t->f->C_CloseSession(t->session);
    if (t->ready)
        (void)t->f->C_Finalize(NULL);
    if (t->module)
        (void)dlclose(t->module);
}

static err load(struct op *op, const struct wrap *w, struct token *t)
{
    CK_C_GetFunctionList list = NULL;
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
    t->module = dlopen(str_z(op->arena, w->path), RTLD_NOW | RTLD_LOCAL);
    if (t->module)
        *(void **)&list = dlsym(t->module, "C_GetFunctionList");
    if (!list || list(&t->f) != CKR_OK)
        return fail(op, ERR_UNAVAILABLE, "the token's module %.*s cannot be loaded",
                    STR_ARG(w->path));
    CK_RV rv = t->f->C_Initialize(&args);
    t->ready = rv == CKR_OK;
    return t->ready ? OK : refused(op, "its module does not start", rv);
}

/* Labels are padded with blanks. */
static bool named(const CK_TOKEN_INFO *info, str token)
{
    str label = str_make((const char *)info->label, sizeof info->label);
    return str_eq(str_trim(label), token);
}

static err find_slot(struct op *op, const struct wrap *w, struct token *t, CK_SLOT_ID *ret)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG n = SLOTS_MAX;
    CK_TOKEN_INFO info;
    CK_RV rv = t->f->C_GetSlotList(CK_TRUE, slots, &n);
    for (CK_ULONG i = 0; rv == CKR_OK && i < n; i++) {
        if (t->f->C_GetTokenInfo(slots[i], &info) == CKR_OK && named(&info, w->token)) {
            *ret = slots[i];
            return OK;
        }
    }
    return fail(op, ERR_UNAVAILABLE, "no token called %.*s is there", STR_ARG(w->token));
}

static err log_in(struct op *op, const struct wrap *w, struct token *t, CK_SLOT_ID slot)
{
    str pin = STR_NONE;
    TRY(secret_read(op, str_z(op->arena, w->pin), "file of the token's PIN", &pin));
    CK_RV rv =
        t->f->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &t->session);
    str text = str_trim(pin);
    if (rv == CKR_OK)
        rv = t->f->C_Login(t->session, CKU_USER, (unsigned char *)(uintptr_t)text.p, text.n);
    explicit_bzero((char *)(uintptr_t)pin.p, pin.n);
    return rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN ? OK
                                                            : refused(op, "it lets nobody in", rv);
}

static err token_open(struct op *op, const struct wrap *w, struct token *ret)
{
    CK_SLOT_ID slot = 0;
    TRY(load(op, w, ret));
    TRY(find_slot(op, w, ret, &slot));
    return log_in(op, w, ret, slot);
}

static err find_key(struct op *op, const struct wrap *w, struct token *t, CK_OBJECT_HANDLE *ret)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_ATTRIBUTE want[] = {{CKA_CLASS, &class, sizeof class},
                           {CKA_LABEL, (void *)(uintptr_t)w->label.p, w->label.n}};
    CK_ULONG n = 0;
    CK_RV rv = t->f->C_FindObjectsInit(t->session, want, 2);
    if (rv == CKR_OK)
        rv = t->f->C_FindObjects(t->session, ret, 1, &n);
    if (rv == CKR_OK)
        rv = t->f->C_FindObjectsFinal(t->session);
    return rv == CKR_OK && n == 1 ? OK : refused(op, "the master key is not in it", rv);
}

static err make_key(struct op *op, const struct wrap *w, struct token *t, CK_OBJECT_HANDLE *ret)
{
    CK_MECHANISM how = {CKM_AES_KEY_GEN, NULL, 0};
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_ULONG bytes = 32;
    CK_ATTRIBUTE a[] = {{CKA_TOKEN, &yes, sizeof yes},
                        {CKA_PRIVATE, &yes, sizeof yes},
                        {CKA_SENSITIVE, &yes, sizeof yes},
                        {CKA_EXTRACTABLE, &no, sizeof no},
                        {CKA_WRAP, &yes, sizeof yes},
                        {CKA_UNWRAP, &yes, sizeof yes},
                        {CKA_VALUE_LEN, &bytes, sizeof bytes},
                        {CKA_LABEL, (void *)(uintptr_t)w->label.p, w->label.n}};
    CK_RV rv = t->f->C_GenerateKey(t->session, &how, a, sizeof a / sizeof *a, ret);
    return rv == CKR_OK ? OK : refused(op, "it makes no master key", rv);
}

static err wrap_with(struct op *op, struct token *t, CK_OBJECT_HANDLE master, const uint8_t key[32],
                     str *ret_hex)
{
    CK_MECHANISM how = {CKM_AES_KEY_WRAP, NULL, 0};
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_OBJECT_HANDLE inner = 0;
    uint8_t out[WRAPPED_MAX];
    CK_ULONG n = sizeof out;
    CK_ATTRIBUTE a[] = {{CKA_CLASS, &class, sizeof class},
                        {CKA_KEY_TYPE, &type, sizeof type},
                        {CKA_TOKEN, &no, sizeof no},
                        {CKA_EXTRACTABLE, &yes, sizeof yes},
                        {CKA_VALUE, (void *)(uintptr_t)key, 32}};
    CK_RV rv = t->f->C_CreateObject(t->session, a, sizeof a / sizeof *a, &inner);
    if (rv == CKR_OK)
        rv = t->f->C_WrapKey(t->session, &how, master, inner, out, &n);
    if (inner)
        (void)t->f->C_DestroyObject(t->session, inner);
    char *hex = arena_alloc(op->arena, 2 * sizeof out + 1);
    if (rv != CKR_OK || !hex)
        return refused(op, "it does not wrap", rv);
    sodium_bin2hex(hex, 2 * sizeof out + 1, out, n);
    *ret_hex = str_make(hex, 2 * n);
    return OK;
}

static err unwrap_with(struct op *op, struct token *t, CK_OBJECT_HANDLE master, str hex,
                       uint8_t key[32])
{
    CK_MECHANISM how = {CKM_AES_KEY_WRAP, NULL, 0};
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_OBJECT_HANDLE inner = 0;
    uint8_t in[WRAPPED_MAX];
    size_t n = 0;
    CK_ATTRIBUTE a[] = {{CKA_CLASS, &class, sizeof class},
                        {CKA_KEY_TYPE, &type, sizeof type},
                        {CKA_TOKEN, &no, sizeof no},
                        {CKA_SENSITIVE, &no, sizeof no},
                        {CKA_EXTRACTABLE, &yes, sizeof yes}};
    CK_ATTRIBUTE value = {CKA_VALUE, key, 32};
    if (sodium_hex2bin(in, sizeof in, hex.p, hex.n, NULL, &n, NULL) != 0)
        return fail(op, ERR_FAULT, "the keys file of the data folder is damaged");
    CK_RV rv = t->f->C_UnwrapKey(t->session, &how, master, in, n, a, sizeof a / sizeof *a, &inner);
    if (rv == CKR_OK)
        rv = t->f->C_GetAttributeValue(t->session, inner, &value, 1);
    if (inner)
        (void)t->f->C_DestroyObject(t->session, inner);
    return rv == CKR_OK && value.ulValueLen == 32
               ? OK
               : refused(op, "its master key does not open the keys file", rv);
}

err token_unwrap(struct op *op, const struct wrap *w, uint8_t key[32])
{
    struct token t = {.module = NULL};
    CK_OBJECT_HANDLE master = 0;
    err e = token_open(op, w, &t);
    if (e == OK)
        e = find_key(op, w, &t, &master);
    if (e == OK)
        e = unwrap_with(op, &t, master, w->bytes, key);
    token_close(&t);
    return e;
}

err token_wrap_new(struct op *op, struct wrap *w, const uint8_t key[32])
{
    struct token t = {.module = NULL};
    CK_OBJECT_HANDLE master = 0;
    err e = token_open(op, w, &t);
    if (e == OK)
        e = make_key(op, w, &t, &master);
    if (e == OK)
        e = wrap_with(op, &t, master, key, &w->bytes);
    token_close(&t);
    return e;
}

err token_destroy(struct op *op, const struct wrap *w)
{
    struct token t = {.module = NULL};
    CK_OBJECT_HANDLE master = 0;
    err e = token_open(op, w, &t);
    if (e == OK)
        e = find_key(op, w, &t, &master);
    if (e == OK && t.f->C_DestroyObject(t.session, master) != CKR_OK)
        e = refused(op, "the old master key stays in it", CKR_OK);
    token_close(&t);
    return e;
}
