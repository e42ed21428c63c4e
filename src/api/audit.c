/* GET /audit/verify, /audit/pack and /audit/pack.pdf: the officer's one button each. */
#include "api/api_int.h"
#include "api/evidence_int.h"
#include "rules/rules.h"

err api_audit_verify(struct call *c)
{
    struct record_audit_check check;
    struct buf b = answer_buf(c);
    TRY(record_audit_verify(&c->op, c->api->rec, &check));
    TRY(record_audit_event(&c->op, c->api->rec, STR("audit-verify"), true, STR_NONE));
    buf_printf(&b, "{\"whole\":%s,\"entries\":%llu,\"signedHeads\":%llu,\"head\":\"%s\"",
               check.bad_seq ? "false" : "true", (unsigned long long)check.entries,
               (unsigned long long)check.heads, check.head);
    if (check.bad_seq)
        buf_printf(&b, ",\"brokenAt\":%llu", (unsigned long long)check.bad_seq);
    buf_char(&b, '}');
    return answer(c, 200, &b);
}

static err make(struct call *c, str *ret)
{
    struct json *changes = NULL;
    if (c->api->rules)
        TRY(rules_list(&c->op, c->api->rules, &changes));
    return evidence_make(&c->op, c->api->rec, c->api->id, changes, ret);
}

err api_audit_pack(struct call *c)
{
    struct buf b = answer_buf(c);
    str pack = STR_NONE;
    TRY(make(c, &pack));
    buf_add(&b, pack);
    answer_header(c, "Content-Disposition", "attachment; filename=\"evidence.json\"");
    return answer(c, 200, &b);
}

err api_audit_pack_pdf(struct call *c)
{
    str pack = STR_NONE, pdf = STR_NONE;
    TRY(make(c, &pack));
    TRY(evidence_pdf(&c->op, c->api->rec, pack, &pdf));
    return answer_file(c, STR("application/pdf"), "evidence.pdf", pdf);
}
