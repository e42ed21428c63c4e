/* The fleet room: connected devices from the kit's shelf to the kit's end. A device is a FHIR
 * Device (its model a DeviceDefinition, its way a SupplyDelivery); where it is in its life is a row
 * of spec/fleet/states.csv, kept as Device.meta.tag. Its account (identity.h) is open only in a
 * state that says so, so a device that was revoked or lost is refused at once by REST and by MQTT,
 * and by the broker too when this server keeps its accounts (mqtt.control).
 *
 * Doors for people ask the table's roles and act as the house, with the person in the trail; what
 * they show is what the person may read. Thread-safe; results live in op->arena. */
#ifndef WEFT_FLEET_H
#define WEFT_FLEET_H

#include "base/config.h"
#include "desk/desk.h"
#include "identity/identity.h"

struct fleet;
/* The rooms and the configuration outlive it. */
MUST err fleet_new(struct op *op, struct record *rec, struct identity *id,
                   const struct config *config, struct fleet **ret);
void fleet_free(struct fleet *f); /* NULL allowed; after fleet_stop() */
MUST err fleet_start(struct op *op, struct fleet *f);
void fleet_stop(struct fleet *f);

/* state: a row of states.csv, or empty for all. {"devices": [{"id", "name", "state", "serial",
 * "udi", "model", "modelId", "firmware", "patient", "patientName", "owner", "network",
 * "gateway": the device it speaks through, "warranty", "next": [states the actor may bring it to],
 * "code": may get one}], "waiting": [commands (command.h) for a second person, with the device's
 * "name" and "serial"; of the first page], "total": in that state, on all pages, "more", "after":
 * of the next page}; newest changed first, at most FLEET_LIST_MAX a page; of one state those
 * that carry its tag first, then those that carry none and are taken for it (active when their
 * status says so, else stock). after: empty for the first page. */
#define FLEET_LIST_MAX 500u
MUST err fleet_list(struct op *op, struct fleet *f, str state, str after, struct json **ret);
/* One of them, with "history": [{"state", "time"}] and "supply": [{"status", "time", "tracking"}].
 */
MUST err fleet_get(struct op *op, struct fleet *f, str id, struct json **ret);
/* in: {"model": id of a DeviceDefinition, "serial", "lot" (else of the UDI), "udi", "network",
 * "gateway": id of the Device it speaks through, "warranty": date}. The model's file must be whole
 * (rule DEV-11). Answers as fleet_get(). ERR_CONFLICT: the serial number is there already. */
MUST err fleet_register(struct op *op, struct fleet *f, const struct json *in, struct json **ret);
/* in: {"state", "reason", "patient" and "tracking" (of shipped)}. A wiped kit goes back on the
 * shelf as a Device of its own, so that it never carries one patient's data to the next. */
MUST err fleet_move(struct op *op, struct fleet *f, str id, const struct json *in,
                    struct json **ret);

/* ---- keys ---- */
#define FLEET_CODE_MS (INT64_C(7) * 24 * 3600 * 1000)
/* A code that provisions the device once, within a week; an older one of the device is void. Shown
 * once. */
MUST err fleet_code(struct op *op, struct fleet *f, str id, str *ret_code, int64_t *ret_until);
/* A client certificate instead: the device is known by it from now on. */
MUST err fleet_certificate(struct op *op, struct fleet *f, str id, str fingerprint);
/* For who holds the code, nobody else is asked; peer: who comes with it, and is held up when it
 * guesses (ERR_BUSY). What the device had before ends. *ret: {"device",
 * "user", "token", "expires", "mqtt": {"user", "password"} (with mqtt.control), "commandKey": hex
 * of the Ed25519 key that signs commands}. ERR_UNAUTHENTICATED: not known, used, or too late. */
MUST err fleet_provision(struct op *op, struct fleet *f, str code, str peer, struct json **ret);
/* By the device itself (op->actor): new keys, the old ones end. Answers as fleet_provision(). */
MUST err fleet_rotate(struct op *op, struct fleet *f, struct json **ret);

#endif
