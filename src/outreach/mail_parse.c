/* A message as RFC 5322 and MIME (RFC 2045, RFC 2046) lay it out: fields, and the leaves of its
 * parts in their order. Pure. Invariant: slices of the input, at most MAIL_PARTS leaves, MAIL_DEPTH
 * deep; what is damaged is read as far as it goes. */
#include "outreach/mail_int.h"

#define SEEN_MAX (8 * MAIL_PARTS) /* of all depths */

/* The next line without its end; false: there is none. */
static bool next_line(str text, size_t *at, str *ret)
{
    size_t end = str_find_char(text, '\n', *at);
    if (*at >= text.n)
        return false;
    size_t stop = end == SIZE_MAX ? text.n : end;
    if (stop > *at && text.p[stop - 1] == '\r')
        stop--;
    *ret = str_sub(text, *at, stop);
    *at = end == SIZE_MAX ? text.n : end + 1;
    return true;
}

static str lower(struct arena *a, str s)
{
    char *p = arena_alloc(a, s.n + 1);
    for (size_t i = 0; p && i < s.n; i++)
        p[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]);
    return p ? str_make(p, s.n) : STR_NONE;
}

str mail_field(struct arena *a, str head, str name)
{
    struct buf b;
    str line;
    bool in = false;
    buf_init(&b, a, 64u << 10);
    for (size_t at = 0; next_line(head, &at, &line);) {
        bool more = line.n && (line.p[0] == ' ' || line.p[0] == '\t');
        if (in && more)
            buf_add(&b, line);
        else if (in)
            break;
        else if (!more && line.n > name.n && line.p[name.n] == ':' &&
                 str_eq_nocase(str_sub(line, 0, name.n), name)) {
            in = true;
            buf_add(&b, str_sub(line, name.n + 1, line.n));
        }
    }
    return buf_ok(&b) ? str_trim(buf_str(&b)) : STR_NONE;
}

str mail_param(struct arena *a, str value, str name)
{
    for (size_t at = str_find_char(value, ';', 0); at != SIZE_MAX;) {
        size_t eq = str_find_char(value, '=', ++at);
        if (eq == SIZE_MAX)
            break;
        str key = str_trim(str_sub(value, at, eq)), found;
        size_t from = eq + 1;
        while (from < value.n && (value.p[from] == ' ' || value.p[from] == '\t'))
            from++;
        bool quoted = from < value.n && value.p[from] == '"';
        size_t end = str_find_char(value, quoted ? '"' : ';', from + quoted);
        found = str_sub(value, from + quoted, end == SIZE_MAX ? value.n : end);
        if (str_eq_nocase(key, name))
            return arena_str(a, str_trim(found));
        at = quoted && end != SIZE_MAX ? str_find_char(value, ';', end) : end;
    }
    return STR_NONE;
}

/* Fields up to the first empty line; the rest is the body. */
static void split(str text, str *ret_head, str *ret_body)
{
    size_t at = 0, before = 0;
    str line;
    while (next_line(text, &at, &line)) {
        if (line.n == 0) {
            *ret_head = str_sub(text, 0, before);
            *ret_body = str_sub(text, at, text.n);
            return;
        }
        before = at;
    }
    *ret_head = text;
    *ret_body = STR_NONE;
}

static bool is_border(str line, str boundary, bool *ret_last)
{
    if (line.n < boundary.n + 2 || line.p[0] != '-' || line.p[1] != '-' ||
        !str_eq(str_sub(line, 2, boundary.n + 2), boundary))
        return false;
    str rest = str_trim(str_sub(line, boundary.n + 2, line.n));
    *ret_last = str_eq(rest, STR("--"));
    return *ret_last || rest.n == 0;
}

static void add_part(struct arena *a, struct mail_read *m, str text, unsigned depth);

static void add_parts(struct arena *a, struct mail_read *m, str body, str boundary, unsigned depth)
{
    size_t begin = SIZE_MAX, before = 0;
    bool last = false;
    str line;
    for (size_t at = 0; !last && m->seen <= SEEN_MAX && next_line(body, &at, &line); before = at) {
        if (!is_border(line, boundary, &last))
            continue;
        if (begin != SIZE_MAX)
            add_part(a, m, str_sub(body, begin, before), depth);
        begin = at;
    }
    if (!last && begin != SIZE_MAX) /* cut off on its way */
        add_part(a, m, str_sub(body, begin, body.n), depth);
}

static void add_part(struct arena *a, struct mail_read *m, str text, unsigned depth)
{
    struct mail_part p = {0};
    if (++m->seen > SEEN_MAX)
        return;
    split(text, &p.head, &p.body);
    if (depth == 0)
        m->head = p.head;
    str type = mail_field(a, p.head, STR("Content-Type"));
    p.type = lower(a, str_trim(str_sub(type, 0, str_find_char(type, ';', 0))));
    if (str_empty(p.type))
        p.type = STR("text/plain");
    str boundary = mail_param(a, type, STR("boundary"));
    if (str_starts(p.type, STR("multipart/")) && !str_empty(boundary) && depth < MAIL_DEPTH)
        add_parts(a, m, p.body, boundary, depth + 1);
    else if (m->n < MAIL_PARTS)
        m->part[m->n++] = p;
}

void mail_read(struct arena *a, str text, struct mail_read *ret)
{
    *ret = (struct mail_read){0};
    add_part(a, ret, text, 0);
}
