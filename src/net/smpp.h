/* SMPP 3.4 (SMPP Developers Forum, issue 1.2): protocol data units to and from bytes, and the life
 * of one connection of a client (smpp_link): bind, window, enquiries, time limits, throttling.
 * Neither has a socket or a clock: bytes and instants are given, so that all of it is tested
 * exactly. What a peer sends is bounded and never trusted. One thread at a time. */
#ifndef WEFT_NET_SMPP_H
#define WEFT_NET_SMPP_H

#include "base/buf.h"

enum smpp_command {
    SMPP_BIND_RECEIVER = 0x1,
    SMPP_BIND_TRANSMITTER = 0x2,
    SMPP_SUBMIT_SM = 0x4,
    SMPP_DELIVER_SM = 0x5,
    SMPP_UNBIND = 0x6,
    SMPP_BIND_TRANSCEIVER = 0x9,
    SMPP_ENQUIRE_LINK = 0x15
};
#define SMPP_RESP 0x80000000u /* of a command: its answer; alone: generic_nack */
/* command_status, 5.1.3 */
#define SMPP_OK 0x00u
#define SMPP_BAD_COMMAND 0x03u
#define SMPP_WRONG_STATE 0x04u
#define SMPP_SYSTEM_ERROR 0x08u
#define SMPP_QUEUE_FULL 0x14u
#define SMPP_THROTTLED 0x58u
#define SMPP_TRY_LATER 0x64u /* ESME_RX_T_APPN: we cannot take it now, deliver it again */

#define SMPP_PDU_MAX (66u << 10) /* a message_payload of 64 KiB and what is around it */
struct smpp_pdu {
    uint32_t command, status, sequence;
    str body;
};
enum smpp_taken { SMPP_TAKEN, SMPP_MORE, SMPP_BROKEN };
/* Takes one unit off *in; its body is a slice of it. SMPP_MORE: not all of it is there yet.
 * SMPP_BROKEN: a length that cannot be; the connection is to end. */
enum smpp_taken smpp_take(str *in, struct smpp_pdu *ret);
/* command_length, command_id, … and the body. */
void smpp_put(struct buf *out, const struct smpp_pdu *p);

struct smpp_bind {
    str system_id, password, system_type, range;
    uint8_t ton, npi;
};
bool smpp_read_bind(str body, struct smpp_bind *ret);
void smpp_write_bind(struct buf *out, uint32_t command, uint32_t sequence,
                     const struct smpp_bind *b);
/* The one C-octet string of an answer: system_id or message_id; also of an absent body (empty). */
bool smpp_read_id(str body, str *ret);
void smpp_write_id(struct buf *out, const struct smpp_pdu *head, str id);

/* submit_sm and deliver_sm. */
#define SMPP_ESM_RECEIPT 0x04u
#define SMPP_ESM_HEADER 0x40u /* the text begins with a user data header */
struct smpp_message {
    str service, from, to, validity;
    uint8_t from_ton, from_npi, to_ton, to_npi;
    uint8_t esm, protocol, priority, registered, coding;
    str text; /* short_message, or message_payload (0x0424) */
    /* optional parameters of receipts */
    str receipted; /* 0x001E */
    uint8_t state; /* 0x0427; 0 absent */
    str error;     /* 0x0423: network type and code, 3 octets */
    /* parts by parameters instead of a header: 0x020C, 0x020E, 0x020F */
    uint16_t sar_ref;
    uint8_t sar_total, sar_number;
};
bool smpp_read_message(str body, struct smpp_message *ret);
void smpp_write_message(struct buf *out, uint32_t command, uint32_t sequence,
                        const struct smpp_message *m);

/* A delivery receipt: by its parameters (5.3.2.12, 5.3.2.35), else by its text (Appendix B:
 * "id:… stat:… err:…"). Of each what is there. */
struct smpp_receipt {
    str id;        /* message_id */
    bool by_text;  /* the id comes from the text: some centres write it in another base there */
    str word, err; /* DELIVRD, EXPIRED, … and a code; may be empty */
};
bool smpp_read_receipt(const struct smpp_message *m, struct smpp_receipt *ret);

/* How an id in the text of a receipt is written, compared with submit_sm_resp. */
enum smpp_ids { SMPP_IDS_SAME, SMPP_IDS_DECIMAL, SMPP_IDS_HEX };
/* The id as submit_sm_resp gave it: of a decimal receipt the hexadecimal and the other way round.
 * smpp_id_kept() is the spelling under which an id of submit_sm_resp is kept for that. Both give
 * the id unchanged when it is no such number. out: at least 32 octets. */
str smpp_id_kept(str id, enum smpp_ids ids, char out[32]);
str smpp_id_of_receipt(str id, enum smpp_ids ids, char out[32]);

/* ---- one connection ---- */
struct smpp_link;
struct smpp_link_config {
    enum smpp_command bind; /* SMPP_BIND_… */
    struct smpp_bind who;   /* slices outlive the link */
    unsigned window;        /* messages without an answer at once, 1 to SMPP_WINDOW_MAX */
    int64_t enquire_ms;     /* quiet for so long: enquire_link */
    int64_t answer_ms;      /* no answer for so long: it is not known; of an enquiry: it is dead */
};
#define SMPP_WINDOW_MAX 1000u
enum smpp_event_kind {
    SMPP_EVENT_BOUND,
    SMPP_EVENT_REFUSED, /* of the bind; status */
    SMPP_EVENT_ANSWER,  /* to the message of token: status, id */
    SMPP_EVENT_UNKNOWN, /* no answer to the message of token, and none will be waited for */
    SMPP_EVENT_DELIVER, /* message; to be answered with smpp_link_delivered(sequence) */
    SMPP_EVENT_END      /* the link is over: close it; what waited was told as UNKNOWN before */
};
struct smpp_event {
    enum smpp_event_kind kind;
    uint64_t token;
    uint32_t status, sequence;
    str id;
    struct smpp_message message;
};
typedef void smpp_event_fn(void *ctx, const struct smpp_event *e);

/* Memory of the link is in a, which lives as long. NULL: none. Opened when the connection is there:
 * the bind request is ready to be written. */
struct smpp_link *smpp_link_new(struct arena *a, const struct smpp_link_config *c,
                                smpp_event_fn *tell, void *ctx);
void smpp_link_open(struct smpp_link *l, int64_t now);
/* What came; any pieces. */
void smpp_link_feed(struct smpp_link *l, int64_t now, str bytes);
/* Enquiries and time limits; call it at least every second. */
void smpp_link_tick(struct smpp_link *l, int64_t now);
/* Hands a message over. False: not now (not bound, window or output full, throttled). */
bool smpp_link_submit(struct smpp_link *l, int64_t now, uint64_t token,
                      const struct smpp_message *m);
/* Our answer to a delivery. */
void smpp_link_delivered(struct smpp_link *l, uint32_t sequence, uint32_t status);
/* What the centre has of our answers: one that was written when smpp_link_asked() was n has
 * certainly come there once smpp_link_shown() is more, since bytes keep their order. Requests of
 * ours so far, and the newest that was answered; smpp_link_ask() makes one, if none waits. */
uint64_t smpp_link_asked(const struct smpp_link *l);
uint64_t smpp_link_shown(const struct smpp_link *l);
void smpp_link_ask(struct smpp_link *l, int64_t now);
void smpp_link_unbind(struct smpp_link *l, int64_t now);
/* The connection broke: what waits is told as UNKNOWN, then END. */
void smpp_link_lost(struct smpp_link *l);
/* What is to be written, and how much of it was. */
str smpp_link_out(const struct smpp_link *l);
void smpp_link_wrote(struct smpp_link *l, size_t n);
bool smpp_link_bound(const struct smpp_link *l);
bool smpp_link_over(const struct smpp_link *l);
/* Messages without an answer; until when nothing is handed over because the centre said so (0 not).
 */
unsigned smpp_link_waiting(const struct smpp_link *l);
int64_t smpp_link_paused(const struct smpp_link *l);

#endif
