/* Private to the fleet room: a recall as read, and whether it concerns a device. Pure but for
 * recall.c and what follows it. */
#ifndef WEFT_FLEET_RECALL_INT_H
#define WEFT_FLEET_RECALL_INT_H

#include "fleet/parts_kept_int.h"
#include "fleet/recall.h"

#define RECALL_QUEUE "fleet-recall"   /* bodies: "all", or the id of a device */
#define RECALL_PREFIX "fleet/recall/" /* and its id */
#define RECALL_HITS "recall here"     /* of index.c: those that concerned a device */
#define RECALL_DONE "fleet/recalled/" /* and recall/device: what was done */
#define RECALL_SHOWN 500u
#define RECALL_TEXT_MAX (256u << 10) /* of product and codes each */
#define RECALL_ROLES (1u << ROLE_NURSE | 1u << ROLE_ADMIN)

struct recall {
    str id, firm, product, codes, reason, class, status, started, action;
    bool over; /* at its source */
};
struct recalls {
    struct recall *all;
    size_t n, over, others;
};
struct unit { /* a device as a recall sees it; empty: nobody knows */
    str maker, model, name, di, serial, lot, firmware;
};
enum recall_how {
    RECALL_NO,
    RECALL_CHECK, /* it may: what decides is not known here */
    RECALL_MODEL,
    RECALL_UDI,
    RECALL_FIRMWARE,
    RECALL_LOT,
    RECALL_SERIAL,
    RECALL_HOWS
};
extern const char *const RECALL_HOW_CODES[RECALL_HOWS];

/* ---- recall_read.c ---- */
MUST err recalls_read(struct op *op, str document, struct recalls *ret);

/* ---- recall_match.c ---- */
/* What stands behind "(01)" in the human readable form of a GS1 UDI. */
str udi_part(str hrf, const char *ai);
/* The first word of a maker's name, small letters; empty: there is none. */
str firm_key(struct op *op, str firm);
/* Is it the product that is recalled, by UDI-DI (*ret_di), or by maker and model or name? */
bool recall_product(struct op *op, const struct recall *r, const struct unit *u, bool *ret_di);
/* RECALL_NO also when it is another product. */
enum recall_how recall_match(struct op *op, const struct recall *r, const struct unit *u);
/* Every 14 digits (a GTIN; 12 and 13 are led by zeroes) of the text, in small memory: the n-th;
 * empty behind the last. */
str recall_gtin(struct op *op, const struct recall *r, size_t n);

/* ---- recall_codes.c: what the text of codes says of one device ---- */
enum recall_how recall_codes(struct op *op, str codes, const struct unit *u);

/* ---- recall.c ---- */
struct recall_kept {
    struct recall r;
    struct json *tree; /* as kept */
    str raw;
    bool closed;
};
MUST err recall_load(struct op *op, struct fleet *f, str id, struct recall_kept *ret);
MUST err recall_of(struct op *op, str text, struct recall_kept *ret);
str recall_key(struct op *op, str id);
/* Joins tx: the device, or all of them, is looked at. */
void recall_look_later(struct op *op, struct record_tx *tx, str device);
void unit_of(const struct json *device, struct unit *ret);

/* ---- recall_find.c ---- */
struct recalled {
    str id;
    enum recall_how how;
    enum fleet_life life;
    str patient;
};
/* A step of the room's loop. */
MUST err recall_tick(struct op *op, struct fleet *f, size_t *ret_n);
/* Is there an open recall that holds the device? *ret_id: which; empty: none. */
MUST err recall_holds(struct op *op, struct fleet *f, const struct fleet_device *d, str *ret_id);

/* ---- recall_step.c ---- */
struct recall_done {
    const char *code;
    bool note, ends;
};
extern const struct recall_done RECALL_DONES[RECALL_DONE_N];
str recall_done_key(struct op *op, str recall, str device);

/* ---- recall_show.c ---- */
bool recall_may(const struct recall_kept *k, str step, const struct actor *person);
/* How many devices of it have nothing said of them; as op->actor reads. */
MUST err recall_left(struct op *op, struct fleet *f, const struct recall_kept *k, size_t *ret);

#endif
