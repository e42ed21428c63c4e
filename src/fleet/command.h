/* What a device is asked to do: a FHIR Task with the Device as its focus, a row of
 * spec/fleet/commands.csv. Nobody but these doors makes or moves one (record/plain.c). It goes to
 * the device signed (JWS, EdDSA, RFC 8037, with the key that the device got as "commandKey"), with
 * its end and an id by which the device does it once however often it comes; retained at the broker
 * under weft/v1/{device}/command/{id}, or asked for by the device over HTTP. What the device says
 * of it (weft/v1/{device}/ack: {"id", "state": accepted | done | failed, "reason"}) moves it on.
 *
 * Thread-safe; results live in op->arena. */
#ifndef WEFT_FLEET_COMMAND_H
#define WEFT_FLEET_COMMAND_H

#include "fleet/fleet.h"

/* in: {"kind", "times": ["08:00", …] (of schedule)}. Answers as fleet_get(), which has "commands":
 * [{"id", "kind", "state", "by", "asked", "until", "approver", "reason", "args", "may": [steps that
 * the actor may take]}] and "kinds": [{"kind", "args", "two"}] that the actor may ask for.
 * ERR_CONFLICT: not in use, or one of the kind is under way. ERR_FORBIDDEN: the role, rule DEV-13,
 * or an implanted device and not its maker's service (a PractitionerRole of the model's maker, code
 * device-service). */
MUST err fleet_command(struct op *op, struct fleet *f, str device, const struct json *in,
                       struct json **ret);
/* step: approve or refuse (somebody else than who asked), withdraw. in: {"reason"}. */
MUST err fleet_command_step(struct op *op, struct fleet *f, str id, str step, const struct json *in,
                            struct json **ret);
/* By the device itself (op->actor): {"commands": [{"id", "message": the signed command}]} that it
 * has not taken yet. */
MUST err fleet_inbox(struct op *op, struct fleet *f, struct json **ret);
/* By the device itself: what became of one. The same twice is once. ERR_NOT_FOUND: none of its own.
 */
MUST err fleet_answer(struct op *op, struct fleet *f, str id, const struct json *in);

#endif
