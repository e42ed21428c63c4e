/* The file of a firmware release that names no address: kept here, for the devices that were asked
 * to take it. Invariants: the mark that it is there is made only when its size and digest are those
 * of the release, so no part of a file that did not come whole is ever given out; a device gets it
 * while an "update" command of that release is open for it, and nobody else. */
#include "fleet/firmware_int.h"

#include <sodium.h>

#define PART IMAGE_PART

static str mark_key(struct op *op, str release)
{
    return arena_printf(op->arena, "fleet/image/%.*s", STR_ARG(release));
}

static str part_key(struct op *op, str release, size_t i)
{
    return arena_printf(op->arena, "fleet/image/%.*s/%zu", STR_ARG(release), i);
}

static size_t parts_of(int64_t size)
{
    return ((size_t)size + PART - 1) / PART;
}

/* ---- kept ---- */

static err mark_of(struct op *op, str text, struct firmware *r)
{
    struct json *o;
    r->file_by = r->file_at = r->file_gone = STR_NONE;
    if (!text.n)
        return OK;
    TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &o));
    r->file_by = json_get_str(o, STR("by"));
    r->file_at = json_get_str(o, STR("at"));
    r->file_gone = json_get_str(o, STR("gone"));
    return OK;
}

err image_look(struct op *op, struct fleet *f, struct firmware *r)
{
    str text = STR_NONE;
    if (!r->url.n)
        TRY(record_kv_get(op, f->rec, mark_key(op, r->doc.id), &text));
    return mark_of(op, text, r);
}

err image_look_now(struct op *op, struct record_tx *tx, struct firmware *r)
{
    str text = STR_NONE;
    if (!r->url.n)
        TRY(record_tx_kv_now(tx, mark_key(op, r->doc.id), &text));
    return mark_of(op, text, r);
}

bool image_is_here(const struct firmware *r)
{
    return r->url.n || (r->file_at.n && !r->file_gone.n);
}

static void keep_mark(struct op *op, struct record_tx *tx, const struct firmware *r)
{
    struct json *mark = json_new(op->arena, JSON_OBJECT);
    struct buf b;
    json_set_str(op->arena, mark, STR("by"), r->file_by);
    json_set_str(op->arena, mark, STR("at"), r->file_at);
    if (r->file_gone.n)
        json_set_str(op->arena, mark, STR("gone"), r->file_gone);
    buf_init(&b, op->arena, 1024);
    json_write(&b, mark);
    record_tx_kv(tx, mark_key(op, r->doc.id), buf_str(&b));
}

static void drop_parts(struct op *op, struct record_tx *tx, const struct firmware *r)
{
    for (size_t i = 0; i < parts_of(r->size); i++)
        record_tx_kv(tx, part_key(op, r->doc.id, i), STR_NONE);
}

err image_forget(struct op *op, struct record_tx *tx, const struct firmware *r)
{
    str mark;
    bool begun;
    TRY(record_tx_kv_now(tx, mark_key(op, r->doc.id), &mark));
    TRY(upload_end(op, tx, r->doc.id, &begun));
    if (!mark.n && !begun)
        return OK;
    drop_parts(op, tx, r);
    record_tx_kv(tx, mark_key(op, r->doc.id), STR_NONE);
    return op_check(op);
}

void image_gone(struct op *op, struct record_tx *tx, struct firmware *r)
{
    drop_parts(op, tx, r);
    r->file_gone = time_format(op->arena, op->now);
    keep_mark(op, tx, r);
}

err image_may_come(struct op *op, struct fleet *f, const struct firmware *r,
                   const struct actor *person)
{
    struct json *model;
    bool implant;
    if (r->url.n)
        return fail(op, ERR_CONFLICT, "The release names an address; its file is not kept here.");
    if (r->state != FIRMWARE_WAITING)
        return fail(op, ERR_CONFLICT, "The release is in another state by now; look again.");
    TRY(firmware_model(op, f, r->model, &model));
    return command_service(op, f, model, person->reference, &implant);
}

err image_is(struct op *op, const struct firmware *r, crypto_hash_sha256_state *sum)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof hash + 1];
    crypto_hash_sha256_final(sum, hash);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    if (str_eq(str_of(hex), r->digest))
        return OK;
    return fail(op, ERR_UNPROCESSABLE,
                "The file's SHA-256 is not the one that the release says: it is another file, "
                "or was changed on its way. Nothing was kept.");
}

static err is_whole(struct op *op, const struct firmware *r, str bytes)
{
    crypto_hash_sha256_state sum;
    if ((int64_t)bytes.n != r->size)
        return fail(op, ERR_UNPROCESSABLE,
                    "The file has %zu bytes, the release says %lld: it is another one, or came "
                    "only in part. Nothing was kept.",
                    bytes.n, (long long)r->size);
    crypto_hash_sha256_init(&sum);
    crypto_hash_sha256_update(&sum, (const unsigned char *)bytes.p, bytes.n);
    return image_is(op, r, &sum);
}

err image_write(struct op *op, struct record_tx *tx, const struct firmware *r, size_t at, str bytes)
{
    for (size_t done = 0, n; done < bytes.n; done += n) {
        size_t i = (at + done) / PART, within = (at + done) % PART;
        str piece = str_sub(bytes, done, done + PART - within), had = STR_NONE;
        n = piece.n;
        if (within) {
            TRY(record_tx_kv_now(tx, part_key(op, r->doc.id, i), &had));
            if (had.n != within)
                return fail(op, ERR_FAULT, "What came of the file before is not there.");
            piece = arena_cat(op->arena, had, piece);
        }
        record_tx_kv(tx, part_key(op, r->doc.id, i), piece);
    }
    return op_check(op);
}

err image_there(struct op *op, struct record_tx *tx, struct firmware *r, const struct actor *person)
{
    r->file_by = person->user;
    r->file_at = time_format(op->arena, op->now);
    keep_mark(op, tx, r);
    firmware_note(op, r, person->user, STR("upload"), STR_NONE);
    TRY(record_tx_update(tx, r->doc.type, r->doc.id, r->tree, r->doc.vid));
    firmware_trail(op, tx, person, r->doc.id, STR("upload"));
    return OK;
}

static err put(struct op *op, struct fleet *f, struct firmware *r, str bytes,
               const struct actor *person)
{
    bool begun;
    TRY(image_may_come(op, f, r, person));
    TRY(is_whole(op, r, bytes));
    struct record_tx *tx = record_begin(op, f->rec);
    TRY(image_look_now(op, tx, r)); /* of two at once one is refused */
    TRY(upload_end(op, tx, r->doc.id, &begun));
    TRY(image_write(op, tx, r, 0, bytes));
    TRY(image_there(op, tx, r, person));
    return record_commit(tx);
}

err firmware_file_take(struct op *op, struct fleet *f, str id, str bytes, struct json **ret)
{
    const struct actor *person = op->actor;
    struct firmware r;
    TRY(fleet_staff(op, COMMANDS[KIND_UPDATE].roles));
    op->actor = fleet_system();
    err e = firmware_read(op, f, id, &r);
    if (e == OK)
        e = put(op, f, &r, bytes, person);
    op->actor = person;
    TRY(firmware_lost_race(op, e));
    return firmware_get(op, f, id, ret);
}

/* ---- given ---- */

static err not_for_it(struct op *op)
{
    return fail(op, ERR_NOT_FOUND, "There is no such file for this device now.");
}

/* The newest update that the device was asked for: open, of this release, and not held back. */
static err is_asked(struct op *op, struct fleet *f, const struct fleet_device *d, str release)
{
    struct command c;
    struct json *args;
    bool go = true;
    str id;
    TRY(record_kv_get(op, f->rec, command_key(op, d->doc.id, KIND_UPDATE), &id));
    if (!id.n)
        return not_for_it(op);
    TRY(command_read(op, f, id, &c));
    TRY(json_read(op, c.args, &JSON_LIMITS_DEFAULT, &args));
    bool taken = c.state == COMMAND_ACCEPTED;
    if (!str_eq(json_get_str(args, STR("release")), release) || !str_eq(c.device, d->doc.id) ||
        (!taken && !command_to_send(&c)) || op->now >= command_end(&c))
        return not_for_it(op);
    if (!taken)
        TRY(firmware_may_go(op, f, &c, &go));
    return go ? OK : not_for_it(op);
}

static err file_for(struct op *op, struct fleet *f, const struct fleet_device *d, str id,
                    struct firmware_file *ret)
{
    struct firmware r;
    if (!fhir_id_valid(id))
        return not_for_it(op);
    TRY(is_asked(op, f, d, id));
    TRY(firmware_read(op, f, id, &r));
    TRY(image_look(op, f, &r));
    if (r.url.n || !image_is_here(&r))
        return not_for_it(op);
    *ret = (struct firmware_file){.release = r.doc.id, .digest = r.digest, .size = r.size};
    return OK;
}

err firmware_file_for(struct op *op, struct fleet *f, str id, struct firmware_file *ret)
{
    const struct actor *device = op->actor;
    struct fleet_device d;
    TRY(command_asker(op, f, &d));
    err e = file_for(op, f, &d, id, ret);
    op->actor = device;
    if (e == ERR_GONE) {
        op_clear(op);
        return not_for_it(op);
    }
    return e;
}

err firmware_file_read(struct op *op, struct fleet *f, const struct firmware_file *file,
                       size_t from, size_t n, str *ret)
{
    char *out = arena_alloc(op->arena, n ? n : 1);
    struct arena *room = arena_new(8 * PART);
    err e = out && room ? OK : fail(op, ERR_UNAVAILABLE, "No memory for the file; try again soon.");
    for (size_t done = 0; e == OK && done < n;) {
        size_t at = from + done, within = at % PART;
        struct op part = op_part(op, room);
        str bytes;
        e = record_kv_get(&part, f->rec, part_key(&part, file->release, at / PART), &bytes);
        size_t take = bytes.n > within ? bytes.n - within : 0;
        take = take < n - done ? take : n - done;
        if (e == OK && !take)
            e = not_for_it(&part); /* withdrawn meanwhile */
        if (e == OK)
            memcpy(out + done, bytes.p + within, take);
        done += e == OK ? take : 0;
        e = op_part_end(op, &part, e);
    }
    arena_free(room);
    *ret = str_make(out, n);
    return e;
}
