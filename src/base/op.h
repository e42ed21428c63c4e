/* One operation: a request, a message, a job. The only context passed around; no globals.
 * An op belongs to one thread at a time. Detail of a failure is written once, where it is born,
 * into op->fault, and never overwritten on the way up. */
#ifndef WEFT_BASE_OP_H
#define WEFT_BASE_OP_H

#include "base/arena.h"
#include "base/err.h"

struct actor; /* who acts: policy/policy.h */

enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_INFORMATION };

/* One problem. Texts live in the op's arena. Nothing personal goes into message: name the element,
 * the rule and what to do, never the value of a patient's data. */
struct issue {
    enum severity severity;
    err code;
    str message;    /* what is wrong and what to do */
    str expression; /* FHIRPath of the element, or empty */
};

#define FAULT_ISSUES_MAX 200

struct fault {
    err code; /* of the first error; OK while none */
    size_t n;
    struct issue *issues; /* at most FAULT_ISSUES_MAX; more are counted in dropped */
    size_t cap;
    size_t dropped;
};

struct op {
    struct arena *arena;
    const struct actor *actor; /* NULL = nobody: everything is refused */
    int64_t now;               /* ms since 1970-01-01T00:00Z; taken once per operation */
    int64_t deadline;          /* ms, same clock; 0 = none */
    uint64_t trace;            /* request id, in every log line and error */
    struct tickets {
        uint64_t first, last;
    } audit;       /* trail entries this op must see durable before its answer leaves; 0 none */
    bool gathered; /* whoever runs it says when its trail entries go to the disk, with others' */
    struct fault fault;
};

/* Prepares *op over a (caller keeps ownership of the arena). */
void op_init(struct op *op, struct arena *a, const struct actor *actor, int64_t now);
/* Records the failure (first one decides fault.code) and returns code.
 * fail_at() names the element by FHIRPath. */
err fail(struct op *op, err code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
err fail_at(struct op *op, err code, str expression, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Adds a warning or information issue; does not make the op failed. */
void op_note(struct op *op, enum severity severity, str expression, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* fault.code, or ERR_TOO_LARGE when the arena has failed (recorded on first sight). */
err op_check(struct op *op);
/* Forgets the fault (between entries of a batch). */
void op_clear(struct op *op);

/* What another op did for this one is waited for, too. */
void op_owes(struct op *op, const struct tickets *more);
/* One of many parts of op's work, in the memory of the one before: room is emptied for it. */
struct op op_part(const struct op *op, struct arena *room);
/* What the part ended with (e) is op's: what is waited for, and what an error said. Gives e; before
 * the room is emptied or freed. */
err op_part_end(struct op *op, const struct op *part, err e);

#ifdef __clang_analyzer__
/* So that the analyser knows, file by file, that what fail() returns is the code it was given. */
#define fail(op, code, ...) ((void)fail((op), (code), __VA_ARGS__), (code))
#define fail_at(op, code, expression, ...)                                                         \
    ((void)fail_at((op), (code), (expression), __VA_ARGS__), (code))
#endif

#define TRY(expr)                                                                                  \
    do {                                                                                           \
        err try_e_ = (expr);                                                                       \
        if (try_e_ != OK)                                                                          \
            return try_e_;                                                                         \
    } while (0)

#endif
