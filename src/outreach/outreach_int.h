/* Private to the outreach room: settings, a patient as outreach sees one, a composed message, the
 * channel table. */
#ifndef WEFT_OUTREACH_INT_H
#define WEFT_OUTREACH_INT_H

#include "base/phone.h"
#include "outreach/ledger.h"
#include "outreach/outreach.h"

#include <pthread.h>
#include <stdatomic.h>

#include "templates_gen.h"

#define CHANNEL_SYSTEM "https://weft.health/fhir/contact-channel"
#define PURPOSE_SYSTEM "https://weft.health/fhir/contact-purpose"
#define CONSENT_CATEGORY "https://weft.health/fhir/consent-category"
#define CONSENT_FORM "https://weft.health/fhir/consent-form"
#define PROVIDER_SYSTEM "https://weft.health/fhir/provider-message"
#define KEY_SYSTEM "https://weft.health/fhir/message-key"
#define DUE_SYSTEM "https://weft.health/fhir/due-key"
#define PROGRAMME_SYSTEM "https://weft.health/fhir/programme"
#define SUBJECT_SYSTEM "https://weft.health/fhir/contact-subject"
#define LINE_TYPE_URL "https://weft.health/fhir/StructureDefinition/line-type"
#define REASSIGNED_URL "https://weft.health/fhir/StructureDefinition/reassigned-check"
#define CONTACT_POINT_URL "https://weft.health/fhir/StructureDefinition/consent-contact-point"
#define ZONE_URL "http://hl7.org/fhir/StructureDefinition/timezone"
#define MESSAGE_QUEUE "message"
#define TEXT_MAX 4000
#define DAY_MS (24 * 3600 * 1000LL)

enum channel_kind { CHANNEL_SMS, CHANNEL_EMAIL, CHANNEL_KIND_COUNT };
str channel_name(enum channel_kind k);
bool channel_parse(str name, enum channel_kind *ret);

/* ---- words ---- */
struct template_row {
    const char *code, *purpose;
    const char *title[LANGUAGE_COUNT], *sms[LANGUAGE_COUNT], *subject[LANGUAGE_COUNT],
        *email[LANGUAGE_COUNT];
};
extern const struct template_row OUTREACH_TEMPLATES[];
extern const size_t OUTREACH_TEMPLATE_COUNT;
/* Row of a language; English when we have none of it. */
unsigned words_language(str language);
const struct template_row *words_template(str code);
/* Fills {first}, {phone}, {clinic}. */
str words_fill(struct op *op, const struct outreach *o, const char *text, str first);
str words_line(struct op *op, const struct outreach *o, enum line line, unsigned language);

/* ---- the patient as outreach sees one ---- */
struct consent_state {
    bool any, permit; /* newest word of the patient for this channel; permit false = revoked */
    bool care, appointment, marketing, written;
    str id, number; /* Consent behind it; the number it was given for, empty = any */
};
struct recipient {
    str id, first, language;
    struct json *patient;
    str address[CHANNEL_KIND_COUNT]; /* phone or mail */
    enum channel_kind preferred;
    bool deceased, minor;
    str line_type, reassigned; /* "wireless" …; "no" | "yes" | "no_data"; empty unknown */
    int64_t reassigned_at;
    str zones[4];
    size_t n_zones;
    str state, country;
    bool confidential;   /* reached in one way only: */
    str confidential_to; /* that address or number */
    str helper;          /* RelatedPerson/id that a contact Consent names to get the messages */
    bool proxy;          /* a Consent names somebody who may act for them */
    struct consent_state consent[CHANNEL_KIND_COUNT];
    int64_t permitted_at[CHANNEL_KIND_COUNT]; /* of the newest permission; 0 never */
};
MUST err recipient_load(struct op *op, struct record *rec, str patient, struct recipient *ret);

/* ---- a composed message ---- */
enum message_kind { KIND_CARE, KIND_STOPPED, KIND_HELP, KIND_STARTED };
struct message {
    enum message_kind kind;
    enum channel_kind channel;
    unsigned language;
    str language_tag, text, subject, to, purpose, template_code;
    /* who wants it sent: kept with the job, since the sender asks again later */
    str programme, campaign, subject_code, due_key; /* empty none */
    bool human, may_text, strong;
    int64_t stopped_at; /* of the opt-out a confirmation answers */
    str self;           /* its Communication, once there is one */
};
MUST err message_compose(struct op *op, const struct outreach *o, const struct recipient *r,
                         const struct outreach_draft *d, struct message *ret);
/* l NULL: the ledger is still being made, nobody knows the counts. */
MUST err message_facts(struct op *op, const struct outreach *o, const struct recipient *r,
                       const struct ledger_counts *l, const struct message *m, struct facts **ret);
/* Facts, verdict and the end of a hold. */
/* What the trail keeps of a decision: the verdict, what was asked and the facts, so that another
 * rule can be tried on it. */
struct json *message_trace(struct op *op, const struct message *m, const struct facts *facts,
                           const struct verdict *v);
MUST err message_decide(struct op *op, const struct outreach *o, const struct recipient *r,
                        const struct message *m, struct facts **ret_facts, struct verdict *ret);
/* Communication + outbox job in tx. *ret_id is the Communication. */
MUST err message_queue(struct record_tx *tx, struct op *op, const struct outreach *o,
                       const struct recipient *r, const struct message *m,
                       const struct outreach_draft *d, int64_t due, str *ret_id);
uint64_t message_triggers(enum channel_kind k);

struct json *outreach_reference(struct op *op, str reference);
struct json *outreach_coding(struct op *op, str system, str code);
struct json *outreach_concept(struct op *op, str system, str code);

/* ---- channels ---- */
enum sent {
    SENT_OK,
    SENT_LATER /* definitely not sent */,
    SENT_NEVER /* refused for good */,
    SENT_UNKNOWN /* may have been sent */,
    SENT_OPTED_OUT
};
struct parcel {
    str id; /* of the Communication: the idempotency key */
    str to, text, subject, language;
};
struct channel {
    const char *name; /* of the configuration: "twilio", "smtp", "screen" */
    enum channel_kind kind;
    bool repeatable; /* a second hand-over with the same id is harmless */
    /* ret_provider_id in op->arena; ret_code: the provider's error code, never personal */
    enum sent (*send)(struct op *op, const struct outreach *o, const struct parcel *p,
                      str *ret_provider_id, str *ret_code);
};
const struct channel *channel_of(const struct outreach *o, enum channel_kind k);
extern const struct channel CHANNEL_TWILIO, CHANNEL_SMTP;

struct outreach {
    struct record *rec;
    const struct config *config;
    str secret_sms, secret_smtp; /* heap */
    pthread_t thread, follower;
    bool running, following;
    _Atomic bool stop;
    _Atomic uint64_t ledger_t; /* the follower of the ledger has seen this */
    uint64_t ledger_from;      /* where the record was when it started: until then nothing counts */
};

/* Named value that stands between sending and taking back: free, "out" or "undone". Whoever commits
 * it first wins, the other's transaction fails. */
str message_gate(struct op *op, str communication);
/* A receipt that was quicker than our own note of the provider's id is applied now. */
MUST err receipt_catch_up(struct op *op, struct outreach *o, str provider_id);

/* One spelling of a number. */
static inline str phone_plain(struct op *op, str number)
{
    return phone_plain_number(op->arena, number);
}
/* How an address is looked for: "tel:+13125550143" or "mailto:a@example.org". */
str address_key(struct op *op, enum channel_kind k, str address);

/* The sender's one step: at most a handful of due jobs. *ret_n: how many were handled. */
MUST err sender_step(struct op *op, struct outreach *o, size_t *ret_n);
struct stop_word {
    bool stop;    /* else start */
    str number;   /* the address it came from: a permission holds for it alone; may be empty */
    str evidence; /* what was said */
};
/* Records the patient's "stop" (or "start") for a channel: a Consent in tx. */
MUST err stop_record(struct record_tx *tx, struct op *op, const struct recipient *r,
                     enum channel_kind k, const struct stop_word *word);
/* The mark of the newest such word, empty when there was none; and: tx fails (ERR_CONFLICT) when
 * another came since. Between the last verdict and the hand-over nobody's STOP is overtaken. */
MUST err stop_mark(struct op *op, struct record *rec, str patient, enum channel_kind k, str *ret);
void stop_guard(struct record_tx *tx, struct op *op, str patient, enum channel_kind k, str mark);
bool hmac_sha1_base64(str key, str text, char out[29]);
const struct actor *outreach_system(void);

#endif
