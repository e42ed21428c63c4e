/* Private to the SMPP channel: one client of one message centre, shared by three threads: the
 * sender's (posts a batch and waits), the client's own (sockets), and the intake's (receipts and
 * messages into the record). */
#ifndef WEFT_OUTREACH_CHANNEL_SMS_SMPP_INT_H
#define WEFT_OUTREACH_CHANNEL_SMS_SMPP_INT_H

#include "net/smpp.h"
#include "net/sms_text.h"
#include "net/wire.h"
#include "outreach/outreach_int.h"

/* A message on its way over the link. */
struct flight {
    struct parcel *parcel;
    struct sms_parts parts;
    struct smpp_message base;
    uint16_t todo;         /* parts not handed over */
    uint8_t out, accepted; /* without an answer; taken by the centre */
    bool later, refused, unknown, stopped, done;
    uint32_t status; /* the last that was not OK */
    char ids[SMS_PARTS_MAX][66];
};

#define MO_MAX 64u
#define MO_TEXT_MAX 4096u
struct mo {
    char from[32], to[32];
    uint8_t coding, esm, sar_total, sar_number;
    uint16_t sar_ref;
    size_t n;
    uint64_t generation;
    uint32_t sequence;
    bool early; /* soon after its connection began: it may be a repetition */
    char text[MO_TEXT_MAX];
};

#define SMPP_ACKED_MAX 64u
#define EARLY_MS 60000 /* within it a centre brings again what it was not told of */

struct session {
    struct smpp_client *client;
    enum smpp_command bind;
    struct arena *arena;
    struct wire *wire;
    struct smpp_link *link;
    bool open;
    int64_t retry_at, rest, began;
    uint64_t generation, shown; /* of a link that is gone: smpp_link_shown() */
};

/* The centre was told that we have this message, and nobody knows yet whether it heard that. */
struct told {
    uint64_t mark, generation, asked;
};

struct smpp_client {
    struct outreach *o;
    struct wire_to to;
    enum smpp_ids ids;
    uint8_t alphabet; /* of data_coding 0 */
    pthread_t thread, intake;
    bool running, taking;
    int wake; /* eventfd */
    struct session sessions[2];
    size_t n_sessions;
    pthread_mutex_t lock; /* guards links, flights and mo */
    pthread_cond_t done;
    struct flight *flights;
    size_t n, first, left;
    int64_t until;
    struct mo *mo;
    size_t mo_at, n_mo;
    uint64_t generations;
    /* of the intake: the message at hand, those the centre knows we have, not noted yet, and those
     * it was told of */
    uint64_t mark, acked[SMPP_ACKED_MAX];
    size_t n_acked;
    struct told told[SMPP_ACKED_MAX];
    size_t n_told;
    uint8_t ref;             /* joins the parts of a message */
    _Atomic bool stop, over; /* over: its thread has said goodbye */
};

void *smpp_client_run(void *ctx);
void *smpp_intake_run(void *ctx);
void smpp_client_wake(struct smpp_client *c);
/* Under the lock: hands over what the links take, ends what cannot go. */
void smpp_flights_pump(struct smpp_client *c, int64_t now);
void smpp_flights_heard(struct smpp_client *c, const struct smpp_event *e);
/* Our answers to deliveries. */
struct smpp_ack {
    uint64_t generation;
    uint32_t sequence, status;
};
/* False: the line of one is gone, and it will come again. *ret_asked: smpp_link_asked() of the
 * last; may be NULL. */
bool smpp_client_ack(struct smpp_client *c, const struct smpp_ack *acks, size_t n,
                     uint64_t *ret_asked);
enum smpp_shown { SMPP_NOT_YET, SMPP_SHOWN, SMPP_NEVER };
/* Did the centre hear it? The connection is asked to show it. */
enum smpp_shown smpp_client_shown(struct smpp_client *c, const struct told *t);
MUST err smpp_mo_take(struct op *op, struct smpp_client *c, const struct mo *m);
/* The centre knows that we have the message taken last. */
void smpp_mo_acked(struct smpp_client *c);

#endif
