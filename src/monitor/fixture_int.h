/* For this room's tests: a monitor over a record in a folder of its own. Whatever fails, the test
 * fails. */
#ifndef WEFT_MONITOR_FIXTURE_INT_H
#define WEFT_MONITOR_FIXTURE_INT_H

#include "monitor/monitor_int.h"
#include "record/test.h"

struct house {
    struct op op;
    struct record *rec;
    struct monitor *m;
    char dir[TEST_FOLDER_MAX];
};

static inline void house_put(struct house *h, const char *text)
{
    test_record_put(&h->op, h->rec, str_of(text));
}

/* With patients of these ids; the list ends with NULL. */
static inline void house_begin(struct house *h, const char *const *patients)
{
    h->rec = test_record(&h->op, h->dir, identity_system(), time_now());
    for (; *patients; patients++)
        test_record_put(
            &h->op, h->rec,
            arena_printf(h->op.arena, "{\"resourceType\":\"Patient\",\"id\":\"%s\"}", *patients));
    assert_int_equal(monitor_new(&h->op, h->rec, NULL, config_new(h->op.arena), &h->m), OK);
}

static inline void house_end(struct house *h)
{
    monitor_free(h->m);
    test_record_done(&h->op, h->dir, h->rec);
}

static inline void house_follow(struct house *h)
{
    for (size_t more = 1; more;)
        assert_int_equal(monitor_step(&h->op, h->m, &more), OK);
}

/* A number that is there, at a path. */
static inline double house_number(const struct json *o, const char *path)
{
    double v = -1;
    assert_true(json_double(json_path(o, path), &v));
    return v;
}

static inline int64_t house_int(const struct json *o, const char *path)
{
    return llround(house_number(o, path));
}

#endif
