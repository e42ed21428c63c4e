/* Secure links: one task, one patient, ending; the step-up counts wrong answers; nothing tells
 * whether there was such a link. */
#include "campaign/fixture_int.h"

#include "campaign/campaign_int.h"
#include "campaign/link.h"

#include <sodium.h>

struct yard {
    struct ground *g;
    struct campaigns c;
    str patient, plain, sensitive;
};

static str task(struct yard *y, const char *more)
{
    return ground_make(y->g,
                       "{\"resourceType\":\"Task\",\"status\":\"requested\",\"intent\":\"order\","
                       "\"description\":\"Bring your card.\",\"for\":{\"reference\":"
                       "\"Patient/%.*s\"}%s}",
                       STR_ARG(y->patient), more);
}

static int open_yard(void **state)
{
    struct yard *y = calloc(1, sizeof *y);
    void *ground;
    assert_int_equal(ground_open(&ground), 0);
    y->g = ground;
    y->c.rec = y->g->rec;
    y->c.config = config_new(y->g->arena);
    y->patient = ground_patient(y->g, "1950-03-02", "");
    y->plain = task(y, "");
    y->sensitive = task(y, ",\"meta\":{\"security\":[{\"system\":\"http://terminology.hl7.org/"
                           "CodeSystem/v3-Confidentiality\",\"code\":\"R\"}]}");
    ground_as(y->g, people_system());
    *state = y;
    return 0;
}

static int close_yard(void **state)
{
    struct yard *y = *state;
    void *ground = y->g;
    free(y);
    return ground_close(&ground);
}

static str made(struct yard *y, str id)
{
    str word;
    assert_int_equal(link_make(&y->g->op, &y->c,
                               &(struct link_for){.task = id, .expires = y->g->op.now + 3600000},
                               &word),
                     OK);
    return word;
}

static err used(struct yard *y, struct link_use use, struct link_task *ret)
{
    op_clear(&y->g->op);
    return link_open(&y->g->op, &y->c, &use, ret);
}

static void a_link_opens_one_task_until_it_is_done(void **state)
{
    struct yard *y = *state;
    struct link_task t;
    str word = made(y, y->plain);
    assert_int_equal(word.n, 22);
    assert_int_equal(str_find(word, y->patient, 0), SIZE_MAX);
    assert_int_equal(used(y, (struct link_use){.word = word}, &t), OK);
    assert_str(t.text, "Bring your card.");
    assert_false(t.ask);
    assert_int_equal(used(y, (struct link_use){.word = word, .done = true}, &t), OK);
    assert_true(t.done);
    assert_int_equal(used(y, (struct link_use){.word = word}, &t), ERR_GONE);
    assert_int_equal(used(y, (struct link_use){.word = STR("AAAAAAAAAAAAAAAAAAAAAA")}, &t),
                     ERR_GONE);
    assert_int_equal(used(y, (struct link_use){.word = STR("x")}, &t), ERR_GONE);
}

/* Of a hundred words, chance alone would give some that the route table refuses. */
static void every_word_is_an_address(void **state)
{
    struct yard *y = *state;
    for (int i = 0; i < 100; i++)
        assert_true(fhir_id_valid(made(y, y->plain)));
}

static void a_link_ends(void **state)
{
    struct yard *y = *state;
    struct link_task t;
    str word = made(y, y->plain);
    y->g->op.now += 3600001;
    assert_int_equal(used(y, (struct link_use){.word = word}, &t), ERR_GONE);
    op_clear(&y->g->op);
    assert_int_equal(link_make(&y->g->op, &y->c,
                               &(struct link_for){.task = y->plain, .expires = y->g->op.now - 1},
                               &word),
                     ERR_INVALID);
}

static void what_is_sensitive_asks_first(void **state)
{
    struct yard *y = *state;
    struct link_task t;
    str word = made(y, y->sensitive);
    assert_int_equal(used(y, (struct link_use){.word = word, .done = true}, &t), OK);
    assert_true(t.ask && !t.done && str_empty(t.text));
    assert_int_equal(used(y, (struct link_use){.word = word, .born = STR("1950-03-02")}, &t), OK);
    assert_str(t.text, "Bring your card.");
    for (int i = 0; i < LINK_TRIES; i++) {
        assert_int_equal(used(y, (struct link_use){.word = word, .born = STR("1950-03-03")}, &t),
                         OK);
        assert_true(t.ask && str_empty(t.text));
    }
    assert_int_equal(used(y, (struct link_use){.word = word, .born = STR("1950-03-02")}, &t),
                     ERR_GONE);
}

static struct json *kept(struct yard *y, str word)
{
    uint8_t hash[16];
    char hex[sizeof hash * 2 + 1];
    str text;
    struct json *o;
    crypto_generichash(hash, sizeof hash, (const unsigned char *)word.p, word.n, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    ground_as(y->g, people_system());
    str key = arena_printf(y->g->arena, "campaign/link/%s", hex);
    assert_int_equal(record_kv_get(&y->g->op, y->g->rec, key, &text), OK);
    assert_int_equal(json_read(&y->g->op, text, &JSON_LIMITS_DEFAULT, &o), OK);
    return o;
}

/* Review R274: a right date changed nothing that is kept, so of a hundred tries at once the wrong
 * ones failed over each other, one was counted, and the right one opened. */
static void r274_the_right_answer_takes_its_turn(void **state)
{
    struct yard *y = *state;
    struct link_task t;
    int64_t n = 0;
    str word = made(y, y->sensitive);
    for (int i = 1; i < 3; i++) {
        assert_int_equal(used(y, (struct link_use){.word = word, .born = STR("1950-03-02")}, &t),
                         OK);
        assert_true(!t.ask && json_i64(JSON_GET(kept(y, word), "opened"), &n) && n == i);
    }
    assert_true(json_i64(JSON_GET(kept(y, word), "tries"), &n) && n == 0);
    assert_int_equal(
        used(y, (struct link_use){.word = word, .born = STR("1950-03-02"), .done = true}, &t), OK);
    assert_true(t.done);
}

#define CODE(code)                                                                                 \
    ",\"code\":{\"coding\":[{\"system\":\"" LINK_TASK_SYSTEM "\",\"code\":\"" code "\"}]}"

/* Review R271: patients may make links, and one for a case about them completed it. */
static void r271_no_link_opens_a_case(void **state)
{
    struct yard *y = *state;
    struct link_task t;
    struct record_result r;
    str word, theirs = task(y, CODE(LINK_TASK_CODE)), ours = task(y, CODE("case"));
    struct actor self = {.role = ROLE_PATIENT,
                         .purpose = role_purpose(ROLE_PATIENT),
                         .user = STR("p"),
                         .session = STR("s"),
                         .strong = true,
                         .patient = ground_rid(y->g, "Patient", y->patient)};
    const struct actor *const all[] = {&self, &y->g->nurse, people_system()};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        ground_as(y->g, all[i]);
        assert_int_equal(
            link_make(&y->g->op, &y->c,
                      &(struct link_for){.task = ours, .expires = y->g->op.now + 3600000}, &word),
            ERR_UNPROCESSABLE);
        op_clear(&y->g->op);
        word = made(y, theirs);
    }
    struct json *tree;
    struct record_doc doc;
    assert_int_equal(record_read(&y->g->op, y->g->rec, fhir_type_parse(STR("Task")), theirs, &doc),
                     OK);
    assert_int_equal(record_parse(&y->g->op, &doc, &tree), OK);
    json_set_str(y->g->arena, json_path(tree, "code.coding.0"), STR("code"), STR("case"));
    assert_int_equal(record_update(&y->g->op, y->g->rec, doc.type, theirs, tree, STR_NONE, &r), OK);
    assert_int_equal(used(y, (struct link_use){.word = word, .done = true}, &t), ERR_GONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_link_opens_one_task_until_it_is_done, open_yard,
                                        close_yard),
        cmocka_unit_test_setup_teardown(every_word_is_an_address, open_yard, close_yard),
        cmocka_unit_test_setup_teardown(a_link_ends, open_yard, close_yard),
        cmocka_unit_test_setup_teardown(what_is_sensitive_asks_first, open_yard, close_yard),
        cmocka_unit_test_setup_teardown(r271_no_link_opens_a_case, open_yard, close_yard),
        cmocka_unit_test_setup_teardown(r274_the_right_answer_takes_its_turn, open_yard,
                                        close_yard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
