/* Incidents at the door: opened, counted, assessed, told, closed. What they are is the desk's
 * (desk/incident.h). */
#include "desk/incident.h"
#include "api/letter_int.h"
#include "api/oauth_api_int.h"
#include "api/op_int.h"
#include "base/time.h"

#define COUNT_MS 60000
#define PAGE_MAX 500
#define CSV_MAX ((size_t)16 << 20)

static err input(struct call *c, struct json **ret)
{
    if (!c->op.deadline)
        c->op.deadline = time_now() + COUNT_MS;
    if (str_trim(c->rq->body).n)
        return body_object(c, ret);
    *ret = json_new(c->op.arena, JSON_OBJECT);
    return OK;
}

/* For the screen: the names of what was reached, too, in the reader's language. */
static err told(struct call *c, int status, struct json *o)
{
    struct arena *a = c->op.arena;
    enum language l = language_wanted(c);
    struct json *scope = JSON_GET(o, "scope"), *names = json_new(a, JSON_ARRAY);
    const struct json *kinds = JSON_GET(scope, "kinds");
    for (size_t i = 0; kinds && i < kinds->n; i++)
        json_push(
            a, names,
            json_new_str(a, oauth_type_word(l, policy_type_parse(json_str(json_at(kinds, i))))));
    if (kinds)
        json_set(a, scope, STR("kindNames"), names);
    return answer_clocks(c, status, o);
}

err api_incidents(struct call *c)
{
    struct json *o;
    TRY(incident_list(&c->op, c->api->rec, &o));
    return answer_json(c, 200, o);
}

err api_incident(struct call *c)
{
    struct json *o;
    TRY(incident_get(&c->op, c->api->rec, c->id, &o));
    return told(c, 200, o);
}

err api_incident_open(struct call *c)
{
    struct json *in, *o;
    TRY(input(c, &in));
    TRY(incident_open(&c->op, c->api->rec, in, &o));
    return told(c, 201, o);
}

err api_incident_scope(struct call *c)
{
    struct json *in, *o;
    TRY(input(c, &in));
    TRY(incident_scope(&c->op, c->api->rec, c->id, &o));
    return told(c, 200, o);
}

err api_incident_assess(struct call *c)
{
    struct json *in, *o;
    TRY(input(c, &in));
    TRY(incident_assess(&c->op, c->api->rec, c->id, in, &o));
    return told(c, 200, o);
}

err api_incident_clock(struct call *c)
{
    struct json *in, *o;
    TRY(input(c, &in));
    TRY(incident_done(&c->op, c->api->rec, c->id, json_get_str(in, STR("clock")),
                      json_get_str(in, STR("note")), &o));
    return told(c, 200, o);
}

err api_incident_close(struct call *c)
{
    struct json *in, *o;
    TRY(input(c, &in));
    TRY(incident_close(&c->op, c->api->rec, c->id, json_get_str(in, STR("note")), &o));
    return told(c, 200, o);
}

err api_incident_mark(struct call *c)
{
    struct json *in, *o;
    TRY(input(c, &in));
    TRY(incident_mark(&c->op, c->api->rec, c->id, json_get_str(in, STR("patient")),
                      json_get_str(in, STR("state")), &o));
    return told(c, 200, o);
}

err api_incident_delay(struct call *c)
{
    struct json *in, *o;
    TRY(input(c, &in));
    TRY(incident_delay(&c->op, c->api->rec, c->id, in, &o));
    return answer_json(c, 200, o);
}

err api_incident_send(struct call *c)
{
    struct json *in, *o;
    int64_t after = 0;
    TRY(input(c, &in));
    if (JSON_GET(in, "after") && (!json_i64(JSON_GET(in, "after"), &after) || after < 0))
        return fail_at(&c->op, ERR_INVALID, STR("after"), "after is a number of the list.");
    TRY(incident_queue(&c->op, c->api->rec, c->id, json_get_str(in, STR("patient")), (size_t)after,
                       &o));
    return answer_json(c, 200, o);
}

static err letters_from(struct call *c, size_t after, bool with_text, struct json **ret)
{
    struct incident_page page = {.after = after, .max = PAGE_MAX, .with_text = with_text};
    return incident_letters(&c->op, c->api->rec, c->id, &page, ret);
}

static err letters(struct call *c, bool with_text, struct json **ret)
{
    str after = STR_NONE;
    uint64_t n = 0;
    if (query_get(c->op.arena, c->rq->query, STR("after"), &after) &&
        !str_to_u64(after, INCIDENT_PEOPLE_MAX, &n))
        return fail_at(&c->op, ERR_INVALID, STR("after"), "after is a number of the list.");
    return letters_from(c, (size_t)n, with_text, ret);
}

err api_incident_letters(struct call *c)
{
    struct json *o;
    TRY(letters(c, true, &o));
    return answer_json(c, 200, o);
}

static bool to_post(const struct json *row)
{
    return str_eq(json_get_str(row, STR("status")), STR("queued")) &&
           str_eq(json_get_str(row, STR("channel")), STR("letter"));
}

/* The list's one line of an address as lines; the first line of the words is what it is called. */
static void put_letter(struct call *c, struct pdf *pdf, const struct json *row)
{
    struct outreach_letter l = {.id = json_get_str(row, STR("patient")),
                                .name = json_get_str(row, STR("name")),
                                .text = json_get_str(row, STR("text"))};
    str to = json_get_str(row, STR("to"));
    struct buf b;
    buf_init(&b, c->op.arena, to.n + 1);
    for (size_t at = 0; at < to.n; at++)
        if (str_starts(str_sub(to, at, to.n), STR(", ")) && ++at)
            buf_add(&b, STR("\n"));
        else
            buf_add(&b, str_sub(to, at, at + 1));
    l.to = buf_str(&b);
    (void)str_take_until(&l.text, '\n', &l.subject);
    letter_page(c, pdf, &l);
}

/* The letters that go by post and were asked for: a page each, to be printed. */
err api_incident_print(struct call *c)
{
    struct json *o;
    struct pdf *pdf;
    str bytes;
    size_t put = 0;
    TRY(letters(c, true, &o));
    const struct json *all = JSON_GET(o, "letters"), *row;
    for (size_t i = 0; (row = json_at(all, i)); i++)
        put += to_post(row);
    if (put == 0)
        return fail(&c->op, ERR_NOT_FOUND, "No letter waits to be printed.");
    TRY(pdf_begin(&c->op, "Letters", config_str(c->api->config, "letter.font"), &pdf));
    for (size_t i = 0; (row = json_at(all, i)); i++)
        if (to_post(row))
            put_letter(c, pdf, row);
    TRY(pdf_end(&c->op, pdf, &bytes));
    return answer_file(c, STR("application/pdf"), "letters.pdf", bytes);
}

err api_incident_csv(struct call *c)
{
    static const char *const columns[] = {"patient", "name",   "language", "channel",
                                          "to",      "status", "deceased"};
    const size_t n = sizeof columns / sizeof *columns;
    struct json *o = NULL;
    struct buf b;
    int64_t next = -1;
    buf_init(&b, c->op.arena, CSV_MAX);
    for (size_t k = 0; k < n; k++)
        csv_cell(&b, str_of(columns[k]), k + 1 == n);
    op_deadline(c);
    while (next) { /* all of them, from the one asked for on */
        TRY(next < 0 ? letters(c, false, &o) : letters_from(c, (size_t)next, false, &o));
        const struct json *all = JSON_GET(o, "letters"), *row;
        for (size_t i = 0; (row = json_at(all, i)); i++)
            for (size_t k = 0; k < n; k++)
                csv_cell(&b,
                         k + 1 < n ? json_get_str(row, str_of(columns[k]))
                         : json_bool(JSON_GET(row, "deceased"), false) ? STR("yes")
                                                                       : STR("no"),
                         k + 1 == n);
        if (!json_i64(JSON_GET(o, "next"), &next))
            next = 0;
        if (c->op.deadline && time_now() > c->op.deadline)
            return fail(&c->op, ERR_TIMEOUT, "The list takes too long; use after.");
    }
    if (!buf_ok(&b))
        return fail(&c->op, ERR_TOO_LARGE, "The list is too long for one file; use after.");
    return answer_file(c, STR("text/csv; charset=utf-8"), "letters.csv", buf_str(&b));
}
