/* A damaged or hostile block, or a resource that becomes one: opened, walked and asked everything.
 * What begins with "{" is JSON and compiled first; all else is a block, its size and checksum put
 * right so that what lies behind them is reached. */
#include "terms/build_int.h"
#include "terms/doors_int.h"
#include "terms/params_int.h"

#include <stdlib.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk_system(struct op *op, const struct blob *b)
{
    struct system s;
    if (!system_view(b, &s))
        return;
    for (uint32_t row = 0; row < s.n + 1 && row < 50; row++) {
        struct notes n = notes_of(b, SEC_DETAIL, row < s.n ? s.rows[row].detail : row);
        struct note note;
        uint32_t *rows;
        size_t count;
        bool yes;
        while (notes_property(&n, &note))
            ;
        (void)system_code(&s, system_text(&s, row));
        (void)system_display_in(&s, row, STR("de"));
        if (system_closure(op, &s, row, row % 2, 1000, &rows, &count) != OK ||
            system_above(op, &s, 0, row, &yes) != OK)
            op_clear(op);
    }
    (void)system_list(&s, STR("LL1-1"));
}

static void walk_set(struct ask *q, const struct blob *b)
{
    struct set s;
    struct member m;
    struct gather g = {.q = q};
    if (!set_view(b, &s))
        return;
    (void)definition_of(q->op, &s);
    if (set_has(q, &s, &(struct probe){.code = STR("male")}, &m) != OK ||
        set_has(q, &s,
                &(struct probe){STR("http://hl7.org/fhir/administrative-gender"), STR_NONE,
                                STR("male")},
                &m) != OK)
        op_clear(q->op);
    if (gather_set(&g, &s, 0) != OK)
        op_clear(q->op);
    for (size_t i = 0; i < g.hits.n && i < 50; i++)
        (void)hit_display(&g.hits.at[i], STR("de"));
}

static str block_of(struct op *op, const uint8_t *data, size_t size)
{
    struct json *r;
    str block = STR_NONE;
    struct blob_head head;
    if (size && data[0] == '{') {
        if (json_read(op, str_make((const char *)data, size), &JSON_LIMITS_DEFAULT, &r) != OK ||
            terms_compile(op, r, 1u << 20, &block) != OK)
            return STR_NONE;
        return block;
    }
    char *p = size > sizeof head ? arena_alloc(op->arena, size) : NULL;
    if (!p)
        return STR_NONE;
    memcpy(p, data, size);
    memcpy(&head, p, sizeof head);
    memcpy(head.magic, BLOB_MAGIC, sizeof head.magic);
    head.size = size;
    memcpy(p, &head, sizeof head);
    size_t from = offsetof(struct blob_head, kind);
    head.crc = (uint32_t)crc32_z(0, (const Bytef *)p + from, size - from);
    memcpy(p, &head, sizeof head);
    return str_make(p, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct terms *t;
    struct arena *a = arena_new(64u << 20);
    struct op op;
    struct ask q;
    struct blob b;
    op_init(&op, a, NULL, 0);
    if (!t && terms_open(&op, NULL, STR_NONE, &t) != OK)
        abort();
    str block = block_of(&op, data, size);
    op_clear(&op);
    if (ask_begin(&q, &op, t, true) == OK && block.n && blob_open(block, &b)) {
        walk_system(&op, &b);
        walk_set(&q, &b);
        if (translate_block(&q, &b, STR("male")) != OK)
            op_clear(&op);
    }
    arena_free(a);
    return 0;
}
