/* Plain pages of lines as a PDF (libharu): to read and to print. Text is Latin-1: what is not
 * becomes a question mark. Any failure of the library is an error of pdf_end(); nothing half is
 * given out. One sheet a thread. */
#ifndef WEFT_API_PDF_SHEET_H
#define WEFT_API_PDF_SHEET_H

#include "base/op.h"

struct pdf;
MUST err pdf_begin(struct op *op, const char *title, struct pdf **ret);
/* size in points; a line that is too long goes on in the next. */
void pdf_put(struct pdf *s, bool bold, float size, str text);
void pdf_gap(struct pdf *s);
void pdf_head(struct pdf *s, str text);
/* The bytes, in op->arena; frees the sheet whatever comes of it. */
MUST err pdf_end(struct op *op, struct pdf *s, str *ret);
/* Of what was put: did a letter have to become a question mark? */
bool pdf_lossy(const struct pdf *s);

#endif
