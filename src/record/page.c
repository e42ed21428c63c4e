/* Paging positions as clients hold them: the position, when it was given and a keyed hash over both
 * and over whose search it continues. Invariant: a position goes on only for the actor and the
 * query it was given to, unchanged, and for an hour; nothing else of it is believed. */
#include "record/record_int.h"

#define PAGE_LIFE_MS ((int64_t)60 * 60 * 1000)
#define MARK_HEX 16u

static str mark_of(struct op *op, struct record *rec, const struct fhir_query *q, str text)
{
    static const struct actor nobody = {.role = ROLE_NONE};
    const struct actor *a = op->actor ? op->actor : &nobody;
    str sealed = arena_printf(op->arena, "%d %d %llu %llu %zu:%.*s %u %zu:%.*s %.*s", (int)a->role,
                              (int)a->purpose, (unsigned long long)a->patient,
                              (unsigned long long)a->user_rid, a->user.n, STR_ARG(a->user), q->type,
                              q->self.n, STR_ARG(q->self), STR_ARG(text));
    return arena_printf(op->arena, "%016llx",
                        (unsigned long long)store_blind(rec->store, STR("page"), sealed));
}

str page_give(struct op *op, struct record *rec, const struct fhir_query *q, str position)
{
    if (str_empty(position))
        return STR_NONE;
    str text = arena_printf(op->arena, "%lld-%.*s", (long long)op->now, STR_ARG(position));
    return arena_printf(op->arena, "%.*s-%.*s", STR_ARG(text), STR_ARG(mark_of(op, rec, q, text)));
}

/* Takes as long for a good guess as for a bad one. */
static bool same(str a, str b)
{
    unsigned char differ = a.n == b.n ? 0 : 1;
    for (size_t i = 0; i < a.n && i < b.n; i++)
        differ |= (unsigned char)(a.p[i] ^ b.p[i]);
    return differ == 0;
}

err page_take(struct op *op, struct record *rec, const struct fhir_query *q, str *ret)
{
    str page = q->page, since;
    int64_t given = 0;
    if (str_empty(page)) {
        *ret = STR_NONE;
        return OK;
    }
    bool good = page.n > MARK_HEX && page.p[page.n - MARK_HEX - 1] == '-';
    if (good) {
        str text = str_sub(page, 0, page.n - MARK_HEX - 1);
        str mark = str_sub(page, page.n - MARK_HEX, page.n);
        good = same(mark, mark_of(op, rec, q, text)) && str_take_until(&text, '-', &since) &&
               str_to_i64(since, &given);
        page = text;
    }
    TRY(op_check(op));
    if (!good)
        return fail(op, ERR_INVALID,
                    "_page is not a position that this server gave for this search; start at page "
                    "one.");
    if (op->now - given > PAGE_LIFE_MS)
        return fail(op, ERR_GONE, "_page was given more than an hour ago; start at page one.");
    *ret = page;
    return OK;
}
