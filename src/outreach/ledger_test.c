/* The contact ledger against a plain model: a flat list of every attempt that is counted by going
 * through it all. Pages, moving behind, replacing and both rows of pages must not show. */
#include "outreach/fixture_int.h"
#include "outreach/ledger_int.h"

#define HOUR 3600000LL
#define PEOPLE 3
#define ROWS 2600 /* a multiple of 200 */

static int open_room(void **state)
{
    *state = room_new();
    return 0;
}

struct attempt {
    unsigned person, number;
    struct ledger_entry e;
};

static uint32_t dice(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % n;
}

static const char *const NUMBERS[] = {"", "+13125550101", "+13125550102"};
static const char *const WHO[PEOPLE] = {"ann", "ben", "cem"};

static str name_of(struct op *op, unsigned i)
{
    return arena_printf(op->arena, "comm-%u", i);
}

static struct attempt throw_one(struct op *op, uint32_t *seed, unsigned i)
{
    struct attempt a = {.person = dice(seed, PEOPLE), .number = dice(seed, 3)};
    a.e = (struct ledger_entry){.id = ledger_mark(name_of(op, i)),
                                .at = NOW - (int64_t)dice(seed, 60 * 24) * HOUR,
                                .channel = (uint8_t)dice(seed, LEDGER_CHANNEL_COUNT),
                                .kind = dice(seed, 4) ? LEDGER_CARE : (uint8_t)dice(seed, 4),
                                .state = (uint8_t)dice(seed, 4),
                                .incoming = dice(seed, 9) == 0,
                                .programme = (uint32_t)ledger_mark(STR("heart")) * dice(seed, 2)};
    return a;
}

static bool spoken(const struct attempt *a)
{
    return a->e.channel == LEDGER_SMS || a->e.channel == LEDGER_VOICE;
}

static bool contact(const struct attempt *a)
{
    return !a->e.incoming && a->e.kind == LEDGER_CARE && a->e.state <= LEDGER_OUT;
}

static struct ledger_count tally(const struct attempt *all, size_t n,
                                 bool (*is)(const struct attempt *, unsigned), unsigned which)
{
    struct ledger_count c = {0};
    for (size_t i = 0; i < n; i++) {
        if (!contact(&all[i]) || !is(&all[i], which))
            continue;
        c.day += all[i].e.at >= NOW - 11 * HOUR - HOUR / 2; /* midnight in Chicago */
        c.week += all[i].e.at >= NOW - 7 * 24 * HOUR;
        c.month += all[i].e.at >= NOW - 30 * 24 * HOUR;
    }
    return c;
}

static bool of_person(const struct attempt *a, unsigned who)
{
    return a->person == who;
}

static bool spoken_of(const struct attempt *a, unsigned who)
{
    return a->person == who && spoken(a);
}

static bool of_number(const struct attempt *a, unsigned number)
{
    return a->number == number && spoken(a);
}

static bool of_programme(const struct attempt *a, unsigned who)
{
    return a->person == who && a->e.programme != 0;
}

static void same(struct ledger_count a, struct ledger_count b)
{
    assert_int_equal(a.day, b.day);
    assert_int_equal(a.week, b.week);
    assert_int_equal(a.month, b.month);
}

static void compare(struct room *r, const struct attempt *all, size_t n)
{
    str zone = STR("America/Chicago");
    for (unsigned who = 0; who < PEOPLE; who++) {
        unsigned number = 1 + who % 2;
        struct ledger_counts c;
        struct ledger_question q = {.patient = str_of(WHO[who]),
                                    .address = str_of(NUMBERS[number]),
                                    .zones = &zone,
                                    .n_zones = 1,
                                    .programme = STR("heart")};
        assert_int_equal(ledger_load(&r->op, r->rec, &q, &c), OK);
        same(c.all, tally(all, n, of_person, who));
        same(c.spoken, tally(all, n, spoken_of, who));
        same(c.number, tally(all, n, of_number, number));
        same(c.programme, tally(all, n, of_programme, who));
        assert_true(c.n_counted <= c.all.month);
        for (size_t i = 1; i < c.n_counted; i++)
            assert_true(c.counted[i - 1] >= c.counted[i]);
    }
}

static void stage(struct room *r, struct record_tx *tx, const struct attempt *a)
{
    assert_int_equal(
        ledger_add(tx, &r->op, str_of(WHO[a->person]), &a->e, str_of(NUMBERS[a->number])), OK);
}

static void keep(struct room *r, const struct attempt *a)
{
    struct record_tx *tx = record_begin(&r->op, r->rec);
    stage(r, tx, a);
    assert_int_equal(record_commit(tx), OK);
}

static void pages_count_as_a_plain_list_does(void **state)
{
    struct room *r = *state;
    struct attempt *all = calloc(ROWS, sizeof *all);
    uint32_t seed = 7;
    size_t n = 0;
    struct record_tx *tx = NULL;
    for (unsigned i = 0; i < ROWS; i++) {
        tx = tx ? tx : record_begin(&r->op, r->rec);
        if (n && dice(&seed, 4) == 0) { /* one of them moves on */
            struct attempt *old = &all[dice(&seed, (uint32_t)n)];
            old->e.state = (uint8_t)dice(&seed, 4);
            stage(r, tx, old);
        } else {
            all[n] = throw_one(&r->op, &seed, i);
            stage(r, tx, &all[n++]);
        }
        if (i % 20 != 19)
            continue;
        assert_int_equal(record_commit(tx), OK);
        if (i % 200 == 199)
            compare(r, all, n);
        arena_reset(r->op.arena);
        tx = NULL;
    }
    compare(r, all, n);
    free(all);
}

static void of_those_that_wait_only_the_one_before_counts(void **state)
{
    struct room *r = *state;
    for (unsigned i = 0; i < 3; i++) {
        struct attempt a = {.number = 1,
                            .e = {.id = ledger_mark(name_of(&r->op, i)),
                                  .at = NOW - (3 - (int64_t)i) * 1000,
                                  .channel = LEDGER_SMS,
                                  .due_key = i == 0 ? 99 : 0}};
        keep(r, &a);
    }
    for (unsigned i = 0; i < 3; i++) {
        struct ledger_counts c;
        struct ledger_question q = {.patient = STR("ann"),
                                    .address = str_of(NUMBERS[1]),
                                    .self = name_of(&r->op, i),
                                    .due_key = 99};
        assert_int_equal(ledger_load(&r->op, r->rec, &q, &c), OK);
        assert_int_equal(c.all.week, i);
        assert_int_equal(c.number.week, i);
        assert_int_equal(c.seen, i > 0);
    }
}

static void several_of_one_household_in_one_transaction(void **state)
{
    struct room *r = *state;
    struct record_tx *tx = record_begin(&r->op, r->rec), *late = record_begin(&r->op, r->rec);
    struct ledger_entry e = {.at = NOW, .channel = LEDGER_VOICE, .state = LEDGER_OUT};
    struct ledger_counts c;
    struct ledger_question q = {.patient = STR("ann"), .address = str_of(NUMBERS[2])};
    e.id = 5;
    assert_int_equal(ledger_add(late, &r->op, STR("dan"), &e, str_of(NUMBERS[2])), OK);
    for (unsigned i = 0; i < PEOPLE; i++) {
        e.id = 10 + i;
        assert_int_equal(ledger_add(tx, &r->op, str_of(WHO[i]), &e, str_of(NUMBERS[2])), OK);
    }
    assert_int_equal(record_commit(tx), OK);
    assert_int_equal(record_commit(late), ERR_CONFLICT); /* written from an older page: again */
    op_clear(&r->op);
    assert_int_equal(ledger_load(&r->op, r->rec, &q, &c), OK);
    assert_int_equal(c.number.day, PEOPLE);
    assert_int_equal(c.calls.day, 1);
}

static void a_damaged_page_is_an_error(void **state)
{
    struct room *r = *state;
    struct ledger_counts c;
    struct ledger_question q = {.patient = STR("ann")};
    struct record_tx *tx = record_begin(&r->op, r->rec);
    record_tx_kv(tx, STR("ledger/ann"), STR("\1half of a page"));
    assert_int_equal(record_commit(tx), OK);
    assert_int_equal(ledger_load(&r->op, r->rec, &q, &c), ERR_FAULT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_room, room_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pages_count_as_a_plain_list_does),
        TEST(of_those_that_wait_only_the_one_before_counts),
        TEST(several_of_one_household_in_one_transaction),
        TEST(a_damaged_page_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
