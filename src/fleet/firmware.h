/* A firmware release: a version of a model's firmware, its file named by digest, that goes to the
 * model's devices ring by ring (spec/fleet/rings.csv). It is a FHIR Task (code firmware-release)
 * with the DeviceDefinition as its focus; the "update" commands (command.h) are part of it. Two
 * people start it, and two let it go on after it halted; one is enough to halt it. It halts by
 * itself in the transaction of the failure that is one too many.
 *
 * Thread-safe; results live in op->arena. */
#ifndef WEFT_FLEET_FIRMWARE_H
#define WEFT_FLEET_FIRMWARE_H

#include "fleet/fleet.h"

/* The largest file that is kept here; a larger one has an address of its own. */
#define FIRMWARE_FILE_MAX (INT64_C(32) << 20)

/* in: {"model", "version", "digest": SHA-256 as hex, "url": https (empty: the file is brought here,
 * and approved only with the maker's signature), "size": bytes, "notes",
 * "signature": hex, the maker's (Ed25519) of the text "model\nversion\ndigest", asked for when the
 * model's file has its "firmware-key"}. Answers as firmware_get(). ERR_CONFLICT: another release of
 * the model is under way. ERR_FORBIDDEN: the role, or an implanted model and not its maker's
 * service. */
MUST err firmware_propose(struct op *op, struct fleet *f, const struct json *in, struct json **ret);
/* step: approve or refuse (somebody else than who asked for the start or the resuming), halt,
 * resume (asks for it: {"reason"}), withdraw. */
MUST err firmware_step(struct op *op, struct fleet *f, str id, str step, const struct json *in,
                       struct json **ret);
/* {"releases": [{"id", "model", "modelName", "version", "digest", "url", "size", "notes", "state",
 * "by", "asked", "approver", "rings": [{"name", "percent", "soak", "limit", "opened", "until",
 * "asked", "done", "failed", "signs": {reason: n}, "state"}], "halt": {"ring", "failed", "asked",
 * "limit", "at", "citation"}, "file": {"by", "at", "gone": since when it is
 * kept no longer, "offset": bytes of it that came in pieces} (of one without "url"), "signed":
 * good, missing, wrong, no-key or bad-key, "steps": [{"who", "what", "time"}], "may": [steps]}],
 * "may": propose}, newest first, at most 50. */
MUST err firmware_list(struct op *op, struct fleet *f, struct json **ret);
/* One, with "devices": [{"id", "serial", "state", "reason", "time"}] whose command moved last. */
MUST err firmware_get(struct op *op, struct fleet *f, str id, struct json **ret);

/* The file of a waiting release without an address: whole, of its size and digest, or
 * ERR_UNPROCESSABLE and nothing kept. Answers as firmware_get(). */
MUST err firmware_file_take(struct op *op, struct fleet *f, str id, str bytes, struct json **ret);
/* The same in pieces: how far it has come, and the next piece, from there on (ERR_CONFLICT from
 * elsewhere). The last one is judged with the whole file; of another file nothing stays. At most 8
 * files are under way at once (ERR_UNAVAILABLE); what stops ends after a day (files.csv). */
struct firmware_upload {
    int64_t offset, size;
};
MUST err firmware_upload_at(struct op *op, struct fleet *f, str id, struct firmware_upload *ret);
MUST err firmware_upload_add(struct op *op, struct fleet *f, str id, int64_t offset, str bytes);
struct firmware_file {
    str release, digest;
    int64_t size;
};
/* For the device itself (op->actor), while an "update" command of the release is open for it; else
 * ERR_NOT_FOUND. */
MUST err firmware_file_for(struct op *op, struct fleet *f, str id, struct firmware_file *ret);
/* n bytes of it, from there; both within its size. */
MUST err firmware_file_read(struct op *op, struct fleet *f, const struct firmware_file *file,
                            size_t from, size_t n, str *ret);

#endif
