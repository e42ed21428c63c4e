/* Notifications by mail (R4 channel "email"): that something is new and where to look, never what;
 * mail is read by whoever holds the mailbox. One recipient a message, by the server of smtp.*.
 * Invariant: no name, value or id of a patient is in a mail. */
#include "partners/partners_int.h"

#include <curl/curl.h>

static size_t feed(char *to, size_t size, size_t n, void *ctx)
{
    struct parcel *parcel = ctx;
    size_t want = size * n, left = parcel->body.n - parcel->sent;
    if (want > left)
        want = left;
    memcpy(to, parcel->body.p + parcel->sent, want);
    parcel->sent += want;
    return want;
}

static void sign_in(struct partners *p, struct parcel *parcel)
{
    char line[512] = "";
    str user = config_str(p->config, "smtp.user"),
        path = config_str(p->config, "smtp.password_file");
    FILE *f = user.n && path.n ? fopen(str_z(parcel->arena, path), "re") : NULL;
    if (!f)
        return;
    if (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\r\n")] = 0;
        curl_easy_setopt(parcel->easy, CURLOPT_USERNAME, str_z(parcel->arena, user));
        curl_easy_setopt(parcel->easy, CURLOPT_PASSWORD, line);
    }
    explicit_bzero(line, sizeof line);
    (void)fclose(f);
}

void mail_prepare(struct partners *p, struct parcel *parcel)
{
    CURL *c = parcel->easy;
    struct arena *a = parcel->arena;
    str from = config_str(p->config, "smtp.from"), ca = config_str(p->config, "smtp.ca_file");
    parcel->url = config_str(p->config, "smtp.url");
    parcel->body =
        arena_printf(a,
                     "From: <%.*s>\r\nTo: <%.*s>\r\nSubject: %.*s\r\nMessage-ID: <%.*s@weft>\r\n"
                     "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                     "Content-Type: text/plain; charset=utf-8\r\n\r\n%.*s\r\n",
                     STR_ARG(from), STR_ARG(parcel->mail_to), STR_ARG(parcel->subject),
                     STR_ARG(parcel->id), STR_ARG(parcel->body));
    parcel->list = curl_slist_append(NULL, arena_printf(a, "<%.*s>", STR_ARG(parcel->mail_to)).p);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(
        c, CURLOPT_USE_SSL,
        (long)(config_bool(p->config, "smtp.allow_plain") ? CURLUSESSL_TRY : CURLUSESSL_ALL));
    if (ca.n)
        curl_easy_setopt(c, CURLOPT_CAINFO, str_z(a, ca));
    sign_in(p, parcel);
    curl_easy_setopt(c, CURLOPT_MAIL_FROM, arena_printf(a, "<%.*s>", STR_ARG(from)).p);
    curl_easy_setopt(c, CURLOPT_MAIL_RCPT, (struct curl_slist *)parcel->list);
    curl_easy_setopt(c, CURLOPT_READFUNCTION, feed);
    curl_easy_setopt(c, CURLOPT_READDATA, parcel);
    curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
}
