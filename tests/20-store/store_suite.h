/* Shared by the store's suites: opens a fresh store of any back end, makes keys and documents. With
 * WEFT_TEST_DATABASE (tests/postgres.py) a suite runs over PostgreSQL, else over the others.
 * Keys here: param(2) + value(8, big-endian number). */
#ifndef WEFT_TESTS_STORE_SUITE_H
#define WEFT_TESTS_STORE_SUITE_H

#include "base/buf.h"
#include "base/test.h"
#include "base/time.h"
#include "store/store.h"

#include <libpq-fe.h>
#include <sys/stat.h>

struct suite {
    enum store_backend backend;
    char dir[TEST_FOLDER_MAX];
    struct arena *arena;
    struct op op;
    struct store *s;
    struct store_options o;
};

static inline void suite_clear(struct suite *b)
{
    arena_reset(b->arena);
    op_init(&b->op, b->arena, NULL, time_now());
}

static inline void suite_reopen(struct suite *b)
{
    store_close(b->s);
    b->s = NULL;
    suite_clear(b);
    assert_int_equal(store_open(&b->op, &b->o, &b->s), OK);
}

static inline const char *suite_database(void)
{
    return getenv("WEFT_TEST_DATABASE");
}

static inline void suite_sql(const char *sql)
{
    PGconn *conn = PQconnectdb(suite_database());
    PGresult *res = PQexec(conn, sql);
    ExecStatusType st = PQresultStatus(res);
    assert_true(st == PGRES_COMMAND_OK || st == PGRES_TUPLES_OK);
    PQclear(res);
    PQfinish(conn);
}

static inline struct suite *suite_new(enum store_backend backend, uint32_t tail_max)
{
    struct suite *b = calloc(1, sizeof *b);
    b->backend = backend;
    test_folder(b->dir);
    b->arena = arena_new(0);
    b->o = (struct store_options){.backend = backend, .dir = str_of(b->dir), .tail_max = tail_max};
    if (backend == STORE_POSTGRES) {
        b->o.database = str_of(suite_database());
        suite_sql("SET client_min_messages=error; DROP SCHEMA IF EXISTS weft CASCADE");
    }
    suite_clear(b);
    assert_int_equal(store_create(&b->op, &b->o), OK);
    assert_int_equal(store_open(&b->op, &b->o, &b->s), OK);
    return b;
}

static inline void suite_free(struct suite *b)
{
    store_close(b->s);
    test_folder_drop(b->dir);
    arena_free(b->arena);
    free(b);
}

static inline str suite_key(struct arena *a, uint16_t param, uint64_t value)
{
    struct buf k;
    buf_init(&k, a, 16);
    buf_u16(&k, param);
    buf_u64(&k, value);
    return buf_str(&k);
}

/* One key in [value, value + n). */
static inline struct store_range suite_range(struct arena *a, uint16_t param, uint64_t value,
                                             uint64_t n)
{
    return (struct store_range){.lo = suite_key(a, param, value),
                                .hi = suite_key(a, param, value + n)};
}

#endif
