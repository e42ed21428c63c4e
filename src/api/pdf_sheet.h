/* Plain pages of lines as a PDF (libharu): to read and to print. Lines of Latin-1 are set in the
 * viewer's own Helvetica; others in the TrueType font that is given, joined and in the order of
 * their script (fribidi), right to left where they are; without a font a question mark stands for
 * each letter. Any failure of the library is an error of pdf_end(); nothing half is given out. One
 * sheet a thread. */
#ifndef WEFT_API_PDF_SHEET_H
#define WEFT_API_PDF_SHEET_H

#include "base/op.h"

struct pdf;
/* font: of a TrueType file, or empty. ERR_UNAVAILABLE when it cannot be read. */
MUST err pdf_begin(struct op *op, const char *title, str font, struct pdf **ret);
/* A new page, unless nothing is on this one yet. */
void pdf_page(struct pdf *s);
/* Words that flow: wrapped between words, \n a new line. */
void pdf_flow(struct pdf *s, float size, str text);
/* size in points; a line that is too long goes on in the next. */
void pdf_put(struct pdf *s, bool bold, float size, str text);
void pdf_gap(struct pdf *s);
void pdf_head(struct pdf *s, str text);
/* The bytes, in op->arena; frees the sheet whatever comes of it. */
MUST err pdf_end(struct op *op, struct pdf *s, str *ret);
/* Of what was put: did a letter have to become a question mark? */
bool pdf_lossy(const struct pdf *s);

#endif
