/* Links in a text: is there one, is it ours, is it a public shortener, does it name the patient?
 * Reads the text only; nothing is fetched. Invariant: link_branded means every link is. */
#include "policy/content_int.h"

static bool ends_nocase(str s, str tail)
{
    return s.n >= tail.n && str_eq_nocase(str_sub(s, s.n - tail.n, s.n), tail);
}

static bool starts_nocase(str s, str head)
{
    return s.n >= head.n && str_eq_nocase(str_sub(s, 0, head.n), head);
}

/* The domain itself or one under it. */
static bool is_under(str host, str domain)
{
    if (str_eq_nocase(host, domain))
        return true;
    return host.n > domain.n && ends_nocase(host, domain) && host.p[host.n - domain.n - 1] == '.';
}

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
}

/* "weft.example/x" without a scheme: a last label people use as a top domain. */
static bool is_bare_host(str host)
{
    static const char *const tops[] = {"com", "org",    "net",      "health", "care", "io",   "ly",
                                       "co",  "gov",    "edu",      "info",   "app",  "link", "me",
                                       "us",  "uk",     "de",       "es",     "fr",   "cc",   "gl",
                                       "gd",  "clinic", "hospital", "example"};
    size_t dot = SIZE_MAX;
    for (size_t i = 0; i < host.n; i++)
        dot = host.p[i] == '.' ? i : dot;
    if (dot == SIZE_MAX || dot == 0)
        return false;
    str top = str_sub(host, dot + 1, host.n);
    for (size_t i = 0; i < sizeof tops / sizeof *tops; i++)
        if (str_eq_nocase(top, str_of(tops[i])))
            return true;
    return false;
}

/* Splits a word into host and the rest; false when it is no link. */
static bool split_link(str word, str *ret_host, str *ret_rest)
{
    bool scheme = true;
    while (word.n > 0 && !is_host_char(word.p[0]))
        word = str_sub(word, 1, word.n);
    if (starts_nocase(word, STR("http://")))
        word = str_sub(word, 7, word.n);
    else if (starts_nocase(word, STR("https://")))
        word = str_sub(word, 8, word.n);
    else
        scheme = starts_nocase(word, STR("www."));
    size_t end = 0;
    while (end < word.n && is_host_char(word.p[end]))
        end++;
    str host = str_sub(word, 0, end), rest = str_sub(word, end, word.n);
    while (host.n > 0 && host.p[host.n - 1] == '.')
        host.n--;
    if (str_starts(rest, STR("@")) || (!scheme && !is_bare_host(host)))
        return false;
    *ret_host = host;
    *ret_rest = rest;
    return host.n > 0;
}

/* Something that points at one person: a name for it, an address, or a long number. */
static bool names_somebody(str rest)
{
    static const char *const names[] = {
        "mrn=", "dob=", "name=", "patient=", "email=", "phone=", "ssn=", "birth=", "patient/"};
    size_t digits = 0;
    for (size_t i = 0; i < rest.n; i++) {
        digits = rest.p[i] >= '0' && rest.p[i] <= '9' ? digits + 1 : 0;
        if (digits == 7 || rest.p[i] == '@')
            return true;
        for (size_t k = 0; k < sizeof names / sizeof *names; k++)
            if (starts_nocase(str_sub(rest, i, rest.n), str_of(names[k])))
                return true;
    }
    return false;
}

static void scan_link(str host, str rest, const str *brands, size_t n, struct content_report *ret)
{
    bool ours = false;
    for (size_t i = 0; i < n; i++)
        ours = ours || is_under(host, brands[i]);
    ret->link_branded = ours && (ret->link_branded || !ret->has_link);
    for (size_t i = 0; i < content_shortener_count; i++)
        ret->link_shortened = ret->link_shortened || is_under(host, str_of(content_shorteners[i]));
    ret->link_has_identifier = ret->link_has_identifier || names_somebody(rest);
    ret->has_link = true;
}

void content_scan_links(str text, const str *brands, size_t n, struct content_report *ret)
{
    size_t start = 0;
    for (size_t i = 0; i <= text.n; i++) {
        if (i < text.n && (unsigned char)text.p[i] > ' ')
            continue;
        str host, rest;
        if (i > start && split_link(str_sub(text, start, i), &host, &rest))
            scan_link(host, rest, brands, n, ret);
        start = i + 1;
    }
}
