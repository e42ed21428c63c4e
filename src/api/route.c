/* From method and path to a row of the route table. Literal segments win over variables because the
 * table is sorted so. Nothing of the path is interpreted beyond its segments. */
#include "api/api_int.h"

#define SEGMENTS_MAX 8

struct path {
    str segments[SEGMENTS_MAX];
    unsigned n;
    unsigned char hints[2]; /* as in the sieve */
    str whole;
};

/* As tools/gen_routes.py makes it. */
static unsigned char hint_of(const struct path *p, unsigned i)
{
    str s = i < p->n ? p->segments[i] : STR_NONE;
    return s.n ? (unsigned char)((s.n * 31 + (unsigned char)s.p[0] +
                                  (size_t)(unsigned char)s.p[s.n - 1] * 7) %
                                     255 +
                                 1)
               : 0;
}

static void split(struct arena *a, str path, struct path *ret)
{
    struct path p = {.whole = path};
    str part;
    while (p.n < SEGMENTS_MAX && str_take_until(&path, '/', &part))
        if (part.n)
            p.segments[p.n++] =
                str_find_char(part, '%', 0) == SIZE_MAX ? part : url_decode(a, part);
    p.hints[0] = hint_of(&p, 0);
    p.hints[1] = hint_of(&p, 1);
    *ret = p;
}

static bool is_type(str s)
{
    return s.n > 0 && s.p[0] >= 'A' && s.p[0] <= 'Z';
}

/* Everything after the segments before {*}, as sent. */
static str rest_of(const struct path *p, unsigned from)
{
    size_t at = 0;
    for (unsigned i = 0; i <= from && at != SIZE_MAX; i++)
        at = str_find_char(p->whole, '/', i ? at + 1 : 0);
    return str_sub(p->whole, at, SIZE_MAX);
}

/* One segment against what the row wants there; variables go to c. */
static bool segment_fits(const struct segment *want, str got, struct call *c)
{
    bool special = got.n && (got.p[0] == '$' || got.p[0] == '_');
    switch (want->kind) {
    case SEGMENT_LITERAL:
        return str_eq(got, want->text);
    case SEGMENT_TYPE:
        c->type_name = got;
        return is_type(got);
    case SEGMENT_ID:
        c->id = got;
        return !special;
    case SEGMENT_VID:
        c->vid = got;
        return !special;
    case SEGMENT_WITHIN:
        c->rest = got;
        return is_type(got) || str_eq(got, STR("*"));
    case SEGMENT_REST:
        break;
    }
    return false;
}

static bool passes(const struct route_sieve *s, const struct path *p)
{
    return (s->open ? p->n >= s->fixed : p->n == s->fixed) &&
           (!s->hints[0] || s->hints[0] == p->hints[0]) &&
           (!s->hints[1] || s->hints[1] == p->hints[1]);
}

static bool fits(const struct route *r, const struct path *p, struct call *c)
{
    const struct route_sieve *s = &api_route_sieve[r - api_routes];
    if (!passes(s, p))
        return false;
    c->type_name = c->id = c->vid = c->rest = STR_NONE;
    for (unsigned i = 0; i < s->fixed; i++)
        if (!segment_fits(&r->segments[i], p->segments[i], c))
            return false;
    if (s->open)
        c->rest = rest_of(p, s->fixed);
    return true;
}

static bool excepted(const struct route *r, str type)
{
    str list = str_of(r->except), one;
    while (str_take_until(&list, ' ', &one))
        if (type.n && str_eq(one, type))
            return true;
    return false;
}

static err no_route(struct call *c, const struct path *p)
{
    if (p->n > 0 && str_eq(p->segments[0], STR("fhir"))) {
        str last = p->segments[p->n - 1];
        if (p->n > 1 && last.n && last.p[0] == '$')
            return fail(&c->op, ERR_NOT_FOUND,
                        "This server has no operation of this name here; GET /fhir/metadata lists "
                        "the operations it has.");
        return fail(&c->op, ERR_NOT_FOUND,
                    "There is no such FHIR interaction; GET /fhir/metadata lists what there is.");
    }
    return fail(&c->op, ERR_NOT_FOUND, "There is nothing at this address.");
}

static err wrong_method(struct call *c, unsigned methods)
{
    struct buf b;
    buf_init(&b, c->op.arena, 128);
    for (unsigned m = 0; m < NET_OPTIONS; m++)
        if (methods & 1u << m)
            buf_printf(&b, "%s%.*s", b.n ? ", " : "", STR_ARG(net_method_name((enum net_method)m)));
    buf_add(&b, STR(", OPTIONS"));
    answer_header(c, "Allow", "%.*s", STR_ARG(buf_str(&b)));
    if (c->rq->method == NET_OPTIONS)
        return OK;
    return fail(&c->op, ERR_METHOD, "%.*s is not possible here; possible: %.*s.",
                STR_ARG(net_method_name(c->rq->method)), STR_ARG(buf_str(&b)));
}

static err type_known(struct call *c)
{
    if (!c->type_name.n)
        return OK;
    c->type = fhir_type_parse(c->type_name);
    if (!c->type)
        return fail(&c->op, ERR_NOT_FOUND,
                    "\"%.*s\" is not a resource type of FHIR R4; check the spelling.",
                    STR_ARG(str_sub(c->type_name, 0, 64)));
    if (c->id.n && !fhir_id_valid(c->id))
        return fail(&c->op, ERR_NOT_FOUND,
                    "No resource can have this id: 1 to 64 letters, digits, hyphens and dots.");
    return OK;
}

err route_find(struct call *c)
{
    struct path p;
    split(c->op.arena, c->rq->path, &p);
    enum net_method wanted = c->rq->method == NET_HEAD ? NET_GET : c->rq->method;
    unsigned methods = 0;
    str type = STR_NONE, id = STR_NONE;
    for (unsigned i = 0; i < ROUTE_COUNT; i++) {
        const struct route *r = &api_routes[i];
        if (!fits(r, &p, c) || (r->except[0] && excepted(r, c->type_name)))
            continue;
        if (r->method == wanted) {
            c->route = r;
            return type_known(c);
        }
        type = c->type_name;
        id = c->id;
        methods |= 1u << r->method | (r->method == NET_GET ? 1u << NET_HEAD : 0);
    }
    if (!methods)
        return no_route(c, &p);
    c->type_name = type;
    c->id = id;
    TRY(type_known(c));
    return wrong_method(c, methods);
}
