/* The fleet at the door: the register, a device's way through its life, its keys. What may be done
 * is the fleet's to say (fleet/fleet.h). */
#include "api/api_int.h"
#include "fleet/command.h"
#include "fleet/firmware.h"
#include "fleet/parts.h"

static err there(struct call *c)
{
    return c->api->fleet ? OK : fail(&c->op, ERR_UNSUPPORTED, "This server runs without a fleet.");
}

err api_fleet(struct call *c)
{
    struct json *o;
    str state = STR_NONE;
    TRY(there(c));
    (void)query_get(c->op.arena, c->rq->query, STR("state"), &state);
    TRY(fleet_list(&c->op, c->api->fleet, state, &o));
    return answer_json(c, 200, o);
}

err api_fleet_get(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(fleet_get(&c->op, c->api->fleet, c->id, &o));
    return answer_json(c, 200, o);
}

err api_fleet_register(struct call *c)
{
    struct json *in, *o;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(fleet_register(&c->op, c->api->fleet, in, &o));
    return answer_json(c, 201, o);
}

err api_fleet_move(struct call *c)
{
    struct json *in, *o;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(fleet_move(&c->op, c->api->fleet, c->id, in, &o));
    return answer_json(c, 200, o);
}

err api_fleet_code(struct call *c)
{
    struct arena *a = c->op.arena;
    struct json *o = json_new(a, JSON_OBJECT);
    int64_t until;
    str code;
    TRY(there(c));
    TRY(fleet_code(&c->op, c->api->fleet, c->id, &code, &until));
    json_set_str(a, o, STR("code"), code);
    json_set_str(a, o, STR("until"), time_format(a, until));
    return answer_json(c, 201, o);
}

err api_fleet_command(struct call *c)
{
    struct json *in, *o;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(fleet_command(&c->op, c->api->fleet, c->id, in, &o));
    return answer_json(c, 201, o);
}

/* The step is the address's last word. */
static str step_in(const struct call *c)
{
    str step = c->rq->path;
    size_t at;
    while ((at = str_find_char(step, '/', 0)) != SIZE_MAX)
        step = str_sub(step, at + 1, step.n);
    return step;
}

err api_fleet_command_step(struct call *c)
{
    struct json *in, *o;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(fleet_command_step(&c->op, c->api->fleet, c->id, step_in(c), in, &o));
    return answer_json(c, 200, o);
}

err api_fleet_firmware(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(firmware_list(&c->op, c->api->fleet, &o));
    return answer_json(c, 200, o);
}

err api_fleet_firmware_get(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(firmware_get(&c->op, c->api->fleet, c->id, &o));
    return answer_json(c, 200, o);
}

err api_fleet_firmware_new(struct call *c)
{
    struct json *in, *o;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(firmware_propose(&c->op, c->api->fleet, in, &o));
    return answer_json(c, 201, o);
}

err api_fleet_firmware_step(struct call *c)
{
    struct json *in, *o;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(firmware_step(&c->op, c->api->fleet, c->id, step_in(c), in, &o));
    return answer_json(c, 200, o);
}

err api_fleet_parts(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(parts_get(&c->op, c->api->fleet, c->id, &o));
    return answer_json(c, 200, o);
}

err api_fleet_parts_set(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(parts_take(&c->op, c->api->fleet, c->id, c->rq->body, &o));
    return answer_json(c, 201, o);
}

err api_fleet_vulnerabilities(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(vuln_list(&c->op, c->api->fleet, &o));
    return answer_json(c, 200, o);
}

err api_fleet_vulnerabilities_take(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(vuln_take(&c->op, c->api->fleet, c->rq->body, &o));
    return answer_json(c, 201, o);
}

err api_fleet_vex(struct call *c)
{
    struct json *in, *o;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(vuln_say(&c->op, c->api->fleet, c->id, in, &o));
    return answer_json(c, 200, o);
}

err api_fleet_inbox(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(fleet_inbox(&c->op, c->api->fleet, &o));
    return answer_json(c, 200, o);
}

err api_fleet_answer(struct call *c)
{
    struct json *in;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(fleet_answer(&c->op, c->api->fleet, c->id, in));
    return answer_json(c, 200, in);
}

err api_fleet_certificate(struct call *c)
{
    struct json *in, *o;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(fleet_certificate(&c->op, c->api->fleet, c->id, json_get_str(in, STR("fingerprint"))));
    TRY(fleet_get(&c->op, c->api->fleet, c->id, &o));
    return answer_json(c, 200, o);
}

err api_fleet_provision(struct call *c)
{
    struct json *in, *o;
    TRY(there(c));
    TRY(body_object(c, &in));
    TRY(fleet_provision(&c->op, c->api->fleet, json_get_str(in, STR("code")), net_peer(c->rq), &o));
    return answer_json(c, 201, o);
}

err api_fleet_rotate(struct call *c)
{
    struct json *o;
    TRY(there(c));
    TRY(fleet_rotate(&c->op, c->api->fleet, &o));
    return answer_json(c, 201, o);
}
