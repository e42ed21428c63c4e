/* Figures of audiences over 1,000,000 invented people whose columns are simulated in memory (no
 * record behind them): what a live count costs beside the cohorts of the record, which search_bench
 * has, and what the table costs. Rows: name, value, unit, limit. */
#include "base/time.h"
#include "campaign/audience_int.h"
#include "campaign/people_int.h"

#include <stdio.h>
#include <stdlib.h>

#define PEOPLE 1000000u
#define ROUNDS 5

static struct person invented(uint32_t i)
{
    uint32_t h = i * 2654435761u;
    return (struct person){.rid = i + 1,
                           .household = h,
                           .birth = (int32_t)(h % 33000) - 14000,
                           .sex = (uint8_t)(1 + h % 2),
                           .language = (uint16_t)(1 + h % 3),
                           .channels = h % 50 ? 3 : 0,
                           .permit = {h % 7 ? PERMIT_CARE : 0},
                           .contacted = h % 9 ? 0 : (uint32_t)(20000 * 1440),
                           .flags = (uint16_t)(h % 90 ? 0 : PERSON_DECEASED)};
}

static void row(const char *name, double v, const char *unit, const char *limit)
{
    printf("%s\t%.1f\t%s\t%s\n", name, v, unit, limit);
}

static err fill(struct op *op, struct people *p)
{
    static const char *const tags[] = {"en", "es", "ar"};
    for (size_t i = 0; i < 3; i++)
        (void)people_word_add(p, PEOPLE_LANGUAGE, str_of(tags[i]));
    for (uint32_t i = 0; i < PEOPLE; i++) {
        struct person row = invented(i);
        TRY(people_put(op, p, &row));
    }
    return OK;
}

int main(void)
{
    struct arena *a = arena_new(1u << 30);
    struct op op;
    struct people *p;
    double best = 1e9;
    op_init(&op, a, NULL, time_now());
    int64_t t0 = time_mono_ns();
    if (people_new(&op, NULL, &p) != OK || fill(&op, p) != OK)
        return 1;
    row("people: 1,000,000 rows put in memory (simulated)", (double)(time_mono_ns() - t0) / 1e6,
        "ms", "<= 5000 with the saved copy");
    row("people: bytes a person",
        (double)(p->n_slots * sizeof *p->slots) / PEOPLE + sizeof(struct person), "bytes",
        "<= 100");
    struct campaigns c = {.people = p};
    struct audience au = {.purpose = STR("care"), .lately = 7, .hold_out = 10, .seed = STR("x")};
    for (size_t i = 0; i < CHIP_COUNT; i++)
        if (str_eq(str_of(CHIPS[i].code), STR("age-65")) ||
            str_eq(str_of(CHIPS[i].code), STR("female")))
            au.chips[au.n] = (struct chip){.row = &CHIPS[i], .group = au.n}, au.n++;
    au.groups = au.n;
    for (int k = 0; k < ROUNDS; k++) {
        struct crowd w = {.op = &op, .c = &c, .a = &au};
        t0 = time_mono_ns();
        if (crowd_rows(&w) != OK)
            return 1;
        double ms = (double)(time_mono_ns() - t0) / 1e6;
        best = ms < best ? ms : best;
        arena_reset(a);
        op_init(&op, a, NULL, time_now());
    }
    row("audience: counted, with reasons, of 1,000,000 (simulated columns)", best, "ms", "<= 1000");
    people_free(p);
    arena_free(a);
    return 0;
}
