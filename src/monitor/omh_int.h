/* Private to the monitor room: Open mHealth and IEEE 1752.1 documents, checked against the
 * published schemas (spec/omh) as tables of nodes. A node uses only nodes before it. */
#ifndef WEFT_OMH_INT_H
#define WEFT_OMH_INT_H

#include "monitor/monitor_int.h"

enum omh_format {
    OMH_ANY,
    OMH_DATE_TIME,
    OMH_DATE,
    OMH_MONTH,
    OMH_YEAR,
    OMH_CLOCK,
    OMH_CLOCK_SECONDS,
    OMH_UUID,
    OMH_URI
};
struct omh_node {
    uint8_t types; /* OMH_TYPE_…, 0 = any */
    uint8_t format, least;
    bool closed; /* no other properties */
    uint16_t props, n_props, words, n_words, all, n_all, any, n_any, one, n_one, items;
};
struct omh_prop {
    const char *name;
    uint16_t node;
    bool required;
};
struct omh_schema {
    const char *space, *name, *version;
    uint16_t node;
    bool measure; /* of a person at a time; else a part of others */
};
/* NULL when there is none of that name and version; a newest one for an empty version. */
const struct omh_schema *omh_schema_of(str space, str name, str version);
/* Adds every fault to op->fault under the path at ("body"): ERR_UNPROCESSABLE. */
MUST err omh_check(struct op *op, const struct omh_schema *schema, const struct json *v, str at);

#endif
