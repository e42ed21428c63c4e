/* For the tests of this room alone: a store over an SQLite folder of its own. */
#ifndef WEFT_STORE_HOUSE_INT_H
#define WEFT_STORE_HOUSE_INT_H

#include "base/test.h"
#include "base/time.h"
#include "store/store_int.h"

struct house {
    char dir[TEST_FOLDER_MAX];
    struct arena *arena;
    struct op op;
    struct store *s;
};

/* forgetful: it remembers nothing that it read. */
static inline void house_open(struct house *h, bool forgetful)
{
    struct store_options o = {.backend = STORE_SQLITE, .forgetful = forgetful};
    test_folder(h->dir);
    o.dir = str_of(h->dir);
    h->arena = arena_new(0);
    op_init(&h->op, h->arena, NULL, time_now());
    assert_int_equal(store_create(&h->op, &o), OK);
    assert_int_equal(store_open(&h->op, &o, &h->s), OK);
}

static inline void house_shut(struct house *h)
{
    store_close(h->s);
    test_folder_drop(h->dir);
    arena_free(h->arena);
}

#endif
