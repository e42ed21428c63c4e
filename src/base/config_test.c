/* The configuration: defaults, files, overrides, and refusals that name file and line. */
#include "base/config.h"
#include "base/test.h"

#include <unistd.h>

static char file[] = "/tmp/weft-config-test-XXXXXX";

static str written(const char *text)
{
    memcpy(file + sizeof file - 7, "XXXXXX", 6);
    int fd = mkstemp(file);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    return str_of(file);
}

static err load(struct op *op, struct config *c, const char *text)
{
    err e = config_load(op, c, written(text));
    unlink(file);
    return e;
}

static void defaults_and_values(void **state)
{
    (void)state;
    struct op op = test_op();
    struct config *c = config_new(op.arena);
    assert_str(config_str(c, "listen"), "127.0.0.1:8080");
    assert_int_equal(config_int(c, "threads"), 0);
    assert_int_equal(load(&op, c, "# comment\n\n listen = 127.0.0.1:9 \r\nthreads=4"), OK);
    assert_str(config_str(c, "listen"), "127.0.0.1:9");
    assert_int_equal(config_int(c, "threads"), 4);
    assert_int_equal(config_set(&op, c, STR("threads"), STR("5")), OK);
    assert_int_equal(config_int(c, "threads"), 5);
    test_op_done(&op);
}

static void refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {{"listen = x\nnosuch = 1\n", ":2: There is no setting \"nosuch\""},
                {"threads = many\n", ":1: The setting threads is a whole number"},
                {"threads = 65\n", ":1: The setting threads is"},
                {"log_level = x\n", ":1: The setting log_level is a text"},
                {"listen\n", ":1: Write \"name = value\""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct op op = test_op();
        struct config *c = config_new(op.arena);
        assert_int_equal(load(&op, c, rows[i].text), ERR_INVALID);
        str message = op.fault.issues[0].message;
        assert_true(str_starts(message, str_of(file)));
        assert_true(str_find(message, str_of(rows[i].says), 0) != SIZE_MAX);
        assert_int_equal(config_int(c, "threads"), 0);
        test_op_done(&op);
    }
    struct op op = test_op();
    struct config *c = config_new(op.arena);
    assert_int_equal(config_load(&op, c, STR("/nonexistent/file")), ERR_INVALID);
    assert_int_equal(config_load(&op, c, STR("/tmp")), ERR_INVALID);
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(defaults_and_values),
                                       cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
