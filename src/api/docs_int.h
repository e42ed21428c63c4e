/* The pages under /docs: made from the route table, the CapabilityStatement, the rulebook and the
 * verbs at each request, so they cannot fall behind. No script, no inline style. */
#ifndef WEFT_DOCS_INT_H
#define WEFT_DOCS_INT_H

#include "api/api_int.h"

/* Opens a table that may scroll sideways: caption, then columns; ends with NULL. */
void docs_table(struct buf *b, const char *caption, const char *const *columns);
void docs_table_end(struct buf *b);
/* <td>text</td> */
void docs_cell(struct buf *b, str s);

/* What stands in main of each page, its h1 first. rest: what follows the page's name in the
 * address; false: there is no such page. */
bool docs_routes(struct call *c, struct buf *b, str rest);
bool docs_examples(struct call *c, struct buf *b, str rest);
bool docs_search(struct call *c, struct buf *b, str rest);
bool docs_rules(struct call *c, struct buf *b, str rest);

#endif
