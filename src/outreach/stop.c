/* The patient's "stop" and "start" as Consents: the newest word decides (recipient.c), and each is
 * evidence of its own. Each leaves a mark, so that a message whose verdict is older than the newest
 * word cannot leave (review R12). Source: 47 CFR 64.1200(a)(10), any reasonable words count. */
#include "outreach/outreach_int.h"

#include "base/uuid.h"

static struct json *provision_of(struct op *op, enum channel_kind k, const struct stop_word *word)
{
    static const str usual[] = {{"care", 4}, {"appointment", 11}};
    const str *codes_of = word->n_purposes ? word->purposes : usual;
    size_t n = word->n_purposes ? word->n_purposes : 2;
    struct json *p = json_new(op->arena, JSON_OBJECT), *codes = json_new(op->arena, JSON_ARRAY);
    struct json *purposes = json_new(op->arena, JSON_ARRAY);
    json_set_str(op->arena, p, STR("type"), word->stop ? STR("deny") : STR("permit"));
    json_push(op->arena, codes, outreach_concept(op, STR(CHANNEL_SYSTEM), channel_name(k)));
    for (size_t i = 0; i < n; i++)
        json_push(op->arena, purposes, outreach_coding(op, STR(PURPOSE_SYSTEM), codes_of[i]));
    if (word->until) {
        struct json *period = json_new(op->arena, JSON_OBJECT);
        json_set_str(op->arena, period, STR("end"), time_format(op->arena, word->until));
        json_set(op->arena, p, STR("period"), period);
    }
    json_set(op->arena, p, STR("code"), codes);
    json_set(op->arena, p, STR("purpose"), purposes);
    return p;
}

/* The address the word came from: a permission covers that one and no later one. */
static struct json *number_of(struct op *op, enum channel_kind k, str number)
{
    struct json *point = json_new(op->arena, JSON_OBJECT), *e = json_new(op->arena, JSON_OBJECT);
    struct json *list = json_new(op->arena, JSON_ARRAY);
    static const char *const systems[CHANNEL_KIND_COUNT] = {"phone", "email", "other", "other"};
    json_set_str(op->arena, point, STR("system"), str_of(systems[k]));
    json_set_str(op->arena, point, STR("value"), number);
    json_set_str(op->arena, e, STR("url"), STR(CONTACT_POINT_URL));
    json_set(op->arena, e, STR("valueContactPoint"), point);
    json_push(op->arena, list, e);
    return list;
}

static str mark_key(struct op *op, str patient, enum channel_kind k)
{
    return arena_printf(op->arena, "word/%.*s/%.*s", STR_ARG(channel_name(k)), STR_ARG(patient));
}

err stop_mark(struct op *op, struct record *rec, str patient, enum channel_kind k, str *ret)
{
    return record_kv_get(op, rec, mark_key(op, patient, k), ret);
}

void stop_guard(struct record_tx *tx, struct op *op, str patient, enum channel_kind k, str mark)
{
    record_tx_expect_kv(tx, mark_key(op, patient, k), mark);
}

err stop_record(struct record_tx *tx, struct op *op, const struct recipient *r, enum channel_kind k,
                const struct stop_word *word)
{
    str id;
    return stop_record_as(tx, op, r, k, word, &id);
}

/* Never before the word it follows: with a clock that was set back a STOP would else be the older
 * of the two, and end with the day that the permission was dated. */
static int64_t word_time(const struct op *op, const struct recipient *r, enum channel_kind k)
{
    return op->now > r->said_at[k] ? op->now : r->said_at[k] + 1;
}

err stop_record_as(struct record_tx *tx, struct op *op, const struct recipient *r,
                   enum channel_kind k, const struct stop_word *word, str *ret_id)
{
    struct json *c = json_new(op->arena, JSON_OBJECT),
                *categories = json_new(op->arena, JSON_ARRAY);
    str patient = arena_printf(op->arena, "Patient/%.*s", STR_ARG(r->id));
    json_set_str(op->arena, c, STR("resourceType"), STR("Consent"));
    json_set_str(op->arena, c, STR("status"), STR("active"));
    json_set(op->arena, c, STR("scope"),
             outreach_concept(op, STR("http://terminology.hl7.org/CodeSystem/consentscope"),
                              STR("patient-privacy")));
    json_push(op->arena, categories, outreach_concept(op, STR(CONSENT_CATEGORY), STR("contact")));
    json_set(op->arena, c, STR("category"), categories);
    json_set(op->arena, c, STR("patient"), outreach_reference(op, patient));
    json_set_str(op->arena, c, STR("dateTime"), time_format(op->arena, word_time(op, r, k)));
    struct json *rule =
        outreach_concept(op, STR(CONSENT_FORM), word->written ? STR("written") : STR("message"));
    json_set_str(op->arena, rule, STR("text"), word->evidence);
    json_set(op->arena, c, STR("policyRule"), rule);
    json_set(op->arena, c, STR("provision"), provision_of(op, k, word));
    if (!str_empty(word->number))
        json_set(op->arena, c, STR("extension"), number_of(op, k, word->number));
    if (word->proof && !JSON_GET(c, "extension"))
        json_set(op->arena, c, STR("extension"), json_new(op->arena, JSON_ARRAY));
    if (word->proof)
        json_push(op->arena, JSON_GET(c, "extension"), word->proof);
    record_tx_kv(tx, mark_key(op, r->id, k), random_token(op->arena, 16));
    return record_tx_create(tx, c, ret_id);
}
