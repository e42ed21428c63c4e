/* NEWS2 from the chart's own rows: each parameter is a list of upper bounds with their scores.
 * Invariant: what is missing scores nothing and is said to be missing. */
#include "vitals/news2.h"

struct step { /* up to and with hi: score */
    double hi;
    int score;
};
#define STEPS_MAX 6

static const struct step CHART[NEWS2_PARTS][STEPS_MAX] = {
    [NEWS2_RESPIRATION] = {{8, 3}, {11, 1}, {20, 0}, {24, 2}, {INFINITY, 3}},
    [NEWS2_SPO2] = {{91, 3}, {93, 2}, {95, 1}, {INFINITY, 0}},
    [NEWS2_OXYGEN] = {{0, 0}, {INFINITY, 2}},
    [NEWS2_SYSTOLIC] = {{90, 3}, {100, 2}, {110, 1}, {219, 0}, {INFINITY, 3}},
    [NEWS2_PULSE] = {{40, 3}, {50, 1}, {90, 0}, {110, 1}, {130, 2}, {INFINITY, 3}},
    [NEWS2_CONSCIOUS] = {{0, 0}, {INFINITY, 3}},
    [NEWS2_TEMPERATURE] = {{35.0, 3}, {36.0, 1}, {38.0, 0}, {39.0, 1}, {INFINITY, 2}},
};
static const struct step SCALE2_LOW[STEPS_MAX] = {{83, 3}, {85, 2}, {87, 1}, {92, 0}};
static const struct step SCALE2_ON_OXYGEN[STEPS_MAX] = {{94, 1}, {96, 2}, {INFINITY, 3}};

static int look_up(const struct step *row, double v)
{
    for (int i = 0; i < STEPS_MAX; i++)
        if (v <= row[i].hi)
            return row[i].score;
    return -1;
}

/* As the chart is read: 38.04 is 38.0. */
static double at_resolution(enum news2_part part, double v)
{
    if (part == NEWS2_TEMPERATURE)
        return round(v * 10) / 10;
    return part == NEWS2_OXYGEN || part == NEWS2_CONSCIOUS ? v : round(v);
}

static int spo2_scale2(double v, double oxygen)
{
    if (v <= 92)
        return look_up(SCALE2_LOW, v);
    if (isnan(oxygen))
        return -1;
    return oxygen > 0 ? look_up(SCALE2_ON_OXYGEN, v) : 0;
}

static enum news2_risk risk_of(int total, bool red)
{
    if (total >= 7)
        return NEWS2_HIGH;
    if (total >= 5)
        return NEWS2_MEDIUM;
    return red ? NEWS2_LOW_MEDIUM : NEWS2_LOW;
}

struct news2 news2_of(const double value[NEWS2_PARTS], int scale)
{
    struct news2 s = {0};
    for (int p = 0; p < NEWS2_PARTS; p++) {
        s.part[p] = -1;
        if (isnan(value[p]))
            continue;
        double v = at_resolution((enum news2_part)p, value[p]);
        s.part[p] = p == NEWS2_SPO2 && scale == 2 ? spo2_scale2(v, value[NEWS2_OXYGEN])
                                                  : look_up(CHART[p], v);
        if (s.part[p] < 0)
            continue;
        s.measured++;
        s.total += s.part[p];
        s.red |= s.part[p] == 3;
    }
    s.risk = risk_of(s.total, s.red);
    return s;
}
