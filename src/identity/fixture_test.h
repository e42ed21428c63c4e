/* The house the tests of this room stand in: a record and accounts over the memory store. */
#ifndef WEFT_IDENTITY_FIXTURE_TEST_H
#define WEFT_IDENTITY_FIXTURE_TEST_H

#include "base/test.h"
#include "identity/identity_int.h"

static const char GOOD[] = "nine plain words make a pass";

struct fixture {
    struct arena *arena;
    struct op op;
    struct store *store;
    struct record *rec;
    struct identity *id;
};

static inline void as(struct fixture *f, const struct actor *actor)
{
    int64_t now = f->op.now;
    op_init(&f->op, f->arena, actor, now);
}

static inline int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->arena = arena_new(0);
    op_init(&f->op, f->arena, identity_system(), time_now());
    struct store_options o = {.backend = STORE_MEMORY};
    assert_int_equal(store_open(&f->op, &o, &f->store), OK);
    assert_int_equal(record_new(&f->op, f->store, NULL, &f->rec), OK);
    assert_int_equal(identity_new(&f->op, f->store, f->rec, &f->id), OK);
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;
    identity_free(f->id);
    record_free(f->rec);
    store_close(f->store);
    arena_free(f->arena);
    free(f);
    return 0;
}

/* With the good password. */
static inline void put_account(struct fixture *f, struct identity_account a)
{
    as(f, identity_system());
    assert_int_equal(identity_account_put(&f->op, f->id, &a, str_of(GOOD)), OK);
}

static inline err try_in(struct fixture *f, const char *user, struct identity_session *ret)
{
    struct identity_try t = {.user = str_of(user), .password = str_of(GOOD), .peer = STR("::1")};
    as(f, NULL);
    return identity_sign_in(&f->op, f->id, &t, ret);
}

#endif
