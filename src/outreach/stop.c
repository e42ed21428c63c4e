/* The patient's "stop" and "start" as Consents: the newest word decides (recipient.c), and each is
 * evidence of its own. Each leaves a mark, so that a message whose verdict is older than the newest
 * word cannot leave (review R12). Source: 47 CFR 64.1200(a)(10), any reasonable words count. */
#include "outreach/outreach_int.h"
#include "outreach/reach.h"

#include "base/uuid.h"

#include <sodium.h>

#define KEEP_RULE "TCPA-CON-09"
#define KEEP_YEARS 5
#define CONSENT_ENDS_WITH "https://weft.health/fhir/StructureDefinition/consent-ends-with"

str word_about(enum channel_kind k)
{
    return k == CHANNEL_CALLS ? ledger_channel_name(LEDGER_VOICE) : channel_name(k);
}

bool word_about_parse(str name, enum channel_kind *ret)
{
    bool calls = str_eq(name, word_about(CHANNEL_CALLS));
    if (calls)
        *ret = CHANNEL_CALLS;
    return calls || channel_parse(name, ret);
}

str word_address(const struct recipient *r, enum channel_kind k)
{
    return r->address[k == CHANNEL_CALLS ? CHANNEL_SMS : k];
}

static struct json *period_of(struct op *op, int64_t until)
{
    struct json *period = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, period, STR("end"), time_format(op->arena, until));
    return period;
}

static struct json *provision_of(struct op *op, enum channel_kind k, const struct stop_word *word)
{
    static const str usual[] = {{"care", 4}, {"appointment", 11}};
    const str *codes_of = word->n_purposes ? word->purposes : usual;
    size_t n = word->n_purposes ? word->n_purposes : 2;
    struct json *p = json_new(op->arena, JSON_OBJECT), *codes = json_new(op->arena, JSON_ARRAY);
    struct json *purposes = json_new(op->arena, JSON_ARRAY);
    json_set_str(op->arena, p, STR("type"), word->stop ? STR("deny") : STR("permit"));
    json_push(op->arena, codes, fhir_concept(op, STR(CHANNEL_SYSTEM), word_about(k)));
    for (size_t i = 0; i < n; i++)
        json_push(op->arena, purposes, fhir_coding(op, STR(PURPOSE_SYSTEM), codes_of[i]));
    if (word->until)
        json_set(op->arena, p, STR("period"), period_of(op, word->until));
    json_set(op->arena, p, STR("code"), codes);
    json_set(op->arena, p, STR("purpose"), purposes);
    if (!str_empty(word->by)) { /* whose word it was: they are heard again */
        struct json *actors = json_new(op->arena, JSON_ARRAY),
                    *actor = json_new(op->arena, JSON_OBJECT);
        json_set(op->arena, actor, STR("role"),
                 fhir_concept(op, STR("http://terminology.hl7.org/CodeSystem/v3-ParticipationType"),
                              STR(OUTREACH_HELPER_ROLE)));
        json_set(op->arena, actor, STR("reference"), fhir_reference(op, word->by));
        json_push(op->arena, actors, actor);
        json_set(op->arena, p, STR("actor"), actors);
    }
    return p;
}

/* The address the word came from: a permission covers that one and no later one. */
static struct json *number_of(struct op *op, enum channel_kind k, str number)
{
    struct json *point = json_new(op->arena, JSON_OBJECT), *e = json_new(op->arena, JSON_OBJECT);
    struct json *list = json_new(op->arena, JSON_ARRAY);
    static const char *const systems[CHANNEL_WORDS] = {"phone", "email", "other", "other", "phone"};
    json_set_str(op->arena, point, STR("system"), str_of(systems[k]));
    json_set_str(op->arena, point, STR("value"), number);
    json_set_str(op->arena, e, STR("url"), STR(CONTACT_POINT_URL));
    json_set(op->arena, e, STR("valueContactPoint"), point);
    json_push(op->arena, list, e);
    return list;
}

#define MARKS 1024u

/* Some patients share one, so that all of them are in memory whoever is asked for: a word of
 * another's makes a message look once more, no more. */
static str mark_key(struct op *op, str patient, enum channel_kind k)
{
    return arena_printf(op->arena, "word/%.*s#%03x", STR_ARG(word_about(k)),
                        (unsigned)(str_hash(patient) % MARKS));
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

/* ---- evidence ---- */

static void add_text(struct op *op, struct json *list, const char *url, const char *member,
                     str value)
{
    struct json *e = json_new(op->arena, JSON_OBJECT);
    if (str_empty(value))
        return;
    json_set_str(op->arena, e, STR("url"), str_of(url));
    json_set_str(op->arena, e, str_of(member), value);
    json_push(op->arena, list, e);
}

static str hash_of(struct op *op, str text)
{
    unsigned char sum[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof sum + 1];
    crypto_hash_sha256(sum, (const unsigned char *)text.p, text.n);
    sodium_bin2hex(hex, sizeof hex, sum, sizeof sum);
    return arena_str(op->arena, str_of(hex));
}

bool stop_intact(struct op *op, const struct json *consent)
{
    const struct json *e = extension_at(consent, STR(EVIDENCE_URL));
    str words = json_get_str(extension_at(e, STR("words")), STR("valueString"));
    str hash = json_get_str(extension_at(e, STR("sha256")), STR("valueString"));
    return !e || str_eq(hash_of(op, words), hash);
}

/* The first day on which it may go: so many years after the word, or after the day it ends.
 * Contacts it permits later count from their own day, so that this is never the last. */
static err keep_until(struct op *op, const struct stop_word *word, str *ret)
{
    int64_t years = KEEP_YEARS, from = word->until > op->now ? word->until : op->now;
    struct json *params;
    str json = rulebook_params(word->book ? word->book : rulebook_default(),
                               policy_rule_find(STR(KEEP_RULE)));
    TRY(json_read(op, json, &JSON_LIMITS_DEFAULT, &params));
    json_i64(JSON_GET(params, "retain_years_after_last_call"), &years);
    *ret = str_sub(time_format(op->arena, from + years * 366 * DAY_MS), 0, 10);
    return OK;
}

/* How it was given, what was there, the words, their hash and until when they are kept. */
static err evidence_of(struct op *op, const struct stop_word *word, struct json **ret)
{
    struct json *e = json_new(op->arena, JSON_OBJECT), *list = json_new(op->arena, JSON_ARRAY);
    str words = str_empty(word->words) ? word->evidence : word->words, until;
    str hash = hash_of(op, words);
    TRY(keep_until(op, word, &until));
    add_text(op, list, "how", "valueCode", str_empty(word->how) ? STR("message") : word->how);
    add_text(op, list, "type", "valueCode", word->type);
    for (size_t i = 0; i < word->n_elements; i++)
        add_text(op, list, "element", "valueCode", word->elements[i]);
    add_text(op, list, "language", "valueCode", word->language);
    add_text(op, list, "words", "valueString", words);
    add_text(op, list, "sha256", "valueString", hash);
    add_text(op, list, "keepUntil", "valueDate", until);
    json_set_str(op->arena, e, STR("url"), STR(EVIDENCE_URL));
    json_set(op->arena, e, STR("extension"), list);
    if (word->ret_hash)
        *word->ret_hash = hash;
    *ret = e;
    return op_check(op);
}

/* ---- the Consent ---- */

static struct json *consent_of(struct op *op, const struct recipient *r, str category, int64_t at,
                               const struct stop_word *word)
{
    struct json *c = json_new(op->arena, JSON_OBJECT),
                *categories = json_new(op->arena, JSON_ARRAY);
    struct json *rule =
        fhir_concept(op, STR(CONSENT_FORM), word->written ? STR("written") : STR("message"));
    str patient = arena_printf(op->arena, "Patient/%.*s", STR_ARG(r->id));
    json_set_str(op->arena, c, STR("resourceType"), STR("Consent"));
    json_set_str(op->arena, c, STR("status"), STR("active"));
    json_set(op->arena, c, STR("scope"),
             fhir_concept(op, STR("http://terminology.hl7.org/CodeSystem/consentscope"),
                          STR("patient-privacy")));
    json_push(op->arena, categories, fhir_concept(op, STR(CONSENT_CATEGORY), category));
    json_set(op->arena, c, STR("category"), categories);
    json_set(op->arena, c, STR("patient"), fhir_reference(op, patient));
    json_set_str(op->arena, c, STR("dateTime"), time_format(op->arena, at));
    json_set_str(op->arena, rule, STR("text"), word->evidence);
    json_set(op->arena, c, STR("policyRule"), rule);
    return c;
}

/* more: its extensions, before the evidence. */
static err put(struct record_tx *tx, struct op *op, struct json *c, struct json *more,
               const struct stop_word *word, str *ret_id)
{
    struct json *proof;
    TRY(evidence_of(op, word, &proof));
    json_push(op->arena, more, proof);
    json_set(op->arena, c, STR("extension"), more);
    return record_tx_create(tx, c, ret_id);
}

err stop_record_as(struct record_tx *tx, struct op *op, const struct recipient *r,
                   enum channel_kind k, const struct stop_word *word, str *ret_id)
{
    struct json *c = consent_of(op, r, STR("contact"), word_time(op, r, k), word);
    struct json *more =
        str_empty(word->number) ? json_new(op->arena, JSON_ARRAY) : number_of(op, k, word->number);
    json_set(op->arena, c, STR("provision"), provision_of(op, k, word));
    TRY(put(tx, op, c, more, word, ret_id));
    record_tx_kv(tx, mark_key(op, r->id, k), random_token(op->arena, 16));
    return OK;
}

err stop_record_part2(struct record_tx *tx, struct op *op, const struct recipient *r,
                      const struct stop_word *word, str *ret_id)
{
    struct json *c = consent_of(op, r, STR("part2"), op->now, word);
    if (word->until) {
        struct json *p = json_new(op->arena, JSON_OBJECT);
        json_set(op->arena, p, STR("period"), period_of(op, word->until));
        json_set(op->arena, c, STR("provision"), p);
    }
    struct json *more = json_new(op->arena, JSON_ARRAY), *ends = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, ends, STR("url"), STR(CONSENT_ENDS_WITH));
    json_set_str(op->arena, ends, STR("valueString"), word->ends);
    if (!str_empty(word->ends))
        json_push(op->arena, more, ends);
    return put(tx, op, c, more, word, ret_id);
}

/* Never before the newest word about one of its topics, as of every word. */
static int64_t topic_time(const struct op *op, const struct recipient *r,
                          const struct stop_word *word)
{
    int64_t at = op->now, last;
    for (size_t i = 0; i < word->n_purposes; i++) {
        (void)calls_said_no(&r->calls, word->purposes[i], &last);
        at = last >= at ? last + 1 : at;
    }
    return at;
}

err stop_record_topics(struct record_tx *tx, struct op *op, const struct recipient *r,
                       const struct stop_word *word, str *ret_id)
{
    struct json *c = consent_of(op, r, STR(TOPIC_CATEGORY), topic_time(op, r, word), word);
    struct json *p = json_new(op->arena, JSON_OBJECT), *codes = json_new(op->arena, JSON_ARRAY);
    struct json *topics = json_new(op->arena, JSON_ARRAY);
    for (size_t i = 0; i < word->n_purposes; i++)
        json_push(op->arena, topics, fhir_coding(op, STR(TOPIC_SYSTEM), word->purposes[i]));
    json_push(op->arena, codes, fhir_concept(op, STR(CHANNEL_SYSTEM), word_about(CHANNEL_CALLS)));
    json_set_str(op->arena, p, STR("type"), word->stop ? STR("deny") : STR("permit"));
    json_set(op->arena, p, STR("code"), codes);
    json_set(op->arena, p, STR("purpose"), topics);
    json_set(op->arena, c, STR("provision"), p);
    return put(tx, op, c, json_new(op->arena, JSON_ARRAY), word, ret_id);
}
