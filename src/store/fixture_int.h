/* For the tests of this room alone: named values in an SQLite folder of their own, by the back
 * end's own doors. */
#ifndef WEFT_STORE_FIXTURE_INT_H
#define WEFT_STORE_FIXTURE_INT_H

#include "base/test.h"
#include "base/time.h"
#include "store/sqlite/sqlite_int.h"

struct at {
    char dir[TEST_FOLDER_MAX];
    struct arena *arena;
    struct op op;
    struct store_options o;
    void *be;
};

#define KEY(group, place, rest) ((str){group place rest, 24})

static inline void reopen(struct at *a)
{
    if (a->be)
        store_sqlite_ops.close(a->be);
    a->be = NULL;
    assert_int_equal(store_sqlite_ops.open(&a->op, &a->o, &a->be), OK);
}

static inline int fresh(void **state)
{
    struct at *a = calloc(1, sizeof *a);
    test_folder(a->dir);
    a->arena = arena_new(0);
    op_init(&a->op, a->arena, NULL, time_now());
    a->o = (struct store_options){.backend = STORE_SQLITE, .dir = str_of(a->dir)};
    assert_int_equal(store_sqlite_ops.create(&a->op, &a->o), OK);
    reopen(a);
    *state = a;
    return 0;
}

static inline int done(void **state)
{
    struct at *a = *state;
    store_sqlite_ops.close(a->be);
    test_folder_drop(a->dir);
    arena_free(a->arena);
    free(a);
    return 0;
}

/* Empty: it is taken away. */
static inline void put(struct at *a, str key, const char *value)
{
    assert_int_equal(store_sqlite_ops.begin(&a->op, a->be), OK);
    assert_int_equal(*value ? store_sqlite_ops.put(&a->op, a->be, SPACE_KV, key, str_of(value))
                            : store_sqlite_ops.del(&a->op, a->be, SPACE_KV, key),
                     OK);
    assert_int_equal(store_sqlite_ops.commit(&a->op, a->be), OK);
}

static inline void run(struct at *a, const char *sql)
{
    struct lite *l = a->be;
    assert_int_equal(lite_exec(&a->op, l->writer->db, sql), OK);
}

static inline int64_t number(struct at *a, const char *sql)
{
    struct lite *l = a->be;
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(lite_prepare(&a->op, l->writer->db, sql, &stmt), OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return n;
}

#endif
