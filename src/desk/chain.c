/* When a row of the chain is due. Pure. Invariant: a wait that began after now (the clock was put
 * back) is as long as any: what waits is due rather than forgotten. */
#include "desk/chain_int.h"
#include "desk/rights.h"

#include "base/time.h"

#include "chain_gen.h"

#define MIN_MS INT64_C(60000)
#define AHEAD_MS (5 * MIN_MS)

const struct chain_row CHAIN_ROW[] = {CHAIN_ROWS};
const size_t CHAIN_COUNT = sizeof CHAIN_ROW / sizeof *CHAIN_ROW;

const char *chain_to_word(enum chain_to to)
{
    static const char *const words[] = {CHAIN_TO_ROWS};
    return words[to];
}

static struct json *extension(const struct json *task, const char *url)
{
    struct json *one;
    for (size_t i = 0; (one = json_at(JSON_GET(task, "extension"), i)); i++)
        if (str_eq(json_get_str(one, STR("url")), str_of(url)))
            return one;
    return NULL;
}

const struct chain_row *chain_row_find(str id)
{
    for (size_t i = 0; i < CHAIN_COUNT; i++)
        if (str_eq(id, str_of(CHAIN_ROW[i].id)))
            return &CHAIN_ROW[i];
    return NULL;
}

int64_t chain_instant(str text)
{
    struct time_span t;
    return time_parse(text, &t) ? t.lo : 0;
}

int64_t desk_mark_get(const struct json *task, const char *url)
{
    return chain_instant(json_get_str(extension(task, url), STR("valueInstant")));
}

void desk_mark_set(struct op *op, struct json *task, const char *url, int64_t at)
{
    struct arena *a = op->arena;
    struct json *kept = json_new(a, JSON_ARRAY), *one;
    for (size_t i = 0; (one = json_at(JSON_GET(task, "extension"), i)); i++)
        if (!str_eq(json_get_str(one, STR("url")), str_of(url)))
            json_push(a, kept, one);
    if (at) {
        one = json_new(a, JSON_OBJECT);
        json_set_str(a, one, STR("url"), str_of(url));
        json_set_str(a, one, STR("valueInstant"), time_format(a, at));
        json_push(a, kept, one);
    }
    json_unset(task, STR("extension"));
    if (kept->n)
        json_set(a, task, STR("extension"), kept);
}

/* A clock's wait begins when it ends, which may be to come. */
static void clock_of(const struct json *task, struct chain_case *ret)
{
    *ret = (struct chain_case){.of = CHAIN_OF_CLOCK, .priority = DESK_P2};
    ret->since = chain_instant(json_str(json_path(task, "restriction.period.end")));
}

static bool is_clock(const struct json *task)
{
    const struct json *one;
    for (size_t i = 0; (one = json_at(json_path(task, "code.coding"), i)); i++)
        if (str_eq(json_get_str(one, STR("system")), STR(DESK_SYSTEM_CODE)) &&
            str_eq(json_get_str(one, STR("code")), STR("clock")))
            return true;
    return false;
}

bool chain_case_of(const struct json *task, struct chain_case *ret)
{
    str status = json_get_str(task, STR("status"));
    bool held = str_eq(status, STR("in-progress"));
    if ((!held && !str_eq(status, STR("requested"))) || rights_kind(task).n ||
        desk_has_label(task, STR(DESK_LABEL_PRIVACY)) ||
        desk_has_label(task, STR(DESK_LABEL_OFFICER)))
        return false;
    if (is_clock(task)) {
        clock_of(task, ret);
        return ret->since != 0;
    }
    *ret = (struct chain_case){.of = desk_is_technical(task) ? CHAIN_OF_TECHNICAL : CHAIN_OF_CARE,
                               .held = held,
                               .priority = (int)desk_priority_of(task),
                               .since = chain_instant(json_get_str(task, STR("authoredOn")))};
    int64_t later = desk_mark_get(task, held ? DESK_HELD_URL : DESK_WAITS_URL);
    if (later)
        ret->since = later;
    if (!ret->since)
        ret->since = 1; /* nobody knows since when: for long */
    return true;
}

static bool of_hours(const struct chain_row *row, const struct team_hours *h, int64_t since,
                     int64_t *ret)
{
    int64_t ms = row->after * MIN_MS;
    *ret = since + ms;
    if (row->closed)
        return !hours_open(h, *ret) || hours_change(h, *ret, ret);
    if (row->counts == CHAIN_TEAM)
        return hours_after(h, since, ms, ret);
    return row->counts == CHAIN_ALL || hours_open(h, *ret) || hours_change(h, *ret, ret);
}

bool chain_due(const struct chain_row *row, const struct chain_case *c, const struct team_hours *h,
               int64_t now, int64_t *ret)
{
    if (row->of != c->of || row->held != c->held || row->priority != c->priority)
        return false;
    if (c->of != CHAIN_OF_CLOCK && c->since > now + AHEAD_MS) {
        *ret = now;
        return !row->closed || !hours_open(h, now);
    }
    if (!of_hours(row, h, c->since, ret))
        return false;
    /* nobody is asked to stand in once the team is back */
    return !row->closed || *ret > now || !hours_open(h, now) || hours_change(h, now, ret);
}

str chain_part(const struct json *step, const char *url, const char *type)
{
    const struct json *part;
    for (size_t k = 0; (part = json_at(JSON_GET(step, "extension"), k)); k++)
        if (str_eq(json_get_str(part, STR("url")), str_of(url)))
            return json_get_str(part, str_of(type));
    return STR_NONE;
}

bool chain_made(const struct json *task, const struct chain_row *row, int64_t since)
{
    const struct json *one;
    for (size_t i = 0; (one = json_at(JSON_GET(task, "extension"), i)); i++) {
        if (!str_eq(json_get_str(one, STR("url")), STR(DESK_STEP_URL)) ||
            chain_instant(chain_part(one, "of", "valueInstant")) != since)
            continue;
        if (str_eq(chain_part(one, "row", "valueId"), str_of(row->id)) ||
            (row->closed && !row->tell &&
             str_eq(chain_part(one, "to", "valueCode"), str_of(chain_to_word(row->to)))))
            return true; /* whom it reached already, the closing need not call */
    }
    return false;
}
