/* Quantities and places made comparable: UCUM base units, distances on the sphere.
 * Invariant: equal quantities give equal numbers and unit texts, however they were written: numbers
 * are rounded to fewer digits than a double holds. */
#include "fhir/query.h"
#include "fhir/ucum.h"

#include <math.h>

#define DIGITS 14
#define EARTH_M 6371008.8 /* mean radius, IUGG */

bool fhir_quantity_base(struct arena *a, str system, str code, double value, double *ret,
                        str *ret_unit)
{
    struct ucum_unit unit;
    struct ucum_num base;
    if (!str_eq(system, STR("http://unitsofmeasure.org")) || !code.n || !isfinite(value) ||
        ucum_parse(code, &unit) != NULL || !ucum_base(ucum_num_of(value), &unit, &base))
        return false;
    *ret = ucum_num_double(ucum_num_round(base, DIGITS));
    *ret_unit = ucum_base_code(a, &unit);
    return isfinite(*ret) && ret_unit->n;
}

double fhir_distance(double lat_a, double lon_a, double lat_b, double lon_b)
{
    const double rad = acos(-1.0) / 180;
    double dlat = sin((lat_b - lat_a) * rad / 2), dlon = sin((lon_b - lon_a) * rad / 2);
    double h = dlat * dlat + cos(lat_a * rad) * cos(lat_b * rad) * dlon * dlon;
    return 2 * EARTH_M * asin(sqrt(h < 1 ? h : 1));
}
