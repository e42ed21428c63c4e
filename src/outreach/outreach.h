/* The outreach room: messages to patients by the channel they prefer, only as the rulebook allows.
 * A draft is checked against the whole rulebook with facts gathered from the record; a permitted
 * message becomes a Communication and an outbox job in one transaction; a sender thread takes due
 * jobs, asks the rulebook again, and hands them to a channel; receipts and replies come back into
 * the record and the open case. Nothing is sent twice, nothing is lost, STOP ends contact at once.
 * Channels are tables of functions (sms over HTTP, e-mail over SMTP, the built-in screen). */
#ifndef WEFT_OUTREACH_H
#define WEFT_OUTREACH_H

#include "base/config.h"
#include "desk/desk.h"
#include "outreach/choose.h"
#include "outreach/prefer.h"

struct outreach;
struct record_tx;
/* Reads channel settings from the configuration (sms.*, smtp.*, outreach.*; see spec/config.csv).
 */
MUST err outreach_new(struct op *op, struct record *rec, const struct config *config,
                      struct outreach **ret);
void outreach_free(struct outreach *o);
/* Starts and stops the sender thread. */
MUST err outreach_start(struct op *op, struct outreach *o);
void outreach_stop(struct outreach *o);

struct outreach_draft {
    str patient;       /* Patient id */
    str task;          /* case it belongs to, or empty */
    str channel;       /* a way_name(), or "": chosen by way_choose() */
    enum way_by by;    /* why channel was named; ASKED: the sender wants it */
    bool urgent;       /* the fastest way, when none is named */
    str language;      /* BCP-47 or "" = the patient's */
    str template_code; /* row of spec/templates, or "" for free text */
    str text;          /* free text, or the edited template */
    str subject;       /* e-mail only */
    str purpose; /* "care" (default) | "appointment_or_exam_confirm_remind" | … of the rulebook */
    str key;     /* idempotency key of the client, required to send; same key = same answer */
    int64_t
        expires; /* ms; 0 = outreach.expiry_hours from now. Late messages are dropped, and said. */
    /* of a plan of contacts; each may be empty or 0 */
    str campaign;     /* PlanDefinition id: goes behind care, ends with outreach_stop_campaign() */
    str programme;    /* what the ledger counts it under */
    str subject_code; /* what it is about, for caps on one subject */
    str due_key;      /* with patient and purpose: at most one message ever */
    int64_t not_before; /* ms */
    bool answers;       /* what the patient wrote just now: a reply, though it is of a campaign */
    /* Of the patient's own affairs: to them, never to whom they named to get their messages. A
     * notice of an incident always is (45 CFR 164.404(d)(1)). */
    bool own;
    bool
        asks; /* an answer is awaited: without one it goes by another way, at last a person calls */
    bool portal; /* the words stay in the portal; a text or mail says only that they are there */
    /* Of what goes by another way (silence.c): the Communication before, and bit a way: tried. */
    str follows;
    unsigned used;
    /* CommunicationRequest of an incident that it carries out, under its label; or NULL */
    const struct json *asked;
};

struct outreach_preview {
    struct verdict verdict;
    str channel, to_masked, language;
    str recipient;     /* who gets it instead of the patient, by name; empty: the patient */
    str because[3];    /* why this channel: en, es, ar */
    str text, subject; /* as it would go, with identity and opt-out lines */
    str encoding;      /* "GSM-7" | "UCS-2", sms only */
    unsigned segments, characters;
    bool has_grade;
    double grade;        /* reading grade */
    int64_t send_at;     /* ms: now + undo window, or when the hold ends */
    struct facts *facts; /* what was known */
};

MUST err outreach_check(struct op *op, struct outreach *o, const struct outreach_draft *d,
                        struct outreach_preview *ret);
/* ERR_UNPROCESSABLE with one issue a refusing rule when the verdict is not allow or hold_until.
 * *ret is the Communication (status preparation until the undo window has passed). */
MUST err outreach_send(struct op *op, struct outreach *o, const struct outreach_draft *d,
                       struct record_result *ret);
/* Many drafts at once, decided one by one, kept in one transaction. Of each: OK and its
 * Communication (existed: the key or due_key was there before, nothing was added), or why not.
 * Each is decided by what was there before it, drafts of the same call too. n at most
 * OUTREACH_MANY. An error of its own: nothing was kept. */
#define OUTREACH_MANY 256u
#define OUTREACH_KEEP (16u << 20) /* memory of so many, for arena_keep() */
struct outreach_sent {
    err code;
    bool existed;
    str communication;
    str rule, why; /* of the first rule that refuses; empty when no rule did */
};
MUST err outreach_send_many(struct op *op, struct outreach *o, const struct outreach_draft *d,
                            size_t n, struct outreach_sent *ret);
/* The same inside the caller's transaction, for what must be there when somebody answers the words.
 * The caller commits; ERR_CONFLICT or ERR_PRECONDITION then: everything once more from the start.
 */
struct outreach_batch {
    const struct outreach_draft *drafts;
    size_t n;
    struct outreach_sent *sent; /* n of them */
};
MUST err outreach_put_many(struct record_tx *tx, struct op *op, struct outreach *o,
                           const struct outreach_batch *b);
/* The kill switch: from its return on nothing of the campaign is handed to a provider, also what a
 * worker holds already; what waits becomes not-done soon after. For good: a campaign that was
 * stopped takes no drafts. Who may is asked by the caller. */
MUST err outreach_stop_campaign(struct op *op, struct outreach *o, str campaign);
/* Within the undo window (outreach.undo_seconds, 10): the Communication becomes not-done. Later:
 * ERR_CONFLICT. */
MUST err outreach_undo(struct op *op, struct outreach *o, str communication,
                       struct record_result *ret);
/* The same of all that waits for the patient under keys that begin so, with the caller's tx;
 * *ret: what it was. What has just left stays. The caller begins again on ERR_CONFLICT or
 * ERR_PRECONDITION. */
struct outreach_waiting {
    str patient, prefix;
};
struct outreach_taken {
    str *keys;
    size_t n;
};
MUST err outreach_take_back(struct record_tx *tx, struct op *op, struct outreach *o,
                            const struct outreach_waiting *all, struct outreach_taken *ret);

/* How the patient wants to be reached; what is empty or SAME stays, "none" takes a wish away. For
 * the patient alone, signed in or by a link. */
enum outreach_word { WORD_SAME, WORD_YES, WORD_NO };
#define WISH_CALLS WAY_COUNT /* calls by a person: they need no yes, and a no ends them */
struct outreach_wish {
    str language; /* BCP 47, e.g. "es" */
    str first;    /* a number or address of Patient.telecom to be tried first */
    enum outreach_word by[WISH_CALLS + 1];
    str pause;                   /* until: a date or instant within a year */
    str quiet_from, quiet_until; /* local "21:00", "09:00" */
    str zone;                    /* IANA name */
    const struct wish_way *ways; /* the channel for each purpose that is named */
    size_t n_ways;
    const str *refused; /* topics not wanted, if said */
    size_t n_refused;
    bool topics_said;
    const str *no_calls; /* topics that nobody calls about, if said: the whole list */
    size_t n_no_calls;
    bool calls_said;
    bool takes_only; /* a no to a topic, or to calls about it, stays, whatever the list leaves out;
                      * a pause ends no sooner; quiet hours get no shorter, their zone stays */
};
/* {"language", "sms", "email", …, "voice", "pausedUntil", "quietFrom", "quietUntil", "zone",
 * "refused": [], "noCalls": [], "callsFull" (more of these than there is room for: none may come),
 * "ways": {purpose: channel}, "reach": [channels there is an address for]}; no name, no number. */
MUST err outreach_wishes(struct op *op, struct outreach *o, str patient, struct json **ret);
MUST err outreach_prefer(struct op *op, struct outreach *o, str patient,
                         const struct outreach_wish *w);

/* A message from a patient. Known by provider_id: a second delivery of the same is answered the
 * same and changes nothing. */
struct outreach_inbound {
    str channel, from, to, text, provider_id;
    bool again;    /* perhaps only delivered again: what it asks is done, and not answered */
    bool unproven; /* anybody can write this sender: what begins contact again is not obeyed */
    bool guessed;  /* the provider has no ids: whether it came before is told by its words */
};
struct outreach_inbound_result {
    bool duplicate, stopped, matched; /* matched: a patient was found */
    bool outlived; /* a duplicate by a guess, of a stop: they permitted it again since */
    str communication;
};
/* A shared number's words wait until it is known whose they are: the same answer as for kept words,
 * without a Communication. */
MUST err outreach_inbound(struct op *op, struct outreach *o, const struct outreach_inbound *in,
                          struct outreach_inbound_result *ret);
/* Does a plan of contacts or a survey await these words? What none awaits and no open case takes up
 * is a case of its own. At most 4 at a time; asked as the system. After _off_ nobody is asked any
 * more with ctx. o may be NULL. */
struct outreach_words {
    str patient;
    str answers; /* our newest Communication to them, or empty */
    str text;
};
typedef err outreach_awaits_fn(struct op *op, void *ctx, const struct outreach_words *w, bool *ret);
void outreach_on_words(struct outreach *o, outreach_awaits_fn *awaits, void *ctx);
void outreach_off_words(struct outreach *o, void *ctx);
/* Delivery receipt. Any order, any number of times: a message never moves backwards; what comes
 * before the message's own result is kept for it. */
struct outreach_receipt {
    str vocabulary;    /* of spec/outreach/receipts.csv: "twilio", "smpp", "kannel" */
    str provider_id;   /* the provider's of the message */
    str communication; /* ours of it, when the provider gives it back; may be empty */
    str word, error;   /* its state and a code */
};
MUST err outreach_receipt(struct op *op, struct outreach *o, const struct outreach_receipt *r);
/* Twilio request signature: base64(HMAC-SHA1(token, url + sorted name value pairs)). Constant time.
 */
bool outreach_signature_ok(const struct outreach *o, str url, const str *names, const str *values,
                           size_t n, str signature);

/* Does the token of a receipt from Kannel belong to our id of the message; with an empty id: is it
 * the key that messages come with? Constant time. */
bool outreach_kannel_ok(const struct outreach *o, str id, str token);

/* Do messages go to the built-in screen (demonstrations)? */
bool outreach_screen_there(const struct outreach *o);
/* What the built-in screen shows: newest first. JSON array of {id, channel, to, from, subject,
 * text, direction, time, status}. Only when the screen channel is configured. */
MUST err outreach_screen(struct op *op, struct outreach *o, size_t max, struct json **ret);

struct outreach_template {
    str code, purpose, channel, language, title, text, subject;
};
MUST err outreach_templates(struct op *op, struct outreach *o, str language,
                            struct outreach_template **ret, size_t *ret_n);

/* A link that opens this one task without signing in, for a week: hex of patient, end and a keyed
 * sum; it tells nobody's name. Needs the right to read the patient. */
MUST err outreach_wish_link(struct op *op, struct outreach *o, str patient, str *ret_token,
                            int64_t *ret_until);
/* Whose wishes they are; ERR_NOT_FOUND for any other token, ERR_GONE for one that is over. */
/* *ret_agrees: it may say yes to a channel; one that staff made takes away only. */
MUST err outreach_wish_open(struct op *op, struct outreach *o, str token, str *ret_patient,
                            bool *ret_agrees);
MUST err outreach_wish_by_link(struct op *op, struct outreach *o, str token,
                               const struct outreach_wish *w);
/* One click in a mail (RFC 8058): e-mail ends. Works for sixty days; twice is once. */
MUST err outreach_unsubscribe(struct op *op, struct outreach *o, str token);

#endif
