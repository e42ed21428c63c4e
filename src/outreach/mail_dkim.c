/* Signs mail (DKIM, RFC 6376; Ed25519: RFC 8463) by libopendkim, with the key of a file. Every
 * field is signed, From, To and Subject also against a second one being added. Invariant: with a
 * key set nothing leaves unsigned. */
#include "outreach/mail_out_int.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <sys/types.h>

#include <opendkim/dkim.h>

#define KEY_MAX 16384u
#define RSA_MIN 2048u /* RFC 8301 3.2 */

struct mail_dkim {
    DKIM_LIB *lib;
    dkim_alg_t alg;
    char key[KEY_MAX], selector[64], domain[256];
};

/* What kind of key it is; -1: none that signs. */
static int alg_of(const char *pem)
{
    gnutls_datum_t in = {.data = NULL, .size = (unsigned)strlen(pem)};
    gnutls_x509_privkey_t key;
    unsigned bits = 0;
    int alg = -1;
    in.data = (unsigned char *)strdup(pem);
    if (!in.data)
        return -1;
    if (gnutls_x509_privkey_init(&key) == 0) {
        if (gnutls_x509_privkey_import2(key, &in, GNUTLS_X509_FMT_PEM, NULL, 0) == 0) {
            int kind = gnutls_x509_privkey_get_pk_algorithm2(key, &bits);
            alg = kind == GNUTLS_PK_EDDSA_ED25519            ? DKIM_SIGN_ED25519SHA256
                  : kind == GNUTLS_PK_RSA && bits >= RSA_MIN ? DKIM_SIGN_RSASHA256
                                                             : -1;
        }
        gnutls_x509_privkey_deinit(key);
    }
    explicit_bzero(in.data, in.size);
    free(in.data);
    return alg;
}

static bool read_key(struct op *op, str path, char *ret)
{
    FILE *f = fopen(str_z(op->arena, path), "re");
    if (!f)
        return false;
    size_t n = fread(ret, 1, KEY_MAX - 1, f);
    bool ok = !ferror(f) && n < KEY_MAX - 1;
    ret[n] = 0;
    (void)fclose(f);
    return ok;
}

static bool keep(char *to, size_t max, str s)
{
    if (s.n == 0 || s.n >= max)
        return false;
    memcpy(to, s.p, s.n);
    to[s.n] = 0;
    return true;
}

static err fill(struct op *op, const struct config *c, struct mail_dkim *d)
{
    static const char *twice[] = {"From", "To", "Subject", NULL};
    str from = config_str(c, "smtp.from"), domain = config_str(c, "smtp.dkim_domain");
    if (str_empty(domain))
        domain = str_sub(from, str_find_char(from, '@', 0) + 1, from.n);
    if (!keep(d->selector, sizeof d->selector, config_str(c, "smtp.dkim_selector")) ||
        !keep(d->domain, sizeof d->domain, domain))
        return fail(op, ERR_INVALID,
                    "smtp.dkim_key_file needs smtp.dkim_selector and an address in smtp.from");
    int alg = read_key(op, config_str(c, "smtp.dkim_key_file"), d->key) ? alg_of(d->key) : -1;
    if (alg < 0)
        return fail(
            op, ERR_INVALID,
            "smtp.dkim_key_file holds no Ed25519 key and no RSA key of %u bits or more in PEM",
            RSA_MIN);
    d->alg = (dkim_alg_t)alg;
    d->lib = dkim_init(NULL, NULL);
    if (!d->lib || dkim_options(d->lib, DKIM_OP_SETOPT, DKIM_OPTS_OVERSIGNHDRS, twice,
                                sizeof(const char **)) != DKIM_STAT_OK)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    return OK;
}

err dkim_open(struct op *op, const struct config *config, struct mail_dkim **ret)
{
    if (str_empty(config_str(config, "smtp.dkim_key_file")))
        return OK;
    struct mail_dkim *d = calloc(1, sizeof *d);
    if (!d)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    err e = fill(op, config, d);
    if (e != OK)
        dkim_shut(d);
    else
        *ret = d;
    return e;
}

void dkim_shut(struct mail_dkim *d)
{
    if (!d)
        return;
    if (d->lib)
        dkim_close(d->lib);
    explicit_bzero(d->key, sizeof d->key);
    free(d);
}

/* The library wants bytes it may write to. */
static unsigned char *own(struct op *op, str s)
{
    char *p = arena_alloc(op->arena, s.n + 1);
    if (!p)
        return NULL;
    memcpy(p, s.p, s.n);
    p[s.n] = 0;
    return (unsigned char *)p;
}

/* One field with the lines that continue it. */
static bool next_field(str head, size_t *at, str *ret)
{
    size_t end = *at, begin = *at;
    do {
        end = str_find(head, STR("\r\n"), end);
        if (end == SIZE_MAX)
            return false;
        end += 2;
    } while (end < head.n && head.p[end] == ' ');
    *ret = str_sub(head, begin, end - 2);
    *at = end;
    return true;
}

static bool run(struct op *op, DKIM *s, str head, str body)
{
    str field;
    for (size_t at = 0; next_field(head, &at, &field);)
        if (dkim_header(s, own(op, field), field.n) != DKIM_STAT_OK)
            return false;
    return op_check(op) == OK && dkim_eoh(s) == DKIM_STAT_OK &&
           dkim_body(s, own(op, body), body.n) == DKIM_STAT_OK && dkim_eom(s, NULL) == DKIM_STAT_OK;
}

/* The library folds with a bare line feed. */
static str with_crlf(struct op *op, str value)
{
    struct buf b;
    str line;
    buf_init(&b, op->arena, 16384);
    buf_add(&b, STR("DKIM-Signature: "));
    while (str_take_until(&value, '\n', &line)) {
        buf_add(&b, str_ends(line, STR("\r")) ? str_sub(line, 0, line.n - 1) : line);
        buf_add(&b, STR("\r\n"));
    }
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

str dkim_field(struct op *op, struct mail_dkim *d, str head, str body)
{
    static const char name[] = "DKIM-Signature: ";
    DKIM_STAT st = DKIM_STAT_OK;
    unsigned char *value = NULL;
    size_t n = 0;
    str field = STR_NONE;
    DKIM *s = dkim_sign(d->lib, (const unsigned char *)"mail", NULL, (dkim_sigkey_t)d->key,
                        (const unsigned char *)d->selector, (const unsigned char *)d->domain,
                        DKIM_CANON_RELAXED, DKIM_CANON_SIMPLE, d->alg, -1, &st);
    if (!s)
        return STR_NONE;
    if (run(op, s, head, body) && dkim_getsighdr_d(s, sizeof name - 1, &value, &n) == DKIM_STAT_OK)
        field = with_crlf(op, str_make((const char *)value, n));
    dkim_free(s);
    return field;
}
