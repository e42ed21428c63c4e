/* The partners room: what leaves for systems that are not ours. Now: FHIR Subscriptions, R4's own
 * and the R5 back-port (http://hl7.org/fhir/uv/subscriptions-backport, STU 1.1): a follower of the
 * change feed writes each subscription's numbered events; a courier carries them out, in order per
 * subscription, signed, and tries for days. The events are on disk before anything is sent and stay
 * until they were delivered, so that nothing is lost and a receiver can ask for them again.
 *
 * A subscription sees what the account that wrote it may see, asked at the match and again at
 * sending. Threads: partners_start() runs a follower and a courier; the doors are called from any
 * thread, each with its own op; results live in op->arena. */
#ifndef WEFT_PARTNERS_H
#define WEFT_PARTNERS_H

#include "base/config.h"
#include "identity/identity.h"
#include "record/record.h"

struct partners;
/* Makes the signing key on first use. ERR_INVALID: a setting of subscriptions.* is wrong. */
MUST err partners_new(struct op *op, struct record *rec, struct identity *id,
                      const struct config *config, struct partners **ret);
void partners_free(struct partners *p);
MUST err partners_start(struct op *op, struct partners *p);
void partners_stop(struct partners *p);

/* Could this Subscription or topic (a Basic of the back-port) ever work? Asked before it is
 * written, so that a wrong one is refused at once: ERR_UNPROCESSABLE naming the element. Other
 * types: OK. */
MUST err partners_check(struct op *op, struct partners *p, const struct json *resource);

/* $status: a searchset Bundle of SubscriptionStatus (R4: Parameters); ids of op->actor's
 * subscriptions, all it may read when n is 0. */
MUST err partners_status(struct op *op, struct partners *p, const str *ids, size_t n,
                         struct json **ret);
/* Which events: numbers since … until (until 0: the newest), at most 1000 a Bundle. content:
 * "empty", "id-only", "full-resource" or empty (as the subscription says). */
struct partners_span {
    uint64_t since, until;
    str content, type; /* type of the notification, e.g. query-event */
};
/* $events and the live channel. *ret_last: number of the last event in it. */
MUST err partners_events(struct op *op, struct partners *p, str id,
                         const struct partners_span *span, struct json **ret, uint64_t *ret_last);
/* Number of a subscription's newest event. Needs the right to read it. */
MUST err partners_newest(struct op *op, struct partners *p, str id, uint64_t *ret);
/* The key that notifications are signed with, base64 (Ed25519; Standard Webhooks "v1a"). */
str partners_key(const struct partners *p);

struct partners_stats {
    uint64_t cursor, behind, active, events, delivered, failed, waiting;
};
void partners_stats(const struct partners *p, struct partners_stats *ret);

#endif
