/* Letters that wait for the printer: in one run at most, and in none when something ended them. */
#include "outreach/letter.h"

#include "outreach/sender_fixture_int.h"

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, room_close)

static void letter(struct room *r, const char *id, int patient, const char *plan)
{
    str of = *plan ? arena_printf(r->op.arena, "\"instantiatesCanonical\":[\"PlanDefinition/%s\"],",
                                  plan)
                   : STR_NONE;
    room_put(r, arena_printf(r->op.arena,
                             "{\"resourceType\":\"Communication\",\"id\":\"%s\",\"status\":"
                             "\"in-progress\",%.*s\"medium\":[{\"coding\":[{\"system\":"
                             "\"" CHANNEL_SYSTEM "\",\"code\":\"letter\"}]}],\"subject\":{"
                             "\"reference\":\"Patient/b%d\"},\"recipient\":[{\"reference\":"
                             "\"Patient/b%d\"}],\"sent\":\"2026-11-23T17:00:00Z\",\"payload\":[{"
                             "\"contentString\":\"Please call us.\"}]}",
                             id, STR_ARG(of), patient, patient));
}

static void says(struct room *r, int patient, enum channel_kind k)
{
    struct recipient p;
    const struct stop_word word = {.stop = true, .evidence = STR("they said so")};
    struct record_tx *tx = record_begin(&r->op, r->rec);
    assert_int_equal(recipient_load(&r->op, r->rec, arena_printf(r->op.arena, "b%d", patient), &p),
                     OK);
    assert_int_equal(stop_record(tx, &r->op, &p, k, &word), OK);
    assert_int_equal(record_commit(tx), OK);
}

/* R518: a letter that was let through waited for days in the queue of the printer, and no kill
 * switch, death or STOP reached it there. */
static void r518_what_ended_meanwhile_is_not_printed(void **state)
{
    struct room *r = *state;
    str run;
    size_t n = 0;
    r->op.actor = outreach_system();
    letter(r, "stays", 0, "");
    letter(r, "killed", 1, "flu");
    letter(r, "died", 2, "");
    letter(r, "stopped", 3, "");
    letter(r, "planned", 4, "recall"); /* nothing is posted by itself after a STOP by text */
    letter(r, "asked", 5, "");         /* but what a person wrote */
    assert_int_equal(outreach_stop_campaign(&r->op, r->o, STR("flu")), OK);
    room_put(r, STR("{\"resourceType\":\"Patient\",\"id\":\"b2\",\"deceasedBoolean\":true}"));
    says(r, 3, CHANNEL_LETTER);
    says(r, 4, CHANNEL_SMS);
    says(r, 5, CHANNEL_SMS);
    nurse(r);
    assert_int_equal(letter_run(&r->op, r->o, &run, &n), OK);
    assert_int_equal(n, 2);
    assert_status(r, STR("stays"), "in-progress");
    assert_status(r, STR("asked"), "in-progress");
    assert_status(r, STR("killed"), "not-done");
    assert_status(r, STR("died"), "not-done");
    assert_status(r, STR("stopped"), "not-done");
    assert_status(r, STR("planned"), "not-done");
    letter(r, "late", 1, "flu");
    nurse(r);
    assert_int_equal(letter_run(&r->op, r->o, &run, &n), ERR_UNPROCESSABLE);
    op_clear(&r->op);
    assert_status(r, STR("late"), "not-done");
}

/* Two hundred that were printed and not posted stood before all that came later: no run was made
 * of those, and no list showed them. */
static void what_is_not_posted_hides_nothing_newer(void **state)
{
    struct room *r = *state;
    str run, first;
    size_t n = 0;
    struct letter_list list;
    r->op.actor = outreach_system();
    for (int i = 0; i < 4; i++)
        room_put(r, arena_printf(r->op.arena,
                                 "{\"resourceType\":\"Patient\",\"id\":\"b%d\",\"address\":[{"
                                 "\"line\":[\"1 Main St\"],\"city\":\"Springfield\"}]}",
                                 i));
    for (unsigned i = 0; i < LETTERS_MAX + 7; i++)
        letter(r, str_z(r->op.arena, arena_printf(r->op.arena, "w%03u", i)), (int)(i % 4), "");
    nurse(r);
    assert_int_equal(letter_list(&r->op, r->o, STR_NONE, STR_NONE, &list), OK);
    assert_int_equal(list.n, LETTERS_MAX);
    assert_int_equal(letter_list(&r->op, r->o, STR_NONE, list.next, &list), OK);
    assert_int_equal(list.n, 7);
    assert_int_equal(list.next.n, 0);
    assert_int_equal(letter_run(&r->op, r->o, &first, &n), OK);
    assert_int_equal(n, LETTERS_MAX);
    assert_int_equal(letter_run(&r->op, r->o, &run, &n), OK);
    assert_int_equal(n, 7);
    assert_int_equal(letter_list(&r->op, r->o, run, STR_NONE, &list), OK);
    assert_int_equal(list.n, 7);
    assert_int_equal(letter_posted(&r->op, r->o, first, &n), OK);
    assert_int_equal(n, LETTERS_MAX);
    assert_int_equal(letter_list(&r->op, r->o, STR_NONE, STR_NONE, &list), OK);
    assert_int_equal(list.n, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(r518_what_ended_meanwhile_is_not_printed),
        IN_ROOM(what_is_not_posted_hides_nothing_newer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
