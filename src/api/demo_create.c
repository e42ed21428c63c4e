/* Makes the demonstration's data folder: an empty store, the invented population through the same
 * road as any import, accounts with random passwords. Invariant: demo.json is written last, so a
 * folder without it is not a finished demonstration. */
#include "api/demo_int.h"
#include "base/uuid.h"
#include "identity/training.h"
#include "record/bulk.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const struct {
    const char *user, *role, *name, *reference, *patient, *language;
} STAFF[] = {
    {"nurse", "nurse", "Nadia Carver, RN", "Practitioner/nurse", "", "en"},
    {"nurse2", "nurse", "Tomás Lozano, RN", "Practitioner/nurse2", "", "es"},
    {"agent", "agent", "Jerome Fletcher", "Practitioner/agent", "", "en"},
    {"outreach", "outreach", "Yolanda Quintero", "Practitioner/outreach", "", "en"},
    {"privacy", "privacy", "Edwin Prescott", "Practitioner/privacy", "", "en"},
    {"privacy2", "privacy", "Ingrid Vale", "", "", "en"},
    {"admin", "admin", "Administrator", "", "", "en"},
    {"patient", "patient", "Patient of the demonstration", "Patient/p0003", "p0003", "en"},
};

err demo_write_file(struct op *op, str path, str text)
{
    int fd = open(str_z(op->arena, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(op, ERR_UNAVAILABLE, "a file of the data folder cannot be written: %s",
                    strerrordesc_np(errno));
    size_t done = 0;
    while (done < text.n) {
        ssize_t n = write(fd, text.p + done, text.n - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    bool ok = done == text.n && fsync(fd) == 0;
    if (close(fd) != 0 || !ok)
        return fail(op, ERR_UNAVAILABLE,
                    "a file of the data folder cannot be written: is the disk full?");
    return OK;
}

struct loading {
    struct record *rec;
    struct record_load load;
    size_t bundles;
};

/* The first Bundle holds what all others refer to: it must be on disk before they are planned. */
static err load_one(struct op *op, void *ctx, str bundle)
{
    struct loading *l = ctx;
    TRY(record_load_add(op, &l->load, bundle));
    if (l->bundles++ > 0)
        return OK;
    TRY(record_load_end(op, &l->load));
    return record_load_begin(op, l->rec, &l->load);
}

static err load_population(struct op *op, struct record *rec, const struct demo_options *o,
                           struct json **ret_truth)
{
    struct loading l = {.rec = rec};
    TRY(record_load_begin(op, rec, &l.load));
    err e = demo_generate(op, o, load_one, &l, ret_truth);
    err end = record_load_end(op, &l.load);
    return e != OK ? e : end;
}

static struct json *account_row(struct op *op, const struct identity_account *a, str password)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, o, STR("user"), a->user);
    json_set_str(op->arena, o, STR("role"), role_name(a->role));
    json_set_str(op->arena, o, STR("name"), a->name);
    json_set_str(op->arena, o, STR("reference"), a->reference);
    json_set_str(op->arena, o, STR("patient"), a->patient);
    json_set_str(op->arena, o, STR("password"), password);
    return o;
}

static err add_staff(struct op *op, struct identity *id, struct json *list)
{
    for (size_t i = 0; i < sizeof STAFF / sizeof STAFF[0]; i++) {
        struct identity_account a = {.user = str_of(STAFF[i].user),
                                     .name = str_of(STAFF[i].name),
                                     .reference = str_of(STAFF[i].reference),
                                     .patient = str_of(STAFF[i].patient),
                                     .language = str_of(STAFF[i].language)};
        if (!role_parse(str_of(STAFF[i].role), &a.role))
            return fail(op, ERR_FAULT, "unknown role in the demonstration's accounts");
        if (a.role != ROLE_PATIENT) /* staff sign in with a second step; see /demo/code */
            a.totp = identity_totp_secret(op->arena);
        str password = random_token(op->arena, 10);
        TRY(identity_account_put(op, id, &a, password));
        TRY(identity_training_note(op, id, a.user));
        json_push(op->arena, list, account_row(op, &a, password));
    }
    return OK;
}

static err add_devices(struct op *op, struct identity *id, const struct json *truth,
                       struct json *list)
{
    const struct json *patients = JSON_GET(truth, "patients");
    for (size_t i = 0; patients && i < patients->n; i++) {
        const struct json *p = json_at(patients, i);
        if (!json_bool(JSON_GET(p, "monitored"), false))
            continue;
        str patient = json_get_str(p, STR("patient"));
        struct identity_account a = {
            .user = arena_printf(op->arena, "hub-%.*s", STR_ARG(patient)),
            .role = ROLE_DEVICE,
            .patient = patient,
            .name = STR("Home monitoring kit"),
            .reference = arena_printf(op->arena, "Device/%.*s-hub", STR_ARG(patient))};
        TRY(identity_account_put(op, id, &a, STR_NONE));
        struct json *row = account_row(op, &a, random_token(op->arena, 16));
        json_set_str(op->arena, row, STR("planted"), json_get_str(p, STR("planted")));
        json_set(op->arena, row, STR("pulse"), json_dup(op->arena, JSON_GET(p, "pulse")));
        json_set(op->arena, row, STR("oxygen"), json_dup(op->arena, JSON_GET(p, "oxygen")));
        json_push(op->arena, list, row);
    }
    return OK;
}

static str path_of(struct op *op, str dir, const char *name)
{
    return arena_printf(op->arena, "%.*s/%s", STR_ARG(dir), name);
}

static err write_json(struct op *op, str path, const struct json *v)
{
    struct buf b;
    buf_init(&b, op->arena, 256u << 20);
    json_write_pretty(&b, v);
    buf_char(&b, '\n');
    if (!buf_ok(&b))
        return fail(op, ERR_TOO_LARGE, "the demonstration is too large to describe");
    return demo_write_file(op, path, buf_str(&b));
}

static err fill(struct op *op, struct record *rec, str dir, const struct demo_options *o)
{
    struct identity *id = NULL;
    struct json *truth = NULL, *file = json_new(op->arena, JSON_OBJECT);
    struct json *staff = json_new(op->arena, JSON_ARRAY),
                *devices = json_new(op->arena, JSON_ARRAY);
    err e = identity_new(op, record_store(rec), rec, &id);
    if (e == OK)
        e = load_population(op, rec, o, &truth);
    if (e == OK)
        e = add_staff(op, id, staff);
    if (e == OK)
        e = add_devices(op, id, truth, devices);
    identity_free(id);
    TRY(e);
    json_set(op->arena, file, STR("accounts"), staff);
    json_set(op->arena, file, STR("devices"), devices);
    json_set_str(op->arena, file, STR("broker"), random_token(op->arena, 16));
    TRY(write_json(op, path_of(op, dir, "truth.json"), truth));
    return write_json(op, path_of(op, dir, "demo.json"), file);
}

err demo_create(struct op *op, str dir, const struct demo_options *o)
{
    struct record *rec = NULL;
    TRY(record_init(op, dir));
    TRY(record_open(op, dir, 0, &rec));
    err e = fill(op, rec, dir, o);
    record_close(rec);
    return e;
}

static str field(const struct json *row, const char *name)
{
    return json_get_str(row, str_of(name));
}

/* A folder of before it was written down has the usual of everybody. */
static double usual(const struct json *row, const char *name, double everybody)
{
    double v = everybody;
    (void)json_double(json_get(row, str_of(name)), &v);
    return v;
}

static void read_rows(struct op *op, const struct json *root, struct demo_file *f)
{
    const struct json *accounts = JSON_GET(root, "accounts"), *devices = JSON_GET(root, "devices");
    f->n_accounts = accounts ? accounts->n : 0;
    f->accounts = ARENA_ARRAY(op->arena, struct demo_account, f->n_accounts + 1);
    for (size_t i = 0; i < f->n_accounts; i++) {
        const struct json *r = json_at(accounts, i);
        f->accounts[i] = (struct demo_account){.user = field(r, "user"),
                                               .role = field(r, "role"),
                                               .name = field(r, "name"),
                                               .reference = field(r, "reference"),
                                               .patient = field(r, "patient"),
                                               .password = field(r, "password")};
    }
    f->n_devices = devices ? devices->n : 0;
    f->devices = ARENA_ARRAY(op->arena, struct demo_device, f->n_devices + 1);
    for (size_t i = 0; i < f->n_devices; i++) {
        const struct json *r = json_at(devices, i);
        f->devices[i] = (struct demo_device){.user = field(r, "user"),
                                             .password = field(r, "password"),
                                             .patient = field(r, "patient"),
                                             .planted = field(r, "planted"),
                                             .pulse = usual(r, "pulse", 72),
                                             .oxygen = usual(r, "oxygen", 97)};
    }
    f->broker_password = json_get_str(root, STR("broker"));
}

err demo_file_read(struct op *op, str dir, struct demo_file *ret)
{
    struct buf b;
    struct json *root = NULL;
    FILE *in = fopen(str_z(op->arena, path_of(op, dir, "demo.json")), "re");
    if (!in)
        return fail(op, ERR_NOT_FOUND, "the folder holds no demonstration (demo.json is missing)");
    buf_init(&b, op->arena, 64u << 20);
    char *to;
    size_t n;
    do {
        to = buf_reserve(&b, 65536);
        n = to ? fread(to, 1, 65536, in) : 0;
        buf_commit(&b, n);
    } while (n > 0);
    (void)fclose(in);
    TRY(json_read(op, buf_str(&b), &JSON_LIMITS_DEFAULT, &root));
    read_rows(op, root, ret);
    return op_check(op);
}
