/* A tree into JSON text, compact or indented. Numbers go out as they came in. A tree deeper than
 * JSON_DEPTH_MAX makes the buffer fail. */
#include "base/json_int.h"

struct writer {
    struct buf *b;
    bool pretty;
};

static void newline(const struct writer *w, unsigned depth)
{
    if (!w->pretty)
        return;
    buf_char(w->b, '\n');
    for (unsigned i = 0; i < depth; i++)
        buf_add(w->b, STR("  "));
}

static void value(const struct writer *w, const struct json *v, unsigned depth);

static void object(const struct writer *w, const struct json *v, unsigned depth)
{
    buf_char(w->b, '{');
    for (uint32_t i = 0; i < v->n; i++) {
        if (i)
            buf_char(w->b, ',');
        newline(w, depth);
        buf_json_string(w->b, v->u.members[i].name);
        buf_add(w->b, w->pretty ? STR(": ") : STR(":"));
        value(w, &v->u.members[i].value, depth);
    }
    if (v->n)
        newline(w, depth - 1);
    buf_char(w->b, '}');
}

static void array(const struct writer *w, const struct json *v, unsigned depth)
{
    buf_char(w->b, '[');
    for (uint32_t i = 0; i < v->n; i++) {
        if (i)
            buf_char(w->b, ',');
        newline(w, depth);
        value(w, &v->u.items[i], depth);
    }
    if (v->n)
        newline(w, depth - 1);
    buf_char(w->b, ']');
}

static void value(const struct writer *w, const struct json *v, unsigned depth)
{
    if (depth >= JSON_DEPTH_MAX || w->b->failed) {
        w->b->failed = true;
        return;
    }
    switch ((enum json_type)v->type) {
    case JSON_NULL:
        buf_add(w->b, STR("null"));
        break;
    case JSON_FALSE:
        buf_add(w->b, STR("false"));
        break;
    case JSON_TRUE:
        buf_add(w->b, STR("true"));
        break;
    case JSON_NUMBER:
        buf_add(w->b, v->u.s);
        break;
    case JSON_STRING:
        buf_json_string(w->b, v->u.s);
        break;
    case JSON_ARRAY:
        array(w, v, depth + 1);
        break;
    case JSON_OBJECT:
        object(w, v, depth + 1);
        break;
    }
}

void json_write(struct buf *b, const struct json *v)
{
    value(&(struct writer){.b = b}, v, 0);
}

void json_write_pretty(struct buf *b, const struct json *v)
{
    value(&(struct writer){.b = b, .pretty = true}, v, 0);
}
