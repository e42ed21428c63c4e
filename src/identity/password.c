/* Passwords: strength by NIST SP 800-63B 5.1.1.2 and OWASP ASVS 2.1 (12 characters and a list of
 * known ones, also with something tacked on, doubled, or counted up; no composition rules), hashing
 * by argon2id. At most two hashes run at once: each takes 64 MiB. */
#include "common_passwords_gen.h"
#include "identity/identity_int.h"

#include <sodium.h>

#define HASHES_AT_ONCE 2
#define PASSWORD_MIN 12
#define PASSWORD_MAX 256
#define OPS crypto_pwhash_OPSLIMIT_INTERACTIVE
#define MEMORY crypto_pwhash_MEMLIMIT_INTERACTIVE

static str lower(struct arena *a, str s)
{
    char *p = arena_alloc(a, s.n + 1);
    for (size_t i = 0; p && i < s.n; i++)
        p[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + ('a' - 'A') : s.p[i]);
    return p ? str_make(p, s.n) : s;
}

static bool is_common(str low)
{
    size_t lo = 0, hi = COMMON_PASSWORDS;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int order = str_cmp(low, str_of(common_passwords[mid]));
        if (order == 0)
            return true;
        if (order < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return false;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c & 0x80);
}

/* One step as all the others: the same character again, the next one, the one before. */
static bool counted(str s)
{
    int step = s.n > 1 ? s.p[1] - s.p[0] : 0;
    for (size_t i = 1; i < s.n; i++) {
        int d = s.p[i] - s.p[i - 1];
        bool over = (s.p[i - 1] == '9' && s.p[i] == '0') || (s.p[i - 1] == '0' && s.p[i] == '9');
        if (d != step && !over)
            return false;
    }
    return step >= -1 && step <= 1;
}

/* The shortest piece that the text is made of, over and over. */
static str piece_of(str s)
{
    for (size_t n = 1; n <= s.n / 2; n++)
        if (s.n % n == 0 && memcmp(s.p, s.p + n, s.n - n) == 0)
            return str_sub(s, 0, n);
    return s;
}

/* Without what stands around its letters. */
static str core_of(str s)
{
    size_t lo = 0, hi = s.n;
    while (lo < hi && !is_letter(s.p[lo]))
        lo++;
    while (hi > lo && !is_letter(s.p[hi - 1]))
        hi--;
    return str_sub(s, lo, hi);
}

static bool is_guessed(str low)
{
    str piece = piece_of(low), core = core_of(low);
    return is_common(low) || is_common(piece) || is_common(core) || is_common(piece_of(core)) ||
           piece.n < 5 || counted(low);
}

static size_t characters(str s)
{
    size_t n = 0, at = 0;
    while (at < s.n) {
        str_utf8_next(s, &at);
        n++;
    }
    return n;
}

err password_check_strength(struct op *op, str password, str user)
{
    str low = lower(op->arena, password);
    size_t at = str_find_char(user, '@', 0);
    str name = str_sub(user, 0, at);
    if (characters(password) < PASSWORD_MIN)
        return fail(op, ERR_INVALID, "The password is too short; use at least 12 characters.");
    if (password.n > PASSWORD_MAX)
        return fail(op, ERR_INVALID, "The password is too long; use at most 256 bytes.");
    if (is_guessed(low))
        return fail(op, ERR_INVALID,
                    "This password is on the list of common ones; choose another.");
    if (name.n >= 4 && str_find(low, name, 0) != SIZE_MAX)
        return fail(op, ERR_INVALID, "The password contains the user name; choose another.");
    return OK;
}

static void enter(struct identity *id)
{
    pthread_mutex_lock(&id->hashing);
    while (id->hashing_now >= HASHES_AT_ONCE)
        pthread_cond_wait(&id->hashing_free, &id->hashing);
    id->hashing_now++;
    pthread_mutex_unlock(&id->hashing);
}

static void leave(struct identity *id)
{
    pthread_mutex_lock(&id->hashing);
    id->hashing_now--;
    pthread_cond_signal(&id->hashing_free);
    pthread_mutex_unlock(&id->hashing);
}

err password_hash(struct op *op, struct identity *id, str password, str *ret)
{
    char text[crypto_pwhash_STRBYTES];
    enter(id);
    int bad = crypto_pwhash_str_alg(text, password.p, password.n, OPS, MEMORY,
                                    crypto_pwhash_ALG_ARGON2ID13);
    leave(id);
    if (bad)
        return fail(op, ERR_UNAVAILABLE, "No memory to check a password; try again soon.");
    *ret = arena_str(op->arena, str_of(text));
    return OK;
}

/* Of nobody's password, with the same parameters: verifying it takes as long. */
static const char nobody[] = "$argon2id$v=19$m=65536,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
                             "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

bool password_verify(struct identity *id, str stored, str password)
{
    char text[crypto_pwhash_STRBYTES] = "";
    str against = stored.n && stored.n < sizeof text ? stored : STR(nobody);
    memcpy(text, against.p, against.n);
    enter(id);
    bool same = crypto_pwhash_str_verify(text, password.p, password.n) == 0;
    leave(id);
    sodium_memzero(text, sizeof text);
    return same && stored.n > 0;
}
