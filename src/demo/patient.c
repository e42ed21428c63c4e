/* Staff, places and the person's own resource. */
#include "demo/demo_int.h"

void demo_staff(struct demo *d)
{
    static const struct {
        const char *id, *prefix, *given, *family;
    } staff[] = {{"nurse", "RN", "Nadia", "Carver"},      {"nurse2", "RN", "Tomás", "Lozano"},
                 {"doctor", "Dr", "Miriam", "Whitaker"},  {"agent", "", "Jerome", "Fletcher"},
                 {"outreach", "", "Yolanda", "Quintero"}, {"privacy", "", "Edwin", "Prescott"}};
    demo_entry(d, "Organization", STR("clinic"));
    demo_add(d,
             ",\"active\":true,\"name\":\"Bright River Clinic\",\"telecom\":[{\"system\":\"phone\","
             "\"value\":\"+15035550100\"}]");
    demo_entry_end(d);
    for (size_t i = 0; i < sizeof staff / sizeof staff[0]; i++) {
        demo_entry(d, "Practitioner", str_of(staff[i].id));
        demo_add(d, ",\"active\":true,\"name\":[{\"family\":\"%s\",\"given\":[\"%s\"]",
                 staff[i].family, staff[i].given);
        if (staff[i].prefix[0])
            demo_add(d, ",\"prefix\":[\"%s\"]", staff[i].prefix);
        demo_add(d, "}]");
        demo_entry_end(d);
    }
    demo_fleet(d);
}

/* A number with what a look-up service said of it: kind of line and whether it changed hands
 * (47 CFR 64.1200(l)); one in fifteen was not asked in the last month. */
static void telecom(struct demo *d, const struct person *p)
{
    bool stale = p->planted == PLANTED_NONE && p->number % 15 == 0;
    int64_t asked = d->now - (stale ? 50 : 6) * DAY_MS;
    demo_add(
        d,
        ",\"telecom\":[{\"system\":\"phone\",\"use\":\"mobile\",\"rank\":1,\"value\":\"%.*s\","
        "\"extension\":"
        "[{\"url\":\"https://weft.health/fhir/StructureDefinition/"
        "line-type\",\"valueCode\":\"wireless\"},"
        "{\"url\":\"https://weft.health/fhir/StructureDefinition/reassigned-check\",\"extension\":"
        "[{\"url\":\"result\",\"valueCode\":\"no\"},{\"url\":\"date\",\"valueDateTime\":\"%.*s\"}]}"
        "]},"
        "{\"system\":\"email\",\"rank\":2,\"value\":\"%.*s\"}]",
        STR_ARG(p->phone), STR_ARG(time_format(d->op->arena, asked)), STR_ARG(p->email));
}

void demo_patient(struct demo *d, const struct person *p)
{
    const struct household *h = p->home;
    demo_entry(d, "Patient", p->id);
    demo_add(d,
             ",\"active\":true,\"identifier\":[{\"system\":\"https://weft.health/demo/"
             "mrn\",\"value\":\"W%06zu\"}]",
             p->number * 37 + 1000);
    demo_add(d,
             ",\"name\":[{\"use\":\"official\",\"family\":\"%s\",\"given\":[\"%s\"],\"text\":\"%s "
             "%s\"}]",
             h->family, p->given, p->given, h->family);
    telecom(d, p);
    demo_add(d, ",\"gender\":\"%s\"", p->woman ? "female" : "male");
    demo_date(d, "birthDate", p->born * DAY_MS);
    demo_add(
        d,
        ",\"address\":[{\"use\":\"home\",\"line\":[\"%d %s\"],\"city\":\"%s\",\"state\":\"%s\","
        "\"postalCode\":\"%s\",\"country\":\"US\",\"extension\":[{\"url\":"
        "\"http://hl7.org/fhir/StructureDefinition/timezone\",\"valueCode\":\"%s\"}]}]",
        h->number, h->street, h->place->city, h->place->state, h->place->zip, h->place->zone);
    demo_add(d,
             ",\"communication\":[{\"language\":{\"coding\":[{\"system\":\"urn:ietf:bcp:47\","
             "\"code\":\"%s\"}]},"
             "\"preferred\":true}]",
             h->culture->language);
    demo_add(d, ",\"generalPractitioner\":[{\"reference\":\"Practitioner/doctor\"}],"
                "\"managingOrganization\":{\"reference\":\"Organization/clinic\"}");
    demo_entry_end(d);
}

static void consent(struct demo *d, const struct person *p, const char *channel, bool permit,
                    int64_t since)
{
    demo_entry(
        d, "Consent",
        arena_printf(d->op->arena, "%.*s-%s%s", STR_ARG(p->id), channel, permit ? "" : "-stop"));
    demo_add(
        d,
        ",\"status\":\"active\",\"scope\":{\"coding\":[{\"system\":"
        "\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":\"patient-privacy\"}]},"
        "\"category\":[{\"coding\":[{\"system\":\"https://weft.health/fhir/consent-category\","
        "\"code\":\"contact\"}]}],\"patient\":{\"reference\":\"Patient/%.*s\"}",
        STR_ARG(p->id));
    demo_time(d, "dateTime", since);
    bool sms = strcmp(channel, "sms") == 0;
    demo_add(d,
             ",\"extension\":[{\"url\":\"https://weft.health/fhir/StructureDefinition/"
             "consent-contact-point\","
             "\"valueContactPoint\":{\"system\":\"%s\",\"value\":\"%.*s\"}}]",
             sms ? "phone" : "email", STR_ARG(sms ? p->phone : p->email));
    demo_add(
        d,
        ",\"policyRule\":{\"coding\":[{\"system\":\"https://weft.health/fhir/"
        "consent-form\",\"code\":\"written\"}]},"
        "\"provision\":{\"type\":\"%s\",\"code\":[{\"coding\":[{\"system\":"
        "\"https://weft.health/fhir/contact-channel\",\"code\":\"%s\"}]}],\"purpose\":[{\"system\":"
        "\"https://weft.health/fhir/contact-purpose\",\"code\":\"care\"},{\"system\":"
        "\"https://weft.health/fhir/contact-purpose\",\"code\":\"appointment\"}]}",
        permit ? "permit" : "deny", channel);
    demo_entry_end(d);
}

void demo_consents(struct demo *d, const struct person *p)
{
    int64_t since = d->now - (int64_t)rng_int(&d->rng, 60, 700) * DAY_MS;
    if (p->sms_consent)
        consent(d, p, "sms", true, since);
    if (p->email_consent)
        consent(d, p, "email", true, since);
    if (p->stopped)
        consent(d, p, "sms", false, d->now - (int64_t)rng_int(&d->rng, 2, 50) * DAY_MS);
}
