/* The list of a patient's Consents is that of the last commit, whatever is written, withdrawn or
 * erased, few or many; and who has seen anything of a commit finds its Consent, too. */
#include "record/fixture_int.h"

#define MANY 9 /* more than a list holds */
#define PEOPLE 40
#define EACH 4
#define MARK "consents-written"

static const char *text_of(struct fixture *f, const char *patient)
{
    return fixture_text(
        f,
        "{\"resourceType\":\"Consent\",\"status\":\"active\",\"scope\":{\"coding\":[{\"system\":"
        "\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":\"patient-privacy\"}]},"
        "\"category\":[{\"text\":\"contact\"}],\"patient\":{\"reference\":\"%s\"},\"policyRule\":{"
        "\"text\":\"x\"},\"provision\":{\"type\":\"permit\"}}",
        patient);
}

static size_t listed(struct op *op, struct record *rec, uint64_t patient)
{
    struct record_page page;
    assert_int_equal(
        record_of_patient(op, rec, fhir_type_parse(STR("Consent")), patient, 200, &page), OK);
    return page.n;
}

static void the_list_is_that_of_the_last_commit(void **state)
{
    struct fixture *f = *state;
    const char *ann = fixture_patient(f, "A"), *bob = fixture_patient(f, "B"), *made[MANY];
    struct record_result r;
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(listed(&f->op, f->rec, fixture_rid(f, ann)), i);
        assert_int_equal(listed(&f->op, f->rec, fixture_rid(f, ann)), i); /* known now */
        made[i] = fixture_make(f, text_of(f, ann));
        assert_int_equal(listed(&f->op, f->rec, fixture_rid(f, bob)), 0);
    }
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(listed(&f->op, f->rec, fixture_rid(f, ann)), MANY - i);
        assert_int_equal(record_delete(&f->op, f->rec, fhir_type_parse(STR("Consent")),
                                       fixture_id(made[i]), STR_NONE, &r),
                         OK);
    }
    assert_int_equal(listed(&f->op, f->rec, fixture_rid(f, ann)), 0);
}

/* Another reads a named value that each commit changes with its Consent, then the Consents. */
struct watch {
    struct fixture *f;
    uint64_t patients[PEOPLE];
    atomic_bool over;
    unsigned behind, looked;
};

static void *look(void *ctx)
{
    struct watch *w = ctx;
    struct arena *a = arena_new(0);
    struct op op;
    while (!atomic_load(&w->over)) {
        str mark;
        uint64_t told = 0;
        arena_reset(a);
        op_init(&op, a, &w->f->system, time_now());
        if (record_kv_get(&op, w->f->rec, STR(MARK), &mark) != OK || mark.n != sizeof told)
            continue;
        memcpy(&told, mark.p, sizeof told); /* so many are committed, one patient after the other */
        uint64_t newest = (told - 1) / EACH;
        struct record_page page;
        w->looked++;
        if (record_of_patient(&op, w->f->rec, fhir_type_parse(STR("Consent")), w->patients[newest],
                              200, &page) != OK ||
            page.n < told - newest * EACH)
            w->behind++;
    }
    arena_free(a);
    return NULL;
}

static void who_saw_a_commit_finds_its_consent(void **state)
{
    struct watch w = {.f = *state};
    struct fixture *f = w.f;
    const char *patients[PEOPLE];
    pthread_t thread;
    str id;
    for (size_t i = 0; i < PEOPLE; i++) {
        patients[i] = fixture_patient(f, "P");
        w.patients[i] = fixture_rid(f, patients[i]);
    }
    assert_int_equal(pthread_create(&thread, NULL, look, &w), 0);
    for (uint64_t n = 1; n <= PEOPLE * EACH; n++) {
        struct record_tx *tx = record_begin(&f->op, f->rec);
        struct json *tree = fixture_tree(f, text_of(f, patients[(n - 1) / EACH]));
        assert_int_equal(record_tx_create(tx, tree, &id), OK);
        record_tx_kv(tx, STR(MARK), str_make((const char *)&n, sizeof n));
        assert_int_equal(record_commit(tx), OK);
    }
    atomic_store(&w.over, true);
    pthread_join(thread, NULL);
    assert_int_equal(w.behind, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_BACKENDS(the_list_is_that_of_the_last_commit),
        BOTH_BACKENDS(who_saw_a_commit_finds_its_consent),
    };
    return cmocka_run_group_tests_name("record.consent_list", tests, NULL, NULL);
}
