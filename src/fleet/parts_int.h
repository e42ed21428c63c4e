/* Private to the fleet room: a bill of materials and vulnerabilities as read, and their match. All
 * of it is pure but parts.c and vuln.c. */
#ifndef WEFT_FLEET_PARTS_INT_H
#define WEFT_FLEET_PARTS_INT_H

#include "fleet/fleet_int.h"
#include "fleet/parts.h"

#define VULN_SPANS_MAX 5000u /* of one vulnerability */
#define VULN_ALIASES_MAX 20u

struct part {
    str name, version, purl, cpe; /* as written; empty: not said */
    str keys[2];                  /* what is matched: of the purl, of the CPE */
};
struct parts {
    str format, name, version; /* of the document; version: of the firmware it describes */
    struct part *all;
    size_t n;
};
struct span {
    str key;               /* "pkg:type/name" or "cpe:vendor:product", small letters */
    str from, fixed, last; /* from: "" or "0" the first; fixed: not any more; last: still */
    str is;                /* this very version */
};
struct vuln {
    str id, summary, vector, severity;
    str aliases[VULN_ALIASES_MAX];
    size_t n_aliases;
    double score; /* 0: not given */
    struct span *spans;
    size_t n_spans;
};
struct exploited {
    str id, due;
};
struct vulns {
    struct vuln *all;
    size_t n;
    struct exploited *exploited;
    size_t n_exploited;
};

/* ---- parts_read.c ---- */
MUST err parts_read(struct op *op, str document, struct parts *ret);
/* "pkg:npm/%40a/b@1.2?x#y" gives "pkg:npm/%40a/b" and "1.2". */
str purl_key(struct op *op, str purl, str *ret_version);
/* Of a CPE 2.3 name or a 2.2 URI: "cpe:vendor:product" and the version ("" for any). */
str cpe_key(struct op *op, str cpe, str *ret_version);

/* ---- vuln_read.c ---- */
MUST err vulns_read(struct op *op, str document, struct vulns *ret);

/* ---- vuln_match.c ---- */
/* -1, 0, 1: numbers as numbers, what is before a release before it ("1.0-rc1" < "1.0"). */
int version_order(str a, str b);
bool span_holds(const struct span *s, str version);
/* Does it concern the part? *ret_fixed: since when not any more, as far as it says. */
bool vuln_hits(const struct vuln *v, const struct part *p, str *ret_fixed);
/* Base score of CVSS 3.0 or 3.1 (FIRST, section 7); 0 when the vector is none. */
double cvss3_score(str vector);
const char *cvss_severity(double score);

/* ---- vuln.c ---- */
/* A step of the room's loop: matches what came new, opens cases. */
MUST err vuln_tick(struct op *op, struct fleet *f, size_t *ret_n);

#endif
