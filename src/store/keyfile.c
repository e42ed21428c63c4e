/* DIR/keys: the ring of keys, sealed by a master key that lies in a file of its own (DIR/master or
 * wherever the keys file says), in a token, or comes from a passphrase. Text lines, then the sealed
 * ring: weft-keys 2 / master file PATH | master pass SALT | master token MODULE, token, label, pin,
 * key / wrapped / nonce(24) text tag(16) Invariants: whatever is cut short, a keys file and a
 * master that opens it are there: a file is replaced by renaming, and a new master joins the old
 * one before the ring moves over to it. Nothing is read that others than its owner (or root) may
 * read. */
#include "base/uuid.h"
#include "store/store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD "weft-keys 2\n"
#define HEAD_OLD "weft-keys 1\n"
#define MASTER_HEAD "weft-master 1\n"
#define LINE 65u /* a key in hex */
#define MASTERS 2u
#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG crypto_aead_xchacha20poly1305_ietf_ABYTES
#define PASS_LEAST 12u

struct masters {
    uint8_t key[MASTERS][32];
    unsigned n;
};

static err cannot(struct op *op, const char *what)
{
    return fail(op, ERR_UNAVAILABLE, "the %s cannot be read (%s)", what, strerrordesc_np(errno));
}

static err read_all(struct op *op, int fd, const char *what, str *ret)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return cannot(op, what);
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0 ||
        (st.st_uid != geteuid() && st.st_uid != 0))
        return fail(op, ERR_FORBIDDEN,
                    "the %s may be read by others than its owner; make it yours and chmod 600",
                    what);
    if (st.st_size < 0 || (size_t)st.st_size > RING_BYTES_MAX)
        return fail(op, ERR_FAULT, "the %s is damaged", what);
    size_t size = (size_t)st.st_size, n = 0;
    char *bytes = arena_alloc(op->arena, size + 1);
    if (!bytes)
        return out_of_memory(op);
    while (n < size) {
        ssize_t got = read(fd, bytes + n, size - n);
        if (got <= 0)
            return cannot(op, what);
        n += (size_t)got;
    }
    *ret = str_make(bytes, size);
    return OK;
}

err secret_read(struct op *op, const char *path, const char *what, str *ret)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return cannot(op, what);
    err e = read_all(op, fd, what, ret);
    close(fd);
    return e;
}

static bool sync_above(struct op *op, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *dir = slash ? str_z(op->arena, str_make(path, (size_t)(slash - path) + 1)) : ".";
    int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

err file_replace(struct op *op, const char *path, str bytes)
{
    str fresh = arena_printf(op->arena, "%s.new", path);
    if (!fresh.p)
        return out_of_memory(op);
    (void)unlink(fresh.p);
    int fd = open(fresh.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n && fsync(fd) == 0;
    if (fd >= 0)
        good = close(fd) == 0 && good;
    good = good && rename(fresh.p, path) == 0;
    if (good && sync_above(op, path))
        return OK;
    int why = errno;
    (void)unlink(fresh.p);
    return fail(op, ERR_UNAVAILABLE, "%s cannot be written (%s)", path, strerrordesc_np(why));
}

/* ---- the text ---- */

static bool take_line(str *in, str word, str *ret)
{
    str line;
    return str_take_until(in, '\n', &line) && str_starts(line, word) &&
           (*ret = str_sub(line, word.n, line.n)).n > 0;
}

bool keyfile_read(str text, struct keyfile *ret)
{
    struct keyfile f = {.head = text};
    str in = text, none;
    if (!str_starts(in, STR(HEAD)))
        return false;
    in = str_sub(in, sizeof HEAD - 1, SIZE_MAX);
    if (str_starts(in, STR("master file "))) {
        f.wrap.kind = MASTER_FILE;
        if (!take_line(&in, STR("master file "), &f.wrap.path))
            return false;
    } else if (str_starts(in, STR("master token "))) {
        f.wrap.kind = MASTER_TOKEN;
        if (!take_line(&in, STR("master token "), &f.wrap.path) ||
            !take_line(&in, STR("token "), &f.wrap.token) ||
            !take_line(&in, STR("label "), &f.wrap.label) ||
            !take_line(&in, STR("pin "), &f.wrap.pin) ||
            !take_line(&in, STR("key "), &f.wrap.bytes))
            return false;
    } else {
        f.wrap.kind = MASTER_PASS;
        if (!take_line(&in, STR("master pass "), &f.wrap.bytes))
            return false;
    }
    if (!str_take_until(&in, '\n', &none) || !str_eq(none, STR("wrapped")) || in.n < NONCE + TAG)
        return false;
    f.head.n = (size_t)(in.p - text.p);
    f.sealed = in;
    *ret = f;
    return true;
}

static err keys_damaged(struct op *op)
{
    return fail(op, ERR_FAULT, "the keys file of the data folder is damaged");
}

static bool unhex(str hex, uint8_t *out, size_t n)
{
    size_t got = 0;
    return hex.n == 2 * n && sodium_hex2bin(out, n, hex.p, hex.n, NULL, &got, NULL) == 0 &&
           got == n;
}

/* ---- masters ---- */

static const char *master_path(struct op *op, str dir, str path)
{
    return str_starts(path, STR("/"))
               ? str_z(op->arena, path)
               : arena_printf(op->arena, "%.*s/%.*s", STR_ARG(dir), STR_ARG(path)).p;
}

static err master_of_file(struct op *op, const char *path, struct masters *ret)
{
    str text = STR_NONE, line;
    if (!path)
        return out_of_memory(op);
    TRY(secret_read(op, path, "master key file", &text));
    str in = text;
    bool good = str_starts(in, STR(MASTER_HEAD));
    in = good ? str_sub(in, sizeof MASTER_HEAD - 1, SIZE_MAX) : STR_NONE;
    for (ret->n = 0; good && in.n && ret->n < MASTERS; ret->n += good)
        good = str_take_until(&in, '\n', &line) && unhex(line, ret->key[ret->n], 32);
    good = good && ret->n && in.n == 0;
    explicit_bzero((char *)(uintptr_t)text.p, text.n);
    return good ? OK : fail(op, ERR_FAULT, "the master key file is damaged");
}

static err master_of_pass(struct op *op, str salt_hex, str pass, struct masters *ret)
{
    uint8_t salt[crypto_pwhash_SALTBYTES];
    if (!unhex(salt_hex, salt, sizeof salt))
        return keys_damaged(op);
    if (!pass.n)
        return fail(op, ERR_INVALID, "this copy of the keys needs its passphrase");
    ret->n = 1;
    if (crypto_pwhash(ret->key[0], 32, pass.p, pass.n, salt, crypto_pwhash_OPSLIMIT_MODERATE,
                      crypto_pwhash_MEMLIMIT_MODERATE, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return out_of_memory(op);
    return OK;
}

static err masters_get(struct op *op, str dir, const struct wrap *w, str pass, struct masters *ret)
{
    if (w->kind == MASTER_TOKEN) {
        ret->n = 1;
        return token_unwrap(op, w, ret->key[0]);
    }
    return w->kind == MASTER_FILE ? master_of_file(op, master_path(op, dir, w->path), ret)
                                  : master_of_pass(op, w->bytes, pass, ret);
}

static err master_write(struct op *op, const char *path, const struct masters *m)
{
    char text[sizeof MASTER_HEAD + MASTERS * LINE] = MASTER_HEAD;
    size_t n = sizeof MASTER_HEAD - 1;
    for (unsigned i = 0; i < m->n; i++, n += LINE) {
        sodium_bin2hex(text + n, LINE, m->key[i], 32);
        text[n + LINE - 1] = '\n';
    }
    err e = path ? file_replace(op, path, str_make(text, n)) : out_of_memory(op);
    sodium_memzero(text, sizeof text);
    return e;
}

/* ---- the ring in it ---- */

static bool open_sealed(const struct keyfile *f, const uint8_t key[32], char *out)
{
    const unsigned char *in = (const unsigned char *)f->sealed.p;
    return crypto_aead_xchacha20poly1305_ietf_decrypt(
               (unsigned char *)out, NULL, NULL, in + NONCE, f->sealed.n - NONCE,
               (const unsigned char *)f->head.p, f->head.n, in, key) == 0;
}

static err ring_of(struct op *op, const struct keyfile *f, const struct masters *m,
                   struct ring **ret)
{
    size_t n = f->sealed.n - NONCE - TAG;
    char *plain = arena_alloc(op->arena, n + 1);
    bool good = false;
    if (!plain)
        return out_of_memory(op);
    for (unsigned i = 0; i < m->n && !good; i++)
        good = open_sealed(f, m->key[i], plain);
    err e = good ? ring_unpack(op, str_make(plain, n), ret)
                 : fail(op, ERR_FAULT,
                        "the master key does not open the keys file: it is another folder's, an "
                        "older one, or the keys file is damaged");
    sodium_memzero(plain, n);
    return e;
}

static err write_ring(struct op *op, const char *path, str head, const uint8_t key[32],
                      const struct ring *r)
{
    str plain = STR_NONE;
    TRY(ring_pack(op, r, &plain));
    size_t n = head.n + NONCE + plain.n + TAG;
    char *out = arena_alloc(op->arena, n);
    if (out) {
        unsigned char *at = (unsigned char *)out + head.n;
        memcpy(out, head.p, head.n);
        random_bytes(at, NONCE);
        crypto_aead_xchacha20poly1305_ietf_encrypt(at + NONCE, NULL, (const unsigned char *)plain.p,
                                                   plain.n, (const unsigned char *)head.p, head.n,
                                                   NULL, at, key);
    }
    explicit_bzero((char *)(uintptr_t)plain.p, plain.n);
    if (!out)
        return out_of_memory(op);
    return n > RING_BYTES_MAX
               ? fail(op, ERR_TOO_LARGE, "the keys file would grow past what it may be")
               : file_replace(op, path, str_make(out, n));
}

static const char *keys_path(struct op *op, str dir)
{
    return arena_printf(op->arena, "%.*s/keys", STR_ARG(dir)).p;
}

/* ---- the first version: one key for everything, in the clear ---- */

static err old_ring(struct op *op, str text, struct ring **ret)
{
    uint8_t master[32];
    str hex = str_sub(text, sizeof HEAD_OLD - 1, text.n - 1);
    struct ring *r = NULL;
    if (text.n != sizeof HEAD_OLD + 64 || !unhex(hex, master, 32))
        return keys_damaged(op);
    r = ring_new(op->now);
    if (!r)
        return out_of_memory(op);
    crypto_kdf_derive_from_key(r->old, sizeof r->old, 1, "weftdata", master);
    crypto_kdf_derive_from_key(r->blind, sizeof r->blind, 2, "weftblnd", master);
    crypto_kdf_derive_from_key(r->id, sizeof r->id, 3, "weftids_", master);
    sodium_memzero(master, sizeof master);
    r->has_old = true;
    *ret = r;
    return OK;
}

/* Whose copies travel may not be trusted to name a module to load or a file to read: what stands
 * before the seal is checked by the seal only once there is a key. */
static bool is_copy(str text)
{
    return str_starts(text, STR(HEAD "master pass "));
}

/* Somebody may be changing both files just now. */
#define TRIES 3

static err open_once(struct op *op, str path, str dir, str pass, struct ring **ret)
{
    str text = STR_NONE;
    struct keyfile f;
    struct masters m = {.n = 0};
    TRY(secret_read(op, str_z(op->arena, path), "keys file of the data folder", &text));
    if (pass.n && !is_copy(text))
        return fail(op, ERR_INVALID,
                    "this is no copy of keys that a passphrase sealed; leave the passphrase away "
                    "if it is the keys file of a data folder of yours");
    if (str_starts(text, STR(HEAD_OLD)))
        return old_ring(op, text, ret);
    if (!keyfile_read(text, &f))
        return keys_damaged(op);
    err e = masters_get(op, dir, &f.wrap, pass, &m);
    if (e == OK)
        e = ring_of(op, &f, &m, ret);
    sodium_memzero(&m, sizeof m);
    return e;
}

err keyfile_open_at(struct op *op, str path, str dir, str pass, struct ring **ret)
{
    err e = sodium_init() < 0 ? out_of_memory(op) : ERR_FAULT;
    for (unsigned i = 0; e == ERR_FAULT && i < TRIES; i++) {
        op_clear(op);
        e = open_once(op, path, dir, pass, ret);
    }
    return e;
}

err keyfile_peek(struct op *op, str dir, struct ring **ret)
{
    const char *path = keys_path(op, dir);
    struct ring *r = NULL;
    if (!path)
        return out_of_memory(op);
    TRY(keyfile_open_at(op, str_of(path), dir, STR_NONE, &r));
    if (r->generation) {
        *ret = r;
        return OK;
    }
    ring_free(r); /* made up a moment ago, and nowhere else */
    return fail(op, ERR_CONFLICT,
                "the data folder is still as an older weft left it; start this one on it first");
}

static err file_now(struct op *op, str dir, struct keyfile *ret)
{
    str text = STR_NONE;
    const char *path = keys_path(op, dir);
    if (!path)
        return out_of_memory(op);
    TRY(secret_read(op, path, "keys file of the data folder", &text));
    return keyfile_read(text, ret) ? OK : keys_damaged(op);
}

/* The master that opens what is there now. */
static err right_master(struct op *op, const struct keyfile *f, const struct masters *m,
                        unsigned *ret)
{
    char *plain = arena_alloc(op->arena, f->sealed.n);
    if (!plain)
        return out_of_memory(op);
    for (unsigned i = 0; i < m->n; i++) {
        if (open_sealed(f, m->key[i], plain)) {
            sodium_memzero(plain, f->sealed.n);
            *ret = i;
            return OK;
        }
    }
    return fail(op, ERR_FAULT, "the master key does not open the keys file");
}

/* A change of the master that was cut short leaves the old one beside the new. */
static err master_settle(struct op *op, str dir)
{
    struct keyfile f;
    struct masters m = {.n = 0};
    unsigned at = 0;
    TRY(file_now(op, dir, &f));
    if (f.wrap.kind != MASTER_FILE)
        return OK;
    err e = masters_get(op, dir, &f.wrap, STR_NONE, &m);
    if (e == OK && m.n > 1)
        e = right_master(op, &f, &m, &at);
    if (e == OK && m.n > 1) {
        memcpy(m.key[0], m.key[at], 32);
        m.n = 1;
        if (master_write(op, master_path(op, dir, f.wrap.path), &m) != OK)
            op_clear(op); /* next time */
    }
    sodium_memzero(&m, sizeof m);
    return e;
}

err keyfile_open(struct op *op, str dir, struct ring **ret)
{
    struct ring *r = NULL;
    const char *path = keys_path(op, dir);
    if (!path)
        return out_of_memory(op);
    TRY(keyfile_open_at(op, str_of(path), dir, STR_NONE, &r));
    err e = r->generation ? master_settle(op, dir) : keyfile_import(op, dir, r);
    if (e == OK)
        *ret = r;
    else
        ring_free(r);
    return e;
}

/* ---- writing ---- */

err keyfile_import(struct op *op, str dir, struct ring *r)
{
    static const str head = {HEAD "master file master\nwrapped\n",
                             sizeof HEAD "master file master\nwrapped\n" - 1};
    struct masters m = {.n = 1};
    const char *path = keys_path(op, dir);
    if (!path)
        return out_of_memory(op);
    r->generation++;
    random_bytes(m.key[0], 32);
    err e = master_write(op, master_path(op, dir, STR("master")), &m);
    if (e == OK)
        e = write_ring(op, path, head, m.key[0], r);
    sodium_memzero(&m, sizeof m);
    return e;
}

err keyfile_create(struct op *op, str dir, int64_t now)
{
    const char *path = keys_path(op, dir);
    if (!path)
        return out_of_memory(op);
    if (access(path, F_OK) == 0)
        return fail(op, ERR_CONFLICT, "the keys file cannot be made in the data folder");
    struct ring *r = ring_new(now);
    if (!r)
        return out_of_memory(op);
    err e = keyfile_import(op, dir, r);
    ring_free(r);
    return e;
}

err keyfile_save(struct op *op, str dir, struct ring *r)
{
    struct keyfile f;
    struct masters m = {.n = 0};
    unsigned at = 0;
    TRY(file_now(op, dir, &f));
    err e = masters_get(op, dir, &f.wrap, STR_NONE, &m);
    if (e == OK)
        e = right_master(op, &f, &m, &at);
    r->generation++;
    if (e == OK)
        e = write_ring(op, keys_path(op, dir), f.head, m.key[at], r);
    sodium_memzero(&m, sizeof m);
    return e;
}

/* The new master beside the old one, the ring over to it, the old one away. */
static err rotate_file(struct op *op, str dir, const struct keyfile *f, struct ring *r)
{
    struct masters m = {.n = 0}, both;
    unsigned at = 0;
    const char *path = master_path(op, dir, f->wrap.path);
    TRY(masters_get(op, dir, &f->wrap, STR_NONE, &m));
    err e = right_master(op, f, &m, &at);
    both.n = 2;
    random_bytes(both.key[0], 32);
    memcpy(both.key[1], m.key[at], 32);
    if (e == OK)
        e = master_write(op, path, &both);
    r->generation++;
    if (e == OK)
        e = write_ring(op, keys_path(op, dir), f->head, both.key[0], r);
    both.n = 1;
    if (e == OK)
        e = master_write(op, path, &both);
    sodium_memzero(&m, sizeof m);
    sodium_memzero(&both, sizeof both);
    return e;
}

static str token_head(struct op *op, const struct wrap *w)
{
    return arena_printf(op->arena,
                        HEAD "master token %.*s\ntoken %.*s\nlabel %.*s\npin %.*s\nkey "
                             "%.*s\nwrapped\n",
                        STR_ARG(w->path), STR_ARG(w->token), STR_ARG(w->label), STR_ARG(w->pin),
                        STR_ARG(w->bytes));
}

static err into_token(struct op *op, str dir, struct ring *r, struct wrap w)
{
    uint8_t key[32], label[8];
    char hex[2 * sizeof label + 1];
    random_bytes(key, sizeof key);
    random_bytes(label, sizeof label);
    w.kind = MASTER_TOKEN;
    w.label =
        arena_printf(op->arena, "weft-%s", sodium_bin2hex(hex, sizeof hex, label, sizeof label));
    err e = w.label.p ? token_wrap_new(op, &w, key) : out_of_memory(op);
    str head = e == OK ? token_head(op, &w) : STR_NONE;
    r->generation++;
    if (e == OK)
        e = head.p ? write_ring(op, keys_path(op, dir), head, key, r) : out_of_memory(op);
    sodium_memzero(key, sizeof key);
    return e;
}

/* Nothing needs it any more; what cannot be removed now is only of no use. */
static void remove_master(struct op *op, str dir, const struct wrap *w)
{
    const char *path = w->kind == MASTER_FILE ? master_path(op, dir, w->path) : NULL;
    if (path)
        (void)unlink(path);
    if (w->kind == MASTER_TOKEN && token_destroy(op, w) != OK)
        op_clear(op);
}

err keyfile_move(struct op *op, str dir, struct ring *r, const struct wrap *to)
{
    struct keyfile f;
    TRY(file_now(op, dir, &f));
    if (to->kind == MASTER_FILE && f.wrap.kind == MASTER_FILE)
        return fail(op, ERR_CONFLICT, "the master key lies in a file already");
    TRY(to->kind == MASTER_TOKEN ? into_token(op, dir, r, *to) : keyfile_import(op, dir, r));
    remove_master(op, dir, &f.wrap);
    return OK;
}

err keyfile_rotate(struct op *op, str dir, struct ring *r)
{
    struct keyfile f;
    TRY(file_now(op, dir, &f));
    return f.wrap.kind == MASTER_TOKEN ? keyfile_move(op, dir, r, &f.wrap)
                                       : rotate_file(op, dir, &f, r);
}

/* Only an older copy is replaced: never a database, a master key or anything else of somebody's. */
static err copy_may_go(struct op *op, str path)
{
    str text = STR_NONE;
    struct stat st;
    const char *at = str_z(op->arena, path);
    if (!at)
        return out_of_memory(op);
    if (lstat(at, &st) != 0 && errno == ENOENT)
        return OK;
    if (secret_read(op, at, "file that is there", &text) == OK && is_copy(text))
        return OK;
    op_clear(op);
    return fail(op, ERR_CONFLICT,
                "%.*s is there and is no copy of keys; name a new file, or an older copy to be "
                "replaced",
                STR_ARG(path));
}

err keyfile_export(struct op *op, str path, const struct ring *r, str pass)
{
    uint8_t salt[crypto_pwhash_SALTBYTES];
    char hex[2 * sizeof salt + 1];
    struct masters m = {.n = 0};
    if (pass.n < PASS_LEAST)
        return fail(op, ERR_INVALID, "the passphrase of a copy of the keys has at least %u bytes",
                    PASS_LEAST);
    random_bytes(salt, sizeof salt);
    sodium_bin2hex(hex, sizeof hex, salt, sizeof salt);
    str head = arena_printf(op->arena, HEAD "master pass %s\nwrapped\n", hex);
    if (!head.p)
        return out_of_memory(op);
    TRY(copy_may_go(op, path));
    err e = master_of_pass(op, str_of(hex), pass, &m);
    if (e == OK)
        e = write_ring(op, str_z(op->arena, path), head, m.key[0], r);
    sodium_memzero(&m, sizeof m);
    return e;
}
