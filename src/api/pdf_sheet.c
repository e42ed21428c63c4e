/* Lines on pages, by libharu with its own fonts: see pdf_sheet.h. Invariant: the library's error
 * handler only marks the sheet, so that it never jumps out of ours. */
#include "api/pdf_sheet.h"

#include "base/buf.h"

#include <hpdf.h>

#define LINE 13.0f
#define LEFT 50.0f
#define TOP 790.0f
#define BOTTOM 50.0f
#define WIDTH 108u
#define PDF_MAX ((size_t)64 << 20)

struct pdf {
    HPDF_Doc doc;
    HPDF_Page page;
    HPDF_Font font, bold;
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

err pdf_begin(struct op *op, const char *title, struct pdf **ret)
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

static void put_line(struct pdf *s, bool bold, float size, const char *line)
{
    if (s->y < BOTTOM)
        new_page(s);
    if (s->failed || !s->page)
        return;
    (void)HPDF_Page_BeginText(s->page);
    (void)HPDF_Page_SetFontAndSize(s->page, bold ? s->bold : s->font, size);
    (void)HPDF_Page_TextOut(s->page, LEFT, s->y, line);
    (void)HPDF_Page_EndText(s->page);
    s->y -= LINE;
}

void pdf_put(struct pdf *s, bool bold, float size, str text)
{
    do {
        char line[WIDTH + 1];
        size_t n = 0;
        while (n < WIDTH && text.n)
            line[n++] = letter(s, &text);
        line[n] = 0;
        put_line(s, bold, size, line);
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
