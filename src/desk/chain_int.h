/* Private to the desk: rows of the chain, and when each is due. */
#ifndef WEFT_DESK_CHAIN_INT_H
#define WEFT_DESK_CHAIN_INT_H

#include "desk/chain.h"
#include "desk/desk_int.h"

enum chain_counted { CHAIN_ALL, CHAIN_TEAM, CHAIN_OPENING };
enum chain_of { CHAIN_OF_CARE, CHAIN_OF_TECHNICAL, CHAIN_OF_CLOCK };
enum chain_to {
    CHAIN_TO_SECOND,
    CHAIN_TO_LEAD,
    CHAIN_TO_ON_CALL,
    CHAIN_TO_SUPPORT,
    CHAIN_TO_QUALITY,
    CHAIN_TO_WAIT
};
struct chain_row {
    const char *id;
    enum chain_of of;
    int priority;
    bool held, closed; /* while somebody has it; only while the team is away */
    int64_t after;     /* minutes */
    enum chain_counted counts;
    enum chain_to to;
    bool tell;
    int page; /* minutes to answer a page; 0: nobody is paged */
    const char *citation;
};
extern const struct chain_row CHAIN_ROW[];
extern const size_t CHAIN_COUNT;
const char *chain_to_word(enum chain_to to);
const struct chain_row *chain_row_find(str id);
/* A part of an extension of the Task; empty: it has none. */
str chain_part(const struct json *extension, const char *url, const char *type);
int64_t chain_instant(str text); /* 0: it is none */

struct chain_case {
    enum chain_of of;
    bool held;
    int priority;
    int64_t since; /* it waits since, or was last touched by who has it */
};
/* The steps made: [{row, to, due, at, who, citation, held, closed, after}]. */
struct json *chain_steps(struct op *op, const struct json *task);
/* Is the case one that goes up at all? An officer's, a request's and what is put aside are not. */
bool chain_case_of(const struct json *task, struct chain_case *ret);
/* When the row is due; false: not this case's, or never. Pure. */
bool chain_due(const struct chain_row *row, const struct chain_case *c, const struct team_hours *h,
               int64_t now, int64_t *ret);
/* Was the row's step made in this wait? */
bool chain_made(const struct json *task, const struct chain_row *row, int64_t since);

/* Who stands behind a row now: a PractitionerRole of the team with the code of `to`, on duty by its
 * own availableTime and period. *ret NULL: nobody is named. */
MUST err chain_who(struct op *op, struct record *rec, const struct team_hours *h, enum chain_to to,
                   struct json **ret);
/* The PractitionerRoles behind a step of the team, on duty or not. */
MUST err chain_roles(struct op *op, struct record *rec, const struct team_hours *h,
                     enum chain_to to, struct record_page *ret);
/* All of them, in the order in which they are asked. ret: [{who: Reference, role: PractitionerRole
 * id}], added to. */
MUST err chain_on_duty(struct op *op, struct record *rec, const struct team_hours *h,
                       enum chain_to to, struct json *ret);
/* Since when nothing was done by who holds the case: a call, a message, a note of theirs. */
MUST err chain_touched(struct op *op, struct record *rec, const struct json *task, str id,
                       int64_t *io);
/* Tells the patient once in a closed time that nobody is watching; *ret: it was asked for. */
MUST err chain_tell(struct record_tx *tx, struct op *op, struct record *rec,
                    const struct json *task, const struct team_hours *h, bool *ret);

/* Adds an extension to the Task. */
void chain_push(struct op *op, struct json *task, const char *url, const char *type,
                const struct json *value);
void chain_push_part(struct op *op, struct json *list, const char *url, const char *type,
                     const struct json *value);
/* ---- page.c ---- */
struct page_ask {
    str id; /* of the Task */
    const struct chain_case *c;
    const struct team_hours *h;
};
/* Whoever is to be paged now about the case: a fact on the task, and the job of outreach in
 * *ret_job; NULL: nobody. *io_unreached counts the waits in which nobody is left to be asked. */
MUST err chain_page(struct op *op, struct record *rec, struct json *task,
                    const struct page_ask *ask, struct json **ret_job, uint64_t *io_unreached);
/* The newest step that pages in the wait that began then; empty: none does. */
str chain_page_row(const struct json *task, str of);
/* The pages made: [{number, row, who, n, at, way, state, answered, how}]. */
struct json *chain_pages(struct op *op, const struct json *task);
/* Answers what is open to who, by how; false: nothing was. */
bool chain_page_answer(struct op *op, struct json *task, str who, const char *how);

/* An instant that an extension of the Task keeps; 0: none. at 0 takes it away. */
int64_t desk_mark_get(const struct json *task, const char *url);
void desk_mark_set(struct op *op, struct json *task, const char *url, int64_t at);

#endif
