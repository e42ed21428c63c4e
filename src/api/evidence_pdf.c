/* The evidence pack as a PDF: the same to read and to print, plain pages of lines. The complete
 * pack is the JSON; long lists are cut here and say so. Invariant: nothing half is given out. */
#include "api/evidence_int.h"
#include "api/pdf_sheet.h"

#include "base/json.h"

#define ROWS_MAX 400u

static str text_of(struct arena *a, const struct json *v)
{
    struct buf b;
    str s = json_str(v);
    if (s.n || !v)
        return s;
    buf_init(&b, a, 4096);
    json_write(&b, v);
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

/* A row of members, two blanks apart. */
static void rows(struct pdf *s, struct arena *a, const struct json *list, const char *const *cols)
{
    const struct json *o;
    size_t i = 0;
    for (; (o = json_at(list, i)) && i < ROWS_MAX; i++) {
        str line = STR_NONE;
        for (size_t c = 0; cols[c]; c++)
            line = arena_printf(a, "%.*s%.*s  ", STR_ARG(line),
                                STR_ARG(text_of(a, json_get(o, str_of(cols[c])))));
        pdf_put(s, false, 8, line);
    }
    if (o)
        pdf_put(s, false, 8, STR("... and more; the JSON pack has all"));
    if (i == 0)
        pdf_put(s, false, 8, STR("none"));
}

static void object(struct pdf *s, struct arena *a, const struct json *o, const char *const *cols)
{
    for (size_t c = 0; cols[c]; c++)
        pdf_put(s, false, 9,
                arena_printf(a, "%s: %.*s", cols[c],
                             STR_ARG(text_of(a, json_get(o, str_of(cols[c]))))));
}

static void write_pages(struct pdf *s, struct arena *a, const struct json *whole)
{
    static const char *const trail[] = {"whole", "entries", "signedHeads", NULL};
    static const char *const keys[] = {"generation", "dataKeys", "patientsErased", NULL};
    static const char *const accounts[] = {"user",    "role",         "state", "secondStep",
                                           "trained", "trainedUntil", NULL};
    static const char *const clocks[] = {"due", "late", "what", "status", "task", NULL};
    static const char *const events[] = {"entry", "time", "what", "done", "role", "who", NULL};
    static const char *const rules[] = {"id", "effectiveFrom", "title", NULL};
    const struct json *p = json_get(whole, STR("pack")), *sig = json_get(whole, STR("signature"));
    str key = json_get_str(sig, STR("key")), value = json_get_str(sig, STR("value"));
    pdf_put(s, true, 16, STR("Evidence pack"));
    pdf_gap(s);
    pdf_put(s, false, 9,
            arena_printf(a, "made %.*s, from %.*s", STR_ARG(json_get_str(p, STR("made"))),
                         STR_ARG(json_get_str(p, STR("from")))));
    pdf_head(s, STR("Audit trail"));
    object(s, a, json_get(p, STR("trail")), trail);
    pdf_head(s, STR("Keys"));
    object(s, a, json_get(p, STR("keys")), keys);
    pdf_head(s, STR("Open clocks (due, late, what, status, Task)"));
    rows(s, a, json_get(p, STR("openClocks")), clocks);
    pdf_head(s, STR("Accounts (role, state, second step, trained until)"));
    rows(s, a, json_get(p, STR("accounts")), accounts);
    pdf_head(s, STR("Events: accounts, access, keys, exports, training, rules"));
    rows(s, a, json_get(p, STR("events")), events);
    pdf_head(s, STR("Rules in force"));
    rows(s, a, json_get(p, STR("rules")), rules);
    pdf_head(s, STR("Signature (Ed25519) of the JSON pack"));
    pdf_put(s, false, 8, arena_printf(a, "key %.*s", STR_ARG(key)));
    pdf_put(s, false, 8, arena_printf(a, "value %.*s", STR_ARG(str_sub(value, 0, 64))));
    pdf_put(s, false, 8, arena_printf(a, "      %.*s", STR_ARG(str_sub(value, 64, 128))));
}

err evidence_pdf(struct op *op, struct record *rec, str pack, str *ret_pdf)
{
    struct pdf *s;
    struct json *whole;
    struct record_signature sig;
    str pdf;
    TRY(json_read(op, pack, &JSON_LIMITS_DEFAULT, &whole));
    TRY(pdf_begin(op, "Evidence pack", STR_NONE, &s));
    write_pages(s, op->arena, whole);
    TRY(pdf_end(op, s, &pdf));
    TRY(record_sign(op, rec, STR(EVIDENCE_FORMAT), pdf, &sig));
    *ret_pdf = arena_cat(
        op->arena, pdf,
        arena_printf(op->arena, "\n%%weft-signature Ed25519 %s %s\n", sig.key, sig.value));
    return op_check(op);
}
