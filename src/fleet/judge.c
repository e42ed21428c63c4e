/* The rules of a device's health over what is known of it: pure. A rule holds from its limit on and
 * until its clear limit, so a value that swings at the limit is one finding. */
#include "fleet/health_int.h"

#include <math.h>
#include <stdlib.h>

const struct fleet_rule FLEET_RULE[FLEET_RULES] = {FLEET_RULE_ROWS};
static const struct {
    const char *loinc, *unit;
    double low, high;
} POSSIBLE[] = {FLEET_POSSIBLE_ROWS};

#define DAY_S 86400000.0
#define MAD_TO_SIGMA 0.6745 /* Iglewicz and Hoaglin 1993, "How to detect and handle outliers" */

bool health_possible(str loinc, str unit, double v)
{
    for (size_t i = 0; i < sizeof POSSIBLE / sizeof *POSSIBLE; i++)
        if (str_eq(loinc, str_of(POSSIBLE[i].loinc)) && str_eq(unit, str_of(POSSIBLE[i].unit)))
            return v >= POSSIBLE[i].low && v <= POSSIBLE[i].high;
    return true;
}

bool health_older(str version, str than)
{
    for (int i = 0; i < 8 && (version.n || than.n); i++) {
        str a = STR_NONE, b = STR_NONE;
        uint64_t x = 0, y = 0;
        (void)str_take_until(&version, '.', &a);
        (void)str_take_until(&than, '.', &b);
        (void)str_take_u64(&a, UINT32_MAX, &x);
        (void)str_take_u64(&b, UINT32_MAX, &y);
        if (x != y)
            return x < y;
    }
    return false;
}

void health_add_battery(struct health *h, int64_t at, double percent)
{
    if (h->n_battery && at <= h->battery[h->n_battery - 1].at)
        return;
    if (h->n_battery && percent > h->battery[h->n_battery - 1].value + 5)
        h->n_battery = 0; /* charged, or another battery: the slope begins anew */
    if (h->n_battery == HEALTH_BATTERIES) {
        memmove(h->battery, h->battery + 1, (HEALTH_BATTERIES - 1) * sizeof *h->battery);
        h->n_battery--;
    }
    h->battery[h->n_battery++] = (struct health_point){at, percent};
}

void health_add_odd(struct health *h, int64_t at)
{
    if (h->n_odd == HEALTH_ODD) {
        memmove(h->odd, h->odd + 1, (HEALTH_ODD - 1) * sizeof *h->odd);
        h->n_odd--;
    }
    h->odd[h->n_odd++] = at;
}

/* Days until it is empty, by least squares. */
static bool days_left(const struct health *h, double *ret)
{
    size_t n = h->n_battery;
    double mx = 0, my = 0, xx = 0, xy = 0;
    if (n < 3 || h->battery[n - 1].at - h->battery[0].at < HEALTH_DAY)
        return false;
    for (size_t i = 0; i < n; i++) {
        mx += (double)(h->battery[i].at - h->battery[0].at) / DAY_S / (double)n;
        my += h->battery[i].value / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        double x = (double)(h->battery[i].at - h->battery[0].at) / DAY_S - mx;
        xx += x * x;
        xy += x * (h->battery[i].value - my);
    }
    if (xy >= 0 || xx <= 0)
        return false;
    *ret = h->battery[n - 1].value / -(xy / xx);
    return true;
}

static int by_value(const void *a, const void *b)
{
    double x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static double middle(double *v, size_t n)
{
    qsort(v, n, sizeof *v, by_value);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static bool drift(const struct health *h, double *ret)
{
    double all[HEALTH_PEERS], off[HEALTH_PEERS];
    size_t n = h->n_peers < HEALTH_PEERS ? h->n_peers : HEALTH_PEERS;
    if (!h->has_reference || n < HEALTH_PEERS_MIN)
        return false;
    memcpy(all, h->peers, n * sizeof *all);
    double centre = middle(all, n);
    for (size_t i = 0; i < n; i++)
        off[i] = fabs(all[i] - centre);
    double spread = middle(off, n);
    if (spread <= 0)
        return false;
    *ret = MAD_TO_SIGMA * fabs(h->reference - centre) / spread;
    return true;
}

void health_heard(struct health *h, int64_t at, int64_t now)
{
    h->heard = now;
    if (at >= h->broken)
        h->broken = 0;
}

bool health_value(const struct health *h, enum health_kind kind, int64_t now, double *ret)
{
    size_t odd = 0;
    switch (kind) {
    case HEALTH_SILENT:
        *ret = (double)(now - h->heard - h->away) / (double)HEALTH_HOUR;
        return h->heard > 0;
    case HEALTH_BATTERY:
        *ret = h->n_battery ? h->battery[h->n_battery - 1].value : 0;
        return h->n_battery > 0;
    case HEALTH_SLOPE:
        return days_left(h, ret);
    case HEALTH_DRIFT:
        return drift(h, ret);
    case HEALTH_FIRMWARE:
        *ret = health_older(h->firmware, h->least);
        return h->firmware.n && h->least.n;
    case HEALTH_CLOCK:
        *ret = fabs(h->skew_s);
        return h->heard > 0;
    case HEALTH_RETRIES:
        *ret = h->retries;
        return h->stated > 0;
    case HEALTH_IMPOSSIBLE:
        for (size_t i = 0; i < h->n_odd; i++)
            odd += now - h->odd[i] < HEALTH_DAY;
        *ret = (double)odd;
        return true;
    case HEALTH_IMPOSTOR:
        *ret = h->impostor;
        return true;
    case HEALTH_TAMPER:
        *ret = h->tamper;
        return true;
    case HEALTH_BROKEN:
        *ret = h->broken ? (double)(now - h->broken - h->away_broken) / 60000 : 0;
        return true;
    case HEALTH_STUCK:
        *ret = h->stuck ? (double)(now - h->stuck) / (double)HEALTH_HOUR : 0;
        return true;
    }
    return false;
}

void health_judge(struct health *h, int64_t now, uint32_t *ret_new)
{
    *ret_new = 0;
    for (size_t i = 0; i < FLEET_RULES; i++) {
        const struct fleet_rule *r = &FLEET_RULE[i];
        bool falls = r->kind == HEALTH_BATTERY || r->kind == HEALTH_SLOPE;
        double v;
        if (!health_value(h, r->kind, now, &v))
            continue;
        bool holds = falls ? v <= r->limit : v >= r->limit;
        bool over = falls ? v > r->clear : v < r->clear || (r->clear <= 0 && v <= 0);
        if (holds && !h->raised[i])
            h->raised[i] = now;
        else if (over && !holds)
            h->raised[i] = 0;
        if (h->raised[i] > h->told[i] && (!h->told[i] || now - h->told[i] >= HEALTH_DAY)) {
            h->told[i] = now;
            *ret_new |= 1u << i;
        }
    }
}
