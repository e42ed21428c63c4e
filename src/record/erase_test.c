/* Erasing for good: whose word counts as approval. What came in bulk under the hand of the system
 * is nobody's word, whoever wrote the version before it. */
#include "record/bulk.h"
#include "record/fixture_int.h"
#include "record/write.h"
#include "store/backup.h"

static const char *approval(struct fixture *f, const char *patient, const char *status)
{
    return fixture_text(f,
                        "{\"resourceType\":\"Task\",\"id\":\"t\",\"status\":\"%s\",\"intent\":"
                        "\"order\",\"for\":{\"reference\":\"%s\"},\"code\":{\"coding\":[{"
                        "\"system\":\"" RECORD_TASK_CODE "\",\"code\":\"erase-record\"}]}}",
                        status, patient);
}

static err put(struct fixture *f, const char *text)
{
    struct record_result r;
    struct json *tree = fixture_tree(f, text);
    struct fhir_entry e = {
        .verb = VERB_PUT, .type = fhir_type_of(tree), .id = STR("t"), .resource = tree};
    return record_write(&f->op, f->rec, &e, &r);
}

static err erase(struct fixture *f, const char *patient)
{
    str by = STR_NONE;
    fixture_as(f, &f->system);
    return record_erase(&f->op, f->rec, fixture_id(patient), STR("asked for"), &by);
}

static void an_import_approves_nothing(void **state)
{
    struct fixture *f = *state;
    struct record_load load = {0};
    struct record_doc d;
    const char *x = fixture_patient(f, "X");
    fixture_as(f, &f->privacy);
    assert_int_equal(put(f, approval(f, x, "rejected")), OK);
    assert_int_equal(erase(f, x), ERR_FORBIDDEN);
    fixture_as(f, &f->system);
    assert_int_equal(record_load_begin(&f->op, f->rec, &load), OK);
    assert_int_equal(record_load_add(&f->op, &load, str_of(approval(f, x, "accepted"))), OK);
    assert_int_equal(record_load_end(&f->op, &load), OK);
    assert_int_equal(fixture_read(f, "Task/t", &d), OK);
    assert_int_equal(d.vid, 2);
    assert_int_equal(erase(f, x), ERR_FORBIDDEN);
    fixture_as(f, &f->privacy);
    assert_int_equal(put(f, approval(f, x, "rejected")), OK);
    assert_int_equal(put(f, approval(f, x, "accepted")), OK);
    assert_int_equal(erase(f, x), OK);
    fixture_as(f, &f->system);
    assert_int_equal(fixture_read(f, x, &d), ERR_NOT_FOUND);
}

static void complaint(struct fixture *f, const char *patient, const char *device, const char *when)
{
    fixture_make(
        f,
        fixture_text(f,
                     "{\"resourceType\":\"Task\",\"status\":\"completed\",\"intent\":\"order\","
                     "\"for\":{\"reference\":\"%s\"},\"focus\":{\"reference\":\"%s\"},"
                     "\"authoredOn\":\"%s\",\"code\":{\"coding\":[{\"system\":\"" RECORD_TASK_CODE
                     "\",\"code\":\"complaint\"}]}}",
                     patient, device, when));
}

/* Of a model whose file says so many years; empty: it does not say. */
static const char *device_of(struct fixture *f, const char *life)
{
    const char *says = fixture_text(f,
                                    ",\"extension\":[{\"url\":\"https://weft.health/fhir/"
                                    "StructureDefinition/expected-life\",\"valueInteger\":%s}]",
                                    life);
    const char *model = fixture_make(
        f, fixture_text(f, "{\"resourceType\":\"DeviceDefinition\"%s}", *life ? says : ""));
    return fixture_make(
        f, fixture_text(f, "{\"resourceType\":\"Device\",\"definition\":{\"reference\":\"%s\"}}",
                        model));
}

/* DEV-18: two years, or the device's life, whichever is longer; a life nobody knows is not over. */
static void a_complaint_about_a_device_is_kept(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *life, *when;
        err want;
    } all[] = {{"10", "2010-01-01T00:00:00Z", OK},
               {"100", "2010-01-01T00:00:00Z", ERR_FORBIDDEN},
               {"0", "2010-01-01T00:00:00Z", OK},
               {"0", "", ERR_FORBIDDEN},
               {"", "2010-01-01T00:00:00Z", ERR_FORBIDDEN}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct record_result r;
        fixture_as(f, &f->system);
        const char *x = fixture_patient(f, "X");
        const char *now = str_z(f->keep, time_format(f->keep, f->op.now - 1000));
        complaint(f, x, device_of(f, all[i].life), *all[i].when ? all[i].when : now);
        fixture_as(f, &f->privacy);
        assert_int_equal(fixture_try(f, approval(f, x, "accepted"), &r), OK);
        assert_int_equal(erase(f, x), all[i].want);
        assert_true(all[i].want == OK || fixture_told(f, "DEV-18"));
    }
}

/* One of each kind of name, with words in it. */
static const struct {
    const char *before, *after;
    bool number;
} names[] = {{"case/", "/hf", false},
             {"complaint/Patient/", "", false},
             {"due/", "/lab/2026", false},
             {"ledger/", "", false},
             {"ledger/", "/3", false},
             {"nobody/", "", false},
             {"push/of/", "", false},
             {"programme/", "/rpm", false},
             {"survey/each-set/", "/daily", false},
             {"told/sms/", "", false},
             {"silence@/of-", "", false}, /* these two by what is in them */
             {"mail/of-", "", false},
             {"campaign/e/plan/", "/7", true},
             {"campaign/p/", "", true},
             {"glass/", "/nurse.ada", true},
             {"mon-trial/", "", true},
             {"mon/", "", true},
             {"programme-days/", "", true},
             {"survey/open/", "/daily", true}};
#define NAMES (sizeof names / sizeof *names)

static str name_of(struct fixture *f, size_t i, str id, uint64_t rid)
{
    str who = names[i].number ? arena_printf(f->keep, "%llu", (unsigned long long)rid) : id;
    return arena_printf(f->keep, "%s%.*s%s", names[i].before, STR_ARG(who), names[i].after);
}

static void know(struct fixture *f, str id, uint64_t rid)
{
    str words = str_of(
        fixture_text(f, "{\"patient\":\"%s\",\"text\":\"Please call\"}", str_z(f->keep, id)));
    struct record_tx *tx = record_begin(&f->op, f->rec);
    for (size_t i = 0; i < NAMES; i++)
        record_tx_kv(tx, name_of(f, i, id, rid), words);
    assert_int_equal(record_commit(tx), OK);
}

static size_t known(struct fixture *f, str id, uint64_t rid)
{
    size_t n = 0;
    str value;
    fixture_as(f, &f->system);
    for (size_t i = 0; i < NAMES; i++) {
        assert_int_equal(record_kv_get(&f->op, f->rec, name_of(f, i, id, rid), &value), OK);
        n += value.n > 0;
    }
    return n;
}

static uint64_t number_of(struct fixture *f, const char *ref)
{
    struct record_doc d;
    assert_int_equal(fixture_read(f, ref, &d), OK);
    return d.rid;
}

/* Notes of the rooms go with the patient, those of others stay. */
static void what_is_noted_of_them_goes(void **state)
{
    struct fixture *f = *state;
    struct record_result r;
    const char *x = fixture_patient(f, "X"), *y = fixture_patient(f, "Y");
    uint64_t nx = number_of(f, x), ny = number_of(f, y);
    know(f, fixture_id(x), nx);
    know(f, fixture_id(y), ny);
    fixture_as(f, &f->privacy);
    assert_int_equal(fixture_try(f, approval(f, x, "accepted"), &r), OK);
    assert_int_equal(known(f, fixture_id(x), nx), NAMES);
    assert_int_equal(erase(f, x), OK);
    assert_int_equal(known(f, fixture_id(x), nx), 0);
    assert_int_equal(known(f, fixture_id(y), ny), NAMES);
}

/* Killed after the keys and before the notes, as a backup from before is, too: done on opening. */
static void a_kill_in_between_only_delays_it(void **state)
{
    struct fixture *f = *state;
    const char *x = fixture_patient(f, "X"), *y = fixture_patient(f, "Y");
    uint64_t nx = number_of(f, x), ny = number_of(f, y);
    know(f, fixture_id(x), nx);
    know(f, fixture_id(y), ny);
    assert_int_equal(store_key_erase(&f->op, f->store, nx), OK);
    assert_int_equal(known(f, fixture_id(x), nx), NAMES);
    for (int i = 0; i < 2; i++) {
        record_free(f->rec);
        fixture_as(f, &f->system);
        assert_int_equal(record_new(&f->op, f->store, NULL, &f->rec), OK);
        assert_int_equal(known(f, fixture_id(x), nx), 0);
        assert_int_equal(known(f, fixture_id(y), ny), NAMES);
    }
}

/* Closes what is open, and opens the folder in its place. */
static void open_in_place(struct fixture *f, str dir)
{
    struct store_options o = {.backend = STORE_SQLITE, .dir = dir};
    record_free(f->rec);
    store_close(f->store);
    f->rec = NULL;
    f->store = NULL;
    fixture_as(f, &f->system);
    assert_int_equal(store_open(&f->op, &o, &f->store), OK);
    assert_int_equal(record_new(&f->op, f->store, NULL, &f->rec), OK);
}

static void approved(struct fixture *f, const char *patient)
{
    fixture_as(f, &f->privacy);
    assert_int_equal(put(f, approval(f, patient, "rejected")), OK);
    assert_int_equal(put(f, approval(f, patient, "accepted")), OK);
    assert_int_equal(erase(f, patient), OK);
}

/* What was noted of them is in the copy, and goes when it is opened; also where somebody had been
 * erased before the copy, and when it is opened again. */
static void a_backup_from_before_does_not_bring_it_back(void **state)
{
    struct fixture *f = *state;
    const char *w = fixture_patient(f, "W"), *x = fixture_patient(f, "X"),
               *y = fixture_patient(f, "Y");
    uint64_t nw = number_of(f, w), nx = number_of(f, x), ny = number_of(f, y);
    str copy = arena_printf(f->keep, "%s/copy", f->dir),
        back = arena_printf(f->keep, "%s/back", f->dir);
    struct record_backup b;
    struct record_doc d;
    know(f, fixture_id(w), nw);
    know(f, fixture_id(x), nx);
    know(f, fixture_id(y), ny);
    approved(f, w);
    assert_int_equal(record_backup_ready(&f->op, f->rec), OK);
    assert_int_equal(record_backup(&f->op, str_of(f->dir), copy, NULL, &b), OK);
    assert_int_equal(known(f, fixture_id(x), nx), NAMES); /* so it is in the copy */
    approved(f, x);
    assert_int_equal(known(f, fixture_id(x), nx), 0);
    fixture_as(f, &f->system);
    struct record_restore how = {.keys = str_of(f->dir)};
    assert_int_equal(record_restore(&f->op, copy, &how, back, NULL, &b), OK);
    for (int i = 0; i < 2; i++) {
        open_in_place(f, back);
        assert_int_equal(known(f, fixture_id(w), nw), 0);
        assert_int_equal(known(f, fixture_id(x), nx), 0);
        assert_int_equal(known(f, fixture_id(y), ny), NAMES);
        assert_int_equal(fixture_read(f, x, &d), ERR_NOT_FOUND);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(an_import_approves_nothing),
        BOTH_BACKENDS(a_complaint_about_a_device_is_kept),
        BOTH_BACKENDS(what_is_noted_of_them_goes),
        BOTH_BACKENDS(a_kill_in_between_only_delays_it),
        cmocka_unit_test_setup_teardown(a_backup_from_before_does_not_bring_it_back,
                                        fixture_setup_sqlite, fixture_teardown),
    };
    return cmocka_run_group_tests_name("record.erase", tests, NULL, NULL);
}
