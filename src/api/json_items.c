/* A large JSON document taken apart into its entries while it is read: those of a list, of the list
 * under "vulns", "vulnerabilities" or "results", or documents one after the other. What an entry is
 * made of, its reader checks. Invariants: memory is that of one entry; what is no JSON at all ends
 * with an error, never with entries that are not there. */
#include "api/json_items.h"

#include <stdlib.h>

void json_items_free(struct json_items *s)
{
    free(s->buf);
    *s = (struct json_items){.wrong = NULL};
}

static bool stop(struct json_items *s, const char *what)
{
    s->wrong = what;
    return false;
}

static bool keep(struct json_items *s, char c)
{
    if (s->n == JSON_ITEM_MAX)
        return stop(s, "one entry is larger than 8 MiB, the most that is read at once");
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 4096;
        char *more = realloc(s->buf, cap);
        if (!more)
            return stop(s, "no memory left");
        s->buf = more;
        s->cap = cap;
    }
    s->buf[s->n++] = c;
    return true;
}

static bool emit(struct json_items *s)
{
    bool ok = s->fn(s->ctx, str_make(s->buf, s->n), s->from);
    s->n = 0;
    s->open = false;
    return ok || stop(s, "");
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The name before a list of a document's first level, as it stands at the end of what was kept. */
static bool is_wrapper(const struct json_items *s)
{
    static const char *const names[] = {"\"vulns\"", "\"vulnerabilities\"", "\"results\""};
    size_t n = s->n;
    while (n && is_space(s->buf[n - 1]))
        n--;
    if (!n || s->buf[n - 1] != ':')
        return false;
    n--;
    while (n && is_space(s->buf[n - 1]))
        n--;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_ends(str_make(s->buf, n), str_of(names[i])))
            return true;
    return false;
}

/* Between entries, or outside of everything. */
static bool between(struct json_items *s, char c)
{
    if (is_space(c) || (s->depth == s->level && s->level && c == ','))
        return true;
    if (s->depth == 0) {
        if (c == '[') {
            s->depth = s->level = 1;
            return true;
        }
        if (c != '{')
            return stop(s, "is no JSON: a { or [ is asked for");
        s->level = 0;
    }
    if (c == ']' || c == '}') { /* the list is over */
        s->depth--;
        s->rest = s->depth > 0;
        s->level = 0;
        return true;
    }
    s->open = true;
    s->from = s->line;
    s->string = c == '"';
    s->depth += c == '{' || c == '[';
    return keep(s, c);
}

/* One more letter of what is open: is it in a string, how deep? */
static void follow(struct json_items *s, char c)
{
    if (s->string) {
        s->string = s->escape || c != '"';
        s->escape = !s->escape && c == '\\';
        return;
    }
    s->string = c == '"';
    s->depth += c == '{' || c == '[';
    s->depth -= c == '}' || c == ']';
}

static bool inside(struct json_items *s, char c)
{
    if (!s->string && s->depth == s->level && (c == ',' || c == ']' || c == '}')) /* a number */
        return emit(s) && between(s, c);
    if (!s->string && c == '[' && s->level == 0 && s->depth == 1 && is_wrapper(s)) {
        s->n = 0;
        s->open = false;
        s->depth = s->level = 2;
        return true;
    }
    bool text = s->string;
    if (!keep(s, c))
        return false;
    follow(s, c);
    return text || (c != '}' && c != ']') || s->depth != s->level || emit(s);
}

/* What stands behind the list in its document is read past. */
static bool behind(struct json_items *s, char c)
{
    follow(s, c);
    s->rest = s->depth > 0;
    return true;
}

bool json_items_add(struct json_items *s, str chunk)
{
    for (size_t i = 0; i < chunk.n; i++) {
        char c = chunk.p[i];
        if (!(s->rest ? behind(s, c) : s->open ? inside(s, c) : between(s, c)))
            return false;
        s->line += c == '\n';
    }
    return true;
}

bool json_items_end(struct json_items *s)
{
    return (!s->open && !s->rest && s->depth == 0) || stop(s, "ends in the middle of an entry");
}
