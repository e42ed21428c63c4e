/* What kind of line a number is and whether it went to somebody else: asked of a provider over HTTP
 * (GET outreach.lookup_url?number=+1…&since=YYYY-MM-DD → {"lineType": "wireless" …, "reassigned":
 * "no" | "yes" | "no_data"}), and kept with its age. What the patient's record says newer stands.
 * Invariant: an answer that is not understood, late or missing leaves the fact unknown; its age is
 * told to the rulebook, which says what is too old (TCPA-RND-01: 47 CFR 64.1200(m)). */
#include "outreach/ledger.h"
#include "outreach/outreach_int.h"

#define AGE_MS (30 * DAY_MS)    /* asked again a day before the rule's 31 days are over */
#define AGAIN_MS (10 * 60000LL) /* after an answer that did not come */
#define REST_MIN_MS 1000
#define REST_MAX_MS 60000

/* The answer is about the time since a permission, so each permission's day has its own: of two
 * patients with one number the earlier may have lost it to the other. */
static str key_of(struct op *op, str number, int64_t since)
{
    return arena_printf(op->arena, "lookup/%016llx/%lld", (unsigned long long)ledger_mark(number),
                        (long long)(since / DAY_MS));
}

static bool known_word(str s, const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        if (str_eq(s, str_of(words[i])))
            return true;
    return false;
}

/* "at lineType reassigned"; a word that is not known is "-". */
struct answer {
    int64_t at;
    str line_type, reassigned;
};

static bool read_kept(str kept, struct answer *ret)
{
    str at, line;
    return str_take_until(&kept, ' ', &at) && str_to_i64(at, &ret->at) &&
           str_take_until(&kept, ' ', &line) &&
           (ret->line_type = line, ret->reassigned = kept, true);
}

static bool ask(struct op *op, const struct outreach *o, str number, int64_t since, str *ret_body)
{
    struct buf url;
    struct response answer;
    buf_init(&url, op->arena, 1024);
    buf_add(&url, config_str(o->config, "outreach.lookup_url"));
    buf_add(&url, STR("?number="));
    buf_url(&url, number);
    if (since)
        buf_printf(&url, "&since=%.10s", time_format(op->arena, since).p);
    if (!buf_ok(&url))
        return false;
    request_http(op, &(struct request){.url = buf_str(&url), .ms = 3000}, &answer);
    *ret_body = answer.body;
    return answer.error == 0 && answer.status == 200;
}

/* A provider that is away is not asked for a while, longer each time: whoever waits for an answer
 * meanwhile waits once, not for each number. */
static void judge(struct outreach *o, bool came)
{
    int64_t rest = 0;
    if (!came) {
        rest = atomic_load(&o->lookup_rest) * 2;
        rest = rest < REST_MIN_MS ? REST_MIN_MS : rest > REST_MAX_MS ? REST_MAX_MS : rest;
    }
    atomic_store(&o->lookup_rest, rest);
    atomic_store(&o->lookup_closed_until, came ? 0 : time_mono() + rest);
}

static struct answer fetch(struct op *op, struct outreach *o, str number, int64_t since)
{
    static const char *const lines[] = {
        "wireless", "residential_landline", "business_landline", "voip", "toll_free", NULL};
    static const char *const owners[] = {"no", "yes", "no_data", NULL};
    struct answer a = {
        .at = op->now - AGE_MS + AGAIN_MS, .line_type = STR("-"), .reassigned = STR("-")};
    struct json *tree;
    str body;
    bool came = ask(op, o, number, since, &body);
    judge(o, came);
    if (!came)
        return a;
    if (json_read(op, body, &JSON_LIMITS_DEFAULT, &tree) != OK) {
        op_clear(op);
        return a;
    }
    str line = json_get_str(tree, STR("lineType")), owner = json_get_str(tree, STR("reassigned"));
    if (known_word(line, lines))
        a.line_type = line;
    if (known_word(owner, owners))
        a.reassigned = owner;
    if (a.line_type.p[0] != '-' || a.reassigned.p[0] != '-')
        a.at = op->now;
    return a;
}

static void take(struct op *op, const struct answer *a, struct recipient *r)
{
    (void)op;
    if (a->line_type.n > 1 && str_empty(r->line_type))
        r->line_type = a->line_type;
    if (a->reassigned.n > 1 && a->at > r->reassigned_at) {
        r->reassigned = a->reassigned;
        r->reassigned_at = a->at;
    }
}

bool lookup_missing(const struct outreach *o, const struct verdict *v)
{
    static const enum fact asked[] = {FACT_LINE_TYPE, FACT_RND_RESULT, FACT_RND_QUERY_AGE_DAYS};
    size_t n = 0;
    for (size_t i = 0; i < v->n_missing; i++)
        for (size_t k = 0; k < 3; k++)
            n += v->missing[i] == asked[k];
    for (size_t i = 0; i < v->n_fired; i++)
        if (!v->fired[i].suspended && v->fired[i].decision != DECISION_ALLOW &&
            str_empty(v->fired[i].unknown))
            return false; /* one says no to what is known */
    return n > 0 && n == v->n_missing && !str_empty(config_str(o->config, "outreach.lookup_url"));
}

err lookup_number(struct op *op, struct outreach *o, struct recipient *r)
{
    str number = r->address[CHANNEL_SMS], kept;
    int64_t since = r->permitted_at[CHANNEL_SMS];
    struct answer a = {0};
    bool fresh = !str_empty(r->line_type) && !str_empty(r->reassigned) &&
                 r->reassigned_at > op->now - AGE_MS;
    if (str_empty(number) || fresh || str_empty(config_str(o->config, "outreach.lookup_url")))
        return OK;
    TRY(record_kv_get(op, o->rec, key_of(op, number, since), &kept));
    if (!str_empty(kept) && read_kept(kept, &a) && a.at > op->now - AGE_MS) {
        take(op, &a, r);
        return OK;
    }
    if (time_mono() < atomic_load(&o->lookup_closed_until))
        return OK;
    a = fetch(op, o, number, since);
    struct record_tx *tx = record_begin(op, o->rec);
    record_tx_kv(tx, key_of(op, number, since),
                 arena_printf(op->arena, "%lld %.*s %.*s", (long long)a.at, STR_ARG(a.line_type),
                              STR_ARG(a.reassigned)));
    TRY(record_commit(tx));
    take(op, &a, r);
    return OK;
}
