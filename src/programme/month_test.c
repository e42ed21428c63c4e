/* A month of billing: edge values of spec/programme/codes.csv. The numbers of days and minutes are
 * those of the CY 2026 Physician Fee Schedule as the rows cite them; calendar by hand. */
#include "base/test.h"
#include "programme/programme_int.h"

#define MIN 60000LL
#define DAYS_MAX 800
#define TIMES_MAX 16

struct play {
    struct op op;
    struct bill_input in;
    struct day_span enrolled[4];
    int64_t taught[4];
    struct data_day days[DAYS_MAX];
    struct spent times[TIMES_MAX];
    struct bill_claim claims[2];
};

static int64_t day(int y, unsigned m, unsigned d)
{
    return time_days_from_civil(y, m, d);
}

/* Enrolled from the day on for as long as it takes; consent, order and teaching the same day. */
static void begin(struct play *p, int64_t from)
{
    p->op = test_op();
    p->in = (struct bill_input){.family = "rpm",
                                .enrolled = p->enrolled,
                                .taught = p->taught,
                                .n_enrolled = 1,
                                .days = p->days,
                                .times = p->times,
                                .claims = p->claims,
                                .consent = from,
                                .order = from,
                                .today = from + 700};
    p->enrolled[0] = (struct day_span){from, from + 700};
    p->taught[0] = from;
}

static void with_data(struct play *p, int64_t from, int n)
{
    for (int i = 0; i < n; i++)
        p->days[p->in.n_days++] = (struct data_day){.day = from + i, .n = 1};
}

/* UTC, so that a day is its milliseconds. */
static void spend(struct play *p, int64_t at, int64_t ms, bool contact)
{
    p->times[p->in.n_times++] =
        (struct spent){.from = at, .to = at + ms, .day = at / DAY_MS, .contact = contact};
}

/* The month's lines as "99454 99457x1", in order, a lack as "-open". */
static str lines(struct play *p, int y, unsigned m)
{
    static const char *const words[] = {"consent", "order", "teaching",
                                        "contact", "open",  "claimed"};
    struct bill_line *l;
    size_t n;
    struct buf b;
    int64_t next = m == 12 ? day(y + 1, 1, 1) : day(y, m + 1, 1);
    p->in.month = (struct day_span){day(y, m, 1), next - 1};
    p->in.month_from = day(y, m, 1) * DAY_MS;
    p->in.month_to = next * DAY_MS;
    assert_int_equal(bill_month(&p->op, &p->in, &l, &n), OK);
    buf_init(&b, p->op.arena, 1000);
    for (size_t i = 0; i < n; i++) {
        buf_printf(&b, "%s%s", i ? " " : "", l[i].code->code);
        if (l[i].units != 1)
            buf_printf(&b, "x%u", l[i].units);
        for (unsigned k = 0; k < 6; k++)
            if (l[i].lacks & (1u << k))
                buf_printf(&b, "-%s", words[k]);
    }
    return buf_str(&b);
}
#define assert_lines(want, p, y, m) assert_string_equal(want, str_z((p)->op.arena, lines(p, y, m)))

static void days_with_data(void **state)
{
    static const struct {
        int n;
        const char *want; /* of the month in which the period ends */
    } rows[] = {{0, ""}, {1, ""}, {2, "99445"}, {15, "99445"}, {16, "99454"}, {30, "99454"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct play p = {0};
        begin(&p, day(2026, 1, 5));
        with_data(&p, day(2026, 1, 5), rows[i].n);
        assert_lines(rows[i].n < 2 ? "" : "99453", &p, 2026, 1); /* set-up on the second day */
        assert_lines(rows[i].want, &p, 2026, 2);                 /* 5 January to 3 February */
        test_op_done(&p.op);
    }
}

static void the_sixteenth_day_makes_it_the_other_code(void **state)
{
    struct play p = {0};
    (void)state;
    begin(&p, day(2026, 3, 1));
    with_data(&p, day(2026, 3, 1), 15);
    p.in.today = day(2026, 3, 15);
    assert_lines("99453 99445-open", &p, 2026, 3); /* 1 to 30 March: not over */
    with_data(&p, day(2026, 3, 16), 1);
    p.in.today = day(2026, 3, 31);
    assert_lines("99453 99454", &p, 2026, 3);
    assert_lines("99453 99454", &p, 2026, 3); /* again: the same */
    test_op_done(&p.op);
}

static void periods_do_not_mind_months(void **state)
{
    struct play p = {0};
    (void)state;
    begin(&p, day(2028, 1, 31)); /* a leap year: 31 January to 29 February are 30 days */
    with_data(&p, day(2028, 1, 31), 60);
    assert_lines("", &p, 2028, 1); /* the second day is 1 February */
    assert_lines("99453 99454", &p, 2028, 2);
    assert_lines("99454", &p, 2028, 3); /* 1 to 30 March */
    assert_lines("", &p, 2028, 4);
    test_op_done(&p.op);
    begin(&p, day(2027, 1, 31)); /* 31 January to 1 March */
    p.in.n_days = 0;
    with_data(&p, day(2027, 1, 31), 30);
    assert_lines("99453", &p, 2027, 2);
    assert_lines("99454", &p, 2027, 3);
    test_op_done(&p.op);
    begin(&p, day(2026, 12, 2)); /* ends with the year */
    p.in.n_days = 0;
    with_data(&p, day(2026, 12, 2), 20);
    assert_lines("99453 99454", &p, 2026, 12);
    assert_lines("", &p, 2027, 1);
    test_op_done(&p.op);
}

static void one_month_can_see_two_periods_end(void **state)
{
    struct play p = {0};
    (void)state;
    begin(&p, day(2026, 12, 3)); /* ends 1 January; the next ends 31 January */
    with_data(&p, day(2026, 12, 3), 60);
    assert_lines("99453", &p, 2026, 12);
    assert_lines("99454 99454", &p, 2027, 1);
    test_op_done(&p.op);
}

static void minutes(void **state)
{
    static const struct {
        int64_t ms;
        const char *want;
    } rows[] = {{9 * MIN + 59000, ""},       {10 * MIN, "99470"},
                {19 * MIN + 59000, "99470"}, {20 * MIN, "99457"},
                {39 * MIN + 59000, "99457"}, {40 * MIN, "99457 99458"},
                {60 * MIN, "99457 99458x2"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct play p = {0};
        begin(&p, day(2026, 5, 1));
        spend(&p, day(2026, 5, 4) * DAY_MS, rows[i].ms, true);
        assert_lines(rows[i].want, &p, 2026, 5);
        test_op_done(&p.op);
    }
}

static void minutes_count_once_and_in_their_month(void **state)
{
    struct play p = {0};
    int64_t noon = day(2026, 5, 4) * DAY_MS + 12 * 60 * MIN;
    int64_t midnight = day(2026, 6, 1) * DAY_MS;
    (void)state;
    begin(&p, day(2026, 5, 1));
    spend(&p, noon, 12 * MIN, true); /* two people at once: 15 minutes, not 24 */
    spend(&p, noon + 3 * MIN, 12 * MIN, false);
    assert_lines("99470", &p, 2026, 5);
    spend(&p, midnight - 5 * MIN, 25 * MIN, true); /* 5 in May, 20 in June */
    assert_lines("99457", &p, 2026, 5);
    assert_lines("99457", &p, 2026, 6);
    test_op_done(&p.op);
}

static void no_contact(void **state)
{
    struct play p = {0};
    (void)state;
    begin(&p, day(2026, 5, 1));
    spend(&p, day(2026, 5, 4) * DAY_MS, 40 * MIN, false);
    assert_lines("99457-contact 99458-contact", &p, 2026, 5);
    test_op_done(&p.op);
}

static void consent_order_and_teaching(void **state)
{
    struct play p = {0};
    (void)state;
    begin(&p, day(2026, 5, 1));
    with_data(&p, day(2026, 5, 1), 16);
    spend(&p, day(2026, 5, 2) * DAY_MS, 20 * MIN, true);
    p.in.consent = p.in.order = p.taught[0] = DAY_NEVER;
    assert_lines("99453-consent-order-teaching 99454-consent-order 99457-consent-order", &p, 2026,
                 5);
    test_op_done(&p.op);
}

static void what_was_before_consent_does_not_count(void **state)
{
    struct play p = {0};
    (void)state;
    begin(&p, day(2026, 5, 1));
    with_data(&p, day(2026, 5, 1), 16);
    spend(&p, day(2026, 5, 2) * DAY_MS, 20 * MIN, true);
    p.in.order = day(2026, 5, 3);
    assert_lines("99453", &p, 2026, 5); /* 14 days are left, their period ends on 1 June */
    assert_lines("99445", &p, 2026, 6);
    test_op_done(&p.op);
}

static void two_programmes_at_once_are_one(void **state)
{
    struct play p = {0};
    (void)state;
    begin(&p, day(2026, 5, 1));
    p.enrolled[0].to = day(2026, 6, 20);
    p.enrolled[1] = (struct day_span){day(2026, 5, 10), day(2026, 7, 31)};
    p.taught[1] = day(2026, 5, 10);
    p.in.n_enrolled = 2;
    with_data(&p, day(2026, 5, 1), 90);
    assert_lines("99453 99454", &p, 2026, 5);
    assert_lines("99454", &p, 2026, 6);
    assert_lines("99454", &p, 2026, 7);
    test_op_done(&p.op);
}

static void a_second_time_is_set_up_again(void **state)
{
    struct play p = {0};
    (void)state;
    begin(&p, day(2026, 1, 1));
    p.enrolled[0].to = day(2026, 1, 31);
    p.enrolled[1] = (struct day_span){day(2026, 9, 10), day(2026, 11, 30)};
    p.taught[1] = day(2026, 9, 10);
    p.in.n_enrolled = 2;
    with_data(&p, day(2026, 1, 1), 20);
    with_data(&p, day(2026, 9, 12), 5); /* the period begins with the data, not the enrolment */
    assert_lines("99453 99454", &p, 2026, 1);
    assert_lines("99453", &p, 2026, 9);
    assert_lines("99445", &p, 2026, 10); /* 12 September to 11 October */
    test_op_done(&p.op);
}

static void one_biller_a_period(void **state)
{
    struct play p = {0};
    (void)state;
    begin(&p, day(2026, 5, 1));
    with_data(&p, day(2026, 5, 1), 16);
    spend(&p, day(2026, 5, 4) * DAY_MS, 20 * MIN, true);
    p.claims[0] = (struct bill_claim){STR("99445"), {day(2026, 5, 20), day(2026, 5, 20)}};
    p.in.n_claims = 1;
    assert_lines("99453 99454-claimed 99457", &p, 2026, 5);
    p.claims[0] = (struct bill_claim){STR("99470"), {day(2026, 5, 31), day(2026, 5, 31)}};
    assert_lines("99453 99454 99457-claimed", &p, 2026, 5);
    p.claims[0] = (struct bill_claim){STR("98980"), {day(2026, 5, 2), day(2026, 5, 2)}};
    assert_lines("99453-claimed 99454-claimed 99457-claimed", &p, 2026, 5); /* RPM beside RTM */
    p.claims[0].over = (struct day_span){day(2026, 4, 30), day(2026, 4, 30)};
    assert_lines("99453 99454 99457", &p, 2026, 5);
    test_op_done(&p.op);
}

static void therapeutic_monitoring_has_its_own_codes(void **state)
{
    struct play p = {0};
    (void)state;
    begin(&p, day(2026, 5, 1));
    p.in.family = "rtm-respiratory";
    with_data(&p, day(2026, 5, 1), 16);
    spend(&p, day(2026, 5, 4) * DAY_MS, 45 * MIN, true);
    assert_lines("98975 98976 98980 98981", &p, 2026, 5);
    test_op_done(&p.op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_with_data),
        cmocka_unit_test(the_sixteenth_day_makes_it_the_other_code),
        cmocka_unit_test(periods_do_not_mind_months),
        cmocka_unit_test(one_month_can_see_two_periods_end),
        cmocka_unit_test(minutes),
        cmocka_unit_test(minutes_count_once_and_in_their_month),
        cmocka_unit_test(no_contact),
        cmocka_unit_test(consent_order_and_teaching),
        cmocka_unit_test(what_was_before_consent_does_not_count),
        cmocka_unit_test(two_programmes_at_once_are_one),
        cmocka_unit_test(a_second_time_is_set_up_again),
        cmocka_unit_test(one_biller_a_period),
        cmocka_unit_test(therapeutic_monitoring_has_its_own_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
