/* The way of a kit to its patient: a SupplyDelivery a shipment, made when it leaves and brought
 * along with the device's state. */
#include "fleet/fleet_int.h"

#define SHIPMENTS 20

static fhir_type t_supply(void)
{
    return fhir_type_parse(STR("SupplyDelivery"));
}

static err send(struct op *op, struct record_tx *tx, const struct fleet_device *d, str tracking)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *item = json_new(a, JSON_OBJECT),
                *type = json_new(a, JSON_OBJECT), *ids = json_new(a, JSON_ARRAY),
                *one = json_new(a, JSON_OBJECT), *kind = json_new(a, JSON_OBJECT),
                *codes = json_new(a, JSON_ARRAY);
    str id;
    json_set_str(a, o, STR("resourceType"), STR("SupplyDelivery"));
    if (tracking.n) {
        json_set_str(a, one, STR("value"), str_utf8_cut(tracking, 80));
        json_push(a, ids, one);
        json_set(a, o, STR("identifier"), ids);
    }
    json_set_str(a, o, STR("status"), STR("in-progress"));
    json_set(a, o, STR("patient"), fhir_reference_to(op, "Patient", d->patient));
    json_set_str(a, kind, STR("system"),
                 STR("http://terminology.hl7.org/CodeSystem/supply-item-type"));
    json_set_str(a, kind, STR("code"), STR("device"));
    json_push(a, codes, kind);
    json_set(a, type, STR("coding"), codes);
    json_set(a, o, STR("type"), type);
    json_set(a, item, STR("itemReference"), fhir_reference_to(op, "Device", d->doc.id));
    json_set(a, o, STR("suppliedItem"), item);
    json_set_str(a, o, STR("occurrenceDateTime"), time_format(a, op->now));
    return record_tx_create(tx, o, &id);
}

/* Of the device, newest first: they carry the patient's name for it, so they are found by it. */
static err find(struct op *op, struct fleet *f, str patient, struct record_page *ret)
{
    *ret = (struct record_page){.n = 0};
    if (!patient.n)
        return OK;
    return record_find(op, f->rec, t_supply(),
                       arena_printf(op->arena, "patient=Patient/%.*s&_sort=-_lastUpdated&_count=%d",
                                    STR_ARG(patient), SHIPMENTS),
                       ret);
}

static bool is_of(const struct json *tree, str device)
{
    str ref = json_str(json_path(tree, "suppliedItem.itemReference.reference"));
    return str_eq(fhir_ref_parse(ref).id, device);
}

err supply_follow(struct op *op, struct fleet *f, struct record_tx *tx,
                  const struct fleet_device *d, enum fleet_life to, str tracking)
{
    struct record_page page;
    str status = str_of(FLEET_STATES[to].supply);
    if (!status.n)
        return OK;
    if (to == LIFE_SHIPPED)
        return send(op, tx, d, tracking);
    TRY(find(op, f, d->patient, &page));
    for (size_t i = 0; i < page.n; i++) {
        struct json *tree;
        TRY(record_parse(op, &page.docs[i], &tree));
        if (!is_of(tree, d->doc.id) ||
            !str_eq(json_get_str(tree, STR("status")), STR("in-progress")))
            continue;
        json_set_str(op->arena, tree, STR("status"), status);
        return record_tx_update(tx, t_supply(), page.docs[i].id, tree, page.docs[i].vid);
    }
    return OK;
}

err supply_list(struct op *op, struct fleet *f, str device, struct json **ret)
{
    struct arena *a = op->arena;
    struct fleet_device d;
    struct record_page page;
    *ret = json_new(a, JSON_ARRAY);
    TRY(device_read(op, f, device, &d));
    TRY(find(op, f, d.patient, &page));
    for (size_t i = 0; i < page.n; i++) {
        struct json *tree, *o = json_new(a, JSON_OBJECT);
        TRY(record_parse(op, &page.docs[i], &tree));
        if (!is_of(tree, device))
            continue;
        json_set_str(a, o, STR("status"), json_get_str(tree, STR("status")));
        json_set_str(a, o, STR("time"), json_get_str(tree, STR("occurrenceDateTime")));
        json_set_str(a, o, STR("tracking"), json_str(json_path(tree, "identifier.0.value")));
        json_push(a, *ret, o);
    }
    return op_check(op);
}
