/* The invented fleet: models with their files, the kits at home with patients, and some on the
 * shelf, returned and revoked. Makers and numbers are nobody's. */
#include "demo/demo_int.h"

#define LIFE "https://weft.health/fhir/device-life"
#define OWN "https://weft.health/fhir/StructureDefinition/"

static const struct model {
    const char *id, *name, *number, *di, *mdc, *firmware;
} MODELS[] = {
    {"hub-h2", "Home monitoring kit", "H2", "00850000000010", "528455", "3.2.1"},
    {"scale-s1", "Scale", "S1", "00850000000027", "528399", "1.8.0"},
};

static void model(struct demo *d, const struct model *m)
{
    demo_entry(d, "DeviceDefinition", str_of(m->id));
    demo_add(d,
             ",\"extension\":[{\"url\":\"" OWN "sbom\",\"valueUri\":\"https://elm-devices.example/"
             "%s-%s.cdx.json\"},{\"url\":\"" OWN "support-end\",\"valueDate\":\"2031-12-31\"},"
             "{\"url\":\"" OWN "patch-process\",\"valueString\":\"Over the air, in rings\"},"
             "{\"url\":\"" OWN "minimum-firmware\",\"valueString\":\"%s\"},{\"url\":\"" OWN
             "implantable\",\"valueCode\":\"no\"}]",
             m->number, m->firmware, m->firmware);
    demo_add(d,
             ",\"udiDeviceIdentifier\":[{\"deviceIdentifier\":\"%s\",\"issuer\":\"http://hl7.org/"
             "fhir/NamingSystem/gs1-di\",\"jurisdiction\":\"http://hl7.org/fhir/NamingSystem/"
             "fda-udi\"}],\"manufacturerString\":\"Elm Devices\",\"deviceName\":[{\"name\":\"%s\","
             "\"type\":\"user-friendly-name\"}],\"modelNumber\":\"%s\"",
             m->di, m->name, m->number);
    demo_add(d,
             ",\"type\":{\"coding\":[{\"system\":\"urn:iso:std:iso:11073:10101\",\"code\":\"%s\"}],"
             "\"text\":\"%s\"},\"version\":[\"%s\"],\"owner\":{\"reference\":\"Organization/"
             "clinic\"}",
             m->mdc, m->name, m->firmware);
    demo_entry_end(d);
}

void demo_kit(struct demo *d, const struct demo_kit *kit)
{
    const struct model *m = &MODELS[kit->model];
    demo_entry(d, "Device", kit->id);
    demo_add(d,
             ",\"meta\":{\"tag\":[{\"system\":\"" LIFE "\",\"code\":\"%s\"}]},\"extension\":["
             "{\"url\":\"" OWN "device-network\",\"valueString\":\"LTE-M\"},{\"url\":\"" OWN
             "device-warranty\",\"valueDate\":\"2028-06-30\"}]",
             kit->life);
    demo_add(d,
             ",\"identifier\":[{\"system\":\"https://weft.health/fhir/device-account\",\"value\":"
             "\"%.*s\"},{\"system\":\"" OWN "device-serial\",\"value\":\"%s.WK-%05zu\"}]",
             STR_ARG(kit->user), m->id, kit->serial);
    demo_add(d,
             ",\"definition\":{\"reference\":\"DeviceDefinition/%s\"},\"udiCarrier\":[{"
             "\"deviceIdentifier\":\"%s\",\"carrierHRF\":\"(01)%s(21)WK-%05zu\"}],\"status\":"
             "\"%s\",\"manufacturer\":\"Elm Devices\",\"serialNumber\":\"WK-%05zu\"",
             m->id, m->di, m->di, kit->serial, kit->patient.n ? "active" : "inactive", kit->serial);
    demo_add(d,
             ",\"deviceName\":[{\"name\":\"%s\",\"type\":\"user-friendly-name\"}],\"modelNumber\":"
             "\"%s\",\"type\":{\"coding\":[{\"system\":\"urn:iso:std:iso:11073:10101\",\"code\":"
             "\"%s\"}],\"text\":\"%s\"}",
             m->name, m->number, m->mdc, m->name);
    demo_add(d,
             ",\"version\":[{\"type\":{\"coding\":[{\"system\":\"urn:iso:std:iso:11073:10101\","
             "\"code\":\"531976\"}]},\"value\":\"%s\"}],\"owner\":{\"reference\":\"Organization/"
             "clinic\"}",
             m->firmware);
    if (kit->patient.n)
        demo_add(d, ",\"patient\":{\"reference\":\"Patient/%.*s\"}", STR_ARG(kit->patient));
    demo_entry_end(d);
}

void demo_fleet(struct demo *d)
{
    static const char *const lives[] = {"stock", "stock", "stock", "stock", "returned", "revoked"};
    for (size_t i = 0; i < sizeof MODELS / sizeof *MODELS; i++)
        model(d, &MODELS[i]);
    for (size_t i = 0; i < sizeof lives / sizeof *lives; i++) {
        str id = arena_printf(d->op->arena, "kit-%zu", i + 1);
        demo_kit(d,
                 &(struct demo_kit){
                     .id = id, .user = id, .life = lives[i], .model = i % 2, .serial = 90001 + i});
    }
}
