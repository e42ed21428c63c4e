/* What every write of one resource shares: conditions from the headers, and Readings of devices
 * aside, one door of the record. https://hl7.org/fhir/R4/http.html#concurrency */
#include "record/write.h"
#include "api/api_int.h"

err write_entry(struct call *c, struct fhir_entry *e, struct record_result *ret)
{
    TRY(version_tag(c, "If-Match", &e->if_match));
    e->type = c->type;
    e->id = c->id;
    e->query = str_empty(c->id) ? c->query : STR_NONE;
    e->if_none_match = net_header(c->rq, "If-None-Match");
    e->if_none_exist = net_header(c->rq, "If-None-Exist");
    e->many = (uint32_t)config_int(c->api->config, "fhir.delete_max");
    if (e->verb != VERB_POST && str_empty(c->id) && str_empty(c->query))
        return fail(&c->op, ERR_INVALID,
                    "Name the resource by its id, or put a condition into the address: "
                    "/fhir/Type?parameter=value.");
    return record_write(&c->op, c->api->rec, e, ret);
}
