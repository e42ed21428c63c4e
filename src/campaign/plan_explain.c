/* A move in words: when, by which channel, and why both. Words are rows of spec/campaign/why.csv
 * and spec/outreach/ways.csv.
 */
#include "campaign/plan_int.h"

#include "desk/say.h"

#include "campaign_gen.h"

typedef const char *const in_languages[LANGUAGE_COUNT];
static in_languages days[] = {SAY_DAY_ROWS}, whys[] = {SAY_WHY_ROWS}, lines[] = {SAY_LINE_ROWS};
_Static_assert(sizeof whys / sizeof *whys == PLAN_WHYS, "a row a reason");

/* Each {name} by its part, as often as it stands there. */
static str fill(struct op *op, str line, const str names[5], const str parts[5])
{
    struct buf b;
    buf_init(&b, op->arena, 2000);
    while (line.n) {
        size_t k = 0;
        while (k < 5 && !str_starts(line, names[k]))
            k++;
        buf_add(&b, k < 5 ? parts[k] : str_sub(line, 0, 1));
        line = str_sub(line, k < 5 ? names[k].n : 1, line.n);
    }
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

str plan_explain(struct op *op, const struct plan *p, const struct plan_move *m, str zone,
                 unsigned language)
{
    struct time_local at;
    unsigned l = language < LANGUAGE_COUNT ? language : LANGUAGE_EN;
    (void)p;
    if (m->kind == PLAN_DONE || m->kind == PLAN_DROP || !time_to_local(m->at, zone, &at))
        return str_of(whys[m->why][l]);
    bool person = m->channel >= PLAN_PHONE;
    const str names[5] = {STR("{day}"), STR("{time}"), STR("{channel}"), STR("{by}"), STR("{why}")};
    const str parts[5] = {str_of(days[at.wday][l]), desk_say_hour(op, &at, (enum say_lang)l),
                          way_word(person ? WAY_COUNT : (enum way)m->channel, l),
                          way_reason(m->by, l), str_of(whys[m->why][l])};
    return fill(op, str_of(lines[person][l]), names, parts);
}
