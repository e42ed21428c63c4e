/* What a model is made of, and what is known to be wrong with it: the model's bill of materials
 * (CycloneDX or SPDX JSON), vulnerabilities as documents (OSV, CVE JSON 5, the catalogue of
 * exploited ones in CISA's shape), what somebody said of one for a model (VEX). Nothing is fetched:
 * documents are brought. What matches opens one technical case a model for support, told once a
 * vulnerability.
 *
 * Thread-safe; results live in op->arena. */
#ifndef WEFT_FLEET_PARTS_H
#define WEFT_FLEET_PARTS_H

#include "fleet/fleet.h"

#define PARTS_BYTES_MAX (8u << 20) /* of a document */
#define PARTS_MAX 20000u           /* of a model */
#define VULN_BYTES_MAX (32u << 20)
#define VULN_MAX 5000u /* in one document */

/* Of a model's firmware from … to, both included; an empty one is open. Both empty: of the version
 * that the document describes, or of any. */
struct parts_new {
    str model, from, to, document;
};
/* Replaces what the model had for that range; a version belongs to the narrowest that holds it.
 * {"format", "firmware", "from", "to", "parts": n, "unmatched": n without purl and CPE}.
 * ERR_INVALID: neither format; ERR_TOO_LARGE. */
MUST err parts_take(struct op *op, struct fleet *f, const struct parts_new *in, struct json **ret);
/* Of that firmware; empty: what was brought last. {"format", "firmware", "from", "to", "by",
 * "time", "parts": [{"name", "version", "purl", "cpe"}]} */
MUST err parts_get(struct op *op, struct fleet *f, str model, str firmware, struct json **ret);
/* The same checks, nothing is kept. */
MUST err vuln_look(struct op *op, str document);
/* Of a large document a part: kept, and not looked for in models until vuln_take(), which may be
 * given an empty list. */
MUST err vuln_take_part(struct op *op, struct fleet *f, str document);
/* {"vulnerabilities": n taken in, "exploited": n} */
MUST err vuln_take(struct op *op, struct fleet *f, str document, struct json **ret);
/* in: {"vulnerability", "status": not_affected affected fixed under_investigation,
 * "justification"}; asked for with not_affected. Answers as vuln_list(). */
MUST err vuln_say(struct op *op, struct fleet *f, str model, const struct json *in,
                  struct json **ret);
/* {"models": [{"id", "name", "devices": in use, "unsure": those of them whose firmware no bill of
 * materials describes, "boms": [{"from", "to", "format", "firmware", "parts", "devices", "time"}],
 * "found": [{"id", "aliases", "summary", "score", "vector", "severity", "part", "version", "fixed",
 * "exploited", "due", "devices": that run what has it, "running": [{"firmware", "devices"}],
 * "vex": {"status", "justification", "who", "time"}}], "cut"}], "may"}, worst first, at most 500 a
 * model. */
MUST err vuln_list(struct op *op, struct fleet *f, struct json **ret);

#endif
