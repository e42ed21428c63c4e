/* The operation: recording what went wrong, once, where it was born. Never logs, never decides
 * what to answer. Invariant: fault.code is OK exactly while no error has been recorded. */
#include "base/op.h"

#undef fail
#undef fail_at

#define ISSUES_FIRST 8

void op_init(struct op *op, struct arena *a, const struct actor *actor, int64_t now)
{
    *op = (struct op){.arena = a, .actor = actor, .now = now};
}

/* The first few issues come by arena_alloc(), which still answers when the arena has failed. */
static bool issue_room(struct op *op)
{
    struct fault *f = &op->fault;
    if (f->n >= FAULT_ISSUES_MAX)
        return false;
    if (f->n < f->cap)
        return true;
    size_t cap = f->cap ? f->cap * 2 : ISSUES_FIRST;
    struct issue *grown =
        f->cap ? arena_grow(op->arena, f->issues, f->cap * sizeof *grown, cap * sizeof *grown)
               : arena_alloc(op->arena, cap * sizeof *grown);
    if (!grown)
        return false;
    f->issues = grown;
    f->cap = cap;
    return true;
}

__attribute__((format(printf, 3, 0))) static void record(struct op *op, struct issue issue,
                                                         const char *fmt, va_list ap)
{
    struct fault *f = &op->fault;
    if (issue.severity == SEVERITY_ERROR && f->code == OK)
        f->code = issue.code;
    if (!issue_room(op)) {
        f->dropped++;
        return;
    }
    issue.message = arena_vprintf(op->arena, fmt, ap);
    if (issue.expression.n)
        issue.expression = arena_str(op->arena, issue.expression);
    f->issues[f->n++] = issue;
}

err fail(struct op *op, err code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    record(op, (struct issue){.severity = SEVERITY_ERROR, .code = code}, fmt, ap);
    va_end(ap);
    return code;
}

err fail_at(struct op *op, err code, str expression, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    record(op, (struct issue){.severity = SEVERITY_ERROR, .code = code, .expression = expression},
           fmt, ap);
    va_end(ap);
    return code;
}

void op_note(struct op *op, enum severity severity, str expression, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    record(op, (struct issue){.severity = severity, .expression = expression}, fmt, ap);
    va_end(ap);
}

err op_check(struct op *op)
{
    if (op->fault.code == OK && arena_failed(op->arena))
        return fail(op, ERR_TOO_LARGE,
                    "The operation needs more memory than it is allowed; send less at a time.");
    return op->fault.code;
}

void op_clear(struct op *op)
{
    op->fault = (struct fault){.code = OK};
}

struct op op_part(const struct op *op, struct arena *room)
{
    struct op part = *op;
    arena_reset(room);
    part.arena = room;
    return part;
}

err op_part_end(struct op *op, const struct op *part, err e)
{
    op_owes(op, &part->audit);
    if (e != OK && op->fault.code == OK)
        e = fail(op, e, "%.*s",
                 STR_ARG(part->fault.n ? part->fault.issues[0].message : STR("out of memory")));
    return e;
}

void op_owes(struct op *op, const struct tickets *more)
{
    struct tickets *t = &op->audit;
    if (more->first && (!t->first || more->first < t->first))
        t->first = more->first;
    if (more->last > t->last)
        t->last = more->last;
}
