/* Inside of the partners room: a subscription as it is matched, its events on disk, the courier's
 * parcels. */
#ifndef WEFT_PARTNERS_INT_H
#define WEFT_PARTNERS_INT_H

#include "base/loop.h"
#include "base/vec.h"
#include "partners/partners.h"

#include <pthread.h>
#include <stdatomic.h>

#define PARTNERS_CURSOR "partners"
#define COURIER_QUEUE "subscription"
#define BACKPORT "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
#define R5_TOPIC "http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic."
#define SUBSCRIPTIONS_MAX 10000u
#define TRIGGERS_MAX 32u
#define HEADERS_MAX 8u
#define EVENTS_A_BUNDLE 1000u

/* ---- a subscription (subscription.c, topic.c) ---- */
enum channel_kind { CHANNEL_REST_HOOK, CHANNEL_EMAIL, CHANNEL_LIVE };
enum content { CONTENT_EMPTY, CONTENT_ID_ONLY, CONTENT_FULL };
enum interaction { ON_CREATE = 1, ON_UPDATE = 2, ON_DELETE = 4 };
struct topic_trigger {
    fhir_type type;
    unsigned interactions;                       /* bits of enum interaction */
    const struct fhir_query *previous, *current; /* NULL: any */
    bool both;                                   /* else one of them is enough */
    bool create_passes, delete_passes;           /* when there is no previous, no current */
    const struct fhir_path *path;                /* of %current, %previous; NULL: any */
};
struct subscription {
    str id, topic;
    uint64_t rid;
    uint32_t vid;
    enum channel_kind channel;
    bool backport, xml;
    str endpoint, mime; /* mime empty: no payload */
    str headers[HEADERS_MAX];
    size_t n_headers;
    enum content content;
    unsigned max_count, heartbeat_s, timeout_s;
    int64_t end;
    struct topic_trigger triggers[TRIGGERS_MAX];
    size_t n_triggers;
    /* backport: each of them must hold too, of the focus */
    const struct fhir_query *filters[TRIGGERS_MAX];
    size_t n_filters;
};
/* All of it in op->arena. ERR_UNPROCESSABLE naming the element. Topics are looked up in rec. */
MUST err subscription_read(struct op *op, struct partners *p, const struct json *resource,
                           struct subscription *ret);
/* Triggers of a topic by its canonical url: shipped ones first, then Basic resources. */
MUST err topic_find(struct op *op, struct partners *p, str url, struct subscription *s);
MUST err topic_check(struct op *op, struct partners *p, const struct json *basic);
/* "Type?query" to type and query. */
MUST err criteria_read(struct op *op, struct partners *p, str criteria, str path,
                       const struct fhir_query **ret);

/* ---- match.c ---- */
/* One change with what it changed, read once for all subscriptions. */
struct sight {
    const struct record_change *change;
    const struct actor *owner; /* of the subscription at hand */
    struct record_doc doc;     /* the version of the change; of a deletion the one before */
    struct json *now, *before;
    bool read, gone;
};
MUST err match_change(struct op *op, struct partners *p, const struct subscription *sub,
                      struct sight *s, bool *ret);

/* ---- events on disk (events.c) ----
 * kv sub/<rid>/tail: number of the newest event; sub/<rid>/head: what was delivered, and how the
 * delivery goes; sub/<rid>/<n>: one event. Each is written by one thread only: tail and events by
 * the follower, head by the courier. */
struct event {
    uint64_t number, rid;
    uint32_t vid;
    fhir_type type;
    int64_t at; /* ms */
    bool deleted;
};
struct head {
    uint64_t delivered, trying; /* trying: last event of the notification that failed */
    int64_t last_try, last_success, failing_since; /* 0: never, not failing */
    unsigned attempts;
    str error; /* what went wrong last, without content */
};
MUST err events_tail(struct op *op, struct partners *p, uint64_t rid, uint64_t *ret);
void events_add(struct record_tx *tx, struct op *op, uint64_t sub, const struct event *e);
void events_drop(struct record_tx *tx, struct op *op, uint64_t sub, uint64_t number);
MUST err events_read(struct op *op, struct partners *p, uint64_t sub, uint64_t from, uint64_t to,
                     struct event **ret, size_t *ret_n);
MUST err head_read(struct op *op, struct partners *p, uint64_t sub, struct head *ret);
void head_write(struct record_tx *tx, struct op *op, uint64_t sub, const struct head *h);
/* sub/<rid>/from: the t at which it was first asked for; 0 never. Written once. */
MUST err events_from(struct op *op, struct partners *p, uint64_t rid, uint64_t *ret);
MUST err events_begin(struct record_tx *tx, struct op *op, struct partners *p, uint64_t rid,
                      uint64_t t);
/* A note that the courier has a job for this subscription; at most one lies in the queue. */
str job_key(struct op *op, uint64_t sub);
MUST err job_put(struct record_tx *tx, struct op *op, struct partners *p, uint64_t sub,
                 const char *kind);

/* ---- notify.c ---- */
struct notification {
    const struct subscription *sub;
    const char *status; /* of the subscription */
    const char *type;   /* handshake, heartbeat, event-notification, query-status, query-event */
    uint64_t newest;    /* events-since-subscription-start */
    const struct event *events;
    size_t n;
    enum content content;
    str error; /* empty: none */
};
/* Bundle of type history; documents are read as op->actor: what it may not see has no focus. */
MUST err notify_bundle(struct op *op, struct partners *p, const struct notification *n,
                       struct json **ret);
MUST err notify_parameters(struct op *op, struct partners *p, const struct notification *n,
                           struct json **ret);
/* The version an event speaks of, as op->actor may see it; *ret_ok false: not. */
MUST err notify_doc(struct op *op, struct partners *p, const struct event *e,
                    struct record_doc *ret, bool *ret_ok);

/* ---- owner.c ---- */
/* The account that wrote the subscription, as it stands today, as an actor; ERR_FORBIDDEN when it
 * may do nothing any more. */
MUST err owner_of(struct op *op, struct partners *p, uint64_t rid, const struct actor **ret);

/* ---- the network: hook_http.c, mail_smtp.c ---- */
enum errand { ERRAND_EVENTS, ERRAND_HANDSHAKE, ERRAND_BEAT };
struct parcel {
    struct parcel *next;     /* of those under way */
    struct arena *arena;     /* its own; all below lives there; freed by who finishes it */
    uint64_t sub, job, upto; /* upto: delivered when it succeeds */
    enum errand errand;
    const struct event *events;
    size_t n;
    str url, method, type, body, id, mail_to, subject;
    str headers[HEADERS_MAX + 8];
    size_t n_headers;
    unsigned timeout_s;
    void *easy, *list; /* libcurl's */
    size_t sent;       /* of body, by mail */
    size_t answered;   /* bytes of the answer */
    long status;       /* HTTP or SMTP */
    str error;         /* empty: delivered */
};
struct courier_net;
MUST err courier_net_new(struct op *op, struct partners *p, struct courier_net **ret);
void courier_net_free(struct courier_net *n);
/* Starts a parcel; ERR_UNAVAILABLE when it cannot even begin. */
MUST err courier_net_send(struct op *op, struct courier_net *n, struct parcel *parcel);
/* Works for up to ms; *ret is a finished parcel or NULL. */
void courier_net_step(struct courier_net *n, int ms, struct parcel **ret);
/* Ends one that is under way; the caller frees it. */
void courier_net_drop(struct courier_net *n, struct parcel *parcel);
/* From any thread: there is something new to do. */
void courier_net_wake(struct courier_net *n);
void mail_prepare(struct partners *p, struct parcel *parcel);
/* May endpoints like this be reached at all? Asked at the write; the address is asked again when it
 * is connected to, so that a name cannot change its meaning in between. */
MUST err endpoint_check(struct op *op, struct partners *p, str url, str path);

/* ---- the parts in time ---- */
/* One step of the follower; *ret_n: changes seen. */
MUST err partners_step(struct op *op, struct partners *p, size_t *ret_n);
MUST err courier_step(struct op *op, struct partners *p);
/* Lets go of what is under way; it goes out again after the lease. */
void courier_stop(struct partners *p);
/* pack.c; *ret_nothing: there is nothing (any more) to be sent. */
MUST err pack_parcel(struct op *op, struct partners *p, const struct notification *n,
                     struct parcel *parcel, bool *ret_nothing);
/* sign.c */
MUST err sign_open(struct op *op, struct partners *p);
void sign_parcel(struct partners *p, struct parcel *parcel, int64_t now);

struct cached {
    struct arena *arena;
    struct subscription s;
    const struct actor *owner;
    uint64_t from;       /* only what was committed after this t is its business */
    struct cached *next; /* of the list */
};
struct partners {
    struct record *rec;
    struct identity *id;
    const struct config *config;
    struct courier_net *net;
    /* follower's own */
    struct cached *list;
    size_t n_cached;
    uint64_t customs; /* generation of posted search parameters that they were read with */
    bool loaded;
    uint64_t cursor, seen;
    bool cursor_known;
    /* courier's own */
    struct parcel *flying;
    size_t n_flying;
    uint8_t secret[64], public[32];
    char key[64];
    fhir_type t_subscription, t_basic;
    struct loop follower, courier;
    atomic_uint_fast64_t n_events, n_delivered, n_failed, n_active, n_waiting, at, behind;
};
const struct actor *partners_system(void);
/* Where others reach us, without a slash at the end. */
str partners_base(struct op *op, const struct partners *p);

#endif
