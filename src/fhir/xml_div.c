/* A narrative whose elements carry a prefix (<h:div xmlns:h="…xhtml">), written again without one:
 * what stands in JSON must be read without the document around it. Comments go, all else stays. */
#include "xml_int.h"

static void escaped(struct buf *b, str s, bool quoted)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '&')
            buf_add(b, STR("&amp;"));
        else if (s.p[i] == '<')
            buf_add(b, STR("&lt;"));
        else if (s.p[i] == '>')
            buf_add(b, STR("&gt;"));
        else if (s.p[i] == '"' && quoted)
            buf_add(b, STR("&quot;"));
        else
            buf_char(b, s.p[i]);
    }
}

static void finish(struct xml_div *d)
{
    if (d->open)
        buf_char(&d->out, '>');
    d->open = false;
}

void xml_div_start(struct xml_div *d, str name)
{
    bool root = d->out.n == 0;
    finish(d);
    buf_printf(&d->out, "<%.*s%s", STR_ARG(name),
               root ? " xmlns=\"http://www.w3.org/1999/xhtml\"" : "");
    d->open = true;
}

void xml_div_attribute(struct xml_div *d, str prefix, str name, str value)
{
    if (prefix.n && !str_eq(prefix, STR("xml")))
        return;
    buf_printf(&d->out, " %s%.*s=\"", prefix.n ? "xml:" : "", STR_ARG(name));
    escaped(&d->out, value, true);
    buf_char(&d->out, '"');
}

void xml_div_text(struct xml_div *d, str text)
{
    finish(d);
    escaped(&d->out, text, false);
}

void xml_div_end(struct xml_div *d, str name)
{
    if (d->open)
        buf_add(&d->out, STR("/>"));
    else
        buf_printf(&d->out, "</%.*s>", STR_ARG(name));
    d->open = false;
}
