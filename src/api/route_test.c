/* The route table against addresses: what is found, what is missing, what is not possible there;
 * and how the client's wishes are read. Over a request without a connection. */
#include "api/api_int.h"
#include "base/test.h"

struct fixture {
    struct arena *arena;
    struct net_request rq;
    struct call c;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->arena = arena_new(0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    arena_free(f->arena);
    free(f);
    return 0;
}

static err find(struct fixture *f, enum net_method method, const char *path)
{
    f->rq = (struct net_request){.arena = f->arena, .method = method, .path = str_of(path)};
    f->c = (struct call){.rq = &f->rq};
    op_init(&f->c.op, f->arena, NULL, 0);
    return route_find(&f->c);
}

static void found(struct fixture *f, enum net_method method, const char *path, const char *name)
{
    assert_int_equal(find(f, method, path), OK);
    assert_non_null(f->c.route);
    assert_string_equal(f->c.route->name, name);
}

static void every_row_is_reached(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 0; i < ROUTE_COUNT; i++) {
        char path[256] = "";
        size_t n = 0;
        for (unsigned s = 0; s < api_routes[i].n_segments; s++) {
            const char *want = api_routes[i].segments[s].text.p;
            const char *as = strcmp(want, "{type}") == 0     ? "Patient"
                             : strcmp(want, "{id}") == 0     ? "abc-1.2"
                             : strcmp(want, "{vid}") == 0    ? "3"
                             : strcmp(want, "{within}") == 0 ? "Observation"
                             : strcmp(want, "{*}") == 0      ? "x/y"
                                                             : want;
            n += (size_t)snprintf(path + n, sizeof path - n, "/%s", as);
        }
        found(f, api_routes[i].method, n ? path : "/", api_routes[i].name);
    }
}

static void variables(void **state)
{
    struct fixture *f = *state;
    found(f, NET_GET, "/fhir/Patient/p1/_history/7", "vread");
    assert_str(f->c.type_name, "Patient");
    assert_str(f->c.id, "p1");
    assert_str(f->c.vid, "7");
    found(f, NET_POST, "/fhir/Task/t%2D1/%24claim", "task-claim");
    assert_str(f->c.id, "t-1");
    found(f, NET_GET, "/fhir/Patient/p1/*", "search-compartment");
    assert_str(f->c.rest, "*");
    found(f, NET_GET, "/fhir/Patient/p1/_history", "history");
    found(f, NET_HEAD, "/fhir/Patient/p1", "read");
    found(f, NET_GET, "/fhir/Patient/", "search");
    found(f, NET_GET, "//fhir//Patient", "search");
    found(f, NET_GET, "/console/a/b?c", "console-files");
    assert_str(f->c.rest, "/a/b?c");
}

static void refusals(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum net_method method;
        const char *path;
        err code;
    } cases[] = {
        {NET_GET, "/nothing", ERR_NOT_FOUND},
        {NET_GET, "/fhir/Nothing", ERR_NOT_FOUND},
        {NET_GET, "/fhir/patient", ERR_NOT_FOUND},
        {NET_GET, "/fhir/Patient/a_b", ERR_NOT_FOUND},
        {NET_GET, "/fhir/Patient/p1/$claim", ERR_NOT_FOUND},
        {NET_GET, "/fhir/Patient/_histories", ERR_NOT_FOUND},
        {NET_GET, "/fhir/Patient/p/_history/1/x", ERR_NOT_FOUND},
        {NET_GET, "/a/b/c/d/e/f/g/h/i/j/k/l", ERR_NOT_FOUND},
        {NET_PATCH, "/fhir", ERR_METHOD},
        {NET_PUT, "/fhir/AuditEvent", ERR_METHOD},
        {NET_POST, "/fhir/AuditEvent", ERR_METHOD},
        {NET_DELETE, "/fhir/AuditEvent/1", ERR_METHOD},
        {NET_PUT, "/fhir", ERR_METHOD},
        {NET_GET, "/fhir/Patient/p1/x", ERR_NOT_FOUND},
        {NET_POST, "/fhir/Patient/p1/$x", ERR_NOT_FOUND},
        {NET_OTHER, "/fhir/Patient", ERR_METHOD},
        {NET_GET, "/auth/sign-in", ERR_METHOD},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(find(f, cases[i].method, cases[i].path), cases[i].code);
        assert_true(f->c.op.fault.n > 0);
    }
    assert_int_equal(find(f, NET_OPTIONS, "/fhir/Patient/p1"), OK);
    assert_null(f->c.route);
    assert_string_equal(f->rq.answer.headers[0].name, "Allow");
    assert_string_equal(f->rq.answer.headers[0].value, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS");
}

static void decoding(void **state)
{
    struct fixture *f = *state;
    struct arena *a = f->arena;
    str v = STR("untouched");
    assert_str(url_decode(a, STR("a+b%20c%2Fd%zz%4")), "a b c/d%zz%4");
    assert_str(url_decode(a, STR("%")), "%");
    assert_str(url_decode(a, STR("")), "");
    assert_true(query_get(a, STR("x=1&name=J%C3%BCrg&y"), STR("name"), &v));
    assert_str(v, "J\xc3\xbcrg");
    assert_true(query_get(a, STR("x=1&y"), STR("y"), &v));
    assert_int_equal(v.n, 0);
    assert_false(query_get(a, STR("xname=1&&="), STR("name"), &v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_row_is_reached, set_up, tear_down),
        cmocka_unit_test_setup_teardown(variables, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refusals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(decoding, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
