/* Recalls of devices (21 CFR 7.40 to 7.59, 806; rule DEV-12): openFDA's device/enforcement and
 * device/recall documents in JSON, brought as files; a maker's letter in the same shape. A recall
 * finds the devices here that it concerns by UDI-DI, serial number, lot, firmware or model, those
 * with patients first, opens one technical case for support (never a clinical one), and holds what
 * it concerns on the shelf until it is said what was done.
 *
 * Thread-safe; results live in op->arena. */
#ifndef WEFT_FLEET_RECALL_H
#define WEFT_FLEET_RECALL_H

#include "fleet/fleet.h"

#define RECALL_BYTES_MAX (32u << 20)
#define RECALL_MAX 5000u /* in one document */

/* {"recalls": n taken in, "over": n that ended at their source, "others": n not of devices}. */
MUST err recall_take(struct op *op, struct fleet *f, str document, struct json **ret);
/* The same checks, nothing is kept; a part of a large document, kept, and not looked for among the
 * devices until recall_take(), which may be given an empty list. */
MUST err recall_look(struct op *op, str document);
MUST err recall_take_part(struct op *op, struct fleet *f, str document);
/* {"recalls": [{"id", "firm", "product", "codes", "reason", "class", "status", "started",
 * "action", "devices": n, "patients": n of them with a patient, "left": n without what was done,
 * "state": open closed}], "may"}: those that concerned a device here; open first, worst first. */
MUST err recall_list(struct op *op, struct fleet *f, struct json **ret);
/* One, with "concerned": [{"id", "serial", "name", "lot", "firmware", "state", "patient",
 * "patientName", "how": serial lot firmware udi model check, "done", "note", "who", "time",
 * "say": its notice may be read out (DEV-12)}], patients first, at most 500 ("cut"); "notice":
 * {"text", "by", "approver"}, "citation", "closed": {"who", "time", "note"}, "dones": codes, "may":
 * [steps]. */
MUST err recall_get(struct op *op, struct fleet *f, str id, struct json **ret);
/* step: device ({"device", "done": a row of spec/fleet/recall-done.csv, "note"}), notice ({"text"}:
 * what the maker's notice says, to be read out), approve (by somebody else), close ({"note": what
 * was done}; ERR_UNPROCESSABLE while a device has nothing said of it). Answers as recall_get(). */
MUST err recall_step(struct op *op, struct fleet *f, str id, str step, const struct json *in,
                     struct json **ret);

#endif
