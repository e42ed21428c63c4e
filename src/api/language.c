/* The language of whoever reads an answer, and a refusal in it: an English message is recognised by
 * its row of spec/words/refusals.csv or of the rulebook, what was filled in is carried over. Logs
 * and trail keep the English; a message without a row stays as it is. */
#include "api/api_int.h"
#include "refusals_gen.h"

static const char *const rows[][LANGUAGE_COUNT] = {REFUSAL_ROWS};

static bool is_place(char c)
{
    return c > 0 && c <= (char)REFUSAL_PARTS;
}

/* RFC 9110 12.5.4: the greatest weight of those we speak, among equals the first. */
enum language language_wanted(struct call *c)
{
    str all = net_header(c->rq, "Accept-Language"), one;
    enum language best = LANGUAGE_EN;
    unsigned weight = 0;
    while (str_take_until(&all, ',', &one)) {
        struct media m;
        (void)media_read(one, &m);
        enum language l = m.name.n >= 2 ? language_of(m.name) : LANGUAGE_COUNT;
        if (l == LANGUAGE_COUNT || m.weight <= weight)
            continue;
        best = l;
        weight = m.weight;
    }
    return best;
}

/* A place takes all up to the letters that come after it in the row. */
static bool fits(const char *row, str text, str parts[REFUSAL_PARTS])
{
    while (*row) {
        if (!is_place(*row)) {
            if (!text.n || *text.p != *row)
                return false;
            row++;
            text = str_sub(text, 1, SIZE_MAX);
            continue;
        }
        size_t place = (size_t)*row++ - 1, n = 0;
        while (row[n] && !is_place(row[n]))
            n++;
        size_t at = n ? str_find(text, str_make(row, n), 0) : text.n;
        if (at == SIZE_MAX)
            return false;
        parts[place] = str_sub(text, 0, at);
        text = str_sub(text, at, SIZE_MAX);
    }
    return !text.n;
}

str language_say(struct op *op, enum language l, str text)
{
    str parts[REFUSAL_PARTS] = {{0}};
    struct buf b;
    for (size_t i = 0; l != LANGUAGE_EN && i < sizeof rows / sizeof *rows; i++) {
        if (!fits(rows[i][LANGUAGE_EN], text, parts))
            continue;
        buf_init(&b, op->arena, 16384);
        for (const char *p = rows[i][l]; *p; p++)
            if (is_place(*p))
                buf_add(&b, parts[*p - 1]);
            else
                buf_char(&b, *p);
        return buf_str(&b).n ? buf_str(&b) : text;
    }
    return text;
}

err answer_clocks(struct call *c, int status, struct json *o)
{
    enum language l = language_wanted(c);
    const struct json *all = JSON_GET(o, "clocks");
    struct json *clock;
    for (size_t i = 0; (clock = json_at(all, i)); i++)
        json_set_str(c->op.arena, clock, STR("title"),
                     language_say(&c->op, l, json_get_str(clock, STR("title"))));
    return answer_json(c, status, o);
}

void language_outcome(struct call *c, struct buf *b)
{
    enum language l = language_wanted(c);
    struct op told = c->op;
    struct issue *all = l == LANGUAGE_EN || !told.fault.n
                            ? NULL
                            : ARENA_ARRAY(told.arena, struct issue, told.fault.n);
    bool whole = all != NULL;
    for (size_t i = 0; all && i < told.fault.n; i++) {
        all[i] = told.fault.issues[i];
        all[i].message = language_say(&c->op, l, all[i].message);
        whole = whole && !str_eq(all[i].message, told.fault.issues[i].message);
    }
    if (all)
        told.fault.issues = all;
    if (l != LANGUAGE_EN)
        net_answer_header(c->rq, "Content-Language", LANGUAGE_TAGS[whole ? l : LANGUAGE_EN]);
    fhir_outcome_write(b, &told);
}
