/* Private to the fleet room: bills of materials and vulnerabilities as they are kept. */
#ifndef WEFT_FLEET_PARTS_KEPT_INT_H
#define WEFT_FLEET_PARTS_KEPT_INT_H

#include "desk/say.h"
#include "fleet/parts_int.h"

#define PARTS_PREFIX "fleet/parts/"       /* and the model */
#define VULN_PREFIX "fleet/vuln/"         /* and the vulnerability's id */
#define VULN_EXPLOITED "fleet/exploited/" /* and a CVE's id */
#define VULN_VEX "fleet/vex/"             /* and model/vulnerability */
#define VULN_TOLD "fleet/vuln-told/"      /* likewise: the case */
#define VULN_QUEUE "fleet-vuln"           /* of models whose matches are to be made anew */
#define PARTS_MODELS "fleet/parts-models" /* ids, a line each */
#define VULN_SHOWN 500u
#define PARTS_MODELS_MAX 1000u
#define PARTS_ROLES (1u << ROLE_NURSE | 1u << ROLE_ADMIN)

/* ---- parts.c ---- */
MUST err model_known(struct op *op, struct fleet *f, str model, str *ret_name);
/* op->fault is set where it is too large: op_check() before it is committed. */
str kept_text(struct op *op, const struct json *o, size_t max);
/* Of the kept text. */
MUST err parts_of(struct op *op, str text, struct parts *ret, struct json **ret_kept);

/* Adds the line to a kept list, once; ERR_TOO_LARGE past max. */
MUST err lines_add(struct op *op, struct record_tx *tx, str key, str line, size_t max);

/* ---- vuln.c ---- */
MUST err vuln_of(struct op *op, str text, struct vuln *ret);

/* ---- index.c: ids under a key, a package or a recalled product, in pages ---- */
/* Joins tx. */
MUST err index_add(struct op *op, struct record_tx *tx, str key, str id);
typedef err index_fn(void *ctx, struct op *op, str id);
MUST err index_each(struct op *op, struct fleet *f, str key, index_fn *fn, void *ctx);

/* ---- vuln_find.c ---- */
struct finding {
    const struct part *part;
    struct vuln v;
    str fixed, due;
    bool exploited;
    const struct json *vex; /* NULL: nothing was said */
};
struct findings {
    struct finding *all; /* worst first */
    size_t n;
    bool cut;
};
/* What of all that is known concerns the parts. */
MUST err vuln_find(struct op *op, struct fleet *f, str model, const struct parts *p,
                   struct findings *ret);

#endif
