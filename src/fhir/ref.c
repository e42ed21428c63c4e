/* References: what a reference text points at, and where a tree has references.
 * Does not resolve anything. Invariant: fhir_ref_parse() never fails; what it does not understand
 * is REF_ABSOLUTE when it has a scheme, else REF_NONE, with text as written. */
#include "fhir/fhir_int.h"
#include "fhir/keys_int.h"

/* Takes "Type/id" or "Type/id/_history/v" as a whole. */
static bool take_local(str s, struct fhir_ref *r)
{
    str type, id, word, version = STR_NONE;
    if (!str_take_until(&s, '/', &type) || !str_take_until(&s, '/', &id) || !fhir_id_valid(id))
        return false;
    if (str_take_until(&s, '/', &word)) {
        if (!str_eq(word, STR("_history")) || !str_take_until(&s, '/', &version) ||
            !fhir_id_valid(version) || s.n)
            return false;
    }
    r->type = fhir_type_parse(type);
    if (r->type == 0)
        return false;
    r->id = id;
    r->version = version;
    return true;
}

/* The last two segments (before any _history) of an absolute url. */
static void take_tail(str url, struct fhir_ref *r)
{
    size_t slashes[5], n = 0;
    for (size_t i = url.n; i-- > 0 && n < 4;)
        if (url.p[i] == '/')
            slashes[n++] = i;
    if (n > 3 && take_local(str_sub(url, slashes[3] + 1, url.n), r))
        return;
    if (n > 1)
        (void)take_local(str_sub(url, slashes[1] + 1, url.n), r);
}

static bool has_scheme(str s)
{
    size_t i = 0;
    while (i < s.n && ((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z') ||
                       (i && ((s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '+' || s.p[i] == '-' ||
                              s.p[i] == '.'))))
        i++;
    return i > 0 && i < s.n && s.p[i] == ':';
}

struct fhir_ref fhir_ref_parse(str text)
{
    struct fhir_ref r = {.kind = REF_NONE, .text = text};
    if (text.n == 0)
        return r;
    if (text.p[0] == '#') {
        r.kind = REF_CONTAINED;
        r.id = str_sub(text, 1, text.n);
    } else if (str_starts(text, STR("urn:"))) {
        r.kind = REF_URN;
    } else if (has_scheme(text)) {
        r.kind = REF_ABSOLUTE;
        take_tail(text, &r);
    } else if (take_local(text, &r)) {
        r.kind = REF_LOCAL;
    } else {
        size_t mark = str_find_char(text, '?', 0);
        r.type = mark == SIZE_MAX ? 0 : fhir_type_parse(str_sub(text, 0, mark));
        r.kind = r.type ? REF_CONDITIONAL : REF_NONE;
    }
    return r;
}

fhir_type ref_target(const struct json *resource, const struct json *reference)
{
    struct fhir_ref r = fhir_ref_parse(json_str(JSON_GET(reference, "reference")));
    if (r.kind == REF_CONTAINED) {
        const struct json *all = JSON_GET(resource, "contained"), *c;
        if (r.id.n == 0)
            return fhir_type_of(resource);
        for (size_t i = 0; (c = json_at(all, i)); i++)
            if (str_eq(json_str(JSON_GET(c, "id")), r.id))
                return fhir_type_of(c);
    }
    return r.type ? r.type : fhir_type_parse(json_str(JSON_GET(reference, "type")));
}

/* ---- every reference of a tree ---- */

struct hunt {
    struct op *op;
    VEC(struct fhir_ref_node) found;
};

static void hunt(struct hunt *h, struct json *v, const struct fhir_frame *up, int depth);

static void hunt_member(struct hunt *h, struct json_member *m, const struct fhir_frame *up,
                        int depth)
{
    if (m->value.type != JSON_OBJECT && m->value.type != JSON_ARRAY)
        return;
    uint16_t row = FHIR_TAG_ROW(m->value.tag);
    struct fhir_frame f = {.up = up, .name = m->name, .index = -1};
    if (row) {
        f.name = fhir_word(fhir_rows[row].element);
        f.type = fhir_rows[row].flags & ROW_CHOICE ? fhir_rows[row].type : 0;
    }
    if (m->value.type != JSON_ARRAY) {
        hunt(h, &m->value, &f, depth + 1);
        return;
    }
    for (uint32_t i = 0; i < m->value.n; i++) {
        f.index = i;
        hunt(h, &m->value.u.items[i], &f, depth + 1);
    }
}

static void hunt(struct hunt *h, struct json *v, const struct fhir_frame *up, int depth)
{
    if (v->type != JSON_OBJECT || depth > FHIR_DEPTH_MAX || arena_failed(h->op->arena))
        return;
    if (FHIR_TAG_TYPE(v->tag) == FHIR_REFERENCE) {
        struct json *text = JSON_GET(v, "reference");
        if (json_is(text, JSON_STRING)) {
            struct fhir_ref_node node = {.node = text, .ref = fhir_ref_parse(text->u.s)};
            struct fhir_frame f = {.up = up, .name = STR("reference"), .index = -1};
            node.path = fhir_frame_path(h->op->arena, &f);
            VEC_PUSH(h->op->arena, &h->found, node);
        }
    }
    for (uint32_t i = 0; i < v->n; i++)
        hunt_member(h, &v->u.members[i], up, depth);
}

err fhir_refs(struct op *op, struct json *resource, struct fhir_ref_node **ret, size_t *ret_n)
{
    struct hunt h = {.op = op};
    struct fhir_frame root = {.name = fhir_type_name(fhir_type_of(resource)), .index = -1};
    hunt(&h, resource, &root, 0);
    TRY(op_check(op));
    *ret = h.found.at;
    *ret_n = h.found.n;
    return OK;
}
