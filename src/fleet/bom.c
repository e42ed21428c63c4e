/* The bills of materials of a model, one a range of its firmware versions, and which of them a
 * device is made of. Invariant: a version belongs to one of them at most, the narrowest that holds
 * it; a device whose version belongs to none is counted apart, never left out. */
#include "fleet/bom_int.h"

#define OF_PREFIX "fleet/parts-of/" /* and the model: ranges, a line each */
#define ROOM_BYTES ((size_t)96 << 20)

bool bom_version_valid(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'z') ||
              (s.p[i] >= 'A' && s.p[i] <= 'Z') || s.p[i] == '.' || s.p[i] == '-' || s.p[i] == '+' ||
              s.p[i] == '_'))
            return false;
    return s.n && s.n <= BOM_VERSION_MAX;
}

str bom_key(struct op *op, str model, const struct bom_range *r)
{
    return arena_printf(op->arena, PARTS_PREFIX "%.*s/%.*s..%.*s", STR_ARG(model), STR_ARG(r->from),
                        STR_ARG(r->to));
}

static str range_line(struct op *op, const struct bom_range *r)
{
    return arena_printf(op->arena, "%.*s..%.*s", STR_ARG(r->from), STR_ARG(r->to));
}

static struct bom_range range_of(str line)
{
    size_t at = str_find(line, STR(".."), 0);
    if (at == SIZE_MAX)
        return (struct bom_range){.from = STR_NONE};
    return (struct bom_range){.from = str_sub(line, 0, at), .to = str_sub(line, at + 2, line.n)};
}

/* Of a bill that was taken in before there were ranges: what its document says. */
static err old_one(struct op *op, struct fleet *f, str model, struct bom_list *ret)
{
    struct json *kept;
    str text;
    TRY(record_kv_get(op, f->rec, arena_cat(op->arena, STR(PARTS_PREFIX), model), &text));
    if (!text.n)
        return OK;
    TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &kept));
    str version = json_get_str(kept, STR("firmware"));
    ret->all[0] = (struct bom_range){.old = true};
    if (bom_version_valid(version))
        ret->all[0].from = ret->all[0].to = version;
    ret->n = 1;
    return OK;
}

err bom_ranges(struct op *op, struct fleet *f, str model, struct bom_list *ret)
{
    str lines, line;
    *ret = (struct bom_list){.n = 0};
    ret->all = ARENA_ARRAY(op->arena, struct bom_range, BOMS_MAX + 1);
    TRY(op_check(op));
    TRY(record_kv_get(op, f->rec, arena_cat(op->arena, STR(OF_PREFIX), model), &lines));
    while (ret->n < BOMS_MAX && str_take_until(&lines, '\n', &line))
        ret->all[ret->n++] = range_of(line);
    return ret->n ? OK : old_one(op, f, model, ret);
}

err bom_keep(struct op *op, struct fleet *f, struct record_tx *tx, const struct bom_new *b)
{
    str of = arena_cat(op->arena, STR(OF_PREFIX), b->model);
    str newest = arena_cat(op->arena, STR(PARTS_PREFIX), b->model), had;
    struct bom_list all;
    TRY(bom_ranges(op, f, b->model, &all));
    if (all.n && all.all[0].old) { /* it stays, under its own range */
        TRY(record_tx_kv_now(tx, newest, &had));
        record_tx_kv(tx, bom_key(op, b->model, &all.all[0]), had);
        TRY(lines_add(op, tx, of, range_line(op, &all.all[0]), BOMS_MAX));
    }
    record_tx_kv(tx, newest, b->text);
    record_tx_kv(tx, bom_key(op, b->model, &b->range), b->text);
    return lines_add(op, tx, of, range_line(op, &b->range), BOMS_MAX);
}

static bool holds(const struct bom_range *r, str version)
{
    if (!r->from.n && !r->to.n)
        return true;
    if (!version.n)
        return false;
    return (!r->from.n || version_order(version, r->from) >= 0) &&
           (!r->to.n || version_order(version, r->to) <= 0);
}

/* Which of two that hold a version says more of it? */
static bool is_narrower(const struct bom_range *a, const struct bom_range *b)
{
    bool one_a = a->from.n && a->to.n && !version_order(a->from, a->to);
    bool one_b = b->from.n && b->to.n && !version_order(b->from, b->to);
    if (one_a != one_b)
        return one_a;
    if (!a->from.n != !b->from.n)
        return a->from.n > 0;
    int from = a->from.n ? version_order(a->from, b->from) : 0;
    if (from)
        return from > 0;
    if (!a->to.n != !b->to.n)
        return a->to.n > 0;
    return a->to.n && version_order(a->to, b->to) < 0;
}

size_t bom_of(const struct bom_list *all, str version)
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < all->n; i++)
        if (holds(&all->all[i], version) &&
            (best == SIZE_MAX || is_narrower(&all->all[i], &all->all[best])))
            best = i;
    return best;
}

/* ---- each in turn ---- */

static err each_one(struct op *op, struct fleet *f, const struct bom_each *e, size_t i)
{
    struct bom b = {.i = i, .range = e->ranges.all[i]};
    str key = b.range.old ? arena_cat(op->arena, STR(PARTS_PREFIX), e->model)
                          : bom_key(op, e->model, &b.range);
    str text;
    TRY(record_kv_get(op, f->rec, key, &text));
    if (!text.n)
        return OK;
    TRY(parts_of(op, text, &b.parts, &b.kept));
    TRY(vuln_find(op, f, e->model, &b.parts, &b.found));
    return e->fn(e->ctx, op, &b);
}

err bom_each(struct op *op, struct fleet *f, const struct bom_each *e)
{
    struct arena *room = arena_new(ROOM_BYTES);
    err code = room ? OK : fail(op, ERR_UNAVAILABLE, "out of memory");
    for (size_t i = 0; code == OK && i < e->ranges.n; i++) {
        struct op part = op_part(op, room);
        code = each_one(&part, f, e, i);
        code = op_part_end(op, &part, code);
    }
    arena_free(room);
    return code == OK ? op_check(op) : code;
}
