/* AES-256-GCM against a published answer (McGrew and Viega, "The Galois/Counter Mode of Operation",
 * test case 16), and the two ways of opening against each other; what was changed opens in none. */
#include "base/test.h"
#include "store/vault_int.h"

#include <sodium.h>

static size_t hex(unsigned char *out, size_t max, const char *text)
{
    size_t n = 0;
    assert_int_equal(sodium_hex2bin(out, max, text, strlen(text), NULL, &n, NULL), 0);
    return n;
}

static void published(void **state)
{
    (void)state;
    unsigned char key[32], nonce[GCM_NONCE], plain[60], aad[20], want[76], got[76];
    hex(key, sizeof key, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    hex(nonce, sizeof nonce, "cafebabefacedbaddecaf888");
    hex(plain, sizeof plain,
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
    hex(aad, sizeof aad, "feedfacedeadbeeffeedfacedeadbeefabaddad2");
    hex(want, sizeof want,
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        "76fc6ece0f4e1768cddf8853bb2d551b");
    struct gcm g = {key, nonce, str_make((char *)aad, sizeof aad)};
    assert_true(gcm_open(&g, false, str_make((char *)want, sizeof want), got));
    assert_memory_equal(got, plain, sizeof plain);
    if (!gcm_fast())
        return;
    gcm_seal(&g, str_make((char *)plain, sizeof plain), got);
    assert_memory_equal(got, want, sizeof want);
}

static void both_ways(void **state)
{
    (void)state;
    unsigned char key[32], nonce[GCM_NONCE], plain[300], sealed[316], got[300];
    if (!gcm_fast())
        skip();
    randombytes_buf(plain, sizeof plain);
    for (size_t n = 0; n <= sizeof plain; n += 7) {
        randombytes_buf(key, sizeof key);
        randombytes_buf(nonce, sizeof nonce);
        struct gcm g = {key, nonce, str_make((char *)plain, n % 20)};
        str whole = str_make((char *)sealed, n + GCM_TAG);
        gcm_seal(&g, str_make((char *)plain, n), sealed);
        for (unsigned fast = 0; fast < 2; fast++) {
            memset(got, 0, sizeof got);
            assert_true(gcm_open(&g, fast, whole, got));
            assert_memory_equal(got, plain, n);
            sealed[n * 13 % whole.n] ^= 4;
            assert_false(gcm_open(&g, fast, whole, got));
            sealed[n * 13 % whole.n] ^= 4;
            nonce[n % GCM_NONCE] ^= 1;
            assert_false(gcm_open(&g, fast, whole, got));
            nonce[n % GCM_NONCE] ^= 1;
            assert_false(gcm_open(&g, fast, str_sub(whole, 0, GCM_TAG - 1), got));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(published), cmocka_unit_test(both_ways)};
    assert_true(sodium_init() >= 0);
    return cmocka_run_group_tests_name("store.seal_gcm", tests, NULL, NULL);
}
