/* Recalls as openFDA publishes them (open.fda.gov: device/enforcement and device/recall), JSON: an
 * answer with "results", a list, or one alone. Pure. Invariants: whatever the bytes, it ends within
 * its ceilings or with an error that says which entry and what of it; a text that is too long is
 * refused, never cut: a lot that is cut off would be shipped. */
#include "fleet/recall_int.h"

struct reader {
    struct op *op;
    struct recalls *to;
    size_t cap, at;
};

static str place(struct reader *r, const char *element)
{
    return arena_printf(r->op->arena, "results[%zu].%s", r->at, element);
}

static bool starts_small(str s, const char *with)
{
    size_t n = strlen(with);
    return s.n >= n && str_eq_nocase(str_sub(s, 0, n), str_of(with));
}

/* Both shapes, by the names of each. */
static str either(const struct json *o, const char *first, const char *second)
{
    str s = str_trim(json_get_str(o, str_of(first)));
    return s.n ? s : str_trim(json_get_str(o, str_of(second)));
}

static err add(struct reader *r, struct recall one)
{
    struct recalls *to = r->to;
    if (to->n == RECALL_MAX)
        return fail(r->op, ERR_TOO_LARGE, "A document has at most 5000 recalls here.");
    if (to->n == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 32;
        struct recall *more = ARENA_ARRAY(r->op->arena, struct recall, cap);
        TRY(op_check(r->op));
        if (to->n)
            memcpy(more, to->all, to->n * sizeof *more);
        to->all = more;
        r->cap = cap;
    }
    to->all[to->n++] = one;
    return OK;
}

static err check(struct reader *r, const struct recall *x)
{
    size_t n = r->at + 1;
    str number = place(r, "recall_number"), product = place(r, "product_description");
    if (!fhir_id_valid(x->id))
        return fail_at(r->op, ERR_INVALID, number,
                       "Entry %zu has no number of a recall (recall_number or "
                       "product_res_number): at most 64 letters, digits, dots and hyphens.",
                       n);
    if (!x->product.n)
        return fail_at(r->op, ERR_INVALID, product,
                       "Entry %zu does not say which product is recalled "
                       "(product_description).",
                       n);
    if (x->product.n > RECALL_TEXT_MAX || x->codes.n > RECALL_TEXT_MAX)
        return fail_at(r->op, ERR_TOO_LARGE, product,
                       "Entry %zu has a text that is longer than 256 KiB, the most that is kept.",
                       n);
    return OK;
}

static err one_of(struct reader *r, const struct json *o)
{
    struct recall x = {.id = either(o, "recall_number", "product_res_number"),
                       .firm = either(o, "recalling_firm", "firm"),
                       .product = either(o, "product_description", "product"),
                       .codes = either(o, "code_info", "codes"),
                       .reason = either(o, "reason_for_recall", "reason"),
                       .class = either(o, "classification", "class"),
                       .status = either(o, "status", "recall_status"),
                       .started = either(o, "recall_initiation_date", "event_date_initiated"),
                       .action = either(o, "action", "initial_firm_notification")};
    str type = json_get_str(o, STR("product_type")), more = either(o, "more_code_info", "");
    if (!json_is(o, JSON_OBJECT))
        return fail_at(r->op, ERR_INVALID, place(r, ""), "Entry %zu is no object.", r->at + 1);
    if (type.n && !starts_small(type, "device")) {
        r->to->others++;
        return OK;
    }
    if (more.n)
        x.codes = arena_printf(r->op->arena, "%.*s; %.*s", STR_ARG(x.codes), STR_ARG(more));
    TRY(check(r, &x));
    x.over = starts_small(x.status, "terminated") || starts_small(x.status, "completed");
    r->to->over += x.over;
    return add(r, x);
}

err recalls_read(struct op *op, str document, struct recalls *ret)
{
    struct json *doc;
    const struct json *all, *one;
    struct reader r = {.op = op, .to = ret};
    *ret = (struct recalls){.n = 0};
    TRY(json_read(op, document,
                  &(struct json_limits){.bytes = RECALL_BYTES_MAX, .depth = 32, .nodes = 2000000},
                  &doc));
    all = json_is(doc, JSON_ARRAY) ? doc : JSON_GET(doc, "results");
    if (!all)
        return one_of(&r, doc);
    if (!json_is(all, JSON_ARRAY))
        return fail_at(op, ERR_INVALID, STR("results"), "results is a list of recalls.");
    for (; (one = json_at(all, r.at)); r.at++)
        TRY(one_of(&r, one));
    return op_check(op);
}
