/* What every unit test includes: cmocka with the headers it wants, and a few checks on slices. */
#ifndef WEFT_BASE_TEST_H
#define WEFT_BASE_TEST_H

#include "base/op.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* cmocka's own fail() would hide ours. */
#undef fail
#undef fail_msg
#define fail_msg(...)                                                                              \
    do {                                                                                           \
        print_error("ERROR: " __VA_ARGS__);                                                        \
        _fail(__FILE__, __LINE__);                                                                 \
    } while (0)

#define assert_str(actual, literal)                                                                \
    do {                                                                                           \
        str got_ = (actual);                                                                       \
        assert_int_equal(got_.n, sizeof(literal) - 1);                                             \
        assert_memory_equal(got_.n ? got_.p : "", literal, got_.n);                                \
    } while (0)

/* An operation over a fresh arena; free it with test_op_done(). */
static inline struct op test_op(void)
{
    struct arena *a = arena_new(0);
    assert_non_null(a);
    struct op op;
    op_init(&op, a, NULL, 0);
    return op;
}

static inline void test_op_done(struct op *op)
{
    arena_free(op->arena);
    op->arena = NULL;
}

#endif
