/* What is kept of a cohort's answer is what would be found anew: after any write, by anybody, after
 * a patient was erased, and while others write. */
#include "record/bulk.h"
#include "record/cohort_int.h"
#include "record/fixture_int.h"
#include "record/write.h"

#include <stdatomic.h>

#define PATIENTS 12u
#define STEPS 240

struct town {
    struct fixture *f;
    struct actor outreach;
    const char *who[PATIENTS];
    const char *illness[PATIENTS]; /* the newest Condition; NULL: none */
    uint32_t dice;
};

static uint32_t roll(struct town *t, uint32_t n)
{
    t->dice = t->dice * 1664525u + 1013904223u;
    return (t->dice >> 8) % n;
}

static str text_of_illness(struct town *t, const char *who, str id)
{
    static const char *const codes[] = {"J44.9", "E11.9", "F10.20"};
    static const char *const labels[] = {
        "", "",
        "\"meta\":{\"security\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
        "v3-Confidentiality\",\"code\":\"R\"}]},"};
    return arena_printf(t->f->keep,
                        "{\"resourceType\":\"Condition\",%s%.*s%s%s\"code\":{\"coding\":[{"
                        "\"system\":\"http://hl7.org/fhir/sid/icd-10-cm\",\"code\":\"%s\"}]},"
                        "\"recordedDate\":\"20%02u-01-01\",\"subject\":{\"reference\":\"%s\"}}",
                        id.n ? "\"id\":\"" : "", STR_ARG(id), id.n ? "\"," : "", labels[roll(t, 3)],
                        codes[roll(t, 3)], 10 + roll(t, 16), who);
}

static void deny(struct town *t, const char *who)
{
    fixture_make(
        t->f, fixture_text(
                  t->f,
                  "{\"resourceType\":\"Consent\",\"status\":\"%s\",\"scope\":{\"coding\":[{"
                  "\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":"
                  "\"patient-privacy\"}]},\"category\":[{\"text\":\"restriction\"}],\"patient\":{"
                  "\"reference\":\"%s\"},\"policyRule\":{\"text\":\"own\"},\"provision\":{\"type\":"
                  "\"deny\",\"class\":[{\"system\":\"http://hl7.org/fhir/resource-types\",\"code\":"
                  "\"Condition\"}]}}",
                  roll(t, 4) ? "active" : "inactive", who));
}

static void change_illness(struct town *t, uint32_t i)
{
    struct record_result r;
    str id = fixture_id(t->illness[i]);
    struct fhir_entry e = {.verb = VERB_PUT, .type = fhir_type_parse(STR("Condition")), .id = id};
    e.resource = fixture_tree(t->f, str_z(t->f->keep, text_of_illness(t, t->who[i], id)));
    assert_int_equal(record_write(&t->f->op, t->f->rec, &e, &r), OK);
}

static void end_illness(struct town *t, uint32_t i)
{
    struct record_result r;
    struct fhir_entry e = {.verb = VERB_DELETE,
                           .type = fhir_type_parse(STR("Condition")),
                           .id = fixture_id(t->illness[i])};
    assert_int_equal(record_write(&t->f->op, t->f->rec, &e, &r), OK);
    t->illness[i] = NULL;
}

static void live(struct town *t)
{
    uint32_t i = roll(t, PATIENTS), what = roll(t, 10);
    fixture_as(t->f, &t->f->system);
    if (what == 0)
        deny(t, t->who[i]);
    else if (what == 1)
        (void)fixture_weight(t->f, t->who[i], "70", "2026-01-02");
    else if (t->illness[i] && what < 4)
        end_illness(t, i);
    else if (t->illness[i] && what < 8)
        change_illness(t, i);
    else
        t->illness[i] =
            fixture_make(t->f, str_z(t->f->keep, text_of_illness(t, t->who[i], STR_NONE)));
}

static struct record_cohort ask(struct town *t, const char *query, bool veiled)
{
    struct record_cohort c = {0};
    fhir_type type = fhir_type_parse(STR("Condition"));
    struct op *op = &t->f->op;
    fixture_as(t->f, veiled ? &t->outreach : &t->f->nurse);
    assert_int_equal(veiled ? record_cohort_veiled(op, t->f->rec, type, str_of(query), &c)
                            : record_cohort(op, t->f->rec, type, str_of(query), &c),
                     OK);
    return c;
}

/* The slow way: nothing is known of before. */
static void same_anew(struct town *t, const char *query, bool veiled)
{
    struct record_cohort kept = ask(t, query, veiled);
    uint64_t *had = malloc((kept.n + 1) * sizeof *had);
    if (kept.n)
        memcpy(had, kept.patients, kept.n * sizeof *had);
    struct cohort_kept *memory = t->f->rec->cohorts;
    assert_int_equal(cohort_kept_new(&t->f->op, &t->f->rec->cohorts), OK);
    struct record_cohort fresh = ask(t, query, veiled);
    cohort_kept_free(t->f->rec->cohorts);
    t->f->rec->cohorts = memory;
    assert_int_equal(kept.n, fresh.n);
    if (kept.n)
        assert_memory_equal(had, fresh.patients, kept.n * sizeof *had);
    free(had);
}

static void town_new(struct town *t, struct fixture *f)
{
    *t = (struct town){.f = f, .outreach = fixture_actor(ROLE_OUTREACH, "out"), .dice = 7};
    for (size_t i = 0; i < PATIENTS; i++)
        t->who[i] = fixture_patient(f, "P");
}

static void what_is_kept_is_what_is_found(void **state)
{
    static const char *const asks[] = {"code=J44.9", "code=J44.9,E11.9&recorded-date=ge2018",
                                       "code:not=E11.9", "patient.family=P&code=J44.9", ""};
    struct town t;
    size_t most = 0;
    town_new(&t, *state);
    for (int i = 0; i < STEPS; i++) {
        live(&t);
        for (size_t k = (size_t)i % 3; k < sizeof asks / sizeof *asks; k += 3)
            for (int veiled = 0; veiled < 2; veiled++)
                same_anew(&t, asks[k], veiled);
        size_t n = ask(&t, "", false).n;
        most = n > most ? n : most;
        arena_reset(t.f->arena);
    }
    assert_true(most >= 3); /* the town was not empty */
}

static void approve_erasing(struct fixture *f, const char *who, const char *status)
{
    struct record_result r;
    struct fhir_entry e = {.verb = VERB_PUT, .type = fhir_type_parse(STR("Task")), .id = STR("t")};
    fixture_as(f, &f->privacy);
    e.resource = fixture_tree(
        f, fixture_text(f,
                        "{\"resourceType\":\"Task\",\"id\":\"t\",\"status\":\"%s\","
                        "\"intent\":\"order\",\"for\":{\"reference\":\"%s\"},\"code\":{"
                        "\"coding\":[{\"system\":\"" RECORD_TASK_CODE
                        "\",\"code\":\"erase-record\"}]}}",
                        status, who));
    assert_int_equal(record_write(&f->op, f->rec, &e, &r), OK);
}

/* Erasing takes the lines out of the log that would have told. */
static void who_was_erased_is_forgotten(void **state)
{
    struct town t;
    str by = STR_NONE;
    town_new(&t, *state);
    uint64_t gone = fixture_rid(t.f, t.who[0]);
    for (size_t i = 0; i < 2; i++)
        fixture_make(t.f, fixture_text(t.f,
                                       "{\"resourceType\":\"Condition\",\"code\":{\"coding\":[{"
                                       "\"system\":\"http://hl7.org/fhir/sid/icd-10-cm\",\"code\":"
                                       "\"J44.9\"}]},\"subject\":{\"reference\":\"%s\"}}",
                                       t.who[i]));
    assert_int_equal(ask(&t, "code=J44.9", true).n, 2);
    approve_erasing(t.f, t.who[0], "rejected");
    approve_erasing(t.f, t.who[0], "accepted");
    fixture_as(t.f, &t.f->system);
    assert_int_equal(record_erase(&t.f->op, t.f->rec, fixture_id(t.who[0]), STR("asked"), &by), OK);
    struct record_cohort left = ask(&t, "code=J44.9", true);
    assert_int_equal(left.n, 1);
    assert_int_not_equal(left.patients[0], gone);
}

static void only_the_house_keeps_ready(void **state)
{
    struct fixture *f = *state;
    fhir_type type = fhir_type_parse(STR("Condition"));
    struct actor outreach = fixture_actor(ROLE_OUTREACH, "out");
    uint64_t lines = fixture_lines(f);
    fixture_as(f, &f->system);
    assert_int_equal(record_cohort_ready(&f->op, f->rec, type, STR("code=J44.9")), OK);
    assert_int_equal(fixture_lines(f), lines); /* nobody was shown anything */
    fixture_as(f, &outreach);
    assert_int_equal(record_cohort_ready(&f->op, f->rec, type, STR("code=J44.9")), ERR_FORBIDDEN);
}

/* ---- others write ---- */
struct writer {
    struct town *t;
    atomic_bool stop;
};

static void *write_on(void *ctx)
{
    struct writer *w = ctx;
    struct arena *a = arena_new(0);
    for (unsigned i = 0; !atomic_load(&w->stop); i++) {
        struct op op;
        struct json *tree;
        struct record_result r;
        arena_reset(a);
        op_init(&op, a, &w->t->f->system, time_now());
        str text = arena_printf(
            a,
            "{\"resourceType\":\"Condition\",\"id\":\"c%u\",\"code\":{\"coding\":[{\"system\":"
            "\"http://hl7.org/fhir/sid/icd-10-cm\",\"code\":\"%s\"}]},\"subject\":{\"reference\":"
            "\"%s\"}}",
            i % 40, i / 40 % 2 ? "E11.9" : "J44.9", w->t->who[i % 40 % PATIENTS]);
        struct fhir_entry e = {.verb = VERB_PUT,
                               .type = fhir_type_parse(STR("Condition")),
                               .id = arena_printf(a, "c%u", i % 40)};
        bool ok = fhir_read(&op, text, 0, &tree) == OK;
        e.resource = tree;
        if (!ok || record_write(&op, w->t->f->rec, &e, &r) != OK)
            break;
    }
    arena_free(a);
    return NULL;
}

/* Asked all the while somebody writes: none of the changes was passed over once they are over. */
static void nothing_is_passed_over_while_others_write(void **state)
{
    struct town t;
    pthread_t thread;
    town_new(&t, *state);
    struct writer w = {.t = &t};
    assert_int_equal(pthread_create(&thread, NULL, write_on, &w), 0);
    for (int i = 0; i < 300; i++) {
        (void)ask(&t, "code=J44.9", true);
        arena_reset(t.f->arena);
    }
    atomic_store(&w.stop, true);
    pthread_join(thread, NULL);
    same_anew(&t, "code=J44.9", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(what_is_kept_is_what_is_found),
        BOTH_BACKENDS(who_was_erased_is_forgotten),
        BOTH_BACKENDS(only_the_house_keeps_ready),
        BOTH_BACKENDS(nothing_is_passed_over_while_others_write),
    };
    return cmocka_run_group_tests_name("record.cohort-kept", tests, NULL, NULL);
}
