/* E-mail by SMTP (RFC 5321) through libcurl, STARTTLS where the server offers it (required unless
 * smtp.allow_plain). One recipient a message, so that no patient sees another (RFC 5321 4.5.3 puts
 * no names in one envelope by itself). The Message-ID is made from the Communication's id. */
#include "outreach/outreach_int.h"

#include <curl/curl.h>
#include <sodium.h>

#define WORD_BYTES 39

struct upload {
    str text;
    size_t at;
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

/* Header and body in base64 (RFC 2045, RFC 2047): any language passes any server. */
static void add_base64(struct op *op, struct buf *b, str text, bool lines)
{
    size_t n = sodium_base64_ENCODED_LEN(text.n, sodium_base64_VARIANT_ORIGINAL);
    char *out = arena_alloc(op->arena, n);
    if (!out) {
        b->failed = true;
        return;
    }
    sodium_bin2base64(out, n, (const unsigned char *)text.p, text.n,
                      sodium_base64_VARIANT_ORIGINAL);
    str all = str_of(out);
    for (size_t i = 0; i < all.n; i += 76) {
        buf_add(b, str_sub(all, i, i + 76));
        if (lines)
            buf_add(b, STR("\r\n"));
    }
}

/* Encoded words, never cut inside a character, short enough that a line of a header's name and one
 * of them keeps within 76 characters (RFC 2047 2). */
static void add_words(struct op *op, struct buf *b, str text)
{
    for (size_t at = 0, end; at < text.n; at = end) {
        end = at + WORD_BYTES < text.n ? at + WORD_BYTES : text.n;
        while (end < text.n && ((unsigned char)text.p[end] & 0xc0) == 0x80)
            end--;
        buf_add(b, at ? STR("\r\n =?UTF-8?B?") : STR("=?UTF-8?B?"));
        add_base64(op, b, str_sub(text, at, end), false);
        buf_add(b, STR("?="));
    }
}

static bool is_address(str a)
{
    size_t at = str_find_char(a, '@', 0);
    if (at == SIZE_MAX || at == 0 || at + 1 == a.n || a.n > 254)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if ((unsigned char)a.p[i] <= ' ' || a.p[i] == '<' || a.p[i] == '>' || a.p[i] == ',' ||
            a.p[i] == 127)
            return false;
    return true;
}

static void add_date(struct buf *b, int64_t now)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct time_local t;
    if (time_to_local(now, STR("Etc/UTC"), &t))
        buf_printf(b, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[t.wday], t.day,
                   months[t.month - 1], t.year, t.hour, t.minute, t.second);
}

static str mail_text(struct op *op, const struct outreach *o, const struct parcel *p, str from)
{
    struct buf b;
    str domain = str_sub(from, str_find_char(from, '@', 0) + 1, from.n);
    buf_init(&b, op->arena, 1u << 20);
    add_date(&b, op->now);
    buf_add(&b, STR("From: "));
    add_words(op, &b, config_str(o->config, "outreach.clinic"));
    buf_printf(&b, "\r\n <%.*s>\r\nTo: <%.*s>\r\nSubject: ", STR_ARG(from), STR_ARG(p->to));
    add_words(op, &b, p->subject);
    buf_printf(&b, "\r\nMessage-ID: <%.*s@%.*s>\r\nAuto-Submitted: auto-generated\r\n",
               STR_ARG(p->id), STR_ARG(domain));
    buf_add(&b, STR("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                    "Content-Transfer-Encoding: base64\r\n\r\n"));
    add_base64(op, &b, p->text, true);
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

/* The server's last word; until the text is fully out nothing was accepted (RFC 5321 4.2.5). What
 * is wrong with our sign-in or the server's certificate is not the message's fault: it waits. */
static enum sent meaning(CURLcode rc, long status, const struct upload *u)
{
    if (rc == CURLE_OK)
        return SENT_OK;
    bool ours = rc == CURLE_LOGIN_DENIED || rc == CURLE_USE_SSL_FAILED ||
                rc == CURLE_SSL_CONNECT_ERROR || rc == CURLE_PEER_FAILED_VERIFICATION ||
                rc == CURLE_SSL_CACERT_BADFILE || status == 530 || status == 535;
    if (ours)
        return SENT_LATER;
    if (status >= 500 && status < 600)
        return SENT_NEVER;
    if (status >= 400 && status < 500)
        return SENT_LATER;
    return u->at < u->text.n || u->text.n == 0 ? SENT_LATER : SENT_UNKNOWN;
}

static enum sent deliver(struct op *op, CURL *curl, const struct outreach *o,
                         const struct parcel *p, str *ret_code)
{
    long status = 0;
    str from = config_str(o->config, "smtp.from"), user = config_str(o->config, "smtp.user");
    struct upload u = {.text = mail_text(op, o, p, from)};
    if (str_empty(u.text))
        return SENT_NEVER;
    struct curl_slist *to =
        curl_slist_append(NULL, arena_printf(op->arena, "<%.*s>", STR_ARG(p->to)).p);
    curl_easy_setopt(curl, CURLOPT_URL, str_z(op->arena, config_str(o->config, "smtp.url")));
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(
        curl, CURLOPT_USE_SSL,
        (long)(config_bool(o->config, "smtp.allow_plain") ? CURLUSESSL_TRY : CURLUSESSL_ALL));
    if (!str_empty(config_str(o->config, "smtp.ca_file")))
        curl_easy_setopt(curl, CURLOPT_CAINFO,
                         str_z(op->arena, config_str(o->config, "smtp.ca_file")));
    if (!str_empty(user)) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, str_z(op->arena, user));
        curl_easy_setopt(curl, CURLOPT_PASSWORD, str_z(op->arena, o->secret_smtp));
    }
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, arena_printf(op->arena, "<%.*s>", STR_ARG(from)).p);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, feed);
    curl_easy_setopt(curl, CURLOPT_READDATA, &u);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 30000L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    CURLcode rc = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(to);
    *ret_code = arena_printf(op->arena, "%ld/curl-%d", status, (int)rc);
    return meaning(rc, status, &u);
}

static enum sent send_one(struct op *op, const struct outreach *o, struct parcel *p)
{
    if (!is_address(p->to) || !is_address(config_str(o->config, "smtp.from"))) {
        p->code = STR("bad-address");
        return SENT_NEVER;
    }
    CURL *curl = curl_easy_init();
    if (!curl)
        return SENT_LATER;
    enum sent s = deliver(op, curl, o, p, &p->code);
    curl_easy_cleanup(curl);
    if (s == SENT_OK)
        p->provider_id = arena_printf(op->arena, "mail-%.*s", STR_ARG(p->id));
    return s;
}

static void send_smtp(struct op *op, struct provider *via, struct parcel *const *parcels, size_t n)
{
    channel_each(op, via, parcels, n, send_one);
}

const struct channel CHANNEL_SMTP = {
    .name = "smtp", .kind = CHANNEL_EMAIL, .batch = 16, .send = send_smtp};
