/* FHIR XML to a tree, by libxml2's SAX. Nothing is fetched, nothing expanded: a document type is
 * refused before it can declare anything, so there are no entities but XML's own five, which NOENT
 * means here. A narrative
 * is taken as it stands in the text. Ceilings: depth, number of elements, attributes of one
 * element, and the size the caller took.
 */
#include "xml_int.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#define FHIR_URI "http://hl7.org/fhir"
#define XHTML_URI "http://www.w3.org/1999/xhtml"
#define ATTRIBUTES_MAX 64u

struct reader {
    struct xml_build x;
    xmlParserCtxtPtr p;
    str text;
    unsigned div;     /* depth inside of a narrative */
    size_t div_at;    /* offset of its "<div" */
    bool div_unnamed; /* its name space is declared outside of it */
    bool rewritten;   /* its elements have prefixes: it is written again */
    struct xml_div again;
    bool failed;
};

static size_t offset(const struct reader *r)
{
    const struct _xmlParserInput *in = r->p->input;
    return in ? (size_t)in->consumed + (size_t)(in->cur - in->base) : 0;
}

static void stop(struct reader *r)
{
    r->failed = true;
    xmlStopParser(r->p);
}

static void here(struct reader *r)
{
    int line = r->p->input ? r->p->input->line : 0, column = r->p->input ? r->p->input->col : 0;
    r->x.line = line > 0 ? (unsigned)line : 0;
    r->x.column = column > 0 ? (unsigned)column : 0;
}

static void refuse(struct reader *r, const char *what)
{
    if (r->failed)
        return;
    here(r);
    xml_tell(&r->x, what);
    stop(r);
}

static str name_of(const xmlChar *z)
{
    return str_of((const char *)z);
}

static err one_attribute(struct reader *r, const xmlChar **a)
{
    str value = str_make((const char *)a[3], (size_t)(a[4] - a[3]));
    if (!a[1])
        return xml_attribute(&r->x, name_of(a[0]), value);
    if (str_eq(name_of(a[2]), STR("http://www.w3.org/2001/XMLSchema-instance")))
        return OK; /* schemaLocation: advice that is not followed */
    return xml_wrong(&r->x, "The element has an attribute that it may not have.");
}

static void div_element(struct reader *r, str name, int n, const xmlChar **attributes)
{
    xml_div_start(&r->again, name);
    for (int i = 0; i < n; i++) {
        const xmlChar **a = attributes + (size_t)i * 5;
        xml_div_attribute(&r->again, name_of(a[1]), name_of(a[0]),
                          str_make((const char *)a[3], (size_t)(a[4] - a[3])));
    }
}

static void begin_div(struct reader *r, int n, const xmlChar **spaces)
{
    size_t at = offset(r);
    r->div_unnamed = true;
    for (int i = 0; i < n; i++)
        r->div_unnamed &= spaces[2 * i] != NULL;
    while (at > 0 && r->text.p[at] != '<') /* none can stand in an attribute */
        at--;
    r->div = 1;
    r->div_at = at;
}

static void on_start(void *ctx, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri,
                     int n_spaces, const xmlChar **spaces, int n, int defaulted,
                     const xmlChar **attributes)
{
    struct reader *r = ctx;
    (void)defaulted;
    if (r->failed)
        return;
    here(r);
    if (r->div) {
        if (++r->div > FHIR_DEPTH_MAX)
            refuse(r, "The narrative is nested too deeply; flatten it.");
        else if (r->rewritten)
            div_element(r, name_of(local), n, attributes);
        return;
    }
    if (xml_begin(&r->x, name_of(local)) != OK) {
        stop(r);
        return;
    }
    bool div = xml_top(&r->x)->kind == XML_NARRATIVE;
    if (!str_eq(name_of(uri), div ? STR(XHTML_URI) : STR(FHIR_URI))) {
        refuse(r, div ? "The narrative's name space must be " XHTML_URI "."
                      : "The element's name space must be " FHIR_URI ".");
        return;
    }
    if (div) {
        begin_div(r, n_spaces, spaces);
        r->rewritten = prefix != NULL;
        buf_init(&r->again.out, r->x.op->arena, r->text.n * 6 + 4096);
        if (r->rewritten)
            div_element(r, name_of(local), n, attributes);
        return;
    }
    for (int i = 0; i < n && !r->failed; i++)
        if (one_attribute(r, attributes + (size_t)i * 5) != OK)
            stop(r);
}

/* The text of the narrative that ends here, its name space in it. */
static str div_text(struct reader *r)
{
    str raw = str_sub(r->text, r->div_at, offset(r));
    if (r->rewritten)
        return buf_str(&r->again.out);
    if (!r->div_unnamed)
        return raw;
    return arena_printf(r->x.op->arena, "<div xmlns=\"" XHTML_URI "\"%.*s",
                        STR_ARG(str_sub(raw, 4, raw.n)));
}

static void on_end(void *ctx, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri)
{
    struct reader *r = ctx;
    (void)prefix, (void)uri;
    if (r->div && r->rewritten && !r->failed)
        xml_div_end(&r->again, name_of(local));
    if (r->failed || (r->div && --r->div))
        return;
    here(r);
    bool div = xml_top(&r->x)->kind == XML_NARRATIVE;
    if (xml_end(&r->x, div ? div_text(r) : STR_NONE) != OK)
        stop(r);
}

static void on_text(void *ctx, const xmlChar *text, int n)
{
    struct reader *r = ctx;
    str s = str_make((const char *)text, n > 0 ? (size_t)n : 0);
    if (r->div && r->rewritten)
        xml_div_text(&r->again, s);
    if (!r->div && str_trim(s).n)
        refuse(r, "Text may not stand here; FHIR puts values into the value attribute.");
}

static void on_doctype(void *ctx, const xmlChar *name, const xmlChar *id, const xmlChar *system)
{
    (void)name, (void)id, (void)system;
    refuse(ctx, "A document type (DTD) is not taken; leave it out.");
}

static void on_error(void *ctx, xmlErrorPtr error)
{
    (void)ctx, (void)error; /* told at the end, in our words: libxml2's may quote the text */
}

static const char *fault_of(const xmlError *e)
{
    switch (e ? e->code : 0) {
    case XML_ERR_TAG_NAME_MISMATCH:
        return "an end tag does not match its start tag";
    case XML_ERR_TAG_NOT_FINISHED:
    case XML_ERR_DOCUMENT_EMPTY:
        return "it ends too early";
    case XML_ERR_DOCUMENT_END:
        return "something follows, or is missing at, the end";
    case XML_ERR_UNDECLARED_ENTITY:
    case XML_WAR_UNDECLARED_ENTITY:
        return "XML does not know this entity; write the character itself or its number";
    case XML_ERR_ATTRIBUTE_REDEFINED:
        return "an attribute stands twice";
    case XML_ERR_INVALID_CHAR:
    case XML_ERR_INVALID_CHARREF:
        return "a character is not allowed in XML";
    case XML_NS_ERR_UNDEFINED_NAMESPACE:
        return "a prefix is not declared";
    case XML_ERR_LT_IN_ATTRIBUTE:
    case XML_ERR_ATTRIBUTE_NOT_FINISHED:
    case XML_ERR_ATTRIBUTE_NOT_STARTED:
        return "an attribute's value is broken";
    default:
        return "the markup is broken";
    }
}

/* UTF-8 without NUL, and no other encoding claimed. */
static err check_encoding(struct op *op, str text)
{
    str head = str_sub(text, 0, 200);
    size_t end = str_find(head, STR("?>"), 0), at = str_find(head, STR("encoding"), 0);
    if (!str_utf8_valid(text) || str_find_char(text, 0, 0) != SIZE_MAX)
        return fail(op, ERR_INVALID, "XML is taken in UTF-8 only.");
    if (str_find(head, STR("<?xml"), 0) > 3 || end == SIZE_MAX || at > end)
        return OK;
    str name = str_sub(head, at + 8, end);
    size_t quote = 0;
    while (quote < name.n && name.p[quote] != '"' && name.p[quote] != '\'')
        quote++;
    size_t close = quote < name.n ? str_find_char(name, name.p[quote], quote + 1) : SIZE_MAX;
    name = str_sub(name, quote + 1, close);
    if (close == SIZE_MAX || !str_eq_nocase(name, STR("utf-8")))
        return fail(op, ERR_INVALID, "XML is taken in UTF-8 only; the document names another.");
    return OK;
}

/* Past what is no element's start: a comment, CDATA, an instruction; or nothing. */
static size_t past_other(str text, size_t at)
{
    static const char *const begin[] = {"<!--", "<![CDATA[", "<?"}, *const end[] = {"-->", "]]>",
                                                                                    "?>"};
    for (size_t i = 0; i < 3; i++)
        if (str_starts(str_sub(text, at, text.n), str_of(begin[i]))) {
            size_t to = str_find(text, str_of(end[i]), at);
            return to == SIZE_MAX ? text.n : to;
        }
    return at;
}

/* libxml2 looks at all attributes of an element for each of them: a long list would take hours. */
static err check_attributes(struct op *op, str text)
{
    size_t n = 0;
    char quote = 0;
    bool tag = false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (!tag && c == '<') {
            size_t to = past_other(text, i);
            tag = to == i;
            n = 0;
            i = to;
        } else if (quote) {
            quote = c == quote ? 0 : quote;
        } else if (tag && (c == '"' || c == '\'')) {
            quote = c;
        } else if (tag && c == '>') {
            tag = false;
        } else if (tag && c == '=' && ++n > ATTRIBUTES_MAX) {
            return fail(op, ERR_TOO_LARGE, "An XML element has more than %u attributes.",
                        ATTRIBUTES_MAX);
        }
    }
    return OK;
}

static err parse(struct reader *r)
{
    struct op *op = r->x.op;
    if (xmlParseDocument(r->p) == 0 && !r->failed && r->p->wellFormed && r->x.root)
        return op_check(op);
    const xmlError *e = xmlCtxtGetLastError(r->p);
    if (!r->failed && e && e->code == XML_ERR_NO_MEMORY)
        return fail(op, ERR_TOO_LARGE, "No memory for this document; send less at once.");
    if (!op->fault.n) {
        r->x.line = e && e->line > 0 ? (unsigned)e->line : 1;
        r->x.column = e && e->int2 > 0 ? (unsigned)e->int2 : 1;
        xml_tell(&r->x, str_z(op->arena, arena_printf(op->arena, "The XML is not well-formed: %s.",
                                                      fault_of(e))));
    }
    return op_check(op);
}

err fhir_xml_read(struct op *op, str text, struct json **ret)
{
    static const xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC,
                                      .internalSubset = on_doctype,
                                      .startElementNs = on_start,
                                      .endElementNs = on_end,
                                      .characters = on_text,
                                      .cdataBlock = on_text,
                                      .serror = on_error};
    struct reader *r = ARENA_NEW(op->arena, struct reader);
    TRY(op_check(op));
    TRY(check_encoding(op, text));
    TRY(check_attributes(op, text));
    if (text.n > INT32_MAX)
        return fail(op, ERR_TOO_LARGE, "The document is too large; send less at once.");
    r->x.op = op;
    r->text = text;
    xmlInitParser();
    r->p = text.n ? xmlCreateMemoryParserCtxt(text.p, (int)text.n) : NULL;
    if (!r->p)
        return fail(op, ERR_INVALID, "The body is empty; an XML document is expected.");
    xmlCtxtUseOptions(r->p, XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_NOERROR |
                                XML_PARSE_NOWARNING | XML_PARSE_HUGE);
    *r->p->sax = sax;
    r->p->userData = r;
    err e = parse(r);
    xmlFreeParserCtxt(r->p);
    if (e == OK)
        *ret = r->x.root;
    return e;
}
