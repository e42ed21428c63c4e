/* Any JSON as an outline: reading ends in a plan or says why not, and what was read runs to an end.
 */
#include "campaign/plan_int.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void run(const struct plan *p)
{
    static const struct plan_day day = {.open = 0, .close = PLAN_DAY_MS, .noon = PLAN_DAY_MS / 2};
    struct plan_place place = {.n = 1, .days = &day};
    struct plan_person who = {.place = &place, .by = {{.may = 3, .prefers = PLAN_SMS}}};
    struct plan_state s;
    struct plan_move m;
    int64_t now = PLAN_DAY_MS / 3;
    int moves = 0;
    plan_begin(p, now, now, &s);
    do {
        plan_next(p, &who, &s, now, &m);
        s = m.state;
        if (m.kind == PLAN_WAIT && m.at <= now)
            abort();
        now = m.kind == PLAN_WAIT ? m.at : now;
        if (++moves > 100000)
            abort();
    } while (m.kind != PLAN_DONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(64u << 20);
    struct op op;
    struct json *o;
    struct plan *p = NULL;
    if (!a)
        return 0;
    op_init(&op, a, NULL, 1795554000000LL);
    struct json_limits limits = {.bytes = 1u << 20, .depth = 64, .nodes = 20000};
    if (json_read(&op, str_make((const char *)data, n), &limits, &o) == OK) {
        if (plan_read(&op, o, &p) == OK)
            run(p);
        else if (op.fault.code == OK)
            abort();
    }
    arena_free(a);
    return 0;
}
