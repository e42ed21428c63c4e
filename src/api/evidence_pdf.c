/* The evidence pack as a PDF (libharu): the same to read and to print, plain pages of lines. The
 * complete pack is the JSON; long lists are cut here and say so. Text is ASCII: what is not becomes
 * a question mark. Invariant: any failure of the library is an error, and nothing half is given
 * out. */
#include "api/evidence_int.h"

#include "base/json.h"

#include <hpdf.h>
#include <setjmp.h>

#define LINE 13.0f
#define LEFT 50.0f
#define TOP 790.0f
#define BOTTOM 50.0f
#define ROWS_MAX 400u
#define WIDTH 108u

struct sheet {
    HPDF_Doc doc;
    HPDF_Page page;
    HPDF_Font font, bold;
    float y;
    bool failed;
};

static void on_error(HPDF_STATUS no, HPDF_STATUS detail, void *ctx)
{
    (void)no, (void)detail;
    ((struct sheet *)ctx)->failed = true;
}

static void new_page(struct sheet *s)
{
    s->page = HPDF_AddPage(s->doc);
    if (s->page)
        (void)HPDF_Page_SetSize(s->page, HPDF_PAGE_SIZE_A4, HPDF_PAGE_PORTRAIT);
    s->y = TOP;
}

static void put(struct sheet *s, HPDF_Font font, float size, str text)
{
    char line[WIDTH + 1];
    size_t n = text.n < WIDTH ? text.n : WIDTH;
    for (size_t i = 0; i < n; i++)
        line[i] = text.p[i];
    for (size_t i = 0; i < n; i++)
        if (line[i] < ' ' || line[i] > '~')
            line[i] = '?';
    line[n] = 0;
    if (s->y < BOTTOM)
        new_page(s);
    if (s->failed || !s->page)
        return;
    (void)HPDF_Page_BeginText(s->page);
    (void)HPDF_Page_SetFontAndSize(s->page, font, size);
    (void)HPDF_Page_TextOut(s->page, LEFT, s->y, line);
    (void)HPDF_Page_EndText(s->page);
    s->y -= LINE;
}

static void head(struct sheet *s, const char *text)
{
    s->y -= LINE;
    put(s, s->bold, 12, str_of(text));
}

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
static void rows(struct sheet *s, struct arena *a, const struct json *list, const char *const *cols)
{
    const struct json *o;
    size_t i = 0;
    for (; (o = json_at(list, i)) && i < ROWS_MAX; i++) {
        str line = STR_NONE;
        for (size_t c = 0; cols[c]; c++)
            line = arena_printf(a, "%.*s%.*s  ", STR_ARG(line),
                                STR_ARG(text_of(a, json_get(o, str_of(cols[c])))));
        put(s, s->font, 8, line);
    }
    if (o)
        put(s, s->font, 8, STR("... and more; the JSON pack has all"));
    if (i == 0)
        put(s, s->font, 8, STR("none"));
}

static void object(struct sheet *s, struct arena *a, const struct json *o, const char *const *cols)
{
    for (size_t c = 0; cols[c]; c++)
        put(s, s->font, 9,
            arena_printf(a, "%s: %.*s", cols[c],
                         STR_ARG(text_of(a, json_get(o, str_of(cols[c]))))));
}

static void write_pages(struct sheet *s, struct arena *a, const struct json *whole)
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
    new_page(s);
    put(s, s->bold, 16, STR("Evidence pack"));
    s->y -= LINE;
    put(s, s->font, 9,
        arena_printf(a, "made %.*s, from %.*s", STR_ARG(json_get_str(p, STR("made"))),
                     STR_ARG(json_get_str(p, STR("from")))));
    head(s, "Audit trail");
    object(s, a, json_get(p, STR("trail")), trail);
    head(s, "Keys");
    object(s, a, json_get(p, STR("keys")), keys);
    head(s, "Open clocks (due, late, what, status, Task)");
    rows(s, a, json_get(p, STR("openClocks")), clocks);
    head(s, "Accounts (role, state, second step, trained until)");
    rows(s, a, json_get(p, STR("accounts")), accounts);
    head(s, "Events: accounts, access, keys, exports, training, rules");
    rows(s, a, json_get(p, STR("events")), events);
    head(s, "Rules in force");
    rows(s, a, json_get(p, STR("rules")), rules);
    head(s, "Signature (Ed25519) of the JSON pack");
    put(s, s->font, 8, arena_printf(a, "key %.*s", STR_ARG(key)));
    put(s, s->font, 8, arena_printf(a, "value %.*s", STR_ARG(str_sub(value, 0, 64))));
    put(s, s->font, 8, arena_printf(a, "      %.*s", STR_ARG(str_sub(value, 64, 128))));
}

/* Bytes of the document into the arena. */
static str bytes_of(struct op *op, struct sheet *s)
{
    struct buf b;
    unsigned char part[4096];
    buf_init(&b, op->arena, (size_t)64 << 20);
    if (s->failed || HPDF_SaveToStream(s->doc) != HPDF_OK || HPDF_ResetStream(s->doc) != HPDF_OK)
        return STR_NONE;
    for (HPDF_UINT32 n = sizeof part; n == sizeof part;) {
        n = sizeof part;
        (void)HPDF_ReadFromStream(s->doc, part, &n); /* the end is told as an error */
        buf_add(&b, str_make((const char *)part, n));
    }
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

err evidence_pdf(struct op *op, struct record *rec, str pack, str *ret_pdf)
{
    struct sheet s = {.failed = false};
    struct json *whole;
    struct record_signature sig;
    TRY(json_read(op, pack, &JSON_LIMITS_DEFAULT, &whole));
    s.doc = HPDF_New(on_error, &s);
    if (!s.doc)
        return fail(op, ERR_UNAVAILABLE, "No memory left to make the PDF.");
    (void)HPDF_SetCompressionMode(s.doc, HPDF_COMP_ALL);
    (void)HPDF_SetInfoAttr(s.doc, HPDF_INFO_TITLE, "Evidence pack");
    s.font = HPDF_GetFont(s.doc, "Helvetica", NULL);
    s.bold = HPDF_GetFont(s.doc, "Helvetica-Bold", NULL);
    write_pages(&s, op->arena, whole);
    str pdf = bytes_of(op, &s);
    HPDF_Free(s.doc);
    if (!pdf.n)
        return fail(op, ERR_UNAVAILABLE, "The PDF could not be made.");
    TRY(record_sign(op, rec, STR(EVIDENCE_FORMAT), pdf, &sig));
    *ret_pdf = arena_cat(
        op->arena, pdf,
        arena_printf(op->arena, "\n%%weft-signature Ed25519 %s %s\n", sig.key, sig.value));
    return op_check(op);
}
