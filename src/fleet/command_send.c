/* The way of a command to its device: signed, published retained, ended when its time is over.
 * Invariants: the broker keeps what holds now, whatever is killed in between: a job stays until the
 * broker said that it has the message, and each new line to it begins with all that is to be sent;
 * a device that is in use no more gets none. */
#include "fleet/firmware_int.h"
#include "identity/jose.h"

#include <sodium.h>

#define SEND_LEASE_MS 5000
#define END_LEASE_MS 60000
#define SEND_MAX 16u
#define END_MAX 32u
#define HEADER "{\"alg\":\"EdDSA\",\"typ\":\"weft-command+jws\"}"

err command_message(struct op *op, struct fleet *f, const struct command *c, str *ret)
{
    struct arena *a = op->arena;
    struct record_signature sign;
    unsigned char bytes[crypto_sign_BYTES];
    size_t n = 0;
    str payload =
        arena_printf(a,
                     "{\"jti\":\"%.*s\",\"sub\":\"Device/"
                     "%.*s\",\"iat\":%lld,\"exp\":%lld,\"cmd\":\"%s\",\"args\":%.*s}",
                     STR_ARG(c->doc.id), STR_ARG(c->device), (long long)(c->asked / 1000),
                     (long long)(c->until / 1000), COMMANDS[c->kind].code, STR_ARG(c->args));
    str text = arena_cat(a, arena_cat(a, jose_b64(a, STR(HEADER)), STR(".")), jose_b64(a, payload));
    TRY(record_sign(op, f->rec, STR_NONE, text, &sign));
    if (sodium_hex2bin(bytes, sizeof bytes, sign.value, sizeof sign.value - 1, NULL, &n, NULL) ||
        n != sizeof bytes)
        return fail(op, ERR_FAULT, "a signature is 64 bytes");
    *ret = arena_cat(a, arena_cat(a, text, STR(".")), jose_b64(a, str_make((char *)bytes, n)));
    return op_check(op);
}

static void remember(struct fleet *f, int packet, uint64_t job, str id)
{
    struct fleet_flight *one = &f->flight[f->flights++ % FLEET_FLIGHT];
    *one = (struct fleet_flight){.packet = packet, .job = job};
    memcpy(one->id, id.p, id.n < sizeof one->id ? id.n : 0);
}

static err forget(struct op *op, struct fleet *f, uint64_t job)
{
    struct record_tx *tx = record_begin(op, f->rec);
    record_tx_outbox_done(tx, job);
    return record_commit(tx);
}

/* Whatever ends it without anybody's word. */
static err overdue(struct op *op, struct fleet *f, struct record_tx *tx, struct command *c)
{
    if (c->state != COMMAND_ACCEPTED)
        return command_move(op, f, tx, c, COMMAND_EXPIRED, STR_NONE);
    return command_move(op, f, tx, c, COMMAND_FAILED, STR(COMMAND_SILENT));
}

int64_t command_end(const struct command *c)
{
    return c->state == COMMAND_ACCEPTED ? c->taken + INT64_C(3600000) * COMMANDS[c->kind].finish
                                        : c->until;
}

/* Is it still to go to the device? Ends it when it is not. */
static err still(struct op *op, struct fleet *f, struct command *c, const struct fleet_device *d)
{
    if (!command_to_send(c) || (d->life == LIFE_ACTIVE && d->user.n && op->now < c->until))
        return OK;
    struct record_tx *tx = record_begin(op, f->rec);
    TRY(op->now < c->until ? command_move(op, f, tx, c, COMMAND_CLOSED, STR_NONE)
                           : overdue(op, f, tx, c));
    return record_commit(tx);
}

/* job 0: none. */
static err publish(struct op *op, struct fleet *f, const struct record_doc *doc, uint64_t job)
{
    struct command c;
    struct fleet_device d;
    str message = STR_NONE;
    int packet;
    bool go;
    TRY(command_of(op, doc, &c));
    TRY(device_read(op, f, c.device, &d));
    TRY(still(op, f, &c, &d));
    bool kept = c.state == COMMAND_ACCEPTED || c.state == COMMAND_WAITING;
    if (!d.user.n || kept) /* there as it is, or not there yet */
        return job ? forget(op, f, job) : OK;
    TRY(firmware_may_go(op, f, &c, &go));
    if (command_to_send(&c) && !go) /* it is held back in a moment */
        return OK;
    if (command_to_send(&c))
        TRY(command_message(op, f, &c, &message));
    str topic =
        arena_printf(op->arena, "weft/v1/%.*s/command/%.*s", STR_ARG(d.user), STR_ARG(c.doc.id));
    if (link_send(f->link, str_z(op->arena, topic), message, true, &packet))
        remember(f, packet, job, c.doc.id);
    return OK;
}

err command_published(struct op *op, struct fleet *f, str packet)
{
    uint64_t n;
    struct fleet_flight *one = f->flight;
    struct command c;
    if (!str_to_u64(packet, UINT16_MAX, &n))
        return OK;
    while (one < f->flight + FLEET_FLIGHT && (!one->id[0] || one->packet != (int)n))
        one++;
    if (one == f->flight + FLEET_FLIGHT)
        return OK;
    TRY(command_read(op, f, str_of(one->id), &c));
    struct record_tx *tx = record_begin(op, f->rec);
    if (one->job)
        record_tx_outbox_done(tx, one->job);
    if (c.state == COMMAND_QUEUED)
        TRY(command_move(op, f, tx, &c, COMMAND_SENT, STR_NONE));
    if (one->job || c.state == COMMAND_SENT)
        TRY(record_commit(tx));
    one->id[0] = 0;
    return OK;
}

/* One that failed holds up no other; it comes again when its lease ends, or at once when somebody
 * was quicker. */
err command_after(struct op *op, struct fleet *f, const struct record_job *job, err e)
{
    if (err_row(e)->retry)
        return e;
    op_clear(op);
    if (e == ERR_NOT_FOUND || e == ERR_GONE)
        return forget(op, f, job->job);
    if (e == ERR_CONFLICT || e == ERR_PRECONDITION)
        record_outbox_again(op, f->rec, job);
    return OK;
}

err command_open_page(struct op *op, struct fleet *f, uint32_t line, struct record_page *ret)
{
    if (f->sweep_line != line) /* what the line before was told counts no more */
        memset(f->sweep, 0, sizeof f->sweep);
    f->sweep_line = line;
    const char *from = f->sweep[0] ? "&_page=" : "";
    err e = record_find(op, f->rec, fhir_type_parse(STR("Task")),
                        arena_printf(op->arena,
                                     "code=" RECORD_TASK_CODE "%%7C" COMMAND_CODE
                                     "&status=ready&_count=%d%s%s",
                                     COMMAND_PAGE, from, f->sweep),
                        ret);
    memset(f->sweep, 0, sizeof f->sweep); /* a page that is no more: the next turn begins again */
    if (e == OK && ret->next.n && ret->next.n < sizeof f->sweep)
        memcpy(f->sweep, ret->next.p, ret->next.n); /* zero behind it */
    return e;
}

/* A broker that lost what it kept has it again; a page of the open ones a turn. */
static err sweep(struct op *op, struct fleet *f, size_t *ret_n)
{
    struct record_page page;
    uint32_t line = link_lines(f->link);
    TRY(command_open_page(op, f, line, &page));
    for (size_t i = 0; i < page.n; i++) {
        err e = publish(op, f, &page.docs[i], 0);
        if (err_row(e)->retry) {
            memset(f->sweep, 0, sizeof f->sweep);
            return e;
        }
        op_clear(op);
    }
    *ret_n += page.n;
    if (!f->sweep[0])
        f->line = line;
    return OK;
}

static err send(struct op *op, struct fleet *f, size_t *ret_n)
{
    struct record_job *jobs;
    size_t n;
    if (!f->link || !link_up(f->link))
        return OK;
    if (f->line != link_lines(f->link))
        TRY(sweep(op, f, ret_n));
    TRY(record_outbox_take(op, f->rec, STR(COMMAND_SEND_QUEUE), SEND_LEASE_MS, SEND_MAX, &jobs,
                           &n));
    *ret_n += n;
    for (size_t i = 0; i < n; i++) {
        struct record_doc doc;
        err e = record_read(op, f->rec, fhir_type_parse(STR("Task")), jobs[i].body, &doc);
        if (e == OK)
            e = publish(op, f, &doc, jobs[i].job);
        TRY(command_after(op, f, &jobs[i], e));
    }
    return OK;
}

/* All of a device that is in use no more; a page a turn. */
static err close_all(struct op *op, struct fleet *f, const struct record_job *job)
{
    struct record_page page;
    struct fleet_device d;
    TRY(device_read(op, f, fhir_ref_parse(job->body).id, &d));
    if (d.life == LIFE_ACTIVE) /* by now, again */
        return forget(op, f, job->job);
    struct record_tx *tx = record_begin(op, f->rec);
    TRY(command_find(op, f, d.doc.id, COMMAND_OPEN, &page));
    for (size_t i = 0; i < page.n; i++) {
        struct command c;
        TRY(command_of(op, &page.docs[i], &c));
        TRY(command_move(op, f, tx, &c, COMMAND_CLOSED, STR_NONE));
    }
    if (page.next.n)
        record_tx_outbox_later(tx, job->job, op->now, job->body);
    else
        record_tx_outbox_done(tx, job->job);
    return record_commit(tx);
}

static err end_one(struct op *op, struct fleet *f, const struct record_job *job)
{
    struct command c;
    if (str_starts(job->body, STR("Device/")))
        return close_all(op, f, job);
    TRY(command_read(op, f, job->body, &c));
    struct record_tx *tx = record_begin(op, f->rec);
    if (!command_open(&c)) {
        record_tx_outbox_done(tx, job->job);
    } else if (op->now < command_end(&c)) {
        record_tx_outbox_later(tx, job->job, command_end(&c), job->body);
    } else {
        record_tx_outbox_done(tx, job->job);
        TRY(overdue(op, f, tx, &c));
    }
    return record_commit(tx);
}

static err end(struct op *op, struct fleet *f, size_t *ret_n)
{
    struct record_job *jobs;
    size_t n;
    TRY(record_outbox_take(op, f->rec, STR(COMMAND_END_QUEUE), END_LEASE_MS, END_MAX, &jobs, &n));
    *ret_n += n;
    for (size_t i = 0; i < n; i++) {
        err e = end_one(op, f, &jobs[i]);
        TRY(command_after(op, f, &jobs[i], e));
    }
    return OK;
}

err command_tick(struct op *op, void *ctx, size_t *ret_n)
{
    struct fleet *f = ctx;
    *ret_n = 0;
    TRY(send(op, f, ret_n));
    return end(op, f, ret_n);
}
