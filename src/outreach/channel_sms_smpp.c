/* SMS by SMPP 3.4 straight to message centres: the sender's side. A batch is cut into parts, goes
 * through the window of the connection, and what the centre said of each message is its result:
 * taken → handed over; full or throttled → again, until the batch's time is over; refused for good
 * → never; the connection broke or no answer came after a part was written → not known. A message
 * of which nothing was written is certainly not sent. */
#include "outreach/channel_sms_smpp_int.h"

#include "base/time.h"

#include <sys/eventfd.h>
#include <unistd.h>

#define BATCH 256u
#define BATCH_MS 20000
#define ASK_MS 200

static void address(str number, uint8_t *ton, uint8_t *npi, str *ret)
{
    bool plus = str_starts(number, STR("+")), digits = number.n > plus;
    str rest = str_sub(number, plus, number.n);
    for (size_t i = 0; i < rest.n; i++)
        digits &= rest.p[i] >= '0' && rest.p[i] <= '9';
    plus &= digits;
    *ton = plus ? 1 : !digits ? 5 : rest.n <= 6 ? 3 : 0; /* 5.2.5 */
    *npi = plus || (digits && rest.n > 6) ? 1 : 0;
    *ret = plus ? rest : number;
}

/* Relative time (7.1.1.2): the centre drops what it could not deliver by then. */
static str validity(struct op *op, int64_t expires)
{
    int64_t s = (expires - op->now) / 1000;
    if (expires == 0 || s <= 0)
        return STR_NONE;
    if (s > 27 * 86400)
        s = 27 * 86400;
    return arena_printf(op->arena, "0000%02d%02d%02d%02d000R", (int)(s / 86400),
                        (int)(s / 3600 % 24), (int)(s / 60 % 60), (int)(s % 60));
}

static bool cut(struct op *op, struct smpp_client *c, struct parcel *p, struct flight *f)
{
    *f = (struct flight){.parcel = p};
    if (!sms_split(op->arena, p->text, ++c->ref, &f->parts))
        return false;
    f->todo = (uint16_t)((1u << f->parts.n) - 1);
    struct smpp_message *m = &f->base;
    address(p->from, &m->from_ton, &m->from_npi, &m->from);
    address(p->to, &m->to_ton, &m->to_npi, &m->to);
    m->coding = f->parts.coding;
    m->esm = f->parts.header ? SMPP_ESM_HEADER : 0;
    m->validity = validity(op, p->expires);
    return true;
}

static enum sent result_of(const struct flight *f)
{
    if (f->stopped)
        return SENT_STOPPED;
    if (f->refused)
        return SENT_NEVER;
    if (f->unknown || (f->later && f->accepted))
        return SENT_UNKNOWN;
    return f->later ? SENT_LATER : SENT_OK;
}

static void tell(struct op *op, const struct flight *f)
{
    struct parcel *p = f->parcel;
    struct buf b;
    p->result = result_of(f);
    if (f->status)
        p->code = arena_printf(op->arena, "smpp-%x", f->status);
    buf_init(&b, op->arena, 1024);
    for (size_t i = 0; i < f->parts.n; i++)
        if (f->ids[i][0])
            buf_printf(&b, "%s%s", b.n ? " " : "", f->ids[i]);
    if (buf_ok(&b) && b.n)
        p->provider_id = buf_str(&b);
}

static void finish(struct smpp_client *c, struct flight *f)
{
    bool over = f->later || f->refused || f->unknown || f->stopped;
    if (over)
        f->todo = 0;
    if (f->done || f->out || f->todo)
        return;
    f->done = true;
    if (--c->left == 0)
        pthread_cond_signal(&c->done);
}

/* A busy centre holds a batch up for seconds: who says STOP meanwhile is left out of the rest. */
static void wait_and_ask(struct op *op, struct smpp_client *c)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += ASK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    if (pthread_cond_clockwait(&c->done, &c->lock, CLOCK_MONOTONIC, &until) == 0)
        return;
    for (size_t i = c->first; i < c->n; i++) {
        struct flight *f = &c->flights[i];
        if (!f->todo || f->out || f->accepted ||
            !parcel_overtaken(op, c->o, CHANNEL_SMS, f->parcel))
            continue;
        f->later = true;
        finish(c, f);
    }
}

static void send_smpp(struct op *op, struct provider *via, struct parcel *const *parcels, size_t n)
{
    struct smpp_client *c = via->link;
    struct flight *flights = ARENA_ARRAY(op->arena, struct flight, n + 1);
    size_t k = 0;
    if (!c || op_check(op) != OK)
        return;
    for (size_t i = 0; i < n; i++)
        if (cut(op, c, parcels[i], &flights[k])) {
            k++;
        } else {
            parcels[i]->result = SENT_NEVER;
            parcels[i]->code = STR("too-long");
        }
    pthread_mutex_lock(&c->lock);
    c->flights = flights;
    c->n = c->left = k;
    c->first = 0;
    c->until = time_mono() + BATCH_MS;
    smpp_client_wake(c);
    while (c->left)
        wait_and_ask(op, c);
    c->flights = NULL;
    c->n = 0;
    pthread_mutex_unlock(&c->lock);
    for (size_t i = 0; i < k; i++)
        tell(op, &flights[i]);
}

/* ---- what becomes of the flights, under the client's lock ---- */

static bool submit_part(struct smpp_client *c, size_t i, unsigned part, int64_t now)
{
    struct flight *f = &c->flights[i];
    struct smpp_message m = f->base;
    bool last = part + 1 == f->parts.n;
    m.text = f->parts.part[part];
    m.registered = last ? 1 : 2; /* of the other parts only that they failed (5.2.17) */
    struct session *s = &c->sessions[0];
    if (!s->link || !smpp_link_submit(s->link, now, i << 8 | part, &m))
        return false;
    f->todo &= (uint16_t) ~(1u << part);
    f->out++;
    return true;
}

static bool submit_all(struct smpp_client *c, size_t i, int64_t now)
{
    struct flight *f = &c->flights[i];
    bool begun = f->out || f->accepted;
    if (f->todo && !begun && !parcel_may_go(c->o, f->parcel))
        f->stopped = true;
    else if (f->todo && !begun && parcel_too_late(f->parcel))
        f->later = true; /* decided anew, and dropped if it is of no use any more */
    for (unsigned part = 0; f->todo && !f->stopped && !f->later && part < f->parts.n; part++)
        if ((f->todo & 1u << part) && !submit_part(c, i, part, now))
            return false;
    finish(c, f);
    return true;
}

void smpp_flights_pump(struct smpp_client *c, int64_t now)
{
    const struct session *s = &c->sessions[0];
    bool bound = s->link && smpp_link_bound(s->link);
    while (c->first < c->n && c->flights[c->first].done)
        c->first++;
    if (!bound || now > c->until || atomic_load(&c->stop)) {
        for (size_t i = c->first; i < c->n; i++)
            if (c->flights[i].todo) {
                c->flights[i].later = true;
                finish(c, &c->flights[i]);
            }
        return;
    }
    for (size_t i = c->first; i < c->n; i++)
        if (c->flights[i].todo && !submit_all(c, i, now))
            return;
}

/* command_status of a refusal (5.1.3): what is wrong with our account, our bind or the centre is
 * not the message's fault. */
static bool not_its_fault(uint32_t status)
{
    return status == SMPP_SYSTEM_ERROR || status == SMPP_TRY_LATER || status == SMPP_BAD_COMMAND ||
           status == SMPP_WRONG_STATE || status == 0x0a /* source address */ ||
           status == 0x45 /* submit failed */ || status == 0xff /* unknown */;
}

void smpp_flights_heard(struct smpp_client *c, const struct smpp_event *e)
{
    size_t i = e->token >> 8, part = e->token & 0xff;
    if (i >= c->n || part >= c->flights[i].parts.n)
        return;
    struct flight *f = &c->flights[i];
    f->out--;
    if (e->kind == SMPP_EVENT_UNKNOWN) {
        f->unknown = true;
    } else if (e->status == SMPP_OK) {
        char out[32];
        str id = smpp_id_kept(e->id, c->ids, out);
        f->accepted++;
        if (id.n < sizeof f->ids[part] && str_find_char(id, ' ', 0) == SIZE_MAX)
            memcpy(f->ids[part], id.p ? id.p : "", id.n);
    } else {
        f->status = e->status;
        if (e->status == SMPP_THROTTLED || e->status == SMPP_QUEUE_FULL) {
            f->todo |= (uint16_t)(1u << part);
            c->first = i < c->first ? i : c->first;
        } else if (not_its_fault(e->status)) {
            f->later = true;
        } else {
            f->refused = true;
        }
    }
    finish(c, f);
}

/* ---- its life ---- */

static size_t count(const struct outreach *o)
{
    str urls = config_str(o->config, "smpp.url"), one;
    size_t n = 0;
    while (str_take_until(&urls, ',', &one))
        n += !str_empty(str_trim(one));
    return n;
}

static err parse_url(struct op *op, const struct outreach *o, size_t number, struct wire_to *ret)
{
    str urls = config_str(o->config, "smpp.url"), one = STR_NONE;
    uint64_t port = 0;
    while (str_take_until(&urls, ',', &one))
        if (!str_empty(str_trim(one)) && number-- == 0)
            break;
    one = str_trim(one);
    ret->tls = str_starts(one, STR("smpps://"));
    str rest = str_sub(one, ret->tls ? 8 : 7, one.n), host = STR_NONE;
    bool ok = ret->tls || str_starts(one, STR("smpp://"));
    if (!ok || !str_take_until(&rest, ':', &host) || host.n == 0 || host.n > 253 ||
        !str_to_u64(rest, 65535, &port) || port == 0)
        return fail(op, ERR_INVALID, "smpp.url names message centres as smpp://host:port");
    ret->host = host; /* of the configuration: it stays */
    ret->port = (uint16_t)port;
    ret->ca_file = config_str(o->config, "smpp.ca_file");
    return OK;
}

static err configure(struct op *op, const struct provider *p, struct smpp_client *c)
{
    const struct config *f = p->o->config;
    str ids = config_str(f, "smpp.receipt_ids"), alphabet = config_str(f, "smpp.alphabet");
    str bind = config_str(f, "smpp.bind");
    bool pair = str_eq(bind, STR("pair"));
    TRY(parse_url(op, p->o, p->number, &c->to));
    if (!pair && !str_eq(bind, STR("transceiver")))
        return fail(op, ERR_INVALID, "smpp.bind is transceiver or pair");
    c->ids = str_eq(ids, STR("decimal")) ? SMPP_IDS_DECIMAL
             : str_eq(ids, STR("hex"))   ? SMPP_IDS_HEX
                                         : SMPP_IDS_SAME;
    c->alphabet = str_eq(alphabet, STR("latin1"))  ? SMS_CODING_LATIN1
                  : str_eq(alphabet, STR("ascii")) ? SMS_CODING_ASCII
                                                   : SMS_CODING_GSM;
    c->n_sessions = pair ? 2 : 1;
    c->sessions[0].bind = pair ? SMPP_BIND_TRANSMITTER : SMPP_BIND_TRANSCEIVER;
    c->sessions[1].bind = SMPP_BIND_RECEIVER;
    return OK;
}

static void stop_smpp(struct provider *p)
{
    struct smpp_client *c = p->link;
    atomic_store(&c->stop, true);
    smpp_client_wake(c);
    if (c->running)
        pthread_join(c->thread, NULL);
    atomic_store(&c->over, true);
    if (c->taking)
        pthread_join(c->intake, NULL);
    pthread_cond_destroy(&c->done);
    pthread_mutex_destroy(&c->lock);
    if (c->wake >= 0)
        close(c->wake);
    free(c->mo);
    free(c);
    p->link = NULL;
}

static err start_smpp(struct op *op, struct provider *p)
{
    struct smpp_client *c = calloc(1, sizeof *c);
    if (!c)
        return fail(op, ERR_UNAVAILABLE, "out of memory");
    c->o = p->o;
    c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    c->mo = calloc(MO_MAX, sizeof *c->mo);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->done, NULL);
    p->link = c;
    for (size_t i = 0; i < 2; i++)
        c->sessions[i].client = c;
    err e =
        c->wake < 0 || !c->mo ? fail(op, ERR_UNAVAILABLE, "out of memory") : configure(op, p, c);
    if (e == OK) {
        c->running = pthread_create(&c->thread, NULL, smpp_client_run, c) == 0;
        c->taking = pthread_create(&c->intake, NULL, smpp_intake_run, c) == 0;
        if (!c->running || !c->taking)
            e = fail(op, ERR_UNAVAILABLE, "no thread for the message centre");
    }
    if (e != OK)
        stop_smpp(p);
    return e;
}

const struct channel CHANNEL_SMPP = {.name = "smpp",
                                     .kind = CHANNEL_SMS,
                                     .batch = BATCH,
                                     .send = send_smpp,
                                     .count = count,
                                     .start = start_smpp,
                                     .stop = stop_smpp};
