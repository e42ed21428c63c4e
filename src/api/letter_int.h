/* Private to api: a letter as a page to be put into an envelope with a window. */
#ifndef WEFT_API_LETTER_INT_H
#define WEFT_API_LETTER_INT_H

#include "api/api_int.h"
#include "api/pdf_sheet.h"
#include "outreach/letter.h"

/* On a new page: the house, name and address, the day, what it is called, its words, its id. */
void letter_page(struct call *c, struct pdf *pdf, const struct outreach_letter *l);

#endif
