/* ConceptMap to a block: groups, their elements sorted by code, targets in the given order. */
#include "terms/build_int.h"

#include <stdlib.h>

static int by_code(const void *a, const void *b)
{
    const struct json *const *x = a, *const *y = b;
    return str_cmp(json_get_str(*x, STR("code")), json_get_str(*y, STR("code")));
}

static uint32_t json_ref(struct writer *w, const struct json *v)
{
    struct buf b;
    if (!v)
        return 0;
    buf_init(&b, w->a, w->max);
    json_write(&b, v);
    return writer_text(w, buf_str(&b));
}

static void put_targets(struct writer *w, const struct json *list)
{
    for (size_t i = 0; list && i < list->n; i++) {
        static const char *const names[] = {"code", "display", "equivalence", "comment"};
        const struct json *t = json_at(list, i);
        for (size_t k = 0; k < 4; k++)
            writer_u32(w, SEC_TARGETS, writer_text(w, json_get_str(t, str_of(names[k]))));
        writer_u32(w, SEC_TARGETS, json_ref(w, JSON_GET(t, "dependsOn")));
        writer_u32(w, SEC_TARGETS, json_ref(w, JSON_GET(t, "product")));
    }
}

static err put_elements(struct op *op, struct writer *w, const struct json *list)
{
    size_t n = list ? list->n : 0;
    const struct json **e = ARENA_ARRAY(op->arena, const struct json *, n + 1);
    if (!e)
        return op_check(op);
    for (size_t i = 0; i < n; i++)
        e[i] = json_at(list, i);
    if (n)
        qsort(e, n, sizeof *e, by_code);
    for (size_t i = 0; i < n; i++) {
        const struct json *targets = JSON_GET(e[i], "target");
        writer_u32(w, SEC_ELEMENTS, writer_text(w, json_get_str(e[i], STR("code"))));
        writer_u32(w, SEC_ELEMENTS, writer_text(w, json_get_str(e[i], STR("display"))));
        writer_u32(w, SEC_ELEMENTS, writer_count(w, SEC_TARGETS, sizeof(struct map_target)));
        writer_u32(w, SEC_ELEMENTS, targets ? targets->n : 0);
        put_targets(w, targets);
    }
    return OK;
}

static err put_group(struct op *op, struct writer *w, const struct json *g)
{
    static const char *const names[] = {"mode", "code", "display", "url"};
    const struct json *unmapped = JSON_GET(g, "unmapped"), *elements = JSON_GET(g, "element");
    str ends[2][2];
    canonical_split(json_get_str(g, STR("source")), &ends[0][0], &ends[0][1]);
    canonical_split(json_get_str(g, STR("target")), &ends[1][0], &ends[1][1]);
    if (!ends[0][1].n)
        ends[0][1] = json_get_str(g, STR("sourceVersion"));
    if (!ends[1][1].n)
        ends[1][1] = json_get_str(g, STR("targetVersion"));
    for (size_t i = 0; i < 4; i++)
        writer_u32(w, SEC_GROUPS, writer_text(w, ends[i / 2][i % 2]));
    writer_u32(w, SEC_GROUPS, writer_count(w, SEC_ELEMENTS, sizeof(struct map_element)));
    writer_u32(w, SEC_GROUPS, elements ? elements->n : 0);
    for (size_t i = 0; i < 4; i++)
        writer_u32(w, SEC_GROUPS, writer_text(w, json_get_str(unmapped, str_of(names[i]))));
    return put_elements(op, w, elements);
}

err compile_map(struct op *op, const struct json *cm, size_t max, str *ret)
{
    struct writer w;
    struct facts_text facts;
    const struct json *groups = JSON_GET(cm, "group");
    writer_init(&w, op->arena, max);
    facts_of(cm, &facts);
    facts_write(&w, &facts);
    for (size_t i = 0; groups && i < groups->n; i++)
        TRY(put_group(op, &w, json_at(groups, i)));
    return writer_finish(op, &w, BLOB_MAP, ret);
}
