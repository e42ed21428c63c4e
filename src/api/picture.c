/* Everything of some days on one time axis: the lanes of a patient's picture, each a bounded search
 * as whoever asks. It decides nothing: which role may search a lane, what a Consent keeps and what
 * is shown in part is policy's, asked for each resource. Invariant: a lane that is not shown says
 * so, and by whose word, as far as that may be named; no lane is longer than its bound, and one
 * that was cut says so. A lane that is each patient's to share says that they do not, whether or
 * not there is anything. */
#include "api/op_int.h"

#define EACH "300"

/* date: the parameter that stands for its time. */
static const struct lane {
    const char *name, *type, *date, *query;
} lanes[] = {
    {"vitals", "Observation", "date",
     "code=29463-7,3141-9,85354-9,55284-4,8480-6,8462-4,8867-4,59408-5,2708-6,41653-7,2339-0,"
     "2345-7,15074-8,14745-4,8310-5,8331-1,9279-1,3151-8,67775-7"},
    {"vitals", "Observation", "date", "code=99504-3,105272-9"}, /* a sensor's leave no room else */
    {"symptoms", "Observation", "date", "code=https://weft.health/fhir/symptom%7C"},
    {"medicines", "MedicationAdministration", "effective-time", ""},
    {"medicines", "MedicationStatement", "effective", ""},
    {"refills", "MedicationDispense", "whenhandedover", ""},
    {"activity", "Observation", "date", "code=55423-8,41950-7,93832-4,41981-2"},
    {"nutrition", "Observation", "date", "code=9052-2"},
    {"nutrition", "NutritionOrder", "datetime", ""},
    {"visits", "Appointment", "date", ""},
    {"visits", "Encounter", "date", ""},
    {"claims", "Claim", "created", ""},
    {"claims", "ExplanationOfBenefit", "created", ""}};

struct picture {
    struct call *c;
    struct buf b;
    str from;
    unsigned reads, shown;           /* searches made; resources of the lane so far */
    bool role, kept, more, unshared; /* of the lane */
    const fhir_type *hidden; /* types of which a Consent keeps something that may be named */
    size_t n_hidden;
    uint64_t patient;
};

static bool is_hidden(const struct picture *p, fhir_type type)
{
    for (size_t i = 0; i < p->n_hidden; i++)
        if (p->hidden[i] == type)
            return true;
    return false;
}

static err find(struct picture *p, const struct lane *l)
{
    struct op *op = &p->c->op;
    struct record_page page;
    fhir_type type = fhir_type_parse(str_of(l->type));
    if (!record_may_search(op, p->c->api->rec, type)) {
        p->role = true;
        return OK;
    }
    bool shared;
    TRY(record_shared(op, p->c->api->rec, p->patient, type, &shared));
    p->unshared |= !shared;
    p->kept |= is_hidden(p, type);
    if (!shared)
        return OK;
    str query =
        arena_printf(op->arena, "patient=Patient/%.*s&%s=ge%.*s&_sort=-%s&_count=" EACH "&%s",
                     STR_ARG(p->c->id), l->date, STR_ARG(p->from), l->date, l->query);
    p->reads++;
    TRY(record_find(op, p->c->api->rec, type, query, &page));
    p->more |= page.next.n > 0;
    for (size_t i = 0; i < page.n_match; i++) {
        buf_add(&p->b, p->shown++ ? STR(",") : STR_NONE);
        buf_add(&p->b, page.docs[i].head);
        buf_add(&p->b, page.docs[i].body);
    }
    return OK;
}

/* All rows of one name, which stand together. */
static err lane(struct picture *p, size_t *io)
{
    const char *name = lanes[*io].name;
    p->role = p->kept = p->more = p->unshared = false;
    p->shown = 0;
    buf_printf(&p->b, "{\"lane\":\"%s\",\"entry\":[", name);
    for (; *io < sizeof lanes / sizeof *lanes && strcmp(lanes[*io].name, name) == 0; ++*io)
        TRY(find(p, &lanes[*io]));
    buf_printf(&p->b, "],\"role\":%s,\"kept\":%s,\"unshared\":%s,\"more\":%s}",
               p->role ? "true" : "false", p->kept ? "true" : "false",
               p->unshared ? "true" : "false", p->more ? "true" : "false");
    return OK;
}

err api_picture(struct call *c)
{
    struct picture p = {.c = c, .b = answer_buf(c)};
    struct op_params in;
    struct record_doc doc;
    uint64_t days = 30;
    TRY(op_params(c, "days", &in));
    TRY(op_number(c, &in, "days", 90, &days));
    if (days != 7 && days != 30 && days != 90)
        return fail_at(&c->op, ERR_INVALID, STR("days"), "days is 7, 30 or 90.");
    op_deadline(c);
    TRY(record_read(&c->op, c->api->rec, fhir_type_parse(STR("Patient")), c->id, &doc));
    p.patient = doc.rid;
    fhir_type *hidden;
    TRY(record_hidden_beside(&c->op, c->api->rec, c->id, &hidden, &p.n_hidden));
    p.hidden = hidden;
    p.from = time_format(c->op.arena, c->op.now - (int64_t)days * 86400000);
    buf_printf(&p.b, "{\"from\":\"%.*s\",\"lanes\":[", STR_ARG(p.from));
    for (size_t i = 0; i < sizeof lanes / sizeof *lanes;) {
        buf_add(&p.b, i ? STR(",") : STR_NONE);
        TRY(lane(&p, &i));
    }
    buf_printf(&p.b, "],\"reads\":%u}", p.reads);
    return answer(c, 200, &p.b);
}
