/* The follower: a reading in the record is its device heard. Of one device a reading a minute is
 * taken, of one patient a few are looked at, so a flood of readings costs nothing here; a clock
 * that is wrong or a sensor that is broken shows in the next. */
#include "fleet/firmware_int.h"
#include "fleet/health_int.h"

#define CURSOR "fleet"
#define STEP 256
#define CURSOR_EVERY 4096
#define LOOKS_A_MINUTE 8 /* at readings of one patient, who may have several devices */
#define NOTE "https://weft.health/fhir/reading-note"

static bool possible(const struct json *o)
{
    double v;
    const struct json *q = JSON_GET(o, "valueQuantity");
    return !json_double(JSON_GET(q, "value"), &v) ||
           health_possible(json_str(json_path(o, "code.coding.0.code")),
                           json_get_str(q, STR("code")), v);
}

static bool future(const struct json *o)
{
    const struct json *tags = json_path(o, "meta.tag"), *tag;
    for (size_t i = 0; (tag = json_at(tags, i)); i++)
        if (str_eq(json_get_str(tag, STR("system")), STR(NOTE)) &&
            str_eq(json_get_str(tag, STR("code")), STR("future-dated")))
            return true;
    return false;
}

/* What is alleged of a device that was updated counts against the update, as what it says itself.
 */
static err alleged(struct op *op, struct fleet *f, const struct record_change *ch)
{
    struct record_doc doc;
    struct json *tree;
    TRY(record_get(op, f->rec, ch->rid, &doc));
    TRY(record_parse(op, &doc, &tree));
    struct fhir_ref ref = fhir_ref_parse(json_str(json_path(tree, "focus.reference")));
    if (!str_eq(json_str(json_path(tree, "code.coding.0.code")), STR("complaint")) ||
        ref.kind != REF_LOCAL || ref.type != fhir_type_parse(STR("Device")))
        return OK;
    struct record_tx *tx = record_begin(op, f->rec);
    TRY(firmware_sign(
        op, f, tx, &(struct bad_sign){.device = ref.id, .name = STR("complaint"), .at = ch->time}));
    return record_commit(tx);
}

static err one(struct op *op, struct fleet *f, const struct record_change *ch)
{
    struct record_doc doc;
    struct json *tree;
    if (ch->type == fhir_type_parse(STR("Task")) && ch->created && !ch->deleted)
        return alleged(op, f, ch);
    if (ch->type != fhir_type_parse(STR("Observation")) || !ch->created || ch->deleted ||
        !ch->patient || op->now - ch->time > HEALTH_DAY)
        return OK;
    str whose = str_make((const char *)&ch->patient, sizeof ch->patient);
    if (fleet_too_often(f, "patient", whose, op->now, LOOKS_A_MINUTE))
        return OK;
    TRY(record_get(op, f->rec, ch->rid, &doc));
    TRY(record_parse(op, &doc, &tree));
    struct fhir_ref ref = fhir_ref_parse(json_str(json_path(tree, "device.reference")));
    if (ref.kind != REF_LOCAL || ref.type != fhir_type_parse(STR("Device")))
        return OK;
    return reading_heard(
        op, f,
        &(struct heard){.device = ref.id,
                        .patient =
                            fhir_ref_parse(json_str(json_path(tree, "subject.reference"))).id,
                        .at = ch->time,
                        .possible = possible(tree),
                        .future = future(tree)});
}

err fleet_follow(struct op *op, void *ctx, size_t *ret_n)
{
    struct fleet *f = ctx;
    struct record_change *all;
    size_t n;
    *ret_n = 0;
    if (!f->cursor_known) {
        TRY(record_cursor(op, f->rec, STR(CURSOR), &f->cursor));
        f->seen = f->cursor;
        f->cursor_known = true;
    }
    TRY(record_feed(op, f->rec, f->seen, STEP, &all, &n));
    for (size_t i = 0; i < n; i++) {
        err e = one(op, f, &all[i]);
        for (int k = 0; k < 3 && (e == ERR_CONFLICT || e == ERR_PRECONDITION); k++) {
            op_clear(op); /* the device spoke meanwhile */
            e = one(op, f, &all[i]);
        }
        if (err_row(e)->retry)
            return e;
        op_clear(op); /* its own fault holds up no other */
    }
    *ret_n = n;
    if (n)
        f->seen = all[n - 1].t;
    if (f->seen < f->cursor + CURSOR_EVERY)
        return OK;
    struct record_tx *tx = record_begin(op, f->rec);
    record_tx_cursor(tx, STR(CURSOR), f->cursor, f->seen);
    f->cursor_known = false;
    TRY(record_commit(tx));
    f->cursor = f->seen;
    f->cursor_known = true;
    return OK;
}
