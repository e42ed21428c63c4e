/* The rules of a device's health, each at its limit, beyond it, and back. */
#include "base/test.h"
#include "fleet/health_int.h"

#define NOW INT64_C(1795554000000)

static bool raised(const struct health *h, const char *id)
{
    for (size_t i = 0; i < FLEET_RULES; i++)
        if (strcmp(FLEET_RULE[i].id, id) == 0)
            return h->raised[i] != 0;
    fail_msg("no rule %s", id);
    return false;
}

static uint32_t judged(struct health *h, int64_t now)
{
    uint32_t fresh;
    health_judge(h, now, &fresh);
    return fresh;
}

static void silence(void **state)
{
    (void)state;
    struct health h = {.heard = NOW};
    assert_int_equal(judged(&h, NOW + 24 * HEALTH_HOUR - 1), 0);
    assert_int_not_equal(judged(&h, NOW + 24 * HEALTH_HOUR), 0);
    assert_true(raised(&h, "DEV-OFF-24H"));
    assert_int_equal(judged(&h, NOW + 25 * HEALTH_HOUR), 0); /* said once */
    assert_false(raised(&h, "DEV-OFF-48H"));
    assert_int_not_equal(judged(&h, NOW + 48 * HEALTH_HOUR), 0);
    h.heard = NOW + 49 * HEALTH_HOUR;
    (void)judged(&h, h.heard);
    assert_false(raised(&h, "DEV-OFF-24H") || raised(&h, "DEV-OFF-48H"));
}

static void battery(void **state)
{
    (void)state;
    struct health h = {.heard = NOW};
    health_add_battery(&h, NOW, 21);
    assert_int_equal(judged(&h, NOW), 0);
    health_add_battery(&h, NOW + 1, 20);
    assert_int_not_equal(judged(&h, NOW + 1), 0);
    health_add_battery(&h, NOW + 2, 24);
    assert_int_equal(judged(&h, NOW + 2), 0);
    assert_true(raised(&h, "DEV-BATT-20")); /* not over before 30 */
    health_add_battery(&h, NOW + 3, 80);
    (void)judged(&h, NOW + 3);
    assert_false(raised(&h, "DEV-BATT-20"));
}

/* R330: a battery that says 5 and 80 by turns was a case and a text to the patient with every word.
 */
static void told_once_a_day(void **state)
{
    (void)state;
    struct health h = {.heard = NOW};
    int told = 0;
    for (int i = 0; i < 100; i++) {
        health_add_battery(&h, NOW + i, i % 2 ? 80 : 5);
        told += judged(&h, NOW + i) != 0;
        assert_int_equal(raised(&h, "DEV-BATT-20"), i % 2 == 0);
    }
    assert_int_equal(told, 1);
    health_add_battery(&h, NOW + 100, 5);
    h.heard = NOW + 100;
    assert_int_equal(judged(&h, NOW + HEALTH_DAY - 1), 0);
    assert_int_not_equal(judged(&h, NOW + HEALTH_DAY), 0); /* it lasts */
    h.heard = NOW + 3 * HEALTH_DAY;
    assert_int_equal(judged(&h, h.heard), 0);
}

/* 10 % a day from 45: four and a half days; from 30, three. */
static void slope(void **state)
{
    (void)state;
    struct health h = {.heard = NOW};
    double v;
    for (int i = 0; i < 5; i++)
        health_add_battery(&h, NOW + i * HEALTH_DAY / 2, 65 - 5 * i);
    assert_true(health_value(&h, HEALTH_SLOPE, NOW, &v));
    assert_true(v > 4.49 && v < 4.51);
    (void)judged(&h, NOW + 2 * HEALTH_DAY);
    assert_false(raised(&h, "DEV-BATT-SLOPE"));
    for (int i = 5; i < 8; i++)
        health_add_battery(&h, NOW + i * HEALTH_DAY / 2, 65 - 5 * i);
    (void)judged(&h, NOW + 4 * HEALTH_DAY);
    assert_true(raised(&h, "DEV-BATT-SLOPE"));
    health_add_battery(&h, NOW + 5 * HEALTH_DAY, 100);
    assert_false(health_value(&h, HEALTH_SLOPE, NOW, &v)); /* charged: it begins anew */
}

/* Median 10, spread 1: 0.6745 * 6 / 1 = 4.05. */
static void drifting(void **state)
{
    (void)state;
    static const double peers[] = {9, 10, 11, 9, 11, 10, 16};
    struct health h = {.peers = peers, .n_peers = 7, .has_reference = true, .reference = 16};
    double v;
    assert_true(health_value(&h, HEALTH_DRIFT, NOW, &v));
    assert_true(v > 4.04 && v < 4.05);
    h.reference = 11;
    assert_true(health_value(&h, HEALTH_DRIFT, NOW, &v));
    assert_true(v < 1);
    h.n_peers = 4;
    assert_false(health_value(&h, HEALTH_DRIFT, NOW, &v));
}

static void versions(void **state)
{
    (void)state;
    assert_true(health_older(STR("3.9"), STR("3.10.0")));
    assert_false(health_older(STR("3.10.0"), STR("3.9")));
    assert_false(health_older(STR("3.2.1"), STR("3.2.1")));
    assert_true(health_older(STR("3.2"), STR("3.2.1")));
    struct health h = {.firmware = STR("3.1.9"), .least = STR("3.2.1")};
    (void)judged(&h, NOW);
    assert_true(raised(&h, "DEV-FW-OLD"));
}

static void others(void **state)
{
    (void)state;
    struct health h = {.heard = NOW,
                       .stated = NOW,
                       .skew_s = -121,
                       .retries = 5,
                       .impostor = true,
                       .tamper = true};
    for (int i = 0; i < 3; i++)
        health_add_odd(&h, NOW - i);
    (void)judged(&h, NOW);
    assert_true(raised(&h, "DEV-CLOCK") && raised(&h, "DEV-RETRY") && raised(&h, "DEV-IDSWAP"));
    assert_true(raised(&h, "DEV-TAMPER") && raised(&h, "DEV-IMPOSSIBLE"));
    h.skew_s = 100;
    (void)judged(&h, NOW);
    assert_true(raised(&h, "DEV-CLOCK")); /* not over before 60 */
    h.skew_s = h.retries = 0;
    (void)judged(&h, NOW + 2 * HEALTH_DAY);
    assert_false(raised(&h, "DEV-CLOCK") || raised(&h, "DEV-RETRY") ||
                 raised(&h, "DEV-IMPOSSIBLE"));
}

/* DEV-LWT: five minutes after its line broke, unless it spoke since; time without us counts not. */
static void line(void **state)
{
    (void)state;
    struct health h = {.heard = NOW, .broken = NOW};
    assert_int_equal(judged(&h, NOW + 5 * 60000 - 1), 0);
    h.away_broken = 60000;
    assert_int_equal(judged(&h, NOW + 6 * 60000 - 1), 0);
    assert_int_not_equal(judged(&h, NOW + 6 * 60000), 0);
    assert_true(raised(&h, "DEV-LWT"));
    health_heard(&h, NOW - 1, NOW + 7 * 60000); /* a reading of before, found later */
    (void)judged(&h, NOW + 7 * 60000);
    assert_true(raised(&h, "DEV-LWT"));
    health_heard(&h, NOW + 7 * 60000, NOW + 7 * 60000);
    assert_int_equal(judged(&h, NOW + 7 * 60000), 0);
    assert_false(raised(&h, "DEV-LWT"));
}

static void stuck(void **state)
{
    (void)state;
    struct health h = {.heard = NOW, .stuck = NOW};
    assert_int_equal(judged(&h, NOW + 24 * HEALTH_HOUR - 1), 0);
    h.heard = NOW + 24 * HEALTH_HOUR;
    assert_int_not_equal(judged(&h, h.heard), 0);
    assert_true(raised(&h, "DEV-FW-STUCK"));
    h.stuck = 0;
    (void)judged(&h, h.heard);
    assert_false(raised(&h, "DEV-FW-STUCK"));
}

static void possible(void **state)
{
    (void)state;
    assert_true(health_possible(STR("8867-4"), STR("/min"), 250));
    assert_false(health_possible(STR("8867-4"), STR("/min"), 251));
    assert_true(
        health_possible(STR("8867-4"), STR("h"), 251)); /* of another unit nothing is said */
    assert_true(health_possible(STR("1-8"), STR("/min"), 1e9));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(told_once_a_day), cmocka_unit_test(silence),  cmocka_unit_test(battery),
        cmocka_unit_test(slope),           cmocka_unit_test(drifting), cmocka_unit_test(versions),
        cmocka_unit_test(others),          cmocka_unit_test(possible), cmocka_unit_test(line),
        cmocka_unit_test(stuck),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
