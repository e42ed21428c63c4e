/* Private to the fleet room: a command as its Task, its way to the device and back. */
#ifndef WEFT_FLEET_COMMAND_INT_H
#define WEFT_FLEET_COMMAND_INT_H

#include "fleet/command.h"
#include "fleet/fleet_int.h"
#include "record/bulk.h"

#define COMMAND_CODE "device-command" /* of RECORD_TASK_CODE */
#define COMMAND_KIND "https://weft.health/fhir/device-command"
#define COMMAND_STATE "https://weft.health/fhir/device-command-state"
#define COMMAND_ACCOUNT "https://weft.health/fhir/account"
#define COMMAND_SEND_QUEUE "fleet-command" /* of Task ids: the broker is to have what holds now */
/* of Task ids whose time is over, and of Device/{id} that is in use no more */
#define COMMAND_END_QUEUE "fleet-command-end"
#define COMMAND_SILENT "no-answer" /* why one failed that was taken and never answered */
#define COMMAND_PAGE 50
#define COMMAND_OPEN "requested,ready,on-hold,accepted" /* Task.status */

struct command_row {
    const char *code, *class;
    enum command_args args;
    bool two;
    uint32_t roles, approvers;
    int hours, finish;
};
extern const struct command_row COMMANDS[KIND_COUNT];

enum command_state {
    COMMAND_WAITING, /* for the second person */
    COMMAND_QUEUED,
    COMMAND_SENT, /* the broker has it, or the device fetched it */
    COMMAND_HELD, /* back: its release halted */
    COMMAND_ACCEPTED,
    COMMAND_DONE,
    COMMAND_FAILED,
    COMMAND_REFUSED, /* by the second person */
    COMMAND_EXPIRED,
    COMMAND_WITHDRAWN,
    COMMAND_CLOSED, /* the device is in use no more */
    COMMAND_STATES
};
struct command_state_row {
    const char *code, *status; /* of Task; four are open: COMMAND_OPEN */
};
extern const struct command_state_row COMMAND_STATE_ROWS[COMMAND_STATES];

struct command {
    struct record_doc doc;
    struct json *tree;
    enum command_kind kind;
    enum command_state state;
    str device, by, by_person, args; /* by: an account; args: a JSON object as text */
    str part_of;                     /* id of its firmware release; empty: of none */
    int64_t asked, until, taken;
};

/* ---- command_task.c: joins tx where there is one; writes as the house ---- */
enum command_kind command_kind_of(str code);
bool command_open(const struct command *c);
/* Taken, and never answered? Until its time is over it is open; then it failed by our word. */
bool command_silent(const struct command *c);
/* Is its way not begun by the device? */
bool command_to_send(const struct command *c);
/* ERR_NOT_FOUND also for what is no command. */
MUST err command_read(struct op *op, struct fleet *f, str id, struct command *ret);
MUST err command_of(struct op *op, const struct record_doc *doc, struct command *ret);
/* Newest first; device empty: of all. */
MUST err command_find(struct op *op, struct fleet *f, str device, const char *status,
                      struct record_page *ret);
struct command_new {
    const struct fleet_device *d;
    enum command_kind kind;
    str args, part_of; /* part_of as above */
    const struct actor *by;
    bool wait; /* for a second person */
};
MUST err command_make(struct op *op, struct fleet *f, struct record_tx *tx,
                      const struct command_new *n, str *ret_id);
/* reason may be empty. What ended, or may go, is told to the broker. */
MUST err command_move(struct op *op, struct fleet *f, struct record_tx *tx, struct command *c,
                      enum command_state to, str reason);
/* A line of who did what, in Task.note. */
void command_note(struct op *op, struct command *c, str who, str what);
struct json *command_view(struct op *op, const struct command *c);

/* ---- command_send.c ---- */
/* The compact JWS that the device gets. The same command is the same text. */
MUST err command_message(struct op *op, struct fleet *f, const struct command *c, str *ret);
/* The broker has what was published under this packet. */
MUST err command_published(struct op *op, struct fleet *f, str packet);
/* The next page of those on their way, for a line to the broker; one that is no more is forgotten.
 */
MUST err command_open_page(struct op *op, struct fleet *f, uint32_t line, struct record_page *ret);
/* A job that failed so holds up no other: comes again, or is forgotten. */
MUST err command_after(struct op *op, struct fleet *f, const struct record_job *job, err e);
/* A step of the room's loop: sends, ends. */
MUST err command_tick(struct op *op, void *fleet, size_t *ret_n);

/* Until when it is open. */
int64_t command_end(const struct command *c);

/* ---- command_answer.c ---- */
/* The device that asks, as the house from here on. */
MUST err command_asker(struct op *op, struct fleet *f, struct fleet_device *ret);
MUST err command_heard(struct op *op, struct fleet *f, const struct link_message *m);

/* ---- command.c ---- */
/* Under it stands the newest command of the kind to the device. */
str command_key(struct op *op, str device, enum command_kind kind);
/* ERR_CONFLICT: it is open still. Expects what was, so of two at once one is refused. */
MUST err command_not_twice(struct op *op, struct fleet *f, struct record_tx *tx, str key);
/* Does it name the model that it was registered as? ERR_UNPROCESSABLE when not, or when the model's
 * file does not say whether it is implanted. */
MUST err command_model_of(struct op *op, struct fleet *f, const struct fleet_device *d,
                          bool *ret_implant);
/* Who asks for an implanted model is its maker's service. */
MUST err command_service(struct op *op, struct fleet *f, const struct json *model, str person,
                         bool *ret_implant);
/* Adds "commands" and "kinds" to what a person is shown of a device. */
MUST err commands_show(struct op *op, struct fleet *f, const struct fleet_device *d,
                       struct json *row);
/* Those of the devices in rows that wait for a second person. */
MUST err commands_waiting(struct op *op, struct fleet *f, const struct json *rows,
                          struct json **ret);

#endif
