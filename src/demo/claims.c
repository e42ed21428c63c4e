/* Bills of one patient, who shares them with the care team: care that was had elsewhere, with what
 * it cost, which a nurse is not shown (ADR 67). Of one more, who shares nothing, there are some,
 * too, so that the screen of either can be looked at. */
#include "demo/demo_int.h"

#define CLAIM_TYPE "http://terminology.hl7.org/CodeSystem/claim-type"

static const struct service {
    const char *id, *type, *what, *who;
    int days_ago, dollars;
} SERVICES[] = {
    {"lungs", "professional", "Visit to the lung clinic", "Lakeside Lung Clinic", 24, 212},
    {"xray", "institutional", "Chest X-ray", "Lakeside Hospital", 17, 148},
    {"oxygen", "professional", "Oxygen at home, one month", "Homeward Supplies", 9, 173}};

static void claim(struct demo *d, const struct person *p, const struct service *s)
{
    int64_t at = d->now - s->days_ago * DAY_MS;
    demo_entry(d, "Claim", arena_printf(d->op->arena, "%.*s-%s", STR_ARG(p->id), s->id));
    demo_add(
        d,
        ",\"status\":\"active\",\"use\":\"claim\",\"type\":{\"coding\":[{\"system\":\"" CLAIM_TYPE
        "\",\"code\":\"%s\"}]},\"patient\":{\"reference\":\"Patient/%.*s\"},"
        "\"provider\":{\"display\":\"%s\"},\"priority\":{\"coding\":[{\"code\":\"normal\"}]},"
        "\"insurance\":[{\"sequence\":1,\"focal\":true,\"coverage\":{\"display\":\"Medicare\"}}]",
        s->type, STR_ARG(p->id), s->who);
    demo_time(d, "created", at + DAY_MS);
    demo_add(d, ",\"item\":[{\"sequence\":1,\"productOrService\":{\"text\":\"%s\"}", s->what);
    demo_date(d, "servicedDate", at);
    demo_add(d,
             ",\"net\":{\"value\":%d,\"currency\":\"USD\"}}],\"total\":{\"value\":%d,\"currency\":"
             "\"USD\"}",
             s->dollars, s->dollars);
    demo_entry_end(d);
}

static void shared(struct demo *d, const struct person *p)
{
    demo_entry(d, "Consent", arena_printf(d->op->arena, "%.*s-claims", STR_ARG(p->id)));
    demo_add(
        d,
        ",\"status\":\"active\",\"scope\":{\"coding\":[{\"system\":\"http://terminology.hl7.org/"
        "CodeSystem/consentscope\",\"code\":\"patient-privacy\"}]},\"category\":[{\"coding\":[{"
        "\"system\":\"https://weft.health/fhir/consent-category\",\"code\":\"claims\"}]}],"
        "\"patient\":{\"reference\":\"Patient/%.*s\"},\"policyRule\":{\"coding\":[{\"system\":"
        "\"https://weft.health/fhir/consent-form\",\"code\":\"written\"}]},\"provision\":{"
        "\"type\":\"permit\",\"class\":[{\"system\":\"http://hl7.org/fhir/resource-types\","
        "\"code\":\"Claim\"},{\"system\":\"http://hl7.org/fhir/resource-types\",\"code\":"
        "\"ExplanationOfBenefit\"}],\"purpose\":[{\"system\":\"http://terminology.hl7.org/"
        "CodeSystem/v3-ActReason\",\"code\":\"TREAT\"}]}",
        STR_ARG(p->id));
    demo_time(d, "dateTime", d->now - 30 * DAY_MS);
    demo_entry_end(d);
}

void demo_claims(struct demo *d, const struct person *p)
{
    if (p->planted != PLANTED_LIVE_OXYGEN && p->planted != PLANTED_OXYGEN)
        return;
    for (size_t i = 0; i < sizeof SERVICES / sizeof *SERVICES; i++)
        claim(d, p, &SERVICES[i]);
    if (p->planted == PLANTED_LIVE_OXYGEN)
        shared(d, p);
}
