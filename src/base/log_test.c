/* Log lines as they arrive on standard error: one line each, control characters gone, levels kept.
 */
#include "base/log.h"
#include "base/test.h"

#include <unistd.h>

static char got[8192];

/* Runs fn with standard error in a pipe; got receives what was written. */
static void capture(void (*fn)(void))
{
    int ends[2], saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    fn();
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(ends[1]);
    close(saved);
    ssize_t n = read(ends[0], got, sizeof got - 1);
    close(ends[0]);
    got[n > 0 ? n : 0] = 0;
}

static void one(void)
{
    log_event(LOG_WARN, "store.slow", "ms=%d text=%s", 12, "a\nb\x1B[31m");
}

static void hidden(void)
{
    log_level_set(LOG_WARN);
    log_event(LOG_INFO, "not.shown", "x=1");
    log_event(LOG_ERROR, "shown", "%s", "");
    log_level_set(LOG_INFO);
}

static void longer(void)
{
    log_event(LOG_INFO, "long", "%5000d", 1);
}

static void lines(void **state)
{
    (void)state;
    capture(one);
    assert_string_equal(got + 24, " warn store.slow ms=12 text=a b [31m\n");
    assert_int_equal(got[10], 'T');
    assert_int_equal(got[23], 'Z');
    capture(hidden);
    assert_string_equal(got + 24, " error shown\n");
    capture(longer);
    assert_true(strlen(got) <= 2048);
    assert_ptr_equal(strchr(got, '\n'), got + strlen(got) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
