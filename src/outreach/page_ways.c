/* How a colleague is reached, and what is remembered of it. Invariant: an address that a patient
 * has gets no pages: their STOP and "1" would have two meanings. */
#include "outreach/page_int.h"

#include "base/time.h"
#include "outreach/mail_out_int.h"

str page_at_key(struct op *op, enum channel_kind k, str to)
{
    return arena_cat(op->arena, STR("page/at/"), address_key(op, k, to));
}

str page_off_key(struct op *op, enum channel_kind k, str to)
{
    return arena_cat(op->arena, STR("page/off/"), address_key(op, k, to));
}

static str state_key(struct op *op, str who)
{
    return arena_cat(op->arena, STR("page/of/"), who);
}

err page_load(struct op *op, struct outreach *o, str who, struct staff_state *ret)
{
    return staff_load(op, o, state_key(op, who), ret);
}

/* ---- ways ---- */
static bool in_use(const struct op *op, const struct json *contact)
{
    struct time_span t;
    str end = json_str(json_path(contact, "period.end"));
    return !str_eq(json_get_str(contact, STR("use")), STR("old")) &&
           (!end.n || (time_parse(end, &t) && op->now < t.hi));
}

static bool read_way(struct op *op, const struct json *contact, struct page_way *ret)
{
    str system = json_get_str(contact, STR("system"));
    str to = str_trim(json_get_str(contact, STR("value")));
    bool mail = str_eq(system, STR("email"));
    if (!in_use(op, contact))
        return false;
    if (mail) {
        *ret = (struct page_way){CHANNEL_EMAIL, to};
        return mail_is_address(to);
    }
    if (!str_eq(system, STR("sms")) && !str_eq(system, STR("phone")))
        return false;
    *ret = (struct page_way){CHANNEL_SMS, phone_plain(op, to)};
    return ret->to.n >= 8 && ret->to.n <= 16 && ret->to.p[0] == '+';
}

static int64_t rank_of(const struct json *contact, const struct page_way *w)
{
    int64_t rank = 1000;
    json_i64(JSON_GET(contact, "rank"), &rank);
    return rank + (w->kind == CHANNEL_EMAIL ? 1000000 : 0); /* e-mail is read last */
}

static void add(struct page_ways *ret, int64_t *ranks, const struct page_way *w, int64_t rank)
{
    size_t at = ret->n;
    for (size_t i = 0; i < ret->n; i++)
        if (ret->at[i].kind == w->kind && str_eq(ret->at[i].to, w->to))
            return;
    if (ret->n == PAGE_WAYS_MAX)
        return;
    for (; at > 0 && ranks[at - 1] > rank; at--) {
        ret->at[at] = ret->at[at - 1];
        ranks[at] = ranks[at - 1];
    }
    ret->at[at] = *w;
    ranks[at] = rank;
    ret->n++;
}

static void read_ways(struct op *op, const struct json *telecom, struct page_ways *ret)
{
    int64_t ranks[PAGE_WAYS_MAX];
    const struct json *one;
    struct page_way w;
    for (size_t i = 0; (one = json_at(telecom, i)); i++)
        if (read_way(op, one, &w))
            add(ret, ranks, &w, rank_of(one, &w));
}

/* *ret NULL: it is not there any more. */
static err read_tree(struct op *op, struct outreach *o, const char *type, str id, struct json **ret)
{
    struct record_doc doc;
    *ret = NULL;
    if (str_empty(id))
        return OK;
    err e = record_read(op, o->rec, fhir_type_parse(str_of(type)), id, &doc);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        op_clear(op);
        return OK;
    }
    TRY(e);
    return record_parse(op, &doc, ret);
}

/* Those that may be used now. */
static err sift(struct op *op, struct outreach *o, struct page_ways *io)
{
    size_t n = 0;
    for (size_t i = 0; i < io->n; i++) {
        struct page_way w = io->at[i];
        bool may = false;
        str off;
        TRY(record_kv_get(op, o->rec, page_off_key(op, w.kind, w.to), &off));
        if (str_empty(off) && provider_any(o, w.kind))
            TRY(address_is_free(op, o, w.kind, w.to, &may));
        if (may)
            io->at[n++] = w;
    }
    io->n = n;
    return OK;
}

err page_ways(struct op *op, struct outreach *o, str who, str role, struct page_ways *ret)
{
    struct json *of_role, *person;
    struct fhir_ref ref = fhir_ref_parse(who);
    *ret = (struct page_ways){0};
    TRY(read_tree(op, o, "PractitionerRole", role, &of_role));
    TRY(read_tree(op, o, "Practitioner", str_starts(who, STR("Practitioner/")) ? ref.id : STR_NONE,
                  &person));
    ret->language = words_language(json_str(json_path(person, "communication.0.coding.0.code")));
    read_ways(op, JSON_GET(of_role, "telecom"), ret);
    if (ret->n == 0)
        read_ways(op, JSON_GET(person, "telecom"), ret);
    return sift(op, o, ret);
}
