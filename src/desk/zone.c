/* Where a patient's day begins: the time zone of the address, as FHIR's timezone extension says it,
 * else that of the house. Not who may be reached when: that asks every plausible place (outreach).
 */
#include "base/time.h"
#include "desk/desk.h"

#define ZONE_URL "http://hl7.org/fhir/StructureDefinition/timezone"

str desk_zone(const struct json *patient, str house)
{
    const struct json *addresses = JSON_GET(patient, "address"), *all, *one;
    struct time_local probe;
    for (size_t i = 0; json_at(addresses, i); i++) {
        all = JSON_GET(json_at(addresses, i), "extension");
        for (size_t k = 0; (one = json_at(all, k)); k++) {
            str zone = json_get_str(one, STR("valueCode"));
            if (str_eq(json_get_str(one, STR("url")), STR(ZONE_URL)) &&
                time_to_local(0, zone, &probe))
                return zone;
        }
    }
    return house;
}
