/* The file of a firmware release that comes in pieces, over days and broken lines (tus 1.0.0, its
 * core). Invariants: a piece is kept with how far the file has come, or not at all, and begins
 * where the last one ended; what is not whole is never given out; the last piece is judged with the
 * whole file, and what is another file goes with all its pieces; few are under way at once. */
#include "fleet/firmware_int.h"

#include <sodium.h>

#define UPLOADS_KEY "fleet/uploads" /* {release: when it began} of all that are under way */

static str upload_key(struct op *op, str release)
{
    return arena_cat(op->arena, STR("fleet/upload/"), release);
}

static err state_of(struct op *op, str text, struct upload *ret)
{
    struct json *o;
    *ret = (struct upload){.offset = 0};
    if (!text.n)
        return OK;
    TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &o));
    (void)json_i64(JSON_GET(o, "offset"), &ret->offset);
    (void)json_i64(JSON_GET(o, "at"), &ret->at);
    return OK;
}

static str text_of(struct op *op, const struct json *o)
{
    struct buf b;
    buf_init(&b, op->arena, 4096);
    json_write(&b, o);
    return buf_str(&b);
}

static err under_way_now(struct op *op, struct record_tx *tx, struct json **ret)
{
    str text;
    TRY(record_tx_kv_now(tx, STR(UPLOADS_KEY), &text));
    *ret = json_new(op->arena, JSON_OBJECT);
    return text.n ? json_read(op, text, &JSON_LIMITS_DEFAULT, ret) : OK;
}

static void keep_under_way(struct op *op, struct record_tx *tx, const struct json *all)
{
    record_tx_kv(tx, STR(UPLOADS_KEY), all->n ? text_of(op, all) : STR_NONE);
}

err upload_under_way(struct op *op, struct fleet *f, struct json **ret)
{
    str text;
    TRY(record_kv_get(op, f->rec, STR(UPLOADS_KEY), &text));
    *ret = json_new(op->arena, JSON_OBJECT);
    return text.n ? json_read(op, text, &JSON_LIMITS_DEFAULT, ret) : OK;
}

err upload_look(struct op *op, struct fleet *f, str release, struct upload *ret)
{
    str text;
    TRY(record_kv_get(op, f->rec, upload_key(op, release), &text));
    return state_of(op, text, ret);
}

err upload_end(struct op *op, struct record_tx *tx, str release, bool *ret_begun)
{
    struct json *all;
    str had;
    TRY(record_tx_kv_now(tx, upload_key(op, release), &had));
    *ret_begun = had.n > 0;
    if (!had.n)
        return OK;
    record_tx_kv(tx, upload_key(op, release), STR_NONE);
    TRY(under_way_now(op, tx, &all));
    json_unset(all, release);
    keep_under_way(op, tx, all);
    return op_check(op);
}

static err begin(struct op *op, struct record_tx *tx, str release)
{
    struct json *all;
    TRY(under_way_now(op, tx, &all));
    if (all->n >= UPLOADS_MAX)
        return fail(op, ERR_UNAVAILABLE,
                    "%u files are on their way already; let one end, or come back in a day.",
                    all->n);
    json_set(op->arena, all, release, json_new_i64(op->arena, op->now));
    keep_under_way(op, tx, all);
    return op_check(op);
}

static void go_on(struct op *op, struct record_tx *tx, str release, int64_t offset)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    json_set(op->arena, o, STR("offset"), json_new_i64(op->arena, offset));
    json_set(op->arena, o, STR("at"), json_new_i64(op->arena, op->now));
    record_tx_kv(tx, upload_key(op, release), text_of(op, o));
}

/* What came before and the last piece, as one file. */
static err judge(struct op *op, struct fleet *f, const struct firmware *r, size_t before, str last)
{
    struct firmware_file file = {.release = r->doc.id, .digest = r->digest, .size = r->size};
    struct arena *room = arena_new(4 * IMAGE_PART);
    crypto_hash_sha256_state sum;
    err e = room ? OK : fail(op, ERR_UNAVAILABLE, "No memory for the file; try again soon.");
    crypto_hash_sha256_init(&sum);
    for (size_t at = 0, n; e == OK && at < before; at += n) {
        struct op part = op_part(op, room);
        str bytes = STR_NONE;
        n = before - at < IMAGE_PART ? before - at : IMAGE_PART;
        e = firmware_file_read(&part, f, &file, at, n, &bytes);
        if (e == OK)
            crypto_hash_sha256_update(&sum, (const unsigned char *)bytes.p, bytes.n);
        e = op_part_end(op, &part, e);
    }
    arena_free(room);
    TRY(e);
    crypto_hash_sha256_update(&sum, (const unsigned char *)last.p, last.n);
    return image_is(op, r, &sum);
}

/* Of another file nothing is kept: it is sent anew from its first byte. */
static err forget(struct op *op, struct fleet *f, const struct firmware *r)
{
    struct fault told = op->fault;
    op_clear(op);
    struct record_tx *tx = record_begin(op, f->rec);
    TRY(image_forget(op, tx, r));
    TRY(record_commit(tx));
    op->fault = told;
    return told.code;
}

/* Does the piece go on where the file is, and not past its end? */
static err fits(struct op *op, const struct firmware *r, const struct upload *u,
                const struct upload *piece)
{
    if (image_is_here(r))
        return fail(op, ERR_CONFLICT, "The release's file is here already.");
    if (piece->offset != u->offset)
        return fail(op, ERR_CONFLICT, "The file goes on at byte %lld; ask where, then go on there.",
                    (long long)u->offset);
    if (piece->offset + (int64_t)piece->bytes.n > r->size)
        return fail(op, ERR_TOO_LARGE, "The release says that its file has %lld bytes, not more.",
                    (long long)r->size);
    return OK;
}

static err add(struct op *op, struct fleet *f, struct firmware *r, const struct upload *piece,
               const struct actor *person)
{
    struct upload u;
    bool begun;
    str had;
    struct record_tx *tx = record_begin(op, f->rec);
    TRY(record_tx_kv_now(tx, upload_key(op, r->doc.id), &had)); /* of two at once one is refused */
    TRY(state_of(op, had, &u));
    TRY(image_look_now(op, tx, r));
    TRY(fits(op, r, &u, piece));
    int64_t to = piece->offset + (int64_t)piece->bytes.n;
    if (to == r->size && judge(op, f, r, (size_t)u.offset, piece->bytes) != OK)
        return op->fault.code == ERR_UNPROCESSABLE ? forget(op, f, r) : op->fault.code;
    TRY(image_write(op, tx, r, (size_t)piece->offset, piece->bytes));
    if (to == r->size) {
        TRY(upload_end(op, tx, r->doc.id, &begun));
        TRY(image_there(op, tx, r, person));
    } else {
        if (!had.n)
            TRY(begin(op, tx, r->doc.id));
        go_on(op, tx, r->doc.id, to);
    }
    return record_commit(tx);
}

static err look(struct op *op, struct fleet *f, str id, struct firmware_upload *ret)
{
    struct firmware r;
    struct upload u;
    TRY(firmware_read(op, f, id, &r));
    if (r.url.n)
        return fail(op, ERR_CONFLICT, "The release names an address; its file is not kept here.");
    TRY(image_look(op, f, &r));
    TRY(upload_look(op, f, id, &u));
    *ret =
        (struct firmware_upload){.offset = image_is_here(&r) ? r.size : u.offset, .size = r.size};
    return OK;
}

err firmware_upload_at(struct op *op, struct fleet *f, str id, struct firmware_upload *ret)
{
    const struct actor *person = op->actor;
    TRY(fleet_staff(op, COMMANDS[KIND_UPDATE].roles));
    op->actor = fleet_system();
    err e = look(op, f, id, ret);
    op->actor = person;
    return e;
}

err firmware_upload_add(struct op *op, struct fleet *f, str id, int64_t offset, str bytes)
{
    const struct actor *person = op->actor;
    struct upload piece = {.offset = offset, .bytes = bytes};
    struct firmware r;
    TRY(fleet_staff(op, COMMANDS[KIND_UPDATE].roles));
    op->actor = fleet_system();
    err e = firmware_read(op, f, id, &r);
    if (e == OK)
        e = image_may_come(op, f, &r, person);
    if (e == OK)
        e = add(op, f, &r, &piece, person);
    op->actor = person;
    return firmware_lost_race(op, e);
}
