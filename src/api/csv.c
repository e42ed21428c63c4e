/* Cells of files that spreadsheets open. */
#include "api/api_int.h"

/* RFC 4180; a cell that a spreadsheet would reckon with is led by an apostrophe. */
void csv_cell(struct buf *b, str text, bool last)
{
    buf_char(b, '"');
    if (text.n && strchr("=+-@\t\r", text.p[0]))
        buf_char(b, '\'');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            buf_char(b, '"');
        buf_char(b, text.p[i]);
    }
    buf_add(b, last ? STR("\"\r\n") : STR("\","));
}
