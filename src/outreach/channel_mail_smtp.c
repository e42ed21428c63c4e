/* E-mail by SMTP (RFC 5321) through libcurl, with STARTTLS and the server's certificate checked
 * (smtp.allow_plain: only where the server offers it). One recipient a message, so that no patient
 * sees another. What the server says last decides what becomes of it; nothing is handed over twice.
 */
#include "outreach/mail_out_int.h"

#include <curl/curl.h>

struct upload {
    str text;
    size_t at;
};
/* Of the server's last refusal, "550 5.1.1 …": its words may name the patient, the codes do not. */
struct heard {
    uint64_t status;
    char enhanced[12];
};

static size_t feed(char *to, size_t size, size_t n, void *ctx)
{
    struct upload *u = ctx;
    size_t want = size * n, left = u->text.n - u->at;
    if (want > left)
        want = left;
    memcpy(to, u->text.p + u->at, want);
    u->at += want;
    return want;
}

/* Enhanced status codes: RFC 2034 4. */
static size_t hear(char *p, size_t size, size_t n, void *ctx)
{
    struct heard *h = ctx;
    str line = str_trim(str_make(p, size * n)),
        code = str_sub(line, 4, str_find_char(line, ' ', 4));
    uint64_t status = 0;
    if (!str_to_u64(str_sub(line, 0, 3), 599, &status) || status < 400)
        return size * n;
    *h = (struct heard){.status = status};
    bool is = code.n > 4 && code.n < sizeof h->enhanced && code.p[1] == '.';
    for (size_t i = 0; is && i < code.n; i++)
        is = code.p[i] == '.' || (code.p[i] >= '0' && code.p[i] <= '9');
    if (is)
        memcpy(h->enhanced, code.p, code.n);
    return size * n;
}

/* What is wrong between the server and us, in words of the log; NULL: nothing of that kind. */
static const char *between(CURLcode rc, long status)
{
    if (rc == CURLE_USE_SSL_FAILED)
        return "the-server-offers-no-STARTTLS";
    if (rc == CURLE_PEER_FAILED_VERIFICATION)
        return "the-certificate-is-not-trusted";
    if (rc == CURLE_SSL_CONNECT_ERROR)
        return "TLS-failed";
    if (rc == CURLE_SSL_CACERT_BADFILE)
        return "smtp.ca_file-cannot-be-read";
    return rc == CURLE_LOGIN_DENIED || status == 530 || status == 535 ? "sign-in-refused" : NULL;
}

/* The server's last word; until the text is fully out nothing was accepted (RFC 5321 4.2.5). What
 * is wrong with our sign-in or the server's certificate is not the message's fault: it waits. */
static enum sent meaning(CURLcode rc, long status, const struct upload *u, const struct heard *h)
{
    str row;
    if (rc == CURLE_OK)
        return SENT_OK;
    if (between(rc, status))
        return SENT_LATER;
    bool gone =
        h->status == (uint64_t)status && mail_means(str_of(h->enhanced), &row) == MEANS_GONE;
    if (status >= 500 && status < 600)
        return gone ? SENT_NO_ADDRESS : SENT_NEVER;
    if (status >= 400 && status < 500)
        return SENT_LATER;
    return u->at < u->text.n || u->text.n == 0 ? SENT_LATER : SENT_UNKNOWN;
}

static void set_server(struct op *op, CURL *curl, const struct config *c, str password)
{
    bool plain = config_bool(c, "smtp.allow_plain");
    str user = config_str(c, "smtp.user"), ca = config_str(c, "smtp.ca_file");
    curl_easy_setopt(curl, CURLOPT_URL, str_z(op->arena, config_str(c, "smtp.url")));
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)(plain ? CURLUSESSL_TRY : CURLUSESSL_ALL));
    if (!str_empty(ca))
        curl_easy_setopt(curl, CURLOPT_CAINFO, str_z(op->arena, ca));
    if (!str_empty(user)) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, str_z(op->arena, user));
        curl_easy_setopt(curl, CURLOPT_PASSWORD, str_z(op->arena, password));
    }
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 30000L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
}

static enum sent deliver(struct op *op, CURL *curl, const struct outreach *o, struct parcel *p)
{
    long status = 0;
    str from;
    struct upload u = {0};
    struct heard h = {0};
    if (mail_compose(op, o, p, &u.text, &from) != OK) {
        op_clear(op);
        p->code = STR("not-composed");
        return SENT_LATER;
    }
    struct curl_slist *to =
        curl_slist_append(NULL, arena_printf(op->arena, "<%.*s>", STR_ARG(p->to)).p);
    set_server(op, curl, o->config, o->secret_smtp);
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, arena_printf(op->arena, "<%.*s>", STR_ARG(from)).p);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, feed);
    curl_easy_setopt(curl, CURLOPT_READDATA, &u);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, hear);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &h);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    CURLcode rc = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(to);
    const char *why = between(rc, status);
    p->code = why ? str_of(why)
                  : arena_printf(op->arena, "%ld%s%s/curl-%d", status, h.enhanced[0] ? "-" : "",
                                 h.enhanced, (int)rc);
    return meaning(rc, status, &u, &h);
}

static enum sent send_one(struct op *op, const struct outreach *o, struct parcel *p)
{
    if (!mail_is_address(p->to) || !mail_is_address(config_str(o->config, "smtp.from"))) {
        p->code = STR("bad-address");
        return SENT_NEVER;
    }
    CURL *curl = curl_easy_init();
    if (!curl)
        return SENT_LATER;
    enum sent s = deliver(op, curl, o, p);
    curl_easy_cleanup(curl);
    if (s == SENT_OK)
        p->provider_id = mail_provider_id(op, p->id, p->attempt);
    return s;
}

static void send_smtp(struct op *op, struct provider *via, struct parcel *const *parcels, size_t n)
{
    channel_each(op, via, parcels, n, send_one);
}

const struct channel CHANNEL_SMTP = {
    .name = "smtp", .kind = CHANNEL_EMAIL, .batch = 16, .send = send_smtp};
