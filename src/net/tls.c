/* TLS in the server itself (GnuTLS by way of libmicrohttpd): TLS 1.2 and 1.3 only, one certificate
 * chain and key from two PEM files, read again when they change, so that a renewed certificate
 * needs no restart. Connections keep what they began with. Invariant: a pair that does not belong
 * together, or cannot be read, never replaces one that works. */
#include "net/net_int.h"

#include "base/log.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <sys/stat.h>

#define CHAIN_MAX 10u
#define FILE_MAX (256u << 10)
#define GENERATIONS 4u /* replaced ones may still be in a handshake */

struct pair {
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned n;
    gnutls_privkey_t key;
};

struct tls {
    char *cert, *key;
    pthread_rwlock_t lock; /* guards pairs and now */
    struct pair pairs[GENERATIONS];
    unsigned now;
    struct timespec changed[2];
};

static bool slurp(const char *path, gnutls_datum_t *ret)
{
    return gnutls_load_file(path, ret) == 0 && ret->size > 0 && ret->size <= FILE_MAX;
}

static void pair_free(struct pair *p)
{
    for (unsigned i = 0; i < p->n; i++)
        gnutls_pcert_deinit(&p->chain[i]);
    if (p->key)
        gnutls_privkey_deinit(p->key);
    *p = (struct pair){0};
}

/* The first certificate's public key is that of the private key. */
static bool belong(const struct pair *p)
{
    gnutls_pubkey_t of_key;
    uint8_t a[64], b[64];
    size_t na = sizeof a, nb = sizeof b;
    if (gnutls_pubkey_init(&of_key) != 0)
        return false;
    bool same =
        gnutls_pubkey_import_privkey(of_key, p->key, 0, 0) == 0 &&
        gnutls_pubkey_get_key_id(of_key, GNUTLS_KEYID_USE_SHA256, a, &na) == 0 &&
        gnutls_pubkey_get_key_id(p->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256, b, &nb) == 0 &&
        na == nb && memcmp(a, b, na) == 0;
    gnutls_pubkey_deinit(of_key);
    return same;
}

static const char *pair_read(const struct tls *t, struct pair *p)
{
    gnutls_datum_t text = {0};
    const char *wrong = NULL;
    p->n = CHAIN_MAX;
    if (!slurp(t->cert, &text) ||
        gnutls_pcert_list_import_x509_raw(p->chain, &p->n, &text, GNUTLS_X509_FMT_PEM, 0) < 0 ||
        p->n == 0) {
        p->n = 0;
        wrong = "tls.cert cannot be read; it is a PEM file with the certificate and its chain";
    }
    gnutls_free(text.data);
    text = (gnutls_datum_t){0};
    if (!wrong && (!slurp(t->key, &text) || gnutls_privkey_init(&p->key) != 0 ||
                   gnutls_privkey_import_x509_raw(p->key, &text, GNUTLS_X509_FMT_PEM, NULL, 0) < 0))
        wrong = "tls.key cannot be read; it is a PEM file with the certificate's private key";
    if (text.data)
        gnutls_memset(text.data, 0, text.size);
    gnutls_free(text.data);
    if (!wrong && !belong(p))
        wrong = "tls.cert and tls.key do not belong together";
    if (wrong)
        pair_free(p);
    return wrong;
}

static bool changed(const struct tls *t, struct timespec ret[2])
{
    struct stat c, k;
    if (stat(t->cert, &c) != 0 || stat(t->key, &k) != 0)
        return false;
    ret[0] = c.st_mtim;
    ret[1] = k.st_mtim;
    return memcmp(ret, t->changed, sizeof t->changed) != 0;
}

void tls_tick(struct tls *t)
{
    struct timespec times[2] = {{0}};
    struct pair fresh = {0};
    if (!t || !changed(t, times))
        return;
    memcpy(t->changed, times, sizeof times);
    const char *wrong = pair_read(t, &fresh);
    if (wrong) { /* half of the pair is new: the other half comes, and changes the times again */
        log_event(LOG_WARN, "tls.reload", "kept=old what=\"%s\"", wrong);
        return;
    }
    pthread_rwlock_wrlock(&t->lock);
    unsigned next = (t->now + 1) % GENERATIONS;
    pair_free(&t->pairs[next]);
    t->pairs[next] = fresh;
    t->now = next;
    pthread_rwlock_unlock(&t->lock);
    log_event(LOG_INFO, "tls.reload", "chain=%u", fresh.n);
}

err tls_new(struct op *op, str cert, str key, struct tls **ret)
{
    struct tls *t = calloc(1, sizeof *t);
    struct timespec times[2];
    if (!t)
        return fail(op, ERR_UNAVAILABLE, "No memory for TLS.");
    t->cert = strdup(str_z(op->arena, cert));
    t->key = strdup(str_z(op->arena, key));
    pthread_rwlock_init(&t->lock, NULL);
    const char *wrong = t->cert && t->key ? pair_read(t, &t->pairs[0]) : "no memory for TLS";
    if (wrong) {
        tls_free(t);
        return fail(op, ERR_INVALID, "%s.", wrong);
    }
    if (changed(t, times))
        memcpy(t->changed, times, sizeof times);
    *ret = t;
    return OK;
}

void tls_free(struct tls *t)
{
    if (!t)
        return;
    for (unsigned i = 0; i < GENERATIONS; i++)
        pair_free(&t->pairs[i]);
    pthread_rwlock_destroy(&t->lock);
    free(t->cert);
    free(t->key);
    free(t);
}

/* libmicrohttpd hands over the session alone; its pointer is the connection, whose socket context
 * is our peer, which knows the server. */
int tls_retrieve(gnutls_session_t session, const gnutls_datum_t *cas, int n_cas,
                 const gnutls_pk_algorithm_t *algos, int n_algos, gnutls_pcert_st **ret_chain,
                 unsigned *ret_n, gnutls_privkey_t *ret_key)
{
    (void)cas, (void)n_cas, (void)algos, (void)n_algos;
    struct MHD_Connection *conn = gnutls_session_get_ptr(session);
    const union MHD_ConnectionInfo *info =
        conn ? MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT) : NULL;
    const struct peer *peer = info ? info->socket_context : NULL;
    struct tls *t = peer ? peer->server->tls : NULL;
    if (!t)
        return -1;
    if (peer->server->o.clients)
        gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
    pthread_rwlock_rdlock(&t->lock);
    struct pair *p = &t->pairs[t->now];
    *ret_chain = p->chain;
    *ret_n = p->n;
    *ret_key = p->key;
    pthread_rwlock_unlock(&t->lock);
    return 0;
}

static gnutls_session_t session_of(struct MHD_Connection *conn)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(conn, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info ? info->tls_session : NULL;
}

/* Its own time only: whom it belongs to is a list's business, not an authority's. */
static bool timely(const gnutls_datum_t *der)
{
    gnutls_x509_crt_t crt;
    time_t now = (time_t)(time_now() / 1000);
    if (gnutls_x509_crt_init(&crt) != 0)
        return false;
    bool ok = gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER) == 0 &&
              gnutls_x509_crt_get_activation_time(crt) <= now &&
              now < gnutls_x509_crt_get_expiration_time(crt);
    gnutls_x509_crt_deinit(crt);
    return ok;
}

str net_client_certificate(struct net_request *rq)
{
    struct request *r = (struct request *)(void *)rq;
    gnutls_session_t session = r->server->o.clients ? session_of(r->conn) : NULL;
    unsigned n = 0;
    uint8_t hash[32];
    const gnutls_datum_t *der = session ? gnutls_certificate_get_peers(session, &n) : NULL;
    char *hex = arena_alloc(rq->arena, 2 * sizeof hash + 1);
    if (!der || !n || !hex || !timely(der) ||
        gnutls_hash_fast(GNUTLS_DIG_SHA256, der[0].data, der[0].size, hash) != 0)
        return STR_NONE;
    for (size_t i = 0; i < sizeof hash; i++) {
        hex[2 * i] = "0123456789abcdef"[hash[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[hash[i] & 15];
    }
    return str_make(hex, 2 * sizeof hash);
}

bool tls_send(struct MHD_Connection *conn, str out)
{
    gnutls_session_t session = session_of(conn);
    if (!session)
        return false;
    size_t at = 0;
    while (at < out.n) { /* small against a socket buffer */
        ssize_t n = gnutls_record_send(session, out.p + at, out.n - at);
        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    return gnutls_bye(session, GNUTLS_SHUT_WR) == 0;
}
