/* A tagged tree as FHIR XML. Elements go out in the order of the tables, whatever their order in
 * the tree. Invariant: what is written is well-formed, also where a text holds what XML cannot. */
#include "fhir_int.h"
#include "xml.h"

#include <libxml/HTMLparser.h>

struct writer {
    struct buf *b;
    bool pretty;
    unsigned depth;
};

static void indent(struct writer *w)
{
    static const char spaces[] = "                                ";
    if (!w->pretty || !w->b->n)
        return;
    buf_char(w->b, '\n');
    for (unsigned n = w->depth * 2; n > 0; n -= n < 32 ? n : 32)
        buf_add(w->b, str_make(spaces, n < 32 ? n : 32));
}

/* Char of XML 1.0. */
static bool legal(uint32_t c)
{
    return c == 9 || c == 10 || c == 13 || (c >= 32 && c < 0xd800) || (c >= 0xe000 && c < 0xfffe) ||
           (c >= 0x10000 && c <= 0x10ffff);
}

/* What a byte at s[i] is written as, empty when as it is; *ret_n bytes of s are used up. */
static str escape(str s, size_t i, size_t *ret_n)
{
    unsigned char c = (unsigned char)s.p[i];
    *ret_n = 1;
    switch (c) {
    case '&':
        return STR("&amp;");
    case '<':
        return STR("&lt;");
    case '>':
        return STR("&gt;");
    case '"':
        return STR("&quot;");
    case '\t':
        return STR("&#9;");
    case '\n':
        return STR("&#10;");
    case '\r':
        return STR("&#13;");
    default:
        break;
    }
    if (c == 0xef && i + 2 < s.n && (unsigned char)s.p[i + 1] == 0xbf &&
        (unsigned char)s.p[i + 2] >= 0xbe) {
        *ret_n = 3; /* U+FFFE, U+FFFF */
        return STR("\xef\xbf\xbd");
    }
    return c < 32 ? STR("\xef\xbf\xbd") : STR_NONE;
}

static void attribute(struct writer *w, const char *name, str value)
{
    size_t from = 0, used;
    buf_printf(w->b, " %s=\"", name);
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if (c > '>' && c != 0xef)
            continue;
        str as = escape(value, i, &used);
        if (!as.n)
            continue;
        buf_add(w->b, str_sub(value, from, i));
        buf_add(w->b, as);
        i += used - 1;
        from = i + 1;
    }
    buf_add(w->b, str_sub(value, from, value.n));
    buf_char(w->b, '"');
}

/* A reference of a narrative: by number where XML does not know the name. */
static void reference(struct writer *w, str name)
{
    static const char *const known[] = {"amp", "lt", "gt", "quot", "apos"};
    char z[34];
    uint64_t code = 0;
    bool hex = str_starts(name, STR("#x")) || str_starts(name, STR("#X"));
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(name, str_of(known[i]))) {
            buf_printf(w->b, "&%s;", known[i]);
            return;
        }
    snprintf(z, sizeof z, "%.*s", STR_ARG(name));
    const htmlEntityDesc *e = htmlEntityLookup((const xmlChar *)z);
    for (size_t i = hex ? 2 : 1; name.p[0] == '#' && i < name.n && code < 0x110000; i++) {
        int d = str_hex_digit(z[i]);
        code = d >= 0 && d < (hex ? 16 : 10) ? code * (hex ? 16 : 10) + (uint64_t)d : 0x110000;
    }
    if (e)
        buf_printf(w->b, "&#%u;", e->value);
    else if (name.p[0] == '#' && code < 0x110000 && legal((uint32_t)code))
        buf_printf(w->b, "&%.*s;", STR_ARG(name));
    else
        buf_printf(w->b, "&amp;%.*s;", STR_ARG(name));
}

/* As it stands, but for what HTML allows and XML does not: named entities, "]]>", "--" in comments
 * (the comment goes). */
static void narrative(struct writer *w, str div)
{
    size_t from = 0;
    for (size_t i = 0; i < div.n; i++) {
        char c = div.p[i];
        size_t end = i + 1;
        if (c != '&' && c != '<' && c != ']' && (unsigned char)c >= 32)
            continue;
        if (c == '&') {
            end = str_find_char(str_sub(div, 0, i + 33), ';', i + 1);
            if (end == SIZE_MAX || end == i + 1)
                continue;
            buf_add(w->b, str_sub(div, from, i));
            reference(w, str_sub(div, i + 1, end++));
        } else if (c == '<' && str_starts(str_sub(div, i, i + 4), STR("<!--"))) {
            size_t dashes = str_find(div, STR("--"), i + 4);
            end = str_find(div, STR("-->"), i + 4);
            if (end == SIZE_MAX || (dashes == end && (end == i + 4 || div.p[end - 1] != '-')))
                continue;
            buf_add(w->b, str_sub(div, from, i));
            end += 3;
        } else if (c == ']' && str_starts(str_sub(div, i, i + 3), STR("]]>"))) {
            buf_add(w->b, str_sub(div, from, i));
            buf_add(w->b, STR("]]&gt;"));
            end = i + 3;
        } else if ((unsigned char)c < 32 && !legal((unsigned char)c)) {
            buf_add(w->b, str_sub(div, from, i));
        } else {
            continue;
        }
        from = end;
        i = end - 1;
    }
    buf_add(w->b, str_sub(div, from, div.n));
}

static void object(struct writer *w, str name, const struct json *v, uint16_t type);

static void end_tag(struct writer *w, str name)
{
    w->depth--;
    indent(w);
    buf_printf(w->b, "</%.*s>", STR_ARG(name));
}

/* <contained><Patient>…</Patient></contained> */
static void holder(struct writer *w, str name, const struct json *v)
{
    indent(w);
    buf_printf(w->b, "<%.*s>", STR_ARG(name));
    w->depth++;
    object(w, fhir_type_name(fhir_type_of(v)), v, fhir_type_of(v));
    end_tag(w, name);
}

static void primitive(struct writer *w, str name, const struct json *v, const struct json *beside)
{
    const struct json *extensions = JSON_GET(beside, "extension");
    str id = json_get_str(beside, STR("id"));
    indent(w);
    buf_printf(w->b, "<%.*s", STR_ARG(name));
    if (id.n)
        attribute(w, "id", id);
    if (v && (v->type == JSON_STRING || v->type == JSON_NUMBER))
        attribute(w, "value", v->u.s);
    else if (v && v->type != JSON_NULL)
        attribute(w, "value", v->type == JSON_TRUE ? STR("true") : STR("false"));
    if (!json_is(extensions, JSON_ARRAY) || !extensions->n) {
        buf_add(w->b, STR("/>"));
        return;
    }
    buf_char(w->b, '>');
    w->depth++;
    for (uint32_t i = 0; i < extensions->n; i++)
        object(w, STR("extension"), &extensions->u.items[i], FHIR_EXTENSION);
    end_tag(w, name);
}

static void one(struct writer *w, const struct fhir_row *r, const struct json *v,
                const struct json *beside)
{
    str name = fhir_word(r->name);
    if (r->type == FHIR_XHTML && json_is(v, JSON_STRING)) {
        indent(w);
        narrative(w, str_trim(v->u.s));
    } else if (r->flags & ROW_PRIMITIVE) {
        primitive(w, name, v, beside);
    } else if (r->type == FHIR_RESOURCE && v) {
        holder(w, name, v);
    } else if (json_is(v, JSON_OBJECT)) {
        object(w, name, v, r->type);
    }
}

static uint32_t items(const struct json *v)
{
    return !v ? 0 : v->type == JSON_ARRAY ? v->n : 1;
}

static const struct json *item(const struct json *v, uint32_t i)
{
    if (!v || i >= items(v))
        return NULL;
    return v->type == JSON_ARRAY ? &v->u.items[i] : v;
}

static bool is_attribute(uint16_t type, const struct fhir_row *r)
{
    str name = fhir_word(r->name);
    bool element = fhir_models[type].kind != KIND_RESOURCE;
    return element &&
           (str_eq(name, STR("id")) || (type == FHIR_EXTENSION && str_eq(name, STR("url"))));
}

/* The members of a row: "x" and "_x". */
static void members(const struct json *o, uint16_t row, const struct json **ret_v,
                    const struct json **ret_beside)
{
    *ret_v = *ret_beside = NULL;
    for (uint32_t i = 0; i < o->n; i++) {
        const struct json *m = &o->u.members[i].value;
        if (FHIR_TAG_ROW(m->tag) == row)
            *(m->tag & FHIR_TAG_SIBLING ? ret_beside : ret_v) = m;
    }
}

static bool attributes(struct writer *w, const struct json *o, uint16_t type)
{
    bool more = false;
    for (uint32_t i = 0; i < o->n; i++) {
        const struct json *m = &o->u.members[i].value;
        const struct fhir_row *r = &fhir_rows[FHIR_TAG_ROW(m->tag)];
        if (!FHIR_TAG_ROW(m->tag))
            continue;
        if (is_attribute(type, r) && !(m->tag & FHIR_TAG_SIBLING))
            attribute(w, str_eq(fhir_word(r->name), STR("id")) ? "id" : "url", json_str(m));
        else
            more = true;
    }
    return more;
}

static void object(struct writer *w, str name, const struct json *v, uint16_t type)
{
    const struct fhir_model *m = &fhir_models[type];
    const struct json *at, *beside;
    bool root = w->b->n == 0;
    if (!v || v->type != JSON_OBJECT || w->depth > FHIR_DEPTH_MAX * 2)
        return;
    indent(w);
    buf_printf(w->b, "<%.*s%s", STR_ARG(name), root ? " xmlns=\"http://hl7.org/fhir\"" : "");
    if (!attributes(w, v, type)) {
        buf_add(w->b, STR("/>"));
        return;
    }
    buf_char(w->b, '>');
    w->depth++;
    for (uint16_t i = 0; i < m->n_rows; i++) {
        uint16_t row = fhir_lists[m->list + i];
        members(v, row, &at, &beside);
        if ((!at && !beside) || is_attribute(type, &fhir_rows[row]))
            continue;
        uint32_t n = items(at) > items(beside) ? items(at) : items(beside);
        for (uint32_t j = 0; j < n; j++)
            one(w, &fhir_rows[row], item(at, j), item(beside, j));
    }
    end_tag(w, name);
}

void fhir_xml_write(struct buf *b, const struct json *resource, bool pretty)
{
    struct writer w = {.b = b, .pretty = pretty};
    fhir_type type = fhir_type_of(resource);
    if (type)
        object(&w, fhir_type_name(type), resource, type);
}
