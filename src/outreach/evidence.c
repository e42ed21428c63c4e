/* The words of a consent's evidence go for good when their time is over: out of the Consent, whose
 * earlier versions go with them. What stays says that there were words, their hash, how and until
 * when they were kept. Invariants: the words of a permission go only when it has been over for as
 * long as the rules ask for what was sent under it; nothing goes under a legal hold; the Consent
 * says yes or no as before; the version that stays and the line of the trail are one transaction.
 */
#include "base/vec.h"
#include "outreach/retention_int.h"
#include "record/bulk.h"

#define AT_ONCE "100"
#define PATIENT_MAX 1000u
#define NEVER INT64_MAX

struct word {
    const struct record_doc *doc;
    struct json *tree;
    int64_t at, over; /* over: nothing leans on it since */
    bool counts;      /* an active word about contact */
};
typedef VEC(struct word) words;

static bool is_of(const struct json *c, const char *category)
{
    const struct json *all = JSON_GET(c, "category"), *one;
    for (size_t i = 0; (one = json_at(all, i)); i++)
        if (codings_have(JSON_GET(one, "coding"), STR(CONSENT_CATEGORY), str_of(category)))
            return true;
    return false;
}

static bool is_contact(const struct json *c)
{
    return is_of(c, "contact");
}

static bool is_active(const struct json *c)
{
    return str_eq(json_get_str(c, STR("status")), STR("active"));
}

/* A Part 2 form (42 CFR 2.31) permits, though not contact and not here: who discloses leans on it.
 */
static bool is_permit(const struct json *c)
{
    return str_eq(json_str(json_path(c, "provision.type")), STR("permit")) || is_of(c, "part2");
}

static err read_word(struct op *op, const struct record_doc *doc, struct word *ret)
{
    struct time_span at;
    *ret = (struct word){.doc = doc};
    TRY(record_parse(op, doc, &ret->tree));
    ret->at = time_parse(json_get_str(ret->tree, STR("dateTime")), &at) && at.lo <= op->now ? at.lo
                                                                                            : NEVER;
    ret->counts = ret->at != NEVER && is_contact(ret->tree) && is_active(ret->tree);
    return OK;
}

/* The patient's, in the order in which they were said. */
static err read_words(struct op *op, struct outreach *o, str patient, words *ret)
{
    str at = STR_NONE;
    do {
        struct record_page page;
        str more = at.n ? arena_cat(op->arena, STR("&_page="), at) : STR_NONE;
        TRY(record_find(op, o->rec, fhir_type_parse(STR("Consent")),
                        arena_printf(op->arena,
                                     "patient=Patient/%.*s&_sort=date&_count=" AT_ONCE "%.*s",
                                     STR_ARG(patient), STR_ARG(more)),
                        &page));
        for (size_t i = 0; i < page.n_match; i++) {
            struct word w;
            TRY(read_word(op, &page.docs[i], &w));
            VEC_PUSH(op->arena, ret, w);
        }
        at = page.next;
    } while (at.n && ret->n < PATIENT_MAX);
    return op_check(op);
}

/* The next word about the same channel; NEVER: it is the newest. */
static int64_t next_word(const words *all, const struct word *w, enum channel_kind k)
{
    int64_t first = NEVER;
    for (size_t i = 0; i < all->n; i++) {
        const struct word *n = &all->at[i];
        if (n->counts && n->at > w->at && n->at < first &&
            consent_names(JSON_GET(n->tree, "provision"), k))
            first = n->at;
    }
    return first;
}

/* A no leans on nothing: it holds, whether its words are kept or not. A permission is over when it
 * ended, or when the next word has come for each of its channels; calls, which need none, are asked
 * only of a word about nothing else. */
static int64_t over_at(const words *all, const struct word *w)
{
    struct time_span end;
    int64_t last = 0, over = NEVER;
    if (w->at == NEVER || !is_permit(w->tree))
        return w->at;
    for (unsigned k = 0; k < CHANNEL_WORDS && (k < CHANNEL_CALLS || last == 0); k++) {
        int64_t next = next_word(all, w, (enum channel_kind)k);
        if (consent_names(JSON_GET(w->tree, "provision"), (enum channel_kind)k) && next > last)
            last = next;
    }
    over = is_contact(w->tree) && last > 0 ? last : NEVER;
    bool stands = is_contact(w->tree) ? w->counts : is_active(w->tree);
    if (!stands && w->doc->updated < over) /* it was taken back */
        over = w->doc->updated;
    if (time_parse(json_str(json_path(w->tree, "provision.period.end")), &end) && end.hi < over)
        over = end.hi;
    return over;
}

static struct json *proof_of(const struct json *c)
{
    const struct json *all = JSON_GET(c, "extension");
    for (size_t i = 0; all && i < all->n; i++)
        if (str_eq(json_get_str(json_at(all, i), STR("url")), STR(EVIDENCE_URL)))
            return (struct json *)(uintptr_t)json_at(all, i);
    return NULL;
}

static bool may_go(const struct op *op, const struct word *w, int64_t before)
{
    const struct json *proof = proof_of(w->tree);
    struct time_span until;
    return proof && extension_at(proof, STR("words")) && w->over < before &&
           time_parse(json_get_str(extension_at(proof, STR("keepUntil")), STR("valueDate")),
                      &until) &&
           until.hi <= op->now;
}

/* How it was given, its hash and dates stay; the words, and the rule's text, which repeats those of
 * a message, do not. */
static void without_words(struct op *op, struct word *w)
{
    struct json *proof = proof_of(w->tree), *kept = json_new(op->arena, JSON_ARRAY),
                *gone = json_new(op->arena, JSON_OBJECT);
    const struct json *parts = JSON_GET(proof, "extension"), *part;
    for (size_t i = 0; (part = json_at(parts, i)); i++)
        if (!str_eq(json_get_str(part, STR("url")), STR("words")))
            json_push(op->arena, kept, json_dup(op->arena, part));
    json_set_str(op->arena, gone, STR("url"), STR("wordsRemoved"));
    json_set_str(op->arena, gone, STR("valueDate"),
                 str_sub(time_format(op->arena, op->now), 0, 10));
    json_push(op->arena, kept, gone);
    json_set(op->arena, proof, STR("extension"), kept);
    struct json *rule = (struct json *)(uintptr_t)JSON_GET(w->tree, "policyRule");
    if (rule)
        json_unset(rule, STR("text"));
}

static err purge(struct op *op, struct outreach *o, struct word *w)
{
    struct json *detail = json_new(op->arena, JSON_OBJECT), *proof = proof_of(w->tree);
    struct record_tx *tx = record_begin(op, o->rec);
    static const char *const told[][2] = {{"sha256", "valueString"}, {"keepUntil", "valueDate"}};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        json_set_str(op->arena, detail, str_of(told[i][0]),
                     json_get_str(extension_at(proof, str_of(told[i][0])), str_of(told[i][1])));
    json_set(op->arena, detail, STR("versionsUntil"), json_new_i64(op->arena, w->doc->vid));
    without_words(op, w);
    TRY(record_tx_replace(tx, w->doc->type, w->doc->id, w->tree, w->doc->vid));
    record_tx_trail(tx, STR("evidence-purge"), w->doc->type, w->doc->id, detail);
    return record_commit(tx);
}

/* Most have no word that is so old. */
static err has_old(struct op *op, struct outreach *o, str patient, int64_t before, bool *ret)
{
    struct record_page page;
    str day = str_sub(time_format(op->arena, before), 0, 10);
    TRY(record_find(op, o->rec, fhir_type_parse(STR("Consent")),
                    arena_printf(op->arena, "patient=Patient/%.*s&date=lt%.*s&_count=1",
                                 STR_ARG(patient), STR_ARG(day)),
                    &page));
    *ret = page.n_match > 0;
    return OK;
}

err evidence_purge(struct op *op, struct outreach *o, str patient, size_t *ret_n)
{
    words all = {.n = 0};
    int64_t before;
    bool old, held;
    *ret_n = 0;
    TRY(retention_before(op, o, &before));
    TRY(has_old(op, o, patient, before, &old));
    if (!old)
        return OK;
    TRY(retention_held(op, o, patient, &held));
    if (held)
        return OK;
    TRY(read_words(op, o, patient, &all));
    for (size_t i = 0; i < all.n; i++)
        all.at[i].over = over_at(&all, &all.at[i]);
    for (size_t i = 0; i < all.n; i++) {
        if (!may_go(op, &all.at[i], before))
            continue;
        TRY(purge(op, o, &all.at[i]));
        ++*ret_n;
    }
    return OK;
}
