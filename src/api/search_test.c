/* Review R11: where a search by GET runs. The query is read before the handler is chosen a thread,
 * over a record in memory and a request without a connection. */
#include "api/api_int.h"
#include "base/test.h"
#include "store/store.h"

struct fixture {
    struct arena *arena;
    struct store *store;
    struct api api;
    struct net_request rq;
    struct call c;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->arena = arena_new(0);
    op_init(&f->c.op, f->arena, identity_system(), time_now());
    struct store_options o = {.backend = STORE_MEMORY};
    assert_int_equal(store_open(&f->c.op, &o, &f->store), OK);
    assert_int_equal(record_new(&f->c.op, f->store, NULL, &f->api.rec), OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    record_free(f->api.rec);
    store_close(f->store);
    arena_free(f->arena);
    free(f);
    return 0;
}

static err begin(struct fixture *f, const char *path, const char *query, enum net_run *ret)
{
    f->rq = (struct net_request){
        .arena = f->arena, .method = NET_GET, .path = str_of(path), .query = str_of(query)};
    f->c = (struct call){.api = &f->api, .rq = &f->rq, .query = str_of(query)};
    op_init(&f->c.op, f->arena, NULL, time_now());
    assert_int_equal(route_find(&f->c), OK);
    assert_ptr_equal(f->c.route->handle, api_search);
    return search_begin(&f->c, ret);
}

static void long_searches_run_apart(void **state)
{
    struct fixture *f = *state;
    enum net_run run;
    assert_int_equal(begin(f, "/fhir/Observation", "patient=Patient/a&_sort=-date", &run), OK);
    assert_int_equal(run, NET_INLINE);
    assert_int_equal(begin(f, "/fhir/Observation", "_sort=code", &run), OK);
    assert_int_equal(run, NET_SLOW);
    assert_int_equal(begin(f, "/fhir/AuditEvent", "", &run), OK);
    assert_int_equal(run, NET_SLOW);
    assert_int_equal(begin(f, "/fhir/Observation", "nope=1", &run), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(long_searches_run_apart, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("api.search", tests, NULL, NULL);
}
