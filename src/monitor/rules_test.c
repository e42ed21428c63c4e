/* Every rule of spec/monitor/rules.json by spec/monitor/rule-examples.csv: one row of readings that
 * raises it, one near it that does not. Every rule has an example. */
#include "base/test.h"

#include "monitor/monitor_int.h"

#define NOW 1790000000000LL

struct run {
    struct track t;
    const char *rule;
    int raised, first; /* how often, and the priority of the first */
};

static void note(struct run *run, const struct findings *f)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(finding_rule_id(&f->at[i]), run->rule) == 0 && run->raised++ == 0)
            run->first = f->at[i].priority;
}

static int series_of(str name)
{
    for (int s = 0; s < (int)SERIES_COUNT; s++)
        if (str_eq(name, str_of(MONITOR_SERIES[s].name)))
            return s;
    fail_msg("no series %.*s", STR_ARG(name));
    return -1;
}

static int symptom_of(str code)
{
    for (int s = 0; s < (int)SYMPTOM_COUNT; s++)
        if (str_eq(code, str_of(MONITOR_SYMPTOMS[s].code)))
            return s;
    fail_msg("no symptom %.*s", STR_ARG(code));
    return -1;
}

/* The part up to c, which is taken off with it; all of it when there is none. */
static str part(str *in, char c)
{
    size_t at = str_find_char(*in, c, 0);
    str head = str_sub(*in, 0, at);
    *in = str_sub(*in, at < in->n ? at + 1 : at, in->n);
    return head;
}

static double number(str text)
{
    char z[32];
    snprintf(z, sizeof z, "%.*s", STR_ARG(text));
    return strtod(z, NULL);
}

static int64_t at_hours(double hours)
{
    return NOW + llround(hours * (double)MS_HOUR);
}

static void one_reading(struct run *run, int series, int64_t at, double v)
{
    struct findings f = {0};
    int i = track_add(&run->t, series, (struct point){at, v, (uint64_t)at});
    if (i >= 0)
        monitor_eval(&run->t, series, i, &f);
    note(run, &f);
}

/* series@hours=value or series@from:to:step=a/b/c */
static void readings(struct run *run, str name, str when, str values)
{
    double from = number(part(&when, ':')), to = from, step = 1;
    if (when.n) {
        to = number(part(&when, ':'));
        step = number(when);
    }
    double v[8];
    size_t n = 0, k = 0;
    while (values.n && n < 8)
        v[n++] = number(part(&values, '/'));
    for (double h = from; h <= to + 1e-6; h += step)
        one_reading(run, series_of(name), at_hours(h), v[k++ % n]);
}

static void token(struct run *run, str text)
{
    struct findings f = {0};
    int64_t next;
    if (str_starts(text, STR("own:"))) {
        (void)part(&text, ':');
        str series = part(&text, ':');
        (void)part(&text, '=');
        run->t.low[series_of(series)] = number(text);
    } else if (str_starts(text, STR("answer:"))) {
        (void)part(&text, ':');
        int s = symptom_of(part(&text, '@'));
        run->t.symptom_at[s] = at_hours(number(text));
        monitor_eval_symptom(&run->t, s, run->t.symptom_at[s], 7, &f);
    } else if (str_starts(text, STR("now@"))) {
        (void)part(&text, '@');
        struct desk_away none = {0};
        monitor_eval_time(&run->t, (struct listened){at_hours(number(text)), &none}, &f, &next);
    } else {
        str name = part(&text, '@'), when = part(&text, '=');
        readings(run, name, when, text);
    }
    note(run, &f);
}

static const struct monitor_rule *row_of(const char *rule)
{
    for (size_t r = 0; r < RULE_COUNT_MONITOR; r++)
        if (strcmp(MONITOR_RULES[r].id, rule) == 0)
            return &MONITOR_RULES[r];
    fail_msg("no rule %s", rule);
    return NULL;
}

/* on: rules on trial that are switched on. */
static struct run play(const char *rule, uint64_t on, str words)
{
    struct run run = {.rule = rule};
    track_init(&run.t, 7);
    run.t.on = on;
    run.t.plan_known = true;
    run.t.programmes = (1u << MONITOR_PROGRAMME_COUNT) - 1;
    while (words.n)
        token(&run, part(&words, ' '));
    return run;
}

static bool one_row(str line, bool *tried)
{
    char rule[32];
    struct run a, b;
    str name = part(&line, ',');
    snprintf(rule, sizeof rule, "%.*s", STR_ARG(name));
    int priority = (int)number(part(&line, ','));
    for (size_t r = 0; r < RULE_COUNT_MONITOR; r++)
        tried[r] |= strcmp(MONITOR_RULES[r].id, rule) == 0;
    const struct monitor_rule *row = row_of(rule);
    uint64_t on = row->shadow ? UINT64_C(1) << (row - MONITOR_RULES) : 0;
    str raising = part(&line, ',');
    a = play(rule, on, raising);
    b = play(rule, on, line);
    if (row->shadow)
        assert_int_equal(play(rule, 0, raising).raised, 0);
    if (a.raised == 0 || a.first != priority)
        print_error("%s: should be raised at %d, was %d times, first at %d\n", rule, priority,
                    a.raised, a.first);
    if (b.raised)
        print_error("%s: should be quiet, was raised %d times\n", rule, b.raised);
    return a.raised && a.first == priority && b.raised == 0;
}

static void each_rule_is_raised_by_its_example_and_quiet_near_it(void **state)
{
    (void)state;
    char line[1024];
    bool tried[RULE_COUNT_MONITOR] = {false}, good = true;
    FILE *f = fopen(WEFT_SOURCE "/spec/monitor/rule-examples.csv", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        str row = str_trim(str_of(line));
        if (row.n && row.p[0] != '#' && !str_starts(row, STR("rule,")))
            good &= one_row(row, tried);
    }
    fclose(f);
    for (size_t r = 0; r < RULE_COUNT_MONITOR; r++)
        if (!tried[r]) {
            print_error("%s has no example\n", MONITOR_RULES[r].id);
            good = false;
        }
    assert_true(good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_is_raised_by_its_example_and_quiet_near_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
