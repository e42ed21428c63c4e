/* Illnesses, medicines, visits and cover; the device and the monitoring plan of those watched. */
#include "demo/demo_int.h"

static void condition(struct demo *d, const struct person *p, const struct condition_row *c,
                      int64_t since)
{
    demo_entry(d, "Condition", arena_printf(d->op->arena, "%.*s-%s", STR_ARG(p->id), c->key));
    demo_add(
        d,
        ",\"clinicalStatus\":{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
        "condition-clinical\","
        "\"code\":\"active\"}]},\"verificationStatus\":{\"coding\":[{\"system\":"
        "\"http://terminology.hl7.org/CodeSystem/condition-ver-status\",\"code\":\"confirmed\"}]},"
        "\"code\":{\"coding\":[{\"system\":\"http://snomed.info/"
        "sct\",\"code\":\"%s\",\"display\":\"%s\"}],"
        "\"text\":\"%s\"},\"subject\":{\"reference\":\"Patient/%.*s\"}",
        c->snomed, c->text, c->text, STR_ARG(p->id));
    demo_date(d, "onsetDateTime", since);
    demo_entry_end(d);
}

static void medicine(struct demo *d, const struct person *p, const struct condition_row *c, int m,
                     int64_t since)
{
    demo_entry(d, "MedicationRequest",
               arena_printf(d->op->arena, "%.*s-%s-%d", STR_ARG(p->id), c->key, m));
    demo_add(d,
             ",\"status\":\"active\",\"intent\":\"order\",\"medicationCodeableConcept\":{"
             "\"coding\":[{\"system\":"
             "\"http://www.nlm.nih.gov/research/umls/"
             "rxnorm\",\"code\":\"%s\",\"display\":\"%s\"}],\"text\":\"%s\"},"
             "\"subject\":{\"reference\":\"Patient/"
             "%.*s\"},\"requester\":{\"reference\":\"Practitioner/doctor\"},"
             "\"reasonReference\":[{\"reference\":\"Condition/"
             "%.*s-%s\"}],\"dosageInstruction\":[{\"text\":\"%s\"}]",
             c->medicines[m].rxnorm, c->medicines[m].text, c->medicines[m].text, STR_ARG(p->id),
             STR_ARG(p->id), c->key, c->medicines[m].dosage);
    demo_date(d, "authoredOn", since);
    demo_entry_end(d);
}

static void visit(struct demo *d, const struct person *p, int k, int64_t at)
{
    demo_entry(d, "Encounter", arena_printf(d->op->arena, "%.*s-visit-%d", STR_ARG(p->id), k));
    demo_add(d,
             ",\"status\":\"finished\",\"class\":{\"system\":\"http://terminology.hl7.org/"
             "CodeSystem/v3-ActCode\","
             "\"code\":\"AMB\"},\"type\":[{\"coding\":[{\"system\":\"http://snomed.info/"
             "sct\",\"code\":\"%s\","
             "\"display\":\"%s\"}]}],\"subject\":{\"reference\":\"Patient/"
             "%.*s\"},\"participant\":[{\"individual\":"
             "{\"reference\":\"Practitioner/"
             "doctor\"}}],\"serviceProvider\":{\"reference\":\"Organization/clinic\"}",
             k % 2 ? "185349003" : "390906007",
             k % 2 ? "Encounter for check up" : "Follow-up encounter", STR_ARG(p->id));
    demo_add(d, ",\"period\":{\"start\":\"%.*s\",\"end\":\"%.*s\"}",
             STR_ARG(time_format(d->op->arena, at)),
             STR_ARG(time_format(d->op->arena, at + 30 * 60000)));
    demo_entry_end(d);
}

static void coverage(struct demo *d, const struct person *p)
{
    demo_entry(d, "Coverage", arena_printf(d->op->arena, "%.*s-cover", STR_ARG(p->id)));
    demo_add(d,
             ",\"status\":\"active\",\"type\":{\"text\":\"%s\"},\"beneficiary\":{\"reference\":"
             "\"Patient/%.*s\"},"
             "\"payor\":[{\"display\":\"%s\"}]",
             p->age >= 65 ? "Medicare" : "Commercial", STR_ARG(p->id),
             p->age >= 65 ? "Medicare" : "Elm Health Plan");
    demo_entry_end(d);
}

/* For another illness already: nobody takes the same twice. */
static bool is_taken(const struct person *p, int upto, const char *rxnorm)
{
    for (int c = 0; c < upto; c++)
        for (int m = 0; p->has[c] && m < DEMO_CONDITIONS[c].n_medicines; m++)
            if (strcmp(DEMO_CONDITIONS[c].medicines[m].rxnorm, rxnorm) == 0)
                return true;
    return false;
}

void demo_clinical(struct demo *d, const struct person *p)
{
    for (int c = 0; c < CONDITION_COUNT; c++) {
        if (!p->has[c])
            continue;
        int64_t since = d->now - (int64_t)rng_int(&d->rng, 200, 4000) * DAY_MS;
        condition(d, p, &DEMO_CONDITIONS[c], since);
        for (int m = 0; m < DEMO_CONDITIONS[c].n_medicines; m++)
            if (!is_taken(p, c, DEMO_CONDITIONS[c].medicines[m].rxnorm))
                medicine(d, p, &DEMO_CONDITIONS[c], m, since + 3 * DAY_MS);
    }
    int visits = rng_int(&d->rng, 1, 5);
    for (int k = 0; k < visits; k++)
        visit(d, p, k, d->now - (int64_t)rng_int(&d->rng, 10, 900) * DAY_MS);
    coverage(d, p);
}

static void device(struct demo *d, const struct person *p)
{
    struct arena *a = d->op->arena;
    demo_kit(d, &(struct demo_kit){.id = arena_printf(a, "%.*s-hub", STR_ARG(p->id)),
                                   .user = arena_printf(a, "hub-%.*s", STR_ARG(p->id)),
                                   .patient = p->id,
                                   .life = "active",
                                   .serial = p->number * 11 + 300});
}

/* A clinician's own limits for a patient with chronic lung disease: their usual is below everybody
 * else's limit (NEWS2 scale 2, target 88-92 %). */
static void own_limits(struct demo *d, const struct person *p)
{
    demo_entry(d, "Goal", arena_printf(d->op->arena, "%.*s-oxygen", STR_ARG(p->id)));
    demo_add(
        d,
        ",\"lifecycleStatus\":\"active\",\"description\":{\"text\":\"Oxygen level from 86 "
        "%%\"},\"subject\":"
        "{\"reference\":\"Patient/"
        "%.*s\"},\"target\":[{\"measure\":{\"coding\":[{\"system\":\"http://loinc.org\","
        "\"code\":\"59408-5\"}]},\"detailRange\":{\"low\":{\"value\":86,\"unit\":\"%%\",\"system\":"
        "\"http://unitsofmeasure.org\",\"code\":\"%%\"}}}]",
        STR_ARG(p->id));
    demo_entry_end(d);
}

#define ENROLLED_MS (45 * DAY_MS)
static const char *const STEPS[] = {"consent", "order", "kit", "weigh", "measure", "call"};

/* In the heart failure programme (spec/programme) for as long as there are readings: agreed to,
 * ordered, with everything taught. */
static void enrolment(struct demo *d, const struct person *p)
{
    str start = time_format(d->op->arena, d->now - ENROLLED_MS);
    demo_entry(d, "EpisodeOfCare", arena_printf(d->op->arena, "%.*s-episode", STR_ARG(p->id)));
    demo_add(
        d,
        ",\"status\":\"active\",\"statusHistory\":[{\"status\":\"active\",\"period\":{"
        "\"start\":\"%.*s\"}}],\"type\":[{\"coding\":[{\"system\":\"https://weft.health/fhir/"
        "programme\",\"code\":\"heart-failure\"}]}],\"patient\":{\"reference\":\"Patient/%.*s\"},"
        "\"period\":{\"start\":\"%.*s\"},\"careManager\":{\"reference\":\"Practitioner/nurse\"}",
        STR_ARG(start), STR_ARG(p->id), STR_ARG(start));
    demo_entry_end(d);
    demo_entry(d, "ServiceRequest", arena_printf(d->op->arena, "%.*s-order", STR_ARG(p->id)));
    demo_add(
        d,
        ",\"status\":\"active\",\"intent\":\"order\",\"code\":{\"coding\":[{\"system\":\"https://"
        "weft.health/fhir/programme\",\"code\":\"heart-failure\"}]},\"subject\":{\"reference\":"
        "\"Patient/%.*s\"},\"requester\":{\"reference\":\"Practitioner/doctor\"},\"authoredOn\":"
        "\"%.*s\"",
        STR_ARG(p->id), STR_ARG(start));
    demo_entry_end(d);
    demo_entry(d, "Consent", arena_printf(d->op->arena, "%.*s-monitoring", STR_ARG(p->id)));
    demo_add(
        d,
        ",\"status\":\"active\",\"scope\":{\"coding\":[{\"system\":\"http://terminology.hl7.org/"
        "CodeSystem/consentscope\",\"code\":\"treatment\"}]},\"category\":[{\"coding\":[{"
        "\"system\":\"https://weft.health/fhir/consent-category\",\"code\":\"monitoring\"}]}],"
        "\"patient\":{\"reference\":\"Patient/%.*s\"},\"dateTime\":\"%.*s\",\"policyRule\":{"
        "\"coding\":[{\"system\":\"https://weft.health/fhir/consent-form\",\"code\":\"written\"}]}",
        STR_ARG(p->id), STR_ARG(start));
    demo_entry_end(d);
}

/* Of the CarePlan: which episode it is of, and its steps, done. */
static void plan_steps(struct demo *d, const struct person *p)
{
    str start = time_format(d->op->arena, d->now - ENROLLED_MS);
    demo_add(d,
             ",\"identifier\":[{\"system\":\"https://weft.health/fhir/episode\",\"value\":"
             "\"%.*s-episode\"}],\"activity\":[",
             STR_ARG(p->id));
    for (size_t i = 0; i < sizeof STEPS / sizeof *STEPS; i++) {
        demo_add(d,
                 "%s{\"progress\":[{\"time\":\"%.*s\",\"text\":\"done\"}],\"detail\":{\"status\":"
                 "\"completed\",\"code\":{\"coding\":[{\"system\":\"https://weft.health/fhir/"
                 "programme-step\",\"code\":\"%s\"}]}}",
                 i ? "," : "", STR_ARG(start), STEPS[i]);
        if (i < 2)
            demo_add(d, ",\"outcomeReference\":[{\"reference\":\"%s/%.*s-%s\"}]",
                     i ? "ServiceRequest" : "Consent", STR_ARG(p->id), i ? "order" : "monitoring");
        demo_add(d, "}");
    }
    demo_add(d, "]");
}

void demo_plan(struct demo *d, const struct person *p)
{
    if (!p->monitored)
        return;
    device(d, p);
    bool heart = p->has[CONDITION_HF], lung = p->has[CONDITION_COPD];
    if (lung)
        own_limits(d, p);
    if (!heart && !lung)
        return;
    if (heart)
        enrolment(d, p);
    demo_entry(d, "CarePlan", arena_printf(d->op->arena, "%.*s-plan", STR_ARG(p->id)));
    demo_add(d,
             ",\"status\":\"active\",\"intent\":\"plan\",\"title\":\"Monitoring at "
             "home\",\"subject\":{\"reference\":"
             "\"Patient/%.*s\"},\"author\":{\"reference\":\"Practitioner/doctor\"}",
             STR_ARG(p->id));
    if (heart)
        demo_add(d, ",\"instantiatesCanonical\":[\"https://weft.health/fhir/PlanDefinition/"
                    "heart-failure\"]");
    if (heart)
        plan_steps(d, p);
    if (lung)
        demo_add(d, ",\"goal\":[{\"reference\":\"Goal/%.*s-oxygen\"}]", STR_ARG(p->id));
    demo_add(d, ",\"period\":{\"start\":\"%.*s\",\"end\":\"%.*s\"}",
             STR_ARG(time_format(d->op->arena, d->now - ENROLLED_MS)),
             STR_ARG(time_format(d->op->arena, d->now - ENROLLED_MS + 60 * DAY_MS)));
    demo_entry_end(d);
}
