/* The people's doors of firmware releases: proposed, approved by somebody else, halted, let go on
 * by two. Invariants: nobody approves what they asked for, under whatever account; an implanted
 * model's release is its maker's service's; one release of a model is under way at a time. */
#include "fleet/firmware_int.h"
#include "policy/authors.h"

#include <sodium.h>

#define VERSION_MAX 40u
#define URL_MAX 500u
#define NOTES_MAX 2000u
#define SIZE_MAX_BYTES (INT64_C(4) << 30)

static uint32_t proposers(void)
{
    return COMMANDS[KIND_UPDATE].roles;
}

/* ---- proposed ---- */

static bool is_version(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'z') ||
              (s.p[i] >= 'A' && s.p[i] <= 'Z') || s.p[i] == '.' || s.p[i] == '-' || s.p[i] == '+'))
            return false;
    return s.n && s.n <= VERSION_MAX;
}

static bool is_hex(str s, size_t bytes)
{
    for (size_t i = 0; i < s.n; i++)
        if (str_hex_digit(s.p[i]) < 0 || (s.p[i] >= 'A' && s.p[i] <= 'F'))
            return false;
    return s.n == bytes * 2;
}

static bool is_address(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] == '"' || s.p[i] == '\\' || s.p[i] > '~')
            return false;
    return str_starts(s, STR("https://")) && s.n > 10 && s.n <= URL_MAX;
}

static err wrong(struct op *op, const char *element, const char *what)
{
    return fail_at(op, ERR_INVALID, str_of(element), "%s", what);
}

static err fields(struct op *op, const struct json *in, struct firmware *r)
{
    r->model = json_get_str(in, STR("model"));
    r->version = str_trim(json_get_str(in, STR("version")));
    r->digest = str_trim(json_get_str(in, STR("digest")));
    r->url = str_trim(json_get_str(in, STR("url")));
    r->signature = str_trim(json_get_str(in, STR("signature")));
    if (!fhir_id_valid(r->model))
        return wrong(op, "model", "model is the id of a DeviceDefinition.");
    if (!is_version(r->version))
        return wrong(op, "version", "version is at most 40 letters, digits, dots, - and +.");
    if (!is_hex(r->digest, crypto_hash_sha256_BYTES))
        return wrong(op, "digest", "digest is the file's SHA-256, 64 small hexadecimal digits.");
    if (r->url.n && !is_address(r->url))
        return wrong(op, "url",
                     "url is where devices get the file: https://, at most 500 letters.");
    if (!json_i64(JSON_GET(in, "size"), &r->size) || r->size < 1 || r->size > SIZE_MAX_BYTES)
        return wrong(op, "size", "size is the file's bytes, at most 4 GiB.");
    if (!r->url.n && r->size > FIRMWARE_FILE_MAX)
        return wrong(op, "size",
                     "A file that is kept here is at most 32 MiB; a larger one needs url, where "
                     "devices get it.");
    if (r->signature.n && !is_hex(r->signature, crypto_sign_BYTES))
        return wrong(op, "signature", "signature is 128 small hexadecimal digits (Ed25519).");
    if (json_get_str(in, STR("notes")).n > NOTES_MAX)
        return wrong(op, "notes", "notes are at most 2000 bytes.");
    return OK;
}

err firmware_model(struct op *op, struct fleet *f, str id, struct json **ret)
{
    struct record_doc doc;
    TRY(record_read(op, f->rec, fhir_type_parse(STR("DeviceDefinition")), id, &doc));
    return record_parse(op, &doc, ret);
}

void firmware_trail(struct op *op, struct record_tx *tx, const struct actor *person, str id,
                    str step)
{
    struct json *detail = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, detail, STR("step"), step);
    op->actor = person;
    record_tx_trail(tx, STR("device-firmware"), fhir_type_parse(STR("Task")), id, detail);
    op->actor = fleet_system();
}

static err propose(struct op *op, struct fleet *f, struct firmware *r, const struct json *in,
                   const struct actor *person, str *ret_id)
{
    struct json *model;
    bool implant;
    str had;
    TRY(firmware_model(op, f, r->model, &model));
    TRY(command_service(op, f, model, person->reference, &implant));
    TRY(firmware_check_signed(op, model, r, false));
    struct record_tx *tx = record_begin(op, f->rec);
    TRY(record_tx_kv_now(tx, firmware_open_key(op, r->model), &had));
    if (had.n)
        return fail(op, ERR_CONFLICT,
                    "A release for this model is under way; it ends, or is withdrawn, first.");
    TRY(firmware_make(op, f, tx, r, str_trim(json_get_str(in, STR("notes"))), ret_id));
    record_tx_kv(tx, firmware_open_key(op, r->model), *ret_id);
    firmware_trail(op, tx, person, *ret_id, STR("propose"));
    return record_commit(tx);
}

err firmware_lost_race(struct op *op, err e)
{
    if (e != ERR_PRECONDITION)
        return e;
    op_clear(op);
    return fail(op, ERR_CONFLICT, "The release is in another state by now; look again.");
}

err firmware_propose(struct op *op, struct fleet *f, const struct json *in, struct json **ret)
{
    const struct actor *person = op->actor;
    struct firmware r = {.state = FIRMWARE_WAITING};
    str id;
    TRY(fleet_staff(op, proposers()));
    TRY(fields(op, in, &r));
    r.by = *person;
    op->actor = fleet_system();
    err e = propose(op, f, &r, in, person, &id);
    op->actor = person;
    TRY(firmware_lost_race(op, e));
    return firmware_get(op, f, id, ret);
}

/* ---- steps ---- */

enum step { STEP_APPROVE, STEP_REFUSE, STEP_HALT, STEP_RESUME, STEP_WITHDRAW, STEPS };
static const char *const step_code[STEPS] = {"approve", "refuse", "halt", "resume", "withdraw"};

/* Where the step leads from here; FIRMWARE_STATES: nowhere. */
static enum firmware_state leads(enum firmware_state at, enum step s)
{
    switch (s) {
    case STEP_APPROVE:
        return at == FIRMWARE_WAITING || at == FIRMWARE_RESUMING ? FIRMWARE_RUNNING
                                                                 : FIRMWARE_STATES;
    case STEP_REFUSE:
        return at == FIRMWARE_WAITING    ? FIRMWARE_REFUSED
               : at == FIRMWARE_RESUMING ? FIRMWARE_HALTED
                                         : FIRMWARE_STATES;
    case STEP_HALT:
        return at == FIRMWARE_RUNNING ? FIRMWARE_HALTED : FIRMWARE_STATES;
    case STEP_RESUME:
        return at == FIRMWARE_HALTED ? FIRMWARE_RESUMING : FIRMWARE_STATES;
    case STEP_WITHDRAW:
        return at <= FIRMWARE_RESUMING ? FIRMWARE_WITHDRAWN : FIRMWARE_STATES;
    case STEPS:
        break;
    }
    return FIRMWARE_STATES;
}

/* Did they ask for what waits now, the start or the going on, by whichever account? */
static bool is_own(const struct firmware *r, const struct actor *person)
{
    const struct actor *asked = r->state == FIRMWARE_RESUMING ? &r->resumer : &r->by;
    return authors_is(asked->user, person) || authors_is(asked->reference, person);
}

/* It goes on: what failed until now is borne, and the ring is watched anew. */
static err forgive(struct op *op, struct record_tx *tx, const struct firmware *r)
{
    struct tally t;
    TRY(tally_now(op, tx, r->doc.id, &t));
    for (size_t i = 0; i < FIRMWARE_RINGS; i++)
        t.rings[i].forgiven = t.rings[i].failed;
    t.rings[t.ring].opened = op->now;
    t.halt_at = 0;
    tally_keep(op, tx, r->doc.id, &t);
    return OK;
}

/* What starts is signed by its maker, by the key of now, and there. */
static err may_start(struct op *op, struct fleet *f, struct firmware *r)
{
    struct json *model;
    if (!image_is_here(r))
        return fail(op, ERR_CONFLICT, "The release's file is not here yet; bring it first.");
    TRY(firmware_model(op, f, r->model, &model));
    return firmware_check_signed(op, model, r, !r->url.n);
}

err firmware_gone(struct op *op)
{
    return fail(op, ERR_CONFLICT,
                "The release's file is kept no longer; propose it anew, as a release of its own.");
}

static err take(struct op *op, struct fleet *f, struct firmware *r, enum step s, str reason,
                const struct actor *person)
{
    enum firmware_state to = leads(r->state, s), from = r->state;
    bool implant;
    struct json *model;
    if (to == FIRMWARE_STATES)
        return fail(op, ERR_CONFLICT, "The release is in another state by now; look again.");
    if (s == STEP_APPROVE && is_own(r, person))
        return fail(op, ERR_FORBIDDEN, "You asked for it; a second person has to approve it.");
    TRY(image_look(op, f, r));
    if ((s == STEP_RESUME || s == STEP_APPROVE) && r->file_gone.n)
        return firmware_gone(op);
    if (s == STEP_APPROVE && from == FIRMWARE_WAITING)
        TRY(may_start(op, f, r));
    if (s == STEP_RESUME && !str_trim(reason).n)
        return wrong(op, "reason", "Say why it may go on.");
    if (s == STEP_RESUME) {
        TRY(firmware_model(op, f, r->model, &model));
        TRY(command_service(op, f, model, person->reference, &implant));
        firmware_set_resumer(op, r, person);
    }
    struct record_tx *tx = record_begin(op, f->rec);
    if (s == STEP_APPROVE && from == FIRMWARE_RESUMING)
        TRY(forgive(op, tx, r));
    if (s == STEP_APPROVE && from == FIRMWARE_WAITING)
        record_tx_outbox(tx, STR(FIRMWARE_QUEUE), op->now, arena_str(op->arena, r->doc.id));
    firmware_note(op, r, person->user, str_of(step_code[s]), reason);
    TRY(firmware_move(op, f, tx, r, to, reason));
    firmware_trail(op, tx, person, r->doc.id, str_of(step_code[s]));
    return record_commit(tx);
}

err firmware_step(struct op *op, struct fleet *f, str id, str step, const struct json *in,
                  struct json **ret)
{
    const struct actor *person = op->actor;
    struct firmware r;
    unsigned s = 0;
    while (s < STEPS && !str_eq(step, str_of(step_code[s])))
        s++;
    if (s == STEPS)
        return fail(op, ERR_NOT_FOUND, "There is no such step.");
    TRY(fleet_staff(op, s == STEP_APPROVE || s == STEP_REFUSE ? COMMANDS[KIND_UPDATE].approvers
                                                              : proposers()));
    op->actor = fleet_system();
    err e = firmware_read(op, f, id, &r);
    if (e == OK)
        e = take(op, f, &r, (enum step)s, json_get_str(in, STR("reason")), person);
    op->actor = person;
    TRY(firmware_lost_race(op, e));
    return firmware_get(op, f, id, ret);
}

/* ---- by hand ---- */

static err approved(struct op *op, struct fleet *f, str model, struct record_page *ret)
{
    return record_find(op, f->rec, fhir_type_parse(STR("Task")),
                       arena_printf(op->arena,
                                    "code=" RECORD_TASK_CODE "%%7C" FIRMWARE_CODE
                                    "&focus=DeviceDefinition/%.*s&status=in-progress,completed"
                                    "&_sort=-authored-on&_count=5",
                                    STR_ARG(model)),
                       ret);
}

err firmware_by_hand(struct op *op, struct fleet *f, const struct fleet_device *d,
                     const struct json *in, struct firmware *ret)
{
    str id = json_get_str(in, STR("release"));
    err e = firmware_read(op, f, id, ret);
    if (e == ERR_NOT_FOUND || (e == OK && !str_eq(ret->model, d->model))) {
        op_clear(op);
        return fail_at(op, ERR_INVALID, STR("release"),
                       "release is the id of a firmware release for the device's model.");
    }
    TRY(e);
    if (ret->state != FIRMWARE_RUNNING && ret->state != FIRMWARE_DONE)
        return fail_at(op, ERR_CONFLICT, STR("release"),
                       "Only a release that two people approved, and that is not halted, goes to a "
                       "device.");
    return OK;
}

err firmware_offers(struct op *op, struct fleet *f, const struct fleet_device *d, struct json **ret)
{
    const struct actor *person = op->actor;
    struct record_page page = {0};
    *ret = json_new(op->arena, JSON_ARRAY);
    op->actor = fleet_system();
    err e = d->model.n ? approved(op, f, d->model, &page) : OK;
    for (size_t i = 0; e == OK && i < page.n; i++) {
        struct firmware r;
        struct json *o = json_new(op->arena, JSON_OBJECT);
        e = firmware_of(op, &page.docs[i], &r);
        if (e == OK)
            e = image_look(op, f, &r);
        if (e != OK || !image_is_here(&r))
            continue;
        json_set_str(op->arena, o, STR("id"), r.doc.id);
        json_set_str(op->arena, o, STR("version"), r.version);
        json_push(op->arena, *ret, o);
    }
    op->actor = person;
    TRY(e);
    return op_check(op);
}

bool firmware_may_step(const struct firmware *r, unsigned s, const struct actor *person,
                       const char **ret_code)
{
    uint32_t roles =
        s == STEP_APPROVE || s == STEP_REFUSE ? COMMANDS[KIND_UPDATE].approvers : proposers();
    *ret_code = s < STEPS ? step_code[s] : NULL;
    return s < STEPS && leads(r->state, (enum step)s) != FIRMWARE_STATES &&
           roles >> person->role & 1u && !(s == STEP_APPROVE && is_own(r, person)) &&
           !((s == STEP_APPROVE || s == STEP_RESUME) && !image_is_here(r));
}
