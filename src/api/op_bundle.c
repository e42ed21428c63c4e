/* The Bundle that an operation answers with: links of its own address, resources as stored. */
#include "api/op_int.h"

static void link_to(struct call *c, struct buf *b, const char *relation, str url)
{
    (void)c;
    buf_printf(b, "{\"relation\":\"%s\",\"url\":", relation);
    buf_json_string(b, url);
    buf_char(b, '}');
}

static str with_page(struct call *c, str self, bool more, str page)
{
    return arena_printf(c->op.arena, "%.*s%s_page=%.*s", STR_ARG(self), more ? "&" : "?",
                        STR_ARG(page));
}

static void links(struct call *c, struct buf *b, str path, const struct op_params *p, str next)
{
    str here = STR_NONE, self;
    self = arena_printf(c->op.arena, "%.*s/fhir/%.*s%s%.*s", STR_ARG(base_url(c)), STR_ARG(path),
                        p->self.n ? "?" : "", STR_ARG(p->self));
    for (size_t i = 0; i < p->n; i++)
        if (str_eq(p->at[i].name, STR("_page")))
            here = p->at[i].value;
    buf_add(b, STR(",\"link\":["));
    link_to(c, b, "self", here.n ? with_page(c, self, p->self.n, here) : self);
    if (here.n || next.n) {
        buf_char(b, ',');
        link_to(c, b, "first", self);
    }
    if (next.n) {
        buf_char(b, ',');
        link_to(c, b, "next", with_page(c, self, p->self.n, next));
    }
    buf_char(b, ']');
}

err op_bundle(struct call *c, str path, const struct op_params *p, const struct record_page *page)
{
    struct buf b = answer_buf(c);
    str base = base_url(c);
    buf_add(&b, STR("{\"resourceType\":\"Bundle\",\"type\":\"searchset\""));
    if (page->has_total)
        buf_printf(&b, ",\"total\":%llu", (unsigned long long)page->total);
    links(c, &b, path, p, page->next);
    for (size_t i = 0; i < page->n; i++) {
        const struct record_doc *d = &page->docs[i];
        buf_add(&b, i ? STR(",{\"fullUrl\":\"") : STR(",\"entry\":[{\"fullUrl\":\""));
        buf_add(&b, base);
        buf_add(&b, STR("/fhir/"));
        buf_add(&b, fhir_type_name(d->type));
        buf_char(&b, '/');
        buf_add(&b, d->id);
        buf_add(&b, STR("\",\"resource\":"));
        buf_add(&b, d->head);
        buf_add(&b, d->body);
        buf_add(&b, i < page->n_match ? STR(",\"search\":{\"mode\":\"match\"}}")
                                      : STR(",\"search\":{\"mode\":\"include\"}}"));
    }
    if (page->n)
        hidden_entry(c, &b, page);
    buf_add(&b, page->n ? STR("]}") : STR("}"));
    return answer(c, 200, &b);
}
