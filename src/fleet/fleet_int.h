/* Private to the fleet room: the tables, a Device as the doors see it, the broker's link. */
#ifndef WEFT_FLEET_INT_H
#define WEFT_FLEET_INT_H

#include "base/loop.h"
#include "base/time.h"
#include "base/uuid.h"
#include "fhir/make.h"
#include "fleet/fleet.h"
#include "fleet_gen.h"

#define FLEET_LIFE "https://weft.health/fhir/device-life"
#define FLEET_ACCOUNT "https://weft.health/fhir/device-account"
#define FLEET_EXTENSION "https://weft.health/fhir/StructureDefinition/"
#define FLEET_MDC "urn:iso:std:iso:11073:10101"
#define FLEET_FIRMWARE "531976" /* MDC_ID_PROD_SPEC_FW */
#define FLEET_BROKER_QUEUE "fleet-broker"
#define BROKER_CONTROL "$CONTROL/dynamic-security/v1"

struct fleet_state {
    const char *code;
    uint32_t from; /* bit a state */
    const char *status;
    bool account; /* may connect */
    uint32_t roles;
    bool reason;
    const char *supply;
};
extern const struct fleet_state FLEET_STATES[LIFE_COUNT];
/* LIFE_COUNT: there is no such state. */
enum fleet_life fleet_life_of(str code);

#define FLEET_OFTEN 4096u
struct fleet_often {
    uint64_t whose;
    int64_t since;
    unsigned n;
};
#define FLEET_FLIGHT 64u
struct fleet_flight { /* published, and not known yet to be with the broker */
    int packet;
    uint64_t job; /* 0: none */
    char id[65];  /* of the command */
};
struct fleet_link;
struct firmware_walk;
struct fleet {
    struct record *rec;
    struct identity *id;
    const struct config *config;
    struct fleet_link *link; /* NULL: no broker */
    uint64_t cursor, seen;   /* of the feed: in the store; nothing up to here is left to do */
    bool cursor_known;
    struct fleet_often often[FLEET_OFTEN];    /* the loop's own */
    struct fleet_flight flight[FLEET_FLIGHT]; /* likewise, the oldest makes room */
    size_t flights;
    uint32_t line;               /* the line to the broker on which all that is to send was said */
    char sweep[256];             /* where it goes on with that; empty: from the first */
    uint32_t sweep_line;         /* of which line that is */
    struct firmware_walk *walks; /* the loop's own: releases that are gone through */
    int64_t image_look, image_walk; /* the loop's own: when files were last looked at */
    pthread_mutex_t keys; /* held while an account and its Device change: they change together */
    struct loop loop;
};
const struct actor *fleet_system(void);
/* More than max within a minute? Whoever floods is not listened to, and nobody else pays for it. */
bool fleet_too_often(struct fleet *f, const char *what, str who, int64_t now, unsigned max);

/* ---- device.c: a Device as the doors see it ---- */
struct fleet_device {
    struct record_doc doc;
    struct json *tree;
    enum fleet_life life;
    str user; /* of its account; empty: it never had one, or it names another's */
    str patient, model, serial;
};
MUST err device_read(struct op *op, struct fleet *f, str id, struct fleet_device *ret);
MUST err device_of(struct op *op, const struct record_doc *doc, struct fleet_device *ret);
/* The search for what device_of() says is in that state: by its tag, or (bare) those that carry no
 * state's tag and are taken for it. Empty: none is without the tag. */
str device_query(struct op *op, enum fleet_life life, bool bare);
/* Tag and status; the account follows by device_account(). */
void device_set_life(struct op *op, struct fleet_device *d, enum fleet_life to);
str device_firmware(const struct json *tree);
str device_extension(const struct json *tree, const char *name, const char *value);
/* Whose account it is, as the house from here on; a device that is closed or unknown is heard by
 * nobody. */
MUST err device_by_user(struct op *op, struct fleet *f, str user, struct fleet_device *ret);
#define FLEET_READERS (1u << ROLE_NURSE | 1u << ROLE_AGENT | 1u << ROLE_ADMIN)
/* A staff member of one of these roles, no app. */
MUST err fleet_staff(struct op *op, uint32_t roles);

/* ---- keys.c ---- */
/* Opens or closes the account, which ends all that was given out. */
MUST err device_account(struct op *op, struct fleet *f, const struct fleet_device *d, bool open);
/* Joins tx: the broker is told; password empty: the account is closed there. What it was to be told
 * before is void. */
void broker_tell(struct op *op, struct fleet *f, struct record_tx *tx, str user, str password);

/* ---- supply.c: joins tx ---- */
MUST err supply_follow(struct op *op, struct fleet *f, struct record_tx *tx,
                       const struct fleet_device *d, enum fleet_life to, str tracking);
MUST err supply_list(struct op *op, struct fleet *f, str device, struct json **ret);

/* ---- list.c ---- */
MUST err device_view(struct op *op, struct fleet *f, str id, struct json **ret);

/* ---- link_mqtt.c ---- */
struct link_message {
    /* kind: the topic behind weft/v1/{device}/, "control", or "published" (payload: a packet) */
    str device, kind, payload;
    bool kept; /* by the broker, from before: nobody says it now */
};
MUST err link_start(struct op *op, struct fleet *f, struct fleet_link **ret);
void link_stop(struct fleet_link *l);
bool link_up(struct fleet_link *l);
/* How often it was connected since it began. */
uint32_t link_lines(struct fleet_link *l);
/* QoS 1. False when it was not taken; else *ret_packet is told as "published" once the broker has
 * it. Of the room's thread. */
bool link_send(struct fleet_link *l, const char *topic, str payload, bool retain, int *ret_packet);
/* The next of what was said, copied into a. */
bool link_take(struct fleet_link *l, struct arena *a, struct link_message *ret);

/* ---- broker.c ---- */
/* A step of the room's loop (base/loop.h). */
MUST err broker_tick(struct op *op, void *fleet, size_t *ret_n);
/* Under it stands which change of a user is the last. */
str broker_key(struct op *op, str user);
/* What the broker answered to our changes of its accounts. */
MUST err broker_heard(struct op *op, struct fleet *f, str payload);

#endif
