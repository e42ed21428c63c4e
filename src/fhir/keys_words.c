/* The texts of a resource, for full-text search: its narrative for _text; for _content also every
 * string and markdown. What a unit or a reference is called, and identifiers and addresses of
 * contact, have parameters of their own (:text, token) and would double the keys: they are no
 * content here. Names of codes go with their codes (query.h), so that the record keeps their words
 * once for all resources; a concept's text that is one of those names is no text of its own.
 * (Measured on the shared bundles: words of names a resource cost 126 bytes of 700; every string
 * 350.)
 * Invariant: the walk is as deep as the tree, which reading has bounded. */
#include "fhir/fhir_int.h"
#include "fhir/keys_int.h"

struct words {
    struct key_walk *w;
    uint16_t content, text; /* numbers; 0 when the type has none */
};

/* Narrative without its tags and entities. */
static str plain(struct arena *a, str html)
{
    char *out = arena_alloc(a, html.n + 1), until = 0;
    size_t n = 0;
    if (!out)
        return STR_NONE;
    for (size_t i = 0; i < html.n; i++) {
        char c = html.p[i];
        if (until) {
            until = c == until ? 0 : until;
            continue;
        }
        until = c == '<' ? '>' : c == '&' ? ';' : 0;
        out[n++] = until ? ' ' : c;
    }
    return str_make(out, n);
}

static void add(struct key_walk *w, uint16_t param, str text)
{
    if (param && text.n)
        keys_add(w, &(struct fhir_key){.param = param, .kind = KEY_WORDS, .text = text});
}

/* What a code is called, with the code. */
static void add_name(const struct words *x, const struct json *coding)
{
    struct fhir_key k = {.param = x->content, .kind = KEY_WORDS};
    k.system = json_get_str(coding, STR("system"));
    k.code = json_get_str(coding, STR("code"));
    k.text = json_get_str(coding, STR("display"));
    if (k.param && k.text.n)
        keys_add(x->w, &k);
}

static bool no_content(const struct json *v)
{
    uint16_t type = FHIR_TAG_TYPE(v->tag);
    return v->type == JSON_OBJECT && (type == FHIR_REFERENCE || type == FHIR_IDENTIFIER ||
                                      type == FHIR_CONTACT_POINT || fhir_is_a(type, FHIR_QUANTITY));
}

static bool only_names(const struct json *concept)
{
    const struct json *codings = JSON_GET(concept, "coding"), *c;
    str text = json_get_str(concept, STR("text"));
    for (size_t i = 0; (c = json_at(codings, i)); i++)
        if (str_eq(json_get_str(c, STR("display")), text))
            return true;
    return false;
}

static void walk(const struct words *x, const struct json *v, unsigned depth)
{
    if (depth > 2 * FHIR_DEPTH_MAX || x->w->over || no_content(v))
        return;
    if (FHIR_TAG_TYPE(v->tag) == FHIR_CODING && v->type == JSON_OBJECT) {
        add_name(x, v);
        return;
    }
    bool names =
        FHIR_TAG_TYPE(v->tag) == FHIR_CODEABLE_CONCEPT && v->type == JSON_OBJECT && only_names(v);
    for (uint32_t i = 0; v->type == JSON_ARRAY && i < v->n; i++)
        walk(x, &v->u.items[i], depth + 1);
    for (uint32_t i = 0; v->type == JSON_OBJECT && i < v->n; i++)
        if (!names || !str_eq(v->u.members[i].name, STR("text")))
            walk(x, &v->u.members[i].value, depth + 1);
    if (v->type != JSON_STRING || !FHIR_TAG_ROW(v->tag))
        return;
    uint16_t type = FHIR_TAG_TYPE(v->tag);
    if (type == FHIR_STRING || type == FHIR_MARKDOWN)
        add(x->w, x->content, v->u.s);
    else if (type == FHIR_XHTML)
        add(x->w, x->content, plain(x->w->op->arena, v->u.s));
}

void keys_words(struct key_walk *w, const struct json *resource)
{
    const struct fhir_param *content = fhir_param_find(fhir_type_of(resource), STR("_content"));
    const struct fhir_param *text = fhir_param_find(fhir_type_of(resource), STR("_text"));
    struct words x = {w, content ? content->number : 0, text ? text->number : 0};
    str div = json_str(json_path(resource, "text.div"));
    walk(&x, resource, 0);
    if (div.n)
        add(w, x.text, plain(w->op->arena, div));
}
