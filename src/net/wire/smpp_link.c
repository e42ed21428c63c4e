/* One connection of an SMPP client, without socket or clock: see net/smpp.h. Invariants: each
 * message handed over is told about exactly once (answer or unknown); an answer that fits no
 * message is passed over; the window is never exceeded; nothing grows with what the peer sends. */
#include "net/smpp.h"

#define OUT_MAX (256u << 10)
#define IN_MAX (SMPP_PDU_MAX * 2u)
#define SLOT_BITS 10u
#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 5000

enum state { CLOSED, BINDING, BOUND, UNBINDING, OVER };
struct slot {
    uint32_t sequence; /* 0: free */
    uint64_t token, request;
    int64_t since;
};

struct smpp_link {
    struct smpp_link_config config;
    smpp_event_fn *tell;
    void *ctx;
    enum state state;
    char *in;
    size_t n_in;
    struct buf out;
    size_t written; /* of out */
    struct slot *slots;
    uint16_t *free; /* stack of free slots */
    unsigned n_free;
    uint32_t count;                     /* makes sequences */
    uint64_t requests, enquiry, shown;  /* of ours; the one that asked; the newest answered */
    int64_t heard, asked, pause, until; /* asked: of the enquiry without answer, 0 none */
};

struct smpp_link *smpp_link_new(struct arena *a, const struct smpp_link_config *c,
                                smpp_event_fn *tell, void *ctx)
{
    struct smpp_link *l = ARENA_NEW(a, struct smpp_link);
    unsigned window = c->window < 1 ? 1 : c->window;
    if (window > SMPP_WINDOW_MAX)
        window = SMPP_WINDOW_MAX;
    struct slot *slots = ARENA_ARRAY(a, struct slot, window);
    uint16_t *stack = ARENA_ARRAY(a, uint16_t, window);
    char *in = arena_alloc(a, IN_MAX);
    if (!l || !slots || !stack || !in || arena_failed(a))
        return NULL;
    *l = (struct smpp_link){.config = *c,
                            .tell = tell,
                            .ctx = ctx,
                            .in = in,
                            .slots = slots,
                            .free = stack,
                            .n_free = window};
    l->config.window = window;
    for (unsigned i = 0; i < window; i++)
        stack[i] = (uint16_t)(window - 1 - i);
    buf_init(&l->out, a, OUT_MAX);
    return l;
}

/* Never 0, at most 0x7fffffff (5.1.4); the low bits name the slot. */
static uint32_t sequence_of(struct smpp_link *l, uint32_t slot)
{
    l->count = l->count % 0x1fffff + 1;
    l->requests++;
    return l->count << SLOT_BITS | slot;
}

static void tell(struct smpp_link *l, struct smpp_event e)
{
    l->tell(l->ctx, &e);
}

static void end(struct smpp_link *l)
{
    if (l->state == OVER)
        return;
    l->state = OVER;
    for (unsigned i = 0; i < l->config.window; i++)
        if (l->slots[i].sequence) {
            l->slots[i].sequence = 0;
            tell(l, (struct smpp_event){.kind = SMPP_EVENT_UNKNOWN, .token = l->slots[i].token});
        }
    tell(l, (struct smpp_event){.kind = SMPP_EVENT_END});
}

void smpp_link_open(struct smpp_link *l, int64_t now)
{
    l->state = BINDING;
    l->heard = now;
    l->asked = now;
    smpp_write_bind(&l->out, l->config.bind, sequence_of(l, 0), &l->config.who);
}

static void plain(struct smpp_link *l, uint32_t command, uint32_t status, uint32_t sequence)
{
    smpp_put(&l->out,
             &(struct smpp_pdu){.command = command, .status = status, .sequence = sequence});
    if (!buf_ok(&l->out))
        end(l); /* the peer takes nothing and asks for ever */
}

static void bound(struct smpp_link *l, const struct smpp_pdu *p)
{
    if (l->state != BINDING)
        return;
    if (p->status != SMPP_OK) {
        tell(l, (struct smpp_event){.kind = SMPP_EVENT_REFUSED, .status = p->status});
        end(l);
        return;
    }
    l->state = BOUND;
    l->asked = 0;
    tell(l, (struct smpp_event){.kind = SMPP_EVENT_BOUND});
}

/* The centre is full: nothing for a while, longer each time, until it takes something again. */
static void slow_down(struct smpp_link *l, int64_t now)
{
    if (now < l->until)
        return; /* of the same burst */
    l->pause = l->pause ? l->pause * 2 : PAUSE_MIN_MS;
    if (l->pause > PAUSE_MAX_MS)
        l->pause = PAUSE_MAX_MS;
    l->until = now + l->pause;
}

static void shown(struct smpp_link *l, uint64_t request)
{
    l->shown = request > l->shown ? request : l->shown;
}

static void answered(struct smpp_link *l, int64_t now, const struct smpp_pdu *p)
{
    uint32_t i = p->sequence & ((1u << SLOT_BITS) - 1);
    str id = STR_NONE;
    if (i >= l->config.window || l->slots[i].sequence != p->sequence || p->sequence == 0)
        return;
    uint32_t status = p->status;
    if (status == SMPP_OK && !smpp_read_id(p->body, &id))
        id = STR_NONE;
    if (status == SMPP_THROTTLED || status == SMPP_QUEUE_FULL)
        slow_down(l, now);
    else
        l->pause = 0;
    l->slots[i].sequence = 0;
    l->free[l->n_free++] = (uint16_t)i;
    shown(l, l->slots[i].request);
    tell(l, (struct smpp_event){
                .kind = SMPP_EVENT_ANSWER, .token = l->slots[i].token, .status = status, .id = id});
}

static void deliver(struct smpp_link *l, const struct smpp_pdu *p)
{
    struct smpp_event e = {.kind = SMPP_EVENT_DELIVER, .sequence = p->sequence};
    if (l->state != BOUND && l->state != UNBINDING) {
        plain(l, SMPP_DELIVER_SM | SMPP_RESP, SMPP_WRONG_STATE, p->sequence);
        return;
    }
    if (!smpp_read_message(p->body, &e.message)) {
        smpp_link_delivered(l, p->sequence, SMPP_SYSTEM_ERROR);
        return;
    }
    tell(l, e);
}

static void handle(struct smpp_link *l, int64_t now, const struct smpp_pdu *p)
{
    switch (p->command) {
    case SMPP_BIND_RECEIVER | SMPP_RESP:
    case SMPP_BIND_TRANSMITTER | SMPP_RESP:
    case SMPP_BIND_TRANSCEIVER | SMPP_RESP:
        bound(l, p);
        return;
    case SMPP_SUBMIT_SM | SMPP_RESP:
        answered(l, now, p);
        return;
    case SMPP_RESP: /* generic_nack: of a message, it was not taken; of anything else, the end */
        if (l->state == BINDING)
            bound(l, p);
        else
            answered(l, now, p);
        return;
    case SMPP_DELIVER_SM:
        deliver(l, p);
        return;
    case SMPP_ENQUIRE_LINK:
        plain(l, SMPP_ENQUIRE_LINK | SMPP_RESP, SMPP_OK, p->sequence);
        return;
    case SMPP_ENQUIRE_LINK | SMPP_RESP:
        l->asked = 0;
        shown(l, l->enquiry);
        return;
    case SMPP_UNBIND:
        plain(l, SMPP_UNBIND | SMPP_RESP, SMPP_OK, p->sequence);
        end(l);
        return;
    case SMPP_UNBIND | SMPP_RESP:
        shown(l, l->requests); /* it was the last */
        end(l);
        return;
    default:
        if (!(p->command & SMPP_RESP))
            plain(l, SMPP_RESP, SMPP_BAD_COMMAND, p->sequence);
        return;
    }
}

static void drain(struct smpp_link *l, int64_t now)
{
    str rest = str_make(l->in, l->n_in);
    struct smpp_pdu p;
    enum smpp_taken t = SMPP_MORE;
    while (l->state != OVER && (t = smpp_take(&rest, &p)) == SMPP_TAKEN)
        handle(l, now, &p);
    if (l->state != OVER && t == SMPP_BROKEN)
        end(l);
    if (rest.n)
        memmove(l->in, rest.p, rest.n);
    l->n_in = rest.n;
}

void smpp_link_feed(struct smpp_link *l, int64_t now, str bytes)
{
    if (bytes.n)
        l->heard = now;
    while (bytes.n && l->state != OVER && l->state != CLOSED) {
        size_t n = IN_MAX - l->n_in < bytes.n ? IN_MAX - l->n_in : bytes.n;
        memcpy(l->in + l->n_in, bytes.p, n);
        l->n_in += n;
        bytes = str_make(bytes.p + n, bytes.n - n);
        drain(l, now);
    }
}

void smpp_link_tick(struct smpp_link *l, int64_t now)
{
    if (l->state == OVER || l->state == CLOSED)
        return;
    if (l->asked && now - l->asked > l->config.answer_ms) {
        end(l); /* neither bind nor enquiry is answered: nobody is there */
        return;
    }
    for (unsigned i = 0; i < l->config.window; i++) {
        struct slot *s = &l->slots[i];
        if (!s->sequence || now - s->since <= l->config.answer_ms)
            continue;
        s->sequence = 0;
        l->free[l->n_free++] = (uint16_t)i;
        tell(l, (struct smpp_event){.kind = SMPP_EVENT_UNKNOWN, .token = s->token});
    }
    if (now - l->heard >= l->config.enquire_ms)
        smpp_link_ask(l, now);
}

void smpp_link_ask(struct smpp_link *l, int64_t now)
{
    if (l->state != BOUND || l->asked)
        return;
    l->asked = now;
    plain(l, SMPP_ENQUIRE_LINK, SMPP_OK, sequence_of(l, 0));
    l->enquiry = l->requests;
}

uint64_t smpp_link_asked(const struct smpp_link *l)
{
    return l->requests;
}

uint64_t smpp_link_shown(const struct smpp_link *l)
{
    return l->shown;
}

bool smpp_link_submit(struct smpp_link *l, int64_t now, uint64_t token,
                      const struct smpp_message *m)
{
    size_t pending = l->out.n - l->written;
    if (l->state != BOUND || l->n_free == 0 || now < l->until ||
        pending + m->text.n + 2048 > OUT_MAX / 2)
        return false;
    if (l->config.bind == SMPP_BIND_RECEIVER)
        return false;
    uint16_t i = l->free[--l->n_free];
    l->slots[i] = (struct slot){.sequence = sequence_of(l, i), .token = token, .since = now};
    l->slots[i].request = l->requests;
    smpp_write_message(&l->out, SMPP_SUBMIT_SM, l->slots[i].sequence, m);
    return true;
}

void smpp_link_delivered(struct smpp_link *l, uint32_t sequence, uint32_t status)
{
    if (l->state != BOUND && l->state != UNBINDING)
        return;
    smpp_write_id(&l->out,
                  &(struct smpp_pdu){.command = SMPP_DELIVER_SM | SMPP_RESP,
                                     .status = status,
                                     .sequence = sequence},
                  STR_NONE);
    if (!buf_ok(&l->out))
        end(l);
}

void smpp_link_unbind(struct smpp_link *l, int64_t now)
{
    if (l->state != BOUND)
        return;
    l->state = UNBINDING;
    l->asked = now;
    plain(l, SMPP_UNBIND, SMPP_OK, sequence_of(l, 0));
}

void smpp_link_lost(struct smpp_link *l)
{
    end(l);
}

str smpp_link_out(const struct smpp_link *l)
{
    return str_sub(buf_str(&l->out), l->written, l->out.n);
}

void smpp_link_wrote(struct smpp_link *l, size_t n)
{
    l->written += n;
    if (l->written == l->out.n) {
        buf_clear(&l->out);
        l->written = 0;
    } else if (l->written > OUT_MAX / 4) {
        memmove(l->out.p, l->out.p + l->written, l->out.n - l->written);
        l->out.n -= l->written;
        l->written = 0;
    }
}

bool smpp_link_bound(const struct smpp_link *l)
{
    return l->state == BOUND;
}

bool smpp_link_over(const struct smpp_link *l)
{
    return l->state == OVER;
}

unsigned smpp_link_waiting(const struct smpp_link *l)
{
    return l->config.window - l->n_free;
}

int64_t smpp_link_paused(const struct smpp_link *l)
{
    return l->until;
}
