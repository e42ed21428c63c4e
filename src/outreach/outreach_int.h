/* Private to the outreach room: settings, a patient as outreach sees one, a composed message, the
 * channel table. */
#ifndef WEFT_OUTREACH_INT_H
#define WEFT_OUTREACH_INT_H

#include "base/loop.h"
#include "base/phone.h"
#include "fhir/make.h"
#include "outreach/choose.h"
#include "outreach/ledger.h"
#include "outreach/outreach.h"
#include "outreach/prefer.h"
#include "policy/content.h"

#include <pthread.h>
#include <stdatomic.h>

#include "templates_gen.h"

#define CHANNEL_SYSTEM "https://weft.health/fhir/contact-channel"
#define PURPOSE_SYSTEM "https://weft.health/fhir/contact-purpose"
#define TOPIC_SYSTEM "https://weft.health/fhir/contact-topic"
#define CONSENT_CATEGORY "https://weft.health/fhir/consent-category"
#define CONSENT_FORM "https://weft.health/fhir/consent-form"
#define PROVIDER_SYSTEM "https://weft.health/fhir/provider-message"
#define LEDGER_KEYWORD_CODE "keyword" /* PURPOSE_SYSTEM: of an incoming STOP, START or HELP */
#define KEY_SYSTEM "https://weft.health/fhir/message-key"
#define DUE_SYSTEM "https://weft.health/fhir/due-key"
#define PROGRAMME_SYSTEM "https://weft.health/fhir/programme"
#define SUBJECT_SYSTEM "https://weft.health/fhir/contact-subject"
#define LINE_TYPE_URL "https://weft.health/fhir/StructureDefinition/line-type"
#define REASSIGNED_URL "https://weft.health/fhir/StructureDefinition/reassigned-check"
#define SUPPRESSED_URL "https://weft.health/fhir/StructureDefinition/contact-suppressed"
#define EVIDENCE_URL "https://weft.health/fhir/StructureDefinition/consent-evidence"
#define CONTACT_POINT_URL "https://weft.health/fhir/StructureDefinition/consent-contact-point"
#define PORTAL_NOTICE_URL "https://weft.health/fhir/StructureDefinition/portal-notice"
#define CALL_EXCEPTION_URL "https://weft.health/fhir/StructureDefinition/call-exception"
#define READ_URL "https://weft.health/fhir/StructureDefinition/message-read"
#define ZONE_URL "http://hl7.org/fhir/StructureDefinition/timezone"
#define DEVICE_ZONE_URL "https://weft.health/fhir/StructureDefinition/device-zone"
#define MESSAGE_QUEUE "message"
#define TEXT_MAX 4000
#define NOTICE_MAX (32u << 10) /* of an incident: four texts of the office's and our own words */
#define OUTREACH_KEY 32u
#define AWAITS_MAX 4u
#define DAY_MS (24 * 3600 * 1000LL)

enum channel_kind {
    CHANNEL_SMS = WAY_SMS,
    CHANNEL_EMAIL = WAY_EMAIL,
    CHANNEL_PUSH = WAY_PUSH,
    CHANNEL_LETTER = WAY_LETTER,
    CHANNEL_KIND_COUNT = WAY_COUNT,
    CHANNEL_CALLS = WISH_CALLS, /* by a person: the patient has words on them; no message goes so */
    CHANNEL_WORDS
};
str channel_name(enum channel_kind k);
bool channel_parse(str name, enum channel_kind *ret);
/* The setting that names its providers; where its messages wait, those of a campaign apart; the
 * status of a message that was handed over. */
const char *channel_setting(enum channel_kind k);
str channel_queue(struct op *op, enum channel_kind k, str campaign);
const char *channel_taken(enum channel_kind k);

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
struct recipient;
/* Fill {first}, {phone}, {clinic}; of a template {emergency}, too. r NULL: of nobody yet. */
str words_fill(struct op *op, const struct outreach *o, const char *text, const struct recipient *r,
               unsigned language);
str words_line(struct op *op, const struct outreach *o, enum line line, unsigned language);
str words_line_about(struct op *op, const struct outreach *o, enum line line, unsigned language,
                     str first);
/* In their language; {first} and {emergency} filled in: whom they call in danger where they are. */
str words_line_to(struct op *op, const struct outreach *o, enum line line,
                  const struct recipient *r, str first);
/* To a colleague: {first} is what, {link} our own worklist, where outreach.domain names a host. */
str words_line_staff(struct op *op, const struct outreach *o, enum line line, unsigned language,
                     str what);
/* probe.c: no patient, and nobody who gets a patient's messages, has this address. */
MUST err address_is_free(struct op *op, struct outreach *o, enum channel_kind k, str to, bool *ret);

/* ---- the patient as outreach sees one ---- */
#define ZONES_MAX 10
#define PLACES_MAX 8
struct consent_state {
    bool any, permit; /* newest word of the patient for this channel; permit false = revoked */
    bool care, appointment, marketing, written;
    bool changed;   /* its evidence has no longer the hash that was made of it */
    str id, number; /* Consent behind it; the number it was given for, empty = any */
    str helper;     /* RelatedPerson/id whom it names to get the messages; or empty */
};
struct recipient {
    str id, first, language;
    struct json *patient;
    /* phone, mail, the portal's account, lines of a postal address */
    str address[CHANNEL_KIND_COUNT];
    enum channel_kind preferred;
    bool deceased, minor;
    str line_type, reassigned; /* "wireless" …; "no" | "yes" | "no_data"; empty unknown */
    int64_t reassigned_at;
    str suppressed; /* why no mail goes to their address: "bounce", "complaint"; or empty */
    str zones[ZONES_MAX], places[PLACES_MAX]; /* every plausible one: "US-TX", "GB" */
    size_t n_zones, n_places;
    bool lost;      /* there are more than fit: nobody knows the place */
    bool elsewhere; /* the number is of a country of which we know nothing */
    str state, country;
    struct wishes wishes;
    struct calls_about calls;
    bool confidential;   /* reached in one way only: */
    str confidential_to; /* that address or number */
    str helper;          /* RelatedPerson/id that a contact Consent names to get the messages */
    const struct recipient *aide; /* the same, or one who said stop; read like a patient, `to` is
                                   * who; NULL: not there any more */
    str to, to_name;              /* after recipient_route(): who gets it instead of the patient */
    bool proxy;                   /* a Consent names somebody who may act for them */
    struct consent_state consent[CHANNEL_WORDS];
    /* Of the newest permission, no, and word, holding or not; 0 never. */
    int64_t permitted_at[CHANNEL_WORDS], refused_at[CHANNEL_WORDS], said_at[CHANNEL_WORDS];
};
/* ---- facts_place.c: adds what is not in the list yet; false when the list is full ---- */
bool place_add(str *list, size_t *n, size_t max, str what);
void place_by_number(struct recipient *r, str number);
/* zone: of the address, where it says one; else all of its state's count. */
void place_by_address(struct op *op, struct recipient *r, str country, str state, str zone);
/* gdpr_applies, casl_applies: yes where any place, the number's country or the house's says so, no
 * where all are known and none does; else they stay unknown, which counts as yes. */
void place_law_facts(const struct outreach *o, const struct recipient *r, struct facts *f);
/* ---- lookup_http.c: by outreach.lookup; ERR_INVALID: there is no such provider ---- */
MUST err lookup_open(struct op *op, struct outreach *o);
/* Fills in what kind of line it is and whose, as far as it is known. */
MUST err lookup_number(struct op *op, struct outreach *o, struct recipient *r);
/* Nothing is known against the message, only its line is not known yet. */
bool lookup_missing(const struct outreach *o, const struct verdict *v);
/* ---- prefer_set.c ---- */
bool wishes_said(const struct outreach_wish *in);
/* The actor is that patient, signed in; ERR_FORBIDDEN. */
MUST err outreach_is_self(struct op *op, struct outreach *o, str patient);
/* A day ends where they are: r's zones, the latest of them. */
MUST err wishes_write(struct op *op, struct json *patient, const struct outreach_wish *in,
                      const struct recipient *r);
MUST err recipient_load(struct op *op, struct record *rec, str patient, struct recipient *ret);
/* ---- recipient_helper.c: the messages go to whom the patient named ---- */
bool recipient_in_use(const struct op *op, const struct json *element);
/* Name, telecom, language, places and zones of r->patient. */
void recipient_read_person(struct op *op, struct recipient *r);
MUST err recipient_find_helper(struct op *op, struct record *rec, struct recipient *r);
/* Where a message to them goes: their own, or that of whom they named; empty: nowhere. */
str recipient_address(const struct recipient *r, enum channel_kind k);
str recipient_no_mail(const struct recipient *r); /* why mail does not go there; empty: it does */
/* Their newest word about calls by a person, or of this purpose, is no. Without one people call. */
bool recipient_no_calls(const struct recipient *r, str purpose);
/* Whom they named can be told nothing: no address is there, or mail comes back. */
bool recipient_helper_lost(const struct recipient *r);
/* From here on r is reached as whom they named for this way, if they did. */
void recipient_route(struct recipient *r, enum channel_kind k);
/* Is this RelatedPerson heard in their place by this way: named, or was until they said stop? Then
 * r is theirs from here on. */
bool recipient_hears(struct recipient *r, enum channel_kind k, str helper);
/* Do they let themselves be written to there, and not somebody else instead? */
bool recipient_agrees(const struct recipient *r, enum channel_kind k);
str recipient_reference(struct op *op, const struct recipient *r); /* of Communication.recipient */
/* Does their newest word allow this way for the purpose? A letter needs none, but is not what comes
 * by itself after they refused another way. */
bool recipient_allows(const struct recipient *r, enum channel_kind k, str purpose);
/* The extension of an element; NULL: there is none. */
const struct json *extension_at(const struct json *element, str url);
bool codings_have(const struct json *codings, str system, str code);
/* A Consent's provision that names no channel is about all of them. */
bool consent_names(const struct json *provision, enum channel_kind k);
/* ---- mail_suppress.c: why no mail goes to a contact point; a patient's marks taken away ---- */
str mail_suppressed(const struct json *telecom);
void mail_lift(struct op *op, struct json *patient);
/* ---- prefer_link.c: a keyed sum, for links and return addresses ---- */
MUST err link_sum(struct op *op, const struct outreach *o, str body, unsigned char out[32]);
/* A token for the patient with this resource number: no right is asked, nothing noted. agrees: who
 * holds it may say yes, as only they do. */
MUST err link_token(struct op *op, const struct outreach *o, uint64_t patient, bool agrees,
                    str *ret);
/* The patient of a token; also one whose page closed, within the time that a click in a mail's
 * header may come. */
MUST err link_late(struct op *op, struct outreach *o, str token, str *ret_patient);

/* ---- a composed message ---- */
enum message_kind { KIND_CARE, KIND_STOPPED, KIND_HELP, KIND_STARTED };
struct message {
    enum message_kind kind;
    enum channel_kind channel;
    unsigned language;
    str language_tag, text, subject, to, purpose, template_code;
    /* who wants it sent: kept with the job, since the sender asks again later */
    str programme, campaign, subject_code, due_key; /* empty none */
    enum way_by by;                                 /* why this channel */
    str words; /* kept in the portal, when text only says that they are there; else empty */
    bool human, may_text, strong, answers, own;
    bool again;           /* it went by another way before, in vain */
    int64_t confirms;     /* of a confirmation of a stop: the newest word before it at the number */
    int64_t ended;        /* and the permission it ended, since when one is sent; 0: the newest */
    int64_t stopped_at;   /* of the opt-out a confirmation answers */
    str self;             /* its Communication, once there is one */
    struct record_tx *tx; /* that it will leave in, if the verdict lets it; NULL: only asked */
};
/* What left, or leaves: the words, or the notice that they are in the portal. */
str message_out(const struct json *communication);
/* r is routed: it stands for whom the patient named, if they did. */
MUST err message_compose(struct op *op, const struct outreach *o, struct recipient *r,
                         const struct outreach_draft *d, struct message *ret);
/* ERR_UNAVAILABLE when the ledger has not come to where the record was at the start, after ms. */
MUST err ledger_known(struct op *op, const struct outreach *o, int64_t ms);
MUST err message_facts(struct op *op, const struct outreach *o, const struct recipient *r,
                       const struct ledger_counts *l, const struct message *m, struct facts **ret);
/* Of any contact, whatever is said in it: what came before, where they may be, what they wish, what
 * time it is there. */
struct contact {
    const struct recipient *r;
    const struct ledger_counts *l;
    const struct message *m;
    uint64_t triggers;
};
MUST err contact_facts(struct op *op, const struct outreach *o, const struct contact *c,
                       struct facts *f);
/* The strictest answer of all places where they may be, and the end of a hold. */
MUST err contact_decide(struct op *op, const struct outreach *o, const struct contact *c,
                        struct facts *f, struct verdict *ret);
/* Why this channel, in one sentence: "letter: it is the only one they allow". */
str message_because(struct op *op, const struct message *m, unsigned language);
/* What the trail keeps of a decision: the verdict, what was asked and the facts, so that another
 * rule can be tried on it. */
struct json *message_trace(struct op *op, const struct message *m, const struct facts *facts,
                           const struct verdict *v);
/* Facts, verdict and the end of a hold. ERR_UNAVAILABLE while nobody knows the counts. */
MUST err message_decide(struct op *op, struct outreach *o, const struct recipient *r,
                        const struct message *m, struct facts **ret_facts, struct verdict *ret);
/* Communication + outbox job in tx. *ret_id is the Communication. */
MUST err message_queue(struct record_tx *tx, struct op *op, const struct outreach *o,
                       const struct recipient *r, const struct message *m,
                       const struct outreach_draft *d, int64_t due, str *ret_id);
uint64_t message_triggers(enum channel_kind k);
/* The line that says how to stop. */
enum line message_ends(enum channel_kind k);

/* ---- channels ---- */
enum sent {
    SENT_OK,
    SENT_LATER,   /* definitely not sent */
    SENT_NEVER,   /* refused for good */
    SENT_UNKNOWN, /* may have been sent */
    SENT_OPTED_OUT,
    SENT_NO_ADDRESS, /* refused for good: the address is not there */
    SENT_STOPPED,    /* not sent: its campaign was stopped */
    SENT_KIND_COUNT
};
struct parcel {
    str id; /* of the Communication: the idempotency key */
    str to, from, text, subject, language, campaign;
    enum message_kind kind;
    bool human;        /* a person wrote it */
    bool helper;       /* it goes to whom the patient named, not to the patient */
    unsigned attempt;  /* of an e-mail that came back for now */
    str patient, mark; /* of their newest stop or start when the verdict was made */
    int64_t expires;
    int64_t until; /* monotonic ms: its verdict is too old then, or it is too late; 0 never */
    /* what came of it, in op->arena; SENT_LATER until a provider says otherwise */
    enum sent result;
    str provider_id; /* one, or several by blanks */
    str code;        /* the provider's error code, never personal */
};
struct provider;
struct channel {
    const char *name; /* of the configuration: "twilio", "smtp", "screen" */
    enum channel_kind kind;
    bool repeatable; /* a second hand-over with the same id is harmless */
    size_t batch;    /* how many at once */
    /* Asks parcel_may_go() before each. */
    void (*send)(struct op *op, struct provider *via, struct parcel *const *parcels, size_t n);
    size_t (*count)(const struct outreach *o); /* providers of it; NULL: one */
    err (*start)(struct op *op, struct provider *p);
    void (*stop)(struct provider *p);
};
extern const struct channel CHANNEL_TWILIO, CHANNEL_SMPP, CHANNEL_KANNEL, CHANNEL_SMTP,
    CHANNEL_SCREEN_SMS, CHANNEL_SCREEN_EMAIL, CHANNEL_PRINT, CHANNEL_WEBPUSH;
/* One after the other. */
void channel_each(struct op *op, struct provider *via, struct parcel *const *parcels, size_t n,
                  enum sent (*one)(struct op *op, const struct outreach *o, struct parcel *p));

/* ---- request_http.c ---- */
struct request {
    str url, body;      /* body.p NULL: a GET */
    str user, password; /* basic authentication; user empty: none */
    const str *headers; /* "Name: value" */
    size_t n_headers;
    long ms; /* for all of it */
};
struct response {
    long status;      /* 0: no answer came, then `broken` says whether it may have been taken */
    enum sent broken; /* SENT_LATER or SENT_UNKNOWN */
    int error;        /* of libcurl; 0: the answer is whole */
    str body;
};
void request_http(struct op *op, const struct request *rq, struct response *ret);

#define PROVIDERS_MAX 8u
struct provider {
    const struct channel *channel;
    struct outreach *o;
    size_t number; /* of those of its channel */
    void *link;    /* the channel's own */
    unsigned failures;
    int64_t rest, closed_until; /* 0: it takes messages */
};
struct provider_list {
    struct provider at[PROVIDERS_MAX];
    size_t n;
};
MUST err provider_open(struct op *op, struct outreach *o);
MUST err provider_start(struct op *op, struct outreach *o);
void provider_stop(struct outreach *o);
bool provider_any(const struct outreach *o, enum channel_kind k);
bool provider_repeatable(const struct outreach *o, enum channel_kind k);
size_t provider_batch(const struct outreach *o, enum channel_kind k);
/* Parcels of one channel, by the providers in their order. */
void provider_send(struct op *op, struct outreach *o, enum channel_kind k, struct parcel *all,
                   size_t n);

/* ---- our numbers ---- */
#define BUCKETS_MAX 32u
struct bucket {
    str number;
    int64_t tokens, at; /* thousandths; of the last refill */
    uint64_t day, sent;
    bool changed;
};
MUST err bucket_open(struct op *op, struct outreach *o);
str bucket_number(const struct outreach *o, str patient);
/* How many may leave now. */
int64_t bucket_room(struct outreach *o, enum channel_kind k, int64_t now);
/* False: not before *ret_free. */
bool bucket_take(struct outreach *o, enum channel_kind k, str patient, int64_t now,
                 int64_t *ret_free);
/* With the submits of a transaction: the day's count. */
void bucket_put(struct record_tx *tx, struct op *op, struct outreach *o, str patient);

/* ---- lanes ---- */
#define LANE_LEASE_MS 60000
#define STOPS_MAX 256u
#define CAMPAIGN_STOPPED "the campaign was stopped before it left"
#define TAKEN_BACK "taken back by the sender"
struct lane_jobs {
    struct record_job *jobs;
    size_t n, max;
};
/* Drafts of these campaigns (empty: none) come in tx; ERR_UNPROCESSABLE when one was stopped. */
MUST err lane_join(struct record_tx *tx, struct op *op, struct outreach *o, const str *campaigns,
                   size_t n);
/* tx fails when the campaign was stopped. */
void lane_guard(struct record_tx *tx, struct op *op, str campaign);
MUST err lane_stopped(struct op *op, struct outreach *o, str campaign, bool *ret);
/* Due jobs, care first. */
MUST err lane_take(struct op *op, struct outreach *o, enum channel_kind k, size_t max,
                   struct lane_jobs *ret);
bool parcel_may_go(struct outreach *o, const struct parcel *p);
bool parcel_too_late(const struct parcel *p);
/* They said stop or start since the verdict, or it is too old: the rulebook is asked again. */
bool parcel_overtaken(struct op *op, struct outreach *o, enum channel_kind k,
                      const struct parcel *p);

/* ---- scanned.c: content_scan() of texts lately asked about; domain empty: none is ours ---- */
struct scanned;
struct scanned *scanned_new(void);
void scanned_free(struct scanned *s);
bool scanned_report(struct op *op, struct scanned *s, str domain, str text,
                    struct content_report *ret);

/* ---- own.c: the last commits of ours in which a follower of the feed has nothing to find ---- */
#define OWN_COMMITS 4096u
struct own_commits {
    _Atomic uint64_t t[OWN_COMMITS];
};
bool own_known(const struct own_commits *c, uint64_t t);
/* A moment for more to come, when a follower that has seen `seen` has caught up. */
void own_rest(const struct outreach *o, uint64_t seen, const _Atomic bool *stop);
#define OWN_WAYS 16u /* commits at once; nobody waits for one more */
struct own_way {
    _Atomic uint64_t since[OWN_WAYS]; /* t of before, and 1; 0: free */
};
/* Commits and notes it. counted: its Communications have the rows that the ledger's follower would
 * make; heard: nothing in it came back (silence_finds_nothing()). */
MUST err own_commit(struct record_tx *tx, struct outreach *o, bool counted, bool heard);
/* Until who committed up to t has noted it, or a moment. */
void own_settle(const struct outreach *o, uint64_t t, const _Atomic bool *stop);

/* ---- sender_turn.c: several threads of one channel take turns ---- */
struct aloft;
struct sender;
#define SENDER_MATES 3u /* besides the first; of texts alone */
void sender_init(struct sender *s, struct outreach *o, enum channel_kind k);
void sender_free(struct sender *s);
/* There is something to send now: the sender need not wait for its next look. */
void sender_wake(struct outreach *o, enum channel_kind k);

struct outreach {
    struct record *rec;
    const struct config *config;
    const struct lookup *lookup; /* how the kind of a line is asked for */
    str secret_sms, secret_lookup, secret_smtp, secret_smpp, secret_kannel, secret_kannel_password,
        secret_intake;              /* heap */
    char receipt_key[OUTREACH_KEY]; /* of Kannel's receipts: ours alone, in no address */
    struct sender {
        struct outreach *o;
        enum channel_kind channel;
        struct loop loop, mates[SENDER_MATES];
        pthread_mutex_t takes, decides, hands; /* the turns of a step (sender.c) */
        pthread_mutex_t line;                  /* who has the providers (sender_route.c) */
        pthread_mutex_t bell;                  /* guards the rest (sender_turn.c) */
        pthread_cond_t rung;
        bool fresh, plenty;
        const struct aloft *aloft[SENDER_MATES + 1];
    } senders[CHANNEL_KIND_COUNT];
    _Atomic bool notices; /* some may be asked for: seen in the feed, or of before the start */
    struct provider_list providers[CHANNEL_KIND_COUNT];
    struct shelf *shelf;
    struct scanned *scanned;
    struct mail_dkim *dkim; /* NULL: mail is not signed */
    _Atomic int handing;    /* results are on their way: receipts without a message wait for them */
    pthread_mutex_t bucket_lock;
    struct bucket buckets[BUCKETS_MAX];
    size_t n_buckets;
    int64_t rate, burst, per_day;                     /* of each number; 0: none */
    _Atomic int64_t lookup_rest, lookup_closed_until; /* monotonic ms: whose numbers are is asked */
    size_t lane_turn[CHANNEL_KIND_COUNT];
    int64_t lane_looked[CHANNEL_KIND_COUNT];
    pthread_mutex_t stops_lock; /* guards the three */
    uint64_t stops[STOPS_MAX];  /* campaigns stopped since the start */
    size_t n_stops, stop_at;
    struct loop requests; /* request.c: the two are its thread's alone */
    uint64_t request_cursor, request_seen;
    bool request_known, retention_begun;
    struct loop follower;
    _Atomic uint64_t ledger_t;      /* the follower of the ledger has seen this */
    struct own_commits ledger_done; /* their rows are in them */
    struct own_commits silent_none; /* what they changed did not come back (silence.c) */
    struct own_way own_way;
    uint64_t silent_tried; /* the last message that the follower looked at, how often in a row */
    unsigned silent_tries;
    pthread_mutex_t words_lock; /* guards the two */
    struct {
        outreach_awaits_fn *ask;
        void *ctx;
    } awaits[AWAITS_MAX];
    size_t n_awaits;
    uint64_t ledger_from; /* where the record was when it started: until then nothing counts */
};

/* probe.c: tests that wait for this channel. */
MUST err probe_step(struct op *op, struct outreach *o, enum channel_kind k, size_t *ret_n);
/* notice.c: what incidents ask to be mailed. *ret_n: how many were taken up. */
MUST err notice_step(struct op *op, struct outreach *o, size_t *ret_n);
/* Named value that stands between sending and taking back: free, "out" or "undone". Whoever commits
 * it first wins, the other's transaction fails. *ret: as it is, which tx then expects. */
MUST err message_gate_now(struct record_tx *tx, struct op *op, str communication, str *ret);
void message_gate_set(struct record_tx *tx, struct op *op, str communication, str value);
/* Named value of a mail that left: its job, without the address, in case it comes back for now. */
str mail_again_key(struct op *op, str communication);
/* ---- receipts ---- */
enum receipt_means {
    MEANS_NOTHING,
    MEANS_TAKEN,
    MEANS_DELIVERED,
    MEANS_FAILED,
    /* of mail, which nobody confirms: what was handed over is taken for delivered until it returns
     */
    MEANS_RETURNED, /* for good */
    MEANS_GONE,     /* for good: the address is not there */
    MEANS_AGAIN,    /* for now: it is sent once more */
    MEANS_READ      /* somebody looked at it (read.c) */
};
enum receipt_means receipt_means(str vocabulary, str word);
/* The next status of a Communication; NULL: it stays. */
const char *receipt_move(str from, enum receipt_means means);
/* Moves a Communication on; false: it stays as it is. */
bool receipt_apply(struct op *op, struct json *communication, enum receipt_means means, str error);
/* ---- read.c: the mark on a Communication ---- */
struct read_mark {
    int64_t at;
    str how; /* "portal", "link" or "receipt" */
};
bool read_find(const struct json *communication, struct read_mark *ret);
struct read_by {
    const struct json *who; /* Reference; NULL: it is not known */
    str how;
    size_t n; /* marked so far in this transaction */
};
/* Marks it, and moves it on; false: it was marked before, or has not left. */
bool read_apply(struct op *op, struct json *communication, const struct read_by *by);
struct job;
/* Many at once; ret: of each whether it is in the record. */
void receipt_many(struct op *op, struct outreach *o, const struct outreach_receipt *rs, size_t n,
                  err *ret);
enum slot_state { SLOT_FREE, SLOT_WAITING, SLOT_CLAIMED, SLOT_DONE };
struct receipt_slot {
    char id[65], word[17], error[17]; /* word of "smpp" */
    enum slot_state state;
    int64_t since; /* monotonic ms */
    const void *owner;
    uint64_t generation; /* of the connection that brought it */
    uint32_t sequence;
};
struct shelf;
struct shelf *shelf_new(void);
void shelf_free(struct shelf *s);
/* False: full; the connection waits. */
bool shelf_put(struct shelf *s, const struct receipt_slot *r);
size_t shelf_room(struct shelf *s);
/* The sender takes the receipt of a result it is about to write, and says whether it was. */
bool shelf_claim(struct shelf *s, str id, struct receipt_slot *ret);
void shelf_claimed(struct shelf *s, str id, bool written);
/* Takes off the shelf what an owner has of: written with a result (SLOT_DONE); waiting with a known
 * message, or since before. */
size_t shelf_take(struct shelf *s, const void *owner, int64_t before, struct receipt_slot *ret,
                  size_t max);
void shelf_know(struct shelf *s, str provider_id, str communication);
str shelf_find(struct shelf *s, struct arena *a, str provider_id);
/* Before results are written: receipts that are here already become part of them. */
void receipt_claim(struct op *op, struct outreach *o, struct job *const *jobs, size_t n);
/* After results were written: receipts that were quicker than our note of the provider's id. */
void receipt_settle(struct op *op, struct outreach *o, struct job *const *jobs, size_t n);

/* One spelling of a number. */
static inline str phone_plain(struct op *op, str number)
{
    return phone_plain_number(op->arena, number);
}
/* How an address is looked for: "tel:+13125550143" or "mailto:a@example.org". */
str address_key(struct op *op, enum channel_kind k, str address);

/* Words from shared numbers whose question stayed without an answer, or whose release was cut
 * short: *ret_n handled (inbound_who.c). */
MUST err who_step(struct op *op, struct outreach *o, size_t *ret_n);

/* The sender's one step for a channel: a batch of due jobs. *ret_n: how many were handled. */
MUST err sender_step(struct op *op, struct outreach *o, enum channel_kind k, size_t *ret_n);
/* A key of the room by name, made when it is asked for first and kept with the sealed values. */
MUST err outreach_key(struct op *op, struct record *rec, str name, str *ret);
struct stop_word {
    bool stop;    /* else start */
    str number;   /* the address it came from: a permission holds for it alone; may be empty */
    str evidence; /* what was said */
    str by;       /* RelatedPerson/id who said it in their place; empty: themselves */
    /* of a consent as it was captured; else empty: care and appointments, no end, not written */
    const str *purposes;
    size_t n_purposes;
    int64_t until;
    bool written;
    /* the evidence, hashed and kept with the Consent */
    str how;   /* "written", "oral", "web", "keypad"; empty: in a message */
    str words; /* whole; empty: those of evidence */
    str type, language, ends;
    const str *elements;
    size_t n_elements;
    const struct rulebook *book; /* says how long it is kept (TCPA-CON-09); NULL: the catalogue */
    str *ret_hash;               /* SHA-256 of the words, NULL: not asked */
};
/* What a word is about, as Consents name it: a channel_name(), or "voice" (CHANNEL_CALLS). */
str word_about(enum channel_kind k);
bool word_about_parse(str name, enum channel_kind *ret);
/* The number or address it is of; calls go to the number that texts go to. */
str word_address(const struct recipient *r, enum channel_kind k);
/* Records the patient's "stop" (or "start") for a channel or for calls: a Consent in tx. */
MUST err stop_record(struct record_tx *tx, struct op *op, const struct recipient *r,
                     enum channel_kind k, const struct stop_word *word);
MUST err stop_record_as(struct record_tx *tx, struct op *op, const struct recipient *r,
                        enum channel_kind k, const struct stop_word *word, str *ret_id);
/* Part 2 (42 CFR 2.31): a form that nothing here reads as a permission, of contact or of sharing; a
 * provision without type says nothing (record/consent_rule.c). */
MUST err stop_record_part2(struct record_tx *tx, struct op *op, const struct recipient *r,
                           const struct stop_word *word, str *ret_id);
/* About calls of the topics that are word->purposes (prefer.h: calls_about). */
MUST err stop_record_topics(struct record_tx *tx, struct op *op, const struct recipient *r,
                            const struct stop_word *word, str *ret_id);
/* The evidence in a Consent has the hash that was made of it; so has one that came without any. */
bool stop_intact(struct op *op, const struct json *consent);
/* The mark of the newest such word, empty when there was none; and: tx fails (ERR_CONFLICT) when
 * another came since. Between the last verdict and the hand-over nobody's STOP is overtaken. */
MUST err stop_mark(struct op *op, struct record *rec, str patient, enum channel_kind k, str *ret);
void stop_guard(struct record_tx *tx, struct op *op, str patient, enum channel_kind k, str mark);
bool hmac_sha1_base64(str key, str text, char out[29]);
const struct actor *outreach_system(void);
/* request.c: sends what other rooms ask for in the change feed. */
MUST err request_start(struct op *op, struct outreach *o);

#endif
