/* A reading on its way into the record. What a device leaves out is filled from its account; a
 * reading that is late or from the future is kept and marked (meta.tag), never refused; a resend is
 * known by its identifier and changes nothing. */
#include "monitor/monitor_int.h"

#include <sodium.h>

#define READING_SYSTEM "https://weft.health/fhir/reading"
#define RECEIPT_MS (10 * MS_MINUTE) /* in which the same reading without time is a resend */
#define WEIGHT_DAYS 14              /* how long a weight speaks for the next one */
#define WEIGHT_KG 5.0               /* nobody changes by so much, and by */
#define WEIGHT_PART 0.08            /* so large a part, from one reading to the next */
#define WEIGHT_ALIKE 0.03
#define WEIGHT_AGAIN_MS (12 * MS_HOUR)
#define ASK_TASK "https://weft.health/fhir/task-code|measure-again"

void intake_reference(struct op *op, struct json *o, str name, str reference)
{
    json_set(op->arena, o, name, fhir_reference(op, reference));
}

void intake_tag(struct op *op, struct json *o, str code)
{
    if (!JSON_GET(o, "meta"))
        json_set(op->arena, o, STR("meta"), json_new(op->arena, JSON_OBJECT));
    struct json *meta = JSON_GET(o, "meta");
    if (!JSON_GET(meta, "tag"))
        json_set(op->arena, meta, STR("tag"), json_new(op->arena, JSON_ARRAY));
    json_push(op->arena, JSON_GET(meta, "tag"), fhir_coding(op, STR(READING_NOTE_SYSTEM), code));
}

/* The same device, moment and content give the same name. */
static void add_identifier(struct op *op, struct json *o, str who)
{
    struct buf b;
    unsigned char hash[16];
    char hex[33];
    buf_init(&b, op->arena, 1u << 20);
    buf_add(&b, who);
    json_write(&b, o);
    str text = buf_str(&b);
    crypto_generichash(hash, sizeof hash, (const unsigned char *)text.p, text.n, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    struct json *id = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, id, STR("system"), STR(READING_SYSTEM));
    json_set_str(op->arena, id, STR("value"), arena_str(op->arena, str_of(hex)));
    struct json *list = json_new(op->arena, JSON_ARRAY);
    json_push(op->arena, list, id);
    json_set(op->arena, o, STR("identifier"), list);
}

static void mark_time(struct op *op, struct json *o, int64_t at)
{
    if (at > op->now + MONITOR_FUTURE_MS) {
        intake_tag(op, o, STR("future-dated"));
        op_note(op, SEVERITY_WARNING, STR("Observation.effective"),
                "the reading's time is in the future; it is kept but raises no case. Check the "
                "device's clock");
    } else if (at < op->now - MONITOR_LATE_MS) {
        intake_tag(op, o, STR("late"));
        op_note(op, SEVERITY_INFORMATION, STR("Observation.effective"),
                "the reading is older than 24 hours; it is charted and raises no case");
    }
}

/* A device without a clock: the moment it came counts. Named before by what it says and roughly
 * when, so that a resend is known, and the same weight tomorrow is another reading. */
static void set_receipt(struct op *op, struct json *o, str who)
{
    if (!JSON_GET(o, "identifier"))
        add_identifier(
            op, o,
            arena_printf(op->arena, "%.*s %lld", STR_ARG(who), (long long)(op->now / RECEIPT_MS)));
    json_set_str(op->arena, o, STR("effectiveDateTime"), time_format(op->arena, op->now));
    intake_tag(op, o, STR("time-of-receipt"));
    op_note(op, SEVERITY_INFORMATION, STR("Observation.effective"),
            "the device told no time; the time of receipt is taken");
}

static void mark_doubt(struct op *op, struct json *o, const struct reading_set *set)
{
    if (set->implausible) {
        intake_tag(op, o, STR("soft-confirm"));
        op_note(op, SEVERITY_WARNING, STR("Observation.value"),
                "the value is hardly possible; it is kept and has to be confirmed by measuring "
                "again");
    }
    if (set->unit_unknown) {
        intake_tag(op, o, STR("unit-unknown"));
        op_note(op, SEVERITY_WARNING, STR("Observation.value"),
                "the unit does not fit what was measured; the reading is kept but no rule can "
                "read it");
    }
}

static bool weight_of(const struct json *o, struct reading_set *ret, double *ret_kg)
{
    reading_set_of(o, ret);
    for (size_t i = 0; i < ret->n; i++)
        if (ret->at_most[i].series == SERIES_WEIGHT) {
            *ret_kg = ret->at_most[i].value;
            return true;
        }
    return false;
}

/* Was the patient asked whether that weight was theirs, before this one was taken? Then stepping on
 * the scale again is the answer. */
static err is_answer(struct op *op, struct monitor *m, str patient, const struct record_doc *held,
                     int64_t at, bool *ret)
{
    struct record_page page;
    struct json *task;
    struct time_span asked;
    *ret = false;
    str query =
        arena_printf(op->arena, "code=" ASK_TASK "&focus=Observation/%.*s&_count=1&patient=%.*s",
                     STR_ARG(held->id), STR_ARG(patient));
    TRY(op_check(op));
    TRY(record_find(op, m->rec, fhir_type_parse(STR("Task")), query, &page));
    if (page.n == 0)
        return OK;
    TRY(record_parse(op, &page.docs[0], &task));
    *ret = time_parse(json_get_str(task, STR("authoredOn")), &asked) && at > asked.lo;
    return OK;
}

/* Does the weight say the same as one that was held, half a day on or when asked? */
static err agrees(struct op *op, struct monitor *m, const struct json *o,
                  const struct record_doc *held, int64_t since, int64_t at, bool *ret)
{
    const struct actor *sender = op->actor;
    *ret = at - since >= WEIGHT_AGAIN_MS;
    if (*ret)
        return OK;
    op->actor = identity_system();
    err e = is_answer(op, m, json_get_str(JSON_GET(o, "subject"), STR("reference")), held, at, ret);
    op->actor = sender;
    return e;
}

/* Somebody else of the house on the scale: far from the last weight of the patient, and nobody
 * changes so fast. The second one that says the same, half a day on or because the patient was
 * asked, is believed. Told in the answer only once it is kept: whoever may not write for the
 * patient would learn their weight. */
static err mark_person(struct op *op, struct monitor *m, struct json *o, int64_t at, double kg)
{
    struct record_page page;
    const struct actor *sender = op->actor;
    struct buf b;
    buf_init(&b, op->arena, 4096);
    buf_add(&b, STR("code=29463-7,3141-9&_sort=-date&_count=4&subject="));
    buf_url(&b, json_get_str(JSON_GET(o, "subject"), STR("reference")));
    buf_add(&b, STR("&date=ge"));
    buf_add(&b, time_format(op->arena, at - WEIGHT_DAYS * 24 * MS_HOUR));
    buf_add(&b, STR("&date=lt"));
    buf_add(&b, time_format(op->arena, at));
    TRY(op_check(op));
    op->actor = identity_system(); /* a device may write readings but not look at them */
    err e = buf_ok(&b) ? record_find(op, m->rec, fhir_type_of(o), buf_str(&b), &page)
                       : fail(op, ERR_TOO_LARGE, "the subject's reference is too long");
    op->actor = sender;
    TRY(e);
    for (size_t i = 0; i < page.n; i++) {
        struct json *before;
        struct reading_set set;
        double was;
        TRY(record_parse(op, &page.docs[i], &before));
        if (!weight_of(before, &set, &was))
            continue;
        bool same = set.held && fabs(kg - was) <= WEIGHT_ALIKE * was;
        if (same)
            TRY(agrees(op, m, o, &page.docs[i], set.at, at, &same));
        if (same)
            return OK;
        if (!set.usable)
            continue;
        if (fabs(kg - was) > WEIGHT_KG && fabs(kg - was) > WEIGHT_PART * was)
            intake_tag(op, o, STR(READING_OTHER_PERSON));
        return OK;
    }
    return OK;
}

err intake_prepare(struct op *op, struct monitor *m, const struct identity_account *account,
                   struct json *o)
{
    struct reading_set set;
    double kg;
    str who = account ? account->user : STR_NONE;
    if (!JSON_GET(o, "subject") && account && !str_empty(account->patient))
        intake_reference(op, o, STR("subject"),
                         arena_printf(op->arena, "Patient/%.*s", STR_ARG(account->patient)));
    if (!JSON_GET(o, "device") && account && str_starts(account->reference, STR("Device/")))
        intake_reference(op, o, STR("device"), account->reference);
    if (!JSON_GET(o, "subject"))
        return fail_at(op, ERR_UNPROCESSABLE, STR("Observation.subject"),
                       "a reading must say whose it is");
    reading_set_of(o, &set);
    if (set.at == 0)
        set_receipt(op, o, who);
    if (!JSON_GET(o, "identifier"))
        add_identifier(op, o, who);
    intake_add_codes(op, o);
    if (weight_of(o, &set, &kg))
        TRY(mark_person(op, m, o, set.at, kg));
    mark_time(op, o, set.at);
    mark_doubt(op, o, &set);
    return fhir_validate(op, o);
}

str intake_name(struct op *op, const struct json *o)
{
    const struct json *id = json_at(JSON_GET(o, "identifier"), 0);
    struct buf b;
    if (str_empty(json_get_str(id, STR("value"))))
        return STR_NONE;
    buf_init(&b, op->arena, 4096);
    buf_add(&b, STR("identifier="));
    buf_url(&b, json_get_str(id, STR("system")));
    buf_add(&b, STR("%7C"));
    buf_url(&b, json_get_str(id, STR("value")));
    buf_add(&b, STR("&subject=")); /* two patients' devices may count alike */
    buf_url(&b, json_get_str(JSON_GET(o, "subject"), STR("reference")));
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

err intake_is_known(struct op *op, struct record *rec, const struct json *o, bool *ret)
{
    struct record_page page;
    const struct actor *device = op->actor;
    str name = intake_name(op, o);
    *ret = false;
    if (str_empty(name))
        return op_check(op);
    op->actor = identity_system(); /* a device may write readings but not look at them */
    str query = arena_cat(op->arena, name, STR("&_count=1"));
    err e = record_find(op, rec, fhir_type_of(o), query, &page);
    op->actor = device;
    TRY(e);
    *ret = page.n > 0;
    return OK;
}

/* Who sends it, as far as a reading is concerned: by REST the same as by MQTT. */
static err account_of(struct op *op, struct monitor *m, struct identity_account *ret)
{
    fhir_type type;
    *ret = (struct identity_account){0};
    if (!op->actor)
        return OK;
    ret->user = op->actor->user;
    ret->reference = op->actor->reference;
    return op->actor->patient ? record_name(op, m->rec, op->actor->patient, &type, &ret->patient)
                              : OK;
}

err monitor_prepare(struct op *op, struct monitor *m, struct json *o, str *ret_name)
{
    struct identity_account account;
    TRY(account_of(op, m, &account));
    TRY(intake_prepare(op, m, &account, o));
    *ret_name = intake_name(op, o);
    return op_check(op);
}

err monitor_intake(struct op *op, struct monitor *m, struct json *o, struct record_result *ret)
{
    str name;
    TRY(monitor_prepare(op, m, o, &name));
    TRY(record_create(op, m->rec, o, name, ret));
    if (reading_has_note(o, STR(READING_OTHER_PERSON)))
        op_note(op, SEVERITY_WARNING, STR("Observation.value"),
                "this weight is far from the last one and may be another person's; it is kept and "
                "counts once somebody has confirmed it");
    return OK;
}
