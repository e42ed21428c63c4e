/* near: the cells of the earth that a circle touches, as ranges of keys; the distance itself is
 * told by the document. Cells are squares of degrees that halve with every step (pack.c).
 * Invariant: no place within the distance lies outside the cells. */
#include "record/clause_int.h"

#include <math.h>

#define M_PER_DEGREE                                                                               \
    111100.0 /* a little less than a degree of latitude, so that boxes are wide                    \
              */
#define CELLS_A_SIDE 6.0

struct box {
    double south, north, west, east; /* west may be below -180, east past 180 */
};

static struct box around(const struct fhir_value *v)
{
    double dlat = v->metres / M_PER_DEGREE;
    struct box b = {fmax(v->lat - dlat, -90), fmin(v->lat + dlat, 90), -180, 180};
    double widest = cos(fmin(fmax(fabs(b.south), fabs(b.north)), 90) * acos(-1.0) / 180);
    double dlon = widest > 1e-6 ? dlat / widest * 1.05 : 360;
    if (dlon < 180 && b.north < 90 && b.south > -90) {
        b.west = v->lon - dlon;
        b.east = v->lon + dlon;
    }
    return b;
}

static void cell(struct range_set *s, const struct kb *k, unsigned level, double lat, double lon)
{
    struct kb lo = *k, hi = *k;
    unsigned shift = 2 * (PLACE_BITS - level);
    uint64_t at = place_cell(llround(lat * 1e7), llround(lon * 1e7)) >> shift;
    uint64_t end = (at + 1) << shift;
    kb_low(&lo, at << shift, PLACE_BITS / 4);
    if (end >> (2 * PLACE_BITS)) /* the last cell: to the end */
        hi.n = 0;
    else
        kb_low(&hi, end, PLACE_BITS / 4);
    range_add(s, IN_OR, range_between(s->op->arena, k, &lo, &hi));
}

void ranges_near(struct range_set *s, const struct kb *k, const struct fhir_value *v)
{
    struct box b = around(v);
    unsigned level = 0;
    while (level < PLACE_BITS && (b.east - b.west) / (360.0 / (2u << level)) <= CELLS_A_SIDE &&
           (b.north - b.south) / (180.0 / (2u << level)) <= CELLS_A_SIDE)
        level++;
    double wide = 360.0 / (1u << level), high = 180.0 / (1u << level);
    s->verify = true;
    for (double lat = floor(b.south / high) * high + high / 2; lat - high / 2 <= b.north;
         lat += high)
        for (double lon = floor(b.west / wide) * wide + wide / 2; lon - wide / 2 <= b.east;
             lon += wide) {
            double turned = lon < -180 ? lon + 360 : lon > 180 ? lon - 360 : lon;
            if (lat > -90 && lat < 90)
                cell(s, k, level, lat, turned);
        }
}
