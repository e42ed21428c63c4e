/* Lines on pages, by libharu: see pdf_sheet.h. Invariant: the library's error handler only marks
 * the sheet, so that it never jumps out of ours. */
#include "api/pdf_sheet.h"

#include "base/buf.h"

#include <fribidi.h>
#include <hpdf.h>

#define LINE 13.0f
#define LEFT 50.0f
#define TOP 790.0f
#define BOTTOM 50.0f
#define RIGHT 545.0f
#define WIDTH 108u
#define FLOW_MAX 240 /* letters of a line that flows */
#define FLOW_TEXT_MAX (1u << 20)
#define PDF_MAX ((size_t)64 << 20)

struct pdf {
    HPDF_Doc doc;
    HPDF_Page page;
    HPDF_Font font, bold, wide; /* wide: NULL without a font file */
    float y;
    bool failed, lossy;
};

static void on_error(HPDF_STATUS no, HPDF_STATUS detail, void *ctx)
{
    (void)no, (void)detail;
    ((struct pdf *)ctx)->failed = true;
}

static void new_page(struct pdf *s)
{
    s->page = HPDF_AddPage(s->doc);
    if (s->page)
        (void)HPDF_Page_SetSize(s->page, HPDF_PAGE_SIZE_A4, HPDF_PAGE_PORTRAIT);
    s->y = TOP;
}

void pdf_page(struct pdf *s)
{
    if (s->y < TOP)
        new_page(s);
}

/* One that other files get too, embedded with the letters that are used. */
static err load_wide(struct op *op, struct pdf *s, str path)
{
    if (str_empty(path))
        return OK;
    const char *name = NULL;
    if (HPDF_UseUTFEncodings(s->doc) == HPDF_OK)
        name = HPDF_LoadTTFontFromFile(s->doc, str_z(op->arena, path), HPDF_TRUE);
    s->wide = name ? HPDF_GetFont(s->doc, name, "UTF-8") : NULL;
    return s->wide ? OK : fail(op, ERR_UNAVAILABLE, "The font for the PDF cannot be read.");
}

err pdf_begin(struct op *op, const char *title, str font, struct pdf **ret)
{
    struct pdf *s = ARENA_NEW(op->arena, struct pdf);
    TRY(op_check(op));
    s->doc = HPDF_New(on_error, s);
    if (!s->doc)
        return fail(op, ERR_UNAVAILABLE, "No memory left to make the PDF.");
    (void)HPDF_SetCompressionMode(s->doc, HPDF_COMP_ALL);
    (void)HPDF_SetInfoAttr(s->doc, HPDF_INFO_TITLE, title);
    s->font = HPDF_GetFont(s->doc, "Helvetica", "WinAnsiEncoding");
    s->bold = HPDF_GetFont(s->doc, "Helvetica-Bold", "WinAnsiEncoding");
    err e = load_wide(op, s, font);
    if (e != OK) {
        HPDF_Free(s->doc);
        return e;
    }
    new_page(s);
    *ret = s;
    return OK;
}

/* The next letter as Latin-1; *text moves on. */
static char letter(struct pdf *s, str *text)
{
    unsigned char a = (unsigned char)text->p[0];
    unsigned char b = text->n > 1 ? (unsigned char)text->p[1] : 0;
    size_t n = a < 0xc0 ? 1 : a < 0xe0 ? 2 : a < 0xf0 ? 3 : 4;
    char c = '?';
    if (a >= ' ' && a <= '~')
        c = (char)a;
    else if ((a == 0xc2 && b >= 0xa0) || (a == 0xc3 && b >= 0x80))
        c = (char)(a == 0xc2 ? b : b + 0x40);
    else if (a == '\n' || a == '\t')
        c = ' ';
    else
        s->lossy = true;
    *text = str_sub(*text, n, SIZE_MAX);
    return c;
}

static void put_line(struct pdf *s, HPDF_Font font, float size, bool from_right, const char *line)
{
    if (s->y < BOTTOM)
        new_page(s);
    if (s->failed || !s->page)
        return;
    (void)HPDF_Page_BeginText(s->page);
    (void)HPDF_Page_SetFontAndSize(s->page, font, size);
    float x = from_right ? RIGHT - HPDF_Page_TextWidth(s->page, line) : LEFT;
    (void)HPDF_Page_TextOut(s->page, x, s->y, line);
    (void)HPDF_Page_EndText(s->page);
    s->y -= size > LINE / 1.3f ? size * 1.3f : LINE;
}

/* ---- words that flow ---- */
/* A line as it is drawn, from left to right. */
static void visual(const FriBidiChar *in, int n, FriBidiParType base, char out[FLOW_MAX * 4 + 1])
{
    FriBidiChar drawn[FLOW_MAX + 1];
    int len = fribidi_log2vis(in, n, &base, drawn, NULL, NULL, NULL) ? n : 0;
    len = fribidi_remove_bidi_marks(drawn, len, NULL, NULL, NULL);
    out[fribidi_unicode_to_charset(FRIBIDI_CHAR_SET_UTF8, drawn, len, out)] = 0;
}

static bool fits(struct pdf *s, const char *line, float size)
{
    (void)HPDF_Page_SetFontAndSize(s->page, s->wide, size);
    return HPDF_Page_TextWidth(s->page, line) <= RIGHT - LEFT;
}

/* How many of the letters go on one line: up to the last blank that fits. */
static int take_line(struct pdf *s, const FriBidiChar *in, int n, float size)
{
    char line[FLOW_MAX * 4 + 1];
    int end = 0;
    for (int i = 1; i <= n && i <= FLOW_MAX; i++) {
        if (i < n && i < FLOW_MAX && in[i] != ' ')
            continue;
        visual(in, i, FRIBIDI_PAR_ON, line);
        if (!fits(s, line, size))
            break;
        end = i;
    }
    return end ? end : n < 40 ? n : 40; /* a word longer than the line */
}

static void flow_line(struct pdf *s, float size, str text)
{
    FriBidiChar *in = calloc(text.n + 1, sizeof *in);
    FriBidiCharType *types = calloc(text.n + 1, sizeof *types);
    char line[FLOW_MAX * 4 + 1];
    if (!in || !types || text.n > FLOW_TEXT_MAX)
        s->failed = true;
    int n =
        s->failed ? 0 : fribidi_charset_to_unicode(FRIBIDI_CHAR_SET_UTF8, text.p, (int)text.n, in);
    if (n)
        fribidi_get_bidi_types(in, n, types);
    FriBidiParType base = n ? fribidi_get_par_direction(types, n) : FRIBIDI_PAR_LTR;
    for (int at = 0, len; at < n && !s->failed && s->page; at += len) {
        len = take_line(s, in + at, n - at, size);
        visual(in + at, len, base, line);
        put_line(s, s->wide, size, FRIBIDI_IS_RTL(base), line);
        while (at + len < n && in[at + len] == ' ')
            len++;
    }
    if (n == 0)
        s->y -= size * 1.3f;
    free(in);
    free(types);
}

void pdf_flow(struct pdf *s, float size, str text)
{
    str one;
    if (!s->wide) {
        pdf_put(s, false, size, text);
        return;
    }
    while (text.n) {
        size_t end = str_find_char(text, '\n', 0);
        one = str_sub(text, 0, end);
        text = end == SIZE_MAX ? STR_NONE : str_sub(text, end + 1, text.n);
        flow_line(s, size, one);
    }
}

static bool latin(str text)
{
    struct pdf probe = {0};
    while (text.n)
        (void)letter(&probe, &text);
    return !probe.lossy;
}

void pdf_put(struct pdf *s, bool bold, float size, str text)
{
    if (s->wide && !latin(text)) {
        flow_line(s, size, text);
        return;
    }
    do {
        char line[WIDTH + 1];
        size_t n = 0;
        while (n < WIDTH && text.n)
            line[n++] = letter(s, &text);
        line[n] = 0;
        put_line(s, bold ? s->bold : s->font, size, false, line);
    } while (text.n && !s->failed);
}

void pdf_gap(struct pdf *s)
{
    s->y -= LINE;
}

void pdf_head(struct pdf *s, str text)
{
    pdf_gap(s);
    pdf_put(s, true, 12, text);
}

bool pdf_lossy(const struct pdf *s)
{
    return s->lossy;
}

err pdf_end(struct op *op, struct pdf *s, str *ret)
{
    struct buf b;
    unsigned char part[4096];
    buf_init(&b, op->arena, PDF_MAX);
    bool good =
        !s->failed && HPDF_SaveToStream(s->doc) == HPDF_OK && HPDF_ResetStream(s->doc) == HPDF_OK;
    for (HPDF_UINT32 n = sizeof part; good && n == sizeof part;) {
        n = sizeof part;
        (void)HPDF_ReadFromStream(s->doc, part, &n); /* the end is told as an error */
        buf_add(&b, str_make((const char *)part, n));
    }
    HPDF_Free(s->doc);
    if (!good || !buf_ok(&b) || !b.n)
        return fail(op, ERR_UNAVAILABLE, "The PDF could not be made.");
    *ret = buf_str(&b);
    return op_check(op);
}
