/* Texts to a message centre: how many a second go through decision, record, outbox, SMPP window and
 * receipts, all durable, and beside it how many the bare client gets into the same centre. The real
 * rooms over a real SQLite folder; the centre is a process of its own on loopback that answers each
 * message and sends its receipt at once. Its clock must stand in the daytime of Oregon (bench/run).
 * Two callers queue, as rooms do side by side. sms_bench DIR: a DIR with a store in it is used as
 * it is, so that ledger_bench's folder of very many rows tells what they cost a text: the first
 * to somebody, and, when it runs there again some days later, the next. Prints name, value, unit,
 * goal. */
#include "base/log.h"
#include "net/smpp.h"
#include "outreach/outreach_int.h"
#include "record/bulk.h"
#include "store/store.h"

#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENTS 12000
#define CALLERS 2
#define BARE 100000u
#define WINDOW 100u

static void die(const struct op *op, const char *what)
{
    fprintf(stderr, "sms_bench: %s: %.*s\n", what,
            STR_ARG(op && op->fault.n ? op->fault.issues[0].message : STR("?")));
    exit(1);
}

/* ---- the centre ---- */

struct peer {
    int fd;
    struct buf out;
    char in[1u << 18];
    size_t n;
    uint32_t count;
};

static void receipt(struct peer *p, const struct smpp_message *m, str id)
{
    struct smpp_message r = {.from = m->to, .to = m->from, .esm = 4, .receipted = id, .state = 2};
    smpp_write_message(&p->out, SMPP_DELIVER_SM, p->count, &r);
}

static void serve_one(struct peer *p, const struct smpp_pdu *u)
{
    struct smpp_message m;
    char id[16];
    struct smpp_pdu answer = {.command = u->command | SMPP_RESP, .sequence = u->sequence};
    if (u->command & SMPP_RESP)
        return;
    if (u->command != SMPP_SUBMIT_SM || !smpp_read_message(u->body, &m)) {
        smpp_write_id(&p->out, &answer, STR("centre"));
        return;
    }
    snprintf(id, sizeof id, "%08x", ++p->count);
    smpp_write_id(&p->out, &answer, str_of(id));
    if (m.registered & 1)
        receipt(p, &m, str_of(id));
}

static void serve(int fd)
{
    struct arena *a = arena_new(0);
    struct peer *p = ARENA_NEW(a, struct peer);
    p->fd = fd;
    buf_init(&p->out, a, 64u << 20);
    ssize_t n;
    while ((n = read(fd, p->in + p->n, sizeof p->in - p->n)) > 0) {
        p->n += (size_t)n;
        str rest = str_make(p->in, p->n);
        struct smpp_pdu u;
        while (smpp_take(&rest, &u) == SMPP_TAKEN)
            serve_one(p, &u);
        memmove(p->in, rest.p ? rest.p : p->in, rest.n);
        p->n = rest.n;
        for (size_t at = 0; at < p->out.n;) {
            ssize_t w = write(fd, p->out.p + at, p->out.n - at);
            if (w <= 0)
                break;
            at += (size_t)w;
        }
        buf_clear(&p->out);
    }
    close(fd);
    arena_free(a);
}

static uint16_t centre(pid_t *ret)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int one = 1, s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s < 0 || bind(s, (struct sockaddr *)&a, sizeof a) != 0 || listen(s, 8) != 0 ||
        getsockname(s, (struct sockaddr *)&a, &len) != 0)
        die(NULL, "socket");
    *ret = fork();
    if (*ret != 0) {
        close(s);
        return ntohs(a.sin_port);
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* also where the bench gives up */
    for (int fd; (fd = accept(s, NULL, NULL)) >= 0;) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        serve(fd);
    }
    _exit(0);
}

/* ---- the bare client ---- */

struct bare {
    unsigned answers, receipts;
    struct smpp_link *l;
};

static void heard(void *ctx, const struct smpp_event *e)
{
    struct bare *b = ctx;
    b->answers += e->kind == SMPP_EVENT_ANSWER && e->status == SMPP_OK;
    if (e->kind == SMPP_EVENT_DELIVER) {
        b->receipts++;
        smpp_link_delivered(b->l, e->sequence, SMPP_OK);
    }
}

static double bare(uint16_t port)
{
    struct bare b = {0};
    struct arena *a = arena_new(0);
    struct smpp_link_config c = {.bind = SMPP_BIND_TRANSCEIVER,
                                 .who = {.system_id = STR("weft"), .password = STR("secret08")},
                                 .window = WINDOW,
                                 .enquire_ms = 60000,
                                 .answer_ms = 60000};
    struct smpp_message m = {.from = STR("15035550100"),
                             .to = STR("13125550143"),
                             .registered = 1,
                             .text = STR("Bright River Clinic: please call us at +1 503 555 0100. "
                                         "Reply STOP to opt out.")};
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char in[65536];
    unsigned sent = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    b.l = smpp_link_new(a, &c, heard, &b);
    if (fd < 0 || !b.l || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        die(NULL, "connect");
    int64_t start = time_mono_ns();
    smpp_link_open(b.l, time_mono());
    while (b.receipts < BARE && !smpp_link_over(b.l)) {
        while (sent < BARE && smpp_link_submit(b.l, time_mono(), sent, &m))
            sent++;
        str out = smpp_link_out(b.l);
        ssize_t n = out.n ? write(fd, out.p, out.n) : 0;
        if (n > 0)
            smpp_link_wrote(b.l, (size_t)n);
        n = read(fd, in, sizeof in);
        if (n <= 0)
            die(NULL, "the centre hung up");
        smpp_link_feed(b.l, time_mono(), str_make(in, (size_t)n));
    }
    double seconds = (double)(time_mono_ns() - start) / 1e9;
    close(fd);
    arena_free(a);
    return b.answers / seconds;
}

/* ---- the whole ---- */

static str patient_text(struct op *op, int i)
{
    str now = time_format(op->arena, op->now - DAY_MS);
    return arena_printf(
        op->arena,
        "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{\"request\":{\"method\":"
        "\"PUT\",\"url\":\"Patient/"
        "b%d\"},\"resource\":{\"resourceType\":\"Patient\",\"id\":\"b%d\","
        "\"name\":[{\"given\":[\"Ann\"]}],\"birthDate\":\"1980-01-01\",\"telecom\":[{\"system\":"
        "\"phone\",\"value\":\"+1503%07d\",\"extension\":[{\"url\":\"" LINE_TYPE_URL
        "\",\"valueCode\":\"wireless\"},{\"url\":\"" REASSIGNED_URL
        "\",\"extension\":[{\"url\":\"result\",\"valueCode\":\"no\"},{\"url\":\"date\","
        "\"valueDateTime\":\"%.*s\"}]}]}],\"address\":[{\"state\":\"OR\",\"country\":\"US\","
        "\"extension\":[{\"url\":\"" ZONE_URL "\",\"valueCode\":\"America/Los_Angeles\"}]}]}},"
        "{\"request\":{\"method\":\"PUT\",\"url\":\"Consent/c%d\"},\"resource\":{\"resourceType\":"
        "\"Consent\",\"id\":\"c%d\",\"status\":\"active\",\"scope\":{\"coding\":[{\"system\":"
        "\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":\"patient-privacy\"}]},"
        "\"category\":[{\"coding\":[{\"system\":\"" CONSENT_CATEGORY
        "\",\"code\":\"contact\"}]}],\"patient\":{\"reference\":\"Patient/b%d\"},\"dateTime\":"
        "\"2025-01-17T10:00:00Z\",\"extension\":[{\"url\":\"" CONTACT_POINT_URL
        "\",\"valueContactPoint\":{\"system\":\"phone\",\"value\":\"+1503%07d\"}}],\"policyRule\":{"
        "\"coding\":[{\"system\":\"" CONSENT_FORM
        "\",\"code\":\"written\"}]},\"provision\":{\"type\":\"permit\",\"code\":[{\"coding\":[{"
        "\"system\":\"" CHANNEL_SYSTEM
        "\",\"code\":\"sms\"}]}],\"purpose\":[{\"system\":\"" PURPOSE_SYSTEM
        "\",\"code\":\"care\"},{\"system\":\"" PURPOSE_SYSTEM "\",\"code\":\"appointment\"}]}}}]}",
        i, i, 2000000 + i, STR_ARG(now), i, i, i, 2000000 + i);
}

static void load(struct op *op, struct record *rec)
{
    struct record_load l;
    if (record_load_begin(op, rec, &l) != OK)
        die(op, "load");
    for (int i = 0; i < PATIENTS; i++)
        if (record_load_add(op, &l, patient_text(op, i)) != OK)
            die(op, "patient");
    if (record_load_end(op, &l) != OK)
        die(op, "load");
}

struct caller {
    int64_t day; /* idempotency keys are of the run's day */
    struct outreach *o;
    int from, to;
    pthread_t thread;
};

static void *queue_some(void *ctx)
{
    const struct caller *c = ctx;
    static const struct actor nurse = {.role = ROLE_NURSE,
                                       .purpose = PURPOSE_TREAT,
                                       .user = {"bench", 5},
                                       .strong = true,
                                       .user_rid = 0};
    struct arena *a = arena_new(0);
    arena_keep(a, OUTREACH_KEEP); /* as campaigns do */
    for (int i = c->from; i < c->to;) {
        struct outreach_draft d[OUTREACH_MANY] = {0};
        struct outreach_sent sent[OUTREACH_MANY];
        struct op op;
        size_t n = 0;
        arena_reset(a);
        op_init(&op, a, &nurse, time_now());
        for (; n < OUTREACH_MANY && i < c->to; n++, i++) {
            d[n].patient = arena_printf(a, "b%d", i);
            d[n].channel = STR("sms");
            d[n].template_code = STR("please-call");
            d[n].key = arena_printf(a, "bench-key-%lld-%d", (long long)c->day, i);
        }
        if (outreach_send_many(&op, c->o, d, n, sent) != OK)
            die(&op, "send");
        for (size_t k = 0; k < n; k++)
            if (sent[k].code != OK) {
                fprintf(stderr, "sms_bench: %.*s: %.*s\n", STR_ARG(sent[k].rule),
                        STR_ARG(sent[k].why));
                exit(1);
            }
    }
    arena_free(a);
    return NULL;
}

/* One alone would wait for its own commits half of the time. */
static void queue_all(struct outreach *o, int64_t day)
{
    struct caller callers[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){
            .day = day, .o = o, .from = PATIENTS * i / CALLERS, .to = PATIENTS * (i + 1) / CALLERS};
        if (pthread_create(&callers[i].thread, NULL, queue_some, &callers[i]) != 0)
            die(NULL, "thread");
    }
    for (int i = 0; i < CALLERS; i++)
        pthread_join(callers[i].thread, NULL);
}

static double seconds_of(int who)
{
    struct rusage u;
    getrusage(who, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static uint64_t delivered(struct record *rec)
{
    struct arena *a = arena_new(0);
    struct op op;
    struct record_page page;
    op_init(&op, a, outreach_system(), time_now());
    if (record_find(&op, rec, fhir_type_parse(STR("Communication")),
                    STR("status=completed&_summary=count"), &page) != OK)
        die(&op, "count");
    uint64_t n = page.total;
    arena_free(a);
    return n;
}

/* over: what lay there before. */
static void whole(struct op *op, struct record *rec, struct arena *a, uint16_t port,
                  const char *over)
{
    struct config *c = config_new(a);
    struct outreach *o;
    char url[64];
    snprintf(url, sizeof url, "smpp://127.0.0.1:%u", port);
    const char *const set[][2] = {{"sms.channel", "smpp"},       {"smpp.url", url},
                                  {"smpp.user", "weft"},         {"smpp.window", "100"},
                                  {"sms.from", "+15035550100"},  {"sms.campaign_approved", "true"},
                                  {"outreach.undo_seconds", "0"}};
    for (size_t i = 0; i < sizeof set / sizeof *set; i++)
        if (config_set(op, c, str_of(set[i][0]), str_of(set[i][1])) != OK)
            die(op, "configuration");
    if (outreach_new(op, rec, c, &o) != OK || outreach_start(op, o) != OK)
        die(op, "start");
    usleep(300000);
    uint64_t before = delivered(rec);
    int64_t start = time_mono_ns();
    double used = seconds_of(RUSAGE_SELF);
    queue_all(o, op->now / DAY_MS);
    double queued = (double)(time_mono_ns() - start) / 1e9;
    while (delivered(rec) - before < PATIENTS && time_mono_ns() - start < INT64_C(120000000000))
        usleep(50000);
    double seconds = (double)(time_mono_ns() - start) / 1e9;
    used = seconds_of(RUSAGE_SELF) - used;
    uint64_t n = delivered(rec) - before;
    printf("SMS decided, kept, sent by SMPP and receipted%s\t%.0f\tSMS/s\tgoal 5000\n", over,
           (double)n / seconds);
    printf("of it decided and queued, two callers, many in a call\t%.0f\tSMS/s\t\n",
           PATIENTS / queued);
    printf("processor time an SMS, all threads\t%.0f\tus\t\n", used * 1e6 / PATIENTS);
    outreach_stop(o);
    outreach_free(o);
}

int main(int argc, char **argv)
{
    pid_t child;
    uint16_t port = centre(&child);
    struct arena *a = arena_new(1u << 30);
    struct op op;
    struct store *store;
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 20); /* as weft serve does */
    (void)mallopt(M_TRIM_THRESHOLD, 2 << 20);
    struct record *rec;
    op_init(&op, a, outreach_system(), time_now());
    log_level_set(LOG_ERROR);
    struct store_options o = {.backend = STORE_SQLITE,
                              .dir = str_of(argc > 1 ? argv[1] : "sms-bench-data")};
    bool full = access(o.dir.p, F_OK) == 0;
    if ((!full && store_create(&op, &o) != OK) || store_open(&op, &o, &store) != OK ||
        record_new(&op, store, NULL, &rec) != OK)
        die(&op, "open");
    struct record_doc first;
    bool known =
        full && record_read(&op, rec, fhir_type_parse(STR("Patient")), STR("b0"), &first) == OK;
    if (!known)
        load(&op, rec);
    printf("SMS into the same centre, bare client (limit)\t%.0f\tSMS/s\t\n", bare(port));
    whole(&op, rec, a, port,
          known  ? ", over a full ledger, to people in it"
          : full ? ", over a full ledger, first to somebody"
                 : "");
    record_free(rec);
    store_close(store);
    arena_free(a);
    (void)kill(child, SIGTERM);
    (void)waitpid(child, NULL, 0);
    return 0;
}
