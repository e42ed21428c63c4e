/* A search walked to its end. Invariant: memory is that of one page, however many match, and the
 * walk is whole or an error. */
#include "record/find_each.h"
#include "record/record_int.h"

#define PAGE 500
#define PAGE_BYTES ((size_t)64 << 20)

/* io_next: where to go on; empty: that was all. */
static err read_page(struct op *op, struct record *rec, struct record_each *e, str *io_next)
{
    struct record_page page = {0};
    str at = io_next->n ? arena_printf(op->arena, "&_page=%.*s", STR_ARG(*io_next)) : STR_NONE;
    str q = arena_printf(op->arena, "%.*s&_count=%d%.*s", STR_ARG(e->query), PAGE, STR_ARG(at));
    TRY(record_find(op, rec, fhir_type_parse(str_of(e->type)), q, &page));
    for (size_t i = 0; i < page.n; i++) {
        struct json *tree;
        TRY(record_parse(op, &page.docs[i], &tree));
        TRY(e->fn(e->ctx, op, &page.docs[i], tree));
    }
    e->n += page.n;
    *io_next = page.next;
    if (e->n > e->max)
        return fail(op, ERR_TOO_COSTLY, "Too much for one report; ask for fewer days.");
    return OK;
}

err record_find_each(struct op *op, struct record *rec, struct record_each *io)
{
    struct arena *room = arena_new(PAGE_BYTES);
    str next = STR_NONE;
    err e = room ? OK : fail(op, ERR_UNAVAILABLE, "out of memory");
    do {
        if (e != OK)
            break;
        struct op part = op_part(op, room);
        e = read_page(&part, rec, io, &next);
        next = arena_str(op->arena, next);
        e = op_part_end(op, &part, e);
        if (e == OK)
            e = op_check(op);
    } while (next.n);
    arena_free(room);
    return e;
}
