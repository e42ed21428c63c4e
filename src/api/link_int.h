/* Pages that a secure link opens: no script, no name, no number. */
#ifndef WEFT_LINK_INT_H
#define WEFT_LINK_INT_H

#include "api/api_int.h"
#include "campaign/link.h"

/* Everything up to the heading; and the rest, answered. */
void link_head(struct buf *b, enum language l, str title);
MUST err link_end(struct call *c, int status, struct buf *b);

/* survey_page.c: the questions of a Task, or after `sent` the thanks. born: what opened it. */
struct survey_page {
    const struct survey *of;
    enum language language;
    str task, born;
    str emergency;           /* whom to call in danger; empty: nobody knows */
    const struct form *form; /* what was sent; NULL: it is only looked at */
};
MUST err survey_page(struct call *c, const struct survey_page *p);

#endif
