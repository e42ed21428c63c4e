/* What a message gives away, and the facts that follow from it. Invariant: analysis raises a class
 * and never lowers one; what the author did not attest and no word shows stays unknown. */
#include "policy/content_int.h"

static int class_of(enum phrase_kind kind)
{
    switch (kind) {
    case PHRASE_PHI:
        return CONTENT_PHI;
    case PHRASE_SENSITIVE:
        return CONTENT_SENSITIVE;
    case PHRASE_FINANCIAL:
        return CONTENT_FINANCIAL;
    case PHRASE_MARKETING:
        return CONTENT_MARKETING;
    case PHRASE_FLAG:
        return CONTENT_EMERGENCY;
    case PHRASE_STOP:
        return CONTENT_STOP_LINE;
    case PHRASE_ALERT:
        return CONTENT_ALERT_WORDS;
    case PHRASE_STOP_KEYWORD:
    case PHRASE_STOP_PHRASE:
    case PHRASE_STOP_MAYBE:
    case PHRASE_STOP_WORD:
    case PHRASE_STOP_NOT:
    case PHRASE_HELP_KEYWORD:
    case PHRASE_START_KEYWORD:
    case PHRASE_SENDER:
    case PHRASE_DATE:
    case PHRASE_UNIT:
    case PHRASE_DEVICE_NOUN:
    case PHRASE_DEVICE_TROUBLE:
        break;
    }
    return -1;
}

static void note(struct content_report *r, const struct folded *f, struct phrase_hit hit)
{
    int class = class_of(hit.phrase->kind);
    size_t end = hit.at + hit.phrase->n;
    if (hit.phrase->kind == PHRASE_DATE)
        r->has_date = true;
    bool after_digit = hit.at >= 2 && f->p[hit.at - 2] >= '0' && f->p[hit.at - 2] <= '9';
    if (hit.phrase->kind == PHRASE_UNIT && after_digit)
        r->has_number_reading = true;
    if (class < 0)
        return;
    r->classes |= 1u << class;
    if (class == CONTENT_SENSITIVE)
        r->classes |= 1u << CONTENT_PHI;
    if (r->n_hits < CONTENT_HITS_MAX)
        r->hits[r->n_hits++] = (struct content_hit){(enum content_class) class,
                                                    str_make(hit.phrase->text, hit.phrase->n),
                                                    f->at[hit.at], f->at[end] - f->at[hit.at]};
}

bool content_scan(struct op *op, str text, const str *brand_domains, size_t n,
                  struct content_report *ret)
{
    struct folded f;
    str in = str_sub(text, 0, CONTENT_TEXT_MAX);
    if (!content_fold_new(op, in, &f))
        return false;
    struct content_report r = {.n_hits = 0};
    struct phrase_hit hit;
    content_sms_shape(text, &r.shape);
    for (struct phrase_iter it = content_phrases_of(&f); content_next_phrase(&it, &hit);)
        note(&r, &f, hit);
    content_scan_links(in, brand_domains, n, &r);
    content_scan_figures(in, &r);
    if (r.has_number_reading)
        r.classes |= 1u << CONTENT_PHI;
    r.tier = r.classes >> CONTENT_MARKETING & 1 ? "promotional" : "informational";
    *ret = r;
    return true;
}

bool content_sender_neutral(str sender)
{
    char space[512];
    struct folded f = {.p = space, .cap = sizeof space};
    struct phrase_hit hit;
    if (sender.n > sizeof space / 4)
        return false; /* no sender name is that long: not judged, so not neutral */
    content_fold(sender, &f);
    for (struct phrase_iter it = content_phrases_of(&f); content_next_phrase(&it, &hit);)
        if (hit.phrase->kind == PHRASE_SENDER || hit.phrase->kind == PHRASE_SENSITIVE)
            return false;
    return true;
}

/* What the text shows, as codes of rule MSG-06, after those that were known before. */
static void add_fields(struct op *op, const struct content_report *r, struct facts *f)
{
    const struct {
        bool found;
        const char *code;
    } codes[] = {{true, "generic_action"},
                 {r->has_phone, "contact_number"},
                 {r->has_date, "appointment_date"},
                 {r->has_time, "appointment_time"},
                 {r->classes >> CONTENT_STOP_LINE & 1, "optout_line"},
                 {r->classes >> CONTENT_PHI & 1, "health_detail"},
                 {r->classes >> CONTENT_SENSITIVE & 1, "sensitive_detail"},
                 {r->has_number_reading, "reading_value"},
                 {r->classes >> CONTENT_FINANCIAL & 1, "financial_detail"}};
    const struct value *before = &f->at[FACT_PHI_FIELDS];
    size_t n = before->kind == VALUE_LIST ? before->n : 0, count = n;
    str *list = ARENA_ARRAY(op->arena, str, n + sizeof codes / sizeof *codes);
    if (!list) {
        facts_unset(f, FACT_PHI_FIELDS);
        return;
    }
    for (size_t i = 0; i < n; i++)
        list[i] = before->u.items[i];
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].found && !(n > 0 && value_has(before, str_of(codes[i].code))))
            list[count++] = str_of(codes[i].code);
    facts_set_list(f, FACT_PHI_FIELDS, list, count);
}

void content_facts(struct op *op, const struct content_report *report, struct facts *f)
{
    const struct sms_shape *s = &report->shape;
    if (!f)
        return;
    facts_set_str(f, FACT_ENCODING, s->encoding == SMS_GSM7 ? STR("gsm7") : STR("ucs2"));
    facts_set_num(f, FACT_SEGMENTS, s->segments);
    facts_set_num(f, FACT_SEPTETS, s->septets);
    facts_set_num(f, FACT_UTF16_UNITS, s->utf16_units);
    facts_set_num(f, FACT_CHAR_COUNT, s->characters);
    facts_set_bool(f, FACT_HAS_LINK, report->has_link);
    facts_set_bool(f, FACT_LINK_DOMAIN_BRANDED, report->link_branded && !report->link_shortened);
    facts_set_bool(f, FACT_LINK_CONTAINS_IDENTIFIER, report->link_has_identifier);
    facts_set_bool(f, FACT_HAS_STOP_INSTRUCTION, report->classes >> CONTENT_STOP_LINE & 1);
    if (report->classes >> CONTENT_MARKETING & 1) {
        facts_set_bool(f, FACT_CONTAINS_MARKETING, true);
        facts_set_str(f, FACT_CONTENT_TIER, STR("promotional"));
    }
    if (report->classes >> CONTENT_FINANCIAL & 1)
        facts_set_bool(f, FACT_CONTAINS_FINANCIAL, true);
    if (report->classes >> CONTENT_PHI & 1)
        facts_set_bool(f, FACT_CONTAINS_PHI, true);
    add_fields(op, report, f);
}
