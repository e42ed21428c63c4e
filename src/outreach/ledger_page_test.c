/* Pages of the ledger as bytes: what was packed is what comes back, of any rows; pages of before
 * are read; part of a page is damaged or fewer rows, never other ones. */
#include "base/test.h"
#include "outreach/ledger_int.h"

#define ROUNDS 400
#define NOW 1800000000000LL

static uint64_t dice(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 20;
}

static const uint64_t NUMBERS[] = {0, 1, UINT64_MAX, 0x123456789abcdef0u};

static struct ledger_entry any_row(uint64_t *seed, uint64_t id)
{
    struct ledger_entry e = {.at = NOW - (int64_t)(dice(seed) % 7000000000u), .id = id};
    e.number = NUMBERS[dice(seed) % 4];
    e.due_key = dice(seed) % 2 ? dice(seed) : 0;
    e.programme = (uint32_t)(dice(seed) % 3);
    e.campaign = dice(seed) % 3 ? 7 : UINT32_MAX;
    e.subject = (uint32_t)(dice(seed) % 2);
    e.channel = (uint8_t)(dice(seed) % LEDGER_CHANNEL_COUNT);
    e.kind = (uint8_t)(dice(seed) % (LEDGER_KEYWORD + 1));
    e.state = (uint8_t)(dice(seed) % (LEDGER_TAKEN_BACK + 1));
    e.incoming = dice(seed) % 2;
    e.ours = dice(seed) % 2;
    e.excepted = dice(seed) % 4 == 0;
    if (dice(seed) % 50 == 0)
        e.at = (int64_t)dice(seed) * (dice(seed) % 2 ? 1 : -1);
    return e;
}

static void any_page(uint64_t *seed, struct ledger_page *ret)
{
    size_t n = dice(seed) % 8 ? dice(seed) % 12 : LEDGER_PAGE_MAX;
    *ret = (struct ledger_page){.behind = dice(seed) % 2 ? (uint32_t)dice(seed) : 0};
    ret->behind_last = dice(seed) % 2 ? NOW - (int64_t)dice(seed) : 0;
    for (size_t i = 0; i < n; i++) {
        struct ledger_entry e = any_row(seed, i * 977 + 1);
        ledger_put(ret, &e);
    }
}

static void assert_same_row(const struct ledger_entry *a, const struct ledger_entry *b)
{
    assert_true(a->at == b->at && a->id == b->id && a->due_key == b->due_key);
    assert_true(a->number == b->number && a->programme == b->programme);
    assert_true(a->campaign == b->campaign && a->subject == b->subject);
    assert_true(a->channel == b->channel && a->kind == b->kind && a->state == b->state);
    assert_true(a->incoming == b->incoming && a->ours == b->ours);
    assert_true(a->excepted == b->excepted);
}

static void assert_same(const struct ledger_page *a, const struct ledger_page *b)
{
    assert_true(a->n == b->n && a->behind == b->behind && a->behind_last == b->behind_last);
    for (size_t i = 0; i < a->n; i++)
        assert_same_row(&a->at[i], &b->at[i]);
}

/* As this house wrote them until docs/adr/0066. */
static str fixed(struct arena *a, const struct ledger_page *p)
{
    struct buf b;
    buf_init(&b, a, 1u << 16);
    buf_u8(&b, 1);
    buf_u32(&b, p->behind);
    buf_u64(&b, (uint64_t)p->behind_last);
    for (size_t i = 0; i < p->n; i++) {
        const struct ledger_entry *e = &p->at[i];
        buf_u64(&b, (uint64_t)e->at);
        buf_u64(&b, e->id);
        buf_u64(&b, e->due_key);
        buf_u64(&b, e->number);
        buf_u32(&b, e->programme);
        buf_u32(&b, e->campaign);
        buf_u32(&b, e->subject);
        buf_u8(&b, e->channel);
        buf_u8(&b, e->kind);
        buf_u8(&b, e->state);
        buf_u8(&b, (uint8_t)(e->incoming | e->ours << 1 | e->excepted << 2));
    }
    assert_true(buf_ok(&b));
    return buf_str(&b);
}

static void pages_come_back_whole(void **state)
{
    struct arena *a = arena_new(0);
    struct ledger_page p, back;
    uint64_t seed = 5;
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        arena_reset(a);
        any_page(&seed, &p);
        str bytes = ledger_pack(a, &p);
        assert_true(bytes.n > 0 && ledger_unpack(bytes, &back));
        assert_same(&p, &back);
        assert_true(bytes.n <= fixed(a, &p).n + 8); /* the longest head */
    }
    arena_free(a);
}

static void pages_of_before_are_read(void **state)
{
    struct arena *a = arena_new(0);
    struct ledger_page p, back;
    uint64_t seed = 11;
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        arena_reset(a);
        any_page(&seed, &p);
        str old = fixed(a, &p);
        assert_true(ledger_unpack(old, &back));
        assert_same(&p, &back);
        assert_false(ledger_unpack(str_sub(old, 0, old.n - 1), &back));
    }
    arena_free(a);
}

static void part_of_a_page_is_no_other_page(void **state)
{
    struct arena *a = arena_new(0);
    struct ledger_page p, back;
    uint64_t seed = 23;
    (void)state;
    any_page(&seed, &p);
    while (p.n < 5 || p.n > 20)
        any_page(&seed, &p);
    str bytes = ledger_pack(a, &p);
    size_t whole = 0;
    for (size_t n = 1; n < bytes.n; n++) {
        if (!ledger_unpack(str_sub(bytes, 0, n), &back))
            continue;
        whole++;
        assert_true(back.n < p.n);
        for (size_t i = 0; i < back.n; i++)
            assert_same_row(&back.at[i], &p.at[i]);
    }
    assert_int_equal(whole, p.n); /* where a row ends, no other place */
    arena_free(a);
}

static void what_cannot_be_is_damaged(void **state)
{
    struct arena *a = arena_new(0);
    struct ledger_page p = {.n = 1, .at = {{.at = NOW, .id = 3}}}, back;
    (void)state;
    p.at[0].channel = LEDGER_CHANNEL_COUNT;
    assert_false(ledger_unpack(ledger_pack(a, &p), &back));
    p.at[0] = (struct ledger_entry){.at = NOW, .id = 3, .kind = LEDGER_KEYWORD + 1};
    assert_false(ledger_unpack(ledger_pack(a, &p), &back));
    p.at[0].kind = 0;
    for (p.n = 0; p.n <= LEDGER_PAGE_MAX; p.n++)
        p.at[p.n] = (struct ledger_entry){.at = NOW, .id = p.n + 1};
    assert_false(ledger_unpack(ledger_pack(a, &p), &back)); /* one too many */
    assert_false(ledger_unpack(STR("\3"), &back));          /* of a version to come */
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_come_back_whole),
        cmocka_unit_test(pages_of_before_are_read),
        cmocka_unit_test(part_of_a_page_is_no_other_page),
        cmocka_unit_test(what_cannot_be_is_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
