/* A firmware release as a FHIR Task: read, made, moved on. Decides nothing of who may. Invariant:
 * what devices are told of it (version, digest, address) never changes after it was made. */
#include "fleet/firmware_int.h"

#define REASON_MAX 500u

const char *const FIRMWARE_STATE_CODES[FIRMWARE_STATES] = {
    "waiting", "running", "halted", "resuming", "done", "refused", "withdrawn"};
static const char *const status[FIRMWARE_STATES] = {
    "requested", "in-progress", "on-hold", "on-hold", "completed", "rejected", "cancelled"};
enum { IN_VERSION, IN_DIGEST, IN_URL, IN_SIZE, IN_SIGNATURE, INS };
static const char *const inputs[INS] = {"version", "digest", "url", "size", "signature"};

static fhir_type t_task(void)
{
    return fhir_type_parse(STR("Task"));
}

str firmware_open_key(struct op *op, str model)
{
    return arena_printf(op->arena, "fleet/firmware/open/%.*s", STR_ARG(model));
}

static str input_of(const struct json *tree, unsigned which)
{
    const struct json *all = JSON_GET(tree, "input"), *one;
    for (size_t i = 0; (one = json_at(all, i)); i++)
        if (str_eq(json_str(json_path(one, "type.text")), str_of(inputs[which])))
            return json_get_str(one, STR("valueString"));
    return STR_NONE;
}

static struct actor person_in(const struct json *ref)
{
    return (struct actor){.user = json_str(json_path(ref, "identifier.value")),
                          .reference = json_get_str(ref, STR("reference"))};
}

/* The account, and the person behind it. */
static struct json *person_of(struct op *op, const struct actor *who)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *id = json_new(a, JSON_OBJECT);
    if (who->reference.n)
        json_set_str(a, o, STR("reference"), who->reference);
    json_set_str(a, id, STR("system"), STR(COMMAND_ACCOUNT));
    json_set_str(a, id, STR("value"), who->user);
    json_set(a, o, STR("identifier"), id);
    return o;
}

void firmware_set_resumer(struct op *op, struct firmware *r, const struct actor *who)
{
    json_set(op->arena, r->tree, STR("owner"), person_of(op, who));
}

err firmware_of(struct op *op, const struct record_doc *doc, struct firmware *ret)
{
    struct firmware r = {.doc = *doc};
    unsigned s = 0;
    TRY(record_parse(op, doc, &r.tree));
    str state = json_str(json_path(r.tree, "businessStatus.coding.0.code"));
    while (s < FIRMWARE_STATES && !str_eq(state, str_of(FIRMWARE_STATE_CODES[s])))
        s++;
    if (!str_eq(json_str(json_path(r.tree, "code.coding.0.code")), STR(FIRMWARE_CODE)) ||
        s == FIRMWARE_STATES)
        return fail(op, ERR_NOT_FOUND, "There is no such firmware release.");
    r.state = (enum firmware_state)s;
    r.model = fhir_ref_parse(json_str(json_path(r.tree, "focus.reference"))).id;
    r.version = input_of(r.tree, IN_VERSION);
    r.digest = input_of(r.tree, IN_DIGEST);
    r.url = input_of(r.tree, IN_URL);
    r.signature = input_of(r.tree, IN_SIGNATURE);
    r.by = person_in(JSON_GET(r.tree, "requester"));
    r.resumer = person_in(JSON_GET(r.tree, "owner"));
    (void)str_to_i64(input_of(r.tree, IN_SIZE), &r.size);
    *ret = r;
    return op_check(op);
}

err firmware_read(struct op *op, struct fleet *f, str id, struct firmware *ret)
{
    struct record_doc doc;
    if (!fhir_id_valid(id))
        return fail(op, ERR_NOT_FOUND, "There is no such firmware release.");
    TRY(record_read(op, f->rec, t_task(), id, &doc));
    return firmware_of(op, &doc, ret);
}

static void add_input(struct op *op, struct json *list, unsigned which, str value)
{
    struct arena *a = op->arena;
    struct json *one = json_new(a, JSON_OBJECT), *type = json_new(a, JSON_OBJECT);
    if (!value.n)
        return;
    json_set_str(a, type, STR("text"), str_of(inputs[which]));
    json_set(a, one, STR("type"), type);
    json_set_str(a, one, STR("valueString"), value);
    json_push(a, list, one);
}

static struct json *coding_of(struct op *op, const char *system, const char *code)
{
    return fhir_concept(op, str_of(system), str_of(code));
}

err firmware_make(struct op *op, struct fleet *f, struct record_tx *tx, struct firmware *r,
                  str notes, str *ret_id)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *list = json_new(a, JSON_ARRAY);
    str now = time_format(a, op->now);
    (void)f;
    json_set_str(a, o, STR("resourceType"), STR("Task"));
    json_set_str(a, o, STR("status"), str_of(status[FIRMWARE_WAITING]));
    json_set(a, o, STR("businessStatus"),
             coding_of(op, FIRMWARE_STATE, FIRMWARE_STATE_CODES[FIRMWARE_WAITING]));
    json_set_str(a, o, STR("intent"), STR("order"));
    json_set(a, o, STR("code"), coding_of(op, RECORD_TASK_CODE, FIRMWARE_CODE));
    if (notes.n)
        json_set_str(a, o, STR("description"), notes);
    json_set(a, o, STR("focus"), fhir_reference_to(op, "DeviceDefinition", r->model));
    json_set_str(a, o, STR("authoredOn"), now);
    json_set_str(a, o, STR("lastModified"), now);
    json_set(a, o, STR("requester"), person_of(op, &r->by));
    add_input(op, list, IN_VERSION, r->version);
    add_input(op, list, IN_DIGEST, r->digest);
    add_input(op, list, IN_URL, r->url);
    add_input(op, list, IN_SIZE, arena_printf(a, "%lld", (long long)r->size));
    add_input(op, list, IN_SIGNATURE, r->signature);
    json_set(a, o, STR("input"), list);
    TRY(op_check(op));
    return record_tx_create(tx, o, ret_id);
}

err firmware_move(struct op *op, struct fleet *f, struct record_tx *tx, struct firmware *r,
                  enum firmware_state to, str reason)
{
    struct arena *a = op->arena;
    struct json *why = json_new(a, JSON_OBJECT);
    (void)f;
    json_set(a, r->tree, STR("businessStatus"),
             coding_of(op, FIRMWARE_STATE, FIRMWARE_STATE_CODES[to]));
    json_set_str(a, r->tree, STR("status"), str_of(status[to]));
    json_set_str(a, r->tree, STR("lastModified"), time_format(a, op->now));
    json_unset(r->tree, STR("statusReason"));
    reason = str_utf8_cut(str_trim(reason), REASON_MAX);
    if (reason.n) {
        json_set_str(a, why, STR("text"), reason);
        json_set(a, r->tree, STR("statusReason"), why);
    }
    r->state = to;
    if (to == FIRMWARE_DONE || to == FIRMWARE_REFUSED || to == FIRMWARE_WITHDRAWN)
        record_tx_kv(tx, firmware_open_key(op, r->model), STR_NONE);
    if (to == FIRMWARE_REFUSED || to == FIRMWARE_WITHDRAWN)
        TRY(image_forget(op, tx, r));
    record_tx_outbox(tx, STR(FIRMWARE_QUEUE), op->now, arena_cat(a, STR(FIRMWARE_KICK), r->doc.id));
    return record_tx_update(tx, r->doc.type, r->doc.id, r->tree, r->doc.vid);
}

void firmware_note(struct op *op, struct firmware *r, str who, str what, str reason)
{
    struct arena *a = op->arena;
    struct json *one = json_new(a, JSON_OBJECT);
    reason = str_utf8_cut(str_trim(reason), REASON_MAX);
    if (!JSON_GET(r->tree, "note"))
        json_set(a, r->tree, STR("note"), json_new(a, JSON_ARRAY));
    json_set_str(a, one, STR("authorString"), who);
    json_set_str(a, one, STR("time"), time_format(a, op->now));
    json_set_str(a, one, STR("text"),
                 reason.n ? arena_printf(a, "%.*s: %.*s", STR_ARG(what), STR_ARG(reason)) : what);
    json_push(a, JSON_GET(r->tree, "note"), one);
}

str firmware_args(struct op *op, const struct firmware *r)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT);
    struct buf b;
    buf_init(&b, a, 4096);
    json_set_str(a, o, STR("release"), r->doc.id);
    json_set_str(a, o, STR("version"), r->version);
    json_set_str(a, o, STR("digest"), arena_cat(a, STR("sha256:"), r->digest));
    json_set_str(a, o, STR("url"), /* kept here: at the server that the device knows */
                 r->url.n ? r->url
                          : arena_printf(a, "/fleet/firmware/%.*s/file", STR_ARG(r->doc.id)));
    json_set(a, o, STR("size"), json_new_i64(a, r->size));
    if (r->signature.n)
        json_set_str(a, o, STR("signature"), r->signature);
    json_write(&b, o);
    return buf_str(&b);
}
