/* What every unit test includes: cmocka with the headers it wants, a few checks on slices, folders
 * that go away with all that is in them. */
#ifndef WEFT_BASE_TEST_H
#define WEFT_BASE_TEST_H

#include "base/op.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

/* A new folder under $TMPDIR, else /tmp. */
#define TEST_FOLDER_MAX 64
static inline void test_folder(char *ret)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(ret, TEST_FOLDER_MAX, "%s/weft-test-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(ret));
}

static inline int test_folder_part(const char *path, const struct stat *st, int flag,
                                   struct FTW *at)
{
    (void)st;
    (void)flag;
    (void)at;
    return remove(path);
}

static inline void test_folder_drop(const char *dir)
{
    (void)nftw(dir, test_folder_part, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
