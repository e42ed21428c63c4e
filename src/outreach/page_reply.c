/* What a colleague writes back to a page: 1 is an answer, STOP turns that number or address off and
 * tells the lead, START turns it on. Invariants: their words are kept nowhere; a second delivery of
 * the same message changes nothing; a mail that anybody can have written answers no page. */
#include "desk/page.h"
#include "outreach/page_int.h"

static bool is_one(str text)
{
    str t = str_trim(text);
    return str_eq(t, STR("1")) || str_eq(t, STR("١")) || str_eq(t, STR("۱"));
}

err page_turn_off(struct record_tx *tx, struct op *op, struct outreach *o,
                  const struct page_way *way)
{
    str key = page_off_key(op, way->kind, way->to), had;
    struct json *leads, *one;
    TRY(record_tx_kv_now(tx, key, &had));
    if (had.n)
        return OK;
    record_tx_kv(tx, key, arena_printf(op->arena, "%lld", (long long)op->now));
    TRY(desk_page_leads(op, o->rec, o->config, &leads));
    for (size_t i = 0; (one = json_at(leads, i)); i++) {
        struct json *job = json_new(op->arena, JSON_OBJECT);
        json_set_str(op->arena, job, STR("who"),
                     json_get_str(JSON_GET(one, "who"), STR("reference")));
        json_set_str(op->arena, job, STR("role"), json_get_str(one, STR("role")));
        json_set(op->arena, job, STR("off"), json_new_bool(op->arena, true));
        TRY(desk_page_queue(tx, op, job));
    }
    return OK;
}

/* All that they were paged for; what nobody waits for any more is passed by. */
static err answer(struct op *op, struct outreach *o, str who)
{
    struct staff_state s;
    TRY(page_load(op, o, who, &s));
    const struct json *cases = JSON_GET(s.o, "cases");
    for (size_t i = 0; cases && i < cases->n; i++) {
        bool done;
        TRY(desk_page_answer(op, o->rec, json_str(json_at(cases, i)), who, "text", &done));
    }
    return OK;
}

static err obey(struct record_tx *tx, struct op *op, struct incoming *x, const char **ret_what)
{
    struct page_way w = {x->channel, x->in->from};
    if (x->channel == CHANNEL_SMS)
        w.to = phone_plain(op, w.to);
    *ret_what = "other";
    if (x->reply.intent == REPLY_STOP) {
        *ret_what = "stop";
        return page_turn_off(tx, op, x->o, &w);
    }
    if (x->reply.intent == REPLY_START && !x->in->unproven) {
        *ret_what = "start";
        record_tx_kv(tx, page_off_key(op, w.kind, w.to), STR_NONE);
    }
    return OK;
}

err page_reply(struct op *op, struct incoming *x, bool *ret_taken)
{
    str holders = STR_NONE, one, seen = inbound_seen_key(op, x->in->channel, x->in->provider_id);
    const char *what;
    *ret_taken = false;
    if (x->channel > CHANNEL_EMAIL)
        return OK;
    TRY(record_kv_get(op, x->o->rec, page_at_key(op, x->channel, x->in->from), &holders));
    if (str_empty(holders))
        return OK;
    bool one_said = is_one(x->in->text) && !x->in->unproven;
    while (one_said && str_take_until(&holders, ' ', &one))
        if (one.n)
            TRY(answer(op, x->o, one));
    struct record_tx *tx = record_begin(op, x->o->rec);
    TRY(obey(tx, op, x, &what));
    record_tx_expect_kv(tx, seen, STR_NONE);
    record_tx_kv(tx, seen, STR("page"));
    struct json *detail = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, detail, STR("channel"), channel_name(x->channel));
    json_set_str(op->arena, detail, STR("said"), one_said ? STR("1") : str_of(what));
    record_tx_trail(tx, STR("page-reply"), fhir_type_parse(STR("PractitionerRole")), STR_NONE,
                    detail);
    TRY(record_commit(tx));
    *ret_taken = true;
    return OK;
}
