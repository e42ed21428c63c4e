/* Private to the fleet room: a firmware release as its Task, what is counted of it, its rings. */
#ifndef WEFT_FLEET_FIRMWARE_INT_H
#define WEFT_FLEET_FIRMWARE_INT_H

#include "fleet/command_int.h"
#include "fleet/firmware.h"

#include <sodium.h>

#define FIRMWARE_CODE "firmware-release" /* of RECORD_TASK_CODE */
#define FIRMWARE_STATE "https://weft.health/fhir/firmware-release-state"
/* of Task ids: stands as long as the release does; with KICK before: once, now */
#define FIRMWARE_QUEUE "fleet-firmware"
#define FIRMWARE_KICK "kick/"
#define FIRMWARE_DEVICES_MAX 100000u
#define FIRMWARE_PAGE 50
#define FIRMWARE_WALKS 8u /* releases whose order of devices is remembered */
#define FIRMWARE_SIGNS 8u /* reasons of failures that are told apart */

struct firmware_ring {
    const char *name;
    double percent;
    int soak, answered;
    double limit;
    const char *citation;
};
extern const struct firmware_ring FIRMWARE_RING[FIRMWARE_RINGS];

enum firmware_state {
    FIRMWARE_WAITING, /* for the second person */
    FIRMWARE_RUNNING,
    FIRMWARE_HALTED,
    FIRMWARE_RESUMING, /* for the second person; as good as halted */
    FIRMWARE_DONE,
    FIRMWARE_REFUSED,
    FIRMWARE_WITHDRAWN,
    FIRMWARE_STATES
};
struct firmware {
    struct record_doc doc;
    struct json *tree;
    enum firmware_state state;
    str model, version, digest, url, signature;
    struct actor by;      /* user and reference of who proposed it, */
    struct actor resumer; /* and of who asked that it go on */
    int64_t size;
    /* Of image_look(), url empty: its file is here since file_at, and is no more since file_gone.
     */
    str file_by, file_at, file_gone;
};

/* ---- firmware_sign.c: pure ---- */
enum firmware_sign {
    FIRMWARE_NO_KEY, /* the model's file has none */
    FIRMWARE_BAD_KEY,
    FIRMWARE_UNSIGNED,
    FIRMWARE_FORGED,
    FIRMWARE_SIGNED,
    FIRMWARE_SIGN_KINDS
};
extern const char *const FIRMWARE_SIGN_CODES[FIRMWARE_SIGN_KINDS];
enum firmware_sign firmware_signed(struct op *op, const struct json *model,
                                   const struct firmware *r);
/* must: also of a model without a key. */
MUST err firmware_check_signed(struct op *op, const struct json *model, const struct firmware *r,
                               bool must);

/* ---- image.c ---- */
#define IMAGE_PART ((size_t)256 << 10) /* bytes of the file in one named value */
MUST err image_look(struct op *op, struct fleet *f, struct firmware *r);
/* As tx leaves it, expecting what was. */
MUST err image_look_now(struct op *op, struct record_tx *tx, struct firmware *r);
/* Of image_look(): can devices get it, here or at its address? */
bool image_is_here(const struct firmware *r);
/* The release waits, its file is kept here, and the person may bring it. */
MUST err image_may_come(struct op *op, struct fleet *f, const struct firmware *r,
                        const struct actor *person);
/* Is what was summed up the release's file? ERR_UNPROCESSABLE: no. */
MUST err image_is(struct op *op, const struct firmware *r, crypto_hash_sha256_state *sum);
/* These join tx: bytes from there; it is whole, with the step; it goes, as if it never came (with
 * what came of it in pieces); it goes, and the mark says when. */
MUST err image_write(struct op *op, struct record_tx *tx, const struct firmware *r, size_t at,
                     str bytes);
MUST err image_there(struct op *op, struct record_tx *tx, struct firmware *r,
                     const struct actor *person);
MUST err image_forget(struct op *op, struct record_tx *tx, const struct firmware *r);
void image_gone(struct op *op, struct record_tx *tx, struct firmware *r);

/* ---- upload.c: a file that comes in pieces ---- */
#define UPLOADS_MAX 8u
struct upload {
    int64_t offset, at; /* how far, and when the last piece came */
    str bytes;          /* of a piece that comes: what is to be added from offset on */
};
MUST err upload_look(struct op *op, struct fleet *f, str release, struct upload *ret);
/* {release: when it began}. */
MUST err upload_under_way(struct op *op, struct fleet *f, struct json **ret);
/* Joins tx: what is known of its pieces goes; they are the caller's. */
MUST err upload_end(struct op *op, struct record_tx *tx, str release, bool *ret_begun);

/* ---- image_end.c ---- */
/* since: it halted, or the next release of its model was done; 0: not yet. */
bool image_is_over(enum firmware_state state, int64_t since, int64_t now);
/* A step of the room's loop: what is kept no longer goes. */
MUST err image_tick(struct op *op, struct fleet *f);

/* ---- firmware_judge.c: pure ---- */
struct ring_count {
    int64_t opened; /* when; 0: not yet. Set anew when it goes on after a halt */
    int64_t passed; /* 0: not yet */
    int64_t asked, done, failed;
    int64_t forgiven; /* failed when two people let it go on */
    struct {
        str name;
        int64_t n;
    } sign[FIRMWARE_SIGNS];
    size_t n_signs;
};
struct tally {
    size_t ring; /* the one that is open */
    bool full;   /* all devices of it were asked, as they were at the last look */
    struct ring_count rings[FIRMWARE_RINGS];
    size_t halt_ring; /* where it halted, as it was then */
    int64_t halt_at, halt_failed, halt_asked;
};
/* How many of n devices are of the ring, with those of the rings before it. */
size_t ring_size(size_t n, double percent);
/* Did more fail than the ring bears? */
bool ring_failed(const struct firmware_ring *row, const struct ring_count *c);
/* May the next ring open? */
bool ring_over(const struct firmware_ring *row, const struct tally *t, size_t ring, int64_t now);
void ring_sign(struct ring_count *c, str name);
/* Where a device stands among its model's: the same in every release and on every server. */
uint64_t ring_place(str device);

/* ---- firmware_task.c: joins tx; writes as the house ---- */
extern const char *const FIRMWARE_STATE_CODES[FIRMWARE_STATES];
/* ERR_NOT_FOUND also for what is no release. */
MUST err firmware_read(struct op *op, struct fleet *f, str id, struct firmware *ret);
MUST err firmware_of(struct op *op, const struct record_doc *doc, struct firmware *ret);
MUST err firmware_make(struct op *op, struct fleet *f, struct record_tx *tx, struct firmware *r,
                       str notes, str *ret_id);
MUST err firmware_move(struct op *op, struct fleet *f, struct record_tx *tx, struct firmware *r,
                       enum firmware_state to, str reason);
/* Who asks that it go on. */
void firmware_set_resumer(struct op *op, struct firmware *r, const struct actor *who);
/* A line of who did what, in Task.note. */
void firmware_note(struct op *op, struct firmware *r, str who, str what, str reason);
/* What its commands carry. */
str firmware_args(struct op *op, const struct firmware *r);
/* Under it stands which release of the model is under way. */
str firmware_open_key(struct op *op, str model);

/* ---- firmware_tally.c: what is counted; joins tx ---- */
MUST err tally_load(struct op *op, struct fleet *f, str release, struct tally *ret);
/* As tx leaves it, expecting what was. */
MUST err tally_now(struct op *op, struct record_tx *tx, str release, struct tally *ret);
void tally_keep(struct op *op, struct record_tx *tx, str release, const struct tally *t);
/* The device was asked by the release before? */
MUST err firmware_asked_before(struct op *op, struct fleet *f, str release, str device, bool *ret);
/* Its command is on its way; again: a person's further try, which counts no device twice. */
MUST err firmware_asked(struct op *op, struct record_tx *tx, str release, str device, str command,
                        size_t ring, bool *ret_again);
/* The same by a person, with the ring that is open. */
MUST err firmware_asked_by_hand(struct op *op, struct record_tx *tx, const struct firmware *r,
                                str device, str command);
/* The command ended so: counted once, and one failure too many halts the release. */
MUST err firmware_answered(struct op *op, struct fleet *f, struct record_tx *tx,
                           const struct command *c, enum command_state to);
struct bad_sign {
    str device, name;
    int64_t at;
};
/* That an updated device is not well, since then; of others nothing happens. */
MUST err firmware_sign(struct op *op, struct fleet *f, struct record_tx *tx,
                       const struct bad_sign *sign);
/* What a device that says it is done runs by its own word. */
MUST err firmware_runs(struct op *op, struct fleet *f, struct record_tx *tx, str device,
                       str version);

/* ---- firmware_ring.c ---- */
/* A step of the room's loop: asks, holds back, opens the next ring. */
MUST err firmware_tick(struct op *op, void *fleet, size_t *ret_n);
/* Of the loop's thread, or when it has ended. */
void firmware_forget(struct fleet *f);
/* Is its release not halted? */
MUST err firmware_may_go(struct op *op, struct fleet *f, const struct command *c, bool *ret);

/* ---- firmware.c ---- */
/* ERR_CONFLICT: its file is kept no longer. */
MUST err firmware_gone(struct op *op);
MUST err firmware_model(struct op *op, struct fleet *f, str id, struct json **ret);
/* A line in the trail, in the person's name. */
void firmware_trail(struct op *op, struct record_tx *tx, const struct actor *person, str id,
                    str step);
/* Somebody was quicker: ERR_CONFLICT. */
MUST err firmware_lost_race(struct op *op, err e);
/* What a person's own "update" command carries: a release of the model that two people approved. */
MUST err firmware_by_hand(struct op *op, struct fleet *f, const struct fleet_device *d,
                          const struct json *in, struct firmware *ret);
/* *ret_code: of the s-th step; NULL behind the last. */
bool firmware_may_step(const struct firmware *r, unsigned s, const struct actor *person,
                       const char **ret_code);
/* [{"id", "version"}] that the device may be given. */
MUST err firmware_offers(struct op *op, struct fleet *f, const struct fleet_device *d,
                         struct json **ret);

#endif
