/* The connections of an SMPP client: sockets, binds, reconnecting with growing pauses. What is said
 * on them is smpp_link's; what comes of messages is in channel_sms_smpp.c; receipts and messages
 * are laid down here for the intake. Invariant: bytes are read only while there is room for what
 * they may hold. */
#include "outreach/channel_sms_smpp_int.h"

#include "base/log.h"
#include "base/time.h"

#include <poll.h>
#include <unistd.h>

#define READ_MAX 4096u
#define ROOM_MIN 256u /* more units than READ_MAX bytes can hold */
#define REST_MIN_MS 500
#define REST_MAX_MS 60000
#define GOODBYE_MS 1000

void smpp_client_wake(struct smpp_client *c)
{
    uint64_t one = 1;
    ssize_t n = write(c->wake, &one, sizeof one);
    (void)n; /* full: it is awake */
}

static void copy(char *to, size_t max, str s)
{
    size_t n = s.n < max ? s.n : max - 1;
    memcpy(to, s.p ? s.p : "", n);
    to[n] = 0;
}

static void take_receipt(struct session *s, const struct smpp_event *e,
                         const struct smpp_receipt *r)
{
    struct smpp_client *c = s->client;
    struct receipt_slot slot = {
        .since = time_mono(), .owner = c, .generation = s->generation, .sequence = e->sequence};
    char out[32];
    copy(slot.id, sizeof slot.id, r->by_text ? smpp_id_of_receipt(r->id, c->ids, out) : r->id);
    copy(slot.word, sizeof slot.word, r->word);
    copy(slot.error, sizeof slot.error, r->err);
    if (!shelf_put(c->o->shelf, &slot))
        smpp_link_delivered(s->link, e->sequence, SMPP_TRY_LATER);
}

static void take_message(struct session *s, const struct smpp_event *e)
{
    struct smpp_client *c = s->client;
    const struct smpp_message *m = &e->message;
    if (c->n_mo == MO_MAX || m->text.n > MO_TEXT_MAX) {
        smpp_link_delivered(s->link, e->sequence,
                            c->n_mo == MO_MAX ? SMPP_TRY_LATER : SMPP_SYSTEM_ERROR);
        return;
    }
    struct mo *to = &c->mo[(c->mo_at + c->n_mo++) % MO_MAX];
    copy(to->from, sizeof to->from, m->from);
    copy(to->to, sizeof to->to, m->to);
    if (m->from_ton == 1 && to->from[0] != '+') { /* an international number */
        memmove(to->from + 1, to->from, sizeof to->from - 2);
        to->from[0] = '+';
    }
    to->coding = m->coding == 0 ? c->alphabet : m->coding;
    to->esm = m->esm;
    to->sar_total = m->sar_total;
    to->sar_number = m->sar_number;
    to->sar_ref = m->sar_ref;
    to->n = m->text.n;
    memcpy(to->text, m->text.p ? m->text.p : "", m->text.n);
    to->generation = s->generation;
    to->sequence = e->sequence;
    to->early = time_mono() - s->began < EARLY_MS;
}

static void heard(void *ctx, const struct smpp_event *e)
{
    struct session *s = ctx;
    struct smpp_receipt r;
    switch (e->kind) {
    case SMPP_EVENT_BOUND:
        s->rest = 0;
        s->began = time_mono();
        log_event(LOG_INFO, "outreach.smpp.bound", "command=%u", (unsigned)s->bind);
        return;
    case SMPP_EVENT_REFUSED:
        log_event(LOG_ERROR, "outreach.smpp.refused", "status=%x", e->status);
        return;
    case SMPP_EVENT_ANSWER:
    case SMPP_EVENT_UNKNOWN:
        smpp_flights_heard(s->client, e);
        return;
    case SMPP_EVENT_DELIVER:
        if (smpp_read_receipt(&e->message, &r))
            take_receipt(s, e, &r);
        else if (e->message.esm & 0x3c) /* a receipt that names no message: nothing to do */
            smpp_link_delivered(s->link, e->sequence, SMPP_OK);
        else
            take_message(s, e);
        return;
    case SMPP_EVENT_END:
        return;
    }
}

static void hang_up(struct session *s, int64_t now)
{
    if (s->link) {
        smpp_link_lost(s->link);
        s->shown = smpp_link_shown(s->link);
    }
    s->link = NULL;
    wire_close(s->wire);
    s->wire = NULL;
    s->open = false;
    arena_free(s->arena);
    s->arena = NULL;
    s->rest = s->rest ? s->rest * 2 : REST_MIN_MS;
    if (s->rest > REST_MAX_MS)
        s->rest = REST_MAX_MS;
    s->retry_at = now + s->rest;
}

static struct smpp_link_config config_of(const struct session *s)
{
    const struct config *c = s->client->o->config;
    return (struct smpp_link_config){.bind = s->bind,
                                     .who = {.system_id = config_str(c, "smpp.user"),
                                             .password = s->client->o->secret_smpp,
                                             .system_type = config_str(c, "smpp.system_type")},
                                     .window = (unsigned)config_int(c, "smpp.window"),
                                     .enquire_ms = config_int(c, "smpp.enquire_seconds") * 1000,
                                     .answer_ms = config_int(c, "smpp.answer_seconds") * 1000};
}

/* Without the lock: the name may take its time. */
static void dial(struct session *s, int64_t now)
{
    struct op op;
    s->arena = arena_new(4u << 20);
    if (!s->arena)
        return;
    op_init(&op, s->arena, outreach_system(), time_now());
    s->began = now;
    if (wire_open(&op, &s->client->to, &s->wire) != OK)
        hang_up(s, now);
}

static void opened(struct session *s, int64_t now)
{
    struct smpp_client *c = s->client;
    struct smpp_link_config config = config_of(s);
    int step = wire_step(s->wire);
    if (step < 0 || (step == 0 && now - s->began > config.answer_ms)) {
        hang_up(s, now);
        return;
    }
    if (step == 0)
        return;
    s->open = true;
    s->generation = ++c->generations * 2 + (s == &c->sessions[1]);
    s->link = smpp_link_new(s->arena, &config, heard, s);
    if (s->link)
        smpp_link_open(s->link, now);
    else
        hang_up(s, now);
}

static bool room(struct smpp_client *c)
{
    return shelf_room(c->o->shelf) > ROOM_MIN;
}

static void move_bytes(struct session *s, int64_t now, bool reads)
{
    char in[READ_MAX];
    int n = 0;
    for (int i = 0; reads && i < 8 && s->link && room(s->client); i++) {
        n = wire_read(s->wire, in, sizeof in);
        if (n <= 0)
            break;
        smpp_link_feed(s->link, now, str_make(in, (size_t)n));
    }
    if (n < 0) { /* before the pump: what it hands to a dead line is told unknown (review R290) */
        hang_up(s, now);
        return;
    }
    smpp_link_tick(s->link, now);
    if (s == &s->client->sessions[0])
        smpp_flights_pump(s->client, now);
    while (n >= 0 && smpp_link_out(s->link).n) {
        n = wire_write(s->wire, smpp_link_out(s->link));
        if (n <= 0)
            break;
        smpp_link_wrote(s->link, (size_t)n);
    }
    if (n < 0 || (smpp_link_over(s->link) && smpp_link_out(s->link).n == 0))
        hang_up(s, now);
}

static void attend(struct smpp_client *c, const struct pollfd *polled)
{
    int64_t now = time_mono();
    for (size_t i = 0; i < c->n_sessions; i++) {
        struct session *s = &c->sessions[i];
        if (!s->wire && now >= s->retry_at && !atomic_load(&c->stop))
            dial(s, now);
        pthread_mutex_lock(&c->lock);
        if (s->wire && !s->open)
            opened(s, now);
        if (s->link)
            move_bytes(s, now, polled[i].revents != 0 || s->open);
        if (i == 0)
            smpp_flights_pump(c, now);
        pthread_mutex_unlock(&c->lock);
    }
}

/* A moment, or until something happens. */
static void wait(struct smpp_client *c, struct pollfd fds[3])
{
    int ms = 100;
    uint64_t n;
    for (size_t i = 0; i < c->n_sessions; i++) {
        struct session *s = &c->sessions[i];
        fds[i] = (struct pollfd){.fd = s->wire ? wire_fd(s->wire) : -1};
        pthread_mutex_lock(&c->lock);
        bool out = s->link ? smpp_link_out(s->link).n > 0 : s->wire && wire_opening_writes(s->wire);
        int64_t pause = s->link ? smpp_link_paused(s->link) - time_mono() : 0;
        pthread_mutex_unlock(&c->lock);
        fds[i].events = (short)((room(c) ? POLLIN : 0) | (out ? POLLOUT : 0));
        if (pause > 0 && pause < ms)
            ms = (int)pause;
    }
    fds[2] = (struct pollfd){.fd = c->wake, .events = POLLIN};
    fds[1].fd = c->n_sessions == 2 ? fds[1].fd : -1;
    (void)poll(fds, 3, ms);
    if (fds[2].revents)
        while (read(c->wake, &n, sizeof n) > 0)
            ;
}

static void say_goodbye(struct smpp_client *c, struct pollfd fds[3])
{
    int64_t until = time_mono() + GOODBYE_MS;
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < c->n_sessions; i++)
        if (c->sessions[i].link)
            smpp_link_unbind(c->sessions[i].link, time_mono());
    pthread_mutex_unlock(&c->lock);
    while ((c->sessions[0].link || c->sessions[1].link) && time_mono() < until) {
        attend(c, fds);
        wait(c, fds);
    }
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < c->n_sessions; i++)
        hang_up(&c->sessions[i], time_mono());
    smpp_flights_pump(c, time_mono());
    pthread_mutex_unlock(&c->lock);
}

void *smpp_client_run(void *ctx)
{
    struct smpp_client *c = ctx;
    struct pollfd fds[3] = {{.fd = -1}, {.fd = -1}, {.fd = -1}};
    while (!atomic_load(&c->stop)) {
        attend(c, fds);
        wait(c, fds);
    }
    say_goodbye(c, fds);
    atomic_store(&c->over, true);
    return NULL;
}

bool smpp_client_ack(struct smpp_client *c, const struct smpp_ack *acks, size_t n,
                     uint64_t *ret_asked)
{
    size_t gone = 0;
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < n; i++) {
        struct session *s = &c->sessions[acks[i].generation & 1];
        if (s->link && s->generation == acks[i].generation) {
            smpp_link_delivered(s->link, acks[i].sequence, acks[i].status);
            if (ret_asked)
                *ret_asked = smpp_link_asked(s->link);
        } else {
            gone++;
        }
    }
    pthread_mutex_unlock(&c->lock);
    if (n)
        smpp_client_wake(c);
    return gone == 0;
}

enum smpp_shown smpp_client_shown(struct smpp_client *c, const struct told *t)
{
    struct session *s = &c->sessions[t->generation & 1];
    enum smpp_shown ret = SMPP_NEVER;
    pthread_mutex_lock(&c->lock);
    if (s->generation == t->generation) {
        uint64_t shown = s->link ? smpp_link_shown(s->link) : s->shown;
        ret = shown > t->asked ? SMPP_SHOWN : s->link ? SMPP_NOT_YET : SMPP_NEVER;
        if (ret == SMPP_NOT_YET && smpp_link_asked(s->link) == t->asked)
            smpp_link_ask(s->link, time_mono());
    }
    pthread_mutex_unlock(&c->lock);
    return ret;
}
