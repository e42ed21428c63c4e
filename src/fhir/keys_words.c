/* The texts of a resource, for full-text search: every string, markdown and narrative for _content,
 * the resource's own narrative for _text. Codes, ids, uris and data are no text.
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

static void walk(const struct words *x, const struct json *v, unsigned depth)
{
    if (depth > 2 * FHIR_DEPTH_MAX || x->w->over)
        return;
    for (uint32_t i = 0; v->type == JSON_ARRAY && i < v->n; i++)
        walk(x, &v->u.items[i], depth + 1);
    for (uint32_t i = 0; v->type == JSON_OBJECT && i < v->n; i++)
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
