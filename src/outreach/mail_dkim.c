/* Signs mail (DKIM, RFC 6376; Ed25519: RFC 8463) with the key of a file, by GnuTLS. All fields are
 * ours: each stands once, and From, To and Subject are signed also against a second one. Invariant:
 * with a key set nothing leaves unsigned. */
#include "outreach/mail_out_int.h"

#include <gnutls/abstract.h>
#include <sodium.h>
#include <stdlib.h>

#define KEY_MAX 16384u
#define RSA_MIN 2048u /* RFC 8301 3.2 */
#define LINE 72u

struct mail_dkim {
    gnutls_privkey_t key;
    bool ed25519;
    str selector, domain; /* of the configuration */
};

static bool load(struct mail_dkim *d, unsigned char *pem, size_t n)
{
    gnutls_datum_t in = {.data = pem, .size = (unsigned)n};
    unsigned bits = 0;
    if (gnutls_privkey_init(&d->key) != 0)
        return false;
    if (gnutls_privkey_import_x509_raw(d->key, &in, GNUTLS_X509_FMT_PEM, NULL, 0) != 0)
        return false;
    int kind = gnutls_privkey_get_pk_algorithm(d->key, &bits);
    d->ed25519 = kind == GNUTLS_PK_EDDSA_ED25519;
    return d->ed25519 || (kind == GNUTLS_PK_RSA && bits >= RSA_MIN);
}

static bool read_key(struct op *op, str path, struct mail_dkim *d)
{
    unsigned char pem[KEY_MAX];
    FILE *f = fopen(str_z(op->arena, path), "re");
    if (!f)
        return false;
    size_t n = fread(pem, 1, sizeof pem, f);
    bool ok = !ferror(f) && n < sizeof pem && load(d, pem, n);
    explicit_bzero(pem, sizeof pem);
    (void)fclose(f);
    return ok;
}

static err fill(struct op *op, const struct config *c, struct mail_dkim *d)
{
    str from = config_str(c, "smtp.from");
    d->selector = config_str(c, "smtp.dkim_selector");
    d->domain = config_str(c, "smtp.dkim_domain");
    if (str_empty(d->domain))
        d->domain = str_sub(from, str_find_char(from, '@', 0) + 1, from.n);
    if (str_empty(d->selector) || str_empty(d->domain))
        return fail(op, ERR_INVALID,
                    "smtp.dkim_key_file needs smtp.dkim_selector and an address in smtp.from");
    if (!read_key(op, config_str(c, "smtp.dkim_key_file"), d))
        return fail(op, ERR_INVALID,
                    "smtp.dkim_key_file holds no Ed25519 key and no RSA key of %u bits in PEM",
                    RSA_MIN);
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
    if (d && d->key)
        gnutls_privkey_deinit(d->key);
    free(d);
}

/* RFC 6376 3.4.2: name in small letters, one line, one blank for several, none at the ends. */
static void add_relaxed(struct buf *b, str field)
{
    size_t colon = str_find_char(field, ':', 0);
    str value = str_trim(str_sub(field, colon + 1, field.n));
    bool blank = false;
    for (size_t i = 0; i < colon && i < field.n; i++)
        buf_char(b, (char)(field.p[i] >= 'A' && field.p[i] <= 'Z' ? field.p[i] + 32 : field.p[i]));
    buf_char(b, ':');
    for (size_t i = 0; i < value.n; i++) {
        bool is =
            value.p[i] == ' ' || value.p[i] == '\t' || value.p[i] == '\r' || value.p[i] == '\n';
        if (is && !blank)
            buf_char(b, ' ');
        else if (!is)
            buf_char(b, value.p[i]);
        blank = is;
    }
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

static void add_names(struct buf *b, str head)
{
    str field;
    for (size_t at = 0; next_field(head, &at, &field);) {
        buf_add(b, str_sub(field, 0, str_find_char(field, ':', 0)));
        buf_add(b, STR(":\r\n "));
    }
    buf_add(b, STR("From:To:Subject"));
}

static str base64_of(struct op *op, const unsigned char *p, size_t n)
{
    size_t max = sodium_base64_ENCODED_LEN(n, sodium_base64_VARIANT_ORIGINAL);
    char *out = arena_alloc(op->arena, max);
    if (!out)
        return STR_NONE;
    return str_of(sodium_bin2base64(out, max, p, n, sodium_base64_VARIANT_ORIGINAL));
}

static str sign(struct op *op, const struct mail_dkim *d, str data)
{
    unsigned char sum[32], *p;
    gnutls_datum_t in = {.size = (unsigned)data.n}, out = {0};
    memcpy(&p, &data.p, sizeof p); /* read only */
    in.data = p;
    if (d->ed25519) { /* RFC 8463 3: over the hash */
        crypto_hash_sha256(sum, p, data.n);
        in = (gnutls_datum_t){.data = sum, .size = sizeof sum};
    }
    int rc = d->ed25519 ? gnutls_privkey_sign_data2(d->key, GNUTLS_SIGN_EDDSA_ED25519, 0, &in, &out)
                        : gnutls_privkey_sign_data(d->key, GNUTLS_DIG_SHA256, 0, &in, &out);
    str text = rc == 0 ? base64_of(op, out.data, out.size) : STR_NONE;
    gnutls_free(out.data);
    return text;
}

str dkim_field(struct op *op, const struct mail_dkim *d, str head, str body)
{
    unsigned char sum[32];
    struct buf b, data;
    str field;
    buf_init(&b, op->arena, 16384);
    buf_init(&data, op->arena, 64u << 10);
    crypto_hash_sha256(sum, (const unsigned char *)body.p, body.n);
    buf_printf(&b, "DKIM-Signature: v=1; a=%s-sha256; c=relaxed/simple;\r\n d=%.*s;\r\n s=%.*s; ",
               d->ed25519 ? "ed25519" : "rsa", STR_ARG(d->domain), STR_ARG(d->selector));
    buf_printf(&b, "t=%lld;\r\n bh=%.*s;\r\n h=", (long long)(op->now / 1000),
               STR_ARG(base64_of(op, sum, sizeof sum)));
    add_names(&b, head);
    buf_add(&b, STR(";\r\n b="));
    for (size_t at = 0; next_field(head, &at, &field);) {
        add_relaxed(&data, field);
        buf_add(&data, STR("\r\n"));
    }
    add_relaxed(&data, buf_str(&b));
    str signature = buf_ok(&b) && buf_ok(&data) ? sign(op, d, buf_str(&data)) : STR_NONE;
    for (size_t i = 0; i < signature.n; i += LINE) {
        buf_add(&b, i ? STR("\r\n ") : STR_NONE);
        buf_add(&b, str_sub(signature, i, i + LINE));
    }
    buf_add(&b, STR("\r\n"));
    return str_empty(signature) || !buf_ok(&b) ? STR_NONE : buf_str(&b);
}
