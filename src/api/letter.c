/* The letters that wait: what there is, a print run of them as one PDF, and what became of it. */
#include "api/letter_int.h"

#define ADDRESS_LINES 6

static err outreach_there(struct call *c)
{
    return c->api->outreach ? OK
                            : fail(&c->op, ERR_UNSUPPORTED, "This server runs without outreach.");
}

static struct json *row(struct arena *a, const struct outreach_letter *l)
{
    struct json *o = json_new(a, JSON_OBJECT);
    json_set_str(a, o, STR("id"), l->id);
    json_set_str(a, o, STR("patient"), l->patient);
    json_set_str(a, o, STR("name"), l->name);
    json_set_str(a, o, STR("language"), l->language);
    json_set_str(a, o, STR("to"), l->to);
    json_set_str(a, o, STR("text"), l->text);
    json_set_str(a, o, STR("run"), l->run);
    json_set_str(a, o, STR("since"), l->sent);
    return o;
}

err api_letters(struct call *c)
{
    struct letter_list all;
    struct arena *a = c->op.arena;
    str after = STR_NONE;
    TRY(outreach_there(c));
    (void)query_get(a, c->rq->query, STR("after"), &after);
    TRY(letter_list(&c->op, c->api->outreach, STR_NONE, after, &all));
    struct json *o = json_new(a, JSON_OBJECT), *list = json_new(a, JSON_ARRAY);
    for (size_t i = 0; i < all.n; i++)
        json_push(a, list, row(a, &all.at[i]));
    json_set(a, o, STR("letters"), list);
    if (all.next.n)
        json_set_str(a, o, STR("next"), all.next);
    return answer_json(c, 200, o);
}

static err moved(struct call *c, int status, str run, size_t n)
{
    struct arena *a = c->op.arena;
    struct json *o = json_new(a, JSON_OBJECT);
    if (!str_empty(run))
        json_set_str(a, o, STR("run"), run);
    json_set(a, o, STR("letters"), json_new_i64(a, (int64_t)n));
    return answer_json(c, status, o);
}

err api_letter_run(struct call *c)
{
    str run;
    size_t n;
    TRY(outreach_there(c));
    TRY(letter_run(&c->op, c->api->outreach, &run, &n));
    return moved(c, 201, run, n);
}

err api_letter_mark(struct call *c)
{
    struct json *in;
    size_t n;
    TRY(outreach_there(c));
    TRY(body_object(c, &in));
    str state = json_get_str(in, STR("state"));
    if (str_eq(state, STR("posted")))
        TRY(letter_posted(&c->op, c->api->outreach, c->id, &n));
    else if (str_eq(state, STR("unpostable")))
        TRY(letter_failed(&c->op, c->api->outreach, c->id, &n));
    else
        return fail_at(&c->op, ERR_INVALID, STR("state"), "state is posted or unpostable.");
    return moved(c, 200, STR_NONE, n);
}

/* Sender, address where the window of an envelope is, words, and what the letter is called. */
void letter_page(struct call *c, struct pdf *pdf, const struct outreach_letter *l)
{
    const struct config *config = c->api->config;
    str to = l->to, line, phone = config_str(config, "outreach.phone");
    pdf_page(pdf);
    pdf_put(pdf, true, 14, config_str(config, "outreach.clinic"));
    pdf_put(pdf, false, 10, phone);
    pdf_gap(pdf);
    pdf_gap(pdf);
    pdf_put(pdf, false, 11, l->name);
    for (int i = 0; i < ADDRESS_LINES && str_take_until(&to, '\n', &line); i++)
        pdf_put(pdf, false, 11, line);
    pdf_gap(pdf);
    pdf_gap(pdf);
    pdf_put(pdf, false, 10, str_sub(time_format(c->op.arena, c->op.now), 0, 10));
    pdf_gap(pdf);
    if (!str_empty(l->subject))
        pdf_flow(pdf, 13, l->subject);
    pdf_gap(pdf);
    pdf_flow(pdf, 11, l->text);
    pdf_gap(pdf);
    pdf_put(pdf, false, 8, l->id);
}

err api_letter_pdf(struct call *c)
{
    struct letter_list all;
    struct pdf *pdf;
    str bytes;
    size_t put = 0;
    TRY(outreach_there(c));
    TRY(letter_list(&c->op, c->api->outreach, c->id, STR_NONE, &all));
    for (size_t i = 0; i < all.n; i++)
        put += !str_empty(all.at[i].to);
    if (put == 0)
        return fail(&c->op, ERR_NOT_FOUND, "There is no such print run, or it is posted.");
    TRY(pdf_begin(&c->op, "Letters", config_str(c->api->config, "letter.font"), &pdf));
    for (size_t i = 0; i < all.n; i++)
        if (!str_empty(all.at[i].to))
            letter_page(c, pdf, &all.at[i]);
    TRY(pdf_end(&c->op, pdf, &bytes));
    return answer_file(c, STR("application/pdf"), "letters.pdf", bytes);
}
