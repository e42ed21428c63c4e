/* What kind of line a number is and whether it went to somebody else: asked of a provider over
 * HTTP, and kept with its age. What the patient's record says newer stands. Each provider is a row:
 *   weft    GET url?number=+1…&since=YYYY-MM-DD → {"lineType", "reassigned"}
 *   twilio  GET url/v2/PhoneNumbers/+1…?Fields=…&LastVerifiedDate=YYYYMMDD, basic authentication →
 *           {"valid", "line_type_intelligence": {"type", "error_code"},
 *            "reassigned_number": {"is_number_reassigned", "error_code"}}
 * What their words mean: spec/outreach/line-words.csv. Invariant: an answer that is not understood,
 * late or missing leaves the fact unknown; its age is told to the rulebook, which says what is too
 * old (TCPA-RND-01: 47 CFR 64.1200(m)). */
#include "outreach/ledger.h"
#include "outreach/outreach_int.h"

#include "line_words_gen.h"

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

/* ---- the providers ---- */
struct lookup {
    const char *name;
    void (*url)(struct op *op, str base, str number, int64_t since, struct buf *b);
    void (*read)(const struct lookup *l, const struct json *tree, struct answer *ret);
};

static const struct line_word {
    const char *provider, *about, *word, *means;
} LINE_WORDS[] = {LINE_WORD_ROWS};

/* "-" when the word is not known. */
static str meaning(const struct lookup *l, const char *about, str word)
{
    for (size_t i = 0; i < sizeof LINE_WORDS / sizeof *LINE_WORDS; i++) {
        const struct line_word *w = &LINE_WORDS[i];
        if (str_eq(word, str_of(w->word)) && strcmp(w->provider, l->name) == 0 &&
            strcmp(w->about, about) == 0)
            return str_of(w->means);
    }
    return STR("-");
}

static void own_url(struct op *op, str base, str number, int64_t since, struct buf *b)
{
    buf_add(b, base);
    buf_add(b, STR("?number="));
    buf_url(b, number);
    if (since)
        buf_printf(b, "&since=%.10s", time_format(op->arena, since).p);
}

static void own_read(const struct lookup *l, const struct json *tree, struct answer *ret)
{
    ret->line_type = meaning(l, "line", json_get_str(tree, STR("lineType")));
    ret->reassigned = meaning(l, "owner", json_get_str(tree, STR("reassigned")));
}

/* Whether it was given away can only be asked since a day: that of the permission. */
static void twilio_url(struct op *op, str base, str number, int64_t since, struct buf *b)
{
    buf_add(b, base);
    buf_add(b, STR("/v2/PhoneNumbers/"));
    buf_url(b, number);
    buf_add(b, STR("?Fields=line_type_intelligence"));
    if (since) {
        const char *day = time_format(op->arena, since).p;
        buf_printf(b, "%%2Creassigned_number&LastVerifiedDate=%.4s%.2s%.2s", day, day + 5, day + 8);
    }
}

/* A package that failed has a code, and is null or half of one. */
static str package_word(const struct json *tree, str package, str member)
{
    const struct json *p = json_get(tree, package), *code = JSON_GET(p, "error_code");
    return code && !json_is(code, JSON_NULL) ? STR_NONE : json_get_str(p, member);
}

static void twilio_read(const struct lookup *l, const struct json *tree, struct answer *ret)
{
    if (!json_bool(JSON_GET(tree, "valid"), true))
        return; /* no number: nobody knows whose */
    ret->line_type =
        meaning(l, "line", package_word(tree, STR("line_type_intelligence"), STR("type")));
    ret->reassigned = meaning(
        l, "owner", package_word(tree, STR("reassigned_number"), STR("is_number_reassigned")));
}

static const struct lookup LOOKUPS[] = {{"weft", own_url, own_read},
                                        {"twilio", twilio_url, twilio_read}};

err lookup_open(struct op *op, struct outreach *o)
{
    str name = config_str(o->config, "outreach.lookup");
    for (size_t i = 0; i < sizeof LOOKUPS / sizeof *LOOKUPS; i++)
        if (str_eq(name, str_of(LOOKUPS[i].name)))
            o->lookup = &LOOKUPS[i];
    return o->lookup ? OK
                     : fail(op, ERR_INVALID, "outreach.lookup is weft or twilio, not %.*s",
                            STR_ARG(name));
}

/* 404: it is there and has no such number, which is an answer that knows nothing. */
static bool ask(struct op *op, const struct outreach *o, str number, int64_t since, str *ret_body)
{
    struct buf url;
    struct response answer;
    buf_init(&url, op->arena, 1024);
    o->lookup->url(op, config_str(o->config, "outreach.lookup_url"), number, since, &url);
    *ret_body = STR_NONE;
    if (!buf_ok(&url))
        return false;
    request_http(op,
                 &(struct request){.url = buf_str(&url),
                                   .user = config_str(o->config, "outreach.lookup_account"),
                                   .password = o->secret_lookup,
                                   .ms = 3000},
                 &answer);
    if (answer.error == 0 && answer.status == 200)
        *ret_body = answer.body;
    return answer.error == 0 && (answer.status == 200 || answer.status == 404);
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
    struct answer a = {
        .at = op->now - AGE_MS + AGAIN_MS, .line_type = STR("-"), .reassigned = STR("-")};
    struct json *tree;
    str body;
    bool came = ask(op, o, number, since, &body);
    judge(o, came);
    if (!came)
        return a;
    if (str_empty(body) || json_read(op, body, &JSON_LIMITS_DEFAULT, &tree) != OK) {
        op_clear(op);
        return a;
    }
    o->lookup->read(o->lookup, tree, &a);
    if (a.line_type.p[0] != '-' || a.reassigned.p[0] != '-')
        a.at = op->now;
    return a;
}

static void take(const struct answer *a, struct recipient *r)
{
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
        take(&a, r);
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
    take(&a, r);
    return OK;
}
