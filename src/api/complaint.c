/* Complaints about devices at the door: written down, judged, their clocks met, closed. What they
 * are is the desk's (desk/complaint.h). */
#include "desk/complaint.h"
#include "api/op_int.h"

err api_complaints(struct call *c)
{
    struct json *o;
    TRY(complaint_list(&c->op, c->api->rec, &o));
    return answer_json(c, 200, o);
}

err api_complaint(struct call *c)
{
    struct json *o;
    TRY(complaint_get(&c->op, c->api->rec, c->id, &o));
    return answer_clocks(c, 200, o);
}

err api_complaint_open(struct call *c)
{
    struct json *in, *o;
    TRY(body_object(c, &in));
    TRY(complaint_open(&c->op, c->api->rec, in, config_str(c->api->config, "house.device_role"),
                       &o));
    return answer_clocks(c, 201, o);
}

err api_complaint_judge(struct call *c)
{
    struct json *in, *o;
    TRY(body_object(c, &in));
    TRY(complaint_judge(&c->op, c->api->rec, c->id, in, &o));
    return answer_clocks(c, 200, o);
}

err api_complaint_clock(struct call *c)
{
    struct json *in, *o;
    TRY(body_object(c, &in));
    TRY(complaint_done(&c->op, c->api->rec, c->id, json_get_str(in, STR("clock")),
                       json_get_str(in, STR("note")), &o));
    return answer_clocks(c, 200, o);
}

err api_complaint_close(struct call *c)
{
    struct json *in, *o;
    TRY(body_object(c, &in));
    TRY(complaint_close(&c->op, c->api->rec, c->id, json_get_str(in, STR("note")), &o));
    return answer_clocks(c, 200, o);
}
